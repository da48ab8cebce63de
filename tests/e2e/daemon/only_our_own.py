#!/usr/bin/env python3
"""Two daemons side by side, with labs of the same ranges, and objects of others with nearly the same names: whatever becomes of
one lab (up, change, heal, down, a down that is killed), nothing else is touched. The same lab's name is one daemon's only."""
import os
import pathlib
import shutil
import signal
import subprocess

import sandbox
from sandbox import BIN, equal, run, until

NAMESPACES = ("vpclab", "vpclab.hello", "vpclab.hell.alice", "vpclab.helloo.alice", "vpclab-hello-alice", "vpclab.hello22.alice",
              "xvpclab.hello.alice", "hello.alice")
PROCESSES = ("vpclab-worker", "wireguard-go")


class Strangers:
    """What is not ours: namespaces with links and tables as ours have them, links and tables of the host, processes."""

    def __init__(self, host):
        self.host = host
        self.programs = []
        for name in NAMESPACES:
            run("ip", "netns", "add", name)
            for line in ("link add br0 type bridge", "link set br0 addrgenmode none", "link set br0 up",
                         "link add eth0 type veth peer name alice", "link set eth0 addrgenmode none", "link set eth0 up",
                         "address add 10.77.0.2/24 dev eth0"):
                run("ip", "-n", name, *line.split())
            run("ip", "netns", "exec", name, "nft", "add table ip vpclab; add chain ip vpclab forward")
        for name in ("vpclab", "vpclab0", "vpclab-hello"):
            run("ip", "link", "add", name, "type", "bridge")
        run("nft", "add table inet vpclab; add table ip vpclab2; add table ip vpclab-hello")
        for program in PROCESSES:
            copy = host.directory / program
            shutil.copy("/bin/sleep", copy)
            for prefix in ([], ["ip", "netns", "exec", NAMESPACES[2]]):
                self.programs.append(subprocess.Popen([*prefix, copy, "10000"], stdin=subprocess.DEVNULL))
        self.before = self.all()

    def all(self):
        out = {"host": self.host.network(), "processes": [one.poll() for one in self.programs],
               "tables": run("nft", "list", "ruleset").stdout}
        for name in NAMESPACES:
            inode = pathlib.Path("/run/netns", name).stat().st_ino
            out[name] = f"{inode}\n" + run("ip", "-n", name, "address").stdout + \
                run("ip", "netns", "exec", name, "nft", "list", "ruleset").stdout
        return out

    def untouched(self, when: str):
        now = self.all()
        for what, before in self.before.items():
            equal(now[what], before, f"{when}: what is not ours, {what}")

    def leave(self):
        for one in self.programs:
            one.kill()
            one.wait()
        for name in NAMESPACES:
            run("ip", "netns", "delete", name)


class Side:
    """A daemon with a run directory of its own, and its lab."""

    def __init__(self, host, run_dir: str, lab: str):
        self.host, self.run_dir, self.lab = host, pathlib.Path(run_dir), lab
        self.file = host.directory / f"{lab}.yaml"
        text = (host.labs / "hello" / "lab.yaml").read_text()
        assert "lab: hello" in text, text
        self.file.write_text(text.replace("lab: hello", f"lab: {lab}"))
        for page in (host.labs / "hello").iterdir():
            if page.name != "lab.yaml" and page.is_file():
                shutil.copy(page, host.directory)

    def start(self):
        run(BIN / "vpclabd", "--daemonize", "--exit-after-last-lab", "--run-dir", self.run_dir)
        until(lambda: self.ask("inspect", "--json", status=None).returncode == 0, 10, "the daemon answers")

    def ask(self, *arguments, status=0):
        done = run(BIN / "vpclab", "--run-dir", self.run_dir, *arguments, check=False)
        if status is not None:
            equal(done.returncode, status, f"{self.run_dir}: {arguments}:\n{done.stdout}{done.stderr}")
        return done

    def processes(self) -> dict[int, list[str]]:
        """Daemon, keeper and workers."""
        own = {pid for pid, words in self.host.processes().items() if str(self.run_dir) in words}
        below = {pid for pid in self.host.processes() if parent_of(pid) in own}
        return {pid: words for pid, words in self.host.processes().items() if pid in own | below}

    def daemon(self) -> int:
        found, = (pid for pid, words in self.processes().items()
                  if words[0].endswith("vpclabd") and "keeper" not in words)
        return found

    def all(self):
        return self.host.nodes(self.lab), self.processes()


def parent_of(pid: int) -> int:
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def killed_down(side: Side):
    nodes = len(side.host.nodes(side.lab))
    pid = side.daemon()
    client = subprocess.Popen([BIN / "vpclab", "--run-dir", side.run_dir, "down", side.lab], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # The keeper's end, or its first namespaces', is the beginning.
    until(lambda: len(side.host.nodes(side.lab)) < nodes or len(side.processes()) < 2 or client.poll() is not None, 30,
          "the down has begun")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it was quicker
    client.wait(30)
    until(lambda: pid not in side.host.processes(), 10, "the killed daemon is gone")


def test(host):
    strangers = Strangers(host)
    one, other = Side(host, "/run/vpclab", "hello"), Side(host, "/run/vpclab.2", "hello2")
    one.start()
    other.start()
    one.ask("up", one.file)
    kept = one.all()
    other.ask("up", other.file)
    equal(one.all(), kept, "the first lab, after the second one came up")
    strangers.untouched("both are up")

    # The same name.
    taken = other.ask("apply", one.file, status=1).stderr
    assert f"belongs to the vpclab daemon of run directory {one.run_dir}, not to that of {other.run_dir}" in taken, taken
    for words in (("down", "hello"), ("heal", "hello")):
        other.ask(*words, status=1)
    equal(one.all(), kept, "the first lab, after the other daemon was asked to change it")
    one.ask("drift", "hello")

    # Changes and heals of one are not the other's.
    host.inside("alice", "ip", "link", "set", "eth0", "down", lab="hello2")
    other.ask("drift", "hello2", status=3)
    one.ask("drift", "hello")
    other.ask("heal", "hello2")
    one.ask("heal", "hello")
    other.ask("check", "hello2")
    equal(one.all(), kept, "the first lab, after the second one was healed")
    strangers.untouched("healed")

    # The end of one, the hard way.
    killed_down(other)
    equal(one.all(), kept, "the first lab, after a killed down of the second one")
    strangers.untouched("a killed down")
    if not any(words[0].endswith("vpclabd") for words in other.processes().values()):
        other.start()
    other.ask("down", "hello2")
    until(lambda: not other.run_dir.exists(), 10, "the second daemon has ended with its last lab")
    equal(host.nodes("hello2"), {}, "what is left of the second lab")
    equal(one.all(), kept, "the first lab, after the end of the second one")
    one.ask("check", "hello")
    one.ask("down", "hello")
    strangers.untouched("both are down")
    strangers.leave()
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
