#!/bin/sh
# SPDX-License-Identifier: ISC
#
# While a peer does not answer, status and one line in the log say which of the causes it is, each
# by a fixed code: nobody has the port, silence on one port or on several, a name that nobody knows,
# no link, no route, a firewall, a key that the server does not know, other preshared keys, no common
# cipher.

. "$(dirname "$0")/lib.sh"

# why SIDE CODE WORDS
why() {
    await 15 "$1: $2" is "$1" ".peers[0] | .why_code == \"$2\" and (.why | contains(\"$3\"))"
}
# logged SIDE WORDS: in exactly one line
logged() {
    await 10 "$1 logs: $2" grep -q -- "$2" "$tmp/$1.log"
    [ "$(grep -c -- "$2" "$tmp/$1.log")" = 1 ] || fail "$1 says more than once: $2"
}
up() {
    await 15 "up" is client '.peers[0] | .state == "up" and .why == null and .why_code == null'
}
both_anew() {
    stop client
    stop server
    : >"$tmp/client.log"
    : >"$tmp/server.log"
    start server s
    start client c
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
config_pair a b

# The server's machine is there, its daemon is not.
start client c
why client refused "203.0.113.1:4297 refuses (ICMP port unreachable, over a, b)"
logged client "peer vps is not up: 203.0.113.1:4297 refuses"
"$hawser" status -i "$tmp/client.sock" | grep -q '^  why: 203.0.113.1:4297 refuses' ||
    fail "not in the text"
start server s
up

# It falls silent, and is there again.
at s nft -f - <<END
add table inet why
add chain inet why input { type filter hook input priority 0; }
add rule inet why input udp dport { 4297, 443 } drop
END
why client one-way "nothing that we send arrives"
at s nft -f - <<END
add chain inet why output { type filter hook output priority 0; }
add rule inet why output udp sport { 4297, 443 } drop
END
why client no-answer "nothing came back from 203.0.113.1:4297 for"
logged client "peer vps is not up: nothing came back"
why server waiting "it has to call"

# The same on several ports.
cp "$tmp/client.conf" "$tmp/good.conf"
sed 's/^endpoint = .*/&\nendpoint = 203.0.113.1:443/' "$tmp/good.conf" >"$tmp/client.conf"
"$hawser" reload -i "$tmp/client.sock"
why client udp-blocked "nothing came back on any port"
cp "$tmp/good.conf" "$tmp/client.conf"
"$hawser" reload -i "$tmp/client.sock"
at s nft delete table inet why
up

# A firewall of the client's own, no route, and no link.
stop server
why client refused "refuses"
at c nft -f - <<END
add table inet why
add chain inet why output { type filter hook output priority 0; }
add rule inet why output udp dport 4297 drop
END
why client forbidden "a firewall of this machine forbids UDP"
at c nft delete table inet why
at c ip route show default >"$tmp/routes"
while read -r route; do
    # shellcheck disable=SC2086 # words of a route
    at c ip route delete $route
done <"$tmp/routes"
why client no-route "no link leads to 203.0.113.1:4297: none has IPv4"
"$lab" carrier --id "$id" a off
"$lab" carrier --id "$id" b off
why client no-link "no carrier"
"$lab" carrier --id "$id" a on
"$lab" carrier --id "$id" b on
while read -r route; do
    # shellcheck disable=SC2086 # words of a route
    at c ip route add $route
done <"$tmp/routes"
start server s
up

# The server does not know the client's key, and says whose it is that calls.
cp "$tmp/server.conf" "$tmp/good.conf"
sed "s,^public-key = .*,public-key = $(public_key other)," "$tmp/good.conf" >"$tmp/server.conf"
both_anew
why client no-answer "ours there"
logged server "the unknown key $(public_key client) calls from 203.0.113.1[12]:"
await 5 "the server shows who calls" is server \
    ".strangers[0] | .public_key == \"$(public_key client)\" and .calls > 0"
"$hawser" status -i "$tmp/server.sock" | grep -q "^unknown key: $(public_key client) calls from" ||
    fail "not in the text"

# Preshared keys that differ.
cp "$tmp/good.conf" "$tmp/server.conf"
echo "preshared-key = $("$hawser" genpsk)" >>"$tmp/server.conf"
both_anew
why client preshared-key "is the preshared-key the same on both sides?"
why server half-open "nothing follows our answers"
logged client "peer vps is not up: its answers cannot be opened"
logged server "peer home is not up: it calls from"

# No common cipher.
sed 's/^listen = .*/&\ncipher = aes-256-gcm/' "$tmp/good.conf" >"$tmp/server.conf"
cp "$tmp/client.conf" "$tmp/good-client.conf"
sed 's/^address = .*/&\ncipher = chacha20-poly1305/' "$tmp/good-client.conf" >"$tmp/client.conf"
both_anew
why client cipher "see cipher = on both sides"
why server cipher "accepts none of our ciphers"
logged client "peer vps is not up: it accepts none of our ciphers"
cp "$tmp/good.conf" "$tmp/server.conf"
stop client
stop server

# A name that nobody knows.
sed 's/^endpoint = .*/endpoint = vps.test:4297/' "$tmp/good-client.conf" >"$tmp/client.conf"
names "127.0.0.1 localhost"
start server s
start_with_names client c
why client name-not-found "vps.test"
names "203.0.113.1 vps.test"
await 40 "the name is known" is client '.peers[0] | .state == "up" and .why == null'
