#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A short run of bench/leaks: drawn faults, and no packet in clear.

[ $# = 1 ] || { echo "usage: $0 BUILD-DIRECTORY" >&2; exit 2; }
export HAWSER_BUILD="$1"
exec "$(dirname "$0")/../../bench/leaks" --seconds 25 --seed 1
