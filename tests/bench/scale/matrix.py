#!/usr/bin/env python3
"""How long `check --matrix` takes: matrix.py [SERVERS...], in a private host, for the labs of lab.py.

More than 25 servers, all in one vxnet, need more neighbours than the kernel keeps unless it is told otherwise
(net.ipv4.neigh.default.gc_thresh3 of the whole host).
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e/walk"))
import lab
import sandbox

COUNTED = ("reached", "blocked", "missing", "leaks", "untold", "not_run")


def test(host):
    print(f"{'servers':>8} {'pairs':>9} {'s':>8} {'pairs/s':>8}  " + " ".join(f"{word:>9}" for word in COUNTED))
    for servers in [int(word) for word in sys.argv[1:]] or [10, 25]:
        file = host.directory / f"{servers}.yaml"
        file.write_text(lab.text(servers))
        host.start_daemon()
        host.vpclab("apply", file, timeout=600)
        # Of the first one it is the neighbours' doing too.
        for _ in range(2):
            seen = json.loads(host.vpclab("check", "--matrix", "--json", status=0, timeout=1200).stdout)["matrix"]
            seconds = seen["ms"] / 1000
            print(f"{servers:>8} {seen['pairs']:>9} {seconds:>8.2f} {seen['pairs'] / seconds:>8.0f}  " +
                  " ".join(f"{seen[word]:>9}" for word in COUNTED), flush=True)
        host.vpclab("down", lab.NAME, timeout=600)


if __name__ == "__main__":
    sandbox.main(test)
