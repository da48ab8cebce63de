# The few words that the labs by hand are written in. Sourced.
# shellcheck shell=bash

prefix=byhand.
# `check` can look at another lab with the same nodes: BYHAND_CHECKS=vpclab.cross-region.
checks_prefix=${BYHAND_CHECKS:-$prefix}
state=/run/byhand # process ids, keys, pages; gone with `down`

# Shows each command as it runs it, so that the script documents itself; QUIET=1 hides them.
cmd() {
    [[ -n ${QUIET:-} ]] || printf '[#] %s\n' "$*" >&2
    "$@"
}

# in_ns NODE COMMAND...
in_ns() {
    local node=$1
    shift
    cmd ip netns exec "$prefix$node" "$@"
}

# ip_in NODE ARGUMENT...: ip(8) inside a node.
ip_in() {
    local node=$1
    shift
    cmd ip -n "$prefix$node" "$@"
}

node() {
    cmd ip netns add "$prefix$1"
    ip_in "$1" link set lo up
}

# A new namespace inherits the host's IPv4 settings, so what matters is set either way.
# knob NODE NAME VALUE, as in: knob bj-vpc1 ipv4/ip_forward 1
knob() {
    cmd ip netns exec "$prefix$1" sh -c "echo $3 >/proc/sys/net/$2"
}

router() {
    node "$1"
    knob "$1" ipv4/ip_forward 1
    # Without this the border router drops out of the path after the first ping.
    knob "$1" ipv4/conf/all/send_redirects 0
    knob "$1" ipv4/conf/default/send_redirects 0
    knob "$1" ipv4/icmp_ratelimit 0
}

# vxnet SWITCH NAME: a bridge in the region's switch namespace.
vxnet() {
    ip_in "$1" link add "$2" type bridge
    ip_in "$1" link set "$2" up
}

# plug SWITCH VXNET NODE INTERFACE ADDRESS/LENGTH: a cable. Both ends are made in one request, each in its place, so
# that no end ever lies in the host's namespace.
plug() {
    local switch=$1 vxnet=$2 node=$3 interface=$4 address=$5
    ip_in "$switch" link add "$node.${interface##*-}" master "$vxnet" up type veth peer name "$interface" netns "$prefix$node"
    ip_in "$node" address add "$address" dev "$interface"
    ip_in "$node" link set "$interface" up
}

# unplug_all: every namespace and process of these scripts, and nothing else.
down_all() {
    local file name
    for file in "$state"/*.pid; do
        [[ -e $file ]] || continue
        # Only if it is still the process that was started: its network namespace is one of ours.
        if ip netns identify "$(cat "$file")" 2>/dev/null | grep -q "^$prefix"; then
            cmd kill "$(cat "$file")" || true
        fi
    done
    while read -r name _; do
        [[ $name == "$prefix"* ]] || continue
        cmd ip netns delete "$name"
    done < <(ip netns list)
    rm -rf "$state" /run/wireguard/byhand-*.sock
}

# start NAME NODE COMMAND...: a process in the background whose id is remembered.
start() {
    local name=$1 node=$2
    shift 2
    [[ -n ${QUIET:-} ]] || printf '[#] ip netns exec %s %s &\n' "$prefix$node" "$*" >&2
    setsid ip netns exec "$prefix$node" "$@" </dev/null >"$state/$name.log" 2>&1 &
    echo $! >"$state/$name.pid"
}

failures=0

# expect_ping reachable|unreachable NODE ADDRESS
expect_ping() {
    local want=$1 node=$2 address=$3 got=unreachable
    if ip netns exec "$checks_prefix$node" ping -c 1 -W "${PING_WAIT:-1}" "$address" >/dev/null 2>&1; then got=reachable; fi
    if [[ $got == "$want" ]]; then
        printf '  ok      %-12s -> %-16s %s\n' "$node" "$address" "$got"
    else
        printf '  FAILED  %-12s -> %-16s %s, expected %s\n' "$node" "$address" "$got" "$want"
        failures=$((failures + 1))
    fi
}
