# SPDX-License-Identifier: ISC
#
# How a script is used, from the comment at its head. Sourced, not run; --help is answered here.

print_usage() {
    sed -n '/^# usage:/,/^#*$/s/^# //p' "$0"
}

usage() {
    print_usage >&2
    exit 2
}

case ${1:-} in
-h | --help)
    print_usage
    exit 0
    ;;
esac
