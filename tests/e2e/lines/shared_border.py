#!/usr/bin/env python3
"""Two tenants on shared border routers: the lab's checks, and with ping(8) and curl(1) what crosses and what does not."""
import sandbox

LAB = "shared-border"


def test(host):
    host.start_daemon()
    host.vpclab("up", host.labs / LAB / "lab.yaml")

    def inside(node, *command, **keywords):
        return host.inside(node, *command, lab=LAB, **keywords)

    def pings(node, address):
        return inside(node, "ping", "-c", 1, "-W", 1, address, check=False).returncode == 0

    for tenant in ("red", "blue"):
        other = {"red": "blue", "blue": "red"}[tenant]
        page = inside(f"{tenant}-n", "curl", "--silent", "--max-time", 10, "http://10.2.1.2/").stdout
        assert {"red": "红南", "blue": "蓝南"}[tenant] in page and len(page) > 100_000, f"{tenant} got {len(page)} bytes"
        # Each hears of the tunnel's MTU by its own router: the largest packet that fits goes, one byte more is told.
        fits = inside(f"{tenant}-n", "ping", "-c", 1, "-W", 2, "-M", "do", "-s", 1420 - 28, "10.2.1.2", check=False)
        assert fits.returncode == 0, fits.stdout
        large = inside(f"{tenant}-s", "ping", "-c", 2, "-W", 1, "-M", "do", "-s", 1421 - 28, "10.1.1.2", check=False)
        said = (large.stdout + large.stderr).lower()  # newer releases of ping leave the number out
        assert large.returncode != 0 and ("mtu" in said or "message too long" in said), said
        assert pings(f"{tenant}-n", "10.1.1.254"), f"{tenant} is not answered by its .254"
        assert not pings(f"{other}-n", {"red": "10.2.1.77", "blue": "10.2.1.88"}[tenant]), f"{other} reaches {tenant}"
        assert pings(f"{tenant}-n", {"red": "10.2.1.77", "blue": "10.2.1.88"}[tenant]), f"{tenant} lost its own"

    # One tenant's tunnel goes; the other's stays, and nobody takes the wrong one.
    host.vpclab("link", "set", "south-br:red-south-gw", "--down")
    assert not pings("red-n", "10.2.1.2") and pings("blue-n", "10.2.1.2")
    host.vpclab("heal", LAB)
    host.vpclab("check", LAB)
    host.vpclab("down", LAB)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
