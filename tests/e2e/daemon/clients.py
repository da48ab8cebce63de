#!/usr/bin/env python3
"""Silent, rude and too many clients delay nobody; two operations on one lab never overlap."""
import concurrent.futures
import socket

import sandbox
from sandbox import equal


def connect(host):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(15)
    client.connect(str(host.run_dir) + "/vpclabd.sock")
    return client


def ask(host, data: bytes) -> bytes:
    with connect(host) as client:
        client.sendall(data)
        answer = b""
        while part := client.recv(65536):
            answer += part
        return answer


def test(host):
    host.start_daemon()
    silent = [connect(host) for _ in range(8)]
    host.vpclab("inspect", timeout=5)

    assert ask(host, b"\x16\x03\x01 nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert ask(host, b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 405")
    assert ask(host, b"POST /v9/status HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}").startswith(b"HTTP/1.1 404")
    assert ask(host, b"POST /v1/down HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}").startswith(b"HTTP/1.1 400")
    huge = b"POST /v1/down HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert ask(host, huge).startswith(b"HTTP/1.1 413")

    # All wait for their turn; whoever comes first makes the changes, the others find nothing to do.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: host.json("apply", host.stage("1")), range(4)))
    changed = [len(answer["plan"]["steps"]) for answer in answers]
    equal(sum(1 for count in changed if count != 0), 1, f"applies that changed something {changed}")
    for client in silent:
        client.close()
    host.vpclab("down", "cross-region")


if __name__ == "__main__":
    sandbox.main(test)
