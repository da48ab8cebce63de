#!/usr/bin/env python3
"""Down leaves nothing: no namespace, process, mount or file, and the host's network byte for byte as before."""
import shutil

import sandbox
from sandbox import equal


def test(host):
    network, mounts = host.network(), host.mounts()
    host.start_daemon()
    host.vpclab("apply", host.stage("4b"))
    equal(host.network(), network, "the host's network while the lab is up")
    assert "bj-server1" in host.nodes() and "xr-lb" in host.nodes(), host.nodes()

    # By its name: the file need not exist any more.
    shutil.rmtree(host.labs)
    host.vpclab("down", "cross-region")
    equal(host.nodes(), {}, "namespaces when `down` has returned")
    host.nothing_left()
    equal(host.network(), network, "the host's network afterwards")
    equal(host.mounts(), mounts, "mounts afterwards")


if __name__ == "__main__":
    sandbox.main(test)
