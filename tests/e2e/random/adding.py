"""What a lab may get at random, one object or part at a time. Who asks keeps what is valid.

Each change draws from numbers of its own, so that one can be left out and the others stay what they are.
"""
import copy
import ipaddress
import random

from tree import holders, maps_of

# Names that mean something to the kernel or to vpclab, somewhere.
ODD = ("eth0", "lo", "all", "default", "wan", "main", "switch", "eip1", "eip2", "vrf-main", "null", "true", "1", "pages", "lb",
       "wan-eth0", "dummy0", "vpclab", "a-name-of-a-vxnet-that-is-long-1", "a-name-of-a-vxnet-that-is-long-2", "x")


class Impossible(Exception):
    """There is nothing that this change could be made to."""


class Adding:
    """One change of a lab, by one of `kinds`. Makes it at once; `what` says which."""

    delays = False  # whether the kernel has netem

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
        if self.delays and lossy and self.chance(0.15):
            line |= self.pick(({"delay": "2ms"}, {"delay": "500us"}, {"delay": "5ms", "jitter": "2ms"}))
        return line | ({"loss": self.pick(("1%", "0.5%"))} if lossy and self.chance(lossy) else {})

    def add_server(self):
        vxnet, name = self.pick(self.lab["vxnets"]), self.fresh("s")
        self.lab["servers"][name] = {"vxnet": vxnet, **({"address": self.host(vxnet)} if self.chance(0.5) else {}), **self.page(),
                                     **self.line(), **self.title()}
        if self.chance(0.1):
            self.lab["servers"][name] |= {"run": ["sleep", "1000000"], "files": {"/etc/x": {"text": f"{name}\n"}}}
        return name

    def add_many(self):
        """So many that an apply looks only where the kernel has told of a change."""
        vxnet = self.pick(name for name in self.lab["vxnets"] if self.cidr(name).prefixlen <= 25)
        for number in range(self.dice.randint(64, 80)):
            self.lab["servers"][f"many-{number}"] = {"vxnet": vxnet, **({"http": {}} if self.chance(0.1) else {})}
        return vxnet

    def toggle_restart(self):
        if self.lab.pop("restart", "never") == "never":
            self.lab["restart"] = "always"

    def add_check(self):
        users = {**self.lab["servers"], **self.lab["load_balancers"]}
        checks = [self.check_ping, self.check_ping, self.check_http, self.check_backend, self.check_tunnel]
        check = self.pick(checks)({**users, **self.lab["vpcs"], "internet": {}}, users)
        self.lab["checks"].append(check)
        return check

    def check_ping(self, froms, users):
        to = self.pick({**users, **self.lab["eips"], "internet": {}}) if self.chance(0.8) else self.host(self.pick(self.lab["vxnets"]))
        return {"ping": {"from": self.pick(froms), "to": to, "expect": self.pick(("reachable", "reachable", "unreachable")), "within": "2s"}}

    def check_http(self, froms, users):
        addresses = [user["address"] for user in users.values() if "address" in user]
        url = f"http://{self.pick(addresses + [eip['address'] for eip in self.lab['eips'].values()])}:{self.pick((80, 80, 81))}/"
        return {"http": {"from": self.pick(froms), "url": url, "expect": {"status": 200}, "within": "2s"}}

    def check_backend(self, froms, users):
        balancer, listener, server = self.pick(
            (balancer, name, backend["server"]) for balancer, one in self.lab["load_balancers"].items()
            for name, listener in one["listeners"].items() for backend in listener["backends"] if "server" in backend)
        return {"backend": {"load_balancer": balancer, "listener": listener, "server": server, "expect": self.pick(("up", "down")),
                            "within": "2s"}}

    def check_tunnel(self, froms, users):
        points = [point for wan in self.lab["sdwan"].values() for point in wan["access_points"] if len(wan["access_points"]) > 1]
        return {"tunnel": {"access_point": self.pick(points), "handshake": "3m", "within": "10s"}}

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
