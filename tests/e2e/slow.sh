#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A link that carries a tenth of what it did, under load for a minute, is told by hook, log and
# status, and so is its end; the other link is not, nor is the side that sends nothing.

. "$(dirname "$0")/lib.sh"

for side in client server; do
    cat >"$tmp/hook.$side" <<END
#!/bin/sh
echo "\$1 \$2 \$HAWSER_PEER: \$HAWSER_REASON" >>$tmp/events.$side
END
    chmod 700 "$tmp/hook.$side"
    touch "$tmp/events.$side"
done
told() {
    grep -qE -- "$1" "$tmp/events.client"
}

client_tunnel="hook = $tmp/hook.client"
server_tunnel="hook = $tmp/hook.server"
lab_up --links 'name=a 6/6,5ms; name=b 8/8,10ms'
start_pair a b
serve s
background c "$probe" flow up 10.77.0.1 7000 180
sleep 36
"$lab" set --id "$id" b rate-up=0.8
# Its queue may overflow so much that it is just out of use.
await 90 "b is slow" \
    told '^link-slow b vps: (0\.[0-9] Mbit/s, usually [678]\.[0-9]|out of use, usually [678]\.[0-9] Mbit/s)$'
await 5 "as status tells" is client \
    '[.peers[0].paths[] | {(.link): .slow}] | add == {a: false, b: true}'
grep -q 'warn: peer vps: link b has been slow for a minute (' "$tmp/client.log" ||
    fail "the log does not tell"
"$lab" set --id "$id" b rate-up=8
await 40 "b no longer is" told '^link-slow-end b vps: [5678]\.[0-9] Mbit/s, usually [678]\.[0-9]$'
[ "$(grep -c slow "$tmp/events.client")" = 2 ] || fail "told more: $(cat "$tmp/events.client")"
grep slow "$tmp/events.server" && fail "told on the side that sends nothing"
ok "nothing else is slow"
