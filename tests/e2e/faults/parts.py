"""Many points of one fault, in several private hosts at a time: most of a point's time is waiting for the kernel to let go of
namespaces, in which another host's points get on, on one processor too."""
import collections
import json
import os
import subprocess
import sys
import threading

import sandbox

PARTS = 3
PREFIX = "counts "


def option(name: str, default=None):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def mine(points: list) -> list:
    """Those of them that are this part's."""
    part, parts = map(int, option("--part", "0/1").split("/"))
    return points[part::parts]


def progress(what: str):
    print(f"{option('--part', '0/1')}: {what}", file=sys.stderr, flush=True)


def tell(counts: dict[str, int]):
    print(PREFIX + json.dumps(counts), flush=True)


def main(test, many: bool):
    """As sandbox.main; with `many`, in parts, whose counts are added up."""
    if not many or "--part" in sys.argv or os.environ.get(sandbox.INSIDE) == "1":
        sandbox.main(test)
        return
    totals, lock = collections.Counter(), threading.Lock()

    def follow(part):
        for line in part.stdout:
            with lock:
                if line.startswith(PREFIX):
                    totals.update(json.loads(line.removeprefix(PREFIX)))
                else:
                    print(line, end="", flush=True)

    parts = [subprocess.Popen([sys.executable, "-B", *sys.argv, "--part", f"{part}/{PARTS}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True) for part in range(PARTS)]
    followers = [threading.Thread(target=follow, args=(part,)) for part in parts]
    for follower in followers:
        follower.start()
    for follower in followers:
        follower.join()
    states = [part.wait() for part in parts]
    for what, count in totals.items():
        print(f"{what}: {count}")
    sys.exit(max(states))
