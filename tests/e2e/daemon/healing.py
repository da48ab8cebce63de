#!/usr/bin/env python3
"""A tunnel that ended and cannot be made again is tried again until it can."""
import os
import pathlib
import signal

import sandbox
from sandbox import run, until


def test(host):
    # The first place where wireguard-go is looked for. The mount comes first: the lab's keeper sees its files too.
    first = pathlib.Path("/usr/local/sbin")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "programs", first)
    host.start_daemon()
    host.vpclab("apply", host.stage("3b"))

    def tunnels():
        return [pid for pid, words in host.processes().items() if words[0] == "wireguard-go"]

    before = tunnels()
    if not before:
        sandbox.skip("the kernel's own WireGuard has no process that could end")
    log = host.run_dir / "vpclabd.log"

    broken = first / "wireguard-go"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    os.kill(before[0], signal.SIGKILL)
    until(lambda: log.read_text().count("heal: ") >= 3, 30, "healing was tried more than once")
    broken.unlink()
    until(lambda: len(tunnels()) == len(before), 60, "the tunnel is back")
    until(lambda: host.vpclab("drift", status=None).returncode == 0, 30, "the lab is whole again")
    host.vpclab("check")
    host.vpclab("down", "cross-region")


if __name__ == "__main__":
    sandbox.main(test)
