#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What the completion for bash offers, and that it knows every command and option of the program.
#
# usage: completion.sh SOURCE-ROOT HAWSER

set -eu
tmp=$(mktemp -d -t hawser-completion-XXXXXX)
trap 'rm -rf "$tmp"' EXIT
program=$2
# shellcheck source=packaging/hawser.bash
. "$1/packaging/hawser.bash"

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# What runs, as hawser shows it.
hawser() {
    case "$*" in
    status) printf 'tunnel: hawser0\n  up: 1 second\n\npeer: home\n  state: up\n\npeer: office\n' ;;
    'status -i big')
        printf 'tunnel: big\n  peers: 5, of which 1 up\n\n  peer  state\n  p1    up\n  p2    down\n'
        printf '\npolicy calls: any\n'
        ;;
    link)
        printf '  link      peer  state\n  home/dsl  home  up\n  lte       -     waiting\n'
        # A link of the other side may be called so; 15 bytes are enough.
        # shellcheck disable=SC2016
        printf '  home/$(>%s/ran)  home  up\n  home/`>%s/ran`  home  up\n' "$tmp" "$tmp"
        ;;
    esac
}

# offers LINE WANTED: for the last word of the line; a space at its end begins a new one
offers() {
    read -ra COMP_WORDS <<<"$1"
    case $1 in *' ') COMP_WORDS+=('') ;; esac
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _hawser
    [ "${COMPREPLY[*]}" = "$2" ] || fail "\"$1\" offers \"${COMPREPLY[*]}\" instead of \"$2\""
}

for command in $("$program" --help | sed -n 's/^    \([a-z]*\) .*/\1/p'); do
    offers "hawser $command" "$command"
    [ "$command" != demo ] || continue # a program of its own
    known=$("$program" "$command" --help | grep -o -- '^    --*[a-z]*' | tr -d ' ' | sort -u)
    for option in $known; do
        case $option in -*) offers "hawser $command $option" "$option" ;; esac
    done
done
offers 'hawser st' status
offers 'hawser status ' 'home office'
offers 'hawser status of' office
offers 'hawser status -i big ' 'p1 p2'
offers 'hawser status --json -i big p2' p2
offers 'hawser status home ' ''
offers 'hawser status --s' --summary
offers 'hawser link ' 'home/dsl lte'
offers 'hawser link lte s' standby
[ ! -e "$tmp/ran" ] || fail 'the name of a link was run'
offers 'hawser link --json h' home/dsl
offers 'hawser reload h' ''
: >"$tmp/plain.sock" # which is no socket
HAWSER_RUN_DIR=$tmp
offers 'hawser top -i ' ''
: >"$tmp/x.conf"
offers "hawser reload -c $tmp/x" "$tmp/x.conf"
echo "ok: commands, options, peers, links"
