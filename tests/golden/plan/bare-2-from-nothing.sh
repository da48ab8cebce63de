#!/bin/sh
# What `vpclab apply` does, by hand: 47 changes not applied yet: 47 to create.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip netns add vpclab.cross-region.bj-br1
ip -n vpclab.cross-region.bj-br1 link set lo up
ip -n vpclab.cross-region.bj-br1 rule add pref 30000 lookup local
ip -n vpclab.cross-region.bj-br1 rule delete pref 0
ip netns add vpclab.cross-region.bj-server1
ip -n vpclab.cross-region.bj-server1 link set lo up
ip netns add vpclab.cross-region.bj-server2
ip -n vpclab.cross-region.bj-server2 link set lo up
ip netns add vpclab.cross-region.bj-vpc1
ip -n vpclab.cross-region.bj-vpc1 link set lo up
ip netns add vpclab.cross-region.bj-vpc2
ip -n vpclab.cross-region.bj-vpc2 link set lo up
ip netns add vpclab.cross-region.switch.pek3
ip -n vpclab.cross-region.switch.pek3 link set lo up
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=1 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/fwmark_reflect=1 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-server1 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-server2 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-vpc1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-vpc2 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.switch.pek3 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip -n vpclab.cross-region.switch.pek3 link add bj-vxnet1 address 9a:2d:87:bb:bc:ea mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.cross-region.switch.pek3 link set bj-vxnet1 up
ip -n vpclab.cross-region.switch.pek3 link add bj-vxnet2 address e6:2b:87:bb:bc:e9 mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.cross-region.switch.pek3 link set bj-vxnet2 up
ip -n vpclab.cross-region.bj-br1 link add bj-vxnet1 address 66:a3:4e:d9:79:0a mtu 1500 type veth peer name bj-br1.b~yq4879 netns vpclab.cross-region.switch.pek3 address de:d2:91:91:0c:a5 mtu 1500
ip -n vpclab.cross-region.bj-br1 link set bj-vxnet1 up
ip -n vpclab.cross-region.switch.pek3 link set bj-br1.b~yq4879 master bj-vxnet1 up
ip -n vpclab.cross-region.bj-br1 link add bj-vxnet2 address 4e:9e:4e:d9:79:07 mtu 1500 type veth peer name bj-br1.b~fq2ea5 netns vpclab.cross-region.switch.pek3 address 46:37:77:ab:d2:92 mtu 1500
ip -n vpclab.cross-region.bj-br1 link set bj-vxnet2 up
ip -n vpclab.cross-region.switch.pek3 link set bj-br1.b~fq2ea5 master bj-vxnet2 up
ip -n vpclab.cross-region.bj-server1 link add eth0 address da:f4:64:fb:22:e2 mtu 1500 type veth peer name bj-serve~zwh3im netns vpclab.cross-region.switch.pek3 address 8e:c8:52:2c:3b:66 mtu 1500
ip -n vpclab.cross-region.bj-server1 link set eth0 up
ip -n vpclab.cross-region.switch.pek3 link set bj-serve~zwh3im master bj-vxnet1 up
ip -n vpclab.cross-region.bj-server2 link add eth0 address 4e:2c:3c:ec:7d:35 mtu 1500 type veth peer name bj-serve~36n8xo netns vpclab.cross-region.switch.pek3 address d6:58:88:38:2c:71 mtu 1500
ip -n vpclab.cross-region.bj-server2 link set eth0 up
ip -n vpclab.cross-region.switch.pek3 link set bj-serve~36n8xo master bj-vxnet2 up
ip -n vpclab.cross-region.bj-vpc1 link add bj-vxnet1 address 56:df:86:c6:d1:0f mtu 1500 type veth peer name bj-vpc1.~7uf3au netns vpclab.cross-region.switch.pek3 address 9a:f3:6d:70:a2:65 mtu 1500
ip -n vpclab.cross-region.bj-vpc1 link set bj-vxnet1 up
ip -n vpclab.cross-region.switch.pek3 link set bj-vpc1.~7uf3au master bj-vxnet1 up
ip -n vpclab.cross-region.bj-vpc2 link add bj-vxnet2 address fe:60:80:d1:96:5c mtu 1500 type veth peer name bj-vpc2.~nwx4ch netns vpclab.cross-region.switch.pek3 address 0e:bf:38:8a:f9:b3 mtu 1500
ip -n vpclab.cross-region.bj-vpc2 link set bj-vxnet2 up
ip -n vpclab.cross-region.switch.pek3 link set bj-vpc2.~nwx4ch master bj-vxnet2 up
ip -n vpclab.cross-region.bj-br1 address add 172.16.1.254/24 dev bj-vxnet1 noprefixroute
ip -n vpclab.cross-region.bj-br1 address add 172.17.1.254/24 dev bj-vxnet2 noprefixroute
ip -n vpclab.cross-region.bj-server1 address add 172.16.1.2/24 dev eth0
ip -n vpclab.cross-region.bj-server2 address add 172.17.1.2/24 dev eth0
ip -n vpclab.cross-region.bj-vpc1 address add 172.16.1.1/24 dev bj-vxnet1
ip -n vpclab.cross-region.bj-vpc2 address add 172.17.1.1/24 dev bj-vxnet2
ip -n vpclab.cross-region.bj-br1 rule add pref 101 fwmark 1 lookup 1001 protocol 118
ip -n vpclab.cross-region.bj-br1 rule add pref 26840 iif bj-vxnet1 lookup 1001 protocol 118
ip -n vpclab.cross-region.bj-br1 rule add pref 33000 lookup 1001 protocol 118
ip -n vpclab.cross-region.bj-br1 rule add pref 7473 iif bj-vxnet2 lookup 1001 protocol 118
ip netns exec vpclab.cross-region.bj-br1 nft -f - <<'END'
table ip vpclab
delete table ip vpclab
table ip vpclab {
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		iifname "bj-vxnet1" meta mark set 0x00000001
		iifname "bj-vxnet2" meta mark set 0x00000001
	}
}
END
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/conf/bj-vxnet1/rp_filter=0 net/ipv4/conf/bj-vxnet1/send_redirects=0
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/conf/bj-vxnet2/rp_filter=0 net/ipv4/conf/bj-vxnet2/send_redirects=0
ip netns exec vpclab.cross-region.bj-server1 sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.bj-server2 sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.bj-vpc1 sysctl -qw net/ipv4/conf/bj-vxnet1/rp_filter=0 net/ipv4/conf/bj-vxnet1/send_redirects=0
ip netns exec vpclab.cross-region.bj-vpc2 sysctl -qw net/ipv4/conf/bj-vxnet2/rp_filter=0 net/ipv4/conf/bj-vxnet2/send_redirects=0
ip -n vpclab.cross-region.bj-br1 route add unreachable default table 1001 metric 4278198272 protocol 118
ip -n vpclab.cross-region.bj-br1 route add 172.16.1.0/24 dev bj-vxnet1 src 172.16.1.254 table 1001 protocol 118
ip -n vpclab.cross-region.bj-br1 route add local 172.16.1.254/32 dev bj-vxnet1 table 1001 protocol 118
ip -n vpclab.cross-region.bj-br1 route add 172.17.1.0/24 dev bj-vxnet2 src 172.17.1.254 table 1001 protocol 118
ip -n vpclab.cross-region.bj-br1 route add local 172.17.1.254/32 dev bj-vxnet2 table 1001 protocol 118
ip -n vpclab.cross-region.bj-server1 route add default via 172.16.1.1 dev eth0 protocol 118
ip -n vpclab.cross-region.bj-server2 route add default via 172.17.1.1 dev eth0 protocol 118
ip -n vpclab.cross-region.bj-vpc1 route add 172.17.1.0/24 via 172.16.1.254 dev bj-vxnet1 protocol 118
ip -n vpclab.cross-region.bj-vpc2 route add 172.16.1.0/24 via 172.17.1.254 dev bj-vxnet2 protocol 118
# start process pages, pages of 2 servers
