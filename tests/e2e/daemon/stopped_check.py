#!/usr/bin/env python3
"""Ctrl-C while checks run: the exit status says what is known by then, and the lab stays."""
import os
import pty
import select
import signal
import subprocess

import sandbox
from sandbox import equal, until

LAB = """lab: slow
regions: {r: {}}
vpcs: {v: {region: r, cidr: 10.0.0.0/16}}
vxnets: {n: {vpc: v, cidr: 10.0.1.0/24}}
servers:
  one: {vxnet: n}
  two: {vxnet: n}
checks:
"""
RIGHT = "  - ping: {from: one, to: two}\n"
WRONG = "  - ping: {from: one, to: two, expect: unreachable, within: 200ms}\n"
NEVER = "  - ping: {from: one, to: 10.0.1.77, within: 2m}\n"


def stopped(host, *arguments):
    """The exit status and output of a command that Ctrl-C reaches when the first of its two checks is done."""
    ours, theirs = pty.openpty()  # on a terminal it tells how far it is
    command = subprocess.Popen([sandbox.BIN / "vpclab", "--run-dir", host.run_dir, *arguments], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    told = ""
    while "check 1/2" not in told:
        assert select.select([ours], [], [], 30)[0], f"no progress: {told}"
        told += os.read(ours, 4096).decode()
    command.send_signal(signal.SIGINT)
    out = command.communicate(timeout=20)[0]
    while True:
        try:
            told += os.read(ours, 4096).decode()
        except OSError:  # all who had the terminal have closed it
            break
    os.close(ours)
    until(lambda: not any("probe" in words for words in host.processes().values()), 10, "nothing probes any more")
    return command.returncode, out, told


def test(host):
    file = host.directory / "slow.yaml"
    file.write_text(LAB + RIGHT + NEVER)
    host.start_daemon()
    for arguments in (("up", file), ("check",)):
        status, out, told = stopped(host, *arguments)
        equal(status, 1, f"the exit status of {arguments[0]} without the last result:\n{out}{told}")
        assert "stopped on request: 1 checks have no result; lab slow is up as applied" in told, told
        assert "1 of 2 checks passed, 1 stopped" in out, out

    # One that failed before is known to have, whatever the other would have come to.
    file.write_text(LAB + WRONG + NEVER)
    host.vpclab("apply", file)
    status, out, told = stopped(host, "check")
    equal(status, 4, f"the exit status with a failure before the stop:\n{out}{told}")
    assert "1 of 2 checks failed" in told and "0 of 2 checks passed, 1 stopped" in out, out + told

    file.write_text(LAB + RIGHT)
    host.vpclab("apply", file)
    host.vpclab("check")
    host.vpclab("down", "slow")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
