#!/bin/sh
# What `vpclab apply` does, by hand: 108 changes not applied yet: 106 to create, 2 to update.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip netns add vpclab.cross-region.bj-br1
ip -n vpclab.cross-region.bj-br1 link set lo up
ip netns add vpclab.cross-region.bj-gw
ip -n vpclab.cross-region.bj-gw link set lo up
ip netns add vpclab.cross-region.bj-server1
ip -n vpclab.cross-region.bj-server1 link set lo up
ip netns add vpclab.cross-region.bj-server2
ip -n vpclab.cross-region.bj-server2 link set lo up
ip netns add vpclab.cross-region.bj-vpc1
ip -n vpclab.cross-region.bj-vpc1 link set lo up
ip netns add vpclab.cross-region.bj-vpc2
ip -n vpclab.cross-region.bj-vpc2 link set lo up
ip netns add vpclab.cross-region.gd-br1
ip -n vpclab.cross-region.gd-br1 link set lo up
ip netns add vpclab.cross-region.gd-gw
ip -n vpclab.cross-region.gd-gw link set lo up
ip netns add vpclab.cross-region.gd-server1
ip -n vpclab.cross-region.gd-server1 link set lo up
ip netns add vpclab.cross-region.gd-vpc1
ip -n vpclab.cross-region.gd-vpc1 link set lo up
ip netns add vpclab.cross-region.internet
ip -n vpclab.cross-region.internet link set lo up
ip netns add vpclab.cross-region.switch.gd2
ip -n vpclab.cross-region.switch.gd2 link set lo up
ip netns add vpclab.cross-region.switch.pek3
ip -n vpclab.cross-region.switch.pek3 link set lo up
ip netns add vpclab.cross-region.wan.wan1
ip -n vpclab.cross-region.wan.wan1 link set lo up
ip netns add vpclab.cross-region.xr-lb
ip -n vpclab.cross-region.xr-lb link set lo up
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-gw sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-server1 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-server2 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-vpc1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.bj-vpc2 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.gd-br1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.gd-gw sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.gd-server1 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.gd-vpc1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.internet sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.switch.gd2 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.switch.pek3 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.wan.wan1 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.xr-lb sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip -n vpclab.cross-region.switch.gd2 link add gd-vxnet1 address 52:3c:07:22:ae:95 mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.cross-region.switch.gd2 link set gd-vxnet1 up
ip -n vpclab.cross-region.switch.pek3 link add bj-vxnet1 address 9a:2d:87:bb:bc:ea mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.cross-region.switch.pek3 link set bj-vxnet1 up
ip -n vpclab.cross-region.switch.pek3 link add bj-vxnet2 address e6:2b:87:bb:bc:e9 mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.cross-region.switch.pek3 link set bj-vxnet2 up
ip -n vpclab.cross-region.wan.wan1 link add wan address fe:f1:a0:ae:1a:4d mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.cross-region.wan.wan1 link set wan up
ip -n vpclab.cross-region.bj-br1 link add vrf-main type vrf table 1001
ip -n vpclab.cross-region.bj-br1 link set vrf-main up
ip -n vpclab.cross-region.gd-br1 link add vrf-main type vrf table 1001
ip -n vpclab.cross-region.gd-br1 link set vrf-main up
ip -n vpclab.cross-region.bj-br1 link add bj-vxnet1 address 66:a3:4e:d9:79:0a mtu 1500 type veth peer name bj-br1.b~yq4879 netns vpclab.cross-region.switch.pek3 address de:d2:91:91:0c:a5 mtu 1500
ip -n vpclab.cross-region.bj-br1 link set bj-vxnet1 master vrf-main up
ip -n vpclab.cross-region.switch.pek3 link set bj-br1.b~yq4879 master bj-vxnet1 up
ip -n vpclab.cross-region.bj-br1 link add bj-vxnet2 address 4e:9e:4e:d9:79:07 mtu 1500 type veth peer name bj-br1.b~fq2ea5 netns vpclab.cross-region.switch.pek3 address 46:37:77:ab:d2:92 mtu 1500
ip -n vpclab.cross-region.bj-br1 link set bj-vxnet2 master vrf-main up
ip -n vpclab.cross-region.switch.pek3 link set bj-br1.b~fq2ea5 master bj-vxnet2 up
ip -n vpclab.cross-region.bj-gw link add eth0 address f6:ee:0a:68:7b:3c mtu 1500 type veth peer name bj-gw.wan netns vpclab.cross-region.wan.wan1 address 52:58:99:32:13:f6 mtu 1500
ip -n vpclab.cross-region.bj-gw link set eth0 up
ip -n vpclab.cross-region.wan.wan1 link set bj-gw.wan master wan up
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
ip -n vpclab.cross-region.gd-br1 link add gd-vxnet1 address 42:83:e9:1b:bb:73 mtu 1500 type veth peer name gd-br1.g~4e3ky0 netns vpclab.cross-region.switch.gd2 address a6:ae:37:8c:af:9d mtu 1500
ip -n vpclab.cross-region.gd-br1 link set gd-vxnet1 master vrf-main up
ip -n vpclab.cross-region.switch.gd2 link set gd-br1.g~4e3ky0 master gd-vxnet1 up
ip -n vpclab.cross-region.gd-gw link add eth0 address b6:82:56:91:98:f3 mtu 1500 type veth peer name gd-gw.wan netns vpclab.cross-region.wan.wan1 address 92:09:db:db:f0:60 mtu 1500
ip -n vpclab.cross-region.gd-gw link set eth0 up
ip -n vpclab.cross-region.wan.wan1 link set gd-gw.wan master wan up
ip -n vpclab.cross-region.gd-server1 link add eth0 address 92:c1:ab:8a:35:90 mtu 1500 type veth peer name gd-serve~17an5l netns vpclab.cross-region.switch.gd2 address 3e:1d:88:54:03:b4 mtu 1500
ip -n vpclab.cross-region.gd-server1 link set eth0 up
ip -n vpclab.cross-region.switch.gd2 link set gd-serve~17an5l master gd-vxnet1 up
ip -n vpclab.cross-region.gd-vpc1 link add gd-vxnet1 address 02:9f:a2:13:30:f8 mtu 1500 type veth peer name gd-vpc1.~zp38un netns vpclab.cross-region.switch.gd2 address aa:4a:35:d8:a3:4b mtu 1500
ip -n vpclab.cross-region.gd-vpc1 link set gd-vxnet1 up
ip -n vpclab.cross-region.switch.gd2 link set gd-vpc1.~zp38un master gd-vxnet1 up
ip -n vpclab.cross-region.internet link add eip1 address b6:31:b3:55:61:4d mtu 1500 type veth peer name eip1 netns vpclab.cross-region.xr-lb address ae:7e:a0:19:a7:21 mtu 1500
ip -n vpclab.cross-region.internet link set eip1 up
ip -n vpclab.cross-region.xr-lb link set eip1 up
ip -n vpclab.cross-region.switch.pek3 link add xr-lb.bj-vxnet1 address b2:b6:98:e5:b0:79 mtu 1500 type veth peer name eth0 netns vpclab.cross-region.xr-lb address 52:76:e8:9e:a7:eb mtu 1500
ip -n vpclab.cross-region.switch.pek3 link set xr-lb.bj-vxnet1 master bj-vxnet1 up
ip -n vpclab.cross-region.xr-lb link set eth0 up
ip -n vpclab.cross-region.bj-gw link add bj-gw type wireguard
ip netns exec vpclab.cross-region.bj-gw wg set bj-gw listen-port 51820 private-key "$KEYS/bj-gw"
ip netns exec vpclab.cross-region.bj-gw wg set bj-gw peer zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk= endpoint 100.64.0.2:51820 persistent-keepalive 0 allowed-ips "192.168.211.0/24"
ip -n vpclab.cross-region.bj-gw link set bj-gw netns vpclab.cross-region.bj-br1
ip -n vpclab.cross-region.bj-br1 link set bj-gw mtu 1420 master vrf-main up
ip -n vpclab.cross-region.gd-gw link add gd-gw type wireguard
ip netns exec vpclab.cross-region.gd-gw wg set gd-gw listen-port 51820 private-key "$KEYS/gd-gw"
ip netns exec vpclab.cross-region.gd-gw wg set gd-gw peer pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk= endpoint 100.64.0.1:51820 persistent-keepalive 0 allowed-ips "172.16.1.0/24,172.17.1.0/24"
ip -n vpclab.cross-region.gd-gw link set gd-gw netns vpclab.cross-region.gd-br1
ip -n vpclab.cross-region.gd-br1 link set gd-gw mtu 1420 master vrf-main up
ip -n vpclab.cross-region.bj-br1 address add 172.16.1.254/24 dev bj-vxnet1
ip -n vpclab.cross-region.bj-br1 address add 172.17.1.254/24 dev bj-vxnet2
ip -n vpclab.cross-region.bj-gw address add 100.64.0.1/24 dev eth0
ip -n vpclab.cross-region.bj-server1 address add 172.16.1.2/24 dev eth0
ip -n vpclab.cross-region.bj-server2 address add 172.17.1.2/24 dev eth0
ip -n vpclab.cross-region.bj-vpc1 address add 172.16.1.1/24 dev bj-vxnet1
ip -n vpclab.cross-region.bj-vpc2 address add 172.17.1.1/24 dev bj-vxnet2
ip -n vpclab.cross-region.gd-br1 address add 192.168.211.254/24 dev gd-vxnet1
ip -n vpclab.cross-region.gd-gw address add 100.64.0.2/24 dev eth0
ip -n vpclab.cross-region.gd-server1 address add 192.168.211.2/24 dev eth0
ip -n vpclab.cross-region.gd-vpc1 address add 192.168.211.1/24 dev gd-vxnet1
ip -n vpclab.cross-region.internet address add 198.51.100.1/32 dev lo
ip -n vpclab.cross-region.xr-lb address add 139.198.18.135/32 dev eip1
ip -n vpclab.cross-region.xr-lb address add 172.16.1.3/24 dev eth0
ip -n vpclab.cross-region.bj-br1 rule add pref 33000 lookup 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 rule add pref 33000 lookup 1001 protocol 118
tc -n vpclab.cross-region.bj-gw qdisc replace dev eth0 root tbf rate 10mbit burst 32kb latency 50ms
tc -n vpclab.cross-region.wan.wan1 qdisc replace dev bj-gw.wan root tbf rate 10mbit burst 32kb latency 50ms
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/conf/bj-gw/rp_filter=0 net/ipv4/conf/bj-gw/send_redirects=0
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/conf/bj-vxnet1/rp_filter=0 net/ipv4/conf/bj-vxnet1/send_redirects=0
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/conf/bj-vxnet2/rp_filter=0 net/ipv4/conf/bj-vxnet2/send_redirects=0
ip netns exec vpclab.cross-region.bj-gw sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.bj-server1 sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.bj-server2 sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.bj-vpc1 sysctl -qw net/ipv4/conf/bj-vxnet1/rp_filter=0 net/ipv4/conf/bj-vxnet1/send_redirects=0
ip netns exec vpclab.cross-region.bj-vpc2 sysctl -qw net/ipv4/conf/bj-vxnet2/rp_filter=0 net/ipv4/conf/bj-vxnet2/send_redirects=0
ip netns exec vpclab.cross-region.gd-br1 sysctl -qw net/ipv4/conf/gd-gw/rp_filter=0 net/ipv4/conf/gd-gw/send_redirects=0
ip netns exec vpclab.cross-region.gd-br1 sysctl -qw net/ipv4/conf/gd-vxnet1/rp_filter=0 net/ipv4/conf/gd-vxnet1/send_redirects=0
ip netns exec vpclab.cross-region.gd-gw sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.gd-server1 sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.gd-vpc1 sysctl -qw net/ipv4/conf/gd-vxnet1/rp_filter=0 net/ipv4/conf/gd-vxnet1/send_redirects=0
ip netns exec vpclab.cross-region.internet sysctl -qw net/ipv4/conf/eip1/rp_filter=0 net/ipv4/conf/eip1/send_redirects=0
ip netns exec vpclab.cross-region.xr-lb sysctl -qw net/ipv4/conf/eip1/accept_redirects=0 net/ipv4/conf/eip1/rp_filter=0
ip netns exec vpclab.cross-region.xr-lb sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip -n vpclab.cross-region.bj-br1 route add unreachable default table 1001 metric 4278198272 protocol 118
ip -n vpclab.cross-region.bj-br1 route add 192.168.211.0/24 dev bj-gw src 172.16.1.254 table 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 route add unreachable default table 1001 metric 4278198272 protocol 118
ip -n vpclab.cross-region.gd-br1 route add 172.16.1.0/24 dev gd-gw src 192.168.211.254 table 1001 protocol 118
ip -n vpclab.cross-region.gd-br1 route add 172.17.1.0/24 dev gd-gw src 192.168.211.254 table 1001 protocol 118
ip -n vpclab.cross-region.internet route add unreachable default protocol 118
ip -n vpclab.cross-region.internet route add 139.198.18.135/32 dev eip1 protocol 118
ip -n vpclab.cross-region.xr-lb route add default via 198.51.100.1 dev eip1 onlink src 139.198.18.135 protocol 118
ip -n vpclab.cross-region.bj-server1 route add default via 172.16.1.1 dev eth0 protocol 118
ip -n vpclab.cross-region.bj-server2 route add default via 172.17.1.1 dev eth0 protocol 118
ip -n vpclab.cross-region.bj-vpc1 route add 172.17.1.0/24 via 172.16.1.254 dev bj-vxnet1 protocol 118
ip -n vpclab.cross-region.bj-vpc1 route add 192.168.211.0/24 via 172.16.1.254 dev bj-vxnet1 protocol 118
ip -n vpclab.cross-region.bj-vpc2 route add 172.16.1.0/24 via 172.17.1.254 dev bj-vxnet2 protocol 118
ip -n vpclab.cross-region.bj-vpc2 route add 192.168.211.0/24 via 172.17.1.254 dev bj-vxnet2 protocol 118
ip -n vpclab.cross-region.gd-server1 route add default via 192.168.211.1 dev eth0 protocol 118
ip -n vpclab.cross-region.gd-vpc1 route add 172.16.1.0/24 via 192.168.211.254 dev gd-vxnet1 protocol 118
ip -n vpclab.cross-region.gd-vpc1 route add 172.17.1.0/24 via 192.168.211.254 dev gd-vxnet1 protocol 118
ip -n vpclab.cross-region.xr-lb route add 172.17.1.0/24 via 172.16.1.254 dev eth0 protocol 118
ip -n vpclab.cross-region.xr-lb route add 192.168.211.0/24 via 172.16.1.254 dev eth0 protocol 118
ip netns exec vpclab.cross-region.bj-br1 wg set bj-gw peer zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk= endpoint 100.64.0.2:51820 persistent-keepalive 25 allowed-ips "192.168.211.0/24"
ip netns exec vpclab.cross-region.gd-br1 wg set gd-gw peer pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk= endpoint 100.64.0.1:51820 persistent-keepalive 25 allowed-ips "172.16.1.0/24,172.17.1.0/24"
# start process pages, pages of 3 servers
# start process lb, load balancer xr-lb with 1 listener in xr-lb
