#!/usr/bin/env python3
"""Silent, rude and too many clients delay nobody; two operations on one lab never overlap; nobody keeps the daemon after its
last lab."""
import concurrent.futures
import os
import pathlib
import signal
import socket
import subprocess
import sys

import sandbox
from sandbox import equal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench/scale"))
import lab  # noqa: E402


def connect(host):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(15)
    client.connect(str(host.run_dir) + "/vpclabd.sock")
    return client


def ask(host, data: bytes) -> bytes:
    with connect(host) as client:
        client.sendall(data)
        answer = b""
        while part := client.recv(65536):
            answer += part
        return answer


def stalled(host, large):
    """A plan that is longer than what a client's connection and output hold, and that is not read to its end."""
    plan = subprocess.Popen([sandbox.BIN / "vpclab", "--run-dir", host.run_dir, "plan", large], stdout=subprocess.PIPE)
    plan.stdout.readline()
    looks = [host.daemon(), 0]

    def rests():
        tasks = pathlib.Path("/proc", str(looks[0]), "task").iterdir()
        looks[1] = looks[1] + 1 if all(") S " in (task / "stat").read_text() for task in tasks) else 0
        return looks[1] == 10
    sandbox.until(rests, 20, "the daemon waits for the reader")
    return plan


def test(host):
    host.start_daemon()
    silent = [connect(host) for _ in range(8)]
    host.vpclab("inspect", timeout=5)

    assert ask(host, b"\x16\x03\x01 nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert ask(host, b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 405")
    assert ask(host, b"POST /v9/status HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}").startswith(b"HTTP/1.1 404")
    assert ask(host, b"POST /v1/down HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}").startswith(b"HTTP/1.1 400")
    huge = b"POST /v1/down HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert ask(host, huge).startswith(b"HTTP/1.1 413")

    # All wait for their turn; whoever comes first makes the changes, the others find nothing to do.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: host.json("apply", host.stage("1")), range(4)))
    changed = [len(answer["plan"]["steps"]) for answer in answers]
    equal(sum(1 for count in changed if count != 0), 1, f"applies that changed something {changed}")
    for client in silent:
        client.close()

    # A plan that nobody reads to its end holds a lab that is not there: the last one goes meanwhile, and with the plan
    # the daemon.
    large = host.directory / "large.yaml"
    large.write_text(lab.text(1000))
    with stalled(host, large) as plan:
        equal(host.json("down", "cross-region")["daemon_ends"], False, "somebody is still served")
        silent = connect(host)
        plan.kill()
    sandbox.until(lambda: not host.processes(), 5, "the daemon ends after whom it served last, whoever is silent")
    silent.close()

    # Nor is it waited for when the daemon is told to end.
    host.start_daemon()
    with stalled(host, large) as plan:
        daemon = host.daemon()
        os.kill(daemon, signal.SIGTERM)
        sandbox.until(lambda: daemon not in host.processes(), 5, "the daemon ends, whoever does not read")
        plan.kill()


if __name__ == "__main__":
    sandbox.main(test)
