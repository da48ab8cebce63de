#!/usr/bin/env python3
"""1 MiB in packets of full size across the tunnel; when the routers' word of the MTU is kept back, the checks fail."""
import json

import sandbox
from sandbox import until

LAB = "path-mtu"


def fetched(host) -> str:
    return host.inside("internet", "curl", "--silent", "--max-time", 20, "--output", "/dev/null", "--write-out",
                       "%{size_download}", "http://139.198.18.160/", lab=LAB, check=False).stdout


def test(host):
    host.start_daemon()
    host.vpclab("up", host.labs / LAB / "lab.yaml", timeout=280)
    host.vpclab("down", LAB)
    host.start_daemon()
    host.vpclab("apply", host.labs / LAB / "lab.yaml")
    # Without a check nobody has waited for the balancer's first look at its backend.
    until(lambda: fetched(host) == str(1 << 20), 30, "1 MiB by the balancer")

    # Broken on purpose: the border router of the far region says nothing any more, to whoever has not heard it yet.
    host.vpclab("down", LAB)
    host.start_daemon()
    host.vpclab("apply", host.labs / LAB / "lab.yaml")
    for router in ("north-br", "south-br"):
        host.inside(router, "nft", "add table ip mute; add chain ip mute out { type filter hook output priority 0; }; "
                                   "add rule ip mute out icmp type destination-unreachable drop", lab=LAB)
    results = json.loads(host.vpclab("check", LAB, "--json", status=4, timeout=280).stdout)["checks"]["results"]
    failed = [r for r in results if r["outcome"] == "failed"]
    assert len(failed) == len(results), f"passed without a word of the MTU: {[r['title'] for r in results if r not in failed]}"
    # Connections that hang in the black hole hold their namespaces. A kernel that cannot abort what no program has open
    # any more (5.10) gives them up only when their next retransmission is due, up to two minutes later.
    host.vpclab("down", LAB, timeout=200)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
