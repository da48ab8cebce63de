#!/usr/bin/env python3
"""Backends that no route leads to are down for that reason, and stay so while the router that says it does not say it again.

Linux answers a source only once a second with "unreachable", and two backends are looked at every 200 ms in the beginning, for 5 s
each where nothing is heard.
"""
import time

import sandbox
from sandbox import equal


def test(host):
    host.start_daemon()
    host.vpclab("apply", host.stage("4a"))

    def reasons():
        listener = host.json("inspect", "cross-region")["labs"][0]["load_balancers"][0]["listeners"][0]
        return [one["reason"] for one in listener["backends"] if one["state"] == "down"]

    sandbox.until(lambda: len(reasons()) == 2, 60, "two backends are down")
    end = time.monotonic() + 8
    while time.monotonic() < end:
        equal([reason for reason in reasons() if "No route to host" not in reason], [], "other reasons")
        time.sleep(0.1)


if __name__ == "__main__":
    sandbox.main(test)
