#!/bin/sh
# Documents that can be read: no paragraph of docs/ has over 120 words (tables, drawings and items of
# a list apart), the brain is told in 1500, and scenarios have the names that hawser-sim takes.
# usage: documents.sh SOURCE-ROOT
set -eu
cd "$1"
status=0

long=$(for file in docs/*.md; do awk '
    function judge() {
        if (words > 120) print FILENAME ":" first ": a paragraph of " words " words; 120 at most"
        words = 0
    }
    /^```/ { judge(); fenced = !fenced; next }
    fenced || /^(    |\||#)/ { judge(); next }
    /^ *$/ { judge(); next }
    /^ *([-*]|[0-9]+\.) / { judge() }
    { if (words == 0) first = NR; words += NF }
    END { judge() }' "$file"; done)
if [ -n "$long" ]; then
    echo "$long"
    status=1
fi

words=$(wc -w <docs/bonding.md)
if [ "$words" -gt 1500 ]; then
    echo "docs/bonding.md has $words words; 1500 at most: studies belong in docs/bonding-study.md"
    status=1
fi

if grep -nE 'fibre ?\+ ?lte|ten[ -]to[ -]one' docs/*.md README.md HACKING.md | grep -v '^docs/lab.md:.*| tenone |'; then
    echo "scenarios are called as hawser-sim --list has them: fiblte, tenone"
    status=1
fi
exit $status
