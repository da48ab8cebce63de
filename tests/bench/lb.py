#!/usr/bin/env python3
"""Our load balancer beside HAProxy and nginx: lb.py [ROUNDS] [SECONDS] [CONGESTION]; medians of interleaved rounds.

Client, balancer and the backends are namespaces of a private host; three nginx backends serve 1 KiB and 1 MiB, and in one row
a tenth of the answers takes a second. `wrk` is the load. What counts is the balancer's processor time for each request (or
MiB), user and system, and the latency; both as ratios to the others in the same run: medians of each round's own ratio, because
the machine is another one in each round, and what a balancer leaves behind (sockets that wait for their end, memory to be freed)
costs the one that follows, so the order goes round. Ours writes a line for every request to a file; so do the others, which run
once more without any log. CONGESTION is the congestion control in all three namespaces (tcp(7)), by default the host's; under BBR
large bodies are slower and have long tails, whoever forwards them. VPCLAB_BIN_DIR has a Release build.
"""
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e/walk"), str(HERE.parent / "e2e/balancers")]
import os  # noqa: E402

import proxies  # noqa: E402
import sandbox  # noqa: E402
from sandbox import BIN, run, until  # noqa: E402

LONG = 30_000  # milliseconds; every time limit
BACKENDS = ["10.2.0.11", "10.2.0.12", "10.2.0.13"]
# name, path, connections, closes the connection behind each request
ROWS = [("1 KiB, 32 connections", "/1k", 32, False), ("1 KiB, 256 connections", "/1k", 256, False),
        ("1 KiB, a connection each", "/1k", 32, True), ("1 MiB, 32 connections", "/1m", 32, False),
        ("1 KiB, 256, 10 % slow", "/some-slow", 256, False)]
SLOW_ROW_SECONDS = 5
TICK = os.sysconf("SC_CLK_TCK")


def inside(netns: str, *words) -> list[str]:
    return ["ip", "netns", "exec", netns, *map(str, words)]


def make_network(congestion: str):
    for name, address in [("client", "10.1.0.1/24"), ("lb", "10.1.0.2/24")]:
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
    run("ip", "link", "add", "c0", "netns", "client", "type", "veth", "peer", "name", "c1", "netns", "lb")
    run("ip", "-n", "client", "address", "add", "10.1.0.1/24", "dev", "c0")
    run("ip", "-n", "lb", "address", "add", "10.1.0.2/24", "dev", "c1")
    run("ip", "netns", "add", "backends")
    run("ip", "link", "add", "b0", "netns", "lb", "type", "veth", "peer", "name", "b1", "netns", "backends")
    run("ip", "-n", "lb", "address", "add", "10.2.0.1/24", "dev", "b0")
    for address in BACKENDS:
        run("ip", "-n", "backends", "address", "add", f"{address}/24", "dev", "b1")
    for netns, link in (("client", "c0"), ("lb", "c1"), ("lb", "b0"), ("backends", "b1")):
        run("ip", "-n", netns, "link", "set", link, "up")
    if congestion:
        for netns in ("client", "lb", "backends"):
            run(*inside(netns, "sysctl", "-qw", f"net.ipv4.tcp_congestion_control={congestion}"))


def start_backends(directory: pathlib.Path):
    pages = directory / "www"
    pages.mkdir()
    (pages / "1k").write_bytes(b"x" * 1024)
    (pages / "1m").write_bytes(b"x" * (1 << 20))
    file = directory / "backends.conf"
    file.write_text(f"""
worker_processes 1; pid {directory}/backends.pid; error_log {directory}/backends.log crit; user root; daemon off;
events {{ worker_connections 8192; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=10;
  split_clients "$request_id" $slow {{ 10% /slow; * /1k; }}
  server {{ listen 80 reuseport backlog=4096; root {pages};
    location = /some-slow {{ rewrite ^ $slow last; }}
    location = /slow {{ limit_rate 1000; rewrite ^ /1k break; }} }} }}
""")
    subprocess.Popen(inside("backends", "nginx", "-p", directory, "-c", file))


def processor_time(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / TICK


class Running:
    """A balancer: its port on 10.1.0.2 and the processes whose time counts."""

    def __init__(self, name: str, port: int, pids):
        self.name, self.port, self.pids = name, port, pids


def socket_in(netns: str, port: int) -> socket.socket:
    """As the keeper opens it: in the balancer's namespace."""
    with open("/proc/self/ns/net", "rb") as here, open(f"/run/netns/{netns}", "rb") as there:
        set_netns(there.fileno())
        try:
            return socket.create_server(("10.1.0.2", port), backlog=4096)
        finally:
            set_netns(here.fileno())


def set_netns(descriptor: int):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def start_ours(directory: pathlib.Path) -> Running:
    front = socket_in("lb", 8080)
    control, theirs = socket.socketpair()
    with (directory / "vpclab.log").open("wb") as log:
        words = inside("lb", BIN / "vpclab-worker", "serve", "--uid", 65534)
        process = subprocess.Popen(["bash", "-c", f'exec "$@" 3<&{theirs.fileno()}', "bash", *words],
                                   pass_fds=[theirs.fileno()], stdout=log, stderr=log)
    theirs.close()  # so that the end of a worker that could not start is seen
    control.settimeout(20)
    config = {"id": "lb", "listeners": [proxies.listener("web", 8080, [(one, 80) for one in BACKENDS], LONG)]}
    proxies.frame(control, {"op": "configure", "process": {"netns": "", "name": "lb", "loadBalancer": config}}, [front.fileno()])
    until(lambda: all(backend["state"] == "up" for backend in proxies.frame(control, {"op": "status"})
                      ["status"]["listeners"][0]["backends"]), 20, "the backends are up")
    running = Running("vpclab", 8080, lambda: [process.pid])
    running.keep = front, control, process
    return running


def start_haproxy(directory: pathlib.Path, port: int, logs: bool) -> Running:
    file = directory / f"haproxy-{port}.cfg"
    file.write_text(f"""
global
  nbthread 2
  maxconn 4000
  {"log stdout format raw local0" if logs else ""}
defaults
  mode http
  {"log global" if logs else ""}
  {"option httplog" if logs else ""}
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option http-keep-alive
  option forwardfor
  option splice-auto
  http-reuse always
frontend f
  bind 10.1.0.2:{port}
  default_backend b
backend b
""" + "".join(f"  server b{i} {one}:80\n" for i, one in enumerate(BACKENDS)))
    with (directory / f"haproxy-{port}.log").open("wb") as log:
        process = subprocess.Popen(inside("lb", "haproxy", "-db", "-f", file), stdout=log, stderr=subprocess.DEVNULL)
    return Running("HAProxy" if logs else "HAProxy, no log", port, lambda: [process.pid])


def start_nginx(directory: pathlib.Path, port: int, logs: bool) -> Running:
    file = directory / f"nginx-{port}.conf"
    servers = " ".join(f"server {one}:80;" for one in BACKENDS)
    file.write_text(f"""
worker_processes 2; pid {directory}/nginx-{port}.pid; error_log {directory}/nginx.log crit; user root; daemon off;
events {{ worker_connections 8192; }}
http {{ access_log {f"{directory}/nginx-{port}.log" if logs else "off"};
  keepalive_requests 1000000; upstream u {{ {servers} keepalive 256; keepalive_requests 1000000; }}
  server {{ listen 10.1.0.2:{port} reuseport backlog=4096; location / {{ proxy_pass http://u; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_max_temp_file_size 0; }} }} }}
""")
    process = subprocess.Popen(inside("lb", "nginx", "-p", directory, "-c", file))

    def workers():
        return [int(one) for one in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    return Running("nginx" if logs else "nginx, no log", port, workers)


def seconds_of(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]


def measure(balancer: Running, row, seconds: int):
    """(microseconds of processor time per request, p50, p99, requests per second)."""
    _, path, connections, closes = row
    before = processor_time(balancer.pids())
    words = inside("client", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s",
                   *(["-H", "Connection: close"] if closes else []), f"http://10.1.0.2:{balancer.port}{path}")
    text = run(*words).stdout
    spent = processor_time(balancer.pids()) - before
    if "Socket errors" in text and not closes or "Non-2xx" in text:
        raise AssertionError(f"{balancer.name}, {row[0]}: {text}")
    requests = int(re.search(r"(\d+) requests in", text)[1])
    p50, p99 = (seconds_of(re.search(rf"{one}% +(\S+)", text)[1]) for one in ("50", "99"))
    return spent / requests * 1e6, p50, p99, requests / seconds


def ratios(got: dict, peers: list[str]) -> str:
    """Ours to the better of them: CPU, p50, p99, rate; CPU to the first."""
    to = [[statistics.median(mine[i] / its[i] for mine, its in zip(got["vpclab"], got[name])) for i in range(4)] for name in peers]
    better = [max(one[i] for one in to) for i in range(3)] + [min(one[3] for one in to)]
    return f"{to[0][0]:5.2f} | " + " ".join(f"{one:5.2f}" for one in better)


def test(host):
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    os.environ["PATH"] += ":/usr/sbin"
    make_network(sys.argv[3] if len(sys.argv) > 3 else "")
    start_backends(host.directory)
    time_limit = time.monotonic() + 20
    balancers = [start_haproxy(host.directory, 8081, True), start_nginx(host.directory, 8082, True), start_ours(host.directory),
                 start_haproxy(host.directory, 8083, False), start_nginx(host.directory, 8084, False)]
    for one in balancers:
        until(lambda: run(*inside("client", "curl", "-sf", "-o", "/dev/null", f"http://10.1.0.2:{one.port}/1k"), check=False).returncode == 0
              or time.monotonic() > time_limit, 20, f"{one.name} answers")
    print("Each: CPU us, requests/s, p50 ms, p99 ms. Ratios of ours, with logs and without: CPU to HAProxy | to the better CPU p50 p99 rate")
    print(f"{'':26} " + " ".join(f"{one.name:>28}" for one in balancers))
    for row in ROWS:
        got = {one.name: [] for one in balancers}
        # Long enough to see the slow answers come.
        span = max(seconds, SLOW_ROW_SECONDS) if row[1] == "/some-slow" else seconds
        for number in range(rounds):
            turn = number % len(balancers)
            for one in balancers[turn:] + balancers[:turn]:
                got[one.name].append(measure(one, row, span))
        middle = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in got.items()}
        cells = " ".join(f"{m[0]:8.1f} {m[3]:6.0f} {m[1] * 1e3:5.2f} {m[2] * 1e3:6.1f}" for m in (middle[b.name] for b in balancers))
        print(f"{row[0]:26} {cells}   {ratios(got, ['HAProxy', 'nginx'])}   {ratios(got, ['HAProxy, no log', 'nginx, no log'])}", flush=True)


if __name__ == "__main__":
    sandbox.main(test)
