#!/usr/bin/env python3
"""Whether a daemon keeps anything of labs that are gone: rounds.py [ROUNDS] [SERVERS]; 100 rounds of 100 servers.

Brings a lab up and takes it down again, by one daemon, and compares what the daemon has after the second round and after the
last one: its memory may be a tenth more, for such is what a C library's heap does; its open files must be as many.
VPCLAB_BIN_DIR is the programs' directory.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "e2e/walk"), str(HERE)]
import lab  # noqa: E402
import sandbox  # noqa: E402
from sandbox import BIN, equal, run, until  # noqa: E402


def used(pid: int) -> tuple[int, int]:
    """Resident memory in KiB, by proc_pid_status(5), and open files."""
    proc = pathlib.Path("/proc") / str(pid)
    line = next(l for l in (proc / "status").read_text().splitlines() if l.startswith("VmRSS"))
    return int(line.split()[1]), len(list((proc / "fd").iterdir()))


def test(host):
    rounds, servers = (int(word) for word in (sys.argv[1:] + ["100", "100"][len(sys.argv) - 1:])[:2])
    run(BIN / "vpclabd", "--daemonize", "--run-dir", host.run_dir)
    until(lambda: host.vpclab("inspect", "--json", status=None).returncode == 0, 10, "the daemon answers")
    file = host.directory / "lab.yaml"
    file.write_text(lab.text(servers))
    seen = []
    for number in range(max(rounds, 2)):
        host.vpclab("apply", file, timeout=300)
        host.vpclab("down", lab.NAME, timeout=300)
        seen.append(used(host.daemon()))
        if number + 1 in (2, rounds) or (number + 1) % 20 == 0:
            print(f"after {number + 1:4} rounds: {seen[-1][0] / 1024:6.1f} MiB, {seen[-1][1]} open files", flush=True)
    (memory, files), (last, last_files) = seen[1], seen[-1]
    assert last <= memory * 1.1, f"memory grew from {memory} to {last} KiB"
    equal(last_files, files, "open files")
    host.kill_daemon()


if __name__ == "__main__":
    sandbox.main(test)
