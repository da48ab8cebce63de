#!/usr/bin/env python3
"""One table of requests and answers, put to our worker, to HAProxy and to nginx: what each takes, side by side.

Ours has to do what the RFC demands, and takes nothing that both others refuse. `conformance.py --all` prints every line,
not only the findings and the sums.
"""
import queue
import sys
import threading

import exchange
import proxies
import sandbox
from cases import Case, cases, marked
from recorder import Recorder

LANES = 6


class Seen:
    """What became of one case at one proxy."""

    def __init__(self, case: Case, answers, ended: str, recorder: Recorder):
        final = [one for one in answers if one[0] >= 200]
        self.status = final[0][0] if final else 0
        self.body = final[0][1] if final else b""
        complete = bool(final) and final[0][2]
        self.hangs = ended == "hangs"
        self.messages = list(recorder.messages)
        self.heads = list(recorder.heads)
        if case.reply and "answer: " in case.name:
            self.accepted = complete and self.status != 502
        else:
            self.accepted = len(self.messages) >= 1 and self.status < 400 and complete
        if self.accepted and len([one for one in final if one[0] < 400 and one[2]]) < case.wanted:
            self.accepted = False
        self.text = f"{'takes' if self.accepted else 'no'} {self.status or ended}" + ("" if complete or not final else " cut")


def run_lane(proxy, lane: int, recorder: Recorder, work: queue.Queue, out: dict):
    while True:
        try:
            number, case = work.get_nowait()
        except queue.Empty:
            return
        recorder.forget(case.reply)
        answers, ended = exchange.talk(proxy.ports[lane], case.data, case.wanted, case.half_close, 30)
        recorder.settle()
        out[number] = Seen(case, answers, ended, recorder)


def run_all(started, recorders) -> dict[str, dict[int, Seen]]:
    seen, threads = {}, []
    for proxy in started:
        work: queue.Queue = queue.Queue()
        for entry in enumerate(cases):
            work.put(entry)
        seen[proxy.name] = {}
        threads += [threading.Thread(target=run_lane, args=(proxy, i, recorders[proxy.name][i], work, seen[proxy.name]))
                    for i in range(LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def judge(number: int, case: Case, ours: Seen, others: list[Seen]) -> list[str]:
    wrong = []
    heads = [head for head in ours.heads if marked(number) in head]
    if case.expect == "accept" and not ours.accepted:
        wrong.append("has to be taken")
    if case.expect == "refuse" and ours.accepted:
        wrong.append("must be refused")
    if ours.accepted and not any(one.accepted for one in others):
        wrong.append("both others refuse it")
    if ours.accepted and case.check and not case.check(ours.messages):
        wrong.append("the backend got something else: " + repr([one.head for one in ours.messages]))
    if ours.accepted and case.body is not None and ours.body != case.body:
        wrong.append(f"the client got {ours.body[:60]!r}")
    if len(heads) > case.most:
        wrong.append(f"{len(heads)} messages reached the backend: {heads}")
    return wrong


def test(host):
    names = ("vpclab", "HAProxy", "nginx")
    recorders = {name: [Recorder() for _ in range(LANES)] for name in names}
    started = proxies.start_all(host.directory, {name: [one.port for one in recorders[name]] for name in names})
    seen = run_all(started, recorders)
    for proxy in started:
        proxy.stop()
    failed = 0
    sums = {name: dict.fromkeys(("accept", "refuse", "either"), 0) for name in names}
    for number, case in enumerate(cases):
        row = [seen[name][number] for name in names]
        wrong = judge(number, case, row[0], row[1:])
        failed += bool(wrong)
        for name, one in zip(names, row):
            sums[name][case.expect] += one.accepted if case.expect != "refuse" else not one.accepted
        if wrong or "--all" in sys.argv:
            section = case.section if " " in case.section else f"9112 {case.section}"
            print(f"{section:11} {case.expect:7} {case.name:52.52} " + " ".join(f"{one.text:13}" for one in row) + "  " + "; ".join(wrong))
    total = {expect: sum(case.expect == expect for case in cases) for expect in ("accept", "refuse", "either")}
    print(f"{len(cases)} cases: {total['accept']} to be taken, {total['refuse']} to be refused, {total['either']} left to the recipient")
    for name in names:
        print(f"{name:8} takes {sums[name]['accept']}, refuses {sums[name]['refuse']}, takes {sums[name]['either']}")
    sandbox.equal(failed, 0, "cases that ours does not pass")


if __name__ == "__main__":
    sandbox.main(test)
