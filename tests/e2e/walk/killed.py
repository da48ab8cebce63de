#!/usr/bin/env python3
"""kill -9 of the daemon at any moment of an apply or a down: the next apply converges, the next down leaves nothing."""
import os
import signal
import subprocess
import time

import sandbox
from sandbox import BIN, equal, until


def interrupt(host, delay: float, *arguments):
    """Starts vpclab with these arguments and kills the daemon after so many seconds."""
    daemon = host.daemon()
    client = subprocess.Popen([BIN / "vpclab", "--run-dir", host.run_dir, *map(str, arguments)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(delay)
    try:
        os.kill(daemon, signal.SIGKILL)
    except ProcessLookupError:
        pass  # `down` was quicker, and the daemon has ended with its last lab
    client.wait(30)
    until(lambda: daemon not in host.processes(), 10, "the killed daemon is gone")


def test(host):
    network, mounts = host.network(), host.mounts()
    for delay in (0.01, 0.05, 0.1, 0.2, 0.4):
        host.start_daemon()
        interrupt(host, delay, "apply", host.stage("4b"))
        host.start_daemon()
        host.vpclab("up", host.stage("4b"))
        host.vpclab("plan", host.stage("4b"), status=0)
        interrupt(host, delay, "down", "cross-region")
        if host.run_dir.exists() or host.pins():
            host.start_daemon()
            host.vpclab("down", "cross-region")
        host.nothing_left()
        equal(host.network(), network, f"the host's network after a kill at {delay} s")
        equal(host.mounts(), mounts, f"mounts after a kill at {delay} s")

    # The data plane outlives the daemon.
    host.start_daemon()
    host.vpclab("up", host.stage("4b"))
    workers = {pid: words for pid, words in host.processes().items() if pid != host.daemon()}
    host.kill_daemon()
    host.oracle("4b")
    host.start_daemon()
    host.vpclab("drift", "cross-region", status=0)
    now = host.processes()
    equal({pid: now.get(pid) for pid in workers}, workers, "processes that outlived the daemon")
    host.vpclab("down", "--all")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
