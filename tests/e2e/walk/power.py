"""The private host goes down and starts again."""
import os
import signal

from sandbox import run, until


def kill_all(host) -> list[int]:
    """Returns those that were still there: one may have started another just before its end."""
    there = list(host.processes())
    for pid in there:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return there


def off_and_on(host):
    """What a reboot leaves: no process, no namespace, nothing under /run; all other files."""
    until(lambda: not kill_all(host), 20, "all processes have ended")
    run("umount", "--lazy", "--recursive", "/run")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run")
