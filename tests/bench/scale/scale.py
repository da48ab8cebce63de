#!/usr/bin/env python3
"""How fast labs of many servers are: scale.py [--rounds N] [--no-peers] [SERVERS...]; medians in milliseconds.

In turns, so that a busy machine is unfair to none, each when the kernel is done with the one before: the lab by vpclab
(up from the file until the kernel agrees; the same again; every server to every other one by `check --matrix`, up to
1,000 servers; one server's address changed in the file; down until the kernel has let go of all), the floor's program
for exactly the same kernel objects, `ip -batch` for the same and once more without any parameter, not even forwarding
(up to 1,000 servers), and Mininet for as many hosts (up to 100, where Debian's package is installed). VPCLAB_BIN_DIR is
the programs' directory, bench_scale_floor is looked for beside it in tests/.

It judges results, not times: that every apply leaves nothing to do, that all namespaces come, that all servers reach
each other with the neighbours that they have been given, and that all go.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "e2e/walk"), str(HERE)]
import lab  # noqa: E402
import sandbox  # noqa: E402
from objects import Objects  # noqa: E402
from sandbox import BIN, equal, run, until  # noqa: E402

FLOOR = pathlib.Path(os.environ.get("VPCLAB_SCALE_FLOOR", BIN.parent / "tests" / "bench_scale_floor"))
LIMIT = 900  # seconds for one command
FLOOR_THREADS = 2
MOST_BATCH = 1000
MOST_MININET = 100
MOST_MATRIX = 1000
MOST_REST = 3  # seconds


def idle_ticks() -> int:
    """Of all processors, by proc_stat(5)."""
    return int(pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[4])


def rest():
    """Until the kernel has done what the one before has left to it: it frees a namespace long after its last device has
    gone, at the cost of whoever comes next. On a machine that has other things to do, for a moment."""
    whole = 0.1 * os.sysconf("SC_CLK_TCK") * os.cpu_count()
    deadline = time.monotonic() + MOST_REST
    idle = 0
    while idle < 0.9 * whole and time.monotonic() < deadline:
        before = idle_ticks()
        time.sleep(0.1)
        idle = idle_ticks() - before


def timed(what) -> float:
    start = time.monotonic()
    what()
    return (time.monotonic() - start) * 1000


class Daemon:
    """What the daemon's process used, by proc(5)."""

    def __init__(self, host):
        self.proc = pathlib.Path("/proc") / str(host.daemon())

    def peak_mib(self) -> float:
        line = next(l for l in (self.proc / "status").read_text().splitlines() if l.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def files(self) -> int:
        return len(list((self.proc / "fd").iterdir()))

    def cpu_ms(self) -> float:
        fields = (self.proc / "stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


class Size:
    def __init__(self, host, servers: int):
        self.host, self.servers = host, servers
        self.file = host.directory / f"scale-{servers}.yaml"
        self.text = lab.text(servers)
        self.file.write_text(self.text)
        self.times: dict[str, list[float]] = {}
        self.objects = Objects(json.loads(self.vpclab("plan", self.file, "--json", status=3).stdout))
        (host.directory / f"floor-{servers}").write_text(self.objects.floor())

    def vpclab(self, *arguments, status=0):
        return self.host.vpclab(*arguments, status=status, timeout=LIMIT)

    def note(self, what: str, ms: float):
        self.times.setdefault(what, []).append(ms)

    def median(self, what: str) -> float:
        return statistics.median(self.times[what])

    def ours(self):
        daemon = Daemon(self.host)
        cpu = daemon.cpu_ms()
        self.note("up", timed(lambda: self.vpclab("apply", self.file)))
        self.note("up, CPU of the daemon", daemon.cpu_ms() - cpu)
        equal(len(self.host.nodes(lab.NAME)), self.objects.counts["netns"], "namespaces")
        self.vpclab("plan", self.file)
        self.note("no-op", timed(lambda: self.vpclab("apply", self.file)))
        if self.servers <= MOST_MATRIX:
            self.matrix()
        self.file.write_text(self.text.replace("10.0.0.2}", "10.0.0.99}"))
        self.note("one server", timed(lambda: self.vpclab("apply", self.file)))
        self.vpclab("plan", self.file)
        self.file.write_text(self.text)
        self.memory, self.open_files = daemon.peak_mib(), daemon.files()
        self.note("down", timed(lambda: self.vpclab("down", lab.NAME)))
        equal(self.host.nodes(lab.NAME), {}, "namespaces after down")

    def matrix(self):
        seen = json.loads(self.vpclab("check", "--matrix", "--json").stdout)["matrix"]
        equal(seen["reached"], self.servers * (self.servers - 1), "pairs that reach each other")
        self.note("matrix", seen["ms"])
        for table in self.objects.of("neighbours")[-1:]:
            self.neighbours(table)

    def neighbours(self, table):
        """What the kernel was told is what it still has, nobody had to ask; and what a hand takes away is put back."""
        def inside(*words):
            return self.host.inside(table["netns"], "ip", "neighbour", *words, "dev", table["link"], lab=lab.NAME).stdout

        def permanent():
            lines = inside("show", "nud", "permanent").splitlines()
            return {(line.split()[0], line.split()[2]) for line in lines}

        equal(permanent(), set(table["entries"].items()), "permanent neighbours")
        inside("del", min(table["entries"]))
        steps = json.loads(self.vpclab("drift", lab.NAME, "--json", status=3).stdout)["plan"]["steps"]
        equal([(step["action"], step["key"]["kind"]) for step in steps], [("update", "neighbours")], "drift")
        self.vpclab("heal", lab.NAME)
        equal(permanent(), set(table["entries"].items()), "permanent neighbours after heal")

    def floor(self):
        done = run("unshare", "--net", "--mount", FLOOR, self.host.directory / f"floor-{self.servers}", FLOOR_THREADS,
                   timeout=LIMIT)
        took = json.loads(done.stdout)
        self.note("floor up", took["up_ms"])
        self.note("floor down", took["down_ms"])

    def ip_batch(self, with_parameters: bool):
        peer = "ip -batch" if with_parameters else "bare ip -batch"
        directory = self.host.directory / "batches"
        commands = self.objects.batches(directory, with_parameters)
        script = directory / "up.sh"
        script.write_text("set -e\n" + "".join(f"{' '.join(c)}\n" for c in commands))
        last = self.objects.of("netns")[-1]["name"]
        self.note(f"{peer} up", timed(lambda: run("sh", script, timeout=LIMIT)))
        if with_parameters:
            self.same_parameters(self.objects.of("bridge")[0]["netns"])
            self.same_parameters(last)
        # Its end goes by when the namespace that goes last has gone.
        run("ip", "link", "add", "sentinel", "type", "veth", "peer", "name", "sentinel", "netns", last)
        names = [o["name"] for o in self.objects.of("netns")]
        batch = directory / "down"
        batch.write_text("".join(f"netns del {name}\n" for name in names))

        def down():
            run("ip", "-batch", batch, timeout=LIMIT)
            until(lambda: "sentinel" not in run("ip", "-br", "link").stdout, LIMIT, "the last namespace is gone")

        self.note(f"{peer} down", timed(down))
        shutil.rmtree(directory)

    def same_parameters(self, netns: str):
        """The peer's namespace has what the lab's would have, those of its interfaces too."""
        wanted = {f"/proc/sys/{path}": value for o in self.objects.of("sysctl") if o["netns"] == netns
                  for path, value in o["parameters"].items()}
        seen = run("ip", "netns", "exec", netns, "cat", *wanted).stdout.split()
        equal(dict(zip(wanted, seen)), wanted, f"parameters of {netns} by ip -batch")

    def mininet(self):
        done = run("unshare", "--net", HERE / "mininet_peer.py", self.servers, timeout=LIMIT)
        took = json.loads(done.stdout)
        self.note("Mininet up", took["up_ms"])
        self.note("Mininet down", took["down_ms"])

    def tell(self):
        counts = ", ".join(f"{n} {kind}" for kind, n in sorted(self.objects.counts.items()))
        print(f"\n{self.servers} servers: {counts}")
        for what in self.times:
            every = " ".join(f"{ms:.0f}" for ms in self.times[what])
            print(f"  {what:24} {self.median(what):9.0f} ms   ({every})")
        ratios = [("up / floor", "up", "floor up"), ("down / floor", "down", "floor down"), ("no-op / up", "no-op", "up"),
                  ("one server / up", "one server", "up"), ("ip -batch / up", "ip -batch up", "up"),
                  ("bare ip -batch / up", "bare ip -batch up", "up"), ("Mininet / up", "Mininet up", "up")]
        for name, one, other in ratios:
            if one in self.times and other in self.times:
                each = [a / b for a, b in zip(self.times[one], self.times[other])]
                print(f"  {name:24} {statistics.median(each):9.3f}")
        print(f"  daemon's peak memory     {self.memory:9.1f} MiB, {self.open_files} open files", flush=True)


def test(host):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true", help="leave ip -batch and Mininet out")
    parser.add_argument("servers", type=int, nargs="*")
    options = parser.parse_args()
    for servers in options.servers or [10, 100, 1000, 5000]:
        run(BIN / "vpclabd", "--daemonize", "--run-dir", host.run_dir)  # stays, so that its memory tells of all rounds
        until(lambda: host.vpclab("inspect", "--json", status=None).returncode == 0, 10, "the daemon answers")
        size = Size(host, servers)
        for _ in range(options.rounds):
            turns = [size.ours, size.floor]
            if not options.no_peers and servers <= MOST_BATCH:
                turns += [lambda: size.ip_batch(with_parameters=True), lambda: size.ip_batch(with_parameters=False)]
            if not options.no_peers and servers <= MOST_MININET and shutil.which("mn"):
                turns.append(size.mininet)
            for turn in turns:
                rest()
                turn()
        size.tell()
        host.kill_daemon()
        shutil.rmtree(host.run_dir, ignore_errors=True)


if __name__ == "__main__":
    sandbox.main(test)
