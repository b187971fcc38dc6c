#!/usr/bin/env bash
# How late the healthy are while a tenth of the databases hangs, against the same fleet without.
#   benches/black_holes.sh [DATABASES] [SECONDS]      400 databases on 40 servers, 120 s each, every 20 s
# PROGRAM=… runs another binary than the release build, FLEETS=… only some of the three. Needs PostgreSQL's server programs, psql and python3.
#
# Three fleets, one after the other: all well; a tenth hangs, spread over servers that are well; a tenth hangs, on servers
# of their own. One PostgreSQL stands for all servers (`server:` tells them apart); what hangs is a port that accepts and
# says nothing. Lateness is what the state has: when an audit began, after when it was due. At the start nobody knows what
# hangs, so the first 20 s are told apart.
set -euo pipefail
cd "$(dirname "$0")/.."
databases=${1:-400} seconds=${2:-120}
. benches/server.sh
if [ -z "${PROGRAM:-}" ]; then cargo build --release --locked --quiet; fi
program=$(realpath "${PROGRAM:-target/release/schemawarden}")

start_server holes max_connections=100
sql() { psql -XqAt -h 127.0.0.1 -p "$port" -U postgres "$@"; }
{ echo 'create role auditor login;'; for n in $(seq 25); do echo "create table t$n (id int primary key);"; done; } | sql postgres
work=$(mktemp -d /tmp/schemawarden-fleet-XXXXXX)
python3 benches/black_holes.py hang "$work/hole" & hole=$!
trap 'kill $hole 2>/dev/null || true; rm -rf "$work"; stop_server' EXIT
until [ -s "$work/hole" ]; do sleep 0.1; done

for fleet in ${FLEETS:-well spread apart}; do
  mkdir "$work/$fleet"
  python3 benches/black_holes.py config "$work/$fleet" "$fleet" "$databases" "$port" "$(cat "$work/hole")"
  began=$(date +%s%3N)
  (cd "$work/$fleet" && exec "$program" run --log warn 2>log >/dev/null) & daemon=$!
  sleep "$seconds"
  cpu=$(awk '{print ($14 + $15) / 100}' "/proc/$daemon/stat")
  kill "$daemon"; wait "$daemon" || true
  echo "$fleet: $(python3 benches/black_holes.py lateness "$work/$fleet" "$began"), $cpu s of CPU"
done
