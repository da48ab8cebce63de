#!/usr/bin/env python3
"""As in a privileged container: /proc/sys is read-only, and there is no systemd, udev or D-Bus."""
import sandbox
from sandbox import equal, run


def test(host):
    equal(run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward", check=False).returncode != 0, True,
          "/proc/sys is read-only")
    network, mounts = host.network(), host.mounts()
    host.start_daemon()
    host.vpclab("doctor")
    host.vpclab("up", host.stage("4b"))
    host.oracle("4b")
    host.vpclab("down", "cross-region")
    host.nothing_left()
    equal(host.network(), network, "the host's network afterwards")
    equal(host.mounts(), mounts, "mounts afterwards")


if __name__ == "__main__":
    sandbox.main(test, read_only_proc_sys=True)
