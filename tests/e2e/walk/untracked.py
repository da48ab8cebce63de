#!/usr/bin/env python3
"""A VPC's router tracks connections for its EIPs only. It sees one direction of what border routers bring: whole tables of
half connections, and of two packets that begin such a one on two processors the kernel drops one."""
import sandbox
from sandbox import equal

LAB = """
lab: untracked
regions: {here: {}}
vpcs:
  vpc: {region: here, cidr: 172.16.0.0/16, route_policies: [{to: 172.17.0.0/16, via: br}]}
  other: {region: here, cidr: 172.17.0.0/16, route_policies: [{to: 172.16.0.0/16, via: br}]}
vxnets:
  net: {vpc: vpc, cidr: 172.16.1.0/24}
  second: {vpc: vpc, cidr: 172.16.2.0/24}
  far: {vpc: other, cidr: 172.17.1.0/24}
border_routers:
  br: {region: here, vxnets: [net, far]}
eips:
  eip: {region: here, address: 139.198.18.140}
servers:
  web: {vxnet: net, address: 172.16.1.2, eip: eip, http: {}}
  neighbour: {vxnet: net, address: 172.16.1.3, http: {}}
  beside: {vxnet: second, address: 172.16.2.2, http: {}}
  guest: {vxnet: far, address: 172.17.1.2, http: {}}
"""
INTRANET = [("guest", "172.16.1.2"), ("guest", "172.16.1.3"), ("web", "172.17.1.2"), ("neighbour", "172.17.1.2"),
            ("web", "172.16.2.2"), ("beside", "172.16.1.2"), ("beside", "172.16.1.3")]
BY_EIP = ["internet", "neighbour", "beside", "web"]


def test(host):
    def page(node: str, address: str) -> str:
        return host.inside(node, "curl", "--silent", "--fail", "--max-time", 5, f"http://{address}/", lab="untracked").stdout

    def tracked() -> int:
        return int(host.inside("vpc", "cat", "/proc/sys/net/netfilter/nf_conntrack_count", lab="untracked").stdout)

    file = host.directory / "untracked.yaml"
    file.write_text(LAB)
    host.start_daemon()
    host.vpclab("up", file)
    for node, address in INTRANET:
        page(node, address)
    equal(tracked(), 0, "connections that the router tracks, none of them by its EIP")
    for number, node in enumerate(BY_EIP, 1):
        assert "web" in page(node, "139.198.18.140"), f"{node} gets another page by the EIP"
        equal(tracked(), number, f"connections by the EIP, the last one from {node}")
    host.inside("web", "ping", "-c", 1, "-W", 1, "198.51.100.1", lab="untracked")
    equal(tracked(), len(BY_EIP) + 1, "with the one that goes out by it")
    host.vpclab("down", "--all")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
