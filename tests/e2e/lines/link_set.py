#!/usr/bin/env python3
"""`link set`: in the kernel only; drift tells it, heal takes it back; errors name node and link."""
import sandbox
from sandbox import equal


def test(host):
    host.start_daemon()
    host.vpclab("apply", host.labs / "hello" / "lab.yaml")
    bob = host.inside("alice", "ip", "-o", "-4", "address", "show", "dev", "eth0", lab="hello").stdout
    assert "10.0.1.2" in bob, bob

    def pings(count=1):
        return host.inside("bob", "ping", "-q", "-i", "0.01", "-c", count, "-W", 1, "10.0.1.2", lab="hello", check=False)

    equal(pings().returncode, 0, "ping before")
    said = host.vpclab("link", "set", "alice", "--down").stdout
    assert "Applied 1 change in " in said, said
    assert pings().returncode != 0, "a link that is down carries packets"
    said = host.vpclab("drift", "hello", status=3).stdout
    assert "2 differences from what was applied: 1 to create, 1 to update" in said, said
    # Up again with the default route that the kernel has dropped.
    host.vpclab("link", "set", "alice:eth0", "--up")
    equal(pings().returncode, 0, "ping after --up")
    host.vpclab("drift", "hello", status=0)

    answer = host.json("link", "set", "alice", "--loss", "40%", "--rate", "10mbit", "--lab", "hello")
    equal((answer["node"], answer["link"]), ("alice", "eth0"), "node and link")
    lost = 300 - int(pings(300).stdout.split(" received")[0].split(", ")[-1])
    assert 300 * 0.5 < lost < 300 * 0.78, f"{lost} of 300 lost there or back, at 40% each"
    # One value at a time; the others stay.
    host.vpclab("link", "set", "alice", "--rate", "20mbit")
    reasons = [step["reason"] for step in host.json("drift", "hello", status=3)["plan"]["steps"]]
    assert any("loss" in r or "numgen" in r or "not wanted" in r for r in reasons), reasons
    host.vpclab("heal", "hello")
    host.vpclab("drift", "hello", status=0)
    equal(pings(50).returncode, 0, "ping after heal")
    assert " 0% packet loss" in pings(50).stdout

    # What cannot be.
    for arguments, words, status in [
            (["set", "alic", "--down"], "did you mean `alice`", 1),
            (["set", "alice:eth7", "--down"], "node alice has no link `eth7`; there are: eth0", 1),
            (["set", "switch.here", "--down"], "several links", 2),
            (["set", "alice"], "nothing to set", 2),
            (["set", "alice", "--up", "--down"], "one of them", 2),
            (["set", "alice", "--loss", "5"], "--loss `5`", 2),
            (["set", "alice", "--rate", "1bit"], "out of range", 2),
            (["change", "alice", "--up"], "no such action", 2),
            (["set", "alice", "--jitter", "5ms"], "jitter is more than the delay", 2)]:
        said = host.vpclab("link", *arguments, status=status).stderr
        assert words in said, f"link {arguments}: {said}"
    impairment = next(f for f in host.json("doctor")["features"] if f["name"] == "impairment")
    if "netem" in impairment["chosen"]:
        host.vpclab("link", "set", "alice", "--delay", "20ms", "--jitter", "1ms")
        rtt = float(pings(10).stdout.split(" = ")[1].split("/")[1])
        assert 38 < rtt < 60, f"a mean of {rtt} ms"
    else:
        said = host.vpclab("link", "set", "alice", "--delay", "20ms", status=1).stderr
        assert "link eth0 of node alice: delay needs netem" in said, said
    host.vpclab("heal", "hello")
    host.vpclab("down", "hello")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
