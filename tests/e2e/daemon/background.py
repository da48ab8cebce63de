#!/usr/bin/env python3
"""`vpclabd --daemonize` keeps nothing of its caller's, and goes on until it is told to end."""
import os
import pathlib
import signal
import subprocess

import sandbox
from sandbox import BIN, until


def test(host):
    # A lock of the caller's would be held for as long as there is a daemon.
    lock = host.directory / "lock"
    with lock.open("w") as file:
        subprocess.run([BIN / "vpclabd", "--daemonize", "--run-dir", host.run_dir], check=True, pass_fds=[file.fileno()])
    daemon = host.daemon()
    open_files = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{daemon}/fd").iterdir() if os.path.lexists(fd)]
    assert str(lock) not in open_files, open_files

    # The signal by which the daemon ends a thread of its own means nothing when it comes from outside.
    os.kill(daemon, signal.SIGUSR2)
    os.kill(daemon, signal.SIGTERM)
    until(lambda: not host.processes(), 10, "the daemon has ended")


if __name__ == "__main__":
    sandbox.main(test)
