#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A client whose clock is wrong: one that called with the time of today, and after its next start has
# that of 1970, as a board without a battery before it has asked for the time. Its calls are older
# than those before, but the server asks once more and lets it in, says nothing of it, and takes the
# time of today again, too.

. "$(dirname "$0")/lib.sh"

# calls WHAT DAEMON
calls() {
    hawserd_itself=$hawserd
    hawserd=$2
    start client c
    hawserd=$hawserd_itself
    await 10 "$1: up" paths_up client a b
    pings c -c 3 -i 0.05 10.77.0.1
    stop client
}

lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
config_pair a b
start server s
calls "the time of today" "$hawserd"
[ "$("$build/tests/e2e/hawserd-1970" --version)" = "$("$hawserd" --version)" ] ||
    fail "that is another hawserd"
calls "1970" "$build/tests/e2e/hawserd-1970"
calls "1970 again" "$build/tests/e2e/hawserd-1970"
calls "today again" "$hawserd"
! grep -q 'clock' "$tmp/server.log" "$tmp/client.log" ||
    fail "somebody complains: $(grep clock "$tmp/server.log" "$tmp/client.log")"
ok "nobody complains of the clock"
