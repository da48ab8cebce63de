"""A daemon whose system calls can be counted and spoilt: faults.cc, preloaded into it."""
import mmap
import os
import pathlib
import struct

from sandbox import BIN, run, until

LIBRARY = pathlib.Path(os.environ.get("VPCLAB_FAULTS_LIBRARY", BIN.parent / "tests/libvpclab_faults.so"))
# As in faults.cc.
KILL, FAIL, REFUSE, INTERRUPT, TRUNCATE, HOLD, SWALLOW = range(1, 8)
FIELDS = ("action", "error", "at", "calls", "acks", "dumps", "answers", "unmounts", "happened")


class Faults:
    def __init__(self, host):
        self.host = host
        self.path = host.directory / "faults"
        self.path.write_bytes(bytes(4 * len(FIELDS)))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)

    def start_daemon(self, *options):
        host = self.host
        run("env", f"LD_PRELOAD={LIBRARY}", f"VPCLAB_FAULTS_FILE={self.path}", BIN / "vpclabd", "--daemonize",
            "--run-dir", host.run_dir, *options)
        until(lambda: host.vpclab("inspect", "--json", status=None).returncode == 0, 20, "the daemon answers")

    def set(self, action: int = 0, at: int = 0, error: int = 0):
        """From now on: the `at`-th call or answer of the kind that the action is about. Counts from 0 again."""
        self.memory[:] = struct.pack(f"{len(FIELDS)}I", action, error, at, *[0] * (len(FIELDS) - 3))

    def __getattr__(self, name: str) -> int:
        return struct.unpack(f"{len(FIELDS)}I", self.memory[:])[FIELDS.index(name)]


def spread(total: int, count: int, shift: int = 0) -> list[int]:
    """So many of 1..total, at equal distances."""
    return sorted({1 + (total * (2 * i + 1) // (2 * count) + shift) % total for i in range(min(count, total))})
