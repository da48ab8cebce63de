#!/usr/bin/env python3
"""A lab of many servers: lab.py SERVERS [PAGES] prints it; with PAGES each server has its page.

25 servers a vxnet, 10 vxnets a VPC, 20 VPCs a border router, and policies so that all reach all.
"""
import sys

SERVERS_A_VXNET, VXNETS_A_VPC, VPCS = 25, 10, 20
MOST = SERVERS_A_VXNET * VXNETS_A_VPC * VPCS
NAME = "scale"


def ranges(count: int, size: int) -> list[range]:
    return [range(first, min(first + size, count)) for first in range(0, count, size)]


def text(servers: int, pages: bool = False) -> str:
    if not 1 <= servers <= MOST:
        raise SystemExit(f"a border router has the VPCs of at most {MOST} servers")
    vxnets = ranges(servers, SERVERS_A_VXNET)
    vpcs = ranges(len(vxnets), VXNETS_A_VPC)
    out = [f"lab: {NAME}", "regions: {here: {}}", "vpcs:"]
    for v in range(len(vpcs)):
        out += [f"  vpc{v}:", "    region: here", f"    cidr: 10.{v}.0.0/16"]
        others = [w for w in range(len(vpcs)) if w != v]
        if others:
            out += ["    route_policies:"] + [f"      - {{to: 10.{w}.0.0/16, via: border}}" for w in others]
    out += ["vxnets:"]
    for v, own in enumerate(vpcs):
        out += [f"  net{n}: {{vpc: vpc{v}, cidr: 10.{v}.{n - own.start}.0/24}}" for n in own]
    out += ["servers:"]
    for n, own in enumerate(vxnets):
        for s in own:
            address = f"10.{n // VXNETS_A_VPC}.{n % VXNETS_A_VPC}.{s - own.start + 2}"
            out.append(f"  s{s}: {{vxnet: net{n}, address: {address}{', http: {}' if pages else ''}}}")
    if len(vpcs) > 1:
        out += ["border_routers:", f"  border: {{region: here, vxnets: [{', '.join(f'net{n}' for n in range(len(vxnets)))}]}}"]
    last = servers - 1
    if last:
        out += ["checks:", f"  - ping: {{from: s0, to: s{last}}}", f"  - ping: {{from: s{last}, to: s0}}"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text(int(sys.argv[1]), len(sys.argv) > 2))
