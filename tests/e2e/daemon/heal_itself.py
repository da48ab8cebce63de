#!/usr/bin/env python3
"""vpclabd --heal puts back what a hand changes without being asked, and ever later where a hand goes on changing it; without
--heal it does not."""
import re
import threading
import time

import sandbox
from sandbox import equal, run, until

HANDS = {
    "a route": ("alice", "ip route delete default", "ip route show default", "default"),
    "an address": ("bob", "ip address flush dev eth0", "ip address show eth0", "10.0.1.3/24"),
    "a link": ("bob", "ip link set eth0 mtu 1400", "ip link show eth0", "mtu 1500"),
}


def log(host) -> str:
    return (host.run_dir / "vpclabd.log").read_text()


def test(host):
    lab = host.labs / "hello" / "lab.yaml"
    host.start_daemon("--heal")
    host.vpclab("apply", lab)
    before = host.nodes("hello")
    for node, hand, _, _ in HANDS.values():
        host.inside(node, *hand.split(), lab="hello")
    for what, (node, _, reader, shown) in HANDS.items():
        until(lambda: shown in host.inside(node, *reader.split(), lab="hello").stdout, 60, f"{what} is back")
    until(lambda: host.vpclab("drift", "hello", status=None).returncode == 0, 60, "no drift")
    equal(host.nodes("hello"), before, "namespaces")
    run("ip", "netns", "delete", "vpclab.hello.alice")
    until(lambda: "alice" in host.nodes("hello") and host.vpclab("check", "hello", status=None).returncode == 0, 60,
          "a namespace is back, and the checks pass")
    # What comes back is followed too.
    host.inside("alice", "ip", "route", "delete", "default", lab="hello")
    until(lambda: "default" in host.inside("alice", "ip", "route", lab="hello").stdout, 60, "the new one's route is back")
    # One that a hand has put in the place of ours.
    host.inside("bob", "ip", "route", "replace", "blackhole", "default", lab="hello")
    until(lambda: "default via" in host.inside("bob", "ip", "route", lab="hello").stdout, 60, "our route is back")
    # What is changed while somebody works on the lab is healed behind it.
    waiting = lab.with_name("waiting.yaml")
    waiting.write_text("extends: lab.yaml\nchecks: [{ping: {from: alice, to: 10.0.1.99, within: 8s}}]\n")
    host.vpclab("apply", waiting)
    until(lambda: host.vpclab("drift", "hello", status=None).returncode == 0, 60, "no drift")
    check = threading.Thread(target=lambda: host.vpclab("check", "hello", status=4))
    check.start()
    time.sleep(1)
    host.inside("alice", "ip", "route", "delete", "default", lab="hello")
    check.join()
    until(lambda: "default" in host.inside("alice", "ip", "route", lab="hello").stdout, 60, "healed behind the check")
    pauses = [int(number) for number in re.findall(r"not what was applied any more; healing it in (\d+) ms", log(host))]
    assert len(pauses) >= 3 and pauses[0] == 0 and pauses[-1] >= 500, f"pauses before healing: {pauses}"
    host.vpclab("down", "hello")

    host.start_daemon()
    host.vpclab("apply", lab)
    host.inside("alice", "ip", "route", "delete", "default", lab="hello")
    host.vpclab("drift", "hello", status=3)
    assert "healing" not in log(host), "healed though nobody has asked for it"
    host.vpclab("down", "hello")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
