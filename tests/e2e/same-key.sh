#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two machines with one key, as after a copied SD card. The one that started last works and loses
# nothing; the other one is told, with its address, and is back within 5 s when it is alone, whether
# the last one said goodbye or was killed. The server says it in few lines, and so do the clients.

. "$(dirname "$0")/lib.sh"

# Whether a machine is told that the one at wan has the session.
told() {
    is "$1" '.peers[0].state == "down" and (.peers[0].displaced_by | test("^203.0.113.22:"))'
}
lines() {
    grep -c "$2" "$tmp/$1.log" || true
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms' --clients 2
cat >"$tmp/hook" <<END
#!/bin/sh
[ "\$1" != peer-down ] || echo "\$HAWSER_REASON" >>"$tmp/hooked"
END
chmod 755 "$tmp/hook"
client_tunnel="hook = $tmp/hook"
start_pair a b
sed "s,client.sock,copy.sock,; /^hook/d; /^\[link/,\$d" "$tmp/client.conf" >"$tmp/copy.conf"
printf '[link wan]\ninterface = wan\n' >>"$tmp/copy.conf"
pings c -c 5 -i 0.05 10.77.0.1

mark
start copy c2
within 3000 "the copy is up" paths_up copy wan
mark
within 3000 "the first one is told by whom it was replaced" told client
every_ping c2 -c 100 -i 0.1 10.77.0.1
told client >&3 || fail "the first one is no longer told"
await 5 "the server shows the first one" is server '.peers[0].contested_by | test("^203.0.113.1")'
between 1 "$(lines server 'another machine uses its key')" 1 "lines about it on the server"
between 1 "$(lines client 'another machine uses this key: 203.0.113.22:')" 1 "and on the first one"
between 0 "$(wc -l <"$tmp/server.log")" 30 "lines of the server in all"
await 5 "its hook is told" grep -q '^another machine uses this key: 203.0.113.22:' "$tmp/hooked"

mark
stop copy
within 5000 "the first one is back after the goodbye of the copy" paths_up client a b
is client '.peers[0] | has("displaced_by") | not' >&3 || fail "it is still told"
every_ping c -c 30 -i 0.1 10.77.0.1

start copy c2
await 5 "the copy is up again" paths_up copy wan
mark
within 3000 "and the first one is told again" told client
engine=$(engine_of copy)
kill -9 "$(guard_of copy)" "$engine"
mark
within 5000 "the first one is back after the copy was killed" paths_up client a b
every_ping c -c 30 -i 0.1 10.77.0.1

stop client
mark
start client c
within 3000 "a restart" paths_up client a b
sleep 10 # so long after a refused call there are two machines
is server '.peers[0] | has("contested_by") | not' >&3 || fail "a restart counts as another machine"
