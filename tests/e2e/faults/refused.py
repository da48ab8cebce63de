#!/usr/bin/env python3
"""Each kind of failure of a system call, once in an apply and once in a down: the daemon lives, tells what failed, lies about
nothing, keeps no descriptor, and the next apply or down gets through. A sample; with --points COUNT so many places of each
kind in the tutorial's last stage."""
import errno
import os
import subprocess
import sys

import sandbox
from faults import FAIL, HOLD, INTERRUPT, REFUSE, TRUNCATE, Faults, spread
from sandbox import equal, until

ERRORS = (errno.ENOMEM, errno.EBUSY, errno.EEXIST, errno.ENOBUFS, errno.EINTR)
# What is spoilt, and the counter of its places.
KINDS = ([(FAIL, error, "calls") for error in ERRORS] + [(REFUSE, error, "acks") for error in ERRORS] +
         [(INTERRUPT, 0, "dumps"), (TRUNCATE, 0, "answers"), (HOLD, errno.EBUSY, "unmounts")])


def test(host):
    network, mounts = host.network(), host.mounts()
    points = int(sys.argv[sys.argv.index("--points") + 1]) if "--points" in sys.argv else 1
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
    seen = {}
    for number, (action, error, counter) in enumerate(KINDS):
        for verb, arguments in verbs.items():
            total = totals[verb][counter]
            places = spread(total, points, number * 37)
            if action == HOLD:  # each pin takes two: the second finds nothing mounted any more
                places = sorted({*places, *(at % total + 1 for at in places)})
            for at in places:
                what = f"{verb}, action {action} with {errno.errorcode.get(error, 'no error')} at {at} of {counter}"
                if verb == "down":
                    host.vpclab("apply", lab)
                faults.set(action, at, error)
                try:
                    done = host.vpclab(*arguments, status=None)
                except subprocess.TimeoutExpired as late:
                    raise AssertionError(f"{what}: {late}") from late
                happened = faults.happened
                faults.set()
                assert done.returncode in (0, 1), f"{what}: exit status {done.returncode}\n{done.stderr}"
                assert done.returncode == 0 or done.stderr.strip(), f"{what}: failed without a word"
                equal(host.daemon(), daemon, f"{what}: the daemon")
                key = (verb, action, errno.errorcode.get(error, ""))
                counts = seen.setdefault(key, [0, 0, 0])
                counts[0] += 1
                counts[1] += 1 if happened else 0
                counts[2] += done.returncode
                try:
                    if verb == "apply":
                        if done.returncode == 0:
                            host.vpclab("plan", lab, status=0)
                        host.vpclab("apply", lab)
                        host.vpclab("plan", lab, status=0)
                    elif done.returncode == 0:
                        equal(host.nodes(name), {}, "namespaces after a down that says it is done")
                    host.vpclab("down", name)
                except AssertionError as failure:
                    raise AssertionError(f"{what}: {done.stderr}\nthen {failure}") from failure
                equal(host.nodes(name), {}, f"{what}: namespaces in the end")
                until(lambda: len(os.listdir(f"/proc/{daemon}/fd")) <= files, 10,
                      f"{what}: {files} descriptors of the daemon's, as before, and not {len(os.listdir(f'/proc/{daemon}/fd'))}")
    for (verb, action, error), (tried, happened, told) in seen.items():
        print(f"{verb} action {action} {error}: {tried} tried, {happened} happened, {told} told as a failure")
    equal(host.nodes("other"), kept, "another lab")
    host.vpclab("down", "--all")
    host.nothing_left()
    equal(host.network(), network, "the host's network")
    equal(host.mounts(), mounts, "mounts")


if __name__ == "__main__":
    sandbox.main(test)
