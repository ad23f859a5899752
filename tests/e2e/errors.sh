#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What cannot work says so in one line that helps, with exit code 1: a bad configuration, missing
# privileges, a port in use. A reload of a bad file leaves the old configuration at work.

. "$(dirname "$0")/lib.sh"

# refused WHAT LINES PATTERN PLACE COMMAND...: exit code 1, so many lines, one of which matches
refused() {
    what=$1
    lines=$2
    pattern=$3
    shift 3
    code=0
    timeout 20 "$lab" exec --id "$id" "$@" >"$tmp/refused" 2>&1 || code=$?
    [ "$code" = 1 ] || fail "$what: exit code $code: $(cat "$tmp/refused")"
    [ "$(wc -l <"$tmp/refused")" = "$lines" ] || fail "$what: not $lines lines: $(cat "$tmp/refused")"
    grep -qE -- "$pattern" "$tmp/refused" || fail "$what: no $pattern: $(cat "$tmp/refused")"
    ok "$what: $(grep -m 1 -E -- "$pattern" "$tmp/refused")"
}

server_tunnel="nat = yes"
client_allowed=10.77.0.2/32
lab_up --links 'name=a 20/20,5ms'
start_pair a

sed -e 's/^nat = yes/natt = yes/' -e 's,10.77.0.2/32$,10.77.0.2/33,' "$tmp/server.conf" \
    >"$tmp/bad.conf"
line=$(grep -n natt "$tmp/bad.conf" | cut -d: -f1)
refused "unknown key" 2 "^$tmp/bad.conf:$line: .*natt.*\"nat\"" c "$hawserd" --check -c "$tmp/bad.conf"
line=$(grep -n '/33' "$tmp/bad.conf" | cut -d: -f1)
refused "bad value" 2 "^$tmp/bad.conf:$line: .*10.77.0.2/33" c "$hawserd" --check -c "$tmp/bad.conf"
refused "bad start" 2 "bad.conf:$line: " s "$hawserd" -f -c "$tmp/bad.conf"
refused "no file" 1 "none.conf" s "$hawserd" -f -c "$tmp/none.conf"
cp "$tmp/server.conf" "$tmp/open.conf"
chmod 644 "$tmp/open.conf"
refused "readable key" 1 "open.conf.*600" c "$hawserd" --check -c "$tmp/open.conf"
"$hawserd" --check -c "$tmp/server.conf" || fail "a good file is refused"
sed -e "2i hook = $tmp/none" -e 's/^user = nobody/user = hw-nobody-such/' "$tmp/server.conf" \
    >"$tmp/lacks.conf"
chmod 600 "$tmp/lacks.conf"
line=$(grep -n '^hook' "$tmp/lacks.conf" | cut -d: -f1)
refused "missing hook" 2 "^$tmp/lacks.conf:$line: hook: there is no $tmp/none" \
    c "$hawserd" --check -c "$tmp/lacks.conf"
line=$(grep -n '^user' "$tmp/lacks.conf" | cut -d: -f1)
refused "missing user" 2 "^$tmp/lacks.conf:$line: user: .* make it with .*useradd" \
    c "$hawserd" --check -c "$tmp/lacks.conf"
code=0
"$hawserd" --nonsense >&3 2>&1 || code=$?
[ "$code" = 2 ] || fail "wrong usage ends with exit code $code"

{
    echo "[tunnel]"
    echo "interface = hawser1"
    sed 1d "$tmp/server.conf" | sed "s,$tmp/server.sock,$tmp/second.sock,"
} >"$tmp/second.conf"
refused "port in use" 1 "4297.*in use" s "$hawserd" -f -c "$tmp/second.conf"
at s ip link show dev hawser1 >&3 2>&1 && fail "the refused tunnel left its device"
at s ip route show table all | grep -q hawser1 && fail "the refused tunnel left a route"
refused "no privileges" 1 "privilege" \
    i setpriv --bounding-set -all --inh-caps -all "$hawserd" -f -c "$tmp/second.conf"
refused "no such tunnel" 1 "is not running" c "$hawser" status -i "$tmp/none.sock"
refused "no such link" 1 "none|no link" c "$hawser" link none down -i "$tmp/client.sock"

cp "$tmp/client.conf" "$tmp/good.conf"
echo "nonsense = yes" >>"$tmp/client.conf"
line=$(wc -l <"$tmp/client.conf")
refused "bad reload" 1 ":$line: .*nonsense" c "$hawser" reload -i "$tmp/client.sock"
pings c -c 3 -i 0.05 10.77.0.1
paths_up client a >&3 || fail "the link went down"
chmod 644 "$tmp/client.conf"
refused "reload of a readable key" 1 "client.sock: $tmp/client.conf: the file holds a secret" \
    c "$hawser" reload -i "$tmp/client.sock"
chmod 600 "$tmp/client.conf"
cp "$tmp/good.conf" "$tmp/client.conf"
"$hawser" reload -i "$tmp/client.sock" || fail "the file that is right again is refused"
pings c -c 3 -i 0.05 10.77.0.1

# The nft program is missed when it is needed, and only then is that an error.
stop client
at c unshare --mount sh -c 'for nft in /usr/sbin/nft /sbin/nft /usr/bin/nft /usr/local/sbin/nft; do
        [ ! -e "$nft" ] || mount --bind /dev/null "$nft"
    done
    exec "$0" -f -c "$1"' "$hawserd" "$tmp/client.conf" >"$tmp/no-nft.log" 2>&1 &
started="$started $!"
await 10 "up without nft" paths_up client a
grep -q "mss-clamp is left out: ..*" "$tmp/no-nft.log" || fail "that is not told"
sed -i 's/^\[peer /lan = lan\n&/' "$tmp/client.conf"
refused "reload with lan, without nft" 1 "could not be set up" c "$hawser" reload \
    -i "$tmp/client.sock"
grep -q "lan = .* cannot be done: ..*" "$tmp/no-nft.log" ||
    fail "the reason is not told: $(cat "$tmp/no-nft.log")"
ok "the reason is told: $(grep "cannot be done" "$tmp/no-nft.log")"
