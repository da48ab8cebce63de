#!/usr/bin/env python3
"""Exit statuses of the command line, with and without a daemon."""
import sandbox
from sandbox import equal


def test(host):
    missing = host.vpclab("inspect", status=1)
    assert "vpclabd" in missing.stderr and "--daemonize" in missing.stderr, missing.stderr
    host.vpclab("validate", host.stage("4b"), status=0)
    host.vpclab("explode", status=2)
    host.vpclab("up", status=2)
    host.vpclab("up", "/nowhere/lab.yaml", status=2)
    assert "/etc is a directory" in host.vpclab("validate", "/etc", status=2).stderr
    host.vpclab("exec", status=125)
    for verb in "up apply down validate plan drift heal check inspect exec forward link doctor version".split():
        assert "Examples:" in host.vpclab(verb, "--help").stdout, verb

    host.vpclab("apply", host.stage("1"), "--start-daemon")
    host.vpclab("plan", host.stage("1"), status=0)
    host.vpclab("plan", host.stage("2"), status=3)
    host.vpclab("drift", status=0)
    host.vpclab("exec", "bj-server1", "--", "sh", "-c", "exit 42", status=42)
    words = ["[a,b]", "[]", "{}", '[{"a":1},{"b":2}]']
    equal(host.vpclab("exec", "bj-server1", "--", "printf", "%s\n", *words).stdout.split(), words, "words of a command")
    host.vpclab("exec", "bj-server1", "--", "/nowhere/program", status=127)
    host.vpclab("exec", "bj-server1", "--", "/etc/passwd", status=126)
    host.vpclab("exec", "bj-server9", "--", "true", status=125)
    host.vpclab("check", "nothing-of-that-name", status=1)
    host.vpclab("down", "../../etc", status=2)
    mistyped = host.vpclab("down", "cross-regoin", status=0).stdout
    assert "was not up; did you mean `cross-region`?" in mistyped, mistyped
    assert "is down." in host.vpclab("down", "cross-region", status=0).stdout
    assert not host.run_dir.exists(), "the daemon's run directory is still there"


if __name__ == "__main__":
    sandbox.main(test)
