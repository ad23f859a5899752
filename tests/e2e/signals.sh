#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A daemon whose starter ignores and blocks signals, as some programs do, works as any other: the end
# of its engine is noticed, and SIGHUP and SIGTERM are heard.

. "$(dirname "$0")/lib.sh"

another_engine() {
    now=$(engine_of client) && [ "$now" != "$engine" ]
}

lab_up --links 'name=a 20/20,5ms'
client_tunnel="nat = yes" # set by a program whose result counts
config_pair a
cat >"$tmp/starter" <<END
#!/bin/sh
exec env --ignore-signal --block-signal $hawserd "\$@"
END
chmod 700 "$tmp/starter"
start server s
hawserd=$tmp/starter
start client c
await 20 "up" paths_up client a
engine=$(engine_of client)
kill -9 "$engine"
await 5 "the end of its engine is noticed" grep -q 'the engine was ended by signal 9' \
    "$tmp/client.log"
await 10 "there is another one" another_engine
await 20 "up again" paths_up client a
kill -HUP "$(guard_of client)"
await 5 "SIGHUP is heard" grep -q 'the changed configuration is in use' "$tmp/client.log"
stop client
