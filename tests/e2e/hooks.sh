#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The hook is called for tunnel, peer and link, with the words of hawser.conf(5) in its environment
# and nothing of the daemon's, one event at a time; a slow one holds no traffic.

. "$(dirname "$0")/lib.sh"

cat >"$tmp/hook" <<END
#!/bin/sh
echo "begin \$*" >>$tmp/order
env | sort | tr '\n' ' ' >>$tmp/events
echo "-- \$*" >>$tmp/events
[ ! -e $tmp/slow ] || sleep 2
echo "end \$*" >>$tmp/order
END
chmod 700 "$tmp/hook"

called() {
    grep -qE -- "$1" "$tmp/events"
}

client_tunnel="hook = $tmp/hook"
export SECRET_OF_THE_DAEMON=1
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
start_pair a b
await 5 tunnel-up called 'HAWSER_EVENT=tunnel-up .*HAWSER_INTERFACE=hawser0 .*HAWSER_MTU=1[0-9]{3} .*-- tunnel-up hawser0$'
await 5 peer-up called 'HAWSER_EVENT=peer-up .*HAWSER_PEER=vps .*-- peer-up vps$'
await 5 link-up called 'HAWSER_ADDRESS=203\.0\.113\.1.* HAWSER_EVENT=link-up .*HAWSER_LINK=b .*-- link-up b$'
! called SECRET || fail "the daemon's environment is in the hook's"

touch "$tmp/slow"
"$lab" cut --id "$id" a
await 8 link-down called 'HAWSER_EVENT=link-down .*HAWSER_LINK=a .*HAWSER_REASON=[a-z].*-- link-down a$'
every_ping c -c 10 -i 0.1 10.77.0.1
grep -q 'end link-down' "$tmp/order" && fail "the hook was not slow"
ok "traffic flows while the hook runs"
is client .uptime_s >&3 || fail "no status while the hook runs"
"$lab" restore --id "$id" a
await 10 "link-up again" sh -c "[ \$(grep -c -- '-- link-up a' $tmp/events) = 2 ]"
rm "$tmp/slow"

: >"$tmp/events"
kill -9 "$(engine_of client)"
await 5 "link-down of an engine that ended" \
    called 'HAWSER_EVENT=link-down .*HAWSER_LINK=b .*HAWSER_REASON=the engine ended .*-- link-down b$'
await 5 "and then peer-down" called 'HAWSER_REASON=the engine ended .*-- peer-down vps$'
await 20 "all up again" paths_up client a b
: >"$tmp/events"

stop server
await 5 peer-down called 'HAWSER_EVENT=peer-down .*HAWSER_PEER=vps .*-- peer-down vps$'
await 5 "link-down, of a link whose peer has gone" \
    called 'HAWSER_EVENT=link-down .*HAWSER_LINK=b .*-- link-down b$'
stop client
await 5 tunnel-down called 'HAWSER_EVENT=tunnel-down .*-- tunnel-down hawser0$'
awk '$1 == "begin" { if (open) exit 1; open = 1 } $1 == "end" { open = 0 }' "$tmp/order" ||
    fail "two hooks at once: $(cat "$tmp/order")"
ok "one at a time: $(grep -c begin "$tmp/order") calls"
