#!/usr/bin/env bash
# Every figure of docs/performance.md, each beside its reference, on a PostgreSQL that this starts and removes.
#   benches/run.sh            all
#   benches/run.sh check      one of: check throughput large memory delivery
#   benches/run.sh delivery 600    the last with ten minutes beside ill receivers, after two of the baseline
# Needs PostgreSQL's server programs, psql, pgbench and hyperfine (apt-get install postgresql hyperfine).
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
half=${2:-20}

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "no PostgreSQL server programs: apt-get install postgresql" >&2; exit 2; }
command -v hyperfine >/dev/null || { echo "no hyperfine: apt-get install hyperfine" >&2; exit 2; }
cargo build --release --locked --quiet
program=$PWD/target/release/schemawarden
bench() { cargo bench --locked --quiet --bench audit -- "$@"; }

dir=$(mktemp -d /tmp/schemawarden-bench-XXXXXX)
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  chown postgres "$dir"; chmod 755 "$dir"
  as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
fi
port=$((20000 + RANDOM % 10000))
stop() { as "$bin/pg_ctl" stop -D "$dir/data" -m immediate >/dev/null 2>&1 || true; rm -rf "$dir"; }
trap stop EXIT
as "$bin/initdb" -D "$dir/data" -U postgres --auth=trust --locale=C -E UTF8 --no-sync >/dev/null
as "$bin/pg_ctl" start -w -D "$dir/data" -l "$dir/log" \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c fsync=off -c max_connections=100" >/dev/null
sql() { psql -XqAt -h 127.0.0.1 -p "$port" -U postgres "$@"; }
sql -c 'create role auditor login' postgres

# The 25 tables of the incident, as one database that every other is copied from.
tables=$(sed -n 's/^ *- \([A-Za-z]*\).*/\1/p' expected-schemas/central.yaml expected-schemas/orchestra.yaml | sort -u)
sql -c 'create database fleet_template' postgres
for table in $tables; do echo "create table \"$table\" (id text primary key, note text);"; done | sql fleet_template
count=$(sql -c "select count(*) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace" fleet_template)
echo "PostgreSQL $(sql -c 'show server_version' postgres), $count tables a database, $(nproc) cores"
url=postgres://auditor@127.0.0.1:$port

if [ "$what" = all ] || [ "$what" = check ]; then
  echo; echo "== one check of a $count-table database, whole process, against psql -XAtc 'select 1'"
  # Exit code 1 is drift: the whole point.
  hyperfine --warmup 20 --runs 200 --ignore-failure --export-json "$dir/check.json" -N \
    "psql -XAtc 'select 1' $url/fleet_template" \
    "$program check --format json --url $url/fleet_template --manifest expected-schemas/central.yaml" 2>/dev/null |
    grep -E 'Benchmark|Time|Range' || true
  jq -r '.results | "median: psql \(.[0].median*1000|.*100|round/100) ms, schemawarden \(.[1].median*1000|.*100|round/100) ms, ratio \(.[1].median/.[0].median*1000|round/1000)"' "$dir/check.json"
fi

if [ "$what" = all ] || [ "$what" = throughput ]; then
  echo; echo "== 200 databases of $count tables, concurrency 8"
  for n in $(seq 0 199); do echo "create database fleet_$n template fleet_template;"; done | sql postgres
  bench throughput "$url/fleet_{n}" 200 8
  echo "pgbench -C with the same statement, 8 clients, one database:"
  bench statement | tr '\n' ' ' >"$dir/statement.sql"
  pgbench -n -C -c 8 -j 2 -T 10 -f "$dir/statement.sql" -h 127.0.0.1 -p "$port" -U auditor fleet_0 2>/dev/null | grep -E '^tps' || true
fi

if [ "$what" = all ] || [ "$what" = large ]; then
  echo; echo "== one audit of 10,000 tables of 10 columns, against psql running the same statement"
  sql -c 'create database large' postgres
  columns=$(for c in $(seq 1 10); do printf 'c%s int,' "$c"; done)
  for from in $(seq 0 500 9999); do
    echo "begin;"
    for n in $(seq "$from" $((from + 499))); do echo "create table t$n (${columns%,});"; done
    echo "commit;"
  done | sql large
  sql -c 'vacuum analyze' large
  { echo "manifest: large"; echo "tables:"; for n in $(seq 0 9999); do echo "  - t$n"; done; } >"$dir/large.yaml"
  bench statement >"$dir/statement.sql"
  chmod 644 "$dir/statement.sql" "$dir/large.yaml"
  hyperfine --warmup 3 --runs 40 --export-json "$dir/large.json" -N \
    "psql -XAtq -o /dev/null -f $dir/statement.sql $url/large" \
    "$program check --format json --url $url/large --manifest $dir/large.yaml" 2>/dev/null | grep -E 'Time|Range' || true
  jq -r '.results | "median: psql \(.[0].median*1000|.*100|round/100) ms, schemawarden \(.[1].median*1000|.*100|round/100) ms, ratio \(.[1].median/.[0].median*1000|round/1000)"' "$dir/large.json"
fi

if [ "$what" = all ] || [ "$what" = memory ]; then
  echo; echo "== run with 1,000 registered databases, idle"
  mkdir "$dir/run"
  {
    echo "manifests: $PWD/expected-schemas"
    echo "defaults: { schedule: { cron: '0 0 1 1 *' } }"
    echo "http: { listen: 127.0.0.1:0 }"
    echo "databases:"
    for n in $(seq 0 999); do echo "  - { name: db$n, url: '$url/fleet_template', manifest: central }"; done
    echo "channels: { ops: { type: webhook, url: 'http://127.0.0.1:9/' } }"
    echo "routes: [{ to: [ops] }]"
  } >"$dir/run/config.yaml"
  (cd "$dir/run" && exec "$program" --log-format json run) 2>"$dir/run/log" &
  daemon=$!
  # Idle: every database has been audited once.
  for _ in $(seq 1 120); do
    port_http=$(sed -n 's/.*"http.listen":"127.0.0.1:\([0-9]*\)".*/\1/p' "$dir/run/log" | head -n 1)
    [ -n "$port_http" ] && left=$(curl -s "http://127.0.0.1:$port_http/healthz" | jq .verdicts.not_audited) && [ "$left" = 0 ] && break
    sleep 1
  done
  sleep 5
  grep -E 'VmRSS|VmHWM' "/proc/$daemon/status"
  kill "$daemon"; wait "$daemon" || true
fi

if [ "$what" = all ] || [ "$what" = delivery ]; then
  echo; echo "== from commit to arrival at a healthy receiver, beside one that hangs and one that answers 500"
  if [ "$half" -ge 600 ]; then turn=(1 10 120); else turn=(); fi
  cargo bench --locked --quiet --bench delivery -- "$half" "${turn[@]}"
fi
