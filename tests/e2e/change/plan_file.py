#!/usr/bin/env python3
"""A plan changes nothing; one that is kept is carried out exactly, or refused with what has moved since."""
import json
import pathlib

import kernel
import sandbox
from sandbox import equal, run


def test(host):
    host.start_daemon()
    plan_file = host.directory / "next.plan"
    host.vpclab("apply", host.stage("3a"))
    before = kernel.snapshot(host)

    # A dry run, in every form. 3b brings tunnels: keys are given out, and not kept.
    for options in ([], ["--json"], ["--shell"], ["--out", plan_file]):
        host.vpclab("plan", host.stage("3b"), *options, status=3)
    host.vpclab("plan", host.stage("1"), status=3)
    host.vpclab("drift", status=0)
    host.vpclab("validate", host.stage("3b"))
    equal(kernel.differences(before, kernel.snapshot(host)), [], "what a dry run changed")
    equal(kernel.mode(plan_file), "0o600", "the plan file's mode")

    # What is shown: reason, place, disturbance, also of what goes.
    back = host.vpclab("plan", host.stage("1"), status=3).stdout
    assert "was " in back and "stage-2.yaml:" in back and "! every connection of bj-br1 breaks" in back, back
    step = next(s for s in host.json("plan", host.stage("1"), status=3)["plan"]["steps"] if s["key"]["kind"] == "netns")
    assert step["formerly"] and step["origin"]["line"] and step["disturbs"], step

    # No key that is private is in it; the lab's own are known only afterwards.
    host.vpclab("apply", plan_file)
    allocations = json.loads((host.run_dir / "labs/cross-region/allocations.json").read_text())
    text = plan_file.read_text()
    keys = [key for key in allocations["private_keys"].values()]
    assert keys and all(key not in text for key in keys), "a private key in the plan file"
    host.vpclab("plan", host.stage("3b"), status=0)
    host.vpclab("drift", status=0)

    # Who wants a lab file is told what this is.
    for verb in ("validate", "plan"):
        refused = host.vpclab(verb, plan_file, status=2)
        equal(refused.stderr, f"vpclab: {plan_file}: is no lab file but a plan of {host.stage('3b')}, kept by `plan --out`; "
                              f"`vpclab apply {plan_file}` carries it out, or give the lab file\n", f"what {verb} says of it")
        assert refused.stdout == "" and host.json(verb, plan_file, status=2)["errors"] == [refused.stderr[8:-1]]

    # Done is done: it is no longer what would be done.
    again = host.vpclab("apply", plan_file, status=1)
    assert "has moved since the plan was made; nothing was changed" in again.stderr, again.stderr
    assert "another lab file has been applied since" in again.stderr, again.stderr

    # The kernel has moved: what differs is named, and nothing is done, not even what stayed right.
    host.vpclab("plan", host.stage("4b"), "--out", plan_file, status=3)
    host.inside("bj-server1", "ip", "link", "set", "eth0", "mtu", 1400)
    before = kernel.snapshot(host)
    moved = host.vpclab("apply", plan_file, status=1)
    assert "`update veth bj-server1/eth0` has become necessary" in moved.stderr, moved.stderr
    equal(kernel.differences(before, kernel.snapshot(host)), [], "what a refused plan changed")
    host.inside("bj-server1", "ip", "link", "set", "eth0", "mtu", 1500)

    # The files may change: the plan carries its own.
    host.edit(host.stage("4a"), "address: 139.198.18.135", "address: 139.198.18.136")
    planned = json.loads(plan_file.read_text())["expected"]["steps"]
    done = host.json("up", plan_file)
    equal(len(done["plan"]["steps"]), len(planned), "steps of the plan that was carried out")
    assert "139.198.18.135" in host.inside("xr-lb", "ip", "-j", "address").stdout

    # Hostile and damaged files.
    damaged = json.loads(plan_file.read_text())
    for change, status, why in [
            ({"vpclab_plan": "2"}, 2, "vpclab_plan"),
            ({"vpclab_plan": 1, "lines": 1}, 2, "kept by another release of vpclab (its format is 1, this one's is 2); make a new plan"),
            ({"vpclab_plan": 3}, 2, "(its format is 3, this one's is 2)"), ({"bundle": 1}, 2, "bundle"), ({"extra": 1}, 2, "unknown member `extra`"),
            ({"expected": 1}, 1, "the plan is of another lab"), ({"expected": {"lab": "other"}}, 1, "of another lab"),
            ({"expected": {**damaged["expected"], "steps": {"a": [1]}}}, 1, "has moved"),
            ({"bundle": {"path": "../../etc/shadow", "files": {}}}, 2, "../../etc/shadow")]:
        plan_file.write_text(json.dumps({**damaged, **change}))
        refused = host.vpclab("apply", plan_file, status=status)
        assert why in refused.stderr, f"{change}: {refused.stderr}"
        if change == {"bundle": 1}:
            equal(host.vpclab("validate", plan_file, status=2).stderr, refused.stderr, "what validate says of a damaged plan")
    link = host.directory / "link.plan"
    link.symlink_to("/etc/hostname")
    hostname = pathlib.Path("/etc/hostname").read_text()
    host.vpclab("plan", host.stage("4b"), "--out", link, status=None)
    equal(pathlib.Path("/etc/hostname").read_text(), hostname, "what a link of that name led to")
    # Nor is a file that is no plan: the lab's own, by one wrong word.
    stage = host.stage("4b")
    before = stage.read_text()
    refused = host.vpclab("plan", stage, "--out", stage, status=2)
    assert f"--out {stage}: it is there, and no plan" in refused.stderr, refused.stderr
    equal(stage.read_text(), before, "the lab file that a plan was to take the place of")
    empty = host.directory / "empty.plan"
    empty.touch()
    host.vpclab("plan", stage, "--out", empty, status=None)
    host.vpclab("plan", stage, "--out", empty, status=None)
    assert "vpclab_plan" in empty.read_text()
    # What is no file is not replaced by one.
    null = host.directory / "null"
    run("mknod", null, "c", 1, 3)
    refused = host.vpclab("plan", host.stage("4b"), "--out", null, status=2)
    assert "no regular file" in refused.stderr, refused.stderr
    assert null.is_char_device(), "a device was replaced by a plan"
    host.vpclab("down", "cross-region")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
