#!/usr/bin/env python3
"""A load balancer under mixed load, with faults and a change of its configuration every second: endurance.py [SECONDS] [ROUNDS].

Every answer carries a checksum, which client.py verifies. The faults: a backend is killed, frozen, cut off by a filter, its link
goes down. In the middle of every second round, and of the last one, the worker's program is replaced on disk, and the next `apply`
lets a new worker take over. Between two rounds all must come to rest: no connection may be left, no worker but the newest; its
descriptors must be as many as the first one's before the load, its memory no more than the first one's after a round but for a margin.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "walk"))
import sandbox  # noqa: E402
from sandbox import equal, run, until  # noqa: E402

ADDRESS = "139.198.18.150"
BACKENDS = ["one", "two", "three"]
FAULT_SECONDS = 4
MEMORY_MARGIN = 1.3  # times what it was after the first round


def lab(chance: random.Random | None) -> str:
    """The lab's file; with `chance` everything that may change is drawn."""
    def pick(usual, *others):
        return chance.choice([usual, *others]) if chance else usual

    used = chance.sample(BACKENDS, chance.choice([2, 3])) if chance else BACKENDS
    backends = ", ".join(f"{{server: {one}, port: 80, weight: {pick(1, 3, 0) if one != used[0] else 1}}}" for one in used)
    servers = "\n".join(f"  {one}: {{vxnet: net, run: [python3, -B, /srv/backend.py, '80'], files: {{/srv/backend.py: backend.py}}}}"
                        for one in BACKENDS)
    more = pick("", f"\n      more: {{port: 443, backends: [{{server: {used[0]}, port: 80}}]}}")
    pool = pick("", f"""
        pools: {{other: {{balance: {pick('leastconn', 'source')}, backends: [{{server: {used[-1]}, port: 80}}]}}}}
        rules: [{{path_prefix: /pool, pool: other}}]""")
    return f"""lab: endurance
regions: {{r: {{}}}}
vpcs: {{vpc: {{region: r, cidr: 172.16.0.0/16}}}}
vxnets: {{net: {{vpc: vpc, cidr: 172.16.1.0/24}}}}
eips: {{eip: {{region: r, address: {ADDRESS}}}}}
servers:
{servers}
load_balancers:
  lb:
    vxnet: net
    eips: [eip]
    listeners:
      web:
        port: 80
        balance: {pick('roundrobin', 'leastconn', 'source')}
        connect_timeout: 1s
        queue_timeout: {pick(2, 3)}s
        idle_timeout: 10s
        tunnel_timeout: 10s
        forwarded_proto: {pick('false', 'true')}
        header_size: {pick(15, 15, 32)}kb
        health_check: {{type: tcp, interval: 2s, timeout: 5s, rise: 2, passive: {pick('true', 'false')}}}
        backends: [{backends}]{pool}
      raw:
        protocol: tcp
        port: 8001
        balance: {pick('roundrobin', 'leastconn')}
        idle_timeout: 10s
        connect_timeout: 1s
        backends: [{backends}]{more}
"""


class Faults:
    """Harms backends, one of them at a time, and takes it back."""

    def __init__(self, host, chance: random.Random):
        self.host, self.chance, self.undo, self.until, self.count = host, chance, None, 0.0, 0

    def backend(self, name: str) -> int | None:
        for pid in run("ip", "netns", "pids", f"vpclab.endurance.{name}").stdout.split():
            try:
                if b"backend.py" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
            except OSError:
                pass  # it has just ended
        return None

    def tick(self):
        if self.undo:
            if time.monotonic() >= self.until:
                self.end()
            return
        name = self.chance.choice(BACKENDS)
        fault = self.chance.choice(["none", "kill", "freeze", "filter", "link"])
        self.count += fault != "none"
        self.until = time.monotonic() + FAULT_SECONDS
        pid = self.backend(name) if fault in ("kill", "freeze") else None
        if fault == "kill" and pid:
            os.kill(pid, signal.SIGKILL)
        elif fault == "freeze" and pid:
            os.kill(pid, signal.SIGSTOP)
            self.undo = lambda: os.kill(pid, signal.SIGCONT)
        elif fault == "filter":
            table = "add table ip fault; add chain ip fault in { type filter hook input priority -300; policy drop; }"
            self.host.inside(name, "nft", table, lab="endurance")
            self.undo = lambda: self.host.inside(name, "nft", "delete table ip fault", lab="endurance")
        elif fault == "link":
            self.host.vpclab("link", "set", name, "--down")  # the next `apply` takes it back

    def end(self):
        if self.undo:
            self.undo()
        self.undo = None


def workers() -> list[int]:
    return [int(pid) for pid in run("ip", "netns", "pids", "vpclab.endurance.lb").stdout.split()]


def worker() -> int:
    """The only one, once those that were replaced have ended."""
    until(lambda: len(workers()) == 1, 120, "the workers that were replaced have ended")
    return workers()[0]


def own_programs(host):
    """A worker that can be replaced."""
    programs = host.directory / "bin"
    programs.mkdir()
    for name in ("vpclab", "vpclabd", "vpclab-worker"):
        shutil.copy2(sandbox.BIN / name, programs)
    sandbox.BIN = programs


def replace_worker():
    """As an installation does it; the next `apply` lets it take over."""
    shutil.copy2(sandbox.BIN / "vpclab-worker", sandbox.BIN / "new")
    os.replace(sandbox.BIN / "new", sandbox.BIN / "vpclab-worker")


def descriptors(pid: int) -> int:
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def memory(pid: int) -> int:
    """KiB, what it shares with others by its share."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def connections(host) -> str:
    return host.inside("lb", "ss", "-Htn", "state", "connected", "exclude", "time-wait", lab="endurance").stdout


def play(host, seconds: float, seed: int, changes: list[int], faults: Faults, replaces: bool) -> dict:
    """One round: the counts of the client."""
    client = subprocess.Popen(["ip", "netns", "exec", "vpclab.endurance.internet", sys.executable, "-B", str(HERE / "client.py"), ADDRESS,
                               str(seconds), str(seed)], stdout=subprocess.PIPE, text=True)
    file = host.labs / "endurance/lab.yaml"
    middle = time.monotonic() + seconds / 2
    while client.poll() is None:
        began = time.monotonic()
        faults.tick()
        if replaces and began > middle:
            replace_worker()
            replaces = False
        file.write_text(lab(faults.chance))
        host.vpclab("apply", file)
        changes[0] += 1
        try:
            client.wait(max(0.01, began + 1 - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
    faults.end()
    file.write_text(lab(None))
    host.vpclab("apply", file)
    text = client.communicate()[0]
    equal(client.returncode, 0, "the client's exit status")
    return json.loads(text)


def test(host):
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    print(f"seed {seed}")
    own_programs(host)
    (host.labs / "endurance").mkdir()
    (host.labs / "endurance/backend.py").write_bytes((HERE / "backend.py").read_bytes())
    (host.labs / "endurance/lab.yaml").write_text(lab(None))
    host.start_daemon()
    host.vpclab("apply", host.labs / "endurance/lab.yaml")
    until(lambda: host.inside("internet", "curl", "-sf", "-m", 5, "-o", "/dev/null", f"http://{ADDRESS}/10", lab="endurance",
                              check=False).returncode == 0, 60, "the load balancer answers")
    pid = worker()
    until(lambda: not connections(host), 60, "no connection before the load")
    before, after_first, generation = descriptors(pid), 0, 1
    faults = Faults(host, random.Random(seed))
    print(f"{'round':>5} {'worker':>6} {'answers':>8} {'MiB':>7} {'unavailable':>11} {'cut':>6} {'left':>6} {'wrong':>5} {'stuck':>5} "
          f"{'changes':>7} {'faults':>6} {'memory, KiB':>11} {'descriptors':>11}", flush=True)
    for number in range(1, rounds + 1):
        changes = [0]
        faults.count = 0
        replaces = number % 2 == 0 or number == rounds
        got = play(host, seconds / rounds, seed + number, changes, faults, replaces)
        until(lambda: not connections(host), 120, "every connection has ended")
        last, pid = pid, worker()
        equal(pid != last, replaces, "another worker")
        generation += replaces
        until(lambda: descriptors(pid) == before, 60, f"{before} descriptors, as before the load")
        print(f"{number:5} {generation:6} {got['ok']:8} {got['bytes'] >> 20:7} {got['unavailable']:11} {got['cut']:6} {got['left']:6} "
              f"{got['wrong']:5} {got['stuck']:5} {changes[0]:7} {faults.count:6} {memory(pid):11} {descriptors(pid):11}", flush=True)
        equal((got["wrong"], got["stuck"]), (0, 0), f"wrong and stuck: {got['told']}")
        assert got["ok"] > 0, f"not one answer: {got}"
        after_first = after_first or memory(pid)
        assert memory(pid) < after_first * MEMORY_MARGIN, f"{memory(pid)} KiB after {number} rounds, {after_first} after the first"
    host.vpclab("down", "endurance")


if __name__ == "__main__":
    sandbox.main(test)
