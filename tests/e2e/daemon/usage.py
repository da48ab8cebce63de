#!/usr/bin/env python3
"""Exit statuses of the command line, with and without a daemon."""
import subprocess

import sandbox
from sandbox import equal


def by_shell(host, program, arguments, streams, status):
    """A program whose standard streams are not what they mostly are."""
    line = f"exec {sandbox.BIN / program} --run-dir {host.run_dir} {arguments} {streams}"
    done = subprocess.run(["sh", "-c", line], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    equal(done.returncode, status, f"exit status of {line}\n{done.stdout}{done.stderr}")
    return done


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

    for wrong in ("--nonsense", "a-word", "--log-level loud", "--daemonize --foreground", "--state-dir", "keeper"):
        said = by_shell(host, "vpclabd", wrong, "", 2)
        assert said.stderr.startswith("vpclabd: ") and said.stderr.endswith("; see `vpclabd --help`\n"), said.stderr
        assert said.stdout == "" and said.stderr.count("\n") == 1, said
    assert "Examples:" in by_shell(host, "vpclabd", "--help", "", 0).stdout

    by_shell(host, "vpclabd", "--daemonize --exit-after-last-lab", "<&- >&- 2>&-", 0)
    host.vpclab("apply", host.stage("1"))
    host.vpclab("down", "cross-region")
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

    # Half a document would be taken for a whole one.
    for arguments in ("version", "inspect", "inspect --json", "plan " + str(host.stage("1")), "plan " + str(host.stage("2")),
                      "up --help"):
        for streams in ("> /dev/full", ">&-", "<&- >&-"):
            said = by_shell(host, "vpclab", arguments, streams, 1).stderr
            assert "vpclab: standard output could not be written" in said, f"{arguments} {streams}: {said}"
    # Each verb's answer to programs, whose members are all spelled alike (Host.json).
    for arguments, status in ((["plan", host.stage("4b")], 3), (["apply", host.stage("4b"), "--profile"], 0),
                              (["link", "set", "bj-server1", "--rate", "10mbit"], 0), (["drift"], 3), (["heal"], 0),
                              (["up", host.stage("4b")], 0), (["check", "--matrix"], 0), (["inspect"], 0), (["logs", "xr-lb"], 0),
                              (["metrics"], 0), (["doctor"], 0), (["version"], 0), (["validate", host.stage("4b")], 0),
                              (["apply", host.stage("1")], 0)):
        host.json(*arguments, status=status)
    by_shell(host, "vpclab", "inspect", "<&- >&- 2>&-", 1)
    by_shell(host, "vpclab", "exec bj-server1 -- true", "<&- >&- 2>&-", 0)
    said = host.vpclab("down", "../../etc", status=2).stderr
    assert "behind `lab:` in its file" in said, said
    mistyped = host.vpclab("down", "cross-regoin", status=0).stdout
    assert "was not up; did you mean `cross-region`?" in mistyped, mistyped
    assert "is down." in host.vpclab("down", "cross-region", status=0).stdout
    assert not host.run_dir.exists(), "the daemon's run directory is still there"

    # Whom a daemon on its way out cannot serve any more the next one serves; what was to go has gone.
    hello = host.labs / "hello" / "lab.yaml"
    for moment in range(8):
        host.vpclab("apply", hello, "--start-daemon")
        down = subprocess.Popen([sandbox.BIN / "vpclab", "--run-dir", host.run_dir, "down", "hello"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        sandbox.until(lambda: len(host.nodes("hello")) <= moment // 2, 20, "the lab goes down")
        host.vpclab("apply", host.stage("1"), "--start-daemon")
        said = down.communicate(timeout=60)
        equal(down.returncode, 0, f"exit status of down beside an apply: {said}")
        host.vpclab("down", "cross-region")


if __name__ == "__main__":
    sandbox.main(test)
