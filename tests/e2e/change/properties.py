#!/usr/bin/env python3
"""Every property of every cloud object, changed on a lab that carries traffic: what is touched, and what is not.

One lab, and many edits for each apply. After each: which namespaces, interfaces and processes are others than before,
which open connections are broken, and that nothing is left to do."""
import concurrent.futures
import ctypes
import json
import os
import re
import socket

import sandbox
from sandbox import equal, run, until

LAB = "change"
TEXT = """
lab: change
title: Changes
section: As it was
regions:
  north: {title: North}
  south: {title: South}
vpcs:
  va: {title: A, region: north, cidr: 10.1.0.0/16, route_policies: [{name: to-b, to: 10.2.1.0/24, via: nbr}]}
  vb: {region: south, cidr: 10.2.0.0/16, route_policies: [{to: 10.1.1.0/24, via: sbr}]}
vxnets:
  a1: {title: a1, vpc: va, cidr: 10.1.1.0/24}
  a2: {vpc: va, cidr: 10.1.2.0/24}
  a3: {vpc: va, cidr: 10.1.3.0/24, route_table: rt-v}
  b1: {vpc: vb, cidr: 10.2.1.0/24}
servers:
  quiet1: {vxnet: a2, address: 10.1.2.8, http: {port: 80}}
  quiet2: {vxnet: a2, address: 10.1.2.9}
  s1: {title: One, vxnet: a1, address: 10.1.1.2, http: {port: 80, size: 2kb}, rate: 20mbit}
  s2: {vxnet: a1, http: {port: 80}}
  s3: {vxnet: b1, address: 10.2.1.2, http: {port: 80}, eip: e2}
  s4: {vxnet: a3, address: 10.1.3.2}
  own: {vxnet: b1, address: 10.2.1.3, run: [sleep, "1000"], http: {}, document_root: /srv/www, files: {/etc/own.conf: {text: one}}}
border_routers:
  nbr: {title: N, region: north, vxnets: [a1], routes: [{name: behind, to: 192.168.7.0/24, via: 10.1.1.2}]}
  sbr: {region: south, vxnets: [b1]}
sdwan:
  wan:
    title: Wide
    access_points:
      ngw: {title: NG, region: north, border_router: nbr, bandwidth: 10mbit}
      sgw: {region: south, border_router: sbr}
eips:
  e1: {title: E1, region: north, address: 139.198.18.1, bandwidth: 10mbit}
  e2: {region: south, address: 139.198.18.2}
  e3: {region: north, address: 139.198.18.3}
load_balancers:
  lb:
    title: LB
    vxnet: a1
    eips: [e1]
    route_table: rt-lb
    listeners:
      web: {port: 80, backends: [{server: s1, port: 80}, {server: s2, port: 80}]}
      raw: {protocol: tcp, port: 81, backends: [{server: quiet1, port: 80}]}
route_tables:
  rt-lb: {for: load_balancer, routes: [{name: far, to: 10.2.1.0/24, via: nbr}, {to: 10.1.2.0/24, via: 10.1.1.1}, {to: 192.168.8.0/24, via: 10.1.1.1}]}
  rt-v: {for: vxnet, routes: [{to: 192.168.9.0/24, via: 10.1.3.77}]}
"""

# What is changed by one apply. Property, old text, new text, what is another one afterwards: "NODE" a namespace, "NODE/LINK"
# an interface, "NODE:PROGRAM" a process; and the connections that end: "web", "raw", "page".
ROUNDS = [
    [
        ("title of the lab", "title: Changes", "title: Changed", ""),
        ("section of the lab", "section: As it was", "section: As it is", ""),
        ("title of a region", "title: North", "title: Nord", ""),
        ("title of a VPC", "title: A,", "title: AA,", ""),
        ("cidr of a VPC", "cidr: 10.1.0.0/16", "cidr: 10.0.0.0/15", ""),
        ("name of a policy", "name: to-b", "name: to-bb", ""),
        ("to of a policy", "to: 10.2.1.0/24, via: nbr}]}\n  vb", "to: 10.2.0.0/16, via: nbr}]}\n  vb", ""),
        ("a policy more", "[{to: 10.1.1.0/24, via: sbr}]", "[{to: 10.1.1.0/24, via: sbr}, {to: 10.1.9.0/24, via: sbr}]", ""),
        ("title of a vxnet", "title: a1,", "title: a11,", ""),
        ("cidr of a vxnet", "cidr: 10.1.3.0/24", "cidr: 10.1.3.0/25", ""),
        ("route_table of a vxnet", ", route_table: rt-v", "", ""),
        ("title of a server", "title: One", "title: Eins", ""),
        ("address of a server", "s3: {vxnet: b1, address: 10.2.1.2,", "s3: {vxnet: b1, address: 10.2.1.4,", ""),
        ("size of a page", "size: 2kb", "size: 3kb", ""),
        ("rate of a server", "rate: 20mbit", "rate: 30mbit", ""),
        ("title of a border router", "title: N,", "title: NN,", ""),
        ("a route of a border router", "via: 10.1.1.2}]", "via: 10.1.1.20}]", ""),
        ("title of an SD-WAN", "title: Wide", "title: Wider", ""),
        ("title of an access point", "title: NG", "title: NNG", ""),
        ("bandwidth of an access point", "border_router: nbr, bandwidth: 10mbit", "border_router: nbr, bandwidth: 20mbit", ""),
        ("title of an EIP", "title: E1", "title: E-1", ""),
        ("bandwidth of an EIP", "address: 139.198.18.1, bandwidth: 10mbit", "address: 139.198.18.1, bandwidth: 20mbit", ""),
        ("address of an EIP", "address: 139.198.18.2}", "address: 139.198.18.22}", ""),
        ("title of a load balancer", "title: LB", "title: Balancer", ""),
        ("balance of a listener", "web: {port: 80,", "web: {port: 80, balance: leastconn,", ""),
        ("health check of a listener", "web: {port: 80,", "web: {port: 80, health_check: {type: http, interval: 2s},", ""),
        ("idle_timeout of a listener", "web: {port: 80,", "web: {port: 80, idle_timeout: 40s,", ""),
        ("header_size of a listener", "web: {port: 80,", "web: {port: 80, header_size: 20kb,", ""),
        ("forwarded_for of a listener", "web: {port: 80,", "web: {port: 80, forwarded_for: false,", ""),
        ("forwarded_proto of a listener", "web: {port: 80,", "web: {port: 80, forwarded_proto: true,", ""),
        ("title of a listener", "web: {port: 80,", "web: {title: Web, port: 80,", ""),
        ("weight of a backend", "{server: s1, port: 80}", "{server: s1, port: 80, weight: 2}", ""),
        ("port of a listener", "raw: {protocol: tcp, port: 81", "raw: {protocol: tcp, port: 82", ""),
        ("a listener more", "      raw: {", "      api: {port: 90, backends: [{server: s2, port: 80}]}\n      raw: {", ""),
        ("name of a route", "name: far", "name: farther", ""),
        ("next hop of a route", "to: 192.168.8.0/24, via: 10.1.1.1", "to: 192.168.8.0/24, via: nbr", ""),
        ("title of a route table", "rt-lb: {for", "rt-lb: {title: Routes, for", ""),
    ],
    [
        ("a vxnet more", "  b1: {vpc: vb", "  b2: {vpc: vb, cidr: 10.2.2.0/24}\n  b1: {vpc: vb", "switch.south/b2 switch.south/vb.b2 vb/b2"),
        ("vxnet of a server", "s4: {vxnet: a3, address: 10.1.3.2}", "s4: {vxnet: a1, address: 10.1.1.20}", "switch.north/s4.a1 switch.north/s4.a3"),
        ("run of a server", '"1000"', '"2000"', "own:sleep"),
        ("eip of a server", "s2: {vxnet: a1, http: {port: 80}}", "s2: {vxnet: a1, http: {port: 80}, eip: e3}", "internet/eip3 va/eip3"),
        ("a server more", "  own: {", "  s5: {vxnet: b1, http: {}}\n  own: {", "s5 s5/eth0 switch.south/s5.b1"),
        ("vxnets of a border router", "vxnets: [a1]", "vxnets: [a1, a3]", "nbr/a3 switch.north/nbr.a3"),
    ],
    [
        ("vpc of a vxnet", "b2: {vpc: vb, cidr: 10.2.2.0/24}", "b2: {vpc: va, cidr: 10.1.22.0/24}", "switch.north/b2 switch.north/va.b2 switch.south/b2 switch.south/vb.b2 va/b2 vb/b2"),
        ("port of a page", "s3: {vxnet: b1, address: 10.2.1.4, http: {port: 80}", "s3: {vxnet: b1, address: 10.2.1.4, http: {port: 8080}", ""),
        ("rate of a server, taken away", ", rate: 30mbit", "", ""),
        ("loss of a server", "s4: {vxnet: a1, address: 10.1.1.20}", "s4: {vxnet: a1, address: 10.1.1.20, loss: 1%}", ""),
        ("a file of a server", "{text: one}", "{text: two}", "own:sleep"),
        ("a server less", "  s5: {vxnet: b1, http: {}}\n", "", "s5 s5/eth0 switch.south/s5.b1"),
        ("the address in a joined vxnet", "vxnets: [a1, a3]", "vxnets: [a1, {vxnet: a3, address: 10.1.3.100}]", ""),
        ("an EIP moves from a server to a load balancer", ("http: {port: 80}, eip: e3}", "eips: [e1]"), ("http: {port: 80}}", "eips: [e1, e3]"), "lb/eip3 va/eip3"),
        ("a backend disabled", "{server: s1, port: 80, weight: 2}", "{server: s1, port: 80, disabled: true}", ""),
        ("protocol of a listener", "raw: {protocol: tcp, port: 82", "raw: {protocol: http, port: 82", ""),
        ("a listener less", "      api: {port: 90, backends: [{server: s2, port: 80}]}\n", "", ""),
        ("a route disabled", "name: farther, to: 10.2.1.0/24, via: nbr", "name: farther, to: 10.2.1.0/24, via: nbr, disabled: true", ""),
    ],
    [
        ("document_root of a server", "/srv/www", "/srv/web", "own:sleep"),
        ("eip of a server, taken away", "port: 8080}, eip: e2}", "port: 8080}}", "internet/eip2 vb/eip2"),
        ("an EIP moves to a server of the VPC", ("eips: [e1, e3]", "s4: {vxnet: a1, address: 10.1.1.20"), ("eips: [e1]", "s4: {vxnet: a1, address: 10.1.1.20, eip: e3"), "lb/eip3 va/eip3"),
        ("a backend for backup", "{server: s1, port: 80, disabled: true}", "{server: s1, port: 80, backup: true}", ""),
    ],
    [
        ("port of a backend", "{server: s1, port: 80, backup: true}", "{server: s1, port: 8080, backup: true}", ""),
    ],
    [
        ("a backend less", "{server: s1, port: 8080, backup: true}, ", "", ""),
    ],
]


def open_in(node: str, address: str, port: int) -> socket.socket:
    """A connected socket of the node's."""
    libc = ctypes.CDLL(None, use_errno=True)
    home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/vpclab.{LAB}.{node}", os.O_RDONLY)
    equal(libc.setns(there, 0x40000000), 0, f"entering {node}")
    try:
        one = socket.socket()
    finally:
        equal(libc.setns(home, 0x40000000), 0, "coming back")
        os.close(home), os.close(there)
    one.settimeout(20)
    one.connect((address, port))
    return one


class Connections:
    """Open ones, used again and again; each is opened anew only after it was found broken."""

    def __init__(self, balancer: str):
        self.ends = {"page": ("quiet2", "10.1.2.8", 80), "web": ("internet", "139.198.18.1", 80),
                     "raw": ("s2", balancer, 81)}
        self.open = {name: self.anew(name) for name in self.ends}
        self.gone = set()

    def anew(self, name: str) -> socket.socket:
        return until(lambda: self.connect(name), 30, f"a new connection {name}")

    def connect(self, name):
        try:
            one = open_in(*self.ends[name])
        except OSError:
            return None
        if self.ask(one, self.ends[name][1]):
            return one
        one.close()
        return None

    def use_all(self):
        for name in self.open.keys() - self.gone:
            if not self.ask(self.open[name], self.ends[name][1]):
                self.gone.add(name)

    def broken(self) -> set[str]:
        """Those that have broken since the last call, and opens them anew."""
        self.use_all()
        gone, self.gone = self.gone, set()
        for name in gone:
            self.open[name].close()
            self.open[name] = self.anew(name)
        return gone

    def close(self):
        for one in self.open.values():
            one.close()  # a socket keeps its namespace

    @staticmethod
    def ask(one, address) -> bool:
        try:
            one.sendall(f"GET / HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
            got = b""
            while b"\r\n\r\n" not in got:
                part = one.recv(65536)
                if not part:
                    return False
                got += part
            head, _, body = got.partition(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            while len(body) < length:
                part = one.recv(65536)
                if not part:
                    return False
                body += part
            return b" 200 " in head.split(b"\r\n")[0]
        except (OSError, StopIteration):
            return False


def identities(host) -> dict:
    """What would be another number if it were another object."""
    out = dict(host.nodes(LAB))
    script = f'for pin in /run/netns/vpclab.{LAB}.*; do echo "$pin"; ip -n "${{pin##*/}}" -o link; done'
    node = ""
    for line in run("sh", "-c", script).stdout.splitlines():
        if line.startswith("/run/netns/"):
            node = line.removeprefix(f"/run/netns/vpclab.{LAB}.")
        else:
            index, name = line.split(":")[:2]
            if name.strip().split("@")[0] != "lo":
                out[f"{node}/{name.strip().split('@')[0]}"] = index
    for pid, words in host.processes().items():
        program = os.path.basename(words[0])
        if program in ("vpclab-worker", "sleep", "wireguard-go"):
            inode = os.stat(f"/proc/{pid}/ns/net").st_ino
            where = next((n for n, i in host.nodes(LAB).items() if i == inode), "")
            out[f"{where}:{program}"] = pid
    return out


def touched(before: dict, after: dict) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test(host):
    host.start_daemon()
    file = host.directory / "change.yaml"
    text = TEXT
    file.write_text(text)
    host.vpclab("apply", file)
    balancer = next(a["local"] for link in json.loads(host.inside("lb", "ip", "-j", "address", lab=LAB).stdout)
                    if link["ifname"] == "eth0" for a in link["addr_info"])
    connections = Connections(balancer)
    before = identities(host)
    for number, edits in enumerate(ROUNDS, 1):
        for what, old, new, _ in edits:
            for part, instead in [(old, new)] if isinstance(old, str) else zip(old, new):
                equal(text.count(part), 1, f"{what}: {part!r} in the lab file")
                text = text.replace(part, instead)
        file.write_text(text)
        connections.ends["raw"] = ("s2", balancer, int(re.search(r"raw: {protocol: \w+, port: (\d+)", text)[1]))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            applying = pool.submit(host.json, "apply", file)
            while not applying.done():
                connections.use_all()
        assert applying.result()["settled"], f"round {number}"
        after = identities(host)
        equal(sorted(touched(before, after) | connections.broken()),
              sorted(name for edit in edits for name in edit[3].split()), f"what round {number} has made another one")
        host.vpclab("plan", file, status=0)
        before = after
    connections.close()
    host.vpclab("down", LAB)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
