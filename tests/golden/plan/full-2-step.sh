#!/bin/sh
# What `vpclab apply` does, by hand: 13 changes not applied yet: 13 to create.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip netns add vpclab.cross-region.bj-br1
ip -n vpclab.cross-region.bj-br1 link set lo up
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/ip_forward=1 net/ipv4/conf/all/accept_redirects=0 net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/all/send_redirects=0 net/ipv4/conf/all/src_valid_mark=0 net/ipv4/conf/default/accept_redirects=0 net/ipv4/conf/default/rp_filter=0 net/ipv4/conf/default/send_redirects=0 net/ipv4/icmp_ratelimit=0 net/ipv6/conf/all/disable_ipv6=1
ip -n vpclab.cross-region.bj-br1 link add vrf-main type vrf table 1001
ip -n vpclab.cross-region.bj-br1 link set vrf-main up
ip -n vpclab.cross-region.bj-br1 link add bj-vxnet1 address 66:a3:4e:d9:79:0a mtu 1500 type veth peer name bj-br1.b~yq4879 netns vpclab.cross-region.switch.pek3 address de:d2:91:91:0c:a5 mtu 1500
ip -n vpclab.cross-region.bj-br1 link set bj-vxnet1 master vrf-main up
ip -n vpclab.cross-region.switch.pek3 link set bj-br1.b~yq4879 master bj-vxnet1 up
ip -n vpclab.cross-region.bj-br1 link add bj-vxnet2 address 4e:9e:4e:d9:79:07 mtu 1500 type veth peer name bj-br1.b~fq2ea5 netns vpclab.cross-region.switch.pek3 address 46:37:77:ab:d2:92 mtu 1500
ip -n vpclab.cross-region.bj-br1 link set bj-vxnet2 master vrf-main up
ip -n vpclab.cross-region.switch.pek3 link set bj-br1.b~fq2ea5 master bj-vxnet2 up
ip -n vpclab.cross-region.bj-br1 address add 172.16.1.254/24 dev bj-vxnet1
ip -n vpclab.cross-region.bj-br1 address add 172.17.1.254/24 dev bj-vxnet2
ip -n vpclab.cross-region.bj-br1 rule add pref 33000 lookup 1001 protocol 118
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/conf/bj-vxnet1/rp_filter=0 net/ipv4/conf/bj-vxnet1/send_redirects=0
ip netns exec vpclab.cross-region.bj-br1 sysctl -qw net/ipv4/conf/bj-vxnet2/rp_filter=0 net/ipv4/conf/bj-vxnet2/send_redirects=0
ip -n vpclab.cross-region.bj-br1 route add unreachable default table 1001 metric 4278198272 protocol 118
ip -n vpclab.cross-region.bj-vpc1 route add 172.17.1.0/24 via 172.16.1.254 dev bj-vxnet1 protocol 118
ip -n vpclab.cross-region.bj-vpc2 route add 172.16.1.0/24 via 172.17.1.254 dev bj-vxnet2 protocol 118
