#!/bin/sh
# What `vpclab apply` does, by hand: 108 changes not applied yet: 106 to create, 2 to update.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip netns add vpclab.impaired.east-br
ip -n vpclab.impaired.east-br link set lo up
ip netns add vpclab.impaired.east-gw
ip -n vpclab.impaired.east-gw link set lo up
ip netns add vpclab.impaired.east-vpc
ip -n vpclab.impaired.east-vpc link set lo up
ip netns add vpclab.impaired.far
ip -n vpclab.impaired.far link set lo up
ip netns add vpclab.impaired.internet
ip -n vpclab.impaired.internet link set lo up
ip netns add vpclab.impaired.lossy
ip -n vpclab.impaired.lossy link set lo up
ip netns add vpclab.impaired.near
ip -n vpclab.impaired.near link set lo up
ip netns add vpclab.impaired.public
ip -n vpclab.impaired.public link set lo up
ip netns add vpclab.impaired.slow
ip -n vpclab.impaired.slow link set lo up
ip netns add vpclab.impaired.switch.east
ip -n vpclab.impaired.switch.east link set lo up
ip netns add vpclab.impaired.switch.west
ip -n vpclab.impaired.switch.west link set lo up
ip netns add vpclab.impaired.wan.wan
ip -n vpclab.impaired.wan.wan link set lo up
ip netns add vpclab.impaired.west-br
ip -n vpclab.impaired.west-br link set lo up
ip netns add vpclab.impaired.west-gw
ip -n vpclab.impaired.west-gw link set lo up
ip netns add vpclab.impaired.west-vpc
ip -n vpclab.impaired.west-vpc link set lo up
ip netns exec vpclab.impaired.east-br sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.east-gw sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.east-vpc sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.far sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.internet sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.lossy sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.near sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.public sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.slow sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.switch.east sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.switch.west sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.wan.wan sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.west-br sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.west-gw sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.impaired.west-vpc sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_errors_use_inbound_ifaddr=1 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip -n vpclab.impaired.switch.east link add east-net address 4e:cc:76:db:71:ef mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.impaired.switch.east link set east-net up
ip -n vpclab.impaired.switch.west link add west-net address 12:b8:e2:aa:74:ee mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.impaired.switch.west link set west-net up
ip -n vpclab.impaired.wan.wan link add wan address 6a:83:53:10:fe:5b mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.impaired.wan.wan link set wan up
ip -n vpclab.impaired.east-br link add vrf-main type vrf table 1001
ip -n vpclab.impaired.east-br link set vrf-main up
ip -n vpclab.impaired.west-br link add vrf-main type vrf table 1001
ip -n vpclab.impaired.west-br link set vrf-main up
ip -n vpclab.impaired.east-br link add east-net address b2:52:78:52:ed:2b mtu 1500 type veth peer name east-br.~4rq0kk netns vpclab.impaired.switch.east address 46:5d:5a:43:78:af mtu 1500
ip -n vpclab.impaired.east-br link set east-net master vrf-main up
ip -n vpclab.impaired.switch.east link set east-br.~4rq0kk master east-net up
ip -n vpclab.impaired.east-gw link add eth0 address c6:70:f9:2d:f7:61 mtu 1500 type veth peer name east-gw.wan netns vpclab.impaired.wan.wan address 02:1c:2e:28:15:9b mtu 1500
ip -n vpclab.impaired.east-gw link set eth0 up
ip -n vpclab.impaired.wan.wan link set east-gw.wan master wan up
ip -n vpclab.impaired.east-vpc link add east-net address 66:fd:20:28:8c:78 mtu 1500 type veth peer name east-vpc~nsuxrg netns vpclab.impaired.switch.east address f6:04:0a:e5:4a:56 mtu 1500
ip -n vpclab.impaired.east-vpc link set east-net up
ip -n vpclab.impaired.switch.east link set east-vpc~nsuxrg master east-net up
ip -n vpclab.impaired.far link add eth0 address 22:17:cb:98:40:25 mtu 1500 type veth peer name far.east-net netns vpclab.impaired.switch.east address 86:d5:0c:5d:4f:a0 mtu 1500
ip -n vpclab.impaired.far link set eth0 up
ip -n vpclab.impaired.switch.east link set far.east-net master east-net up
ip -n vpclab.impaired.internet link add eip1 address 1a:9d:70:ef:0b:ec mtu 1500 type veth peer name eip1 netns vpclab.impaired.west-vpc address 6e:1b:10:44:8f:82 mtu 1500
ip -n vpclab.impaired.internet link set eip1 up
ip -n vpclab.impaired.west-vpc link set eip1 up
ip -n vpclab.impaired.lossy link add eth0 address 5e:1d:bf:44:39:99 mtu 1500 type veth peer name lossy.west-net netns vpclab.impaired.switch.west address ba:e9:41:e3:32:5a mtu 1500
ip -n vpclab.impaired.lossy link set eth0 up
ip -n vpclab.impaired.switch.west link set lossy.west-net master west-net up
ip -n vpclab.impaired.near link add eth0 address da:a7:a2:36:45:1c mtu 1500 type veth peer name near.west-net netns vpclab.impaired.switch.west address 72:20:c0:da:da:f0 mtu 1500
ip -n vpclab.impaired.near link set eth0 up
ip -n vpclab.impaired.switch.west link set near.west-net master west-net up
ip -n vpclab.impaired.public link add eth0 address 26:7f:4f:dc:39:97 mtu 1500 type veth peer name public.west-net netns vpclab.impaired.switch.west address 72:64:fa:f1:33:5c mtu 1500
ip -n vpclab.impaired.public link set eth0 up
ip -n vpclab.impaired.switch.west link set public.west-net master west-net up
ip -n vpclab.impaired.slow link add eth0 address 02:28:d5:01:59:6c mtu 1500 type veth peer name slow.west-net netns vpclab.impaired.switch.west address 42:cd:86:48:27:bb mtu 1500
ip -n vpclab.impaired.slow link set eth0 up
ip -n vpclab.impaired.switch.west link set slow.west-net master west-net up
ip -n vpclab.impaired.switch.west link add west-br.~cc5zn0 address a6:f8:f0:b3:39:3e mtu 1500 type veth peer name west-net netns vpclab.impaired.west-br address 92:d3:c9:55:80:6c mtu 1500
ip -n vpclab.impaired.switch.west link set west-br.~cc5zn0 master west-net up
ip -n vpclab.impaired.west-br link set west-net master vrf-main up
ip -n vpclab.impaired.switch.west link add west-vpc~jklu2f address 1e:8e:2d:76:fb:f0 mtu 1500 type veth peer name west-net netns vpclab.impaired.west-vpc address 56:02:d7:60:8c:08 mtu 1500
ip -n vpclab.impaired.switch.west link set west-vpc~jklu2f master west-net up
ip -n vpclab.impaired.west-vpc link set west-net up
ip -n vpclab.impaired.wan.wan link add west-gw.wan address ae:73:56:9d:ca:05 mtu 1500 type veth peer name eth0 netns vpclab.impaired.west-gw address 86:5b:e2:87:e8:b3 mtu 1500
ip -n vpclab.impaired.wan.wan link set west-gw.wan master wan up
ip -n vpclab.impaired.west-gw link set eth0 up
ip -n vpclab.impaired.east-gw link add east-gw type wireguard
ip netns exec vpclab.impaired.east-gw wg set east-gw listen-port 51820 private-key "$KEYS/east-gw"
ip netns exec vpclab.impaired.east-gw wg set east-gw peer zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk= endpoint 100.64.0.2:51820 persistent-keepalive 0 allowed-ips "10.1.1.0/24"
ip -n vpclab.impaired.east-gw link set east-gw netns vpclab.impaired.east-br
ip -n vpclab.impaired.east-br link set east-gw mtu 1420 master vrf-main up
ip -n vpclab.impaired.west-gw link add west-gw type wireguard
ip netns exec vpclab.impaired.west-gw wg set west-gw listen-port 51820 private-key "$KEYS/west-gw"
ip netns exec vpclab.impaired.west-gw wg set west-gw peer pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk= endpoint 100.64.0.1:51820 persistent-keepalive 0 allowed-ips "10.2.1.0/24"
ip -n vpclab.impaired.west-gw link set west-gw netns vpclab.impaired.west-br
ip -n vpclab.impaired.west-br link set west-gw mtu 1420 master vrf-main up
ip -n vpclab.impaired.east-br address add 10.2.1.254/24 dev east-net
ip -n vpclab.impaired.east-gw address add 100.64.0.1/24 dev eth0
ip -n vpclab.impaired.east-vpc address add 10.2.1.1/24 dev east-net
ip -n vpclab.impaired.far address add 10.2.1.2/24 dev eth0
ip -n vpclab.impaired.internet address add 198.51.100.1/32 dev lo
ip -n vpclab.impaired.lossy address add 10.1.1.4/24 dev eth0
ip -n vpclab.impaired.near address add 10.1.1.2/24 dev eth0
ip -n vpclab.impaired.public address add 10.1.1.5/24 dev eth0
ip -n vpclab.impaired.slow address add 10.1.1.3/24 dev eth0
ip -n vpclab.impaired.west-br address add 10.1.1.254/24 dev west-net
ip -n vpclab.impaired.west-gw address add 100.64.0.2/24 dev eth0
ip -n vpclab.impaired.west-vpc address add 139.198.18.150/32 dev eip1
ip -n vpclab.impaired.west-vpc address add 10.1.1.1/24 dev west-net
ip -n vpclab.impaired.east-br rule add pref 33000 lookup 1001 protocol 118
ip -n vpclab.impaired.west-br rule add pref 33000 lookup 1001 protocol 118
ip -n vpclab.impaired.west-vpc rule add pref 33001 from 10.1.1.5/32 lookup 2001 protocol 118
ip -n vpclab.impaired.west-vpc rule add pref 41001 from 139.198.18.150/32 lookup 2001 protocol 118
tc -n vpclab.impaired.east-gw qdisc replace dev eth0 root handle 1: netem loss 2.0000%
tc -n vpclab.impaired.internet qdisc replace dev eip1 root tbf rate 5mbit burst 32kb latency 50ms
tc -n vpclab.impaired.lossy qdisc replace dev eth0 root handle 1: netem loss 10.0000%
tc -n vpclab.impaired.slow qdisc replace dev eth0 root tbf rate 10mbit burst 32kb latency 50ms
tc -n vpclab.impaired.switch.west qdisc replace dev lossy.west-net root handle 1: netem loss 10.0000%
tc -n vpclab.impaired.switch.west qdisc replace dev slow.west-net root tbf rate 10mbit burst 32kb latency 50ms
tc -n vpclab.impaired.wan.wan qdisc replace dev east-gw.wan root handle 1: netem loss 2.0000%
tc -n vpclab.impaired.wan.wan qdisc replace dev west-gw.wan root tbf rate 20mbit burst 32kb latency 50ms
tc -n vpclab.impaired.west-gw qdisc replace dev eth0 root tbf rate 20mbit burst 32kb latency 50ms
tc -n vpclab.impaired.west-vpc qdisc replace dev eip1 root tbf rate 5mbit burst 32kb latency 50ms
ip netns exec vpclab.impaired.west-vpc nft -f - <<'END'
table ip vpclab
delete table ip vpclab
table ip vpclab {
	chain untracked {
		type filter hook prerouting priority raw; policy accept;
		iifname "eip1" accept
		ip daddr 139.198.18.150 accept
		ip daddr 10.1.1.1 accept
		ip daddr 10.1.1.0/24 notrack
		ip daddr 10.2.0.0/16 notrack
	}

	chain destinations {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr 139.198.18.150 dnat to 10.1.1.5
	}

	chain sources {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "eip1" ip saddr 10.1.1.5 snat to 139.198.18.150
		iifname != "eip1" ip daddr 10.1.1.5 ct status dnat masquerade
	}
}
END
ip netns exec vpclab.impaired.east-br sysctl -qw net/ipv4/conf/east-gw/rp_filter=0 net/ipv4/conf/east-gw/send_redirects=0
ip netns exec vpclab.impaired.east-br sysctl -qw net/ipv4/conf/east-net/rp_filter=0 net/ipv4/conf/east-net/send_redirects=0
ip netns exec vpclab.impaired.east-gw sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.impaired.east-vpc sysctl -qw net/ipv4/conf/east-net/rp_filter=0 net/ipv4/conf/east-net/send_redirects=0
ip netns exec vpclab.impaired.far sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.impaired.internet sysctl -qw net/ipv4/conf/eip1/rp_filter=0 net/ipv4/conf/eip1/send_redirects=0
ip netns exec vpclab.impaired.lossy sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.impaired.near sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.impaired.public sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.impaired.slow sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.impaired.west-br sysctl -qw net/ipv4/conf/west-gw/rp_filter=0 net/ipv4/conf/west-gw/send_redirects=0
ip netns exec vpclab.impaired.west-br sysctl -qw net/ipv4/conf/west-net/rp_filter=0 net/ipv4/conf/west-net/send_redirects=0
ip netns exec vpclab.impaired.west-gw sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.impaired.west-vpc sysctl -qw net/ipv4/conf/eip1/rp_filter=0 net/ipv4/conf/eip1/send_redirects=0
ip netns exec vpclab.impaired.west-vpc sysctl -qw net/ipv4/conf/west-net/rp_filter=0 net/ipv4/conf/west-net/send_redirects=0
ip -n vpclab.impaired.east-br route add unreachable default table 1001 metric 4278198272 protocol 118
ip -n vpclab.impaired.east-br route add 10.1.1.0/24 dev east-gw src 10.2.1.254 table 1001 protocol 118
ip -n vpclab.impaired.internet route add unreachable default protocol 118
ip -n vpclab.impaired.internet route add 139.198.18.150/32 dev eip1 protocol 118
ip -n vpclab.impaired.west-br route add unreachable default table 1001 metric 4278198272 protocol 118
ip -n vpclab.impaired.west-br route add 10.2.1.0/24 dev west-gw src 10.1.1.254 table 1001 protocol 118
ip -n vpclab.impaired.west-vpc route add default via 198.51.100.1 dev eip1 onlink table 2001 protocol 118
ip -n vpclab.impaired.east-vpc route add 10.1.0.0/16 via 10.2.1.254 dev east-net protocol 118
ip -n vpclab.impaired.far route add default via 10.2.1.1 dev eth0 protocol 118
ip -n vpclab.impaired.lossy route add default via 10.1.1.1 dev eth0 protocol 118
ip -n vpclab.impaired.near route add default via 10.1.1.1 dev eth0 protocol 118
ip -n vpclab.impaired.public route add default via 10.1.1.1 dev eth0 protocol 118
ip -n vpclab.impaired.slow route add default via 10.1.1.1 dev eth0 protocol 118
ip -n vpclab.impaired.west-vpc route add 10.2.0.0/16 via 10.1.1.254 dev west-net protocol 118
ip netns exec vpclab.impaired.east-br wg set east-gw peer zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk= endpoint 100.64.0.2:51820 persistent-keepalive 25 allowed-ips "10.1.1.0/24"
ip netns exec vpclab.impaired.west-br wg set west-gw peer pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk= endpoint 100.64.0.1:51820 persistent-keepalive 25 allowed-ips "10.2.1.0/24"
