#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two minutes of bench/soak: books that balance, connections that last, and no growth.

[ $# = 1 ] || { echo "usage: $0 BUILD-DIRECTORY" >&2; exit 2; }
export HAWSER_BUILD="$1"
exec "$(dirname "$0")/../../bench/soak" --minutes 2 --seed 1
