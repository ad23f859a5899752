#!/bin/sh
# SPDX-License-Identifier: ISC
#
# README.md names the packages that a build needs, in one line: those that packages.txt has under
# "build", libraries without their -dev packages aside, as these bring them along.
# Usage: packages.sh SOURCE-ROOT
set -eu
cd "$1"

needed=$(awk '/^# build$/ { on = 1 } /^# run$/ { on = 0 }
    on && NF > 0 && $1 != "#" && !/ (check|cross)/ && ($1 !~ /^lib/ || $1 ~ /-dev$/) { print $1 }' packages.txt |
    sort)
line=$(grep -E '^ *sudo apt install ' README.md)
[ "$(printf '%s\n' "$line" | wc -l)" = 1 ] || { echo "README.md: not one line with apt install"; exit 1; }
named=$(printf '%s\n' "$line" | sed -e 's/.*apt install//' -e 's/#//' -e 's/on amd64 also//' |
    tr -s ' ' '\n' | sed '/^$/d' | sort)
[ "$needed" = "$named" ] && exit
echo "README.md names other packages for a build than packages.txt:"
printf '%s\n' "$needed" "$named" | sort | uniq -u
exit 1
