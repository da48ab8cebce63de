#!/usr/bin/python3
"""What Mininet (Debian's package) takes for as many hosts: mininet_peer.py SERVERS, prints {"up_ms": ..., "down_ms": ...}.

25 hosts a switch, a router (a host that forwards) with a leg in each. Its switches are bridges made with ip(8): Open
vSwitch needs a daemon and a kernel module, and LinuxBridge the brctl of a package that Debian has dropped. Run it in a
network namespace of its own: Mininet's switches are in the one where it runs.
"""
import json
import sys
import time

from mininet.link import Link
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import Host, Switch
from mininet.topo import Topo

A_SWITCH = 25


class Bridge(Switch):
    def start(self, controllers):
        self.cmd(f"ip link add {self.name} type bridge; ip link set {self.name} up")
        for port in self.intfList():
            if str(port) != "lo":
                self.cmd(f"ip link set {port} master {self.name} up")

    def stop(self, deleteIntfs=True):
        self.cmd(f"ip link delete {self.name}")
        super().stop(deleteIntfs)


class Router(Host):
    def config(self, **parameters):
        super().config(**parameters)
        self.cmd("echo 1 >/proc/sys/net/ipv4/ip_forward")


class Vxnets(Topo):
    def build(self, servers=1):
        router = self.addHost("r", cls=Router, ip=None)
        for n in range(0, servers, A_SWITCH):
            net = f"10.{n // A_SWITCH // 250}.{n // A_SWITCH % 250}"
            switch = self.addSwitch(f"b{n // A_SWITCH}")
            self.addLink(router, switch, intfName1=f"r-{n // A_SWITCH}", params1={"ip": f"{net}.1/24"})
            for s in range(n, min(n + A_SWITCH, servers)):
                self.addLink(self.addHost(f"h{s}", ip=f"{net}.{s - n + 2}/24", defaultRoute=f"via {net}.1"), switch)


def main():
    setLogLevel("error")
    start = time.monotonic()
    net = Mininet(Vxnets(servers=int(sys.argv[1])), switch=Bridge, link=Link, controller=None)
    net.start()
    up = time.monotonic()
    lost = net.ping([net["h0"], net[f"h{int(sys.argv[1]) - 1}"]], timeout="1")
    before_down = time.monotonic()
    net.stop()
    print(json.dumps({"up_ms": (up - start) * 1000, "down_ms": (time.monotonic() - before_down) * 1000, "lost": lost}))


if __name__ == "__main__":
    main()
