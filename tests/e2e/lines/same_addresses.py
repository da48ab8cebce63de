#!/usr/bin/env python3
"""Two tenants with the same addresses behind one border router: a check is about the server that it names, and not about
another one that answers in its place."""
import sandbox
from sandbox import SOURCE, equal, run

LAB = (SOURCE / "tests/labs/same-addresses.yaml").read_text()
RIGHT = """checks:
  - ping: {from: blue-1, to: blue-2, within: 2s}
  - ping: {from: blue-1, to: red-2, expect: unreachable, within: 2s}
  - ping: {from: blue-1, to: red-1, expect: unreachable, within: 2s}
  - ping: {from: red-1, to: 10.2.1.2, expect: unreachable, within: 2s}
  - http: {from: red-1, url: "http://10.2.1.2/", expect: unreachable, within: 2s}
  - path: {from: blue-1, to: blue-2, through: [blue-a, br], within: 2s}
"""
# Red's router has the address of blue's, which is the one on the way.
OTHER_WAY = "  - path: {from: blue-1, to: blue-2, through: [red-a, br], within: 2s}\n"
# Each names a server that another one stands for.
WRONG = """checks:
  - ping: {from: blue-1, to: red-2}
  - ping: {from: blue-1, to: red-1}
  - ping: {from: blue-1, to: red-2, expect: {loss: 0%}}
  - path: {from: blue-1, to: red-2, through: [blue-a, br]}
  - throughput: {from: blue-1, to: red-2, expect: 1mbit..}
  - loss: {from: blue-1, to: red-2, expect: 100%}
"""
# Red's server would get nothing, and its namesake what is meant for it.
BALANCER = """  wrong-lb:
    vxnet: blue-b-net
    listeners: {web: {port: 80, backends: [{server: red-2, port: 80}]}}
"""


def test(host):
    file = host.directory / "twins.yaml"
    file.write_text(LAB + WRONG)
    host.start_daemon()
    for verb in ("plan", "up"):
        said = host.vpclab(verb, file, status=2).stderr.splitlines()
        errors = [line for line in said if ": error: " in line]
        equal(len(errors), len(WRONG.splitlines()) - 1, "\n".join(said))
        for number, line in enumerate(errors, len(LAB.splitlines()) + 2):
            assert f"twins.yaml:{number}:5: error: " in line and "blue-1" in line and "red-" in line, line
    equal(host.pins(), {}, "what a refused lab has left")

    file.write_text(LAB + BALANCER + RIGHT)
    for verb in ("plan", "apply"):
        said = host.vpclab(verb, file, status=2).stderr
        assert "error: backend red-2 of listener web of load balancer wrong-lb: 10.2.1.2 is server blue-2" in said, said

    file.write_text(LAB + RIGHT)
    host.vpclab("up", file)

    def inside(node, *command):
        return host.inside(node, *command, lab="twins")

    def checks(status=0):
        return [(c["outcome"], c["seen"]) for c in host.json("check", status=status)["checks"]["results"]]

    def echoes(node):
        names, values = [line.split() for line in inside(node, "cat", "/proc/net/snmp").stdout.splitlines()
                         if line.startswith("Icmp:")]
        return int(values[names.index("InEchos")])

    # By ping(8): blue's own server has answered, and red's has got nothing.
    before = echoes("red-2"), echoes("blue-2")
    inside("blue-1", "ping", "-c", 2, "-i", 0.2, "-W", 1, "10.2.1.2")
    equal((echoes("red-2"), echoes("blue-2")), (before[0], before[1] + 2), "who got blue-1's pings")
    seen = checks()
    assert "10.2.1.2 is server blue-2" in seen[1][1] and "10.1.1.2 is server blue-1" in seen[2][1], seen

    file.write_text(LAB + RIGHT + OTHER_WAY)
    host.vpclab("apply", file)
    equal(checks(status=4)[-1], ("failed", "blue-a (10.1.1.1), br (10.1.1.254)"), "a path by the other tenant's router")
    file.write_text(LAB + RIGHT)
    host.vpclab("apply", file)

    # The address that red-1 is asked about is red-2's, however alive blue's namesake is.
    inside("red-2", "ip", "link", "set", "eth0", "down")
    seen = checks(status=4)
    equal([outcome for outcome, _ in seen], ["passed", "failed", "passed", "failed", "failed", "passed"],
          f"with red-2 dead: {seen}")
    assert "not alive" in seen[3][1] and "seen from red-2" in seen[3][1], seen[3]
    host.vpclab("heal", "twins")
    host.vpclab("check", "twins")

    # A way from tenant to tenant by which nothing comes back: what answers blue-1 is another one now, and that is told.
    run("ip", "link", "add", "leak", "netns", "vpclab.twins.blue-1", "type", "veth", "peer", "name", "leak", "netns",
        "vpclab.twins.red-2")
    for node in ("blue-1", "red-2"):
        inside(node, "ip", "link", "set", "leak", "up")
    inside("blue-1", "ip", "route", "add", "10.2.1.2/32", "dev", "leak", "src", "10.1.1.2")
    seen = checks(status=4)
    equal(seen[1][0], "failed", seen[1])
    assert "red-2" in seen[1][1] and "arrive" in seen[1][1], seen[1]
    inside("blue-1", "ip", "link", "del", "leak")
    host.vpclab("check", "twins")
    host.vpclab("down", "twins")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
