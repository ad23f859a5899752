#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What a service manager hears of the daemon: that it is ready when its tunnel is up and not before,
# that it reloads, with the time, and is ready again whether the configuration is right or not, and
# that it stops.

. "$(dirname "$0")/lib.sh"

# heard LINE...: these and no others, the times aside
heard() {
    printf '%s\n' "$@" >"$tmp/expected"
    sed 's/MONOTONIC_USEC=[1-9][0-9]*$/MONOTONIC_USEC=TIME/' "$tmp/heard" | cmp -s - "$tmp/expected"
}

lab_up --links 'name=a 20/20,5ms'
config_pair a
"$probe" notify "$tmp/notify" >"$tmp/heard" 2>&3 &
started="$started $!"
await 5 "a socket to notify" test -S "$tmp/notify"

# A start that fails is never ready.
cp "$tmp/server.conf" "$tmp/good.conf"
echo "colour = red" >>"$tmp/server.conf"
export NOTIFY_SOCKET="$tmp/notify"
at s "$hawserd" -f -c "$tmp/server.conf" >&3 2>&1 && fail "a wrong configuration is taken"
await 5 "a start that failed" heard STOPPING=1
cp "$tmp/good.conf" "$tmp/server.conf"
start server s
unset NOTIFY_SOCKET
await 5 "ready" heard STOPPING=1 READY=1
at s ip link show dev hawser0 >&3 || fail "ready without a tunnel"

reloading="RELOADING=1 MONOTONIC_USEC=TIME"
kill -HUP "$(guard_of server)"
await 5 "reloaded" heard STOPPING=1 READY=1 "$reloading" READY=1
echo "colour = red" >>"$tmp/server.conf"
"$hawser" reload -i "$tmp/server.sock" >&3 2>&1 && fail "a wrong configuration is taken"
await 5 "reloaded in vain" heard STOPPING=1 READY=1 "$reloading" READY=1 "$reloading" READY=1
stop server
await 5 "stopped" heard STOPPING=1 READY=1 "$reloading" READY=1 "$reloading" READY=1 STOPPING=1
