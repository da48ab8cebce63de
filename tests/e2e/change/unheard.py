#!/usr/bin/env python3
"""A daemon that the kernel does not tell of changes, for it has no CAP_NET_BROADCAST: it looks at all of a large lab each time,
and says so, in doctor and once in its log."""
import json
import pathlib
import sys

import sandbox
from sandbox import BIN, equal, run

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench/scale"))
import lab  # noqa: E402

SERVERS = 70
WITHOUT = ["setpriv", "--inh-caps", "-net_broadcast", "--bounding-set", "-net_broadcast"]


def notifications(document: dict) -> dict:
    return next(feature for feature in document["features"] if feature["name"] == "notifications")


def refused(feature: dict):
    equal(feature["chosen"], "looking at all", "chosen")
    equal(feature["works"], True, "a lab works without it")
    assert "Operation not permitted" in feature["why"], feature
    assert "CAP_NET_BROADCAST" in feature["remedy"], feature


def told(host) -> list[str]:
    return [line for line in (host.run_dir / "vpclabd.log").read_text().splitlines() if "does not tell of changes" in line]


def test(host):
    doctor = [BIN / "vpclab", "--run-dir", host.run_dir, "doctor"]
    equal(notifications(host.json("doctor"))["chosen"], "netlink", "without a daemon")
    refused(notifications(json.loads(run(*WITHOUT, *doctor, "--json").stdout)))

    run(*WITHOUT, BIN / "vpclabd", "--daemonize", "--exit-after-last-lab", "--run-dir", host.run_dir)
    refused(notifications(host.json("doctor")))
    lines = host.vpclab("doctor").stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[1:2] == ["notifications"])
    assert lines[at].startswith("ok ") and "looking at all" in lines[at] and "not permitted" in lines[at], lines[at]
    assert "-> " in lines[at + 1] and "CAP_NET_BROADCAST" in lines[at + 1], lines[at + 1]

    file = host.directory / "lab.yaml"
    file.write_text(lab.text(SERVERS))
    host.vpclab("apply", file)
    for server in ("s1", "s2"):
        host.inside(server, "ip", "address", "add", "192.0.2.9/32", "dev", "eth0", lab=lab.NAME)
        assert "Applied 1 change" in host.vpclab("apply", file).stdout, server
    assert "No changes" in host.vpclab("apply", file).stdout
    lines = told(host)
    equal(len(lines), 1, f"how often the log says so: {lines}")
    assert lab.NAME in lines[0] and "Operation not permitted" in lines[0], lines[0]

    host.vpclab("down", lab.NAME)
    host.nothing_left()

    host.start_daemon()
    equal(notifications(host.json("doctor"))["chosen"], "netlink", "with the capability")
    host.vpclab("apply", file)
    host.vpclab("apply", file)
    equal(told(host), [], "what the log says where the kernel does tell")
    host.vpclab("down", lab.NAME)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
