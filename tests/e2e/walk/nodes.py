#!/usr/bin/env python3
"""`exec` finds a node by id and by title and passes its command's status through; two daemons keep apart."""
import json
import pathlib

import sandbox
from sandbox import BIN, equal, run


def test(host):
    host.start_daemon()
    host.vpclab("apply", host.stage("2"))
    for name in ("bj-server1", "北京演示云服务器1"):
        links = json.loads(host.vpclab("exec", name, "--", "ip", "-j", "-4", "address").stdout)
        addresses = [address["local"] for link in links for address in link["addr_info"]]
        equal(sorted(addresses), ["127.0.0.1", "172.16.1.2"], f"addresses of {name}")
    equal(host.vpclab("exec", "bj-server1", "--", "hostname").stdout.strip(), "bj-server1", "the node's host name")
    interfaces = host.vpclab("exec", "bj-server1", "--", "ls", "/sys/class/net").stdout.split()
    assert "br-host" not in interfaces, f"/sys shows the host's interfaces: {interfaces}"
    host.vpclab("exec", "bj-server1", "--", "sh", "-c", "exit 42", status=42)
    host.vpclab("exec", "bj-server1", "--", "/no/such/program", status=127)
    host.vpclab("exec", "bj-server1", "--", "/etc/passwd", status=126)
    host.vpclab("exec", "no-such-node", "--", "true", status=125)

    # Another daemon is refused the same lab, and told who has it.
    other = host.directory / "other"
    run(BIN / "vpclabd", "--daemonize", "--exit-after-last-lab", "--run-dir", other)
    refused = run(BIN / "vpclab", "--run-dir", other, "apply", host.stage("2"), check=False)
    equal(refused.returncode, 1, "exit status for a lab that another daemon has")
    assert str(host.run_dir) in refused.stderr, refused.stderr
    assert pathlib.Path("/run/netns/vpclab.cross-region.bj-server1").exists()
    run(BIN / "vpclab", "--run-dir", other, "down", "--all")
    host.vpclab("down", "--all")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
