#!/usr/bin/env python3
"""The first apply of a lab fails in the middle: one cause is told, the rest is made, the next apply goes on; with
--rollback nothing is left. What the host has too little of is told before the first change."""
import pathlib

import sandbox
from sandbox import equal, run


def test(host):
    host.start_daemon()
    # A directory cannot become a pin.
    pin = pathlib.Path("/run/netns/vpclab.cross-region.bj-server1")
    host.vpclab("apply", host.labs / "hello" / "lab.yaml")
    hello = host.nodes("hello")
    pin.mkdir()
    failed = host.vpclab("apply", host.stage("1"), status=1)
    golden = sandbox.SOURCE / "tests" / "golden" / "failure" / "stage-1.txt"
    equal(failed.stderr.replace(f"{host.labs}/", ""), golden.read_text(), "what is told of it")
    whole = host.json("apply", host.stage("1"), status=1)
    told = whole["failure"]
    cause, = told["causes"]
    equal((whole["exit"], whole["ok"], whole["settled"]), (1, False, False), "how it ended")
    equal((cause["action"], cause["key"], cause["errno"], cause["origin"]["line"]),
          ("create", {"kind": "netns", "netns": "bj-server1", "name": ""}, "EISDIR", 18), "the cause")
    # The rest was there before this one.
    equal((told["done"], told["failed"], told["left_out"], told["different"]), (0, 1, 6, 7), "the sums")
    equal({key["netns"] for key in cause["left_out"]}, {"bj-server1", ""}, "what needs it")
    steps = whole["rounds"][0]["steps"]
    equal(sum(step["outcome"] == "skipped" for step in steps), 6, "steps that were left out")
    assert "bj-server2" in host.nodes(), "what does not depend on it was not made"
    not_first = host.vpclab("apply", host.stage("1"), "--rollback", status=1)
    told = not_first.stderr.splitlines()
    equal(told[-1], "vpclab: lab cross-region: not rolled back: it was there before; apply it again once the cause is gone, "
                    "or take it down", "what is said at the end")
    equal(sum("take it down" in line for line in told), 1, f"advices in {told}")
    assert "bj-server2" in host.nodes(), "an earlier apply was rolled back"
    pin.rmdir()
    host.vpclab("up", host.stage("1"))
    host.vpclab("down", "cross-region")

    file = host.directory / "fails.yaml"
    file.write_text("lab: cross-region\nregions: {r: {}}\nvpcs: {v: {region: r, cidr: 10.0.0.0/16}}\n"
                    "vxnets: {n: {vpc: v, cidr: 10.0.1.0/24}}\nservers: {s: {vxnet: n, run: [/no/such/program]}}\n")
    rolled = host.vpclab("up", file, "--rollback", status=1)
    assert rolled.stderr.endswith("rolled back: nothing of it is left\n"), rolled.stderr
    assert "again" not in rolled.stderr and "take it down" not in rolled.stderr, rolled.stderr
    # What a process of the keeper's has met is told like what the daemon has met itself.
    assert "exec /no/such/program: No such file or directory [ENOENT]" in rolled.stderr, rolled.stderr
    equal(host.nodes(), {}, "namespaces after the rollback")
    assert not (host.run_dir / "labs" / "cross-region").exists(), "its files are remembered"
    equal(host.nodes("hello"), hello, "another lab")

    # A limit of the host.
    run("prlimit", "--pid", host.daemon(), "--nofile=40:40")
    short = host.vpclab("apply", host.stage("4b"), status=1)
    assert "open files of one process" in short.stderr and "nothing was changed" in short.stderr, short.stderr
    equal(host.nodes(), {}, "namespaces after a refusal")
    host.vpclab("down", "hello")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
