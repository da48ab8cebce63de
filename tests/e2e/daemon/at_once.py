#!/usr/bin/env python3
"""Everything at once: several clients apply, look at, heal, check and take down two large labs and a small one, with files
that are wrong among them; clients are stopped and killed, a hand changes things, the daemon is told to end and started
again. No client hangs or is left without an answer, and in the end all is as the files say, and goes.

at_once.py [--seconds N] [--seed N] [--clients N]: longer under a sanitizer finds more."""
import argparse
import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import sandbox
from sandbox import equal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench/scale"))
import lab  # noqa: E402

SERVERS = 80  # the daemon remembers what it has seen of them, and compiles only what has changed
LONGEST = 100  # of any client's waits
# By exit status: done, failed, bad input, differences, a check failed, and of `exec`.
ANSWERS = {0, 1, 2, 3, 4, 125}
LOST = "the peer closed in the middle"


class Crowd:
    def __init__(self, host, seconds: float, seed: int):
        self.host, self.end, self.seed = host, time.monotonic() + seconds, seed
        self.lock = threading.Lock()
        self.answers, self.problems, self.ended = collections.Counter(), [], 0
        large = lab.text(SERVERS)
        variants = [large, large.replace("address: 10.0.0.2}", "address: 10.0.0.99}"),
                    large.replace("address: 10.0.0.3}", "address: 10.0.0.3, rate: 8mbit}"), lab.text(SERVERS - 20)]
        twins = [text.replace(f"lab: {lab.NAME}", "lab: twin") for text in variants]
        wrong = [text.replace("vxnet: net0, address: 10.0.0.3}", "vxnet: nowhere}") for text in (variants[0], twins[0])]
        self.large, self.twins = self.write("large", variants), self.write("twin", twins)
        self.wrong = self.write("wrong", wrong)
        self.small = [host.stage(stage) for stage in ("2", "3b", "4b")]
        self.labs = [lab.NAME, "twin", "cross-region"]

    def write(self, name: str, texts: list[str]) -> list[pathlib.Path]:
        files = [self.host.directory / f"{name}{n}.yaml" for n in range(len(texts))]
        for file, text in zip(files, texts):
            file.write_text(text)
        return files

    def ask(self, rng, *words, stopped=0.0):
        command = [sandbox.BIN / "vpclab", "--run-dir", self.host.run_dir, *words]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
            by_us = rng.random() < stopped
            if by_us:
                time.sleep(rng.random() * rng.choice([0.05, 0.3, 1]))
                client.send_signal(rng.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL]))
            try:
                _, errors = client.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                client.kill()
                errors = "hangs"
        with self.lock:
            self.answers[words[0], client.returncode] += 1
            if not by_us and (client.returncode not in ANSWERS or LOST in errors):
                self.problems.append((*map(str, words), client.returncode, errors[-500:]))

    def step(self, rng):
        file = rng.choice(self.large + self.twins + self.small)
        name = rng.choice(self.labs)
        rng.choices([
            lambda: self.ask(rng, "apply", file, *rng.choice([[], ["--rollback"], ["-v"]]), stopped=0.25),
            lambda: self.ask(rng, "apply", rng.choice(self.wrong), stopped=0.1),
            lambda: self.ask(rng, "up", rng.choice(self.small), stopped=0.3),
            lambda: self.ask(rng, "plan", file, stopped=0.2),
            lambda: self.ask(rng, "drift", name, stopped=0.1),
            lambda: self.ask(rng, "heal", name, stopped=0.2),
            lambda: self.ask(rng, "inspect", name),
            lambda: self.ask(rng, "metrics"),
            lambda: self.ask(rng, "doctor"),
            lambda: self.ask(rng, "events", stopped=1),
            lambda: self.ask(rng, "check", "cross-region", stopped=0.4),
            lambda: self.ask(rng, "exec", rng.choice(["s1", "bj-server1"]), "--", "true"),
            lambda: self.ask(rng, "down", name, stopped=0.2),
            lambda: self.hand(rng),
            lambda: self.end_daemon(),
        ], [35, 10, 5, 6, 6, 5, 10, 5, 2, 3, 3, 3, 3, 2, 1])[0]()

    def hand(self, rng):
        sandbox.run("ip", "-n", f"vpclab.{lab.NAME}.s{rng.randrange(SERVERS)}", "link", "set", "eth0",
                    rng.choice(["down", "up"]), check=False)  # it may not be there

    def end_daemon(self):
        with self.lock:
            for pid, words in self.host.processes().items():
                if words[0].endswith("vpclabd") and "--daemonize" in words:
                    os.kill(pid, signal.SIGTERM)
                    self.ended += 1

    def client(self, number: int):
        rng = random.Random(self.seed * 1000 + number)
        while time.monotonic() < self.end:
            self.step(rng)

    def keep_daemon(self):
        """One that ended, also with its last lab, is started again."""
        while time.monotonic() < self.end:
            self.start()
            time.sleep(0.3)

    def start(self):
        sandbox.run(sandbox.BIN / "vpclabd", "--daemonize", "--exit-after-last-lab", "--heal", "--run-dir",
                    self.host.run_dir, check=False)  # most of the time one runs

    def run(self, clients: int):
        threads = [threading.Thread(target=self.keep_daemon)]
        threads += [threading.Thread(target=self.client, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test(host):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=5)
    options = parser.parse_args()
    host.start_daemon("--heal")
    before = host.network()
    crowd = Crowd(host, options.seconds, options.seed)
    crowd.run(options.clients)
    print(f"seed {options.seed}; the daemon was told to end {crowd.ended} times; answers {dict(crowd.answers)}")
    equal(crowd.problems, [], "clients that were left without an answer")

    crowd.start()
    for file in (crowd.large[0], crowd.twins[0], crowd.small[2]):
        host.vpclab("apply", file)
    for name in crowd.labs:
        sandbox.until(lambda: host.vpclab("drift", name, status=None).returncode == 0, 20, f"{name} is as its file says")
    host.vpclab("check", "cross-region")
    host.vpclab("down", "--all")
    host.nothing_left()
    equal(host.network(), before, "the host's network")


if __name__ == "__main__":
    sandbox.main(test)
