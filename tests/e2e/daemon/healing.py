#!/usr/bin/env python3
"""A lab that cannot be healed is tried again until it can, although nothing new happens to it meanwhile."""
import os
import pathlib
import signal

import sandbox
from sandbox import run, until


def test(host):
    host.start_daemon()
    chosen = next(f["chosen"] for f in host.json("doctor")["features"] if f["name"] == "tunnel")
    if chosen == "wireguard device":
        sandbox.skip("the kernel's own WireGuard has no process that could end")
    host.vpclab("apply", host.stage("3b"))
    tunnels = [pid for pid, words in host.processes().items() if words[0] == "wireguard-go"]

    # A directory cannot become a pin: making the node fails, while the tunnel that ended comes back at once.
    pin = pathlib.Path("/run/netns/vpclab.cross-region.bj-server1")
    run("umount", "-l", pin)
    pin.unlink()
    pin.mkdir()
    os.kill(tunnels[0], signal.SIGKILL)
    log = host.run_dir / "vpclabd.log"
    until(lambda: "heal: " in log.read_text(), 30, "healing has failed")
    pin.rmdir()
    until(lambda: ": healed" in log.read_text(), 60, "the lab is healed")
    host.vpclab("drift", status=0)
    host.vpclab("down", "cross-region")


if __name__ == "__main__":
    sandbox.main(test)
