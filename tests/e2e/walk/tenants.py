#!/usr/bin/env python3
"""Two tenants with the same ranges on one border router: each reaches its own, by ping and curl, and never the other."""
import json

import sandbox
from sandbox import equal, until

LAB = """
lab: tenants
regions: {r: {}}
vpcs:
%(vpcs)s
vxnets:
%(vxnets)s
servers:
%(servers)s
border_routers:
  br:
    region: r
    domains:
      one: {vxnets: [one-left, one-right]}
      two: {vxnets: [two-left, two-right]}
"""
TENANTS = ("one", "two")
SIDES = {"left": 1, "right": 2}


def lab_text():
    vpcs, vxnets, servers = [], [], []
    for tenant in TENANTS:
        for side, number in SIDES.items():
            name, other = f"{tenant}-{side}", 3 - number
            vpcs.append(f"  {name}-vpc: {{region: r, cidr: 10.{number}.0.0/16, "
                        f"route_policies: [{{to: 10.{other}.0.0/16, via: br}}]}}")
            vxnets.append(f"  {name}: {{vpc: {name}-vpc, cidr: 10.{number}.1.0/24}}")
            servers.append(f"  {name}-server: {{vxnet: {name}, address: 10.{number}.1.2, http: {{port: 80}}}}")
    return LAB % {"vpcs": "\n".join(vpcs), "vxnets": "\n".join(vxnets), "servers": "\n".join(servers)}


def test(host):
    file = host.directory / "tenants.yaml"
    file.write_text(lab_text())
    host.start_daemon()
    host.vpclab("up", file)

    def inside(node, *command, **keywords):
        return host.inside(node, *command, lab="tenants", **keywords)

    # As ip(8) sees it, the router has each of its two addresses twice, and no route to a tenant in the main table.
    addresses = sorted(address["local"]
                       for link in json.loads(inside("br", "ip", "-j", "-4", "address").stdout)
                       for address in link["addr_info"] if link["ifname"] != "lo")
    equal(addresses, ["10.1.1.254", "10.1.1.254", "10.2.1.254", "10.2.1.254"], "addresses of the border router")
    main = [route["dst"] for route in json.loads(inside("br", "ip", "-j", "route", "show", "table", "main").stdout)]
    equal([dst for dst in main if dst.startswith("10.")], [], "the border router's main table")

    for tenant in TENANTS:
        other = TENANTS[1 - TENANTS.index(tenant)]
        for side, number in SIDES.items():
            far, address = {"left": "right", "right": "left"}[side], f"10.{3 - number}.1.2"
            here = f"{tenant}-{side}-server"
            inside(here, "ping", "-c", 2, "-W", 2, address)
            # The border router answers each tenant from its own domain: by itself, and as the second hop.
            inside(here, "ping", "-c", 2, "-W", 2, f"10.{number}.1.254")
            hop = inside(here, "ping", "-c", 1, "-W", 2, "-t", 2, address, check=False).stdout
            assert f"10.{number}.1.254" in hop and "exceeded" in hop.lower(), f"{here} to {address}, 2nd hop:\n{hop}"
            page = inside(here, "curl", "--silent", "--fail", "--max-time", 5, f"http://{address}/").stdout
            assert f"{tenant}-{far}-server" in page and f"{other}-" not in page, f"{here} got the page:\n{page}"

    # Without its own server a tenant gets no answer: not that of the same address next door.
    inside("two-right-server", "ip", "link", "set", "eth0", "down")
    assert inside("two-left-server", "ping", "-c", 1, "-W", 1, "10.2.1.2", check=False).returncode != 0, \
        "an answer from the other tenant"
    inside("one-left-server", "ping", "-c", 2, "-W", 2, "10.2.1.2")
    host.vpclab("heal", "tenants")
    until(lambda: inside("two-left-server", "ping", "-c", 1, "-W", 1, "10.2.1.2", check=False).returncode == 0, 10,
          "the second tenant's server answers again")
    host.vpclab("down", "tenants")


if __name__ == "__main__":
    sandbox.main(test)
