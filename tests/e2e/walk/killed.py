#!/usr/bin/env python3
"""kill -9 of the daemon before any system call of an apply or a down: the next apply converges and every check passes; the
next down leaves nothing. A sample of the calls; with --points COUNT so many of them, with --all each, both ways."""
import pathlib
import sys

import sandbox
from sandbox import equal, until

sys.path.append(str(pathlib.Path(__file__).parents[1] / "faults"))
from faults import KILL, Faults, spread

SAMPLE = 3


def clean(host, network, mounts, what):
    host.nothing_left()
    equal(host.network(), network, f"the host's network after a kill {what}")
    equal(host.mounts(), mounts, f"mounts after a kill {what}")


def wanted_points(total: int) -> int:
    if "--all" in sys.argv:
        return total
    return int(sys.argv[sys.argv.index("--points") + 1]) if "--points" in sys.argv else SAMPLE


def daemons(host) -> list[int]:
    return [pid for pid, words in host.processes().items() if words[0].endswith("vpclabd") and "keeper" not in words]


def killed_in(host, faults, at: int, *arguments) -> bool:
    """Whether the daemon has come as far as to be killed before that call."""
    daemon, = until(lambda: found if len(found := daemons(host)) == 1 else None, 10, "one daemon")
    faults.set(KILL, at)
    host.vpclab(*arguments, status=None)
    if not faults.happened:
        return False
    until(lambda: daemon not in host.processes(), 10, "the killed daemon is gone")
    return True


def test(host):
    network, mounts = host.network(), host.mounts()
    lab = host.stage("4b")
    faults = Faults(host)
    faults.start_daemon("--exit-after-last-lab")
    calls = {}
    for verb, arguments in {"apply": ("apply", lab), "down": ("down", "cross-region")}.items():
        faults.set()
        host.vpclab(*arguments)
        calls[verb] = faults.calls
    clean(host, network, mounts, "of nobody")
    tried = {}
    for verb in calls:
        points = spread(calls[verb], wanted_points(calls[verb]))
        reached = 0
        for number, at in enumerate(points):
            for goes_on in (True, False) if len(points) > SAMPLE else (number % 2 == 0,):
                what = f"before call {at} of {calls[verb]} in {verb}, then {'apply' if goes_on else 'down'}"
                faults.set()
                faults.start_daemon("--exit-after-last-lab")
                if verb == "apply":
                    reached += killed_in(host, faults, at, "apply", lab)
                else:
                    host.vpclab("apply", lab)
                    reached += killed_in(host, faults, at, "down", "cross-region")
                faults.set()
                try:
                    if not daemons(host):
                        host.start_daemon()
                    if goes_on:
                        host.vpclab("up", lab)
                        host.vpclab("plan", lab, status=0)
                    host.vpclab("down", "cross-region")
                    clean(host, network, mounts, what)
                except AssertionError as failure:
                    raise AssertionError(f"killed {what}: {failure}") from failure
        tried[verb] = reached
    print(f"killed before so many calls: {tried}, of {calls}")

    # The data plane outlives the daemon.
    host.start_daemon()
    host.vpclab("up", host.stage("4b"))
    workers = {pid: words for pid, words in host.processes().items() if pid != host.daemon()}
    host.kill_daemon()
    host.oracle("4b")
    host.start_daemon()
    host.vpclab("drift", "cross-region", status=0)
    now = host.processes()
    equal({pid: now.get(pid) for pid in workers}, workers, "processes that outlived the daemon")
    host.vpclab("down", "--all")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
