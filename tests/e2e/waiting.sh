#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What may come right later is waited for: a link's interface that is not there is said in the
# status and taken up when it appears; an endpoint's name that nobody knows is looked up again.

. "$(dirname "$0")/lib.sh"

endpoint=vps.test:4297
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
at c ip link set dev b down
at c ip link set dev b name away
config_pair a b

names "127.0.0.1 localhost"
start server s
start_with_names client c
await 10 "the missing interface is said" \
    is client '.links[] | select(.name == "b") | .state == "waiting" and (.why | contains("b"))'
sleep 4
alive "$(guard_of client)" || fail "the client ended"
lines=$(grep -c 'vps.test cannot be looked up' "$tmp/client.log") || fail "not a word of the name that nobody knows"
between 1 "$lines" 4 "lines about the name that nobody knows, in 4 s"

names "203.0.113.1 vps.test"
await 40 "the name was looked up again" paths_up client a
at c ip link set dev away name b
at c ip link set dev b up
at c ip route add default via 10.0.2.1 dev b metric 102
await 10 "the link came up with its interface" paths_up client a b
pings c -c 3 -i 0.05 10.77.0.1
