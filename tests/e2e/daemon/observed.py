#!/usr/bin/env python3
"""What the daemon tells while it works: its events, one after the other, and its metrics, by a reader that is not ours."""
import collections
import json
import os
import pathlib
import signal
import subprocess
import threading

import sandbox
from sandbox import BIN, equal, misspelled, run, until


class Follower:
    """`vpclab events --json` and what it has written so far."""

    def __init__(self, host, *arguments):
        self.process = subprocess.Popen([BIN / "vpclab", "--run-dir", host.run_dir, "events", *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        until(lambda: self.lines, 20, "the follower has begun")

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def events(self):
        told = [json.loads(line) for line in self.lines]
        equal(sorted(misspelled(told)), [], "members of events that are not spelled like_this")
        return told

    def wait(self, wanted: str, **members):
        def found():
            return next((e for e in self.events() if all(e.get(k) == v for k, v in members.items())), None)
        return until(found, 60, f"{wanted}: {members}, only {self.lines[-5:]}")

    def end(self) -> int:
        status = self.process.wait(timeout=30)
        self.thread.join(timeout=30)
        return status


PARSE = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps({f.name: [[s.name, s.labels, s.value] for s in f.samples]
                  for f in text_string_to_metric_families(sys.stdin.read())}))
"""
Sample = collections.namedtuple("Sample", "name labels value")


def parsed(text: str) -> dict[str, list[Sample]]:
    """Prometheus' own parser, a package of Debian's and so of Debian's Python."""
    done = subprocess.run(["/usr/bin/python3", "-c", PARSE], input=text, capture_output=True, text=True, timeout=60)
    if "No module named" in done.stderr:
        sandbox.skip("needs python3-prometheus-client")
    equal(done.returncode, 0, done.stderr)
    return {family: [Sample(*sample) for sample in samples] for family, samples in json.loads(done.stdout).items()}


def value(families, name: str, **labels) -> float:
    samples = families[name.removesuffix("_total")]
    found = [s.value for s in samples if s.name == name and all(s.labels.get(k) == v for k, v in labels.items())]
    assert found, f"no {name} {labels} in {samples}"
    return sum(found)


def scrape(host):
    socket = host.run_dir / "vpclabd.sock"
    done = run("curl", "--silent", "--fail", "--include", "--unix-socket", socket, "http://vpclabd/v1/metrics")
    head, body = done.stdout.split("\n\n", 1)
    assert "Content-Type: text/plain; version=0.0.4" in head, head
    return parsed(body)


def test(host):
    host.start_daemon()
    everything = Follower(host, "--json")
    # One that reads nothing must not hold anything up.
    stuck = subprocess.Popen([BIN / "vpclab", "--run-dir", host.run_dir, "events"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE)
    assert b"following" in stuck.stdout.readline()
    os.kill(stuck.pid, signal.SIGSTOP)
    other = Follower(host, "another", "--json")

    host.vpclab("apply", host.stage("4b"))
    begun = everything.wait("the apply has begun", what="begun", action="apply", lab="cross-region")
    everything.wait("the apply has settled", what="settled", action="apply", count=begun["count"])
    changes = [e for e in everything.events() if e.get("what") == "change"]
    equal(len(changes), begun["count"], "an event for each change")
    equal({e["result"] for e in changes}, {"done"}, "all of them done")
    made = {e["object"] for e in changes if e["action"] == "create"}
    for node in host.nodes():
        assert f"netns {node}" in made, (node, made)

    # A backend goes down: its balancer has lost the way there.
    everything.wait("a backend is up", what="backend", action="up")
    host.vpclab("apply", host.stage("4a"))
    down = everything.wait("a backend is down", what="backend", action="down")
    assert down["object"].endswith(" of xr-lb") and down["reason"], down

    # A worker that is killed: its end and its new beginning.
    worker = next(p for p in host.json("inspect")["labs"][0]["processes"] if p["name"] == "lb")
    os.kill(worker["pid"], signal.SIGKILL)
    ended = everything.wait("the worker's end", what="process", object="process lb of xr-lb", action="ended")
    assert "9" in ended["reason"], ended

    def again():
        events = everything.events()
        return [e for e in events[events.index(ended):] if (e.get("object"), e.get("action")) == (ended["object"], "running")]

    until(again, 60, "the worker runs again, before anybody heals")
    host.vpclab("link", "set", "bj-server2", "--down")
    everything.wait("the link is set", what="settled", action="link set")
    host.vpclab("heal")
    everything.wait("healed", what="settled", action="heal")
    equal([e["what"] for e in other.events()], ["following"], "events of another lab")

    # The same by the numbers, before and after some requests.
    until(lambda: host.inside("internet", "curl", "--silent", "--fail", "--max-time", 2, "http://139.198.18.135/",
                              check=False).returncode == 0, 60, "the balancer answers again")
    before = scrape(host)
    for _ in range(6):
        host.inside("internet", "curl", "--silent", "--fail", "http://139.198.18.135/")
    after = scrape(host)
    balancer = {"lab": "cross-region", "load_balancer": "xr-lb"}
    for name in ("vpclab_listener_requests_total", "vpclab_backend_requests_total"):
        equal(value(after, name, **balancer) - value(before, name, **balancer), 6, name)
    equal(value(after, "vpclab_listener_responses_total", code="2xx", **balancer) -
          value(before, "vpclab_listener_responses_total", code="2xx", **balancer), 6, "responses")
    equal(value(after, "vpclab_backend_state", **balancer), 3, "each backend in one state")
    assert value(after, "vpclab_backend_state", state="up", **balancer) >= 1, after["vpclab_backend_state"]
    equal(value(after, "vpclab_changes_total"), sum(1 for e in everything.events() if e.get("what") == "change"), "changes")
    equal(value(after, "vpclab_labs"), 1, "labs")
    kinds = collections.Counter(e["object"].split()[0] for e in changes)
    equal(value(after, "vpclab_objects", kind="netns"), kinds["netns"], "namespaces")
    assert value(after, "vpclab_process_restarts_total", node="xr-lb", process="lb") >= 1
    counted = [s for s in after["vpclab_operation_duration_seconds"] if s.labels.get("verb") == "apply"]
    equal([s.value for s in counted if s.name.endswith("_count")], [2], "applies")
    equal([s.value for s in counted if s.labels.get("le") == "+Inf"], [2], "applies of any duration")
    pid = host.daemon()
    fds = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
    assert abs(value(after, "process_open_fds") - fds) < 8, (after["process_open_fds"], fds)
    rss = int(next(l for l in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in l).split()[1])
    assert 0.3 < value(after, "process_resident_memory_bytes") / (rss * 1024) < 3, (after, rss)
    equal(set(parsed(host.vpclab("metrics").stdout)), set(after), "families of `vpclab metrics`")
    assert host.json("metrics")["metrics"]

    # One whose reader has gone ends by itself, also where SIGPIPE is ignored; so does one that cannot write.
    for streams in ("| head -1", "> /dev/full"):
        line = f"trap '' PIPE; ( {BIN}/vpclab --run-dir {host.run_dir} events --json; echo ended $? >&2 ) {streams}"
        reader = subprocess.Popen(["bash", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        if "head" in streams:
            assert "following" in reader.stdout.readline(), streams
            host.vpclab("link", "set", "bj-server1", "--loss", "1%", "--lab", "cross-region")
            host.vpclab("heal", "cross-region")
        assert "ended 1" in reader.communicate(timeout=20)[1], streams

    # Ctrl-C ends one; the daemon's end all others, which say so.
    other.process.send_signal(signal.SIGINT)
    equal(other.end(), 0, "the exit status after Ctrl-C")
    equal(other.process.stderr.read(), "", "what is said of Ctrl-C")
    host.vpclab("down", "cross-region")
    equal(everything.end(), 1, "the exit status when the daemon has ended")
    assert any(e.get("what") == "down" and e["result"] == "done" for e in everything.events()), everything.lines[-3:]
    last = everything.events()[-1]
    equal((last["event"], last["errors"]), ("final", ["the daemon is ending, and its events with it"]), "the last line")
    os.kill(stuck.pid, signal.SIGCONT)
    stuck.communicate(timeout=30)


if __name__ == "__main__":
    sandbox.main(test)
