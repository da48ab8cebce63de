#!/usr/bin/env python3
"""A VPC's router before servers with EIPs speaks for itself to the internet: a hop of each path, and who is not there."""
import sandbox
from sandbox import equal

LAB = "eip"


def test(host):
    host.start_daemon()
    lab = host.labs / LAB / "lab.yaml"
    host.edit(lab, "servers:\n", "  other-eip: {region: pek3, address: 139.198.18.141}\n\nservers:\n")
    host.edit(lab, "{vxnet: net, address: 172.16.1.3}", "{vxnet: net, address: 172.16.1.3, eip: other-eip}")
    lab.write_text(lab.read_text()[:lab.read_text().index("checks:")] +
                   "checks:\n"
                   "  - path: {from: internet, to: web-eip, through: [vpc]}\n"
                   "  - path: {from: internet, to: other-eip, through: [vpc]}\n")
    host.vpclab("up", lab)

    # Each answer takes the line of its own EIP: web-eip's is eip2, since `other` comes before `web`.
    host.vpclab("link", "set", "vpc:eip2", "--down")
    checks = host.json("check", LAB, status=4)["checks"]["results"]
    equal([check["outcome"] for check in checks], ["failed", "passed"], "the paths while the first EIP's line is down")
    host.vpclab("heal", LAB)
    host.vpclab("check", LAB)

    # A server that has gone is told, as in any network.
    host.vpclab("link", "set", "web", "--down")
    host.inside("vpc", "ip", "neigh", "flush", "all", lab=LAB)  # what is learnt is believed for half a minute
    ping = host.inside("internet", "ping", "-c", 1, "-W", 10, "139.198.18.140", lab=LAB, check=False)
    assert "Destination Host Unreachable" in ping.stdout, ping.stdout
    host.vpclab("heal", LAB)

    # Where nothing is translated any more, nothing of it is left.
    host.edit(lab, ", eip: other-eip", "")
    host.edit(lab, ", eip: web-eip", "")
    lab.write_text(lab.read_text()[:lab.read_text().index("checks:")])
    host.vpclab("up", lab)
    host.vpclab("down", LAB)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
