#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Policies of both sides: pinned flows keep to their link and leave it when it is down, or stay away
# without fallback; single ones keep to one; redundant pings come in time although a link is cut
# under a download beside them, and come once; a reload changes all that without a packet lost.

. "$(dirname "$0")/lib.sh"

lab_up --links 'name=a 20/40,15ms; name=b 20/40,20ms'
serve s
config_pair a b
policies='
[policy pings]
match = icmp or icmp6
mode = redundant
class = realtime
[policy pinned]
match = udp port 7001
links = b
[policy only]
match = udp port 7002
links = b
fallback = no
[policy single]
match = udp port 7003
mode = single
[policy marked]
dscp = cs1
class = bulk'
for side in client server; do
    echo "$policies" >>"$tmp/$side.conf"
done
start server s
start client c
await 20 "client up" paths_up client a b
await 10 "server up" paths_up server a b

# sent LINK: data packets of the client over it, about: probes and acknowledgements are few
sent() {
    ask client "[.peers[0].paths[] | select(.link == \"$1\") | .tx_packets] | add"
}
matched() {
    ask "$1" ".policies[] | select(.name == \"$2\") | .packets"
}
# datagrams PORT COUNT: to a port where nobody listens, one each 2 ms
datagrams() {
    at c "$probe" stream 10.77.0.1 "$1" "$2" >&3
}
# over PORT LINK: 500 datagrams to the port go over the link
over() {
    here=$(sent "$2")
    datagrams "$1" 500
    sleep 1
    between 400 $(($(sent "$2") - here)) 5000 "packets over $2 of 500 to port $1"
}
# away PORT LINK: and these do not
away() {
    here=$(sent "$2")
    datagrams "$1" 500
    sleep 1
    between 0 $(($(sent "$2") - here)) 250 "packets over $2 of 500 to port $1"
}

at s nft add table inet quiet
at s nft 'add chain inet quiet out { type filter hook output priority 0; }'
at s nft add rule inet quiet out icmp type destination-unreachable drop

over 7001 b
away 7001 a
before_a=$(sent a)
before_b=$(sent b)
datagrams 7003 500
sleep 1
more_a=$(($(sent a) - before_a))
more_b=$(($(sent b) - before_b))
[ "$more_a" -gt "$more_b" ] || { more=$more_a more_a=$more_b more_b=$more; }
between 400 "$more_a" 5000 "packets of a single flow over one link"
between 0 "$more_b" 250 "and over the other"
between 1000 "$(matched client pinned)" 1000 "packets that pinned matched"
between 500 "$(matched client single)" 500 "packets that single matched"
"$hawser" status -i "$tmp/client.sock" | grep -q '^policy pinned: bond, normal, 1000 packets' ||
    fail "hawser status does not show the policy"

pings c -c 20 -i 0.02 -Q 0x20 10.77.0.1
between 20 "$(matched client pings)" 75 "pings that the client's policy matched"
copies=$(ask server '.peers[0].drops.duplicate')
between 15 "$copies" 1000 "copies that the server dropped"

# A download, pings each 20 ms, a cut of each link: none lost, and none waits until the cut is
# noticed and its packet repeated, some 200 ms.
for link in a b; do
    at c "$probe" flow down 10.77.0.1 7000 9 >"$tmp/down" 2>&1 &
    down=$!
    sleep 3
    at c ping -c 250 -i 0.02 -W 2 10.77.0.1 >"$tmp/pings" 2>&1 &
    train=$!
    sleep 2
    "$lab" cut --id "$id" "$link"
    wait "$train" || fail "pings were lost when $link was cut: $(tail -n 3 "$tmp/pings")"
    grep -q ' 0% packet loss' "$tmp/pings" || fail "cut $link: $(tail -n 3 "$tmp/pings")"
    latest=$(sed -n 's/.*time=\([0-9.]*\) ms/\1/p' "$tmp/pings" | sort -n | tail -n 1)
    between 30 "$latest" 190 "slowest ping while $link is cut, ms"
    wait "$down" || fail "TCP broke: $(cat "$tmp/down")"
    if [ "$link" = b ]; then
        over 7001 a
        dropped=$(ask client '.peers[0].drops.no_path')
        datagrams 7002 500
        sleep 1
        between 500 "$(matched client only)" 500 "packets that only matched"
        between 500 $(($(ask client '.peers[0].drops.no_path') - dropped)) 500 "of them dropped"
    fi
    "$lab" restore --id "$id" "$link"
    await 10 "$link is back" paths_up client a b
    await 10 "$link is back at the server" paths_up server a b
done

# A reload under pings: the pinned flow moves to the other link, counters stay.
at c ping -q -c 100 -i 0.02 -W 2 10.77.0.1 >"$tmp/pings" 2>&1 &
train=$!
sed -i '/policy pinned/,/links/s/links = b/links = a/' "$tmp/client.conf"
"$hawser" reload -i "$tmp/client.sock"
before=$(matched client pinned)
over 7001 a
away 7001 b
between $((before + 1000)) "$(matched client pinned)" $((before + 1000)) "packets that pinned matched"
wait "$train" || fail "a reload lost pings: $(cat "$tmp/pings")"
sed -i '/^match = udp port 7001/s/$/ and host www.example.net/' "$tmp/client.conf"
if "$hawserd" --check -c "$tmp/client.conf" 2>"$tmp/errors"; then
    fail "a bad filter is accepted"
fi
grep -q 'client.conf:[0-9]*: match: .*www.example.net' "$tmp/errors" ||
    fail "no line is told: $(cat "$tmp/errors")"
