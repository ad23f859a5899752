#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Networks that carry less than 1280 bytes and tell nobody: beside a sound link, on all links, and
# ever less of it, down to 576 bytes; over IPv4 and IPv6. What does not fit one datagram is cut.

. "$(dirname "$0")/lib.sh"

both_find() {
    await 8 "the client finds $2 bytes on $1" path_mtu client "$1" "$2"
    await 8 "the server finds $2 bytes on $1" path_mtu server "$1" "$2"
}

# everything BYTES...: packets with so much payload pass both ways, and TCP
everything() {
    for bytes in "$@"; do
        pings c -c 20 -i 0.02 -s "$bytes" 10.77.0.1
        pings s -c 20 -i 0.02 -s "$bytes" fd77::2
    done
    ok "pings of $* bytes"
    flow c down 10.77.0.1 1
    flow c up fd77::1 1
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
client_tunnel="udp-offload = none"
server_tunnel="udp-offload = none"
serve s
narrow p2 1200
start_pair a b
both_find a 1500
both_find b 1200
everything 100 900 1200 1400

narrow p1 1100
narrow p2 900
await 5 "large packets pass again" answered c -c 10 -i 0.05 -W 1 -s 1200 10.77.0.1
await 5 "also from the server" answered s -c 10 -i 0.05 -W 1 -s 1200 10.77.0.2
everything 100 900 1200 1400

for place in p1 p2; do
    narrow "$place" 576
done
await 5 "large packets pass again" answered c -c 10 -i 0.05 -W 1 -s 1200 10.77.0.1
await 5 "also from the server" answered s -c 10 -i 0.05 -W 1 -s 1200 10.77.0.2
everything 100 500 1200 1400
[ "$(mtu_of c) $(mtu_of s)" = "1280 1280" ] || fail "MTU of the devices: $(mtu_of c), $(mtu_of s)"

stop client
stop server
endpoint='[2001:db8::1]:4297'
for place in p1 p2; do
    narrow "$place" 700
done
start_pair a b
# 640 is the next candidate below; status shows UDP payload, with 48 bytes of headers before it
await 8 "the client finds them" path_mtu client a 620
await 8 "the server finds them" path_mtu server a 620
everything 100 900 1400
