"""What somebody's hand may do to a lab: to what is in a node, to the node, or to a process."""
import contextlib
import json
import os
import signal
import subprocess

from changing import Change
from sandbox import equal
from seen import alone, enter, read_node


def commands(dice, pin: str, node: dict, pins: list[str]) -> list[str]:
    """What somebody might do to a node, as a command in it."""
    # A tunnel's stand-in carries nothing, but an address on it could be a peer's.
    tuns = [link["ifname"] for link in node["links"] if link.get("linkinfo", {}).get("info_kind") == "tun" and "UP" not in link["flags"]]
    out = 4 * [f"ip address add 100.64.0.{dice.randint(1, 4)}/32 dev {tun}" for tun in tuns]
    links = [link for link in node["links"] if link["ifname"] != "lo" and "UP" in link["flags"]]
    out += [f"ip netns delete {pin}", "nft flush ruleset", "ip route flush table main", "ip rule flush",
            "sysctl -qw net.ipv4.ip_forward=" + dice.choice("01"), "sysctl -qw net.ipv4.conf.all.rp_filter=1",
            "ip link set lo down", "ip address flush dev lo"]
    for rule in node["rules"]:
        out.append(f"ip rule delete priority {rule['priority']}")
    for route in node["routes"]:
        if route.get("protocol") not in ("kernel",):
            out.append(f"ip route delete {route.get('type', 'unicast')} {route['dst']} table {route.get('table', 'main')}"
                       f" {'metric ' + str(route['metric']) if 'metric' in route else ''}")
    if links:
        link = dice.choice(links)
        name = link["ifname"]
        out += 2 * [f"ip link delete {name}", f"ip link set {name} down", f"ip address flush dev {name}", f"ip link set {name} mtu 1300",
                    f"ip link set {name} nomaster", f"tc qdisc replace dev {name} root tbf rate 9mbit burst 9k latency 50ms",
                    f"tc qdisc delete dev {name} root", f"ip link set {name} down; ip link set {name} name other; ip link set other up",
                    f"ip link set {name} netns {dice.choice(pins)}", f"ip address add 10.99.0.1/24 dev {name}",
                    f"ip link set {name} address 02:00:00:00:00:0{dice.randint(1, 9)}"]
        for one in (one for place in node["addresses"] if place["ifname"] == name for one in place["addr_info"] if one["prefixlen"] < 31):
            ours, before = f"{one['local']}/{one['prefixlen']}", f"{one['local'].rsplit('.', 1)[0]}.{dice.randint(1, 6)}/{one['prefixlen']}"
            out.append(f"ip address delete {ours} dev {name}; ip address add {before} dev {name}; ip address add {ours} dev {name}")
        # Those of bridges and their ports matter to nobody.
        if link.get("linkinfo", {}).get("info_kind") == "veth" and "master" not in link:
            out.append(f"sysctl -qw net.ipv4.conf.{name}.rp_filter=1")
    return out


def set_line(host, dice, lab: str) -> str:
    """`link set` of some cable's end. Returns what."""
    pins = sorted(host.pins())
    pin = dice.choice(pins)
    node = alone(read_node, pin)
    ends = [link["ifname"] for link in node["links"] if link.get("linkinfo", {}).get("info_kind") == "veth"]
    if not ends:
        return ""
    values = [["--down"], ["--up"], ["--loss", dice.choice(("1%", "100%", "0%"))], ["--rate", dice.choice(("9mbit", "none"))]]
    if Change.delays:
        values.append(["--delay", *dice.choice((("3ms", "--jitter", "1ms"), ("0ms", "--jitter", "0ms")))])
    chosen = [word for value in dice.sample(values[2:], 2) for word in value] if dice.random() < 0.6 else dice.choice(values)
    what = ["link", "set", f"{pin.split('.', 2)[2]}:{dice.choice(ends)}", *chosen]
    done = host.vpclab(*what, "--lab", lab, status=None)
    equal(done.returncode, 0, f"{' '.join(what)}:\n{done.stdout}{done.stderr}")
    return " ".join(what)


def hurt(host, dice, told=False) -> str:
    """Does something to a node or to a process; `told`: only what the kernel tells others of. Returns what."""
    if dice.random() < 0.15:
        pids = [pid for pid, words in sorted(host.processes().items())
                if os.path.basename(words[0]) in ("vpclab-worker", "wireguard-go", "sleep") or "keeper" in words]
        if pids:
            pid = dice.choice(pids)
            words = host.processes().get(pid, [])
            with contextlib.suppress(ProcessLookupError):  # it has ended just now
                os.kill(pid, signal.SIGKILL)
            return f"kill -9 of {words}"
    pins = sorted(host.pins())
    pin = dice.choice(pins)
    try:
        node = alone(read_node, pin)
    except (OSError, subprocess.CalledProcessError, json.JSONDecodeError):
        return ""
    command = dice.choice([one for one in commands(dice, pin, node, pins) if not (told and one.startswith("sysctl"))])

    def do():
        enter(pin)
        return subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    done = alone(do)
    return f"in {pin}: {command}: {done.stderr.strip() or 'done'}"
