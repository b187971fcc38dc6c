#!/usr/bin/env bash
# How many databases a second other tools get through in a shell loop of 16, each as one `check` of it against the
# same expectation. Run by `benches/run.sh fleet tools`; the tools are those of benches/differs.sh.
#   benches/fleet/tools.sh PORT DATABASES RATE    the databases fleet_0 and on; RATE: what the daemon audits a second
set -euo pipefail
port=$1 databases=$2 ours=$3
prefix=${SCHEMAWARDEN_DIFFERS:-$HOME/.cache/schemawarden-differs}
for it in "$prefix/deb/usr/bin/check_postgres" "$prefix/migra/bin/migra" "$prefix/driftbrake/bin/driftbrake"; do
  [ -x "$it" ] || { echo "no $it: benches/differs.sh --install-only" >&2; exit 2; }
done
work=$(mktemp -d /tmp/schemawarden-tools-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME=$work NO_COLOR=1
at=127.0.0.1:$port
golden=postgresql://postgres@$at/fleet_template

# One line: so many a second, and how many times that is ours. A tool that fails once is not timed.
turn() { # NAME COMMAND, in which {} is a number
  local began took
  sh -c "${2//\{\}/0}" >once 2>&1 || { echo "$1: exit code $? on a database without drift: $(tail -n 2 once)"; return 0; }
  began=$(date +%s%N)
  seq 0 $((databases - 1)) | xargs -P 16 -I{} sh -c "$2" >out 2>&1 || { echo "$1: failed: $(tail -n 2 out)"; return 0; }
  took=$(($(date +%s%N) - began))
  awk -v n="$databases" -v t="$took" -v o="$ours" -v name="$1" 'BEGIN {
    rate = n / t * 1e9
    printf "%-64s %12s  %.0f × (%.2f databases a second, %d of them)\n", "the daemon against " name ", 16 at a time", "≥ 20 ×", o / rate, rate, n }'
}

turn check_postgres "$prefix/deb/usr/bin/check_postgres --action=same_schema --host=127.0.0.1 --port=$port --dbuser=postgres --dbname=fleet_template --dbname2=fleet_{}"
turn migra "$prefix/migra/bin/migra --unsafe postgresql://postgres@$at/fleet_{} $golden"
"$prefix/driftbrake/bin/driftbrake" snapshot --db-url "${golden/postgresql:/postgresql+psycopg2:}" --schemas public --output golden.json >/dev/null
turn driftbrake "$prefix/driftbrake/bin/driftbrake snapshot --db-url postgresql+psycopg2://postgres@$at/fleet_{} --schemas public --output now-{}.json && $prefix/driftbrake/bin/driftbrake diff --old golden.json --new now-{}.json --json report-{}.json"
