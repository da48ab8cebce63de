#!/usr/bin/env python3
"""Applying twice changes nothing; going back a stage takes away the difference, and only that."""
import sandbox
from sandbox import equal


def test(host):
    host.start_daemon()
    host.vpclab("plan", host.stage("3b"), status=3)
    host.vpclab("apply", host.stage("3b"))
    before, processes = host.nodes(), host.processes()

    host.vpclab("plan", host.stage("3b"), status=0)
    host.vpclab("drift", "cross-region", status=0)
    host.vpclab("apply", host.stage("3b"))
    equal(host.nodes(), before, "namespaces after the second apply")
    equal(host.processes(), processes, "processes after the second apply")

    host.vpclab("up", host.stage("2"))
    now = host.nodes()
    assert "gd-server1" not in now and "gd-br1" not in now, sorted(now)
    equal({name: before[name] for name in now if name in before}, now, "namespaces that stay when going back")
    host.oracle("2")

    host.vpclab("up", host.stage("3b"))
    host.oracle("3b")


if __name__ == "__main__":
    sandbox.main(test)
