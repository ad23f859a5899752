#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What may come right later is waited for: a link's interface that is not there is said in the
# status and taken up when it appears; an endpoint's name that nobody knows is looked up again.

. "$(dirname "$0")/lib.sh"

endpoint=vps.test:4297
lab_up --links 'name=a 20/20,5ms; name=b 20/20,10ms'
at c ip link set dev b down
at c ip link set dev b name away
config_pair a b

# Names come from a file of ours; the name server is one that refuses at once.
echo "127.0.0.1 localhost" >"$tmp/hosts"
echo "nameserver 127.0.0.1" >"$tmp/resolv.conf"
echo "hosts: files dns" >"$tmp/nsswitch.conf"
chmod 644 "$tmp/hosts" "$tmp/resolv.conf" "$tmp/nsswitch.conf"
cat >"$tmp/with-names" <<END
#!/bin/sh
[ "\$1" = inside ] || exec unshare --mount "\$0" inside "\$@"
shift
for file in hosts resolv.conf nsswitch.conf; do
    [ ! -e /etc/\$file ] || mount --bind $tmp/\$file /etc/\$file || exit
done
exec $hawserd "\$@"
END
chmod 700 "$tmp/with-names"

start server s
hawserd_itself=$hawserd
hawserd=$tmp/with-names
start client c
hawserd=$hawserd_itself
await 10 "the missing interface is said" \
    is client '.links[] | select(.name == "b") | .state == "waiting" and (.why | contains("b"))'
sleep 4
alive "$(guard_of client)" || fail "the client ended"
lines=$(grep -c 'cannot be looked up' "$tmp/client.log") || fail "not a word of the name that nobody knows"
between 1 "$lines" 4 "lines about the name that nobody knows, in 4 s"

echo "203.0.113.1 vps.test" >>"$tmp/hosts"
await 40 "the name was looked up again" paths_up client a
at c ip link set dev away name b
at c ip link set dev b up
at c ip route add default via 10.0.2.1 dev b metric 102
await 10 "the link came up with its interface" paths_up client a b
pings c -c 3 -i 0.05 10.77.0.1
