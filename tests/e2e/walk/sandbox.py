"""A host of its own for each end-to-end test: private network, mount and PID namespaces, an empty /run.

A test script calls sandbox.main(test): everything that it starts is inside and ends with it, so that tests run side by
side and leave nothing, however they end. The private host has a network of its own to lose: a bridge with the lab's own
ranges, a route, a rule, an nftables table and parameters that are not the defaults.
"""
import difflib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("VPCLAB_BIN_DIR", SOURCE / "build" / "bin"))
SKIP = 77  # CTest's SKIP_RETURN_CODE
INSIDE = "VPCLAB_E2E_INSIDE"


def skip(why: str):
    print(f"skipped: {why}")
    sys.exit(SKIP)


def main(test, read_only_proc_sys: bool = False):
    """Runs test(Host) in a private host; the script's exit status is 0 only if it returns."""
    if os.environ.get(INSIDE) != "1":
        if os.geteuid() != 0:
            skip("needs root to make namespaces")
        os.environ[INSIDE] = "1"
        # The shell is the namespace's init: it collects the orphans.
        os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
                              "--propagation", "private", "sh", "-c", '"$@"; exit $?', "sh",
                              sys.executable, "-B", *sys.argv])
    leave_mounts_of_others()
    run("mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run")
    host = Host()
    host.decorate()
    if read_only_proc_sys:
        run("mount", "--bind", "/proc/sys", "/proc/sys")
        run("mount", "-o", "remount,ro,bind", "/proc/sys")
    try:
        test(host)
    except AssertionError as failure:
        host.tell_all()
        print(f"FAILED: {failure}", flush=True)
        sys.exit(1)
    finally:
        shutil.rmtree(host.directory, ignore_errors=True)


def leave_mounts_of_others():
    """Namespaces that other tests have pinned are in our copy of the host's mounts, and would vanish from it when those
    tests end, in the middle of this one."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    for place in [line.split()[4] for line in reversed(lines)]:
        if place.startswith(("/run/", "/tmp/")):
            run("umount", "--lazy", place, check=False)  # it may have gone just now


def run(*command, check=True, timeout=120, **keywords) -> subprocess.CompletedProcess:
    command = [str(word) for word in command]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, **keywords)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def equal(got, wanted, what=""):
    if got == wanted:
        return
    if isinstance(got, str) and isinstance(wanted, str) and "\n" in wanted:
        changes = difflib.unified_diff(wanted.splitlines(), got.splitlines(), "wanted", "got", lineterm="", n=2)
        raise AssertionError(f"{what}:\n" + "\n".join(changes))
    raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def misspelled(document) -> set[str]:
    """Names of members with capitals. What is no name (an address, a path, a tunnel's key) is not meant."""
    if isinstance(document, list):
        return {name for item in document for name in misspelled(item)}
    if not isinstance(document, dict):
        return set()
    return {name for name in document if name.isidentifier() and name != name.lower()} | misspelled(list(document.values()))


def until(condition, seconds: float, what: str):
    """Waits for a state, never for a time."""
    deadline = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)


class Host:
    def __init__(self):
        self.directory = pathlib.Path(run("mktemp", "-d", "/tmp/vpclab-e2e.XXXXXX").stdout.strip())
        self.run_dir = pathlib.Path("/run/vpclab")
        self.netns_dir = pathlib.Path("/run/netns")
        self.labs = self.directory / "labs"
        self.state_dir = self.directory / "state"
        os.environ["VPCLAB_STATE_DIR"] = str(self.state_dir)
        shutil.copytree(SOURCE / "labs", self.labs)

    # -- The host's own network

    def decorate(self):
        for line in """
            link set lo up
            link add br-host type bridge
            link set br-host addrgenmode none
            address add 172.16.1.254/24 dev br-host
            link set br-host up
            route add 192.168.211.0/24 via 172.16.1.1
            rule add from 172.17.1.0/24 lookup 100 priority 100
        """.strip().splitlines():
            run("ip", *line.split())
        run("nft", "add table ip vpclab; add chain ip vpclab forward { type filter hook forward priority 0; policy drop; }")
        for knob, value in {"ipv4/conf/all/rp_filter": 1, "ipv4/ip_forward": 0, "ipv4/icmp_ratelimit": 999,
                            "ipv4/conf/default/send_redirects": 1}.items():
            pathlib.Path("/proc/sys/net", knob).write_text(str(value))

    def network(self) -> str:
        return run(SOURCE / "tests/scripts/host-network").stdout

    def mounts(self) -> list[str]:
        lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
        return sorted(" ".join(line.split()[4:]) for line in lines)

    # -- Our programs

    def vpclab(self, *arguments, status=0, timeout=120, cwd=None) -> subprocess.CompletedProcess:
        done = run(BIN / "vpclab", "--run-dir", self.run_dir, *arguments, check=False, timeout=timeout, cwd=cwd)
        if status is not None and done.returncode != status:
            raise AssertionError(f"vpclab {' '.join(map(str, arguments))}: exit status {done.returncode}, wanted {status}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments, status=0):
        document = json.loads(self.vpclab(*arguments, "--json", status=status).stdout)
        equal(sorted(misspelled(document)), [], f"members of what {arguments[0]} --json says that are not spelled like_this")
        return document

    def start_daemon(self, *options):
        run(BIN / "vpclabd", "--daemonize", "--exit-after-last-lab", "--run-dir", self.run_dir, *options)
        until(lambda: self.vpclab("inspect", "--json", status=None).returncode == 0, 10, "the daemon answers")

    def daemon(self) -> int:
        """The daemon's process, which is not one of its helpers that run the same program. A child of its that has not begun
        its own program yet looks like a second one."""
        def only():
            found = [pid for pid, words in self.processes().items()
                     if words[0].endswith("vpclabd") and not {"keeper", "enter"} & set(words)]
            return found[0] if len(found) == 1 else None
        return until(only, 10, "one daemon")

    def group_client(self, group: int) -> str:
        """Makes `vpclab` a group, of this private host alone; a copy of the program that its members can get at, wherever it
        was built."""
        groups = self.directory / "group"
        groups.write_text(pathlib.Path("/etc/group").read_text() + f"vpclab:x:{group}:\n")
        run("mount", "--bind", groups, "/etc/group")
        os.chmod(self.directory, 0o755)
        return shutil.copy(BIN / "vpclab", self.directory / "vpclab")

    def kill_daemon(self):
        pid = self.daemon()
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in self.processes(), 10, "the killed daemon is gone")

    def stage(self, name: str) -> pathlib.Path:
        return self.labs / "cross-region" / f"stage-{name}.yaml"

    def edit(self, file: pathlib.Path, old: str, new: str):
        text = file.read_text()
        equal(text.count(old), 1, f"{old!r} in {file.name}")
        file.write_text(text.replace(old, new))

    # -- What is really there, by readers that are not ours

    def processes(self) -> dict[int, list[str]]:
        """Every living process of the private host but this test's own."""
        found, own = {}, {1, os.getpid()}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in own:
                continue
            try:
                state = re.sub(r".*\) ", "", (entry / "stat").read_text())[0]
                words = (entry / "cmdline").read_text().split("\0")[:-1]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state not in "ZX" and words:
                found[int(entry.name)] = words
        return found

    def pins(self) -> dict[str, int]:
        """The named namespaces with their inodes, which tell whether one is still the same."""
        return {p.name: p.stat().st_ino for p in self.netns_dir.iterdir()} if self.netns_dir.exists() else {}

    def nodes(self, lab="cross-region") -> dict[str, int]:
        prefix = f"vpclab.{lab}."
        return {name.removeprefix(prefix): inode for name, inode in self.pins().items() if name.startswith(prefix)}

    def inside(self, node: str, *command, lab="cross-region", **keywords):
        return run("ip", "netns", "exec", f"vpclab.{lab}.{node}", *command, **keywords)

    def pings(self, node: str, address: str) -> bool:
        return self.inside(node, "ping", "-c", 1, "-W", 1, address, check=False).returncode == 0

    def oracle(self, stage: str):
        """The checks of the lab by hand, with ping(8) and curl(1), against our lab."""
        done = run(SOURCE / "netns-scripts/by-hand/cross-region", "check", stage, check=False,
                   env={**os.environ, "BYHAND_CHECKS": "vpclab.cross-region."})
        equal(done.returncode, 0, f"stage {stage} by ping and curl:\n{done.stdout}{done.stderr}")

    def nothing_left(self):
        equal(self.pins(), {}, "named namespaces left")
        until(lambda: not self.processes(), 10, f"no process left: {self.processes()}")
        if self.run_dir.exists():
            raise AssertionError(f"left in {self.run_dir}: {[str(p) for p in self.run_dir.rglob('*')]}")
        left = [str(p) for p in pathlib.Path("/run").rglob("*") if p.is_file() or p.is_socket()]
        equal(left, [], "files left under /run")

    def tell_all(self):
        """What helps to understand a failure."""
        print(f"named namespaces: {sorted(self.pins())}")
        print(f"processes: {self.processes()}")
        log = self.run_dir / "vpclabd.log"
        if log.exists():
            print("the end of the daemon's log:\n" + "\n".join(log.read_text().splitlines()[-30:]))
