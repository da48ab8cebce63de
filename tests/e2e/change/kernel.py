"""What the kernel has of a lab, by ip(8), tc(8), nft(8) and wg(8): for comparing before and after."""
import hashlib
import json
import os
import pathlib

from sandbox import run

READERS = {
    "links": "ip -j -d link",
    "addresses": "ip -j address",
    "rules": "ip -j rule",
    "routes": "ip -j route show table all",
    "queues": "tc -j qdisc",
    "nft": "nft -j -s list ruleset",
}
# What changes by itself: neighbours come and go, a bridge ages its table, timers run.
UNSTEADY = {"expires", "preferred_life_time", "valid_life_time", "operstate"}


def steady(value):
    if isinstance(value, dict):
        return {name: steady(member) for name, member in value.items()
                if name not in UNSTEADY and not name.endswith("_timer")}
    return [steady(item) for item in value] if isinstance(value, list) else value


def of_node(pin: str) -> dict:
    """By one process, since there are many nodes."""
    script = "; echo; ".join(READERS.values())
    # One document per line, where nft and ip end theirs differently.
    documents, rest = [], run("ip", "netns", "exec", pin, "sh", "-c", script).stdout.strip()
    decoder = json.JSONDecoder()
    while rest:
        document, end = decoder.raw_decode(rest)
        documents.append(document)
        rest = rest[end:].strip()
    return dict(zip(READERS, map(steady, documents)))


def snapshot(host) -> dict:
    """The kernel's side of every lab, and what the daemon keeps, but its log."""
    out = {pin: of_node(pin) for pin in host.pins()}
    for path in sorted(pathlib.Path(host.run_dir).rglob("*")):
        if path.is_file() and path.name != "vpclabd.log":
            out[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    out["inodes"], out["processes"] = host.pins(), host.processes()
    return out


def differences(before, after, path="") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        return [line for name in sorted(set(before) | set(after), key=str)
                for line in differences(before.get(name), after.get(name), f"{path}/{name}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [line for i, (x, y) in enumerate(zip(before, after)) for line in differences(x, y, f"{path}/{i}")]
    return [] if before == after else [f"{path}: {json.dumps(before)[:400]} -> {json.dumps(after)[:400]}"]


def mode(path) -> str:
    return oct(os.stat(path).st_mode & 0o777)
