#!/usr/bin/env python3
"""An edited policy does nothing until it is applied, which is the tutorial's 应用修改; `plan` tells what waits."""
import sandbox
from sandbox import equal


def test(host):
    host.start_daemon()
    host.vpclab("apply", host.stage("2"))
    assert host.pings("bj-server1", "172.17.1.2")

    host.edit(host.stage("2"), "      - {name: bjvxnet1-bjvxnet2, to: 172.17.1.0/24, via: bj-br1}\n", "")
    host.edit(host.stage("2"), "  bj-vpc1:\n    route_policies:\n", "  bj-vpc1:\n    route_policies: []\n")
    plan = host.vpclab("plan", host.stage("2"), status=3)
    assert "not applied" in plan.stdout and "172.17.1.0/24" in plan.stdout, plan.stdout
    assert host.pings("bj-server1", "172.17.1.2"), "an unapplied removal had an effect"
    host.vpclab("drift", "cross-region", status=0)

    host.vpclab("apply", host.stage("2"))
    assert not host.pings("bj-server1", "172.17.1.2"), "an applied removal had no effect"

    host.edit(host.stage("2"), "route_policies: []", "route_policies: [{to: 172.17.1.0/24, via: bj-br1}]")
    host.vpclab("plan", host.stage("2"), status=3)
    assert not host.pings("bj-server1", "172.17.1.2"), "an unapplied policy had an effect"
    host.vpclab("apply", host.stage("2"))
    assert host.pings("bj-server1", "172.17.1.2"), "an applied policy had no effect"


if __name__ == "__main__":
    sandbox.main(test)
