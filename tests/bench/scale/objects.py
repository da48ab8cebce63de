"""A lab's kernel objects, from `vpclab plan --json`: for the floor's program, and as files for `ip -batch`."""
import collections
import pathlib
import subprocess

FORWARD = "net/ipv4/ip_forward"
IPV6_OFF = "net/ipv6/conf/all/disable_ipv6"


def of_new_namespace(paths: list[str]) -> dict[str, str]:
    """What this kernel gives a namespace by itself, which nobody has to write."""
    names = [f"/proc/sys/{path}" for path in paths]
    values = subprocess.run(["unshare", "--net", "cat", *names], capture_output=True, text=True, check=True).stdout.split()
    return dict(zip(paths, values, strict=True))


def to_write(parameters: dict, there: dict) -> list[tuple]:
    """In the order in which they have to be written: ip_forward sets others, and so does switching IPv6 off."""
    there = dict(there)
    if parameters.get(FORWARD) != there.get(FORWARD) and FORWARD in there:
        there["net/ipv4/conf/all/accept_redirects"] = "0" if parameters.get(FORWARD) == "1" else "1"
    if parameters.get(IPV6_OFF) != there.get(IPV6_OFF):
        there["net/ipv6/conf/default/disable_ipv6"] = parameters.get(IPV6_OFF)
    return sorted(((path, value) for path, value in parameters.items() if there.get(path) != value),
                  key=lambda parameter: parameter[0] != FORWARD)


class Objects:
    def __init__(self, plan: dict):
        self.all = [step["after"] for step in plan["plan"]["steps"] if step["action"] == "create"]
        self.counts = collections.Counter(o["kind"] for o in self.all)
        self.counts["neighbour"] = sum(len(o["entries"]) for o in self.of("neighbours"))
        own = sorted({path for o in self.of("sysctl") if not o["link"] for path in o["parameters"]})
        there = of_new_namespace(own)
        self.parameters = [(o["netns"], o["link"], to_write(o["parameters"], {} if o["link"] else there))
                           for o in self.of("sysctl")]
        self.counts["parameter"] = sum(len(written) for _, _, written in self.parameters)

    def of(self, kind: str) -> list[dict]:
        return [o for o in self.all if o["kind"] == kind]

    def ends(self):
        """Of each pair the bridge's port first: the end that has a master."""
        for pair in self.of("veth"):
            yield (pair["a"], pair["b"]) if pair["a"]["master"] else (pair["b"], pair["a"])

    def floor(self) -> str:
        """What bench_scale_floor reads; see there. The daemon's own kinds, nft tables and processes, are not among it."""
        lines = [("netns", o["name"]) for o in self.of("netns")]
        lines += [("sysctl", netns, path, value) for netns, _, written in self.parameters for path, value in written]
        lines += [("bridge", o["netns"], o["name"]) for o in self.of("bridge")]
        lines += [("veth", port["netns"], port["name"], port["master"], peer["netns"], peer["name"])
                  for port, peer in self.ends()]
        lines += [("address", o["netns"], o["link"], *o["prefix"].split("/"), int(o["no_prefix_route"]))
                  for o in self.of("address")]
        lines += [("route", o["netns"], o["table"], *o["destination"].split("/"), o["metric"], o["type"], o["gateway"],
                   o["device"], o["preferred_source"])
                  for o in sorted(self.of("route"), key=lambda o: o["gateway"] is not None)]
        lines += [("rule", o["netns"], o["priority"], o["incoming_interface"], o["mark"], o["table"])
                  for o in self.of("rule")]
        lines += [("neighbour", o["netns"], o["link"], *entry) for o in self.of("neighbours") for entry in o["entries"].items()]
        return "".join(" ".join("-" if word in (None, "") else str(word) for word in line) + "\n" for line in lines)

    def batches(self, directory: pathlib.Path, with_parameters: bool) -> list[list[str]]:
        """The commands that make the same with ip(8), and the parameters, which it cannot set, by a shell for each namespace.

        An interface takes over what `default` says when it is made, so that its own parameters need not be written."""
        directory.mkdir(exist_ok=True)
        names = [o["name"] for o in self.of("netns")]
        inside = {name: ["link set lo up"] for name in names}
        for o in self.of("bridge"):
            inside[o["netns"]].append(f"link add {o['name']} up type bridge")
        for port, peer in self.ends():
            inside[port["netns"]] += [f"link add {port['name']} type veth peer name {peer['name']} netns {peer['netns']}",
                                      f"link set {port['name']} master {port['master']} up"]
        later = collections.defaultdict(list)
        for _, peer in self.ends():
            later[peer["netns"]].append(f"link set {peer['name']} up")
        for o in self.of("address"):
            later[o["netns"]].append(f"address add {o['prefix']} dev {o['link']}" + " noprefixroute" * o["no_prefix_route"])
        for o in sorted(self.of("route"), key=lambda o: o["gateway"] is not None):
            words = ["route add", o["type"], o["destination"], f"table {o['table']} metric {o['metric']}"]
            words += [f"{word} {o[key]}" for word, key in (("via", "gateway"), ("dev", "device"), ("src", "preferred_source"))
                      if o[key]]
            later[o["netns"]].append(" ".join(words))
        for o in self.of("rule"):
            selector = f"iif {o['incoming_interface']}" if o["incoming_interface"] else f"fwmark {o['mark']}" if o["mark"] else ""
            later[o["netns"]].append(f"rule add priority {o['priority']} {selector} lookup {o['table']}")
        for o in self.of("neighbours"):
            later[o["netns"]] += [f"neighbour add {address} lladdr {mac} dev {o['link']} nud permanent"
                                  for address, mac in o["entries"].items()]
        parameters = {name: [] for name in names}
        for netns, link, written in self.parameters:
            if not link:
                parameters[netns] += [f"echo {value} >/proc/sys/{path}" for path, value in written]

        def batch(name: str, lines: list[str]) -> str:
            file = directory / name
            file.write_text("\n".join(lines) + "\n")
            return str(file)

        switches = sorted({o["netns"] for o in self.of("bridge")})
        commands = [["ip", "-batch", batch("all", [f"netns add {name}" for name in names])]]
        if with_parameters:
            commands += [["nsenter", f"--net=/run/netns/{name}", "sh", batch(f"parameters.{name}", parameters[name])] for name in names]
        commands += [["ip", "-n", name, "-batch", batch(f"links.{name}", inside[name])] for name in switches]
        commands += [["ip", "-n", name, "-batch",
                      batch(f"in.{name}", ([] if name in switches else inside[name]) + later[name])] for name in names]
        return commands
