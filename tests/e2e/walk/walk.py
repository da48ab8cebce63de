#!/usr/bin/env python3
"""The whole tutorial: each stage is applied and checked by vpclab, then looked at with ping(8) and curl(1)."""
import re
import time

import sandbox
from sandbox import equal


def pages(host, count: int) -> str:
    names = {"北京演示云服务器1": "1", "北京演示云服务器2": "2", "广东演示云服务器1": "3"}
    # One curl with many URLs keeps its connection; this is one connection per request.
    got = ""
    for _ in range(count):
        body = host.inside("internet", "curl", "-sS", "--max-time", 5, "http://139.198.18.135/").stdout
        found = re.search(r">(\S+?)</span>", body)
        got += names.get(found.group(1), "?") if found else "-"
    return got


def test(host):
    host.start_daemon()
    begin = time.monotonic()
    for stage in ("1", "2", "3a", "3b", "4a", "4b"):
        start = time.monotonic()
        host.vpclab("up", host.stage(stage))
        print(f"stage {stage}: up and checked in {time.monotonic() - start:.2f} s", flush=True)
        host.oracle(stage)
        if stage == "4a":
            equal(pages(host, 12), "1" * 12, "pages without a route table")
    print(f"six stages, oracle included: {time.monotonic() - begin:.2f} s")
    got = pages(host, 12)
    if got not in "123" * 6:
        raise AssertionError(f"twelve pages in a row came from {got}")
    body = host.inside("internet", "curl", "-sS", *["http://139.198.18.135/"] * 12).stdout
    order = re.findall(r">(\S+?服务器\d)<", body)
    equal(len(order), 12, "pages on one connection")
    equal(order[:9], order[3:], "pages on one connection turn by turn")
    equal(len(set(order[:3])), 3, "servers on one connection")


if __name__ == "__main__":
    sandbox.main(test)
