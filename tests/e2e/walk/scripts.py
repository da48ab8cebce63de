#!/usr/bin/env python3
"""lab-up and lab-down: stage by stage, on from where the lab is, back by the difference, from any directory."""
import os
import pathlib

import sandbox
from sandbox import BIN, SOURCE, equal, run


def test(host):
    # The programs under test in place of build/.
    os.environ["VPCLAB_BIN_DIR"] = str(BIN)
    link = host.directory / "up"
    link.symlink_to(SOURCE / "netns-scripts/lab-up")
    network, mounts = host.network(), host.mounts()

    equal(run(link, "--stage", "9", check=False, cwd="/").returncode, 2, "exit status for a stage that is not there")
    # A variable of the caller's that was not set does not mean all stages.
    for words in (["--stage="], ["--stage", ""], ["--stage"]):
        equal(run(link, *words, check=False, cwd="/").returncode, 2, f"exit status of lab-up {words}")
    equal(run(link, "no-such-lab", check=False, cwd="/").returncode, 2, "exit status for a lab that is not there")
    host.nothing_left()
    for words in (["hello", "--all"], ["--all", "hello"]):
        refused = run(SOURCE / "netns-scripts/lab-down", *words, check=False)
        equal(refused.returncode, 2, f"exit status of lab-down {words}")
    # A step that fails shows what it has said, also where the caller ends with the first failure.
    step = run("bash", "-c", f"set -euo pipefail; source {SOURCE}/netns-scripts/lib.sh; step long sh -c 'echo reason; exit 3'",
               check=False)
    equal(step.returncode, 3, "exit status of a step that fails")
    assert "exit status 3" in step.stderr and "reason" in step.stderr, step.stderr

    done = run(link, "--stage", "2", cwd="/")
    for wanted in ("Stage 1", "Stage 2", "利用边界路由器打通VPC", "not applied yet"):
        assert wanted in done.stdout, f"{wanted} is missing from:\n{done.stdout}"
    assert "Stage 3a" not in done.stdout, done.stdout
    assert "\x1b" not in done.stdout + done.stderr, "colours in a pipe"
    nodes = host.nodes()

    done = run(link, "cross-region", cwd="/tmp")
    assert "Stage 1" not in done.stdout and "Stage 4b" in done.stdout, done.stdout
    host.oracle("4b")
    equal({name: host.nodes().get(name) for name in nodes}, nodes, "namespaces of stage 2 in stage 4b")

    run(link, SOURCE / "labs/cross-region", "--stage", "1", "--no-check", cwd="/tmp")
    assert "bj-br1" not in host.nodes(), host.nodes()
    host.oracle("1")

    run(SOURCE / "netns-scripts/lab-down", cwd="/")
    host.nothing_left()
    equal(run(SOURCE / "netns-scripts/lab-down", "--all", cwd="/").returncode, 0, "lab-down where nothing is up")
    equal(pathlib.Path("/run/vpclab").exists(), False, "/run/vpclab after lab-down where nothing is up")

    # Any YAML is read, not only what a line's beginning tells; a folder of the checkout is no lab.
    flow = host.directory / "flow.yaml"
    flow.write_text('{"lab": "flow", regions: {r: {}}}\n')
    run(link, flow, "--no-check")
    run(SOURCE / "netns-scripts/lab-down", "tests")
    run(SOURCE / "netns-scripts/lab-down", flow)
    host.nothing_left()

    # A lab that fails leaves no daemon waiting.
    broken = host.directory / "broken.yaml"
    broken.write_text("lab: broken\nservers: {a: {vxnet: nowhere}}\n")
    failed = run(link, broken, check=False)
    equal(failed.returncode, 2, "exit status for a lab file with mistakes")
    assert "broken.yaml:2:" in failed.stderr, failed.stderr
    host.nothing_left()
    equal(host.network(), network, "the host's network afterwards")
    equal(host.mounts(), mounts, "mounts afterwards")


if __name__ == "__main__":
    sandbox.main(test)
