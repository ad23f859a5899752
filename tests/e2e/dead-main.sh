#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The main line, the one with the best default route, has carrier and an address, but its provider
# drops everything, in both directions or in one, or says that nothing gets through. A daemon that
# starts then, and an engine that is started anew, have the tunnel up over the other links within
# 5 s, and no ping is lost after that; when the line is back it is used. With endpoints as numbers:
# nothing has to be looked up.

. "$(dirname "$0")/lib.sh"

reject="add table inet e2e; add chain inet e2e f { type filter hook forward priority 0; };
add rule inet e2e f reject with icmpx type admin-prohibited"

die() {
    case $1 in
    both) "$lab" cut --id "$id" a ;;
    up | down) "$lab" cut --id "$id" a "$1" ;;
    reject) at p1 nft "$reject" ;;
    esac
}
live() {
    case $1 in
    reject) at p1 nft delete table inet e2e ;;
    *) "$lab" restore --id "$id" a ;;
    esac
}
passes() {
    at c ping -q -c 1 -W 0.3 10.77.0.1
}

# try HOW LINK...
try() {
    how=$1
    shift
    others=$(echo "$@" | sed 's/^a //')
    case $how in
    down) sender=server ;; # the other one may send on over the line, as its packets arrive
    *) sender=client ;;
    esac
    start server s
    die "$how"
    start client c
    mark
    within 5000 "$how, $endpoint: a start" passes
    # shellcheck disable=SC2086 # a list
    await 5 "over the others" paths_up client $others
    every_ping c -c 50 -i 0.05 10.77.0.1
    live "$how"
    await 10 "the main line, too" paths_up client "$@"

    die "$how"
    # shellcheck disable=SC2086
    await 5 "it is dead again" paths_up "$sender" $others
    engine=$(engine_of client)
    kill -9 "$engine"
    mark
    await 5 "the engine has ended" grep -q 'the engine was ended by signal 9' "$tmp/client.log"
    within 5000 "$how, $endpoint: another engine" passes
    every_ping c -c 50 -i 0.05 10.77.0.1
    live "$how"
    await 10 "the main line, too" paths_up client "$@"
    stop client
    stop server
    rm "$tmp/client.log"
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms; name=d 20/20,20ms'
server_allowed="0.0.0.0/0, ::/0"
config_pair a b
try both a b
try reject a b
endpoint="[2001:db8::1]:4297"
config_pair a b d
try up a b d
endpoint="203.0.113.1:4297, [2001:db8::1]:4297"
config_pair
try down a b d
