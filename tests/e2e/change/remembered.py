#!/usr/bin/env python3
"""A large lab, of which the daemon remembers what it has seen: an apply puts right what a hand has changed since, says the
same as a plan that looks at all, and sees what the kernel tells nobody once heal has looked at all."""
import pathlib
import sys

import sandbox
from sandbox import equal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench/scale"))
import lab  # noqa: E402

SERVERS = 100
SEND = "/proc/sys/net/ipv4/conf/all/send_redirects"


def hand(host, node: str, command: str):
    host.inside(node, "sh", "-c", command, lab=lab.NAME)


def read(host, file) -> set[str]:
    """The kinds of objects that an apply has read from any namespace."""
    return {each["kind"] for each in host.json("apply", file)["profile_kinds"] if each["read_ms"] > 0} - {"process", "wireguard"}


def test(host):
    host.start_daemon()
    file = host.directory / "lab.yaml"
    file.write_text(lab.text(SERVERS))
    host.vpclab("apply", file)
    before = host.pins()
    assert "No changes" in host.vpclab("apply", file).stdout
    # What is told of the first changes is looked at once more; then nothing is.
    sandbox.until(lambda: not read(host, file), 30, "an apply of a lab that nobody changes looks nowhere")

    # A file that is wrong is no reason to look at all of it again.
    wrong = host.directory / "wrong.yaml"
    wrong.write_text(lab.text(SERVERS).replace("vxnet: net0, address: 10.0.0.3}", "vxnet: nowhere}"))
    assert "nowhere" in host.vpclab("apply", wrong, status=2).stderr
    equal(read(host, file), set(), "what is read after a file that is wrong")

    # Of one server's own values only that server is compiled again; a plan compiles, and looks at, all of it.
    for values in ("address: 10.0.0.99", "address: 10.0.0.99, title: T", "title: T, rate: 8mbit, address: 10.0.0.99",
                   "address: 10.0.0.98, rate: 8mbit, run: [sleep, infinity]", "address: 10.0.0.2"):
        file.write_text(lab.text(SERVERS).replace("address: 10.0.0.2}", f"{values}}}"))
        applied = host.json("apply", file)
        equal(applied["settled"], True, values)
        told = [line for line in host.vpclab("plan", file).stdout.splitlines() if line not in ("No changes", lab.NAME)]
        equal(told, [], values)
    sandbox.until(lambda: not read(host, file), 30, "an apply looks nowhere again")

    # What a hand does, and the kinds of what is put right: what comes and goes with it is more than one object.
    pin = f"/run/netns/vpclab.{lab.NAME}."
    for node, command, kind in [
            ("s1", "ip address add 192.0.2.9/32 dev eth0", "address"),
            ("s2", "ip route delete default", "route"),
            ("s2", "ip route delete $(ip route show protocol kernel | cut -d ' ' -f 1)", "address"),
            ("s2", "ip address add 192.0.2.9 peer 192.0.2.10/32 dev eth0", "address"),
            ("s2", "ip link set lo down", "netns"),
            ("s3", "ip link set eth0 mtu 1400", "veth"),
            ("s4", "tc qdisc add dev eth0 root tbf rate 5mbit burst 10k latency 50ms", "qdisc"),
            ("s5", "ip link delete eth0", "veth"),
            ("s6", "ip neighbour change 10.0.0.3 lladdr 02:00:00:00:00:01 dev eth0 nud permanent", "neighbours"),
            ("vpc0", "echo 0 >/proc/sys/net/ipv4/ip_forward", "sysctl"),
            (None, f"ip netns delete {pathlib.Path(pin).name}s7", "netns")]:
        if node:
            hand(host, node, command)
        else:
            sandbox.run("sh", "-c", command)
        plan = host.json("plan", file, status=3)["plan"]["steps"]
        assert kind in {step["key"]["kind"] for step in plan}, f"{command}: {plan}"
        applied = host.vpclab("apply", file, "-v").stdout
        for line in host.vpclab("plan", file).stdout.splitlines():
            assert line in ("No changes", lab.NAME), line
        assert f"Applied {len(plan)} change" in applied, f"{command}: {len(plan)} steps are planned:\n{applied}"
    host.vpclab("drift", lab.NAME)  # looks at all
    after = host.pins()
    # s7's is another one, which may have got the same inode.
    equal({name for name in before if before[name] != after[name]} - {pathlib.Path(pin).name + "s7"}, set(), "made anew")

    # A step says where the lab had what goes, by memory as by the stored file.
    smaller = host.directory / "smaller.yaml"
    smaller.write_text("\n".join(line for line in lab.text(SERVERS).splitlines()
                                 if not line.startswith("  s8:")) + "\n")
    planned = host.vpclab("plan", smaller, status=3).stdout
    assert "was /" in planned, planned
    applied = host.vpclab("apply", smaller, "-v").stdout
    for line in planned.splitlines():
        assert line.strip() in applied, f"{line!r} is planned and not applied:\n{applied}"
    host.vpclab("apply", file)

    # The kernel tells nobody of this one.
    hand(host, "s9", f"echo 1 >{SEND}")
    steps = host.json("drift", lab.NAME, status=3)["plan"]["steps"]
    equal([(s["key"]["kind"], s["key"]["netns"]) for s in steps], [("sysctl", "s9")], "what drift sees")
    host.vpclab("heal", lab.NAME)
    equal(host.inside("s9", "cat", SEND, lab=lab.NAME).stdout.strip(), "0", "healed")
    assert "No changes" in host.vpclab("apply", file).stdout

    host.vpclab("down", lab.NAME)
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
