#!/usr/bin/env python3
"""A namespace that somebody else has put among a lab's: down removes the rest, keeps what a second try needs, and says so."""
import sandbox
from sandbox import equal, run


def test(host):
    host.start_daemon()
    host.vpclab("apply", host.labs / "hello" / "lab.yaml")
    host.vpclab("apply", host.stage("1"))
    run("ip", "netns", "add", "vpclab.hello.tmp")
    run("ip", "netns", "add", "vpclab.never.tmp")

    unknown = host.vpclab("down", "never", status=1)
    assert "vpclab.never.tmp was not made by vpclab" in unknown.stderr, unknown.stderr
    for _ in range(2):
        left = host.vpclab("down", "hello", status=1)
        assert "vpclab.hello.tmp was not made by vpclab" in left.stderr, left.stderr
        equal(sorted(host.nodes("hello")), ["tmp"], "what is left of the lab")
        assert (host.run_dir / "labs" / "hello" / "allocations.json").exists(), "its keys are gone"

    # A lab that cannot be read does not hide the nodes of another.
    (host.run_dir / "labs" / "hello" / "bundle.json").write_text("{")
    host.vpclab("exec", "bj-server1", "--", "true")
    missing = host.vpclab("exec", "alice", "--", "true", status=125)
    assert "labs/hello/bundle.json" in missing.stderr, missing.stderr

    # The daemon stays as long as something is not down.
    host.vpclab("down", "cross-region")
    host.vpclab("down", "hello", status=1)
    host.daemon()
    run("ip", "netns", "delete", "vpclab.hello.tmp")
    run("ip", "netns", "delete", "vpclab.never.tmp")
    host.vpclab("down", "hello")
    assert not host.run_dir.exists(), "the daemon's run directory is still there"


if __name__ == "__main__":
    sandbox.main(test)
