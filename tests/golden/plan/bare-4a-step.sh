#!/bin/sh
# What `vpclab apply` does, by hand: 16 changes not applied yet: 16 to create.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip netns add vpclab.cross-region.internet
ip -n vpclab.cross-region.internet link set lo up
ip netns add vpclab.cross-region.xr-lb
ip -n vpclab.cross-region.xr-lb link set lo up
ip netns exec vpclab.cross-region.internet sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.xr-lb sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip -n vpclab.cross-region.internet link add eip1 address b6:31:b3:55:61:4d mtu 1500 type veth peer name eip1 netns vpclab.cross-region.xr-lb address ae:7e:a0:19:a7:21 mtu 1500
ip -n vpclab.cross-region.internet link set eip1 up
ip -n vpclab.cross-region.xr-lb link set eip1 up
ip -n vpclab.cross-region.switch.pek3 link add xr-lb.bj-vxnet1 address b2:b6:98:e5:b0:79 mtu 1500 type veth peer name eth0 netns vpclab.cross-region.xr-lb address 52:76:e8:9e:a7:eb mtu 1500
ip -n vpclab.cross-region.switch.pek3 link set xr-lb.bj-vxnet1 master bj-vxnet1 up
ip -n vpclab.cross-region.xr-lb link set eth0 up
ip -n vpclab.cross-region.internet address add 198.51.100.1/32 dev lo
ip -n vpclab.cross-region.xr-lb address add 139.198.18.135/32 dev eip1
ip -n vpclab.cross-region.xr-lb address add 172.16.1.3/24 dev eth0
ip netns exec vpclab.cross-region.internet sysctl -qw net/ipv4/conf/eip1/rp_filter=0 net/ipv4/conf/eip1/send_redirects=0
ip netns exec vpclab.cross-region.xr-lb sysctl -qw net/ipv4/conf/eip1/accept_redirects=0 net/ipv4/conf/eip1/rp_filter=0
ip netns exec vpclab.cross-region.xr-lb sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip -n vpclab.cross-region.internet route add unreachable default protocol 118
ip -n vpclab.cross-region.internet route add 139.198.18.135/32 dev eip1 protocol 118
ip -n vpclab.cross-region.xr-lb route add default via 198.51.100.1 dev eip1 onlink src 139.198.18.135 protocol 118
# start process lb, load balancer xr-lb with 1 listener in xr-lb
