"""A lab file as maps in maps: its sections, with objects by their ids, which others name."""
import json

SECTIONS = ("regions", "vpcs", "vxnets", "servers", "border_routers", "sdwan", "eips", "load_balancers", "route_tables")
# What names another object: needed, so that who names it goes with it; or not.
NEEDED = ("region", "vpc", "vxnet", "border_router", "server", "via")
OPTIONAL = ("route_table", "eip")
LISTS = ("vxnets", "eips")
# What names one in a check, which goes with any of them.
CHECKED = ("from", "to", "server", "load_balancer", "access_point")


def empty(name: str):
    lab = {"lab": name, **{section: {} for section in SECTIONS}}
    lab["regions"] = {"r1": {}}
    lab["checks"] = []
    return lab


def text_of(lab) -> str:
    """A line for each object and for each check."""
    out = []
    for key, value in lab.items():
        if key in SECTIONS and isinstance(value, dict):
            out += [f"{key}:"] * bool(value)
            out += [f"  {json.dumps(name)}: {json.dumps(noun, ensure_ascii=False)}" for name, noun in value.items()]
        elif key == "checks" and isinstance(value, list):
            out += ["checks:"] * bool(value) + [f"  - {json.dumps(check)}" for check in value]
        else:
            out.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(out) + "\n"


def parted(lab, dice):
    """What a file says, and what one says that extends it, so that together they say this."""
    base, top = {}, {}
    for key, value in lab.items():
        where = dice.random()
        if isinstance(value, dict) and where < 0.6:
            base[key], top[key] = parted(value, dice)
        elif where < 0.75:
            base[key] = value
        else:
            top[key] = value
            if where > 0.9:
                base[key] = dice.choice(("otherwise", [], {"x": "y"})) if not isinstance(value, dict) else "otherwise"
    if dice.random() < 0.1:
        base["gone"], top["gone"] = {"what": ["is", "no", "more"]}, None
    return base, top


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
    for one in maps_of(lab["checks"]):
        one.update({key: names.get(one[key], one[key]) for key in CHECKED if key in one})


def remove(lab, name: str):
    """With all that cannot be without it."""
    holders(lab)[name].pop(name)
    lab["checks"] = [check for check in lab["checks"] if all(one.get(key) != name for one in check.values() for key in CHECKED)]

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
