#!/usr/bin/env python3
"""What others do to a lab that is up: its processes are killed, its namespaces and links deleted, its lab file too; a full
/run; two commands at once; Ctrl-C; a daemon that is killed under a load balancer's traffic. The lab comes back each time."""
import os
import pathlib
import signal
import subprocess

import sandbox
from sandbox import BIN, equal, run, until


def well(host, what: str):
    """By itself, or by heal: nothing differs, and the checks pass."""
    host.vpclab("heal", "cross-region")
    until(lambda: host.vpclab("drift", "cross-region", status=None).returncode == 0, 30, f"{what}: no drift")
    checked = host.vpclab("check", "cross-region", status=None)
    equal(checked.returncode, 0, f"{what}: the checks:\n{checked.stdout}{checked.stderr}")


def processes(host) -> list[int]:
    """All but the daemon: the keeper, its workers, wireguard-go."""
    return [pid for pid, words in host.processes().items()
            if "keeper" in words or os.path.basename(words[0]) in ("vpclab-worker", "wireguard-go")]


def killed_ones(host):
    daemon, count = host.daemon(), len(processes(host))
    for number in range(count):
        victim = sorted(processes(host))[number % len(processes(host))]
        words = host.processes()[victim]
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in host.processes(), 10, f"{words} has ended")
        # Heal may meet what is just ending, and says so.
        until(lambda: host.vpclab("heal", "cross-region", status=None).returncode == 0, 30, f"healed after the end of {words}")
        until(lambda: len(processes(host)) == count, 30, f"all {count} are back after the end of {words}")
    well(host, f"each of {count} processes killed")
    equal(host.daemon(), daemon, "the daemon")


def deleted_ones(host):
    before = host.nodes()
    run("ip", "netns", "delete", "vpclab.cross-region.bj-server1")
    host.inside("bj-server2", "ip", "link", "delete", "eth0")
    drift = host.vpclab("drift", "cross-region", status=3).stdout
    assert "netns bj-server1" in drift and "bj-server2" in drift and "eth0" in drift, drift
    well(host, "a namespace and a link deleted")
    now = host.nodes()
    equal({name for name in before if now[name] != before[name]}, {"bj-server1"}, "namespaces that are others")


def under_traffic(host):
    """The daemon is killed and started again while wrk asks the load balancer."""
    load = subprocess.Popen(["ip", "netns", "exec", "vpclab.cross-region.internet", "wrk", "-t1", "-c4", "-d3",
                             "--timeout", "20s", "http://139.198.18.135/"], stdout=subprocess.PIPE, text=True)
    host.kill_daemon()
    host.start_daemon()
    host.vpclab("drift", "cross-region", status=0)
    out, _ = load.communicate(timeout=60)
    assert "requests in" in out and "Socket errors" not in out and "Non-2xx" not in out, out


def full_run(host):
    free = os.statvfs("/run")
    (pathlib.Path("/run") / "filler").write_bytes(b"")
    run("mount", "-o", f"remount,size={(free.f_blocks - free.f_bfree) * free.f_frsize + 4096}", "/run")
    run("dd", "if=/dev/zero", "of=/run/filler", "bs=4k", check=False)
    failed = host.vpclab("apply", host.labs / "hello" / "lab.yaml", status=1)
    assert "No space left on device" in failed.stderr, failed.stderr
    pathlib.Path("/run/filler").unlink()
    run("mount", "-o", "remount,size=50%", "/run")
    host.vpclab("up", host.labs / "hello" / "lab.yaml")
    host.vpclab("down", "hello")


def two_at_once(host):
    both = [subprocess.Popen([BIN / "vpclab", "--run-dir", host.run_dir, "apply", host.stage(stage)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for stage in ("4a", "4b")]
    for one in both:
        _, complaint = one.communicate(timeout=120)
        assert one.returncode == 0 or "pid" in complaint, f"neither waited nor was told who is at it: {complaint}"


def interrupted(host):
    host.vpclab("down", "cross-region")
    host.start_daemon()
    client = subprocess.Popen([BIN / "vpclab", "--run-dir", host.run_dir, "up", host.stage("4b")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: len(host.nodes()) > 3, 30, "it is coming up")
    client.send_signal(signal.SIGINT)
    assert client.wait(60) in (0, 1, 130), f"exit status {client.returncode}"
    host.vpclab("up", host.stage("4b"))


def test(host):
    network = host.network()
    host.start_daemon()
    host.vpclab("up", host.stage("4b"))
    killed_ones(host)
    deleted_ones(host)
    under_traffic(host)
    full_run(host)
    two_at_once(host)
    interrupted(host)
    host.stage("4b").unlink()
    host.inside("bj-server2", "ip", "link", "set", "eth0", "down")
    well(host, "the lab file deleted")
    host.vpclab("down", "cross-region")
    host.nothing_left()
    equal(host.network(), network, "the host's network")


if __name__ == "__main__":
    sandbox.main(test)
