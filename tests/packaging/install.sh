#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What README.md and the manual pages name is installed, and runs from there.
#
# usage: install.sh BUILD-DIRECTORY

set -eu
tmp=$(mktemp -d -t hawser-install-XXXXXX)
trap 'rm -rf "$tmp"' EXIT

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

meson install -C "$1" --no-rebuild --destdir "$tmp/root" >"$tmp/log" 2>&1 || fail "$(cat "$tmp/log")"
for name in bin/hawser sbin/hawserd libexec/hawser/hawser-demo; do
    program=$(find "$tmp/root" -path "*/$name")
    [ -x "$program" ] || fail "$name is not installed"
    "$program" --help | grep -q '^usage: ' || fail "$name does not run"
done
# What the demo finds beside itself.
for name in libexec/hawser/hawser-emu man1/hawser.1 man8/hawserd.8 man5/hawser.conf.5 \
    system/hawserd.service system/hawserd@.service sysusers.d/hawser.conf \
    bash-completion/completions/hawser; do
    [ -n "$(find "$tmp/root" -path "*/$name")" ] || fail "$name is not installed"
done
[ "$(stat -c %a "$tmp/root/etc/hawser")" = 700 ] || fail "others may look into /etc/hawser"
[ -z "$(find "$tmp/root" -type f -perm /022)" ] || fail "others may change $(find "$tmp/root" -perm /022)"
echo "ok: $(find "$tmp/root" -type f | wc -l) files"
