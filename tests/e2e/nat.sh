#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two links with one and the same address, each behind its own NAT, and everything routed through
# the tunnel: a host in the client's LAN reaches one behind the server, which sees the server's
# address, while the links keep their own way out. TCP's segments are made to fit.
#
#     h (192.168.1.2) -- c ==(2 x 192.168.8.100)== p1, p2 -- s (203.0.113.1) -- i (203.0.113.80)

. "$(dirname "$0")/lib.sh"

server_allowed=0.0.0.0/0
client_allowed="10.77.0.2/32, 192.168.1.0/24"
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms' --same-range
count i input from-server 'ip saddr 203.0.113.1 icmp type echo-request'
count i input fitting 'ip saddr 203.0.113.1 tcp flags & (syn|ack) == syn tcp option maxseg size < 1400'
serve i
start_pair a b
await 10 "MTU" is client '.mtu == 1436'

is client '[.peers[0].paths[].local == "192.168.8.100"] | all' >&3 || fail "not one address"
remotes=$(ask server '[.peers[0].paths[].remote | sub(":.*"; "")] | sort | join(" ")')
[ "$remotes" = "203.0.113.11 203.0.113.12" ] || fail "not through two providers: $remotes"
ok "each link comes through its own provider"

at c ip route get 203.0.113.80 | grep -q 'dev hawser0' || fail "the default route is not the tunnel"
pings h -c 10 -i 0.05 203.0.113.80
between 10 "$(counted i from-server)" 30 "pings from the server's address"
flow h down 203.0.113.80 2
flow h up 203.0.113.80 1
[ "$(counted i fitting)" = 2 ] || fail "MSS not clamped"
ok "MSS clamped"

is client '[.peers[0].paths[] | .state == "up" and .rx_bytes > 300000] | all' >&3 ||
    fail "the links do not share the load: $(ask client '.peers[0].paths[] | {link, state, rx_bytes}')"
ok "both links carried it"
