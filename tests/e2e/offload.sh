#!/bin/sh
# SPDX-License-Identifier: ISC
#
# With less help of the kernel than it has: each step down works, in both directions and at one end
# alone, and the status of either end tells what is in use.

. "$(dirname "$0")/lib.sh"

server_allowed="10.77.0.1/32, fd77::1/128"
most=tso+uso

# both CLIENT-OFFLOAD CLIENT-UDP SERVER-OFFLOAD SERVER-UDP: a tunnel with these settings
both() {
    client_tunnel="offload = $1
udp-offload = $2"
    server_tunnel="offload = $3
udp-offload = $4"
    start_pair plain1
    flow c up 10.77.0.1 1
    flow c down 10.77.0.1 1
    pings c -c 5 -i 0.05 -s 1200 fd77::1
}

# uses SIDE TUN GSO GRO: what its status says, in both its forms
uses() {
    is "$1" ".offloads | .tun == \"$2\" and .udp_gso == $3 and .udp_gro == $4" >&3 ||
        fail "offloads of $1: $(ask "$1" .offloads), expected $2, GSO $3, GRO $4"
    "$hawser" status -i "$tmp/$1.sock" | grep -q "^  offload: tun $2, udp " ||
        fail "hawser status of $1 does not tell $2"
    ok "$1 uses tun $2, GSO $3, GRO $4"
}

both_end() {
    stop client
    stop server
}

lab_up --plain 1
endpoint=10.0.1.1:4297
serve s

both auto auto auto auto
# An older kernel has no USO.
is client '.offloads.tun == "tso"' >&3 && most=tso
uses client $most true true
uses server $most true true
both_end

both tso auto checksum auto
uses client tso true true
uses server checksum true true
both_end

both checksum gro none gso
uses client checksum false true
uses server none true false
both_end

both none none none none
uses client none false false
uses server none false false
both_end

both none none auto auto
uses client none false false
uses server $most true true
both_end
