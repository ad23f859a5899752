#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Peers in files of their own: read at the start and by --check, taken up by a reload when files are
# added, changed and removed, each error with its file and line, and nothing changed by a reload that
# meets half a file, one that vanishes, or one that others can write. Then a thousand peers and a
# hundred more, while a client that is up goes on.

. "$(dirname "$0")/lib.sh"

dir=$tmp/server.conf.d

# refused TEXT: a reload says so, and nothing is another than before
refused() {
    ! "$hawser" reload -i "$tmp/server.sock" >"$tmp/said" 2>&1 || fail "the reload was not refused"
    grep -qF -- "$1" "$tmp/said" || fail "no \"$1\" in: $(cat "$tmp/said")"
    is server '.peers | map(.name) | sort == ["home", "office"]' >&3 ||
        fail "other peers: $(ask server '[.peers[].name]')"
    ok "refused: $1"
}
reloaded() {
    "$hawser" reload -i "$tmp/server.sock" || fail "the reload failed"
}
peers_are() {
    is server ".peers | map(.name) | sort == $1"
}
put() {
    cat >"$dir/$1.part"
    mv "$dir/$1.part" "$dir/$1"
}
section() {
    printf '[peer %s]\npublic-key = %s\nallowed-ips = %s\n' "$1" "$(public_key "$1")" "$2"
}

lab_up --links 'name=a 20/20,5ms'
config_pair a
mkdir "$dir"
sed -n '/^\[peer home\]/,$p' "$tmp/server.conf" | put home.conf
sed -i '/^\[peer home\]/,$d' "$tmp/server.conf"
section office 10.77.2.0/24 | put office.conf
"$hawserd" --check -c "$tmp/server.conf" || fail "--check does not take it"
ok "--check reads the files"
start server s
start client c
await 20 "client up" paths_up client a
await 10 "both peers are there" peers_are '["home", "office"]'

# Added, changed, removed
section branch 10.77.3.0/24 | put branch.conf
reloaded
await 5 "a file more" peers_are '["branch", "home", "office"]'
mv "$dir/branch.conf" "$dir/renamed.conf"
sed -i s/branch/twig/ "$dir/renamed.conf"
reloaded
await 5 "a changed one" peers_are '["home", "office", "twig"]'
rm "$dir/renamed.conf"
reloaded
await 5 "and one less" peers_are '["home", "office"]'
at s ip route show 10.77.3.0/24 | grep -q . && fail "the route to a removed peer is still there"
[ "$(ask server '.peers[] | select(.name == "home") | .handshakes')" = 1 ] ||
    fail "a reload disturbed a peer that had not changed"
ok "the client's session goes on"

# What is wrong
printf '[peer twig]\npublic-key = ' | put twig.conf
refused "$dir/twig.conf: its last line does not end"
: | put twig.conf
refused "$dir/twig.conf: the file is empty"
section twig 10.77.2.0/24 | put twig.conf
refused "$dir/twig.conf:3: allowed-ips: \"10.77.2.0/24\" belongs to [peer office] of $dir/office.conf:1"
{ section twig 10.77.3.0/24; echo "mtu = 1400"; } | put twig.conf
refused "$dir/twig.conf:4: \"mtu\" is no key of [peer NAME]: \"mtu\" belongs in [tunnel]"
! "$hawserd" --check -c "$tmp/server.conf" 2>"$tmp/said" || fail "--check takes it"
grep -qF "$dir/twig.conf:4: " "$tmp/said" || fail "--check says: $(cat "$tmp/said")"
section twig 10.77.3.0/24 | put twig.conf
chmod 666 "$dir/twig.conf"
refused "$dir/twig.conf: the file is not safe: others can change it"
rm "$dir/twig.conf"
ln -s nowhere "$dir/twig.conf"
refused "$dir/twig.conf: cannot read the file: No such file or directory"
rm "$dir/twig.conf"

# A set that somebody changes without end is taken whole or not at all: both peers, or none.
(
    while :; do
        section one 10.77.4.0/24 >"$dir/one.conf"
        section two 10.77.5.0/24 >"$dir/two.conf"
        rm -f "$dir/one.conf" "$dir/two.conf"
    done
) &
started="$started $!"
writer=$!
taken=0
rounds=0
while [ "$rounds" -lt 60 ]; do
    rounds=$((rounds + 1))
    ! "$hawser" reload -i "$tmp/server.sock" >"$tmp/said" 2>&1 || taken=$((taken + 1))
    names=$(ask server '[.peers[].name] | sort | join(" ")')
    case $names in
    "home office" | "home office one" | "home office one two") ;;
    *) fail "peers $names after $(cat "$tmp/said")" ;;
    esac
done
end "$writer"
rm -f "$dir/one.conf" "$dir/two.conf"
ok "of $rounds reloads of files that change $taken were taken, each of them whole"
reloaded
await 5 "as before" peers_are '["home", "office"]'

# Many
many_peers 0 1000 | put many.conf
reloaded
await 20 "a thousand peers" is server '.peers | length == 1002'
background c ping -q -i 0.002 -c 2000 10.77.0.1
pinging=$!
sleep 1
many_peers 1000 100 | put more.conf
mark
reloaded
ok "a hundred more in $((($(date +%s%N) - marked) / 1000000)) ms"
sleep 1
rm "$dir/more.conf"
mark
reloaded
ok "a hundred less in $((($(date +%s%N) - marked) / 1000000)) ms"
wait "$pinging" || fail "a ping was lost: $(tail -n 3 "$tmp/noise")"
ok "$(tail -n 1 "$tmp/noise")"
is server '.peers | length == 1002' >&3 || fail "$(ask server '.peers | length') peers"
[ "$(ask server '.peers[] | select(.name == "home") | .handshakes')" = 1 ] ||
    fail "a reload disturbed the client"
pings c -c 3 -i 0.05 10.77.0.1
