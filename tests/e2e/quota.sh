#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What a link with a quota carries is counted over a killed engine, a restart and a damaged file;
# a link that has used it up is the last resort, and nobody is cut off.

. "$(dirname "$0")/lib.sh"

states() {
    is client "[.peers[0].paths[] | {(.link): .state}] | add | contains($1)"
}
link_is() {
    is client ".links[] | select(.name == \"$1\") | $2"
}
used() {
    ask client '.links[] | select(.name == "b") | .quota_used_bytes'
}

file=$tmp/state/hawser0.usage
lab_up --links 'name=a 20/20,15ms; name=b 20/20,20ms'
config_pair a b
echo "quota = 12mb/month" >>"$tmp/client.conf"
start server s
start client c
await 20 "both links up" paths_up client a b
serve s

flow c down 10.77.0.1 8
await 15 "b has used it up" link_is b '.standby_when == "nothing else is left"'
await 5 "b is held back" states '{a: "up", b: "standby"}'
sleep 3 # the last report
all=$(used)
between 10800000 "$all" 14000000 "bytes used"
flow c down 10.77.0.1 2
sleep 3
between "$all" "$(used)" $((all + 20000)) "bytes after another download"

kill -9 "$(engine_of client)"
await 20 "held back by the next engine" states '{a: "up", b: "standby"}'
stop client
between "$all" "$(awk '$1 == "b" { print $3 }' "$file")" $((all + 40000)) "bytes in the file"
echo "a link that is none" >>"$file"
start client c
await 20 "and after a restart with a damaged file" states '{a: "up", b: "standby"}'
grep -q 'usage is damaged' "$tmp/client.log" || fail "the log does not tell of the damage"
between "$all" "$(used)" $((all + 40000)) "bytes kept"

"$lab" cut --id "$id" a
await 5 "the last resort" states '{b: "up"}'
pings c -c 5 -i 0.05 10.77.0.1
"$hawser" status -i "$tmp/client.sock" >"$tmp/text"
grep -q 'link b: standby, when nothing else is left, used 1[0-9.]* MB of 12.0 MB' "$tmp/text" ||
    fail "the status does not tell of the quota"
"$lab" restore --id "$id" a
await 10 "held back again" states '{a: "up", b: "standby"}'
