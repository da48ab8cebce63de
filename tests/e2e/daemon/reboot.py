#!/usr/bin/env python3
"""A lab with `restart: always` is there again after the host has started again: nothing in the kernel, /run empty."""
import os
import signal
import subprocess

import power
import sandbox
from sandbox import BIN, equal, run, until


def start_daemon(host):
    """As a boot does, which makes no request."""
    run(BIN / "vpclabd", "--daemonize", "--run-dir", host.run_dir)


def end_daemon(host):
    os.kill(host.daemon(), signal.SIGTERM)
    until(lambda: not host.processes(), 20, "the daemon has ended")


def kept(host) -> list[str]:
    return sorted(str(p.relative_to(host.state_dir)) for p in host.state_dir.rglob("*") if p.is_file())


def log(host) -> str:
    return (host.run_dir / "vpclabd.log").read_text()


def test(host):
    hello = host.labs / "hello" / "lab.yaml"
    host.edit(hello, "lab: hello\n", "lab: hello\nrestart: always\n")
    unmarked = host.labs / "eip" / "lab.yaml"
    start_daemon(host)
    host.vpclab("apply", hello)
    host.vpclab("apply", unmarked)
    equal(kept(host), ["labs/hello/allocations.json", "labs/hello/bundle.json"], "what is kept")
    for path in (host.state_dir, *host.state_dir.rglob("*")):
        equal(path.stat().st_mode & 0o777, 0o700 if path.is_dir() else 0o600, f"the mode of {path}")
    before = host.json("inspect", "hello")["labs"][0]["nodes"]

    # The file itself may be gone.
    hello.rename(hello.with_suffix(".moved"))
    power.off_and_on(host)
    start_daemon(host)
    until(lambda: host.vpclab("drift", "hello", status=None).returncode == 0, 60, "the lab is back")
    host.vpclab("check", "hello")
    equal(host.json("inspect", "hello")["labs"][0]["nodes"], before, "its nodes and addresses")
    equal(host.nodes("eip"), {}, "a lab without the mark")
    hello.with_suffix(".moved").rename(hello)

    # A daemon that is only started again leaves the lab as it is.
    nodes = host.nodes("hello")
    host.kill_daemon()
    start_daemon(host)
    until(lambda: host.vpclab("drift", "hello", status=None).returncode == 0, 60, "the lab is taken over")
    equal(host.nodes("hello"), nodes, "the same namespaces")

    # A run directory that outlives the boot, whole or only half written, says nothing of what is there.
    for lost in (None, "bundle.json"):
        until(lambda: not power.kill_all(host), 20, "all processes have ended")
        run("sh", "-c", f"umount {host.netns_dir}/*; rm {host.netns_dir}/*")
        if lost:
            (host.run_dir / "labs" / "hello" / lost).unlink()
        start_daemon(host)
        until(lambda: host.vpclab("drift", "hello", status=None).returncode == 0, 60, "the lab is back")
        host.vpclab("check", "hello")

    # What is damaged, stale or strange is told, and keeps nothing else from coming back.
    labs = host.state_dir / "labs"
    for name in ("torn", "empty", "stranger"):
        (labs / name).mkdir(mode=0o700)
    (labs / "torn" / "bundle.json").write_text((labs / "hello" / "bundle.json").read_text()[:40])
    (labs / "stranger" / "bundle.json").write_text((labs / "hello" / "bundle.json").read_text())
    power.off_and_on(host)
    start_daemon(host)
    until(lambda: host.vpclab("drift", "hello", status=None).returncode == 0, 60, "the lab is back")
    for name, why in {"torn": "bundle.json", "empty": "its file is not there", "stranger": "its file is of lab hello"}.items():
        told = [line for line in log(host).splitlines() if f"lab {name}: it is kept for a restart, and cannot be" in line]
        assert len(told) == 1 and why in told[0], (name, log(host))

    # Without the mark, or down, it is not kept any more; nothing is left of the directory.
    host.vpclab("down", "--all")
    equal(host.state_dir.exists(), False, "the directory after `down --all`")
    host.vpclab("apply", hello)
    assert kept(host)
    host.edit(hello, "restart: always\n", "")
    host.vpclab("apply", hello)
    equal(host.state_dir.exists(), False, "the directory without a lab that is kept")
    host.vpclab("down", "--all")
    end_daemon(host)

    # A directory that others can write to is not trusted; another daemon has no place for such labs unless it is given.
    host.edit(hello, "lab: hello\n", "lab: hello\nrestart: always\n")
    labs.mkdir(parents=True)
    labs.chmod(0o777)
    start_daemon(host)
    refused = host.vpclab("apply", hello, status=1)
    assert f"{labs} can be written to by others" in refused.stderr, refused
    equal(host.nodes("hello"), {}, "nothing was made")
    end_daemon(host)
    other = {k: v for k, v in os.environ.items() if k != "VPCLAB_STATE_DIR"}
    daemon = subprocess.Popen([BIN / "vpclabd", "--run-dir", "/run/other"], env=other, stderr=subprocess.DEVNULL)
    until(lambda: os.path.exists("/run/other/vpclabd.sock"), 20, "the other daemon serves")
    refused = run(BIN / "vpclab", "--run-dir", "/run/other", "apply", hello, check=False)
    assert refused.returncode == 2 and "start the daemon with --state-dir DIR" in refused.stderr, refused
    daemon.terminate()
    equal(daemon.wait(timeout=30), 0, "the other daemon's end")


if __name__ == "__main__":
    sandbox.main(test)
