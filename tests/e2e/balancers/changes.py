#!/usr/bin/env python3
"""A load balancer changes while wrk puts requests to it, and not one fails.

First by `apply`, with the worker the same process all the time: balances, listeners, one of them on a port below 1024, backends,
pools and rules; a request in work at a backend that is removed is answered by it. Then its program is replaced on disk: `drift` says
so, `apply` lets a new worker take the sockets, and the old one finishes what it has begun. At last a worker is killed: it comes back
and nothing else is touched; how long that took is printed.
"""
import os
import re
import shutil
import signal
import subprocess
import time

import sandbox
from sandbox import equal, run, until

ADDRESS = "139.198.18.135"
SIBLING = "          - {server: bj-server1, port: 80}\n"
BACKEND = "          - {server: bj-server2, port: 80}\n"
MORE = """      more:
        protocol: http
        port: 443
        backends: [{server: bj-server1, port: 80}]
"""
LONG, SHORT = "[{server: slow, port: 80}]", "[{server: bj-server1, port: 80}]"
OTHERS = f"""      raw:
        protocol: tcp
        port: 8001
        balance: roundrobin
        idle_timeout: 10m
        backends: [{{server: bj-server1, port: 80}}, {{server: bj-server2, port: 80}}]
      long:
        port: 8002
        idle_timeout: 10m
        backends: {LONG}
"""
RULES = """        pools: {other: {balance: leastconn, backends: [{server: bj-server1, port: 80}]}}
        rules: [{path: /, pool: other}]
"""
PORT = "        port: 80\n        balance: "
SLOW = "  slow: {vxnet: bj-vxnet1, run: [python3, -B, /srv/backend.py, '80'], files: {/srv/backend.py: backend.py}}\n"

# Sends half of a request's body, and the other half when it is told to; prints the answer's body.
LONG_REQUEST = r"""
import socket, sys
one = socket.create_connection((sys.argv[1], 8002))
one.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\nhalf")
print("begun", flush=True)
sys.stdin.readline()
one.sendall(b"done")
print(b"".join(iter(lambda: one.recv(65536), b"")).decode().partition("\r\n\r\n")[2])
"""


def workers() -> list[int]:
    """The load balancer's processes, the oldest first."""
    return sorted(int(pid) for pid in run("ip", "netns", "pids", "vpclab.cross-region.xr-lb").stdout.split())


def curl(host, port: int = 80, *words) -> subprocess.CompletedProcess:
    return host.inside("internet", "curl", "-s", "-m", 5, *words, f"http://{ADDRESS}:{port}/", check=False)


def pages(host) -> int:
    """From how many servers the listener's answers come."""
    return len({curl(host).stdout for _ in range(9)})


def inside(*words, **keywords) -> subprocess.Popen:
    return subprocess.Popen(["ip", "netns", "exec", "vpclab.cross-region.internet", *words], stdout=subprocess.PIPE, text=True,
                            **keywords)


class Load:
    """As much as nobody else wants the processor: `apply` is to get on where processors are emulated, too."""

    def __init__(self, port: int):
        self.port = port
        self.process = inside("nice", "-n", "19", "wrk", "-t1", "-c4", "-d600s", "--timeout", "60s", f"http://{ADDRESS}:{port}/")

    def end(self):
        equal(self.process.poll(), None, f"the load on port {self.port} goes on")
        self.process.send_signal(signal.SIGINT)
        text = self.process.communicate(timeout=120)[0]
        if "Socket errors" in text or "Non-2xx" in text or int(re.search(r"(\d+) requests in", text)[1]) == 0:
            raise AssertionError(f"requests to port {self.port} failed while the load balancer changed:\n{text}")


class LongRequest:
    def __init__(self):
        self.process = inside("python3", "-c", LONG_REQUEST, ADDRESS, stdin=subprocess.PIPE)
        equal(self.process.stdout.readline(), "begun\n", "the long request")

    def end(self, what: str):
        equal(self.process.communicate("go on\n", timeout=60)[0], "halfdone\n", what)


def change(host, file):
    """By `apply`, with the same worker."""
    before = workers()
    long = LongRequest()
    steps = [
        ("another balance", "balance: roundrobin\n        backends:", "balance: leastconn\n        backends:", lambda: True),
        ("a listener more", "    listeners:\n", "    listeners:\n" + MORE, lambda: curl(host, 443).returncode == 0),
        ("a backend less", BACKEND, "", lambda: pages(host) == 2),
        ("the backend again", SIBLING, SIBLING + BACKEND, lambda: pages(host) == 3),
        ("that listener less", MORE, "", lambda: curl(host, 443).returncode != 0),
        ("a pool and a rule", PORT, RULES + PORT, lambda: pages(host) == 1),
        ("no pool and no rule", RULES, "", lambda: pages(host) == 3),
        ("another backend of the long request's listener", LONG, SHORT, lambda: curl(host, 8002, "-f").returncode == 0),
        ("another balance of the tcp listener", "balance: roundrobin\n        idle", "balance: leastconn\n        idle", lambda: True),
        ("a backend of the tcp listener less", ", {server: bj-server2, port: 80}]", "]", lambda: True),
        ("the first balance again", "balance: leastconn\n        backends:", "balance: roundrobin\n        backends:", lambda: True),
    ]
    for what, old, new, effect in steps:
        host.edit(file, old, new)
        host.vpclab("apply", host.stage("4b"))
        until(effect, 60, what)
    long.end("the answer of a backend that was removed meanwhile")
    equal(workers(), before, "the worker's process")
    host.edit(file, "port: 8002\n        idle_timeout: 10m\n        backends: " + SHORT,
              "port: 8002\n        idle_timeout: 10m\n        backends: " + LONG)
    host.vpclab("apply", host.stage("4b"))


def upgrade(host):
    """Its program is replaced, as an installation does it."""
    old, = workers()
    long = LongRequest()
    new = sandbox.BIN / "new"
    shutil.copy2(sandbox.BIN / "vpclab-worker", new)
    os.replace(new, sandbox.BIN / "vpclab-worker")
    reasons = {step["reason"] for step in host.json("drift", "cross-region", status=3)["plan"]["steps"]}
    equal(reasons, {"version outdated, its file was replaced -> current"}, "what has drifted")
    host.vpclab("apply", host.stage("4b"))
    host.vpclab("drift", "cross-region")
    equal((len(workers()), old in workers()), (2, True), "the old worker beside the new one")
    until(lambda: curl(host, 8002, "-f", "-d", "x").stdout == "x", 60, "the new worker serves every listener")
    long.end("the answer to a request from before the upgrade")
    return old


def crash(host):
    pid, = workers()
    others = {one: words for one, words in host.processes().items() if one != pid}
    nodes = host.nodes()
    load = inside("nice", "-n", "19", "wrk", "-t1", "-c4", "-d600s", f"http://{ADDRESS}/")
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    until(lambda: curl(host, 80, "-f").returncode == 0, 60, "the load balancer answers again")
    print(f"{(time.monotonic() - began) * 1000:.0f} ms from kill -9 of the worker to an answer")
    equal(load.poll(), None, "the load goes on")
    load.send_signal(signal.SIGINT)
    load.communicate(timeout=120)
    equal(len(workers()), 1, "workers")
    equal({one: words for one, words in host.processes().items() if one not in workers()}, others, "the other processes")
    equal(host.nodes(), nodes, "the namespaces")
    host.vpclab("drift", "cross-region")


def test(host):
    if not shutil.which("wrk"):
        sandbox.skip("needs wrk")
    programs = host.directory / "bin"  # a worker that can be replaced
    programs.mkdir()
    for name in ("vpclab", "vpclabd", "vpclab-worker"):
        shutil.copy2(sandbox.BIN / name, programs)
    sandbox.BIN = programs
    host.start_daemon()
    host.vpclab("up", host.stage("4b"))
    file = host.labs / "cross-region/stage-4a.yaml"  # which stage 4b extends
    for stage in (file, host.stage("4b")):  # their checks name every backend
        stage.write_text(stage.read_text().split("\nchecks:\n")[0] + "\n")
    shutil.copy(sandbox.SOURCE / "tests/e2e/endurance/backend.py", host.labs / "cross-region")
    host.edit(file, "    listeners:\n", "    listeners:\n" + OTHERS)
    file.write_text(file.read_text() + "servers:\n" + SLOW)
    host.vpclab("apply", host.stage("4b"))
    until(lambda: pages(host) == 3, 60, "every backend serves")
    until(lambda: curl(host, 8001, "-f").returncode == 0, 60, "the tcp listener serves")
    until(lambda: curl(host, 8002, "-f", "-d", "x").stdout == "x", 60, "the slow server serves")
    loads = [Load(80), Load(8001)]
    change(host, file)
    old = upgrade(host)
    for load in loads:
        load.end()
    until(lambda: old not in workers(), 120, "the old worker has ended")
    crash(host)
    host.vpclab("down", "cross-region")


if __name__ == "__main__":
    sandbox.main(test)
