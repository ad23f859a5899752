# SPDX-License-Identifier: ISC
# Completion of hawser(1) for bash: commands, options, and the names of peers and links that run.

# Names of the peers in a status: of few each has a heading, of many a line of a table.
_hawser_peers() {
    hawser status "$@" 2>/dev/null |
        awk '/^peer: / { print $2 } /^$/ { table = 0 } table { print $1 } /^  peer  / { table = 1 }'
}

_hawser_links() {
    hawser link "$@" 2>/dev/null | awk '/^  / && $1 != "link" && $1 != "no" { print $1 }'
}

_hawser_interfaces() {
    local socket
    for socket in "${HAWSER_RUN_DIR:-/run/hawser}"/*.sock; do
        [ -S "$socket" ] || continue
        socket=${socket##*/}
        echo "${socket%.sock}"
    done
}

# offer WORDS...: those that begin as what was typed. Names may come from the other side: compgen -W
# would run what is in them.
_hawser_offer() {
    local name
    for name in "$@"; do
        if [[ $name == "$word"* && $name != *[!A-Za-z0-9._/@+:-]* ]]; then
            COMPREPLY+=("$name")
        fi
    done
}

_hawser() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
    local -a tunnel=() names=() words=() options=(--help -i -c)
    local i
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        _hawser_offer genkey pubkey genpsk status top link reload demo --help --version
        return
    fi
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -i)
        mapfile -t words < <(_hawser_interfaces)
        _hawser_offer "${words[@]}"
        return
        ;;
    -c)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    # Which tunnel is meant, and the arguments before this one.
    for ((i = 2; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -i | -c) tunnel=("${COMP_WORDS[i]}" "${COMP_WORDS[++i]}") ;;
        -*) ;;
        *) names+=("${COMP_WORDS[i]}") ;;
        esac
    done
    case $command in
    status) options+=(--json --summary) ;;
    link) options+=(--json) ;;
    top | reload) ;;
    demo) options=(--help --links --seconds) ;;
    *) options=(--help) ;;
    esac
    case $command/${#names[@]}/$word in
    */-*) words=("${options[@]}") ;;
    status/0/*) mapfile -t words < <(_hawser_peers "${tunnel[@]}") ;;
    link/0/*) mapfile -t words < <(_hawser_links "${tunnel[@]}") ;;
    link/1/*) words=(up down standby active) ;;
    esac
    _hawser_offer "${words[@]}"
}

complete -F _hawser hawser
