#!/bin/sh
# SPDX-License-Identifier: ISC
#
# One TCP download over two links of 20 Mbit/s gets clearly more than one link could give it. The
# real figures are measured by bench/bond; this only notices when bonding does not work at all.

. "$(dirname "$0")/lib.sh"

lab_up twin
serve s
start_pair a b
flow c down 10.77.0.1 6
bits=$(jq '.bytes * 8 / 6 | floor' "$tmp/flow.down")
# The best that TCP gets of one link is 1448/1514 of its rate.
between 1.3 "$(jq -n "$bits / (20e6 * 1448 / 1514)")" 2 "times one link"
