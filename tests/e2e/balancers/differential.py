#!/usr/bin/env python3
"""Requests changed at random, put to our worker, HAProxy and nginx: where does a message end?

Two findings: ours passes on what both others refuse; or ours and another pass on the same first request with another body
or another number of messages, so that one of them would let a request be smuggled through a chain of both.
`differential.py --seed N --rounds N`; the default is a short run that is the same each time.
"""
import argparse
import random
import re
import threading

import exchange
import proxies
import sandbox
from cases import cases
from recorder import Recorder

LANES = 6
MOST_SHOWN = 20
PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b";", b"0", b"5", b"a", b"\0", b"\x0b", b"\x80", b"-", b"+", b"_",
          b"chunked", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Connection: close\r\n",
          b"0\r\n\r\n", b"5\r\nhello\r\n", b"GET /z HTTP/1.1\r\nHost: z\r\n\r\n", b"HTTP/1.0", b"Expect: 100-continue\r\n", b"\r\n\r\n"]


def mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    data = chance.choice(seeds)
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(data))
        kind = chance.randint(0, 4)
        if kind == 0:
            data = data[:at] + chance.choice(PIECES) + data[at:]
        elif kind == 1:
            data = data[:at] + data[at + chance.randint(1, 3):]
        elif kind == 2:
            data = data[:at] + chance.choice(PIECES) + data[at + 1:]
        elif kind == 3:
            end = min(len(data), at + chance.randint(1, 40))
            data = data[:end] + data[at:end] + data[end:]
        else:
            other = chance.choice(seeds)
            data = data[:at] + other[chance.randint(0, len(other)):]
    return data


def passed_on(port: int, recorder: Recorder, data: bytes) -> list[tuple[bytes, bytes]]:
    """Method and body of each message that came whole to the backend. The client closes its side, so that nobody waits
    for more."""
    recorder.forget(None)
    exchange.talk(port, data, 99, True, 30)
    recorder.settle()
    return [(one.method, one.body) for one in recorder.messages]


def disagreement(data: bytes, ours, others: list) -> str:
    # An absolute target makes Host void: RFC 9112 section 3.2.2. HAProxy refuses another Host than the target's, nginx
    # some names in a target; that both refuse one request has then two reasons, neither of which is the RFC's.
    absolute = re.match(rb"\s*\S+ https?://", data, re.IGNORECASE)
    if ours and not any(others) and not absolute:
        return "both others refuse it"
    for other in others:
        shared = min(len(ours), len(other))
        if ours[:shared] != other[:shared]:
            return "another body"
    return ""


def run_lane(chance: random.Random, rounds: int, started, recorders, lane: int, seeds: list[bytes],
             found: list, counts: list):
    for _ in range(rounds):
        data = mutated(chance, seeds)
        got = [passed_on(proxy.ports[lane], recorders[proxy.name][lane], data) for proxy in started]
        counts.append([len(one) for one in got])
        if why := disagreement(data, got[0], got[1:]):
            found.append((why, data, got))


def test(host):
    words = argparse.ArgumentParser()
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--rounds", type=int, default=600)
    options = words.parse_args()
    names = ("vpclab", "HAProxy", "nginx")
    recorders = {name: [Recorder() for _ in range(LANES)] for name in names}
    started = proxies.start_all(host.directory, {name: [one.port for one in recorders[name]] for name in names})
    seeds = [case.data for case in cases if case.reply is None and len(case.data) < 2000]
    found: list = []
    counts: list = []
    threads = [threading.Thread(target=run_lane, args=(random.Random(options.seed * 1000 + i), options.rounds // LANES, started,
                                                       recorders, i, seeds, found, counts)) for i in range(LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for proxy in started:
        proxy.stop()
    for why, data, got in found[:MOST_SHOWN]:
        print(f"{why}: {data!r}")
        for name, messages in zip(names, got):
            print(f"    {name:8} {messages!r}")
    print(f"{options.rounds // LANES * LANES} mutated requests, seed {options.seed}: {len(found)} findings; passed on: "
          + ", ".join(f"{name} {sum(row[i] for row in counts)}" for i, name in enumerate(names)))
    sandbox.equal(len(found), 0, "disagreements")


if __name__ == "__main__":
    sandbox.main(test)
