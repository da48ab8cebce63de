#!/bin/sh
# What `vpclab apply` does, by hand: 15 changes not applied yet: 14 to create, 1 to update.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip netns add vpclab.cross-region.gd-server1
ip -n vpclab.cross-region.gd-server1 link set lo up
ip netns add vpclab.cross-region.gd-vpc1
ip -n vpclab.cross-region.gd-vpc1 link set lo up
ip netns add vpclab.cross-region.switch.gd2
ip -n vpclab.cross-region.switch.gd2 link set lo up
ip netns exec vpclab.cross-region.gd-server1 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.gd-vpc1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip netns exec vpclab.cross-region.switch.gd2 sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv6/conf/all/disable_ipv6=1
ip -n vpclab.cross-region.switch.gd2 link add gd-vxnet1 address 52:3c:07:22:ae:95 mtu 1500 type bridge mcast_snooping 0
ip -n vpclab.cross-region.switch.gd2 link set gd-vxnet1 up
ip -n vpclab.cross-region.gd-server1 link add eth0 address 92:c1:ab:8a:35:90 mtu 1500 type veth peer name gd-serve~17an5l netns vpclab.cross-region.switch.gd2 address 3e:1d:88:54:03:b4 mtu 1500
ip -n vpclab.cross-region.gd-server1 link set eth0 up
ip -n vpclab.cross-region.switch.gd2 link set gd-serve~17an5l master gd-vxnet1 up
ip -n vpclab.cross-region.gd-vpc1 link add gd-vxnet1 address 02:9f:a2:13:30:f8 mtu 1500 type veth peer name gd-vpc1.~zp38un netns vpclab.cross-region.switch.gd2 address aa:4a:35:d8:a3:4b mtu 1500
ip -n vpclab.cross-region.gd-vpc1 link set gd-vxnet1 up
ip -n vpclab.cross-region.switch.gd2 link set gd-vpc1.~zp38un master gd-vxnet1 up
ip -n vpclab.cross-region.gd-server1 address add 192.168.211.2/24 dev eth0
ip -n vpclab.cross-region.gd-vpc1 address add 192.168.211.1/24 dev gd-vxnet1
ip netns exec vpclab.cross-region.gd-server1 sysctl -qw net/ipv4/conf/eth0/accept_redirects=0 net/ipv4/conf/eth0/rp_filter=0
ip netns exec vpclab.cross-region.gd-vpc1 sysctl -qw net/ipv4/conf/gd-vxnet1/rp_filter=0 net/ipv4/conf/gd-vxnet1/send_redirects=0
ip -n vpclab.cross-region.gd-server1 route add default via 192.168.211.1 dev eth0 protocol 118
# change process pages, pages of 3 servers
