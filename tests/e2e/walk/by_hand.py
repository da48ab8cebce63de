#!/usr/bin/env python3
"""The labs by hand do what they say: the other tests rely on them as an oracle."""
import os
import shutil

import sandbox
from sandbox import SOURCE, equal, run, skip

BY_HAND = SOURCE / "netns-scripts/by-hand"


def test(host):
    os.environ["QUIET"] = "1"
    network = host.network()
    for lab in ("hello", "eip"):
        run(BY_HAND / lab, "up")
        run(BY_HAND / lab, "check")
        run(BY_HAND / lab, "down")
    for stage in ("1", "2", "3a", "3b", "4a", "4b"):
        run(BY_HAND / "cross-region", "up", stage)
        run(BY_HAND / "cross-region", "check", stage)
    # An oracle must be able to say no.
    equal(run(BY_HAND / "cross-region", "check", "1", check=False).returncode, 1, "stage 1's checks in stage 4b")
    run(BY_HAND / "cross-region", "down")
    host.nothing_left()
    equal(host.network(), network, "the host's network afterwards")


if __name__ == "__main__":
    missing = [name for name in ("haproxy", "wg", "curl", "ping", "nft") if not shutil.which(name)]
    if missing:
        skip(f"not installed: {' '.join(missing)}")
    sandbox.main(test)
