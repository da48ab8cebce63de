#!/usr/bin/env python3
"""An address that becomes another server's: whoever has just spoken with the one before reaches the new one at once, and not only
when the kernel doubts what it has learnt by ARP, half a minute later."""
import sandbox
from sandbox import equal, until

LAB = "moved"
HEAD = """lab: moved
regions: {r: {}}
vpcs:
  v: {region: r, cidr: 10.1.0.0/16, route_policies: [{to: 10.2.0.0/16, via: br}]}
  w: {region: r, cidr: 10.2.0.0/16, route_policies: [{to: 10.1.0.0/16, via: br}]}
vxnets:
  n: {vpc: v, cidr: 10.1.1.0/24}
  m: {vpc: w, cidr: 10.2.1.0/24}
border_routers:
  br: {region: r, vxnets: [n, m]}
servers:
  far: {vxnet: m, address: 10.2.1.2}
  asks: {vxnet: n, address: 10.1.1.9}
"""
CASES = {
    "two servers": {"one": 2, "two": 3},
    "renamed": {"other": 2, "two": 3},
    "swapped": {"other": 3, "two": 2},
    "one takes the place of one that goes": {"two": 3},
    "one more, where one was before": {"new": 2, "two": 3},
}


def learnt(host, node: str) -> str:
    return host.inside(node, "ip", "neighbour", lab=LAB).stdout


def test(host):
    file = host.directory / "moved.yaml"
    host.start_daemon()
    for what, servers in CASES.items():
        file.write_text(HEAD + "".join(f"  {name}: {{vxnet: n, address: 10.1.1.{n}}}\n" for name, n in servers.items()) +
                        "checks:\n" + "".join(f"  - ping: {{from: {asker}, to: {name}, within: 4s}}\n"
                                              for asker in ("asks", "far") for name in servers))
        done = host.vpclab("up", file, status=None)
        equal(done.returncode, 0, f"{what}:\n{done.stdout}{done.stderr}")
        for number in servers.values():
            until(lambda: f"10.1.1.{number} dev eth0 lladdr" in learnt(host, "asks"), 5, "the address was learnt, so this test can fail")
    # A MAC that somebody else has set, and that others have learnt, is forgotten when it is back.
    host.inside("two", "ip", "link", "set", "eth0", "address", "02:00:00:00:00:02", lab=LAB)
    host.inside("asks", "ip", "neighbour", "flush", "all", lab=LAB)
    until(lambda: host.inside("asks", "ping", "-c", 1, "-W", 1, "10.1.1.3", lab=LAB, check=False).returncode == 0, 10, "the MAC is used")
    assert "02:00:00:00:00:02" in learnt(host, "asks")
    host.vpclab("heal", LAB)
    done = host.vpclab("check", LAB, status=None)
    equal(done.returncode, 0, f"healed:\n{done.stdout}{done.stderr}")
    host.vpclab("down", LAB)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
