"""What the kernel has of a lab by ip(8), tc(8), nft(8) and /proc/sys, without what is another number each time."""
import concurrent.futures
import ctypes
import json
import os
import pathlib
import subprocess

READERS = {
    "links": "ip -j -d link",
    "addresses": "ip -j address",
    "rules": "ip -j rule",
    "routes": "ip -j route show table all",
    "neighbours": "ip -j neigh show nud permanent",
    "queues": "tc -j qdisc",
    "nft": "nft -j -s list ruleset",
    "sockets": "ss -Hltn | awk '{print $4}' | sort | jq -Rsc .",
}
PARAMETERS = ["ipv4/ip_forward", "ipv4/fwmark_reflect", "ipv4/icmp_ratelimit", "ipv4/icmp_errors_use_inbound_ifaddr",
              "ipv6/conf/all/disable_ipv6", "ipv6/conf/default/disable_ipv6"]
OF_INTERFACES = ("accept_redirects", "send_redirects", "rp_filter", "forwarding", "src_valid_mark")
# Numbers that the kernel gives out, what changes by itself, and what follows from something else that is compared.
UNSTEADY = {"ifindex", "link_index", "link_netnsid", "handle", "index", "operstate", "expires", "metainfo", "link", "port_no",
            "port_id", "designated_port", "id", "no", "tso_max_size", "tso_max_segs"}
# Whether a port or a bridge has a carrier, which pings tell better.
CARRIER = {"LOWER_UP", "NO-CARRIER"}


NOBODY = "nobody"


def steady(value):
    if isinstance(value, dict):
        return {name: steady(member) for name, member in value.items() if name not in UNSTEADY and not name.endswith("_timer")}
    return [steady(item) for item in value] if isinstance(value, list) else value


def enter(pin: str):
    with open(f"/run/netns/{pin}") as there:
        if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f"entering {pin}")


def read_node(pin: str) -> dict:
    """In a thread that is of no use for anything else then."""
    enter(pin)
    script = "; echo; ".join(READERS.values())
    rest = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    documents, decoder = [], json.JSONDecoder()
    while rest:
        document, end = decoder.raw_decode(rest)
        documents.append(document)
        rest = rest[end:].strip()
    out = dict(zip(READERS, documents, strict=True))
    net = pathlib.Path("/proc/sys/net")  # whose it is says who looks
    conf = net / "ipv4/conf"
    paths = PARAMETERS + [f"ipv4/conf/{link}/{name}" for link in sorted(os.listdir(conf)) for name in OF_INTERFACES]
    out["parameters"] = {path: (net / path).read_text().strip() for path in paths if (net / path).exists()}
    return out


def alone(function, *arguments):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def normal(nodes: dict) -> dict:
    """Links by their peers' names, lists in an order of their own."""
    ends = {(link["ifindex"], link["link_index"]): f"{pin} {link['ifname']}" for pin, node in nodes.items()
            for link in node["links"] if "link_index" in link}
    out = {}
    for pin, node in nodes.items():
        for link in node["links"]:
            if "link_index" in link:
                link["peer"] = ends.get((link["link_index"], link["ifindex"]), NOBODY)
            link["flags"] = [flag for flag in link["flags"] if flag not in CARRIER]
            if link.get("linkinfo", {}).get("info_kind") == "vrf":
                link.pop("address")  # one at random, which nobody sees
        node["rules"] = [rule for rule in node["rules"] if rule.get("table") != "default"]  # nothing is ever in that table
        for rule in node["rules"]:
            if rule.get("table") == "local":
                rule.pop("protocol", None)  # the kernel's own, or put back by us
        rules = [entry for entry in node["nft"]["nftables"] if "metainfo" not in entry]
        # An address' flags and queue are its link's.
        addresses = {link["ifname"]: link["addr_info"] for link in node["addresses"]}
        links = {link["ifname"]: link for link in node["links"]}
        out[pin] = {"links": steady(links), "addresses": steady(addresses), "nft": steady(rules), "parameters": node["parameters"],
                    "sockets": node["sockets"].split(),
                    **{kind: sorted(map(json.dumps, steady(node[kind]))) for kind in ("rules", "routes", "neighbours", "queues")}}
    return out


def programs(host) -> list[str]:
    """Each process with where it is."""
    pins = {inode: name for name, inode in host.pins().items()}
    out = []
    for pid, words in host.processes().items():
        try:
            where = pins.get(os.stat(f"/proc/{pid}/ns/net").st_ino, "")
        except (FileNotFoundError, ProcessLookupError):
            continue
        program = os.path.basename(words[0])
        if program in ("vpclab-worker", "wireguard-go", "sleep"):  # the keeper stays once it has had something to keep
            out.append(f"{program} in {where}")
    return sorted(out)


def snapshot(host) -> dict:
    nodes = {pin: alone(read_node, pin) for pin in host.pins()}
    return {**normal(nodes), "programs": programs(host)}


def is_leaving(snap: dict) -> bool:
    """Whether there are ports whose far ends went with their namespaces, which the kernel clears away in the background."""
    return any(link.get("peer") == NOBODY for node in snap.values() if "links" in node for link in node["links"].values())


def differences(before, after, path="") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        return [line for name in sorted(set(before) | set(after), key=str)
                for line in differences(before.get(name), after.get(name), f"{path}/{name}")]
    if isinstance(before, list) and isinstance(after, list):
        less, more = [x for x in before if x not in after], [x for x in after if x not in before]
        if less or more or len(before) != len(after):
            return [f"{path}: less {json.dumps(less)[:600]}, more {json.dumps(more)[:600]}"]
        return [] if before == after or path.endswith(("addr_info", "flags")) else [f"{path}: another order: {before} -> {after}"]
    return [] if before == after else [f"{path}: {json.dumps(before)[:300]} -> {json.dumps(after)[:300]}"]
