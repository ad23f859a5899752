#!/bin/sh
# SPDX-License-Identifier: ISC
#
# systemd finds nothing wrong with the units. It only reads them: the service manager that may run
# here is not asked.
#
# usage: units.sh PACKAGING-BUILD-DIRECTORY HAWSERD HAWSER; exit 77: skipped

set -eu

command -v systemd-analyze >/dev/null || { echo "skipped: no systemd-analyze"; exit 77; }
hawserd=$(realpath "$2")
hawser=$(realpath "$3")
tmp=$(mktemp -d -t hawser-units-XXXXXX)
trap 'rm -rf "$tmp"' EXIT

# The program is not where it will be installed yet; a template is judged by an instance of it.
for unit in hawserd.service hawserd@.service; do
    instance=$(echo "$unit" | sed 's/@/@office/')
    sed -e "s,^ExecStart=[^ ]*,ExecStart=$hawserd," -e "s,^ExecReload=[^ ]*,ExecReload=$hawser," \
        "$1/$unit" >"$tmp/$instance"
    systemd-analyze verify --man=no --recursive-errors=no "$tmp/$instance" >"$tmp/said" 2>&1 ||
        { echo "FAIL: $unit:" >&2; cat "$tmp/said" >&2; exit 1; }
    [ ! -s "$tmp/said" ] || { echo "FAIL: $unit:" >&2; cat "$tmp/said" >&2; exit 1; }
    # What keeps a service that is not ready yet from being taken for one that is.
    for line in Type=notify NotifyAccess=main Restart=on-failure; do
        grep -qx "$line" "$1/$unit" || { echo "FAIL: $unit has no $line" >&2; exit 1; }
    done
    # A reload is of the tunnel that was started, whatever its interface is called.
    file=$(sed -n 's/^ExecStart=.* -c //p' "$1/$unit")
    grep -q "^ExecReload=/.*/hawser reload -c $file\$" "$1/$unit" ||
        { echo "FAIL: $unit does not reload $file by hawser reload" >&2; exit 1; }
    ok="${ok:-}$unit "
done
echo "ok: $ok"
