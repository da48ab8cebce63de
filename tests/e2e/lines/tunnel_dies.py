#!/usr/bin/env python3
"""Killing wireguard-go: back within two seconds with the same keys, whichever side speaks first; inspect tells it."""
import os
import signal
import time

import sandbox
from sandbox import equal, until

WITHIN = 2.0  # seconds


def tunnels(host) -> dict[str, dict]:
    return {t["access_point"]: t for t in host.json("inspect", "cross-region")["labs"][0]["tunnels"]}


def test(host):
    host.start_daemon()
    host.vpclab("up", host.stage("3b"))
    seen = tunnels(host)
    equal(sorted(seen), ["bj-gw", "gd-gw"], "tunnels")
    for point, other in (("bj-gw", "gd-gw"), ("gd-gw", "bj-gw")):
        peer, = seen[point]["peers"]
        equal(peer["access_point"], other, f"peer of {point}")
        assert peer["handshake_age_seconds"] is not None and peer["handshake_age_seconds"] < 120, peer
        assert peer["received_bytes"] > 0 and peer["sent_bytes"] > 0, peer
    shown = host.vpclab("inspect", "cross-region").stdout
    assert "HANDSHAKE" in shown and "s ago" in shown, shown
    chosen = next(f["chosen"] for f in host.json("doctor")["features"] if f["name"] == "tunnel")
    if chosen == "wireguard device":
        sandbox.skip("the kernel's own WireGuard has no process that could end")

    keys = {point: tunnel["peers"][0]["public_key"] for point, tunnel in seen.items()}
    sides = {"bj-server1": "192.168.211.2", "gd-server1": "172.16.1.2"}
    for victim in ("bj-gw", "gd-gw"):
        for speaker, address in sides.items():
            until(lambda: host.pings(speaker, address), 30, f"{speaker} reaches {address}")
            time.sleep(0.2)  # the supervisor forgives the first end at once, later ones after a pause of its own
            os.kill(tunnels(host)[victim]["pid"], signal.SIGKILL)
            began = time.monotonic()
            until(lambda: host.inside(speaker, "ping", "-c", 1, "-W", 0.2, address, check=False).returncode == 0, 30,
                  f"{speaker} reaches {address} again")
            took = time.monotonic() - began
            print(f"{victim} killed, {speaker} speaks: back after {took:.2f} s")
            equal({p: t["peers"][0]["public_key"] for p, t in tunnels(host).items()}, keys, "keys")
            until(lambda: host.vpclab("drift", "cross-region", status=None).returncode == 0, 10, "no drift")
            if took > WITHIN:
                raise AssertionError(f"{victim} killed, {speaker} speaks: {took:.2f} s")
            # So that the next end counts as a first one again.
            host.vpclab("down", "cross-region")
            host.start_daemon()
            host.vpclab("apply", host.stage("3b"))
            seen = tunnels(host)
            keys = {point: tunnel["peers"][0]["public_key"] for point, tunnel in seen.items()}
    host.vpclab("down", "cross-region")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
