"""What may become of a lab at random: all that it may get, and what it has as something else, elsewhere, or gone."""
import ipaddress

import tree
from adding import Adding, Impossible
from tree import SECTIONS, holders, maps_of


class Change(Adding):
    def remove(self):
        name = self.pick(holders(self.lab))
        tree.remove(self.lab, name)
        return name

    def remove_item(self):
        """A policy, a route, a join, a backend, an EIP of a balancer."""
        items = self.pick(value for one in maps_of(self.lab) for key, value in one.items()
                          if isinstance(value, list) and value and key not in ("run", "rules"))
        return items.pop(self.dice.randrange(len(items)))

    def remove_value(self):
        keys = ("address", "eip", "route_table", "http", "rate", "loss", "delay", "jitter", "bandwidth", "title", "disabled", "pools", "health_check",
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
        tree.rename(self.lab, {old: new})
        return f"{old} to {new}"

    def two(self) -> list[str]:
        names = sorted(holders(self.lab))
        if len(names) < 2:
            raise Impossible()
        return self.dice.sample(names, 2)

    def swap_names(self):
        one, other = self.two()
        tree.rename(self.lab, {one: other, other: one})
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
        for key in ("rate", "bandwidth", "loss", "delay", "jitter"):
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
        tree.remove(self.lab, name)
        pair[1][name] = old | ({"listeners": {}} if pair[1] is self.lab["load_balancers"] else {})
        return name

    def take_name(self):
        """An object goes, and another one, of perhaps another kind, gets its name."""
        one, other = self.two()
        tree.remove(self.lab, one)
        if other in holders(self.lab):
            tree.rename(self.lab, {other: one})
        return f"{other} of {one}"

    def shuffle(self):
        """Orders that mean nothing but where they do."""
        for one in maps_of(self.lab):
            for key, value in one.items():
                if isinstance(value, list) and key not in ("run", "rules"):
                    self.dice.shuffle(value)


ADDING = [Change.add_region, Change.add_domain, Change.add_pool, Change.toggle_restart] + 2 * [
    Change.add_vpc, Change.add_wan, Change.add_table, Change.bind_table, Change.add_balancer, Change.add_listener,
    Change.add_static_route, Change.add_backend, Change.add_route] + 3 * [
    Change.add_border_router, Change.join, Change.add_point, Change.add_eip, Change.add_policy, Change.add_check] + 6 * [
    Change.add_vxnet, Change.connect] + 9 * [Change.add_server]
GROWTH = (([Change.add_region, *3 * [Change.add_vpc], *6 * [Change.add_vxnet]], 4, 12), ([Change.add_server], 1, 8),
          ([*2 * [Change.add_border_router, Change.join, Change.add_point], Change.add_wan], 2, 9), ([Change.connect], 1, 6),
          (ADDING, 4, 20))
CHANGING = ADDING[::3] + [
    Change.remove_item, Change.remove_value, Change.rename_domain, Change.move_join, Change.change_address,
    Change.swap_addresses, Change.swap_ranges, Change.change_range, Change.change_region, Change.change_regions, Change.change_vpc,
    Change.change_line, Change.change_page, Change.change_listener, Change.move_point, Change.change_kind, Change.take_name,
    Change.shuffle, Change.bind_eip, Change.bind_table] + 2 * [Change.move, Change.rename, Change.swap_names] + 3 * [Change.remove]
