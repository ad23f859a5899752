#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A LAN behind the router with the configuration of README: "lan = ..." and no [link] section. A host
# there reaches the Internet although the router did not forward; as the router inside the tunnel, or
# as itself where the server routes the LAN's prefix.

. "$(dirname "$0")/lib.sh"

server_allowed="0.0.0.0/0, ::/0"
server_tunnel="nat = yes"
client_tunnel="lan = lan"

forwarding() {
    at c cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding | tr '\n' ' '
}
set_forwarding() {
    at c sh -c "echo $1 >/proc/sys/net/ipv4/ip_forward
        echo $1 >/proc/sys/net/ipv6/conf/all/forwarding"
}
seen() {
    at s nft -j list counter inet seen "$1" | jq '.nftables[].counter.packets // empty'
}
# comes_as ADDRESS4 ADDRESS6 WHAT: what the LAN sends out of the tunnel's other end
comes_as() {
    at s nft -f - <<END
add table inet seen
delete table inet seen
table inet seen {
    counter as4 { }
    counter as6 { }
    counter both { }
    chain forward {
        type filter hook forward priority 0
        iifname hawser0 icmp type echo-request ip saddr $1 counter name as4
        iifname hawser0 icmpv6 type echo-request ip6 saddr $2 counter name as6
        iifname hawser0 meta l4proto { icmp, icmpv6 } counter name both
    }
}
END
    pings h -c 3 -i 0.05 -W 2 203.0.113.80
    pings h -c 3 -i 0.05 -W 2 2001:db8::80
    as4=$(seen as4)
    as6=$(seen as6)
    both=$(seen both)
    between 3 "$as4" 10 "$3: pings as $1"
    between 3 "$as6" 10 "$3: pings as $2"
    between "$both" $((as4 + as6)) "$both" "$3: nothing as another"
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
set_forwarding 0
start_with_lan() {
    config_pair
    start server s
    start client c
    await 20 "up over both" paths_up client a b
}
serve i

start_with_lan
[ "$(forwarding)" = "1 1 " ] || fail "the router does not forward: $(forwarding)"
ok "the router forwards"
comes_as 10.77.0.2 fd77::2 "not routed by the server"
flow h down 203.0.113.80 0.5
stop client
[ "$(forwarding)" = "0 0 " ] || fail "the router goes on forwarding: $(forwarding)"
ok "and no longer"
stop server

client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
set_forwarding 1
start_with_lan
comes_as 192.168.1.2 fd00:1::2 "routed by the server"
pings s -c 2 -i 0.05 192.168.1.2
stop client
[ "$(forwarding)" = "1 1 " ] || fail "forwarding was on, and is not: $(forwarding)"
ok "what was on stays on"
stop server

# A name that is misspelt, or of what comes later.
client_tunnel="lan = lan, lan9"
problems() {
    is client "[.problems[].code] == [$1]"
}
start_with_lan
await 5 "lan9 is missed" problems '"no-lan"'
grep -q 'warn: lan: there is no interface lan9' "$tmp/client.log" || fail "the log does not say so"
at c ip tuntap add dev lan9 mode tap
await 15 "lan9 is there" problems ''
