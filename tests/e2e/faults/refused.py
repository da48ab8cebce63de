#!/usr/bin/env python3
"""Each kind of failure of a system call, once in an apply and once in a down: the daemon lives, tells what failed, lies about
nothing, keeps no descriptor, and the next apply or down gets through. A sample; with --points COUNT so many places of each
kind in the tutorial's last stage."""
import collections
import errno
import os
import subprocess
import sys

import parts
from faults import FAIL, HOLD, INTERRUPT, REFUSE, SWALLOW, TRUNCATE, Faults, spread
from sandbox import equal, until

ERRORS = (errno.ENOMEM, errno.EBUSY, errno.EEXIST, errno.ENOBUFS, errno.EINTR)
# What is spoilt, and the counter of its places.
KINDS = ([(FAIL, error, "calls") for error in ERRORS] + [(REFUSE, error, "acks") for error in ERRORS] +
         [(INTERRUPT, 0, "dumps"), (TRUNCATE, 0, "answers"), (HOLD, errno.EBUSY, "unmounts"), (SWALLOW, 0, "acks")])
NAMES = {FAIL: "the call fails", REFUSE: "the kernel refuses", INTERRUPT: "interrupted dump", TRUNCATE: "cut answer",
         HOLD: "held pin", SWALLOW: "no answer"}
SWALLOWED = 4  # at most: each takes as long as the daemon is patient, half a minute


def places(kind, verb: str, number: int, total: int, points: int) -> list[int]:
    action = kind[0]
    if action == SWALLOW:
        # In CI only one.
        return spread(total, min(points, SWALLOWED), number * 37) if points > 1 or verb == "apply" else []
    found = spread(total, points, number * 37)
    if action == HOLD:  # each pin takes two: the second finds nothing mounted any more
        found = sorted({*found, *(at % total + 1 for at in found)})
    return found


def told(host, action: int, verb: str, done, happened: int):
    """What the user hears is no lie, and no riddle."""
    assert done.returncode in (0, 1), f"exit status {done.returncode}\n{done.stderr}"
    assert done.returncode == 0 or done.stderr.strip(), "failed without a word"
    if action == SWALLOW and verb == "apply" and happened and done.returncode == 0:
        # The kernel has done it; what it has not said is told nevertheless, unless the operation was repeated.
        log = (host.run_dir / "vpclabd.log").read_text()
        assert "the kernel has not answered" in done.stderr + log, f"nobody tells of the missing answer:\n{done.stderr}"


def test(host):
    network, mounts = host.network(), host.mounts()
    points = int(parts.option("--points", 1))
    name, lab = ("cross-region", host.stage("4b")) if points > 1 else ("hello", host.labs / "hello" / "lab.yaml")
    faults = Faults(host)
    faults.start_daemon("--exit-after-last-lab")
    verbs = {"apply": ("apply", lab), "down": ("down", name)}
    # So that the daemon stays: a lab of its own, which nothing happens to.
    other = host.directory / "other.yaml"
    other.write_text("lab: other\nregions: {r: {}}\nvpcs: {v: {region: r, cidr: 10.0.0.0/16}}\n")
    host.vpclab("apply", other)
    daemon, kept = host.daemon(), host.nodes("other")
    totals, files = {}, 0
    for _ in range(2):
        for verb, arguments in verbs.items():
            faults.set()
            host.vpclab(*arguments)
            totals[verb] = {counter: getattr(faults, counter) for counter in ("calls", "acks", "dumps", "answers", "unmounts")}
        files = len(os.listdir(f"/proc/{daemon}/fd"))
    counts, failures = collections.Counter(), []
    todo = [(kind, verb, at) for number, kind in enumerate(KINDS) for verb in verbs
            for at in parts.mine(places(kind, verb, number, totals[verb][kind[2]], points))]
    for number, (kind, verb, at) in enumerate(todo):
        action, error, counter = kind
        name_of = f"{NAMES[action]}{' ' + errno.errorcode[error] if error else ''} in {verb}"
        what = f"{name_of}, at {at} of {counter}"
        if number % 25 == 0:
            parts.progress(f"fault {number} of {len(todo)}: {what}")
        try:
            if verb == "down":
                host.vpclab("apply", lab)
            faults.set(action, at, error)
            try:
                done = host.vpclab(*verbs[verb], status=None)
            except subprocess.TimeoutExpired as late:
                raise AssertionError(str(late)) from late
            happened = faults.happened
            faults.set()
            told(host, action, verb, done, happened)
            equal(host.daemon(), daemon, "the daemon")
            counts[f"{name_of}: {'tried' if happened else 'not reached'}"] += 1
            counts[f"{name_of}: told as a failure"] += done.returncode
            if verb == "apply":
                if done.returncode == 0:
                    host.vpclab("plan", lab, status=0)
                host.vpclab("apply", lab)
                host.vpclab("plan", lab, status=0)
            elif done.returncode == 0:
                equal(host.nodes(name), {}, "namespaces after a down that says it is done")
            host.vpclab("down", name)
            equal(host.nodes(name), {}, "namespaces in the end")
            until(lambda: len(os.listdir(f"/proc/{daemon}/fd")) <= files, 10,
                  f"{files} descriptors of the daemon's, as before, and not {len(os.listdir(f'/proc/{daemon}/fd'))}")
        except AssertionError as failure:
            # One failure does not hide what the other points would show, as long as the daemon lives.
            failures.append(f"{what}: {failure}")
            print(f"FAILED: {failures[-1]}", flush=True)
            faults.set()
            equal(host.daemon(), daemon, f"{what}: the daemon")
            host.vpclab("down", name)
    parts.tell(counts)
    equal(len(failures), 0, "failed points: " + "; ".join(failures))
    equal(host.nodes("other"), kept, "another lab")
    host.vpclab("down", "--all")
    host.nothing_left()
    equal(host.network(), network, "the host's network")
    equal(host.mounts(), mounts, "mounts")


if __name__ == "__main__":
    parts.main(test, "--points" in sys.argv)
