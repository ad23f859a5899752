#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The kernel's forwarding belongs to all: the first tunnel that needs it turns it on, the last one
# turns it off again, unless it was on before or other programs have rules that need it. A reload that
# brings IPv6 turns on IPv6's.

. "$(dirname "$0")/lib.sh"

# tunnel NAME INTERFACE PORT ADDRESSES
tunnel() {
    config "$1" <<END
interface = $2
listen = $3
address = $4
nat = yes
[peer home]
public-key = $(public_key client)
allowed-ips = 10.9.${3#42}.2/32
END
}
forwarding() {
    at s cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding | tr -d '\n'
}
set_forwarding() {
    at s sh -c "echo $1 >/proc/sys/net/ipv4/ip_forward
        echo $1 >/proc/sys/net/ipv6/conf/all/forwarding"
}
forwarding_is() {
    [ "$(forwarding)" = "$1" ]
}
expect() {
    await 2 "$2: forwarding is $1" forwarding_is "$1"
}
# started NAME: and set up
started() {
    start "$1" s
    await 5 "$1 is set up" is "$1" .
}

lab_up --links 'name=a 20/20,5ms'
tunnel one hawser1 4297 10.1.0.1/24,fd01::1/64
tunnel two hawser2 4298 10.2.0.1/24,fd02::1/64

set_forwarding 0
started one
expect 11 "one"
started two
expect 11 "both"
stop one
expect 11 "two goes on"
started one
stop two
expect 11 "one goes on"
stop one
expect 00 "none"

started one
started two
kill -9 "$(guard_of one)"
stop two
stopped_alone=$(forwarding) # one's start is still to come, so either will do
started one
expect 11 "one after kill -9 (it was $stopped_alone)"
stop one
expect 00 "none after kill -9"

started one
at s nft add table ip nat
at s nft 'add chain ip nat POSTROUTING { type nat hook postrouting priority 100; }'
at s nft add rule ip nat POSTROUTING ip saddr 172.17.0.0/16 masquerade
stop one
[ "$(forwarding)" != 00 ] || fail "others masquerade, and forwarding is off"
ok "what others need stays on: $(forwarding)"
at s nft delete table ip nat

set_forwarding 1
started one
started two
stop one
stop two
expect 11 "it was on before"

set_forwarding 0
tunnel one hawser1 4297 10.1.0.1/24
started one
expect 10 "IPv4 alone"
tunnel one hawser1 4297 10.1.0.1/24,fd01::1/64
"$hawser" reload -i "$tmp/one.sock"
expect 11 "IPv6 by a reload"
stop one
expect 00 "none after a reload"
