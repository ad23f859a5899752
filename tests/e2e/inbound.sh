#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Services of the router and of its LAN that are asked from the Internet by a link's own address,
# while the default route goes into the tunnel: their answers leave by the link that the question
# came over. Without rules of the user's, and with rules for the links' addresses ("from") before and
# after hawser's.
#
#     i -> 203.0.113.11 -> p1 -> 10.0.1.2 c          port 7100: c itself
#     i -> 203.0.113.12 -> p2 -> 10.0.2.2 c -> h     port 7200: h, port 7100

. "$(dirname "$0")/lib.sh"

# asked WHAT: each service over each link, by UDP and TCP, and c by IPv6
asked() {
    for kind in udp tcp; do
        for port in 7100 7200; do
            for n in 1 2; do
                at i "$traffic" ask "$kind" "203.0.113.1$n" "$port" 5 >"$tmp/asked" 2>&1 ||
                    fail "$1: $kind to port $port over link $n: $(cat "$tmp/asked")"
            done
        done
        for n in 1 2; do
            at i "$traffic" ask "$kind" "2001:db8:$n::2" 7100 5 >"$tmp/asked" 2>&1 ||
                fail "$1: $kind by IPv6 over link $n: $(cat "$tmp/asked")"
        done
    done
    every_ping i -c 3 -i 0.05 2001:db8:1::2
    every_ping i -c 3 -i 0.05 2001:db8:2::2
    ok "$1: all are answered"
}

server_allowed="0.0.0.0/0, ::/0"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
echoes c
echoes h
at c nft -f - <<END
table ip users {
    chain pre {
        type nat hook prerouting priority -100
        iifname { a, b } meta l4proto { tcp, udp } th dport 7200 dnat to 192.168.1.2:7100
    }
}
END
for n in 1 2; do
    at "p$n" nft -f - <<END
table ip users {
    chain pre {
        type nat hook prerouting priority -100
        iifname wan meta l4proto { tcp, udp } th dport 7100-7200 dnat to 10.0.$n.2
    }
}
END
    # Answers that come by the wrong provider: it forwards every IPv6 source, and masquerades IPv4.
    count "p$n" forward foreign "iifname client ip6 saddr 2001:db8:$((3 - n))::/64"
    count "p$n" prerouting foreign4 "iifname client ip saddr 10.0.$((3 - n)).0/24"
done
start_pair a b
sleep 1 # until then what comes in may still answer what went out before the daemon
asked "no rules"
pings c -c 2 -i 0.05 203.0.113.80
pings h -c 2 -i 0.05 203.0.113.80

for n in 1 2; do
    at c ip route add default via "10.0.$n.1" table "10$n"
    at c ip -6 route add default via "2001:db8:$n::1" table "10$n"
done
for priority in 32000 100; do
    for n in 1 2; do
        at c ip rule add from "10.0.$n.2" table "10$n" priority "$priority"
        at c ip -6 rule add from "2001:db8:$n::2" table "10$n" priority "$priority"
    done
    asked "rules with priority $priority"
    for n in 1 2; do
        at c ip rule delete from "10.0.$n.2" table "10$n" priority "$priority"
        at c ip -6 rule delete from "2001:db8:$n::2" table "10$n" priority "$priority"
    done
done
for n in 1 2; do
    between 0 $(($(counted "p$n" foreign) + $(counted "p$n" foreign4))) 0 \
        "packets of the other link at the provider $n"
done
pings c -c 2 -i 0.05 203.0.113.80
paths_up client a b >&3 || fail "not both are up"
