#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The programs that are installed are built such that a mistake is harder to use, and have no cipher
# that encrypts nothing. Reads the binaries, and the objects of the first.
#
# usage: hardening.sh HAWSERD HAWSER COMPILER-ARGUMENT...; exit 77: skipped
set -eu

command -v readelf >/dev/null || { echo "skipped: no readelf"; exit 77; }
hawserd=$1
hawser=$2
shift 2
status=0

wrong() {
    echo "FAIL: $*" >&2
    status=1
}

for program in "$hawserd" "$hawser"; do
    name=${program##*/}
    dynamic=$(readelf -dW "$program")
    segments=$(readelf -lW "$program")
    echo "$dynamic" | grep -q 'FLAGS_1.*\bPIE\b' || wrong "$name is not position-independent"
    echo "$dynamic" | grep -q 'FLAGS_1.*\bNOW\b' || wrong "$name does not bind at its start"
    echo "$segments" | grep -q GNU_RELRO || wrong "$name has tables that stay writable"
    echo "$segments" | grep 'GNU_STACK' | grep -q ' RW ' || wrong "$name has an executable stack"
    [ "$(echo "$segments" | grep -c 'LOAD .* RWE ')" = 0 ] ||
        wrong "$name has memory that is writable and executable"
    if echo "$dynamic" | grep -q 'TEXTREL'; then
        wrong "$name changes its own code at the start"
    fi
    if nm "$program" | grep -q ' [^w] aead_null$\| null_seal$'; then
        wrong "$name has a cipher that encrypts nothing"
    fi
    nm -D "$program" | grep -q '__stack_chk_fail' || wrong "$name has no stack protector"
done

# What is seen in the objects only: a program has the note if the C library's start has it, too.
object=$(find "$hawserd.p" -name '*.o' | head -n 1)
[ -n "$object" ] || wrong "no object of $hawserd"
for argument in "$@"; do
    case $argument in
    -D_FORTIFY_SOURCE=*)
        nm -D "$hawserd" | grep -q '_chk\b' || wrong "hawserd has no checked copies"
        level=${argument#*=}
        ;;
    -fcf-protection=full)
        readelf -nW "$object" | grep -q 'IBT.*SHSTK' || wrong "hawserd has no branch protection"
        ;;
    -mbranch-protection=standard)
        readelf -nW "$object" | grep -q 'BTI.*PAC' || wrong "hawserd has no branch protection"
        ;;
    esac
done
[ "$status" = 1 ] || echo "ok, with FORTIFY_SOURCE ${level:-off: a sanitizer or no optimisation}"
exit "$status"
