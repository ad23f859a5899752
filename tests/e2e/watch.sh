# SPDX-License-Identifier: ISC
#
# What leaves the client, watched at its providers; see watch.c for the classes. Sourced after lib.sh.

watched_servers="203.0.113.1 2001:db8::1"

# watch PROVIDER...: from now on
watch() {
    # shellcheck disable=SC2046,SC2086 # lists of words
    "$build/tests/e2e/hawser-watch" $(printf -- '-s %s ' $watched_servers) -p 4297 -n vps.test \
        $(printf "hw-$id-%s:client " "$@") >"$tmp/watched" 2>&3 &
    watcher=$!
    started="$started $watcher"
    await 5 "watching at $*" grep -q ready "$tmp/watched"
}

# End of watching: watched CLASS then tells how many packets of it all links had.
end_watch() {
    end "$watcher"
    [ "$(watched missed)" = 0 ] || fail "the watcher missed $(watched missed) packets"
}
watched() {
    tail -n 1 "$tmp/watched" | jq ".$1"
}

# pester PLACE [COMMAND...]: every kind of packet for the Internet, 50 times a second, by COMMAND
pester() {
    place=$1
    shift
    background "$place" "$@" "$traffic" pester 203.0.113.80 2001:db8::80 20
}

clear_lines() {
    grep '^clear' "$tmp/watched"
}
count_clear() {
    grep -c '^clear' "$tmp/watched" || true
}

# look, and then none_clear WHAT: no packet left in clear from the look on. Those that were on their
# way through the emulator are waited for.
look() {
    sleep 0.2
    looked=$(count_clear)
}
none_clear() {
    sleep 0.2
    now=$(count_clear)
    [ "$now" = "$looked" ] || fail "$1: $((now - looked)) packets in clear, as
$(clear_lines | tail -n 6)"
    ok "$1: nothing in clear"
}

# sees TEXT: a packet in clear that grep knows by it; await uses it.
sees() {
    clear_lines | grep -q "$1"
}
# more_clear: one has left since the look
more_clear() {
    [ "$(count_clear)" -gt "$looked" ]
}
