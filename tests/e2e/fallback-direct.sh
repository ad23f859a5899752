#!/bin/sh
# SPDX-License-Identifier: ISC
#
# fallback = direct: while no path is up the router and its LAN go out by the best link, masqueraded,
# and through the tunnel again when it is up.

. "$(dirname "$0")/lib.sh"

address_of() {
    case $1 in a) echo 203.0.113.11 ;; b) echo 203.0.113.12 ;; server) echo 203.0.113.1 ;; esac
}
# goes_by PLACE NAME: a ping passes, as one from there
goes_by() {
    before=$(counted i "from-$2")
    at "$1" ping -q -c 1 -W 0.5 203.0.113.80 && [ "$(counted i "from-$2")" -gt "$before" ]
}
both_go_by() {
    for place in h c; do
        await 8 "$2: $place by $1" goes_by "$place" "$1"
    done
}

server_allowed="0.0.0.0/0, ::/0"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes"
client_tunnel="fallback = direct
lan = lan"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
for name in a b server; do
    count i input "from-$name" "ip saddr $(address_of $name) icmp type echo-request"
done
# The providers masquerade what is theirs; a LAN's address must not get there.
for n in 1 2; do
    count "p$n" prerouting raw "iifname client ip saddr 192.168.0.0/16"
    count "p$n" prerouting raw6 "iifname client ip6 saddr fc00::/7"
done

config_pair a b
start client c
both_go_by a "before the server runs"
at h ping -q -c 1 -W 1 2001:db8::80 >&3 || fail "IPv6 of the LAN does not go out"
start server s
await 20 "up" paths_up client a b
both_go_by server "in session"
serve i
flow h down 203.0.113.80 0.5

kill -9 "$(guard_of server)" "$(engine_of server)"
both_go_by a "the server is dead"
at c ip link set dev a down
both_go_by b "and the best link, too"
at c ip link set dev a up
at c ip address add 2001:db8:1::2/64 dev a nodad
at c ip route replace default via 10.0.1.1 dev a metric 101
at c ip -6 route replace default via 2001:db8:1::1 dev a metric 101
start server s
await 20 "up again" paths_up client a b
both_go_by server "in session again"
for n in 1 2; do
    between 0 $(($(counted "p$n" raw) + $(counted "p$n" raw6))) 0 "packets of the LAN as they are, p$n"
done

stop client
before=$(counted i from-server)
at c ping -q -c 1 -W 1 203.0.113.80 >&3 || fail "stopped: the router does not get out"
[ "$(counted i from-server)" = "$before" ] || fail "stopped, and still by the server"
[ -z "$(at c nft list ruleset)" ] || fail "stopped: rules are left: $(at c nft list ruleset)"
ok "stopped: nothing is left"
