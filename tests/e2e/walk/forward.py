#!/usr/bin/env python3
"""`forward` serves the EIP's page on 127.0.0.1 of the host, and changes nothing of the host's network."""
import re
import signal
import subprocess

import sandbox
from sandbox import BIN, equal, run, until

URL = "http://127.0.0.1:18080/"


def test(host):
    network = host.network()
    host.start_daemon()
    host.vpclab("up", host.stage("4b"))
    forward = subprocess.Popen([BIN / "vpclab", "--run-dir", host.run_dir, "forward", "18080"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until(lambda: run("curl", "-s", "--max-time", 5, URL, check=False).returncode == 0 or forward.poll() is not None, 10,
          f"{URL} answers")
    equal(forward.poll(), None, "`forward` still runs")
    bodies = [run("curl", "-sS", "--max-time", 5, URL).stdout for _ in range(6)]
    names = [re.search(r">(\S+?)</span>", body).group(1) for body in bodies]
    equal(sorted(set(names)), ["北京演示云服务器1", "北京演示云服务器2", "广东演示云服务器1"], "pages through `forward`")
    listening = run("ss", "-Hltn").stdout.split("\n")
    equal([line.split()[3] for line in listening if line], ["127.0.0.1:18080"], "listeners on the host")
    equal(host.network(), network, "the host's network while forwarding")
    forward.send_signal(signal.SIGINT)
    forward.wait(10)
    equal(run("curl", "-s", "--max-time", 5, URL, check=False).returncode, 7, "curl once `forward` has ended")
    host.vpclab("down", "cross-region")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
