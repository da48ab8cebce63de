#!/usr/bin/env python3
"""Objects of each kind changed by hand: drift names each and nothing else, heal puts back these and nothing else."""
import json

import sandbox
from kernel import differences, snapshot
from sandbox import equal

LAB = "cross-region"


# A server with an EIP has an nft table on every kernel, in its VPC's router; border routers need none where VRF devices are.
ON_TOP = """extends: stage-4b.yaml
eips: {nat: {region: gd2, address: 139.198.18.136}}
servers: {gd-server1: {eip: nat}}
"""


def rule_of_ours(host, node: str) -> str:
    """How to delete one of the rules that lead into a domain; none where the kernel has VRF devices."""
    for rule in json.loads(host.inside(node, "ip", "-j", "rule").stdout):
        if "iif" in rule:
            return f"ip rule delete priority {rule['priority']}"
    return ""


def peer_of(host, node: str, device: str) -> str:
    """The key of a peer of the kernel's own WireGuard; none where wireguard-go stands in for it."""
    shown = host.inside(node, "wg", "show", device, "peers", check=False)
    return shown.stdout.strip() if shown.returncode == 0 else ""


def test(host):
    host.start_daemon()
    file = host.stage("4b").with_name("drift.yaml")
    file.write_text(ON_TOP)
    host.vpclab("up", file)
    before = snapshot(host)

    # Kind and node, what a hand does there.
    hands = {
        ("route", "bj-server1"): "ip route delete default",
        ("address", "bj-server1"): "ip route flush table local dev eth0; ip route delete 172.16.1.0/24",
        ("address", "bj-server2"): "ip address add 192.0.2.9/32 dev eth0",
        ("address", "gd-server1"): "ip address add 192.0.2.9 peer 192.0.2.10/32 dev eth0",
        ("netns", "bj-server2"): "ip link set lo down",
        ("netns", "bj-vpc1"): "ip route flush table local dev lo",
        ("nft-table", "gd-vpc1"): "nft flush table ip vpclab",
        ("veth", "gd-server1"): "ip link set eth0 mtu 1400",
        ("qdisc", "bj-server1"): "tc qdisc add dev eth0 root tbf rate 5mbit burst 10k latency 50ms",
        ("sysctl", "xr-lb"): "echo 1 >/proc/sys/net/ipv4/conf/all/send_redirects",
    }
    if rule := rule_of_ours(host, "bj-br1"):
        hands["rule", "bj-br1"] = rule
    if peer := peer_of(host, "bj-br1", "bj-gw"):
        hands["wireguard", "bj-br1"] = f"wg set bj-gw peer {peer} persistent-keepalive 33"
    for (_, node), command in hands.items():
        host.inside(node, "sh", "-c", command)
    steps = host.json("drift", LAB, status=3)["plan"]["steps"]
    equal(sorted((s["key"]["kind"], s["key"]["netns"]) for s in steps), sorted(hands), "what drift names")
    text = host.vpclab("drift", LAB, status=3).stdout
    for kind, node in hands:
        assert node in text, f"the {kind} of {node} in:\n{text}"

    host.vpclab("heal", LAB)
    host.vpclab("drift", LAB, status=0)
    # A table is swapped whole, and gets other numbers.
    equal([line for line in differences(before, snapshot(host)) if "/handle: " not in line], [], "what is not as it was")
    host.vpclab("down", LAB)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
