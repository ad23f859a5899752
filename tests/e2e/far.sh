#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The far side tells: what it accepts from us, also after a reload; what it finds about each path and
# what limits it, while somebody looks. The client names the server's own line within 2 s when that
# becomes the limit of a download, over two links and over one; a dear link that carries a download
# does not wait; a rate that nobody measured is not shown.

. "$(dirname "$0")/lib.sh"

limit_is() {
    is client ".peers[0].far.limit_code == \"$1\""
}
cap() {
    at s tc qdisc replace dev wan root tbf rate "$1" burst 16kb latency 50ms
}
uncap() {
    at s tc qdisc delete dev wan root
}
download() {
    background c "$probe" flow down 10.77.0.1 7000 "$1"
    flow_pid=$!
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
start_pair a b
serve s

# What it accepts from us.
await 5 "the client knows what the server accepts" \
    is client '.peers[0].accepted == ["10.77.0.2/32", "fd77::2/128"]'
sed 's,^allowed-ips = .*,&\, 192.168.1.0/24,' "$tmp/server.conf" >"$tmp/wider.conf"
cat "$tmp/wider.conf" >"$tmp/server.conf"
"$hawser" reload -i "$tmp/server.sock"
await 5 "and hears of more" \
    is client '.peers[0].accepted == ["10.77.0.2/32", "fd77::2/128", "192.168.1.0/24"]'

# The first look knows already; nothing was sent yet, so no rate is known.
sleep 10
is client '.peers[0].far | .limit_code == "idle" and .version != null and .cpu < 50' >/dev/null ||
    fail "a single look does not see the far side: $(ask client '.peers[0].far')"
is client '[.peers[0].paths[] | .tx_rate_bps, .rx_rate_bps, .far.rate_bps] | all(. == null)' >/dev/null ||
    fail "rates that nobody measured: $(ask client '.peers[0].paths')"
"$hawser" status -i "$tmp/client.sock" | grep -q 'receiving limited by: nothing: it sends nothing' ||
    fail "not in the text"

# A download over links that are full, and then the server's own line is.
download 20
await 8 "links are the limit" limit_is links
between 17000000 "$(ask client '[.peers[0].paths[].far.rate_bps] | min')" 23000000 \
    "what the server found about each link"
sleep 3
cap 12mbit
mark
within 2000 "the server's own line is named" limit_is own-line
"$hawser" status -i "$tmp/client.sock" | grep -q "receiving limited by: the peer's own line is full" ||
    fail "not in the text"
for _ in 1 2 3 4; do
    sleep 1
    limit_is own-line >/dev/null || fail "it no longer is: $(ask client '.peers[0].far')"
done
uncap
await 10 "links again" limit_is links
end "$flow_pid"

# Over one link alone.
"$hawser" link b down -i "$tmp/client.sock"
await 5 "one link" paths_up client a
download 12
await 8 "the link is the limit" limit_is links
sleep 2
cap 8mbit
mark
within 5000 "the server's own line is named over one link" limit_is own-line
uncap
end "$flow_pid"

# A dear link that carries half of a download.
stop client
sed 's/^interface = b$/&\ncost = 3/' "$tmp/client.conf" >"$tmp/dear.conf"
cat "$tmp/dear.conf" >"$tmp/client.conf"
chmod 600 "$tmp/client.conf"
start client c
await 10 "both links" paths_up client a b
is client '.peers[0].paths[1].why_code == "dear"' >/dev/null || fail "b is not dear"
download 10
await 8 "the dear link is in use" is client \
    '.peers[0].paths[1] | .rx_bps > 8000000 and .why_code == "dear-in-use" and (.why | contains("waits") | not)'
end "$flow_pid"
