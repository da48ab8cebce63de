#!/usr/bin/env python3
"""A load balancer from its lab file to what curl sees: rules, redirects, cookies, headers; what inspect tells of it."""
import re
import signal
import subprocess
import time

import sandbox
from sandbox import equal, until

URL = "http://139.198.18.141"
# Until its input ends.
TAKE_PORTS = """
import socket, sys
taken = [socket.socket() for port in (50000, 50001)]
for port, one in zip((50000, 50001), taken):
    one.bind(("0.0.0.0", port))
print("taken", flush=True)
sys.stdin.read()
"""


def test(host):
    lab = host.labs / "load-balancer" / "lab.yaml"
    host.start_daemon()
    host.vpclab("up", lab)

    def curl(*arguments):
        return host.vpclab("exec", "internet", "--", "curl", "-s", "-m", "10", *arguments).stdout

    def page(*arguments):
        text = curl(*arguments, URL + "/")
        names = [name for name in ("web1", "web2", "spare", "beta", "intranet") if name in text]
        assert len(names) == 1, text
        return names[0]

    equal(page("-H", "X-Version: beta"), "beta", "by header")
    equal(page("-H", "Host: Beta.Example.com:80"), "beta", "by host")
    equal(curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", URL + "/old/a?b"),
          "301 http://www.example.com/old/a?b", "a redirect")

    # A client with a cookie jar stays; one without goes around.
    jar = ("-b", host.directory / "jar", "-c", host.directory / "jar")
    first = page(*jar)
    equal({page(*jar) for _ in range(4)}, {first}, "the pages of one client")
    equal({page() for _ in range(4)}, {"web1", "web2"}, "the pages of many")
    # Its backend out of service, it gets another one, and keeps that.
    backend = f"{{server: {first}, port: 80, max_connections: 200}}"
    host.edit(lab, backend, backend[:-1] + ", disabled: true}")
    host.edit(lab, "server: web1, expect: up", f"server: {first}, expect: up")
    refused = host.vpclab("apply", lab, status=2).stderr
    assert f'backend "{first}" cannot be `up`: it is disabled' in refused and "expect `disabled`" in refused, refused
    host.edit(lab, f"server: {first}, expect: up", f"server: {first}, expect: disabled")
    host.vpclab("apply", lab)
    other = page(*jar)
    assert other != first, other
    equal({page(*jar) for _ in range(3)}, {other}, "the pages of that client")

    # Its last web server moves its page to another port: that backend is down, and the spare one is there for it.
    server = f"{other}: {{vxnet: net, address: 172.16.1.1{other[-1]}, http: {{"
    host.edit(lab, server, server + "port: 81")
    host.vpclab("apply", lab)
    until(lambda: page() == "spare", 60, "the spare server takes over")

    def inspected():
        return host.json("inspect", "load-balancer")["labs"][0]["load_balancers"][0]["listeners"][0]

    # A request to the closed port went on to the spare one at once; that it stays closed is told after so many checks.
    wanted = {first: "disabled", other: "down", "spare": "up", "beta": "up"}
    until(lambda: {one["name"]: one["state"] for one in inspected()["backends"] if one["name"] in wanted} == wanted, 60,
          f"the backends are {wanted}")
    listener = inspected()
    backends = {backend["name"]: backend for backend in listener["backends"]}
    assert "Connection refused" in backends[other]["reason"], backends[other]
    equal(backends["beta"]["pool"], "beta", "the pool")
    assert backends["beta"]["codes"]["2xx"] == 2, backends["beta"]
    assert listener["codes"]["3xx"] == 2 and listener["redirected"] == 2, listener
    assert [flip for flip in listener["flips"] if (flip["backend"], flip["state"]) == (other, "down")], listener["flips"]
    text = host.vpclab("inspect", "load-balancer").stdout
    assert "Backends that went up or down lately" in text, text
    log = host.vpclab("logs", "lb").stdout
    assert re.search(r"^198\.51\.100\.\d+:\d+ \[\S+\] web web/web\d \d+/0/\d+/\d+/\d+ 200 \d+ - - --VN \d+/\d+/0/0/0 0/0 "
                     r'"GET / HTTP/1.1"$', log, re.M), log
    assert f"Server web/{other} is DOWN, reason: " in log, log
    host.vpclab("logs", "web1", status=1)
    follower = subprocess.Popen([sandbox.BIN / "vpclab", "logs", "lb", "--follow"], stdout=subprocess.PIPE, text=True)
    curl(URL + "/followed")
    for line in follower.stdout:
        if "GET /followed HTTP/1.1" in line:
            break
    follower.send_signal(signal.SIGINT)
    equal(follower.wait(30), 0, "exit status of a follower that was interrupted")

    # What the balancer itself has not got, ports here, says nothing of its backends. Each POST takes a new connection.
    def ports(span):
        host.inside("lb", "sysctl", "-qw", f"net.ipv4.ip_local_port_range={span}", lab="load-balancer")

    span = host.inside("lb", "sysctl", "-n", "net.ipv4.ip_local_port_range", lab="load-balancer").stdout.strip()
    ports("50000 50001")
    taken = subprocess.Popen(["ip", "netns", "exec", "vpclab.load-balancer.lb", "python3", "-c", TAKE_PORTS],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    taken.stdout.readline()
    codes = [curl("-o", "/dev/null", "-w", "%{http_code}", "-d", "x", URL + "/") for _ in range(3)]
    equal(codes, ["503"] * 3, "answers while there are no ports")
    time.sleep(3)  # checks are made every 2 s
    states = {one["name"]: one["state"] for one in inspected()["backends"]}
    equal({name: states[name] for name in wanted}, wanted, "states while there are no ports")
    taken.communicate(timeout=30)
    ports(span)
    equal(page(), "spare", "the page when there are ports again")
    checked = host.json("check", "load-balancer", status=4)["checks"]["results"][0]
    equal((checked["outcome"], checked["expected"], checked["seen"]), ("passed", "disabled", "disabled"),
          "the check of the one out of service")
    host.vpclab("down", "--all")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
