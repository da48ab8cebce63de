#!/usr/bin/env python3
"""`exec` and `forward` for members of the group vpclab: with the caller's rights, and not one more."""
import ctypes
import fcntl
import os
import pathlib
import pty
import shutil
import signal
import struct
import subprocess
import termios
import time

import sandbox
from sandbox import equal, run, until

# keyctl(2): its number; KEYCTL_JOIN_SESSION_KEYRING; KEYCTL_GET_KEYRING_ID of the session's.
KEYCTL = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine)
KEYRING = f"import ctypes; print(ctypes.CDLL(None).syscall({KEYCTL}, 0, -3, 0))"
GROUP, USER, OTHER_GROUP, STRANGERS = 64331, 64332, 64333, 64334
URL = "http://127.0.0.1:18081/"


def in_callers_group(cgroup_of_command):
    """In the control group of version 2 where the caller is, which is not the daemon's."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    root = next((pathlib.Path(words[1]) for words in mounts if words[2] == "cgroup2"), None)
    if root is None:
        print("no control group tried: this host has none of version 2")
        return
    group = root / f"vpclab-test-{os.getpid()}"
    group.mkdir()
    try:
        told = cgroup_of_command(lambda: (group / "cgroup.procs").write_text("0"))
        assert f"0::/{group.name}\n" in told, told
        until(lambda: not (group / "cgroup.procs").read_text(), 10, "all processes of the command are gone")
    finally:
        group.rmdir()


def test(host):
    client = host.group_client(GROUP)
    # The daemon's, which inherits it. Where there is none it cannot be given away.
    daemons_keyring = ctypes.CDLL(None).syscall(KEYCTL, 1, None) if KEYCTL else 0
    host.start_daemon()
    host.vpclab("apply", host.labs / "eip" / "lab.yaml")

    def words(*arguments, group=GROUP):
        return ["setpriv", f"--reuid={USER}", f"--regid={group}", f"--groups={OTHER_GROUP}", "prlimit", "--nofile=123:456",
                client, "--run-dir", host.run_dir, *arguments]

    def execute(*command, status=0, **keywords):
        done = run(*words("exec", "web", "--", *command), check=False, timeout=60, **keywords)
        equal(done.returncode, status, f"status of {command}: {done.stdout}{done.stderr}")
        return done.stdout

    # Whom it runs as.
    equal(execute("sh", "-c", "id -u; id -g; id -G").split("\n")[:2], [str(USER), str(GROUP)], "user and group")
    equal(set(execute("id", "-G").split()), {str(GROUP), str(OTHER_GROUP)}, "groups")
    state = dict(line.split(":\t", 1) for line in execute("cat", "/proc/self/status").splitlines() if ":\t" in line)
    equal({state[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}, {"0" * 16}, "capabilities")
    equal(int(state["CapBnd"], 16) & ~(1 << 13), 0, "capabilities that could be given, but CAP_NET_RAW, which files of ping have")
    equal(state["NoNewPrivs"], "1", "no_new_privs")
    ours = ~(3 << 31)  # the C library keeps 32 and 33 to itself
    equal((int(state["SigBlk"], 16), int(state["SigIgn"], 16) & ours), (0, 0), "signals")
    equal(execute("sh", "-c", "ulimit -Sn; ulimit -Hn").split(), ["123", "456"], "limits")
    equal(execute("sh", "-c", "echo /proc/self/fd/*").split()[:-1], [f"/proc/self/fd/{n}" for n in range(3)], "descriptors")
    # What else it has of the caller.
    environment = {"PATH": os.environ["PATH"], "A": "1\n2", "VPCLAB_RUN_DIR": str(host.run_dir)}
    equal(set(execute("env", "-0", env=environment).split("\0")[:-1]), {f"{k}={v}" for k, v in environment.items()}, "environment")
    equal(execute("pwd", cwd="/usr/bin").strip(), "/usr/bin", "directory")
    equal(execute("sh", "-c", "umask", preexec_fn=lambda: os.umask(0o027)).strip(), "0027", "mask")
    through = subprocess.run(words("exec", "web", "--", "cat"), input="through\n", capture_output=True, text=True, timeout=60)
    equal(through.stdout, "through\n", "what went through standard input")
    # Where it is.
    equal(execute("hostname").strip(), "web", "host name")
    equal(set(execute("ls", "/sys/class/net").split()), {"lo", "eth0"}, "interfaces")
    execute("ping", "-c", "1", "-W", "5", "172.16.1.3")
    if daemons_keyring > 0:
        assert int(execute("/usr/bin/python3", "-c", KEYRING)) != daemons_keyring, "the command has the daemon's keyring"
    in_callers_group(lambda into: execute("cat", "/proc/self/cgroup", preexec_fn=into))
    # What it may not.
    setuid = shutil.copy("/usr/bin/id", host.directory / "id")
    os.chmod(setuid, 0o4755)
    equal(execute(setuid, "-u").strip(), str(USER), "user of a set-user-ID program")
    raw = shutil.copy("/usr/bin/cat", host.directory / "cat")
    try:
        os.setxattr(raw, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))  # cap_net_raw+ep
    except OSError as problem:
        print(f"no file capability tried: {problem}")  # this file system has none
    assert f"CapEff:\t{'0' * 16}\n" in execute(raw, "/proc/self/status"), "a program with a file capability has got it"
    for forbidden in (["ip", "link", "set", "eth0", "down"], ["mount", "-t", "tmpfs", "none", "/mnt"], ["cat", "/proc/1/environ"],
                      ["ls", "/proc/1/fd"], ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"],
                      ["nsenter", "--net=/proc/1/ns/net", "true"], ["touch", "/root/vpclab-was-here"]):
        done = run(*words("exec", "web", "--", *forbidden), check=False)
        assert done.returncode not in (0, 125, 127), (forbidden, done)
    execute("sh", "-c", "kill -9 1; exit 3", status=3)
    # Its status, and exec's own.
    execute("sh", "-c", "exit 42", status=42)
    execute("sh", "-c", "kill -9 $$", status=137)
    execute("/no/such/program", status=127)
    execute("/etc/passwd", status=126)
    equal(run(*words("exec", "nobody", "--", "true"), check=False).returncode, 125, "exec in no node")
    stranger = run(*words("exec", "web", "--", "true", group=STRANGERS), check=False)
    equal(stranger.returncode, 125, "status of a stranger's exec")
    assert "the group vpclab" in stranger.stderr, stranger.stderr

    def started(*command, **keywords):
        process = subprocess.Popen(words("exec", "web", "--", *command), stdout=subprocess.PIPE, text=True, **keywords)
        equal(process.stdout.readline(), "ready\n", f"first line of {command}")
        return process

    def running(marker):
        return [pid for pid, words in host.processes().items() if marker in words and "exec" not in words]

    # A signal goes to the command; the end of vpclab is the command's and that of all that it has started.
    asked = started("sh", "-c", "trap 'echo asked; exit 7' INT; echo ready; while :; do sleep 0.05; done")
    asked.send_signal(signal.SIGINT)
    equal((asked.communicate(timeout=20)[0], asked.returncode), ("asked\n", 7), "answer to SIGINT")
    left = started("sh", "-c", "trap '' HUP; setsid -f sleep 98761; echo ready; sleep 98762")
    left.kill()
    left.wait()
    until(lambda: not running("98761") and not running("98762"), 20, "the commands of a killed vpclab are gone")

    # So is the end of the process that has made it.
    def entries():
        return [pid for pid, words in host.processes().items() if "enter" in words]
    until(lambda: not entries(), 20, "no entry is left")
    left = started("sh", "-c", "setsid -f sleep 98764; echo ready; sleep 98765")
    # Its own child, the first process of the command's, still has its name.
    os.kill(min(entries()), signal.SIGKILL)
    until(lambda: not running("98764") and not running("98765"), 20, "the commands of a killed entry are gone")
    assert left.wait(20) != 0, "status where the entry was killed"

    # What it mounts is not the host's, whatever the host shares.
    def mounts():
        return sorted(line.split(" ", 2)[2] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines())
    run("mount", "--make-rshared", "/")
    before = mounts()
    execute("true")
    equal(mounts(), before, "the host's mounts")
    run("mount", "--make-rprivate", "/")

    # A terminal of its own, as large as the caller's, where Ctrl-C is the command's.
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    shell = subprocess.Popen(words("exec", "web", "--", "sh", "-c", "stty size; tty; sleep 98763; echo status $?"), stdin=slave,
                             stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    told = b""
    while told.count(b"\n") < 2:
        told += os.read(master, 1024)
    assert told.startswith(b"33 77\r\n/dev/pts/"), told
    until(lambda: running("98763"), 10, "the sleep in the terminal runs")
    os.write(master, b"\x03")
    equal(shell.wait(20), 130, "status after Ctrl-C")
    os.close(master)

    # All of what it writes there arrives.
    master, slave = pty.openpty()
    shell = subprocess.Popen(words("exec", "web", "--", "seq", "1", "20000"), stdin=slave, stdout=slave, stderr=slave,
                             start_new_session=True)
    os.close(slave)
    told = b""
    while not told.endswith(b"\n20000\r\n"):
        told += os.read(master, 65536)
    equal(told.count(b"\r\n"), 20000, "lines in the terminal")
    equal(shell.wait(20), 0, "status of seq")
    os.close(master)

    # A long paste into a command that answers more arrives whole: neither waits for the other.
    master, slave = pty.openpty()
    size = 400_000
    shell = subprocess.Popen(words("exec", "web", "--", "sh", "-c", f"stty raw -echo; echo ready; head -c {size} | od -An -v -c; echo end"),
                             stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    told = b""
    while b"ready" not in told:
        told += os.read(master, 1024)
    os.set_blocking(master, False)
    told, left = b"", b"x" * size
    def pasted():
        nonlocal told, left
        try:
            left = left[os.write(master, left):] if left else left
        except BlockingIOError:
            pass
        # Read late and little, as a slow terminal.
        try:
            told += os.read(master, 16384)
        except BlockingIOError:
            pass
        return b"end" in told
    deadline = time.monotonic() + 20
    while not pasted():
        assert time.monotonic() < deadline, f"{len(told)} bytes came back, {left[:1]!r} is left"
    equal(told.count(b"x"), size, "bytes of the paste that came back")
    equal(shell.wait(20), 0, "status after the paste")
    os.close(master)

    # The page of the lab's server, also once the lab was made anew; `down` waits for nobody's command.
    forward = subprocess.Popen(words("forward", "18081", "--to", "139.198.18.140:80"), stdout=subprocess.PIPE, text=True)
    assert forward.stdout.readline().startswith("http://127.0.0.1:18081/ leads to"), "forward's first line"
    for _ in range(2):
        until(lambda: ">web<" in run("curl", "-s", "-m", "5", URL, check=False).stdout, 20, f"the page at {URL}")
        sleeping = started("sh", "-c", "echo ready; sleep 98764")
        host.vpclab("down", "eip", timeout=60)
        assert sleeping.wait(20) != 0, "a command that outlives its lab"
        host.start_daemon()
        host.vpclab("apply", host.labs / "eip" / "lab.yaml")
    forward.send_signal(signal.SIGINT)
    equal(forward.wait(10), 0, "status of forward")
    host.vpclab("down", "eip")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
