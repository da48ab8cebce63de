#!/usr/bin/env python3
"""How fast the tutorial is: stage_4b.py [ROUNDS]; medians in milliseconds.

The whole of stage 4b at once, against the floor for as many namespaces and veth pairs; where the kernel has no WireGuard,
also against that floor with as many bare starts of wireguard-go; its end; the six stages with all their checks. VPCLAB_BIN_DIR is the programs' directory, bench_floor is looked for beside it in tests/.
"""
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e/walk"))
import sandbox  # noqa: E402
from sandbox import BIN, run  # noqa: E402

FLOOR = BIN.parent / "tests" / "bench_floor"


def timed(what) -> float:
    start = time.monotonic()
    what()
    return (time.monotonic() - start) * 1000


def veths(host) -> int:
    """Pairs: every end has one name in one namespace, so half of all ends."""
    ends = 0
    for node in host.nodes():
        ends += sum(l.get("linkinfo", {}).get("info_kind") == "veth"
                    for l in json.loads(host.inside(node, "ip", "-j", "-d", "link").stdout))
    return ends // 2


def substitutes(host) -> int:
    """How many of wireguard-go run for the lab."""
    return sum(words[0].endswith("wireguard-go") for words in host.processes().values())


def test(host):
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    up, down, walk, floor, floor_with = [], [], [], [], []
    for _ in range(rounds):
        host.start_daemon()
        up.append(timed(lambda: host.vpclab("apply", host.stage("4b"))))
        size, tunnels = (len(host.nodes()), veths(host)), substitutes(host)
        down.append(timed(lambda: host.vpclab("down", "cross-region")))
        host.nothing_left()
        if FLOOR.exists():
            floor.append(float(run("unshare", "--net", "--mount", FLOOR, *size).stdout))
            if tunnels:
                floor_with.append(float(run("unshare", "--net", "--mount", FLOOR, *size, tunnels).stdout))
        host.start_daemon()
        walk.append(timed(lambda: [host.vpclab("up", host.stage(s)) for s in ("1", "2", "3a", "3b", "4a", "4b")]))
        host.vpclab("down", "cross-region")
        host.nothing_left()
    median = statistics.median
    print(f"stage 4b at once: {size[0]} namespaces, {size[1]} veth pairs")
    print(f"  apply, command to prompt  {median(up):8.0f} ms")
    if floor:
        print(f"  floor                     {median(floor):8.0f} ms   ratio {median(up) / median(floor):.1f}")
    if floor_with:
        print(f"  ... with {tunnels} wireguard-go  {median(floor_with):9.0f} ms   ratio {median(up) / median(floor_with):.1f}")
    print(f"  down until gone           {median(down):8.0f} ms")
    print(f"six stages with all checks  {median(walk):8.0f} ms")


if __name__ == "__main__":
    sandbox.main(test)
