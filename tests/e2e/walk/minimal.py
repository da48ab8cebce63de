#!/usr/bin/env python3
"""Another port for one backend touches that one listener: every namespace and every other process stays."""
import sandbox
from sandbox import equal


def test(host):
    host.start_daemon()
    host.vpclab("apply", host.stage("4b"))
    nodes, processes = host.nodes(), host.processes()

    host.edit(host.stage("4a"), "{server: bj-server2, port: 80}", "{server: bj-server2, port: 8080}")
    plan = host.vpclab("plan", host.stage("4b"), status=3)
    assert "xr-lb" in plan.stdout, plan.stdout
    for other in ("bj-server1 ", "gd-br1", "bj-vpc1"):
        assert other not in plan.stdout, f"the plan names {other}:\n{plan.stdout}"
    equal(len(host.json("plan", host.stage("4b"), status=3)["plan"]["steps"]), 1, "steps of the plan")

    host.vpclab("apply", host.stage("4b"))
    equal(host.nodes(), nodes, "namespaces after the change")
    # The balancer's worker takes its new configuration in place.
    equal(host.processes(), processes, "processes after the change")
    host.vpclab("plan", host.stage("4b"), status=0)


if __name__ == "__main__":
    sandbox.main(test)
