#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Other programs remove what a daemon has set up: systemd-networkd its rules and routes, a user its
# device or address, "systemctl reload nftables" the whole ruleset. All is back within a second, the
# daemon counts it and says so, once where it goes on, and nothing is done where nothing is missing.
# An engine that is killed is replaced as fast.

. "$(dirname "$0")/lib.sh"

mine='proto 197'
rules="for f in -4 -6; do ip \$f rule | grep '$mine' | cut -d: -f1 | sort -u |
    while read -r p; do while ip \$f rule del priority \$p; do :; done 2>/dev/null; done; done"
routes="for f in -4 -6; do ip \$f route flush table all $mine; done"

# What is set up, without what changes by itself.
network() {
    at "$1" sh -c 'ip -4 rule; ip -6 rule; ip -4 route show table all; ip -6 route show table all
        ip -o address show dev hawser0 | sed "s/.*hawser0 *//"; ip -o link show dev hawser0 |
        sed "s/^[0-9]*: //; s/ qlen.*//"; nft list ruleset' | grep -vE ' expires |fe80:|ff00:|anycast' |
        sed 's/packets [0-9]* bytes [0-9]*//' | sort
}
note() {
    for place in c s; do
        network "$place" >"$tmp/network.$place"
    done
}
as_noted() {
    network "$1" >"$tmp/network.now" && cmp -s "$tmp/network.$1" "$tmp/network.now"
}
carries() {
    at c ip route get 203.0.113.80 | grep -q 'dev hawser0' &&
        at c ping -q -c 1 -W 0.3 203.0.113.80 && at c ping -q -c 1 -W 0.3 2001:db8::80 &&
        at h ping -q -c 1 -W 0.3 203.0.113.80
}

# restored SIDE: how often it has put something back
restored() {
    ask "$1" '.restored | add'
}

# heals SIDE PLACE WHAT COMMAND: within 1 s (1.5 s here, as the machine may be busy)
heals() {
    restored_before=$(restored "$1")
    healed_side=$1
    healed_place=$2
    fault=$3
    at "$2" sh -c "$4" >&3 2>&1 || fail "$3: cannot be done"
    mark
    within 1500 "$fault: carries" carries
    within 1500 "$fault: as it was" as_noted "$healed_place"
    between $((restored_before + 1)) "$(restored "$healed_side")" $((restored_before + 200)) \
        "$fault: counted"
}

server_allowed="0.0.0.0/0, ::/0"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes"
client_tunnel="mtu = 1400"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
start_pair a b
await 10 "carries" carries
sleep 1
note
quiet=$(cat "$tmp/client.log" "$tmp/server.log" | wc -l)
at c ip address change 10.0.1.2/24 dev a valid_lft 3600 preferred_lft 3600
at c ip route add 192.0.2.0/24 dev b
at c nft add table inet users
at c nft delete table inet users
at c ip route delete 192.0.2.0/24 dev b
at c ip address change 10.0.1.2/24 dev a valid_lft forever preferred_lft forever
sleep 1.2
as_noted c || fail "changes of others: $(diff "$tmp/network.c" "$tmp/network.now")"
between "$quiet" "$(cat "$tmp/client.log" "$tmp/server.log" | wc -l)" "$quiet" \
    "lines of the log, after changes that are nobody's business"

heals client c "rules removed" "$rules"
heals client c "routes removed" "$routes"
heals client c "rules and routes removed" "$rules; $routes"
heals client c "one route removed" "ip route delete default dev hawser0 table \$(ip -4 route show \\
    table all | sed -n 's/^default dev hawser0 table \([0-9]*\).*/\1/p')"
heals client c "the client's ruleset flushed" "nft flush ruleset"
heals client c "the device down" "ip link set dev hawser0 down"
heals client c "the device down and up" "ip link set dev hawser0 down; sleep 0.1
    ip link set dev hawser0 up"
heals client c "an address removed" "ip address delete 10.77.0.2/24 dev hawser0"
heals client c "an IPv6 address removed" "ip address delete fd77::2/64 dev hawser0"
heals client c "another MTU" "ip link set dev hawser0 mtu 1300"
heals client c "the device deleted" "ip link delete dev hawser0"
heals server s "the server's ruleset flushed" "nft flush ruleset"
heals server s "the server's device down" "ip link set dev hawser0 down"
heals server s "the server's device deleted" "ip link delete dev hawser0"

# replaced SIDE PLACE: another engine is there at once
replaced() {
    dead=$(engine_of "$1")
    kill -9 "$dead"
    mark
    within 1500 "the engine of the $1 killed: carries" carries
    within 1500 "the engine of the $1 killed: as it was" as_noted "$2"
    [ "$(engine_of "$1")" != "$dead" ] || fail "the engine of the $1 was not killed"
}
replaced client c
replaced server s
await 5 "both links carry again" paths_up client a b
for side in client server; do
    between 1 "$(grep -ciE 'put back|restored' "$tmp/$side.log")" 4 "lines in the log of the $side"
done
"$hawser" reload -i "$tmp/client.sock"
as_noted c || fail "after a reload: $(diff "$tmp/network.c" "$tmp/network.now")"
ok "a reload finds nothing to do"
