#!/usr/bin/env python3
"""The smaller labs: their own checks, then the same with ping(8); two of them side by side."""
import json
import os

import sandbox
from sandbox import SOURCE, equal, run


def translations(host, lab: str, node: str) -> list[tuple[str, str, str]]:
    """What nft(8) says of the node's NAT: (hook, statement, address), the address "" where it is the interface's own."""
    objects = json.loads(host.inside(node, "nft", "-j", "list", "ruleset", lab=lab).stdout)["nftables"]
    hooks = {o["chain"]["name"]: o["chain"].get("hook") for o in objects if "chain" in o}
    return sorted((hooks[o["rule"]["chain"]], name, (statement[name] or {}).get("addr", ""))
                  for o in objects if "rule" in o for statement in o["rule"]["expr"]
                  for name in ("dnat", "snat", "masquerade") if name in statement)


def test(host):
    host.start_daemon()
    for lab in ("hello", "eip"):
        host.vpclab("up", host.labs / lab / "lab.yaml")
    for lab in ("hello", "eip"):
        run(SOURCE / "netns-scripts/by-hand" / lab, "check", env={**os.environ, "BYHAND_CHECKS": f"vpclab.{lab}."})
    equal(translations(host, "eip", "vpc"), [("postrouting", "masquerade", ""), ("postrouting", "snat", "139.198.18.140"),
                                             ("prerouting", "dnat", "172.16.1.2")], "the public address' translations")
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
