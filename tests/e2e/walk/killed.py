#!/usr/bin/env python3
"""kill -9 of the daemon before any system call of an apply or a down: the next apply converges and every check passes; the
next down leaves nothing. A sample of the calls; with --points COUNT so many of them, with --all each, both ways."""
import collections
import pathlib
import sys

import sandbox
from sandbox import equal, until

sys.path.append(str(pathlib.Path(__file__).parents[1] / "faults"))
import parts
from faults import KILL, Faults, spread

SAMPLE = 3
NAME = "cross-region"


def clean(host, network, mounts, what):
    host.nothing_left()
    equal(host.network(), network, f"the host's network after a kill {what}")
    equal(host.mounts(), mounts, f"mounts after a kill {what}")


def points(calls: dict[str, int]) -> list[tuple[str, int, bool]]:
    """Verb, call and whether the lab is to come up again or to go down. Of each verb its part, for parts count differently."""
    out = []
    for verb, total in calls.items():
        wanted = total if "--all" in sys.argv else int(parts.option("--points", SAMPLE))
        out += parts.mine([(verb, at, goes_on) for number, at in enumerate(spread(total, wanted))
                           for goes_on in ((True, False) if wanted > SAMPLE else (number % 2 == 0,))])
    return out


def daemons(host) -> list[int]:
    return [pid for pid, words in host.processes().items() if words[0].endswith("vpclabd") and "keeper" not in words]


def killed_in(host, faults, at: int, *arguments) -> bool:
    """Whether the daemon has come as far as to be killed before that call; then it is gone."""
    daemon = host.daemon()
    faults.set(KILL, at)
    host.vpclab(*arguments, status=None)
    reached = faults.happened > 0
    faults.set()
    # It ends by itself too, with its last lab.
    if reached or not host.nodes():
        until(lambda: daemon not in host.processes(), 10, "the killed daemon is gone")
    return reached


def point(host, faults, lab, verb: str, at: int, goes_on: bool) -> bool:
    faults.set()
    faults.start_daemon("--exit-after-last-lab")
    if verb == "down":
        host.vpclab("apply", lab)
    reached = killed_in(host, faults, at, *(("apply", lab) if verb == "apply" else ("down", NAME)))
    # Not by a look for daemons: a child of the killed one that has not begun its own program yet looks like it.
    if reached or not host.nodes():
        host.start_daemon()
    if goes_on:
        host.vpclab("up", lab)
        host.vpclab("plan", lab, status=0)
    host.vpclab("down", NAME)
    return reached


def after_failure(host, clean_now):
    """So that one failure does not hide what the other points would show; where that is not possible, this is the end."""
    host.tell_all()
    if not daemons(host):
        host.start_daemon()
    host.vpclab("down", "--all", status=None)
    clean_now()


def test(host):
    network, mounts = host.network(), host.mounts()
    lab = host.stage("4b")
    faults = Faults(host)
    calls = {}
    for _ in range(2):
        for verb, arguments in {"apply": ("apply", lab), "down": ("down", NAME)}.items():
            if not daemons(host):
                faults.start_daemon("--exit-after-last-lab")
            faults.set()
            host.vpclab(*arguments)
            # A wait that takes longer asks more often.
            calls[verb] = min(faults.calls, calls.get(verb, faults.calls))
        clean(host, network, mounts, "of nobody")
    counts, failures = collections.Counter(), []
    todo = points(calls)
    for number, (verb, at, goes_on) in enumerate(todo):
        way = f"{verb}, then {'up' if goes_on else 'down'}"
        what = f"before call {at} of {calls[verb]} in {way}"
        if number % 25 == 0:
            parts.progress(f"kill {number} of {len(todo)}: {what}")
        try:
            reached = point(host, faults, lab, verb, at, goes_on)
            clean(host, network, mounts, what)
            # The order of threads' calls is not always the same: an apply can be over before as many.
            counts[f"killed in {way}" if reached else f"over before the kill in {way}"] += 1
        except AssertionError as failure:
            failures.append(f"killed {what}: {failure}")
            print(f"FAILED: {failures[-1]}", flush=True)
            faults.set()
            after_failure(host, lambda: clean(host, network, mounts, what))
    parts.tell(counts)
    equal(len(failures), 0, "failed points: " + "; ".join(failures))
    outlives_the_daemon(host)


def outlives_the_daemon(host):
    """The data plane does."""
    host.start_daemon()
    host.vpclab("up", host.stage("4b"))
    workers = {pid: words for pid, words in host.processes().items() if pid != host.daemon()}
    host.kill_daemon()
    host.oracle("4b")
    host.start_daemon()
    host.vpclab("drift", NAME, status=0)
    now = host.processes()
    equal({pid: now.get(pid) for pid in workers}, workers, "processes that outlived the daemon")
    host.vpclab("down", "--all")
    host.nothing_left()


if __name__ == "__main__":
    parts.main(test, "--all" in sys.argv)
