#!/bin/sh
# SPDX-License-Identifier: ISC
#
# An interface that comes back under ever new names (PPP, USB): each time it is a link again, and a
# minute later nothing is left of the names that it had, at either end. A link that flaps does not
# fill the log of either side, which then tells how much it left out.

. "$(dirname "$0")/lib.sh"

names=21

# links SIDE: what status shows
links() {
    ask "$1" '[.peers[0].paths[].link] | sort | join(" ")'
}
only() {
    [ "$(links client)" = "a x$names" ] && [ "$(links server)" = "a x$names" ] &&
        is client '[.links[].name] | sort == ["a", "x'$names'"]'
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
config_pair
start server s
start client c
await 20 "both interfaces" paths_up client a b

name=b
for i in $(seq "$names"); do
    at c ip link set dev "$name" down
    at c ip link set dev "$name" name "x$i"
    name=x$i
    at c ip link set dev "$name" up
    at c ip route add default via 10.0.2.1 dev "$name" metric 102
    await 5 "up as $name" paths_up client a "$name"
done
mark
pings c -c 5 -i 0.05 10.77.0.1

for i in $(seq 40); do
    "$hawser" link a down -i "$tmp/client.sock"
    sleep 0.1
    "$hawser" link a up -i "$tmp/client.sock"
    sleep 0.4
done
await 20 "the server's log tells what it left out, though nothing more happens" \
    grep -q 'peer home: [1-9][0-9]* changes were not logged' "$tmp/server.log"
between 0 "$(wc -l <"$tmp/server.log")" 150 "lines of the server's log"

within 70000 "only the names that are there are shown a minute later" only
await 5 "both carry" paths_up client a "$name"
