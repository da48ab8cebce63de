#!/usr/bin/env python3
"""Labs at random, changed at random, on the real kernel. Whatever the lab:

- apply carries it out, or refuses it with a place in the file, and the lab stays as it was; after that nothing is left to do;
- what changes have led to is what the same file leads to from nothing, in a fresh daemon, as ip, tc, nft and /proc/sys see it;
- the matrix' pings come where the lab says, and no others; each EIP is reached from the internet; checks pass and fail as ping,
  curl and inspect see it;
- what hands have done is healed, or mended by the next apply, and so is what `link set` has tried out;
- a daemon that is killed in the middle leaves nothing that an apply does not mend, and a lab that says so is back after a reboot;
- down leaves nothing.

  random_labs.py [--seed N] [--rounds N] [--seconds S] [--without NUMBER,...] [--keep DIRECTORY]

A seed stands for a lab, its changes and what is done to it; a failure tells it. Each change has a number; --without leaves some
out, to find those that matter, and --keep shows what is done as it happens and keeps the files."""
import argparse
import json
import math
import os
import pathlib
import random
import re
import subprocess
import time

import changing
import hands
import power
import sandbox
import seen
import tree
from sandbox import BIN, equal, until

LAB = "random"
LARGE = 0.06  # of the labs; they take long
PLACE = re.compile(r"^(\S+):(\d+):(\d+): (error|warning): .+", re.M)
FIXED = (4011, 4006, 4008, 4005)  # in CI, as many of them as begin within so many seconds
FIXED_SECONDS = 20


class Round:
    def __init__(self, host, seed: int, without: set[int], keep=None):
        self.host, self.seed, self.without, self.keep = host, seed, without, keep
        self.file = host.directory / "random.yaml"
        self.lab, self.number, self.refused, self.written = tree.empty(LAB), 0, 0, 0
        self.told = []  # what has been done so far
        self.pairs = "no pairs"
        self.verb = "validate"  # by which a change is judged

    def dice(self, what="") -> random.Random:
        return random.Random(f"{self.seed}/{what}/{self.number}")

    def tell(self, what: str):
        self.told.append(what)
        if self.keep:
            print(f"  {time.monotonic() % 1000:.2f} {what}", flush=True)

    def write(self, lab):
        """As one file, or as two of which one extends the other."""
        texts = {self.file.name: tree.text_of(lab)}
        self.written += 1
        dice = random.Random(f"{self.seed}/file/{self.written}")
        if dice.random() < 0.2:
            base, top = tree.parted({key: value for key, value in lab.items() if value not in ({}, [])}, dice)
            texts = {self.file.name: tree.text_of({"extends": "base.yaml", **top}), "base.yaml": tree.text_of(base)}
        for name, text in texts.items():
            self.file.with_name(name).write_text(text)
            if self.keep:
                (self.keep / f"{self.seed}-{len(self.told)}-{name}").write_text(text)

    def has_places(self, said: str, verb: str):
        errors = [line for line in said.splitlines() if ": error: " in line]
        assert errors and all(PLACE.match(line) for line in errors), f"{verb} is refused without a place:\n{said}"

    def change(self, kinds):
        """The lab with one change more; None where that is none."""
        self.number += 1
        if self.number in self.without:
            return None
        change = changing.Change(self.lab, self.dice("change"), kinds)
        self.write(change.lab)
        done = self.host.vpclab(self.verb, self.file, status=None)
        if done.returncode in (0, 3):
            self.tell(f"{self.number}: {change.what}")
            return change.lab
        equal(done.returncode, 2, f"{self.verb} after {change.what}:\n{done.stdout}{done.stderr}")
        self.has_places(done.stderr, f"{self.verb} after {change.what}")
        self.refused += 1
        return None

    def apply(self, lab) -> bool:
        """Carries it out, and nothing is left to do; or it is refused, and the lab stays as it was."""
        self.write(lab)
        done = self.host.vpclab("apply", self.file, status=None)
        if done.returncode == 2:
            self.has_places(done.stderr, "apply")
            self.tell(f"refused: {done.stderr.strip()[:300]}")
            self.write(self.lab)
        else:
            equal(done.returncode, 0, f"apply:\n{done.stdout}{done.stderr}")
            self.tell("applied")
            self.lab = lab
        if self.lab["vpcs"] or self.lab["sdwan"] or self.applied():
            self.at_rest()
        return done.returncode == 0

    def applied(self) -> bool:
        return LAB in [lab["name"] for lab in self.host.json("inspect")["labs"]]

    def at_rest(self):
        for verb, what in (("plan", self.file), ("drift", LAB), ("apply", self.file)):
            done = self.host.vpclab(verb, what, status=None)
            assert done.returncode == 0 and "to create" not in done.stdout and "Applied" not in done.stdout, \
                f"{verb} of what has been applied: {done.returncode}\n{done.stdout}{done.stderr}"

    def snapshot(self):
        """Once the kernel has let go of what went."""
        def still():
            snap = seen.snapshot(self.host)
            return None if seen.is_leaving(snap) else snap
        return until(still, 10, "the kernel has let go of ports whose far ends went")

    def same(self, wanted, what: str):
        """Waits for processes that are being started again, and for what the kernel tells late."""
        deadline = time.monotonic() + 5
        while True:
            try:
                different = seen.differences(wanted, seen.snapshot(self.host))
            except (OSError, subprocess.CalledProcessError) as gone:
                different = [str(gone)]
            if not different:
                return
            assert time.monotonic() < deadline, what + "; wanted -> got:\n  " + "\n  ".join(different)
            time.sleep(0.05)

    # -- What holds

    def pings(self, node: str, address: str) -> bool:
        return self.host.inside(node, "ping", "-c", 1, "-W", 1, address, lab=LAB, check=False).returncode == 0

    def lossy(self) -> bool:
        return any("loss" in one for one in tree.maps_of(self.lab))

    def packets(self):
        """The matrix compares what the lab says with real pings. EIPs are reached from the internet."""
        if len(self.lab["servers"]) > 1:
            done = self.host.vpclab("check", LAB, "--matrix", status=None)
            equal(done.returncode, 0, f"the matrix:\n{done.stdout}{done.stderr}")
            self.pairs = done.stdout.splitlines()[-1]
        users = {**self.lab["servers"], **self.lab["load_balancers"]}
        for name, user in users.items():
            for eip in user.get("eips", [user["eip"]] if "eip" in user else []):
                address = self.lab["eips"][eip]["address"]
                until(lambda: self.pings("internet", address), 5, f"the internet reaches {name} by EIP {address}")

    def backends(self):
        """Up are those that can be connected with, and no others."""
        def wrong():
            seen_now = [(lb["id"], b["address"], b["port"], b["state"]) for lb in self.host.json("inspect", LAB)["labs"][0]["load_balancers"]
                        for listener in lb["listeners"] for b in listener["backends"]]
            out = []
            for one in sorted(set(seen_now)):
                lb, address, port, state = one
                if state in ("up", "down"):
                    up = self.host.inside(lb, "timeout", 1, "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}", lab=LAB, check=False)
                    out += [one] if (up.returncode == 0) != (state == "up") else []
                elif state not in ("disabled", "drain"):
                    out.append(one)
            return out
        deadline = time.monotonic() + 20
        while left := wrong():
            assert time.monotonic() < deadline, f"backends that are otherwise than bash connects: {left}"
            time.sleep(0.1)

    def seen_by_others(self, what: dict, nodes: dict):
        """Whether what a check asks for is there, by ping, curl and inspect; None where none of them knows."""
        kind, asked = next(iter(what.items()))
        if kind == "ping":
            eip = self.lab["eips"].get(asked["to"], {})
            return self.pings(asked["from"], eip.get("address") or nodes.get(asked["to"]) or asked["to"])
        if kind == "http":
            got = self.host.inside(asked["from"], "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", 2, asked["url"], lab=LAB,
                                   check=False)
            return got.stdout == "200"
        if kind == "backend":
            states = [backend["state"] for balancer in self.host.json("inspect", LAB)["labs"][0]["load_balancers"]
                      if balancer["id"] == asked["load_balancer"] for listener in balancer["listeners"]
                      if listener["id"] == asked["listener"] for backend in listener["backends"] if backend["name"] == asked["server"]]
            return states[0] == "up" if states and set(states) <= {"up", "down"} else None
        return True if kind == "tunnel" else None

    def checks(self):
        """Each check of the lab's own passes or fails, as it should by what others see."""
        if not self.lab["checks"]:
            return
        nodes = {node["id"]: interface["addresses"][0].split("/")[0] for node in self.host.json("inspect", LAB)["labs"][0]["nodes"]
                 for interface in reversed(node["interfaces"]) if interface["addresses"]}
        done = self.host.vpclab("check", LAB, "--json", status=None)
        report = json.loads(done.stdout)
        results = report["checks"]["results"]
        equal([len(results), done.returncode], [len(self.lab["checks"]), 0 if report["checks"]["passed"] else 4], "check")
        for result in results:
            what = self.lab["checks"][result["index"]]
            there = self.seen_by_others(what, nodes)
            if there is not None and " is " not in result["seen"]:  # who has the address for the one who asks
                wanted = next(iter(what.values())).get("expect", "up") in ("reachable", "up", {"status": 200})
                equal(result["outcome"], "passed" if there == wanted else "failed", f"check {what}, which says {result['seen']!r}")

    def rebooted(self, wanted):
        """The host starts again, and the lab comes back by itself."""
        self.tell("rebooted")
        power.off_and_on(self.host)
        self.host.start_daemon()
        until(lambda: self.host.vpclab("drift", LAB, status=None).returncode == 0, 60, "the lab is back after the host has started again")
        self.same(wanted, "what is there again after the host has started again")

    def wounds(self, wanted):
        """What hands do to it is healed, and what `link set` has tried out; or the next apply finds it."""
        dice = self.dice("wounds")
        by = ("apply", self.file) if len(self.host.pins()) >= 64 or dice.random() < 0.5 else ("heal", LAB)
        if dice.random() < 0.3:
            for _ in range(dice.randint(1, 3)):
                self.tell(hands.set_line(self.host, dice, LAB))
        else:
            for _ in range(dice.randint(1, 3)):
                self.tell(hands.hurt(self.host, dice, told=by[0] == "apply"))
        done = self.host.vpclab(*by, status=None)
        equal(done.returncode, 0, f"{by[0]}:\n{done.stdout}{done.stderr}")
        self.same(wanted, f"mended by {by[0]}")

    def given_out(self) -> str:
        return (self.host.run_dir / "labs" / LAB / "allocations.json").read_text()

    def killed(self, wanted):
        """The daemon, on the way to another lab; then back, the whole way."""
        dice = self.dice("killed")
        given = self.given_out()
        other = self.changed(4)
        self.write(other)
        going = subprocess.Popen([BIN / "vpclab", "--run-dir", self.host.run_dir, "apply", self.file], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        moment = dice.random() * 0.12
        time.sleep(moment)
        self.host.kill_daemon()
        going.wait(30)
        self.host.start_daemon()
        self.tell(f"the daemon killed after {moment * 1000:.0f} ms")
        back = dice.random() < 0.5
        if back or not self.apply(other):
            equal(self.apply(self.back), True, "the lab of before")
            if self.given_out() == given:  # who had lost his address on the way has got another one
                self.same(wanted, "the lab of before, after a kill on the way to another one")

    def changed(self, count: int):
        """The lab with so many changes; self.lab stays."""
        before = self.lab
        for _ in range(count):
            self.lab = self.change(changing.CHANGING) or self.lab
        after, self.lab = self.lab, before
        return after

    def end(self):
        self.host.vpclab("down", LAB)
        self.host.nothing_left()
        equal(self.host.state_dir.exists(), False, "what is kept for the next start of the host, after down")

    def anew(self):
        """In a daemon that knows nothing but what had been given out: addresses, keys, numbers."""
        wanted = self.snapshot()
        store = self.host.run_dir / "labs" / LAB
        kept = {name: (store / name).read_bytes() for name in ("bundle.json", "allocations.json")}
        self.end()
        store.mkdir(parents=True)
        for path in (self.host.run_dir, store.parent, store):
            os.chmod(path, 0o700)
        for name, content in kept.items():
            (store / name).write_bytes(content)
            os.chmod(store / name, 0o600)
        self.host.start_daemon()
        self.write(self.lab)
        self.host.vpclab("apply", self.file)
        self.same(wanted, "what changes have led to, and the same from nothing")

    def grown(self):
        """A first lab."""
        self.lab, self.number = tree.empty(LAB), 0
        dice = self.dice("growth")
        for kinds, least, most in changing.GROWTH:
            for _ in range(dice.randint(least, most)):
                self.lab = self.change(kinds) or self.lab
        if self.dice("large").random() < LARGE:
            self.lab = self.change([changing.Change.add_many]) or self.lab
        grown, self.lab = self.lab, tree.empty(LAB)
        return grown

    def run(self):
        self.host.start_daemon()
        if not self.apply(self.grown()):
            self.verb = "plan"  # which refuses what only the compiler sees: names that become the same, full vxnets
            equal(self.apply(self.grown()), True, "a lab that could be planned is applied")
        dice = self.dice()
        for _ in range(dice.randint(1, 4)):
            self.apply(self.changed(dice.randint(1, 5)))
        if not self.lossy():
            self.packets()
            self.backends()
            self.checks()
        wanted = self.snapshot()
        for _ in range(dice.randint(0, 2)):
            self.number += 1
            if self.number not in self.without and self.host.pins():
                self.wounds(wanted)
        self.number += 1
        if "restart" in self.lab and self.number not in self.without:
            self.rebooted(wanted)
        self.back = self.lab
        self.number += 1
        if dice.random() < 0.6 and self.number not in self.without:
            self.killed(wanted)
        self.anew()
        if not self.lossy():
            self.packets()
        self.end()


def test(options):
    def rounds(host):
        impairment = next(feature for feature in host.json("doctor")["features"] if feature["name"] == "impairment")
        changing.Change.delays = "netem" in impairment["chosen"]
        begun = time.monotonic()
        seconds = options.seconds or (FIXED_SECONDS if options.seed is None else math.inf)
        for seed in FIXED if options.seed is None else range(options.seed, options.seed + options.rounds):
            if time.monotonic() - begun > seconds:
                break
            at = time.monotonic()
            one = Round(host, seed, options.without, options.keep)
            try:
                one.run()
            except (AssertionError, OSError, subprocess.SubprocessError) as failure:
                without = f" --without {','.join(map(str, sorted(options.without)))}" if options.without else ""
                raise AssertionError(f"seed {seed}: {failure}\nwhat was done:\n  " + "\n  ".join(one.told) +
                                     f"\nthe file:\n{one.file.read_text()}\nagain: random_labs.py --seed {seed} --rounds 1{without}"
                                     ) from failure
            print(f"seed {seed}: {len(tree.holders(one.lab))} objects, {one.number} changes, {one.refused} refused, "
                  f"{one.pairs}, {time.monotonic() - at:.1f} s", flush=True)
    return rounds


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--without", type=lambda text: {int(part) for part in text.split(",")}, default=set())
    parser.add_argument("--keep", type=pathlib.Path)
    sandbox.main(test(parser.parse_args()))
