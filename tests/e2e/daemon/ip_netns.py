#!/usr/bin/env python3
"""Others use /run/netns too, before, while and after a lab is up: neither buries nor removes what is the other's."""
import sandbox
from sandbox import equal, run


def names() -> list[str]:
    return sorted(line.split()[0] for line in run("ip", "netns", "list").stdout.splitlines())


def test(host):
    hello = host.labs / "hello" / "lab.yaml"
    before = host.mounts()

    # Alone, vpclab leaves no mount and no directory.
    host.start_daemon()
    host.vpclab("up", hello)
    host.vpclab("down", "hello")
    equal(host.mounts(), before, "mounts after a lab")
    host.nothing_left()
    assert not host.netns_dir.exists(), "/run/netns is still there"

    # The first `ip netns add` comes while a lab is up: it finds what it would have made itself.
    host.start_daemon()
    host.vpclab("up", hello)
    up = host.mounts()
    run("ip", "netns", "add", "foo")
    equal([line for line in host.mounts() if "/run/netns/foo " not in line], up, "mounts but that of the new namespace")
    host.vpclab("check", "hello")
    host.vpclab("down", "hello", timeout=30)
    equal(names(), ["foo"], "namespaces after the lab")
    run("ip", "netns", "exec", "foo", "true")
    run("ip", "netns", "delete", "foo")
    host.nothing_left()

    # It came before the lab, and its directory is its own.
    before = host.mounts()
    run("ip", "netns", "add", "foo")
    with_foo = host.mounts()
    host.start_daemon()
    host.vpclab("up", hello)
    host.vpclab("down", "hello")
    equal(host.mounts(), with_foo, "mounts after a lab beside another's namespace")
    run("ip", "netns", "delete", "foo")
    equal(host.mounts(), before, "mounts at the end")
    host.nothing_left()


if __name__ == "__main__":
    sandbox.main(test)
