#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The engine, which alone touches packets of others, has nothing: no root, no capability and no way
# to one, an empty root directory, a filter of system calls, and no descriptor of a file. The guard
# has the bounds of the systemd unit, also where there is none. Neither is dumped or swapped out. The
# control socket is root's alone.

. "$(dirname "$0")/lib.sh"

lab_up --links 'name=a 20/20,5ms'
start_pair a

# field NAME [PROCESS]
field() {
    awk -v name="$1:" '$1 == name { print $2; exit }' "/proc/${2:-$engine}/status"
}

# The capabilities of the unit, as /proc tells sets.
unit_capabilities() {
    number=0
    for name in CHOWN DAC_OVERRIDE - FOWNER - KILL SETGID SETUID SETPCAP - NET_BIND_SERVICE - \
        NET_ADMIN NET_RAW - - - - SYS_CHROOT; do
        for has in $(sed -n 's/^CapabilityBoundingSet=//p' "$unit"); do
            [ "$has" != "CAP_$name" ] || echo "$number"
        done
        number=$((number + 1))
    done | awk '{ sum += 2 ^ $1 } END { printf "%016x\n", sum }'
}
unit=$(dirname "$0")/../../packaging/hawserd.service.in

# hidden PROCESS WHAT: its memory is neither dumped nor swapped out
hidden() {
    grep -q '^Max core file size  *0  *0 ' "/proc/$1/limits" || fail "$2: may leave a core file"
    grep -qx 0*0 "/proc/$1/coredump_filter" || fail "$2: a dump would have its memory"
    # Of a process that cannot be dumped everything in /proc is root's.
    [ "$(stat -c %u "/proc/$1/environ")" = 0 ] || fail "$2: can be dumped"
    # All of it, or, where memory that may be locked is limited, what is in the heap.
    least=100
    ! grep -q '^Max locked memory  *unlimited' "/proc/$1/limits" || least=1000
    [ "$(field VmLck "$1")" -ge "$least" ] || fail "$2: only $(field VmLck "$1") kB are locked"
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
        *) fail "$side: has $(readlink "$fd") open as ${fd##*/}" ;;
        esac
    done
    hidden "$engine" "the engine of the $side"
    ok "the engine of the $side"

    guard=$(guard_of "$side")
    for set in CapPrm CapEff CapBnd; do
        [ "$(field "$set" "$guard")" = "$(unit_capabilities)" ] ||
            fail "the guard's $set is $(field "$set" "$guard"), the unit's $(unit_capabilities)"
    done
    [ "$(field CapInh "$guard")$(field CapAmb "$guard")" = 00000000000000000000000000000000 ] ||
        fail "the guard's programs inherit capabilities"
    [ "$(field Seccomp "$guard")" = 2 ] || fail "the guard: no filter of system calls"
    [ "$(field NoNewPrivs "$guard")" = 1 ] || fail "the guard: may gain privileges"
    hidden "$guard" "the guard of the $side"
    ok "the guard of the $side"

    [ "$(stat -c '%F %a %u' "$tmp/$side.sock")" = "socket 600 0" ] ||
        fail "the control socket of the $side: $(stat -c '%F %a %u' "$tmp/$side.sock")"
done
ok "the control sockets are root's alone"
