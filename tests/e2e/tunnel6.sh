#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Over IPv6 links: IPv4 and IPv6 inside, every protocol, every size up to the tunnel's MTU, which is
# what the links carry less 84 bytes.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/inside.sh"

client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
endpoint="[2001:db8::1]:4297"
lab_up --links 'name=a 40/40,2ms; name=b 40/40,4ms'
start_pair a b
await 10 "MTU of 1500 - 84" is client '.mtu == 1416'
await 3 "the device has it" mtu_is c 1416
is client '[.peers[0].paths[].remote == "[2001:db8::1]:4297"] | all' >&3 ||
    fail "not over IPv6: $(ask client '.peers[0].paths[].remote')"
check_inside
