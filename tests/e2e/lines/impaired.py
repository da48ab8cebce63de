#!/usr/bin/env python3
"""Impairments from the file: the lab's own checks, tc(8) and nft(8) as readers, changes in place, refusals."""
import json

import sandbox
from sandbox import equal

LAB = "impaired"


def links(host) -> dict[str, list]:
    """Every interface of the lab with its index, and the addresses of its hardware."""
    return {node: sorted((link["ifindex"], link["ifname"], link.get("address"))
                         for link in json.loads(host.inside(node, "ip", "-j", "link", lab=LAB).stdout))
            for node in host.nodes(LAB)}


def qdiscs(host, node: str) -> dict[str, str]:
    found = json.loads(host.inside(node, "tc", "-j", "qdisc", lab=LAB).stdout)
    return {one["dev"]: one["kind"] for one in found if one["kind"] in ("tbf", "netem")}


def test(host):
    host.start_daemon()
    impairment = next(f for f in host.json("doctor")["features"] if f["name"] == "impairment")
    netem = "netem" in impairment["chosen"]
    print(f"impairments by {impairment['chosen']}")
    file = host.labs / LAB / "lab.yaml"
    original = file.read_text()
    host.vpclab("up", file, timeout=280)

    # Both ends of the slow server's cable, and of no other's.
    equal(qdiscs(host, "slow"), {"eth0": "tbf"}, "qdiscs of slow")
    equal(qdiscs(host, "near"), {}, "qdiscs of near")
    if not netem:
        rules = host.inside("lossy", "nft", "list", "table", "netdev", "vpclab", lab=LAB).stdout
        assert 'device "eth0"' in rules and "mod 1000000 < 100000 drop" in rules, rules
    host.vpclab("drift", LAB)

    # Changed in place: other numbers, the same interfaces and processes, and a plan of nothing else.
    before, processes, nodes = links(host), host.processes(), host.nodes(LAB)
    host.edit(file, "rate: 10mbit", "rate: 50mbit")
    host.edit(file, "loss: 10%", "loss: 30%")
    plan = host.json("plan", file, status=3)["plan"]
    kinds = {step["key"]["kind"] for step in plan["steps"]}
    assert kinds <= {"qdisc", "nft-table"} and all(step["action"] == "update" for step in plan["steps"]), plan
    host.vpclab("apply", file)
    equal(links(host), before, "interfaces")
    equal(host.processes(), processes, "processes")
    equal(host.nodes(LAB), nodes, "namespaces")
    results = json.loads(host.vpclab("check", LAB, "--json", status=4, timeout=280).stdout)["checks"]["results"]
    rate = next(r for r in results if r["kind"] == "throughput" and r["to"] == "slow")
    assert rate["outcome"] == "failed" and all(25e6 < m["value"] < 55e6 for m in rate["measured"]), rate
    loss = next(r for r in results if r["kind"] == "loss" and r["to"] == "lossy")
    assert loss["outcome"] == "failed" and all(24 < m["value"] < 36 for m in loss["measured"]), loss
    equal([r["outcome"] for r in results if r["to"] not in ("slow", "lossy")],
          ["passed"] * sum(r["to"] not in ("slow", "lossy") for r in results), "the other checks")

    # Taken away again, and nothing is left of it.
    host.edit(file, ", loss: 30%", "")
    host.edit(file, ", rate: 50mbit", "")
    host.vpclab("apply", file)
    equal(qdiscs(host, "slow"), {}, "qdiscs of slow")
    assert "netdev" not in host.inside("lossy", "nft", "list", "tables", lab=LAB).stdout
    equal(links(host), before, "interfaces")

    file.write_text(original)  # which delay.yaml extends
    if netem:
        host.vpclab("up", host.labs / LAB / "delay.yaml", timeout=280)
        equal(qdiscs(host, "distant"), {"eth0": "netem"}, "qdiscs of distant")
        # Probes wait for what the lines delay: 2.4 s there and back.
        late = file.with_name("late.yaml")
        late.write_text("""extends: lab.yaml
servers: {near: {delay: 600ms}, slow: {delay: 600ms}}
checks:
  - ping: {from: near, to: slow, within: 20s}
  - ping: {from: near, to: slow, expect: unreachable}
""")
        host.vpclab("apply", late)
        results = json.loads(host.vpclab("check", LAB, "--json", status=4, timeout=280).stdout)["checks"]["results"]
        equal([r["outcome"] for r in results], ["passed", "failed"], f"what is late is not lost: {results}")
    else:
        said = host.vpclab("apply", host.labs / LAB / "delay.yaml", status=2).stderr
        assert "delay.yaml:" in said and "has a delay, which needs netem" in said and "linux-image" in said, said
        host.vpclab("drift", LAB)
    host.vpclab("down", LAB)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
