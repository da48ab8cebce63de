#!/usr/bin/env python3
"""Every server to every server: what a policy connects, what none does, and what is seen of that once it is broken."""
import json
import re
import xml.etree.ElementTree as ElementTree

import sandbox
from sandbox import equal

NETS = {"east": 1, "west": 2, "lone": 3}
SERVERS = 4
LAB = """lab: grid
regions: {r: {}}
vpcs:
  east: {region: r, cidr: 10.1.0.0/16, route_policies: [{name: to-west, to: 10.2.0.0/16, via: br}]}
  west: {region: r, cidr: 10.2.0.0/16, route_policies: [{name: to-east, to: 10.1.0.0/16, via: br}]}
  lone: {region: r, cidr: 10.3.0.0/16}
vxnets:
""" + "".join(f"  {net}-net: {{vpc: {net}, cidr: 10.{n}.1.0/24}}\n" for net, n in NETS.items()) + "servers:\n" + "".join(
    f"  {net}{s}: {{vxnet: {net}-net, address: 10.{n}.1.{s + 1}}}\n"
    for net, n in NETS.items() for s in range(1, SERVERS + 1)) + "border_routers:\n  br: {region: r, vxnets: [east-net, west-net]}\n"
PAIRS = {"reached": 3 * 4 * 3 + 2 * 16, "blocked": 2 * 2 * 16, "missing": 0, "leaks": 0, "untold": 0, "elsewhere": 0}

# A server with a slow line, and access points that all servers of two regions share.
MANY = 50
SLOW = """lab: slow
regions: {r1: {}, r2: {}}
vpcs:
  near: {region: r1, cidr: 10.1.0.0/16, route_policies: [{to: 10.2.0.0/16, via: near-br}]}
  far: {region: r2, cidr: 10.2.0.0/16, route_policies: [{to: 10.1.0.0/16, via: far-br}]}
vxnets:
  near-net: {vpc: near, cidr: 10.1.1.0/24}
  far-net: {vpc: far, cidr: 10.2.1.0/24}
border_routers:
  near-br: {region: r1, vxnets: [near-net]}
  far-br: {region: r2, vxnets: [far-net]}
sdwan:
  wan:
    access_points:
      near-gw: {region: r1, border_router: near-br, bandwidth: 1mbit}
      far-gw: {region: r2, border_router: far-br, bandwidth: 1mbit}
servers:
  slow: {vxnet: near-net, address: 10.1.1.200, rate: 64kbit}
""" + "".join(f"  {net}{s}: {{vxnet: {net}-net, address: 10.{n}.1.{s + 1}}}\n"
              for n, net in enumerate(("near", "far"), 1) for s in range(1, MANY + 1))


def matrix(host, status=0):
    return host.json("check", "--matrix", status=status)["matrix"]


def slow_lines(host):
    """Between servers whose lines carry a few pings at once only, no more are in flight."""
    file = host.directory / "slow.yaml"
    file.write_text(SLOW)
    host.vpclab("apply", file, timeout=280)
    seen = json.loads(host.vpclab("check", "slow", "--matrix", "--json", status=None, timeout=280).stdout)["matrix"]
    equal((seen["reached"], seen["missing"]), ((2 * MANY + 1) * 2 * MANY, 0), "the matrix of slow lines")
    host.vpclab("down", "slow")


# Fast by the file.
FAST = """lab: fast
regions: {r: {}}
vpcs:
  east: {region: r, cidr: 10.1.0.0/16, route_policies: [{to: 10.2.0.0/16, via: br}]}
  west: {region: r, cidr: 10.2.0.0/16, route_policies: [{to: 10.1.0.0/16, via: br}]}
vxnets: {east-net: {vpc: east, cidr: 10.1.1.0/24}, west-net: {vpc: west, cidr: 10.2.1.0/24}}
border_routers: {br: {region: r, vxnets: [east-net, west-net]}}
checks: [{ping: {from: east1, to: west1}}]
servers:
""" + "".join(f"  {net}{s}: {{vxnet: {net}-net, address: 10.{n}.1.{s + 1}}}\n"
              for n, net in enumerate(("east", "west"), 1) for s in range(1, 21))


def set_lines(host):
    """The lines are as slow as `link set` has made them: a server's own, and a router's that all share."""
    file = host.directory / "fast.yaml"
    file.write_text(FAST)
    host.vpclab("apply", file)
    for node, link, rate in (("east7", "fast/east7", "16kbit"), ("br", "fast/br:east-net", "64kbit")):
        host.vpclab("link", "set", link, "--rate", rate)
        # What the line lets pass at once is used up before.
        host.inside(node, "ping", "-q", "-c", 12, "-i", 0.01, "-W", 1, "-s", 1400, "10.1.1.1", lab="fast", check=False)
        seen = json.loads(host.vpclab("check", "fast", "--matrix", "--json", status=None, timeout=280).stdout)["matrix"]
        equal((seen["reached"], seen["missing"], seen["not_alive"]), (40 * 39, 0, []),
              f"the matrix while {link} takes {rate}: {seen['mismatches'][:3]}")
        host.vpclab("check", "fast")
        host.vpclab("heal", "fast")
    host.vpclab("down", "fast")


def counts(seen):
    return {key: seen[key] for key in PAIRS}


def test(host):
    file = host.directory / "grid.yaml"
    file.write_text(LAB)
    host.start_daemon()
    host.vpclab("apply", file)

    def inside(node, *command):
        return host.inside(node, *command, lab="grid")

    equal(counts(matrix(host)), PAIRS, "the matrix of a lab that is as it should be")

    # What is lost once is asked again before it is believed: the first four requests that reach east1 are dropped.
    inside("east1", "nft", "add table ip lossy; add chain ip lossy in { type filter hook input priority 0; }; "
                           "add rule ip lossy in icmp type echo-request quota until 240 bytes counter drop")
    equal(counts(matrix(host)), PAIRS, "the matrix while packets get lost")
    dropped = inside("east1", "nft", "list", "table", "ip", "lossy").stdout
    assert int(re.search(r"counter packets (\d+)", dropped)[1]) >= 3, dropped
    inside("east1", "nft", "delete", "table", "ip", "lossy")

    # Without west's policy no answer of west's servers comes to east, nor anything of them.
    inside("west", "ip", "route", "del", "10.1.0.0/16")
    report = host.directory / "matrix.xml"
    text = host.vpclab("check", "--matrix", "--junit", report, status=4)
    assert "32 of 132 pairs are not as expected" in text.stderr, text.stderr
    line = next(line for line in text.stdout.splitlines() if line.startswith("east1 → west1: "))
    assert "expected reachable (by route policy to-west of vpc east (" in line, line
    assert re.search(r"back by route policy to-east of vpc west \([^ ]*grid.yaml:5:\d+\)", line), line
    assert line.endswith("seen no answer within 1000 ms"), line
    suite = ElementTree.parse(report).getroot().find("testsuite")
    equal((suite.get("tests"), suite.get("failures"), len(suite.findall("testcase/failure"))), ("132", "32", 32), "JUnit")
    seen = matrix(host, status=4)
    equal(counts(seen), {**PAIRS, "reached": PAIRS["reached"] - 32, "missing": 32}, "the matrix without west's policy")
    assert {(m["from"][:4], m["to"][:4]) for m in seen["mismatches"]} == {("east", "west"), ("west", "east")}
    lost = next(m for m in seen["mismatches"] if (m["from"], m["to"]) == ("west2", "east3"))
    # The kernel answers so many requests a second with an error, on the whole host, and drops the others.
    assert lost["seen"] in ("Destination Net Unreachable from 10.2.1.1", "no answer within 1000 ms"), lost
    host.vpclab("heal", "grid")

    # Blocked is not broken: what should not reach a server that is dead proves nothing.
    inside("lone1", "ip", "link", "set", "eth0", "down")
    seen = matrix(host, status=4)
    equal(counts(seen), {**PAIRS, "reached": PAIRS["reached"] - 6, "missing": 6, "blocked": PAIRS["blocked"] - 16,
                         "untold": 16}, "the matrix with a dead server")
    assert len(seen["not_alive"]) == 1 and seen["not_alive"][0].startswith("lone1 is not alive: "), seen["not_alive"]

    slow_lines(host)
    set_lines(host)
    host.vpclab("down", "grid")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
