"""Our worker, HAProxy and nginx, each before the same recording backends, on 127.0.0.1 of a private host.

A lane is a listener and the one backend behind it; tests that run side by side use a lane each, so that what a backend
records belongs to one of them.
"""
import array
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess

import sandbox
from sandbox import BIN, until

SECONDS = 8  # every time limit of every proxy; what is emulated is slow


def frame(control: socket.socket, message: dict, descriptors=()) -> dict:
    """A message as the keeper sends it, and the answer to it: base/frame_socket.h."""
    body = json.dumps(message).encode()
    control.sendall(struct.pack("!II", len(body), len(descriptors)) + body)
    for i in range(0, len(descriptors), 200):
        control.sendmsg([b"F"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors[i:i + 200]))])
    size, _ = struct.unpack("!II", control.recv(8, socket.MSG_WAITALL))
    answer = json.loads(control.recv(size, socket.MSG_WAITALL))
    if not answer["ok"]:
        raise AssertionError(f"the worker refused: {answer['error']}")
    return answer


def listener(name: str, port: int, backends: list[tuple[str, int]], limit_ms: int, **changes) -> dict:
    """A listener as the daemon describes it to the worker; `changes` replaces what is usual."""
    usual = {
        "name": name, "protocol": "http", "listen": {"netns": "", "address": "127.0.0.1", "port": port},
        "balance": "roundrobin",
        "healthCheck": {"kind": "tcp", "path": "/", "host": "", "intervalMs": 2000, "timeoutMs": 1000, "fall": 2,
                        "rise": 1, "passive": False},
        "backends": [{"name": f"b{i}", "address": address, "port": to, "weight": 1, "disabled": False, "backup": False,
                      "maxConnections": 0} for i, (address, to) in enumerate(backends, 1)],
        "pools": [], "rules": [], "sticky": {"mode": "off", "cookie": "", "timeoutSeconds": 0},
        "connectTimeoutMs": limit_ms, "headerTimeoutMs": limit_ms, "idleTimeoutMs": limit_ms,
        "tunnelTimeoutMs": limit_ms, "queueTimeoutMs": limit_ms, "maxConnections": 0, "maxHeaderBytes": 15360,
        "forwardedFor": True, "forwardedProto": False, "forwardedId": False, "forwardedAddress": False, "via": True}
    return {**usual, **changes}


class Ours:
    name = "vpclab"

    def __init__(self, directory: pathlib.Path, backends: list[int]):
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=512) for _ in backends]
        self.ports = [one.getsockname()[1] for one in self.sockets]
        self.backends, self.log = backends, directory / "vpclab.log"
        self.start()

    def start(self):
        self.control, theirs = socket.socketpair()
        with theirs, self.log.open("ab") as log:
            words = [str(BIN / "vpclab-worker"), "serve", "--uid", "65534"]
            self.process = subprocess.Popen(["bash", "-c", f'exec "$@" 3<&{theirs.fileno()}', "bash", *words],
                                            pass_fds=[theirs.fileno()], stdout=log, stderr=log)
        config = {"id": "lb", "listeners": [listener(f"lane{i:02}", port, [("127.0.0.1", backend)], SECONDS * 1000)
                                            for i, (port, backend) in enumerate(zip(self.ports, self.backends))]}
        frame(self.control, {"op": "configure", "process": {"netns": "", "name": "lb", "loadBalancer": config}},
              [one.fileno() for one in self.sockets])
        until(lambda: all(backend["state"] == "up" for one in frame(self.control, {"op": "status"})["status"]["listeners"]
                          for backend in one["backends"]), 20, "every backend is up")

    def stop(self):
        self.control.close()
        self.process.wait(10)


class Program:
    """A proxy of Debian's, with a configuration file of ours."""

    def launch(self, words: list[str]):
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=self.log.open("wb"))
        for port in self.ports:
            until(lambda: answers(port), 20, f"{self.name} listens: {self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class HaProxy(Program):
    name = "HAProxy"

    def __init__(self, directory: pathlib.Path, backends: list[int]):
        self.ports, self.log = [free_port() for _ in backends], directory / "haproxy.log"
        text = f"""
global
  nbthread 1
defaults
  mode http
  timeout connect {SECONDS}s
  timeout client {SECONDS}s
  timeout server {SECONDS}s
  timeout http-request {SECONDS}s
  option forwardfor
"""
        for i, (port, backend) in enumerate(zip(self.ports, backends)):
            text += f"listen lane{i}\n  bind 127.0.0.1:{port}\n  server b 127.0.0.1:{backend}\n"
        file = directory / "haproxy.cfg"
        file.write_text(text)
        self.launch(["haproxy", "-db", "-f", str(file)])


class Nginx(Program):
    name = "nginx"

    def __init__(self, directory: pathlib.Path, backends: list[int]):
        self.ports, self.log = [free_port() for _ in backends], directory / "nginx.log"
        lanes = "".join(f"""
  upstream u{i} {{ server 127.0.0.1:{backend} max_fails=0; keepalive 8; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u{i}; }} }}
""" for i, (port, backend) in enumerate(zip(self.ports, backends)))
        temporary = "".join(f"  {kind}_temp_path {directory}/nginx-{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        file = directory / "nginx.conf"
        file.write_text(f"""
daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/nginx-errors.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_header_timeout {SECONDS}s; client_body_timeout {SECONDS}s; keepalive_timeout {SECONDS}s;
  proxy_connect_timeout {SECONDS}s; proxy_read_timeout {SECONDS}s; proxy_send_timeout {SECONDS}s;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  proxy_request_buffering off; proxy_buffering off; underscores_in_headers on; proxy_ignore_client_abort on;
{temporary}{lanes}}}
""")
        self.launch(["nginx", "-p", str(directory), "-c", str(file)])


def free_port() -> int:
    """In a private network nobody else takes it before it is used."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def start_all(directory: pathlib.Path, backends: dict[str, list[int]]) -> list:
    """The three, each before backends of its own."""
    os.environ["PATH"] += ":/usr/sbin"
    for program in ("haproxy", "nginx"):
        if not shutil.which(program):
            sandbox.skip(f"needs {program}")
    return [kind(directory, backends[kind.name]) for kind in (Ours, HaProxy, Nginx)]
