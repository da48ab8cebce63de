#!/usr/bin/env python3
"""`apply` changes a load balancer while wrk puts requests to it, and not one fails: another balance, a listener more on a
port below 1024, a backend that goes and comes back, a listener less. The worker is the same process all the time."""
import re
import shutil
import signal
import subprocess

import sandbox
from sandbox import equal, run, until

ADDRESS = "139.198.18.135"
SIBLING = "          - {server: bj-server1, port: 80}\n"
BACKEND = "          - {server: bj-server2, port: 80}\n"
MORE = """      more:
        protocol: http
        port: 443
        backends: [{server: bj-server1, port: 80}]
"""


def worker(host) -> int:
    found = [int(pid) for pid in run("ip", "netns", "pids", "vpclab.cross-region.xr-lb").stdout.split()]
    equal(len(found), 1, f"processes of the load balancer {found}")
    return found[0]


def backends(host) -> int:
    """How many pages the listener's answers come from."""
    pages = {host.inside("internet", "curl", "-s", "-m", 5, f"http://{ADDRESS}/", check=False).stdout for _ in range(9)}
    return len(pages)


def test(host):
    if not shutil.which("wrk"):
        sandbox.skip("needs wrk")
    host.start_daemon()
    host.vpclab("up", host.stage("4b"))
    file = host.labs / "cross-region/stage-4a.yaml"  # which stage 4b extends
    for stage in (file, host.stage("4b")):  # their checks name every backend
        stage.write_text(stage.read_text().split("\nchecks:\n")[0] + "\n")
    before = worker(host)
    # As much load as nobody else wants the processor: `apply` is to get on where processors are emulated, too.
    load = subprocess.Popen(["ip", "netns", "exec", "vpclab.cross-region.internet", "nice", "-n", "19", "wrk", "-t1", "-c4", "-d600s",
                             "--timeout", "30s", f"http://{ADDRESS}/"], stdout=subprocess.PIPE, text=True)

    def curls(port: int) -> bool:
        return host.inside("internet", "curl", "-s", "-m", 5, f"http://{ADDRESS}:{port}/", check=False).returncode == 0

    steps = [
        ("another balance", "balance: roundrobin", "balance: leastconn", lambda: True),
        ("a listener more", "    listeners:\n", "    listeners:\n" + MORE, lambda: curls(443)),
        ("a backend less", BACKEND, "", lambda: backends(host) == 2),
        ("the backend again", SIBLING, SIBLING + BACKEND, lambda: backends(host) == 3),
        ("that listener less", MORE, "", lambda: not curls(443)),
        ("the first balance again", "balance: leastconn", "balance: roundrobin", lambda: True),
    ]
    for what, old, new, effect in steps:
        host.edit(file, old, new)
        host.vpclab("apply", host.stage("4b"))
        until(effect, 60, what)
        equal(load.poll(), None, f"{what}: the load goes on")
    load.send_signal(signal.SIGINT)
    text = load.communicate(timeout=120)[0]
    if "Socket errors" in text or "Non-2xx" in text or int(re.search(r"(\d+) requests in", text)[1]) == 0:
        raise AssertionError(f"requests failed while the load balancer changed:\n{text}")
    equal(worker(host), before, "the worker's process")
    host.vpclab("down", "cross-region")


if __name__ == "__main__":
    sandbox.main(test)
