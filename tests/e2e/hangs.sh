#!/bin/sh
# SPDX-License-Identifier: ISC
#
# An engine that hangs (it is stopped by a signal) is noticed, ended and started anew, and a service
# manager hears of the daemon only while the engine answers.

. "$(dirname "$0")/lib.sh"

beats() {
    grep -c '^WATCHDOG=1$' "$tmp/heard"
}

lab_up --links 'name=a 20/20,5ms'
config_pair a
"$probe" notify "$tmp/notify" >"$tmp/heard" 2>&3 &
started="$started $!"
await 5 "a socket to notify" test -S "$tmp/notify"
start server s
(
    export NOTIFY_SOCKET="$tmp/notify" WATCHDOG_USEC=3000000
    start client c
    echo "$started" >"$tmp/started"
)
started=$(cat "$tmp/started")
sides="$sides client"
await 20 "up" paths_up client a
await 5 "the manager hears of it" sh -c "[ \$(grep -c '^WATCHDOG=1' $tmp/heard) -ge 2 ]"

hung=$(engine_of client)
kill -STOP "$hung"
sleep 1.5 # an answer may be under way
heard=$(beats)
sleep 4
[ "$(beats)" = "$heard" ] || fail "the manager hears of an engine that hangs"
ok "the manager does not hear of an engine that hangs"
await 12 "it is ended" grep -q 'the engine hung and was ended; it is started anew' \
    "$tmp/client.log"
! alive "$hung" || fail "it still is there"
await 20 "up again" paths_up client a
await 5 "the manager hears of the new one" sh -c "[ \$(grep -c '^WATCHDOG=1' $tmp/heard) -gt $heard ]"
pings c -c 5 -i 0.05 10.77.0.1
