#!/usr/bin/env python3
"""The smaller labs: their own checks, then the same with ping(8); two of them side by side."""
import os

import sandbox
from sandbox import SOURCE, equal, run


def test(host):
    host.start_daemon()
    for lab in ("hello", "eip"):
        host.vpclab("up", host.labs / lab / "lab.yaml")
    for lab in ("hello", "eip"):
        run(SOURCE / "netns-scripts/by-hand" / lab, "check", env={**os.environ, "BYHAND_CHECKS": f"vpclab.{lab}."})
    # Taking one down leaves the other alone.
    eip = host.nodes("eip")
    host.vpclab("down", "hello")
    equal(host.nodes("hello"), {}, "namespaces of the lab that is down")
    equal(host.nodes("eip"), eip, "namespaces of the other lab")
    host.vpclab("check", "eip")
    host.vpclab("down", "eip")

    host.start_daemon()
    host.vpclab("up", host.labs / "apache" / "lab.yaml")
    host.vpclab("down", "--all")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
