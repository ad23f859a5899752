#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What the commands tell and change: status and its exit code, one peer of many, links of a peer from
# the side that is called, what a reload takes over (peers removed, mtu, log-level) and what it leaves
# to a restart, a thousand peers.

. "$(dirname "$0")/lib.sh"

# exits CODE COMMAND...: output and errors in $tmp/said
exits() {
    want=$1
    code=0
    shift
    "$@" >"$tmp/said" 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "$*: exit code $code instead of $want: $(cat "$tmp/said")"
}
said() {
    grep -qE -- "$1" "$tmp/said" || fail "no \"$1\" in: $(cat "$tmp/said")"
    ok "$(grep -m 1 -E -- "$1" "$tmp/said")"
}
# edit SIDE SED-SCRIPT: changes the configuration and has it taken
edit() {
    sed -i "$2" "$tmp/$1.conf"
    "$hawser" reload -i "$tmp/$1.sock"
}
path_is() {
    is "$1" ".peers[0].paths[] | select(.link == \"$2\") | .state == \"$3\" and .use == \"$4\""
}
logged() {
    grep -qE -- "$2" "$tmp/$1.log"
}
called() {
    grep -qE -- "$1" "$tmp/events"
}

cat >"$tmp/hook" <<END
#!/bin/sh
echo "\$1 \$2 \$HAWSER_PEER \$HAWSER_REASON" >>$tmp/events
END
chmod 700 "$tmp/hook"
touch "$tmp/events"

lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
server_tunnel="hook = $tmp/hook"
config_pair a b
start server s
await 10 "the server answers" test -S "$tmp/server.sock"

# Exit codes
exits 1 "$hawser" status -i "$tmp/server.sock"
said "^peer: home"
said "no peer is up"
exits 1 "$hawser" status --json -i "$tmp/server.sock"
said '"name":"home"'
start client c
await 20 "client up" paths_up client a b
await 10 "server up" paths_up server a b
exits 0 "$hawser" status -i "$tmp/server.sock"
exits 0 "$hawser" status home --json -i "$tmp/server.sock"
exits 1 "$hawser" status hoem -i "$tmp/server.sock"
said 'no peer "hoem": the nearest is home'
exits 0 "$hawser" status -c "$tmp/server.conf"

# Links of the peer, from the side that is called
exits 0 "$hawser" link -i "$tmp/server.sock"
said "^  home/a +home +up +active"
exits 0 "$hawser" link -i "$tmp/client.sock"
said "^  a +vps +up +active"
exits 0 "$hawser" link b down -i "$tmp/server.sock"
await 5 "b is off at the server" path_is server b down down
await 5 "and at the client" path_is client b down down
await 5 "the hook hears it" called '^link-down b home switched off'
pings c -c 5 -i 0.05 10.77.0.1
kill -9 "$(engine_of server)"
await 20 "another engine keeps it" path_is server b down down
exits 0 "$hawser" link home/b standby -i "$tmp/server.sock"
await 5 "b stands by" path_is client b standby standby
exits 0 "$hawser" link b up -i "$tmp/server.sock"
await 10 "b is back" paths_up client a b
exits 0 "$hawser" link b down -i "$tmp/client.sock"
await 5 "b is off at its owner" path_is server b down down
exits 1 "$hawser" link b up -i "$tmp/server.sock"
said "link b is switched off at its owner, peer home: hawser link b up there"
exits 0 "$hawser" link b up -i "$tmp/client.sock"
await 10 "b is back again" paths_up server a b
exits 1 "$hawser" link office/b down -i "$tmp/server.sock"
said "there is no link office/b: hawser link lists them"
exits 1 "$hawser" link vps/b down -i "$tmp/client.sock"
said "this side's own: hawser link b down"

# mtu and log-level by reload, and what needs a restart
mtu=$(mtu_of c)
edit client "2i mtu = 1300"
await 5 "the MTU is as configured" mtu_is c 1300
await 5 "and told" is client ".mtu == 1300"
edit client "s/^mtu = 1300/mtu = auto/"
await 5 "the MTU is as measured" mtu_is c "$mtu"
logged client "MTU of hawser0: $mtu" && fail "debug messages at level info"
edit client "2i log-level = debug"
edit client "s/^mtu = auto/mtu = 1350/"
await 5 "another MTU" mtu_is c 1350
edit client "/^mtu = 1350/d"
await 5 "debug messages at level debug" logged client "MTU of hawser0: $mtu"
edit client "s/^log-level = debug/log-level = error/"
count=$(wc -l <"$tmp/client.log")
"$hawser" link b standby -i "$tmp/client.sock"
await 5 "b stands by at once" path_is client b standby standby
[ "$(wc -l <"$tmp/client.log")" = "$count" ] || fail "told: $(tail -n 1 "$tmp/client.log")"
ok "nothing but errors is logged"
"$hawser" link b up -i "$tmp/client.sock"
sed -i "2i cipher = aes-256-gcm" "$tmp/client.conf"
exits 1 "$hawser" reload -i "$tmp/client.sock"
said "a changed cipher needs a restart: end this hawserd and start it again"
sed -i "/^cipher/d" "$tmp/client.conf"

# A peer is removed
await 10 "all up" paths_up server a b
: >"$tmp/events"
sed '/^\[peer home\]/,$d' "$tmp/server.conf" >"$tmp/one.conf"
cp "$tmp/server.conf" "$tmp/both.conf"
for i in 1 2 3 4 5; do
    printf '[peer other%s]\npublic-key = %s\nallowed-ips = 10.77.1.%s/32\n' "$i" \
        "$(public_key "other$i")" "$i"
done >"$tmp/others.conf"
cat "$tmp/one.conf" "$tmp/others.conf" >"$tmp/server.conf"
"$hawser" reload -i "$tmp/server.sock"
await 5 "its link-down" called '^link-down a home removed$'
await 5 "its peer-down" called '^peer-down home home removed$'
[ "$(tail -n 1 "$tmp/events")" = "peer-down home home removed" ] || fail "peer-down is not the last"
logged server "peer home: removed" || fail "the log does not tell of the removed peer"
logged server "peer other1: added" || fail "the log does not tell of the added peer"
await 10 "the client notices" is client '.peers[0].state == "down"'
exits 1 "$hawser" status -i "$tmp/server.sock"
said "^  peers: 5, of which 0 up"
said "^  other5 +down +0 of 0"
cp "$tmp/both.conf" "$tmp/server.conf"
"$hawser" reload -i "$tmp/server.sock"
await 20 "and is back" paths_up server a b

# A thousand peers: their status comes whole, and traffic goes on.
thousand_peers() {
    i=0
    while [ "$i" -lt 1000 ]; do
        printf '[peer p%s]\npublic-key = %s\nallowed-ips = 10.78.%s.%s/32\n' "$i" \
            "$("$hawser" genkey | "$hawser" pubkey)" $((i / 250)) $((i % 250 + 1))
        i=$((i + 1))
    done
}
thousand_peers >>"$tmp/server.conf"
"$hawser" reload -i "$tmp/server.sock"
await 20 "a thousand more" is server '.peers | length == 1001'
exits 0 "$hawser" status -i "$tmp/server.sock"
said "^  peers: 1001, of which 1 up"
exits 0 "$hawser" status home -i "$tmp/server.sock"
said "^peer: home"
exits 1 "$hawser" status p500 --json -i "$tmp/server.sock"
said '"peers":\[\{"name":"p500",'
exits 1 "$hawser" status q500 -i "$tmp/server.sock"
said 'no peer "q500": the nearest is p500'
exits 0 "$hawser" status --summary -i "$tmp/server.sock"
said "^  peers: 1001, of which 1 up, 0 down, 1000 never came"
[ "$(wc -l <"$tmp/said")" -le 24 ] || fail "the summary is more than a screen"
exits 0 "$hawser" status --summary --json -i "$tmp/server.sock"
jq -e '.summary | .peers == 1001 and .up == 1 and .never_came == 1000' "$tmp/said" >&3 ||
    fail "the summary is $(cat "$tmp/said")"

# Many answers at once, one of them unread, and one whose reader goes in the middle: no ping is lost.
at c ping -q -i 0.005 -c 400 10.77.0.1 >"$tmp/ping" &
ping=$!
started="$started $ping"
"$probe" ask "$tmp/server.sock" 0 &
silent=$!
started="$started $silent"
for round in 1 2 3 4; do
    "$probe" ask "$tmp/server.sock" 20000
    for reader in 1 2 3 4; do
        "$hawser" status --json -i "$tmp/server.sock" >"$tmp/answer$reader" &
        eval "reader$reader=$!"
    done
    # shellcheck disable=SC2154 # set by eval
    wait "$reader1" && wait "$reader2" && wait "$reader3" && wait "$reader4"
    for reader in 1 2 3 4; do
        jq -e '[.peers[].name] | length == 1001 and length == (unique | length)' \
            "$tmp/answer$reader" >&3 || fail "answer $reader of round $round is not whole"
    done
done
ok "16 answers are whole, $(wc -c <"$tmp/answer1") bytes each"
wait "$ping" || true
end "$silent"
grep -q ' 0% packet loss' "$tmp/ping" || fail "$(cat "$tmp/ping")"
ok "$(tail -n 1 "$tmp/ping")"
every_ping c -c 20 -i 0.05 10.77.0.1
