#!/bin/sh
# What `vpclab apply` does, by hand: 2 changes not applied yet: 2 to create.
# Private keys of tunnels are read from $KEYS/<interface>.
set -eu
ip -n vpclab.cross-region.xr-lb route add 172.17.1.0/24 via 172.16.1.254 dev eth0 protocol 118
ip -n vpclab.cross-region.xr-lb route add 192.168.211.0/24 via 172.16.1.254 dev eth0 protocol 118
