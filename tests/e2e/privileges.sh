#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The engine, which alone touches packets of others, has nothing: no root, no capability and no way
# to one, an empty root directory, a filter of system calls, and no descriptor of a file.

. "$(dirname "$0")/lib.sh"

lab_up --links 'name=a 20/20,5ms'
start_pair a

field() {
    awk -v name="$1:" '$1 == name { print $2; exit }' "/proc/$engine/status"
}

for side in client server; do
    engine=$(engine_of "$side") || fail "no engine"
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do
        [ "$(field "$set")" = 0000000000000000 ] || fail "$side: $set is $(field "$set")"
    done
    [ "$(field Seccomp)" = 2 ] || fail "$side: no filter of system calls"
    [ "$(field NoNewPrivs)" = 1 ] || fail "$side: may gain privileges"
    awk '$1 ~ /^[UG]id:$/ { for (i = 2; i <= 5; i++) if ($i == 0) exit 1 }' "/proc/$engine/status" ||
        fail "$side: runs as root"
    [ -z "$(awk '$1 == "Groups:" { $1 = ""; gsub(" ", ""); print }' "/proc/$engine/status")" ] ||
        fail "$side: has groups"
    [ -z "$(ls -A "/proc/$engine/root/")" ] || fail "$side: its root directory is not empty"
    [ "$(readlink "/proc/$engine/cwd")" = "$(readlink "/proc/$engine/root")" ] ||
        fail "$side: its working directory is outside its root"
    [ -n "$(find "/proc/$engine/root/" -maxdepth 0 -uid 0 ! -perm /022)" ] ||
        fail "$side: may change its root directory"
    for fd in "/proc/$engine/fd"/*; do
        case $(readlink "$fd") in
        socket:* | anon_inode:* | /dev/net/tun | /dev/null) ;;
        "$tmp/$side.log") ;; # its standard error, as it was started
        *) fail "$side: has $(readlink "$fd") open as ${fd##*/}" ;;
        esac
    done
    ok "the engine of the $side"
done
