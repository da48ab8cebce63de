#!/usr/bin/env python3
"""How long `check --matrix` takes: matrix.py [SERVERS...], in a private host, for the labs of lab.py.
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
    for servers in [int(word) for word in sys.argv[1:]] or [10, 100]:
        file = host.directory / f"{servers}.yaml"
        file.write_text(lab.text(servers))
        host.start_daemon()
        host.vpclab("apply", file, timeout=600)
        for _ in range(2):
            seen = json.loads(host.vpclab("check", "--matrix", "--json", status=0, timeout=1200).stdout)["matrix"]
            seconds = seen["ms"] / 1000
            print(f"{servers:>8} {seen['pairs']:>9} {seconds:>8.2f} {seen['pairs'] / seconds:>8.0f}  " +
                  " ".join(f"{seen[word]:>9}" for word in COUNTED), flush=True)
        host.vpclab("down", lab.NAME, timeout=600)


if __name__ == "__main__":
    sandbox.main(test)
