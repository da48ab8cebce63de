"""Lab files at random: from a seed, objects are added and then changed one by one. Who asks keeps what is valid.

Each change draws from numbers of its own, so that one can be left out and the others stay what they are.
"""
import copy
import ipaddress
import json
import random

SECTIONS = ("regions", "vpcs", "vxnets", "servers", "border_routers", "sdwan", "eips", "load_balancers", "route_tables")
# What names another object: needed, so that who names it goes with it; or not.
NEEDED = ("region", "vpc", "vxnet", "border_router", "server", "via")
OPTIONAL = ("route_table", "eip")
LISTS = ("vxnets", "eips")
# Names that mean something to the kernel or to vpclab, somewhere.
ODD = ("eth0", "lo", "all", "default", "wan", "main", "switch", "eip1", "eip2", "vrf-main", "null", "true", "1", "pages", "lb",
       "wan-eth0", "dummy0", "vpclab", "a-name-of-a-vxnet-that-is-long-1", "a-name-of-a-vxnet-that-is-long-2", "x")


class Impossible(Exception):
    """There is nothing that this change could be made to."""


def text_of(lab) -> str:
    """A line for each object."""
    out = [f"lab: {lab['lab']}"]
    for section in SECTIONS:
        if lab[section]:
            out.append(f"{section}:")
            out += [f"  {json.dumps(name)}: {json.dumps(noun, ensure_ascii=False)}" for name, noun in lab[section].items()]
    return "\n".join(out) + "\n"


def maps_of(value):
    """Every map in it, from outside to inside."""
    if isinstance(value, dict):
        yield value
    for inner in list(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()):
        yield from maps_of(inner)


def holders(lab):
    """Id to the map that holds it."""
    out = {name: lab[section] for section in SECTIONS for name in lab[section]}
    for wan in lab["sdwan"].values():
        out |= {name: wan["access_points"] for name in wan["access_points"]}
    return out


def rename(lab, names: dict):
    """Ids, and all that name them, at once: also two for each other."""
    for holder in {id(holder): holder for holder in holders(lab).values()}.values():
        renamed = {names.get(name, name): noun for name, noun in holder.items()}
        holder.clear(), holder.update(renamed)
    for one in maps_of([lab[section] for section in SECTIONS]):
        for key in NEEDED + OPTIONAL:
            if isinstance(one.get(key), str):
                one[key] = names.get(one[key], one[key])
        for key in LISTS:
            if isinstance(one.get(key), list):
                one[key] = [names.get(item, item) if isinstance(item, str) else item for item in one[key]]


def remove(lab, name: str):
    """With all that cannot be without it."""
    holders(lab)[name].pop(name)

    def lacks(one):
        return isinstance(one, dict) and any(one.get(key) == name for key in NEEDED)
    for one in maps_of([lab[section] for section in SECTIONS]):
        for key in OPTIONAL:
            if one.get(key) == name:
                one.pop(key)
        for key, value in one.items():
            if isinstance(value, list):
                one[key] = [item for item in value if not lacks(item) and not (key in LISTS and item == name)]
    for gone in [other for other, holder in holders(lab).items() if lacks(holder[other])]:
        if gone in holders(lab):
            remove(lab, gone)


class Change:
    """One change of a lab. Makes it at once; `what` says which."""

    def __init__(self, lab, dice: random.Random, kinds):
        self.lab, self.dice, self.what = copy.deepcopy(lab), dice, ""
        for _ in range(30):
            kind = self.pick(kinds)
            try:
                self.what = f"{kind.__name__} {kind(self) or ''}"
                return
            except Impossible:
                continue

    def pick(self, choices):
        choices = list(choices)
        if not choices:
            raise Impossible()
        return self.dice.choice(choices)

    def chance(self, of: float) -> bool:
        return self.dice.random() < of

    def fresh(self, prefix: str) -> str:
        taken = holders(self.lab)
        if self.chance(0.12):
            return self.pick(name for name in ODD if name not in taken)
        number = next(n for n in range(1, 1000) if f"{prefix}{n}" not in taken)
        return f"{prefix}{number}"

    def title(self):
        return {"title": self.pick(("北京", "a title", "tïtle: {", "同名"))} if self.chance(0.15) else {}

    # -- What there is

    def region_of(self, vxnet: str) -> str:
        return self.lab["vpcs"][self.lab["vxnets"][vxnet]["vpc"]]["region"]

    def domains(self, router=None):
        """(router, domain, its map) of each."""
        for name, border in self.lab["border_routers"].items():
            if router in (None, name):
                yield from ((name, domain, one) for domain, one in border.get("domains", {"main": border}).items())

    @staticmethod
    def joined(domain) -> list[str]:
        return [join if isinstance(join, str) else join["vxnet"] for join in domain.get("vxnets", [])]

    def cidr(self, vxnet: str):
        return ipaddress.ip_network(self.lab["vxnets"][vxnet]["cidr"])

    def host(self, vxnet: str) -> str:
        cidr = self.cidr(vxnet)
        return str(cidr[self.dice.randint(1, min(cidr.num_addresses - 1, 40)) if self.chance(0.95) else -2])

    def listeners(self):
        return [one for balancer in self.lab["load_balancers"].values() for one in balancer["listeners"].values()]

    def network(self) -> str:
        """Somewhere that a route could lead to."""
        known = [noun["cidr"] for section in ("vpcs", "vxnets") for noun in self.lab[section].values()]
        known += [route["to"] for one in maps_of(self.lab["border_routers"]) for route in one.get("routes", [])]
        if self.chance(0.15):
            return self.pick(("0.0.0.0/0", "10.0.0.0/8", "10.200.0.0/16", "128.0.0.0/1", "198.51.100.0/24", "139.198.18.0/24"))
        one = ipaddress.ip_network(self.pick(known))
        if self.chance(0.1):
            one = one.supernet()
        elif self.chance(0.1):
            one = self.pick(one.subnets())
        return str(one)

    # -- Something more

    def add_region(self):
        self.lab["regions"][self.fresh("r")] = self.title()

    def add_vpc(self):
        cidr = self.pick(("10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.0.0.0/14", "172.16.0.0/16", "192.168.0.0/20", "10.1.0.0/22"))
        name = self.fresh("v")
        self.lab["vpcs"][name] = {"region": self.pick(self.lab["regions"]), "cidr": cidr, **self.title()}
        return name

    def add_vxnet(self):
        vpc = self.pick(self.lab["vpcs"])
        whole = ipaddress.ip_network(self.lab["vpcs"][vpc]["cidr"])
        length = self.pick((24, 24, 24, 25, 28, 29))
        if length < whole.prefixlen:
            raise Impossible()
        first = int(whole[0]) + self.dice.randrange(min(6, 2 ** (length - whole.prefixlen))) * 2 ** (32 - length)
        name = self.fresh("n")
        self.lab["vxnets"][name] = {"vpc": vpc, "cidr": f"{ipaddress.ip_address(first)}/{length}", **self.title()}
        return name

    def page(self):
        return {"http": {} if self.chance(0.7) else {"port": self.pick((80, 81, 8080))}} if self.chance(0.6) else {}

    def line(self, rate="rate", lossy=0.02):
        line = {rate: self.pick(("10mbit", "100mbit", "1gbit", "2500kbit"))} if self.chance(0.2) else {}
        return line | ({"loss": self.pick(("1%", "0.5%"))} if lossy and self.chance(lossy) else {})

    def add_server(self):
        vxnet, name = self.pick(self.lab["vxnets"]), self.fresh("s")
        self.lab["servers"][name] = {"vxnet": vxnet, **({"address": self.host(vxnet)} if self.chance(0.5) else {}), **self.page(),
                                     **self.line(), **self.title()}
        if self.chance(0.1):
            self.lab["servers"][name] |= {"run": ["sleep", "1000000"], "files": {"/etc/x": {"text": f"{name}\n"}}}
        return name

    def join_text(self, vxnet):
        return vxnet if self.chance(0.7) else {"vxnet": vxnet, **({"address": self.host(vxnet)} if self.chance(0.8) else {})}

    def add_border_router(self):
        region = self.pick(self.lab["regions"])
        here = [vxnet for vxnet in self.lab["vxnets"] if self.region_of(vxnet) == region]
        joins = [self.join_text(vxnet) for vxnet in self.dice.sample(here, min(len(here), self.dice.randint(1, 3)))]
        name = self.fresh("b")
        router = {"region": region, **self.title()}
        if self.chance(0.35):
            router["domains"] = {}
            for join in joins:
                router["domains"].setdefault(f"d{self.dice.randint(1, 2)}", {"vxnets": []})["vxnets"].append(join)
        else:
            router["vxnets"] = joins
        self.lab["border_routers"][name] = router
        return name

    def join(self):
        router, name, domain = self.pick(self.domains())
        region = self.lab["border_routers"][router]["region"]
        vxnet = self.pick(vxnet for vxnet in self.lab["vxnets"] if self.region_of(vxnet) == region)
        domain.setdefault("vxnets", []).append(self.join_text(vxnet))
        return f"{vxnet} to {router} {name}"

    def add_domain(self):
        router = self.pick(name for name, one in self.lab["border_routers"].items() if "domains" in one)
        self.lab["border_routers"][router]["domains"][f"d{self.dice.randint(1, 4)}"] = {}
        return router

    def add_static_route(self):
        router, _, domain = self.pick(self.domains())
        vxnet = self.pick(self.joined(domain))
        vpc = self.lab["vxnets"][vxnet]["vpc"]
        to = self.network()
        beside = [one["cidr"] for name, one in self.lab["vxnets"].items() if one["vpc"] == vpc and name not in self.joined(domain)]
        if beside and self.chance(0.7):
            to = self.pick(beside)
        via = str(self.cidr(vxnet)[1]) if self.chance(0.7) else self.host(vxnet)
        domain.setdefault("routes", []).append({"to": to, "via": via, **({"name": "way"} if self.chance(0.3) else {})})
        return f"{router} to {to} via {via}"

    def add_policy(self):
        router, _, domain = self.pick(self.domains())
        vpc = self.lab["vxnets"][self.pick(self.joined(domain))]["vpc"]
        to = self.network()
        self.lab["vpcs"][vpc].setdefault("route_policies", []).append({"to": to, "via": router})
        return f"of {vpc} to {to} via {router}"

    def connect(self):
        """Policies both ways, between two VPCs that a domain or an SD-WAN links."""
        links = []
        for router, _, domain in self.domains():
            links += [(router, x, router, y) for x in self.joined(domain) for y in self.joined(domain)]
        for wan in self.lab["sdwan"].values():
            ends = [(point["border_router"], vxnet) for point in wan["access_points"].values()
                    for name, domain, one in self.domains(point["border_router"]) if domain == point.get("domain", "main")
                    for vxnet in self.joined(one)]
            links += [(*x, *y) for x in ends for y in ends]
        nets = self.lab["vxnets"]
        one, near, other, far = self.pick(link for link in links if nets[link[1]]["vpc"] != nets[link[3]]["vpc"])
        wide = self.chance(0.3)
        for router, vxnet, to in ((one, near, far), (other, far, near)):
            cidr = self.lab["vpcs"][nets[to]["vpc"]]["cidr"] if wide else nets[to]["cidr"]
            policies = self.lab["vpcs"][nets[vxnet]["vpc"]].setdefault("route_policies", [])
            if all(policy["to"] != cidr for policy in policies):
                policies.append({"to": cidr, "via": router})
        return f"{near} and {far}"

    def add_wan(self):
        self.lab["sdwan"][self.fresh("w")] = {"access_points": {}, **self.title()}
        for _ in range(self.dice.randint(1, 3)):
            self.add_point()

    def add_point(self):
        wan = self.pick(self.lab["sdwan"])
        router, name, _ = self.pick(self.domains())
        point = {"region": self.lab["border_routers"][router]["region"], "border_router": router,
                 **({} if name == "main" else {"domain": name}), **self.line("bandwidth")}
        self.lab["sdwan"][wan]["access_points"][self.fresh("p")] = point
        return f"{router} {name} to {wan}"

    def add_table(self):
        kind = self.pick(("vxnet", "load_balancer"))
        name = self.fresh("t")
        self.lab["route_tables"][name] = {"for": kind, "routes": []}
        users = self.lab["vxnets" if kind == "vxnet" else "load_balancers"]
        if self.chance(0.9):
            users[self.pick(users)]["route_table"] = name
            for _ in range(self.dice.randint(0, 3)):
                self.add_route(name)
        return name

    def add_route(self, name=None):
        tables = self.lab["route_tables"]
        name = name or self.pick(tables)
        users = [vxnet for vxnet, one in self.lab["vxnets"].items() if one.get("route_table") == name]
        users += [one["vxnet"] for one in self.lab["load_balancers"].values() if one.get("route_table") == name]
        vxnet = self.pick(users)
        routers = [router for router, _, domain in self.domains() if vxnet in self.joined(domain)]
        via = self.pick(routers) if routers and self.chance(0.7) else self.host(vxnet)
        to = self.network()
        tables[name]["routes"].append({"to": to, "via": via, **({"disabled": True} if self.chance(0.15) else {})})
        return f"{name} to {to} via {via}"

    def bind_table(self):
        users = {**self.lab["vxnets"], **self.lab["load_balancers"]}
        name = self.pick(users)
        kind = "vxnet" if name in self.lab["vxnets"] else "load_balancer"
        users[name]["route_table"] = self.pick(table for table, one in self.lab["route_tables"].items() if one["for"] == kind)
        return name

    def add_eip(self):
        name = self.fresh("e")
        address = f"{self.pick(('139.198.18', '8.8.8', '193.0.2'))}.{self.dice.randint(1, 12)}"
        self.lab["eips"][name] = {"region": self.pick(self.lab["regions"]), "address": address, **self.line("bandwidth", 0)}
        if self.chance(0.8):
            self.bind_eip(name)
        return name

    def bind_eip(self, name=None):
        name = name or self.pick(self.lab["eips"])
        for one in self.lab["servers"].values():
            if one.get("eip") == name:
                one.pop("eip")
        for one in self.lab["load_balancers"].values():
            one["eips"] = [eip for eip in one.get("eips", []) if eip != name]
        users = {**self.lab["servers"], **self.lab["load_balancers"]}
        region = self.lab["eips"][name]["region"]
        user = self.pick(user for user, one in users.items() if self.region_of(one["vxnet"]) == region)
        if user in self.lab["servers"]:
            users[user]["eip"] = name
        else:
            users[user]["eips"] = self.dice.sample([*users[user].get("eips", []), name], len(users[user].get("eips", [])) + 1)
        return f"{name} to {user}"

    def backend(self):
        one = {"server": self.pick(self.lab["servers"])} if self.chance(0.8) else {"address": self.host(self.pick(self.lab["vxnets"]))}
        one["port"] = self.pick((80, 80, 81, 8080))
        for key, value in {"weight": self.dice.randint(0, 5), "disabled": True, "backup": True, "max_connections": 10}.items():
            if self.chance(0.1):
                one[key] = value
        return one

    def add_balancer(self):
        vxnet, name = self.pick(self.lab["vxnets"]), self.fresh("k")
        self.lab["load_balancers"][name] = {"vxnet": vxnet, **({"address": self.host(vxnet)} if self.chance(0.3) else {}),
                                            "listeners": {}, **self.title()}
        for _ in range(self.dice.randint(0, 2)):
            self.add_listener(name)
        return name

    def add_listener(self, name=None):
        name = name or self.pick(self.lab["load_balancers"])
        listener = {"port": self.pick((80, 81, 90)), "backends": [self.backend() for _ in range(self.dice.randint(0, 3))]}
        if self.chance(0.3):
            listener["protocol"] = "tcp"
        elif self.chance(0.3):
            listener["stickiness"] = {"mode": "insert"}
        if self.chance(0.4):
            listener["balance"] = self.pick(("roundrobin", "leastconn", "source"))
        if self.chance(0.3):
            listener["health_check"] = {"type": self.pick(("http", "tcp")), "interval": "2s"}
        self.lab["load_balancers"][name]["listeners"][f"l{self.dice.randint(1, 4)}"] = listener
        return name

    def add_backend(self):
        self.pick(self.listeners())["backends"].append(self.backend())

    def add_pool(self):
        listener = self.pick(self.listeners())
        pool = f"q{self.dice.randint(1, 2)}"
        listener.setdefault("pools", {})[pool] = {"backends": [self.backend()]}
        rule = {"source": "10.1.0.0/16"} if listener.get("protocol") == "tcp" else self.pick((
            {"host": "*.example.com"}, {"path_prefix": "/api"}, {"header": {"name": "X-V"}, "source": "10.0.0.0/8"}))
        listener.setdefault("rules", []).append({**rule, "pool": pool})
        if listener.get("protocol") != "tcp" and self.chance(0.3):
            listener["rules"].append({"path": "/old", "redirect": {"location": "/new"}})

    # -- Something else

    def remove(self):
        name = self.pick(holders(self.lab))
        remove(self.lab, name)
        return name

    def remove_item(self):
        """A policy, a route, a join, a backend, an EIP of a balancer."""
        items = self.pick(value for one in maps_of(self.lab) for key, value in one.items()
                          if isinstance(value, list) and value and key not in ("run", "rules"))
        return items.pop(self.dice.randrange(len(items)))

    def remove_value(self):
        keys = ("address", "eip", "route_table", "http", "rate", "loss", "bandwidth", "title", "disabled", "pools", "health_check",
                "stickiness", "protocol", "balance", "run")
        one, key = self.pick((one, key) for one in maps_of([self.lab[section] for section in SECTIONS]) for key in keys if key in one)
        one.pop(key)
        if key == "pools":
            one.pop("rules", None)
        if key == "run":
            one.pop("files", None)
        return key

    def rename(self):
        old = self.pick(holders(self.lab))
        new = self.fresh(old.rstrip("0123456789") or "x")
        rename(self.lab, {old: new})
        return f"{old} to {new}"

    def swap_names(self):
        one, other = self.dice.sample(sorted(holders(self.lab)), 2)
        rename(self.lab, {one: other, other: one})
        return f"{one} and {other}"

    def rename_domain(self):
        router = self.pick(name for name, one in self.lab["border_routers"].items() if one.get("domains"))
        domains = self.lab["border_routers"][router]["domains"]
        old, new = self.pick(domains), f"d{self.dice.randint(1, 4)}"
        names = {old: new, new: old}
        self.lab["border_routers"][router]["domains"] = {names.get(name, name): one for name, one in domains.items()}
        for wan in self.lab["sdwan"].values():
            for point in wan["access_points"].values():
                if point["border_router"] == router and "domain" in point:
                    point["domain"] = names.get(point["domain"], point["domain"])
        return f"{old} to {new} of {router}"

    def move_join(self):
        """To another domain, of perhaps another router."""
        domain = self.pick(one for _, _, one in self.domains() if one.get("vxnets"))
        join = domain["vxnets"].pop(self.dice.randrange(len(domain["vxnets"])))
        router, name, other = self.pick(self.domains())
        other.setdefault("vxnets", []).append(join)
        return f"{join} to {router} {name}"

    def move(self):
        """A server or a balancer to another vxnet, with or without an address of its own."""
        users = {**self.lab["servers"], **self.lab["load_balancers"]}
        name, vxnet = self.pick(users), self.pick(self.lab["vxnets"])
        users[name]["vxnet"] = vxnet
        users[name].pop("address", None)
        if self.chance(0.5):
            users[name]["address"] = self.host(vxnet)
        return f"{name} to {vxnet}"

    def change_address(self):
        users = {**self.lab["servers"], **self.lab["load_balancers"]}
        name = self.pick(users)
        users[name]["address"] = self.host(users[name]["vxnet"])
        return name

    def swap_addresses(self):
        users = {**self.lab["servers"], **self.lab["load_balancers"]}
        one, other = self.pick((x, y) for x in users.values() for y in users.values()
                               if x is not y and x["vxnet"] == y["vxnet"] and "address" in x)
        mine, others = one.pop("address"), other.pop("address", None)
        other["address"] = mine
        if others:
            one["address"] = others

    def swap_ranges(self):
        """Of two vxnets of a VPC, with all addresses in them."""
        nets = self.lab["vxnets"]
        one, other = self.pick((x, y) for x in nets for y in nets if x != y and nets[x]["vpc"] == nets[y]["vpc"])
        nets[one]["cidr"], nets[other]["cidr"] = nets[other]["cidr"], nets[one]["cidr"]
        return f"{one} and {other}"

    def change_range(self):
        vxnet = self.pick(self.lab["vxnets"])
        old = self.cidr(vxnet)
        new = self.pick((old.supernet(), next(old.subnets()), ipaddress.ip_network((int(old[0]) ^ old.num_addresses, old.prefixlen))))
        self.lab["vxnets"][vxnet]["cidr"] = str(new)
        if new.network_address != old.network_address:
            for one in maps_of(self.lab):
                if one.get("vxnet") == vxnet and "address" in one:
                    one["address"] = str(ipaddress.ip_address(int(ipaddress.ip_address(one["address"])) ^ old.num_addresses))
        return f"{vxnet} from {old} to {new}"

    def change_region(self):
        """Of a VPC and what is joined to it, or of a single object."""
        noun = self.pick(noun for section in ("vpcs", "border_routers", "eips") for noun in self.lab[section].values())
        noun["region"] = self.pick(self.lab["regions"])

    def change_regions(self):
        """Everything of one region to another one."""
        old, new = self.pick(self.lab["regions"]), self.pick(self.lab["regions"])
        for one in maps_of(self.lab):
            if one.get("region") == old:
                one["region"] = new
        return f"{old} to {new}"

    def change_vpc(self):
        """A vxnet goes to another VPC, with all in it."""
        vxnet, vpc = self.pick(self.lab["vxnets"]), self.pick(self.lab["vpcs"])
        self.lab["vxnets"][vxnet]["vpc"] = vpc
        return f"{vxnet} to {vpc}"

    def change_line(self):
        section, rate = self.pick((("servers", "rate"), ("points", "bandwidth"), ("eips", "bandwidth")))
        points = {name: one for wan in self.lab["sdwan"].values() for name, one in wan["access_points"].items()}
        nouns = points if section == "points" else self.lab[section]
        name = self.pick(nouns)
        for key in ("rate", "bandwidth", "loss"):
            nouns[name].pop(key, None)
        nouns[name].update(self.line(rate, 0.02 if section != "eips" else 0))
        return name

    def change_page(self):
        one = self.pick(self.lab["servers"].values())
        one.pop("http", None)
        one.update(self.page())

    def change_listener(self):
        listener = self.pick(self.listeners())
        listener.update(self.pick(({"port": self.dice.randint(80, 90)}, {"balance": "leastconn"}, {"protocol": "tcp"},
                                   {"max_connections": 100}, {"idle_timeout": "20s"})))

    def move_point(self):
        """An access point to another border router, or to another SD-WAN."""
        wan = self.pick(one for one in self.lab["sdwan"].values() if one["access_points"])
        name = self.pick(wan["access_points"])
        point = wan["access_points"][name]
        if self.chance(0.5):
            self.pick(self.lab["sdwan"].values())["access_points"][name] = wan["access_points"].pop(name)
        else:
            router, domain, _ = self.pick(self.domains())
            point["border_router"], point["region"] = router, self.lab["border_routers"][router]["region"]
            point.pop("domain", None)
            if domain != "main":
                point["domain"] = domain
        return name

    def change_kind(self):
        """A server becomes a load balancer of the same name and place, or the other way round."""
        pair = [self.lab["servers"], self.lab["load_balancers"]]
        self.dice.shuffle(pair)
        name = self.pick(pair[0])
        old = {key: value for key, value in pair[0][name].items() if key in ("vxnet", "address")}
        remove(self.lab, name)
        pair[1][name] = old | ({"listeners": {}} if pair[1] is self.lab["load_balancers"] else {})
        return name

    def take_name(self):
        """An object goes, and another one, of perhaps another kind, gets its name."""
        one, other = self.dice.sample(sorted(holders(self.lab)), 2)
        remove(self.lab, one)
        if other in holders(self.lab):
            rename(self.lab, {other: one})
        return f"{other} of {one}"

    def shuffle(self):
        """Orders that mean nothing but where they do."""
        for one in maps_of(self.lab):
            for key, value in one.items():
                if isinstance(value, list) and key not in ("run", "rules"):
                    self.dice.shuffle(value)


ADDING = [Change.add_region, Change.add_domain, Change.add_pool] + 2 * [
    Change.add_vpc, Change.add_wan, Change.add_table, Change.bind_table, Change.add_balancer, Change.add_listener,
    Change.add_static_route, Change.add_backend, Change.add_route] + 3 * [
    Change.add_border_router, Change.join, Change.add_point, Change.add_eip, Change.add_policy] + 6 * [
    Change.add_vxnet, Change.connect] + 9 * [Change.add_server]
GROWTH = (([Change.add_region, *3 * [Change.add_vpc], *6 * [Change.add_vxnet]], 4, 12), ([Change.add_server], 1, 8),
          ([*2 * [Change.add_border_router, Change.join, Change.add_point], Change.add_wan], 2, 9), ([Change.connect], 1, 6),
          (ADDING, 4, 20))
CHANGING = ADDING[::3] + [
    Change.remove_item, Change.remove_value, Change.rename_domain, Change.move_join, Change.change_address,
    Change.swap_addresses, Change.swap_ranges, Change.change_range, Change.change_region, Change.change_regions, Change.change_vpc,
    Change.change_line, Change.change_page, Change.change_listener, Change.move_point, Change.change_kind, Change.take_name,
    Change.shuffle, Change.bind_eip, Change.bind_table] + 2 * [Change.move, Change.rename, Change.swap_names] + 3 * [Change.remove]


def empty(name: str):
    lab = {"lab": name, **{section: {} for section in SECTIONS}}
    lab["regions"] = {"r1": {}}
    return lab
