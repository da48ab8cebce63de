#!/usr/bin/env python3
"""Members of the group vpclab may use the daemon, but not become root through it; others may not even ask."""
import subprocess

import sandbox
from sandbox import equal, run

GROUP, USER, STRANGERS = 64321, 64322, 64323

# Opens connections until one is refused, then again and again until it is told that this is too often.
GREEDY = """
import socket, sys
def connect():
    client = socket.socket(socket.AF_UNIX)
    client.connect(sys.argv[1])
    return client
def answer(client):
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b''.join(parts).decode().replace(chr(13) + chr(10), ' ')
taken = [connect() for _ in range(8)]
for _ in taken:
    print('taken', flush=True)
print(answer(connect()), end='', flush=True)
sys.stdin.readline()
while not (said := answer(connect())).startswith('HTTP/1.1 429'):
    pass
print(said, end='', flush=True)
"""


def test(host):
    client = host.group_client(GROUP)
    host.start_daemon()

    def by(group, *arguments):
        return run("setpriv", f"--reuid={USER}", f"--regid={group}", "--clear-groups", "--no-new-privs", client,
                   "--run-dir", host.run_dir, *arguments, check=False)

    stranger = by(STRANGERS, "inspect")
    assert stranger.returncode == 1 and "members of the group vpclab" in stranger.stderr, stranger
    commands = host.labs / "apache" / "lab.yaml"
    refused = by(GROUP, "apply", commands)
    assert refused.returncode == 1, refused
    place = next(n for n, line in enumerate(commands.read_text().splitlines(), 1) if line.startswith("  web1:"))
    assert f"lab.yaml:{place}:3: server web1 has `run`: only root may" in refused.stderr, refused
    assert not host.nodes("apache") and not (host.run_dir / "labs" / "apache").exists(), host.pins()
    for done in (by(GROUP, "plan", commands), ):
        assert done.returncode == 3, done
    for arguments in (("up", host.labs / "hello" / "lab.yaml"), ("down", "hello")):
        done = by(GROUP, *arguments)
        assert done.returncode == 0, done

    # One user leaves places for others, however many requests he makes.
    host.start_daemon()
    greedy = subprocess.Popen(["setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups", "/usr/bin/python3", "-c",
                               GREEDY, str(host.run_dir / "vpclabd.sock")],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for _ in range(8):
        equal(greedy.stdout.readline(), "taken\n", "a request that says nothing")
    told = greedy.stdout.readline()
    assert told.startswith("HTTP/1.1 503") and f"uid {USER} has 8 requests under way" in told, told
    host.vpclab("inspect", timeout=5)
    told = greedy.communicate("\n", timeout=60)[0]
    assert told.startswith("HTTP/1.1 429") and f"uid {USER} asks too often" in told, told
    host.vpclab("inspect", timeout=5)
    host.vpclab("down", "--all")

    # Nobody but its owner can hold the lock that keeps a second daemon away.
    host.start_daemon()
    held = run("setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups", "flock", "--nonblock",
               host.run_dir / "vpclabd.lock", "true", check=False)
    assert "Permission denied" in held.stderr, held


if __name__ == "__main__":
    sandbox.main(test)
