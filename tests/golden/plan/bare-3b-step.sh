#!/bin/sh
# What `vpclab apply` does, by hand: 43 changes not applied yet: 40 to create, 3 to update.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip netns add vpclab.cross-region.bj-gw
ip -n vpclab.cross-region.bj-gw link set lo up
ip netns add vpclab.cross-region.gd-br1
ip -n vpclab.cross-region.gd-br1 link set lo up
ip -n vpclab.cross-region.gd-br1 rule add pref 30000 lookup local
ip -n vpclab.cross-region.gd-br1 rule delete pref 0
ip netns add vpclab.cross-region.gd-gw
ip -n vpclab.cross-region.gd-gw link set lo up
ip netns add vpclab.cross-region.wan.wan1
ip -n vpclab.cross-region.wan.wan1 link set lo up
ip netns exec vpclab.cross-region.bj-gw sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.gd-br1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=1 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/fwmark_reflect=1 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.gd-gw sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.wan.wan1 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip -n vpclab.cross-region.wan.wan1 link add wan address fe:f1:a0:ae:1a:4d mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.cross-region.wan.wan1 link set wan up
ip -n vpclab.cross-region.bj-gw link add eth0 address f6:ee:0a:68:7b:3c mtu 1500 type veth peer name bj-gw.wan netns vpclab.cross-region.wan.wan1 address 52:58:99:32:13:f6 mtu 1500
ip -n vpclab.cross-region.bj-gw link set eth0 up
ip -n vpclab.cross-region.wan.wan1 link set bj-gw.wan master wan up
ip -n vpclab.cross-region.gd-br1 link add gd-vxnet1 address 42:83:e9:1b:bb:73 mtu 1500 type veth peer name gd-br1.g~4e3ky0 netns vpclab.cross-region.switch.gd2 address a6:ae:37:8c:af:9d mtu 1500
ip -n vpclab.cross-region.gd-br1 link set gd-vxnet1 up
ip -n vpclab.cross-region.switch.gd2 link set gd-br1.g~4e3ky0 master gd-vxnet1 up
ip -n vpclab.cross-region.gd-gw link add eth0 address b6:82:56:91:98:f3 mtu 1500 type veth peer name gd-gw.wan netns vpclab.cross-region.wan.wan1 address 92:09:db:db:f0:60 mtu 1500
ip -n vpclab.cross-region.gd-gw link set eth0 up
ip -n vpclab.cross-region.wan.wan1 link set gd-gw.wan master wan up
ip netns exec vpclab.cross-region.bj-gw wireguard-go bj-gw
ip netns exec vpclab.cross-region.bj-gw wg set bj-gw listen-port 51820 private-key "$KEYS/bj-gw"
ip netns exec vpclab.cross-region.bj-gw wg set bj-gw peer zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk= endpoint 100.64.0.2:51820 persistent-keepalive 0 allowed-ips "192.168.211.0/24"
ip -n vpclab.cross-region.bj-gw link set bj-gw netns vpclab.cross-region.bj-br1
ip -n vpclab.cross-region.bj-br1 link set bj-gw mtu 1420 up
ip netns exec vpclab.cross-region.gd-gw wireguard-go gd-gw
ip netns exec vpclab.cross-region.gd-gw wg set gd-gw listen-port 51820 private-key "$KEYS/gd-gw"
ip netns exec vpclab.cross-region.gd-gw wg set gd-gw peer pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk= endpoint 100.64.0.1:51820 persistent-keepalive 0 allowed-ips "172.16.1.0/24,172.17.1.0/24"
ip -n vpclab.cross-region.gd-gw link set gd-gw netns vpclab.cross-region.gd-br1
ip -n vpclab.cross-region.gd-br1 link set gd-gw mtu 1420 up
ip -n vpclab.cross-region.bj-gw address add 100.64.0.1/24 dev eth0
ip -n vpclab.cross-region.gd-br1 address add 192.168.211.254/24 dev gd-vxnet1 noprefixroute
ip -n vpclab.cross-region.gd-gw address add 100.64.0.2/24 dev eth0
ip -n vpclab.cross-region.bj-br1 rule add pref 26734 iif bj-gw lookup 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 rule add pref 101 fwmark 1 lookup 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 rule add pref 25401 iif gd-vxnet1 lookup 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 rule add pref 33000 lookup 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 rule add pref 3671 iif gd-gw lookup 1001 protocol 118
tc -n vpclab.cross-region.bj-gw qdisc replace dev eth0 root tbf rate 10mbit burst 32kb latency 50ms
tc -n vpclab.cross-region.wan.wan1 qdisc replace dev bj-gw.wan root tbf rate 10mbit burst 32kb latency 50ms
ip netns exec vpclab.cross-region.gd-br1 nft -f - <<'END'
table ip vpclab
delete table ip vpclab
table ip vpclab {
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		iifname "gd-gw" meta mark set 0x00000001
		iifname "gd-vxnet1" meta mark set 0x00000001
	}
}
END
ip netns exec vpclab.cross-region.bj-br1 nft -f - <<'END'
table ip vpclab
delete table ip vpclab
table ip vpclab {
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		iifname "bj-gw" meta mark set 0x00000001
		iifname "bj-vxnet1" meta mark set 0x00000001
		iifname "bj-vxnet2" meta mark set 0x00000001
	}
}
END
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/conf/bj-gw/rp_filter=0 net/ipv4/conf/bj-gw/send_redirects=0
ip netns exec vpclab.cross-region.bj-gw sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.gd-br1 sysctl -qw net/ipv4/conf/gd-gw/rp_filter=0 net/ipv4/conf/gd-gw/send_redirects=0
ip netns exec vpclab.cross-region.gd-br1 sysctl -qw net/ipv4/conf/gd-vxnet1/rp_filter=0 net/ipv4/conf/gd-vxnet1/send_redirects=0
ip netns exec vpclab.cross-region.gd-gw sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip -n vpclab.cross-region.bj-br1 route add 192.168.211.0/24 dev bj-gw src 172.16.1.254 table 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 route add unreachable default table 1001 metric 4278198272 protocol 118
ip -n vpclab.cross-region.gd-br1 route add 172.16.1.0/24 dev gd-gw src 192.168.211.254 table 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 route add 172.17.1.0/24 dev gd-gw src 192.168.211.254 table 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 route add 192.168.211.0/24 dev gd-vxnet1 src 192.168.211.254 table 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 route add local 192.168.211.254/32 dev gd-vxnet1 table 1001 protocol 118
ip -n vpclab.cross-region.bj-vpc1 route add 192.168.211.0/24 via 172.16.1.254 dev bj-vxnet1 protocol 118
ip -n vpclab.cross-region.bj-vpc2 route add 192.168.211.0/24 via 172.17.1.254 dev bj-vxnet2 protocol 118
ip -n vpclab.cross-region.gd-vpc1 route add 172.16.1.0/24 via 192.168.211.254 dev gd-vxnet1 protocol 118
ip -n vpclab.cross-region.gd-vpc1 route add 172.17.1.0/24 via 192.168.211.254 dev gd-vxnet1 protocol 118
ip netns exec vpclab.cross-region.bj-br1 wg set bj-gw peer zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk= endpoint 100.64.0.2:51820 persistent-keepalive 4 allowed-ips "192.168.211.0/24"
ip netns exec vpclab.cross-region.gd-br1 wg set gd-gw peer pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk= endpoint 100.64.0.1:51820 persistent-keepalive 4 allowed-ips "172.16.1.0/24,172.17.1.0/24"
