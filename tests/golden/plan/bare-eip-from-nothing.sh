#!/bin/sh
# What `vpclab apply` does, by hand: 36 changes not applied yet: 36 to create.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip netns add vpclab.eip.internet
ip -n vpclab.eip.internet link set lo up
ip netns add vpclab.eip.neighbour
ip -n vpclab.eip.neighbour link set lo up
ip netns add vpclab.eip.switch.pek3
ip -n vpclab.eip.switch.pek3 link set lo up
ip netns add vpclab.eip.vpc
ip -n vpclab.eip.vpc link set lo up
ip netns add vpclab.eip.web
ip -n vpclab.eip.web link set lo up
ip netns exec vpclab.eip.internet sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.eip.neighbour sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.eip.switch.pek3 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.eip.vpc sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_errors_use_inbound_ifaddr=1 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.eip.web sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip -n vpclab.eip.switch.pek3 link add net address b6:b2:b4:9e:3e:12 mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.eip.switch.pek3 link set net up
ip -n vpclab.eip.internet link add eip1 address da:96:67:2f:9a:23 mtu 1500 type veth peer name eip1 netns vpclab.eip.vpc address f2:c2:60:aa:d7:34 mtu 1500
ip -n vpclab.eip.internet link set eip1 up
ip -n vpclab.eip.vpc link set eip1 up
ip -n vpclab.eip.neighbour link add eth0 address 0e:76:0b:3d:b5:f8 mtu 1500 type veth peer name neighbour.net netns vpclab.eip.switch.pek3 address fe:e8:2b:b3:93:56 mtu 1500
ip -n vpclab.eip.neighbour link set eth0 up
ip -n vpclab.eip.switch.pek3 link set neighbour.net master net up
ip -n vpclab.eip.switch.pek3 link add vpc.net address d6:b7:ab:8e:03:b8 mtu 1500 type veth peer name net netns vpclab.eip.vpc address 5a:42:27:b9:9d:cf mtu 1500
ip -n vpclab.eip.switch.pek3 link set vpc.net master net up
ip -n vpclab.eip.vpc link set net up
ip -n vpclab.eip.switch.pek3 link add web.net address 62:f0:66:c4:f7:d1 mtu 1500 type veth peer name eth0 netns vpclab.eip.web address 3a:91:00:a9:13:b8 mtu 1500
ip -n vpclab.eip.switch.pek3 link set web.net master net up
ip -n vpclab.eip.web link set eth0 up
ip -n vpclab.eip.internet address add 198.51.100.1/32 dev lo
ip -n vpclab.eip.neighbour address add 172.16.1.3/24 dev eth0
ip -n vpclab.eip.vpc address add 139.198.18.140/32 dev eip1
ip -n vpclab.eip.vpc address add 172.16.1.1/24 dev net
ip -n vpclab.eip.web address add 172.16.1.2/24 dev eth0
ip -n vpclab.eip.vpc rule add pref 33001 from 172.16.1.2/32 lookup 2001 protocol 118
ip -n vpclab.eip.vpc rule add pref 41001 from 139.198.18.140/32 lookup 2001 protocol 118
tc -n vpclab.eip.internet qdisc replace dev eip1 root tbf rate 100mbit burst 32kb latency 50ms
tc -n vpclab.eip.vpc qdisc replace dev eip1 root tbf rate 100mbit burst 32kb latency 50ms
ip netns exec vpclab.eip.vpc nft -f - <<'END'
table ip vpclab
delete table ip vpclab
table ip vpclab {
	chain untracked {
		type filter hook prerouting priority raw; policy accept;
		iifname "eip1" accept
		ip daddr 139.198.18.140 accept
		ip daddr 172.16.1.1 accept
		ip daddr 172.16.1.0/24 notrack
	}

	chain destinations {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr 139.198.18.140 dnat to 172.16.1.2
	}

	chain sources {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "eip1" ip saddr 172.16.1.2 snat to 139.198.18.140
		iifname != "eip1" ip daddr 172.16.1.2 ct status dnat masquerade
	}
}
END
ip netns exec vpclab.eip.internet sysctl -qw net/ipv4/conf/eip1/rp_filter=0 net/ipv4/conf/eip1/send_redirects=0
ip netns exec vpclab.eip.neighbour sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.eip.vpc sysctl -qw net/ipv4/conf/eip1/rp_filter=0 net/ipv4/conf/eip1/send_redirects=0
ip netns exec vpclab.eip.vpc sysctl -qw net/ipv4/conf/net/rp_filter=0 net/ipv4/conf/net/send_redirects=0
ip netns exec vpclab.eip.web sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip -n vpclab.eip.internet route add unreachable default protocol 118
ip -n vpclab.eip.internet route add 139.198.18.140/32 dev eip1 protocol 118
ip -n vpclab.eip.vpc route add default via 198.51.100.1 dev eip1 onlink table 2001 protocol 118
ip -n vpclab.eip.neighbour route add default via 172.16.1.1 dev eth0 protocol 118
ip -n vpclab.eip.web route add default via 172.16.1.1 dev eth0 protocol 118
# start process pages, pages of 1 server
