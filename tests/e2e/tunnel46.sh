#!/bin/sh
# SPDX-License-Identifier: ISC
#
# One bond of a link that has IPv4 alone and one that has IPv6 alone.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/inside.sh"

client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
endpoint="203.0.113.1:4297, [2001:db8::1]:4297"
lab_up --links 'name=four 40/40,2ms; name=six 40/40,4ms'
at c ip -6 address flush dev four scope global
at c ip -6 route delete default dev four 2>&3 || true
at c ip -4 address flush dev six
start_pair four six
await 10 "MTU of 1500 - 84" is client '.mtu == 1416'
await 3 "the device has it" mtu_is c 1416
is client '[.peers[0].paths[] | {(.link): .remote}] | add ==
           {four: "203.0.113.1:4297", six: "[2001:db8::1]:4297"}' >&3 ||
    fail "remotes: $(ask client '.peers[0].paths[].remote')"
check_inside
is client '[.peers[0].paths[].tx_bytes > 200000] | all' >&3 || fail "a link carried next to nothing"
