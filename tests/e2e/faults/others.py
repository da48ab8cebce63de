#!/usr/bin/env python3
"""What others do to a lab that is up: its processes are killed, its namespaces and links deleted, its lab file too; a full
/run; two commands at once; Ctrl-C; a daemon that is killed under a load balancer's traffic. The lab comes back each time."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import sandbox
from sandbox import equal, run, until


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
        # At once: heal meets what is just ending.
        host.vpclab("heal", "cross-region")
        until(lambda: len(processes(host)) == count, 30, f"all {count} are back after the end of {words}")
    well(host, f"each of {count} processes killed")
    equal(host.daemon(), daemon, "the daemon")


CLIENT = """
import socket
server = socket.create_connection(("139.198.18.135", 80), 20)
server.sendall(b"GET / HTTP/1.1\\r\\n")
print("begun", flush=True)
try:
    server.settimeout(60)
    print("answered" if server.recv(100) else "ended")
except ConnectionResetError:
    print("ended")
"""


def killed_amid_upgrade(host):
    """The keeper, while a worker whose program was replaced has a connection left: it goes too, and nothing of it is missed."""
    before = processes(host)
    client = subprocess.Popen(["ip", "netns", "exec", "vpclab.cross-region.internet", sys.executable, "-c", CLIENT],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    equal(client.stdout.readline(), "begun\n", "the client")
    shutil.copy2(sandbox.BIN / "vpclab-worker", sandbox.BIN / "new")
    os.replace(sandbox.BIN / "new", sandbox.BIN / "vpclab-worker")
    host.vpclab("apply", host.stage("4b"))
    until(lambda: len(processes(host)) == len(before) + 1, 30, "one worker is left to finish")
    keeper, = (pid for pid, words in host.processes().items() if "keeper" in words)
    os.kill(keeper, signal.SIGKILL)
    host.vpclab("heal", "cross-region")
    equal(set(processes(host)) & set(before), set(), "processes that outlived their keeper")
    equal(client.communicate(timeout=70)[0], "ended\n", "the client whose worker was killed")
    until(lambda: len(processes(host)) == len(before), 30, "as many processes as before")
    well(host, "the keeper killed while a worker was left to finish")


def lost_request(host):
    """Both wireguard-go are killed, and the first ARP request between them gets lost: the tunnel is there when heal is done, and
    not five seconds later, when two ends that spoke at the same moment try again. One of three times is enough: more than this
    request can get lost on a busy machine."""
    def works_at_once():
        for pid, words in host.processes().items():
            if os.path.basename(words[0]) == "wireguard-go":
                os.kill(pid, signal.SIGKILL)
        for node in ("bj-gw", "gd-gw"):
            host.inside(node, "ip", "neighbour", "flush", "all")
        host.inside("gd-gw", "nft", "add table arp slow; add chain arp slow input { type filter hook input priority 0; }; "
                                    "add rule arp slow input arp operation request quota until 30 bytes drop")
        host.vpclab("heal", "cross-region")
        answered = host.inside("bj-server1", "ping", "-c", 1, "-W", 3, "192.168.211.2", check=False).returncode == 0
        host.inside("gd-gw", "nft", "delete table arp slow", check=False)
        return answered
    if any(os.path.basename(words[0]) == "wireguard-go" for words in host.processes().values()):
        assert any(works_at_once() for _ in range(3)), "a tunnel that takes seconds after a lost ARP request"


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
    both = [subprocess.Popen([sandbox.BIN / "vpclab", "--run-dir", host.run_dir, "apply", host.stage(stage)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for stage in ("4a", "4b")]
    for one in both:
        _, complaint = one.communicate(timeout=120)
        assert one.returncode == 0 or "pid" in complaint, f"neither waited nor was told who is at it: {complaint}"


def interrupted(host):
    host.vpclab("down", "cross-region")
    host.start_daemon()
    client = subprocess.Popen([sandbox.BIN / "vpclab", "--run-dir", host.run_dir, "up", host.stage("4b")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: len(host.nodes()) > 3, 30, "it is coming up")
    client.send_signal(signal.SIGINT)
    assert client.wait(60) in (0, 1, 130), f"exit status {client.returncode}"
    host.vpclab("up", host.stage("4b"))


def test(host):
    network = host.network()
    programs = host.directory / "bin"  # a worker that can be replaced
    programs.mkdir()
    for name in ("vpclab", "vpclabd", "vpclab-worker"):
        shutil.copy2(sandbox.BIN / name, programs)
    sandbox.BIN = programs
    host.start_daemon()
    host.vpclab("up", host.stage("4b"))
    killed_ones(host)
    killed_amid_upgrade(host)
    lost_request(host)
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
