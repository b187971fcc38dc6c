#!/usr/bin/env bash
# Every figure of docs/performance.md, each beside its reference, on a PostgreSQL that this starts and removes.
#   benches/run.sh            all
#   benches/run.sh check      one of: check throughput large state depth import memory discovery delivery watch guard http
#   benches/run.sh fleet           what a fleet costs; not part of all, since it takes an hour. Or one part of it:
#   benches/run.sh fleet PART      throughput tools ten-thousand black-hole hundred-thousand growth replicas state
#   benches/run.sh delivery 600    the last with ten minutes beside ill receivers, after two of the baseline
# Needs PostgreSQL's server programs, psql, pgbench and hyperfine (apt-get install postgresql hyperfine);
# http needs wrk and a browser (apt-get install wrk chromium chromium-driver).
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
half=${2:-20}

. benches/server.sh
command -v hyperfine >/dev/null || { echo "no hyperfine: apt-get install hyperfine" >&2; exit 2; }
cargo build --release --locked --quiet
program=$PWD/target/release/schemawarden
bench() { cargo bench --locked --quiet --bench audit -- "$@"; }

start_server bench max_connections=100
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

if [ "$what" = all ] || [ "$what" = state ]; then
  echo; echo "== the memory of storage: audits with it beside audits without, in turns"
  sql -c 'create database state' postgres
  made=0
  for size in 25 1000 10000; do
    for from in $(seq "$made" 500 $((size - 1))); do
      echo "begin;"
      for n in $(seq "$from" $((from + 499 < size - 1 ? from + 499 : size - 1))); do
        echo "create table s$n (id int); insert into s$n values (1), (2);"
      done
      echo "commit;"
    done | sql state
    made=$size
    sql -c 'vacuum analyze' state
    { echo "manifest: state"; echo "tables:"; for n in $(seq 0 $((size - 1))); do echo "  - s$n"; done; } >"$dir/state.yaml"
    bench state "$url/state" "$dir/state.yaml"
  done
fi

if [ "$what" = all ] || [ "$what" = depth ]; then
  echo; echo "== full depth of 1,000 tables of 10 columns, against psql running the same statements"
  sql -c 'create database deep' postgres
  {
    echo "begin;"
    for n in $(seq 0 999); do
      echo "create table t$n (id integer primary key, c1 text not null, c2 varchar(20) unique, c3 numeric(12,2) default 0, c4 timestamptz default now(), c5 integer references t0 (id), c6 boolean not null default false, c7 jsonb, c8 uuid, c9 integer check (c9 > 0));"
      echo "create index t${n}_c3 on t$n (c3);"
    done
    echo "commit;"
  } | sql deep
  sql -c 'vacuum analyze' deep
  mkdir "$dir/deep"
  "$program" snapshot --url "$url/deep" --depth full >"$dir/deep/deep.yaml"
  bench statements "$(sql -c 'show server_version' postgres)" >"$dir/statements.sql"
  chmod 644 "$dir/statements.sql" "$dir/deep/deep.yaml"
  bench depth "$url/deep" "$dir/deep/deep.yaml"
  hyperfine --warmup 3 --runs 20 --export-json "$dir/deep.json" -N \
    "psql -XAtq -o /dev/null -f $dir/statements.sql $url/deep" \
    "$program check --format json --url $url/deep --manifest $dir/deep/deep.yaml" 2>/dev/null | grep -E 'Time|Range' || true
  jq -r '.results | "median: psql \(.[0].median*1000|.*100|round/100) ms, the whole process of a check, with its manifest of 10,000 columns \(.[1].median*1000|.*100|round/100) ms"' "$dir/deep.json"
  bench compare
fi

if [ "$what" = all ] || [ "$what" = import ]; then
  echo; echo "== importing a Prisma schema of 300 models, and a dump of 1,000 tables"
  {
    printf 'datasource db {\n  provider = "postgresql"\n}\n'
    for n in $(seq 0 299); do
      printf 'model M%s {\n  id Int @id @default(autoincrement())\n  a String @unique\n  b Int?\n  c DateTime @default(now())\n  d Decimal @db.Decimal(12, 2)\n  e Json?\n  f Boolean @default(false)\n  otherId Int?\n  other M%s? @relation("r%s", fields: [otherId], references: [id])\n  back M%s[] @relation("r%s")\n  @@index([b, c])\n}\n' \
        "$n" "$(((n + 1) % 300))" "$n" "$(((n + 299) % 300))" "$(((n + 299) % 300))"
    done
  } >"$dir/schema.prisma"
  sql -c 'create database dumped' postgres
  {
    for n in $(seq 0 999); do
      echo "create table t$n (id integer primary key, c1 text not null, c2 varchar(20) unique, c3 numeric(12,2) default 0, c4 timestamptz default now(), c5 integer check (c5 > 0));"
      echo "create index t${n}_c3 on t$n (c3);"
    done
  } | sql dumped
  "$bin/pg_dump" --schema-only -h 127.0.0.1 -p "$port" -U postgres dumped >"$dir/dump.sql"
  chmod 644 "$dir/schema.prisma" "$dir/dump.sql"
  hyperfine --warmup 2 --runs 10 --export-json "$dir/import.json" -N \
    "$program import prisma $dir/schema.prisma --depth full" \
    "$program import sql $dir/dump.sql --depth full" 2>/dev/null | grep -E 'Time|Range' || true
  jq -r '.results | "median: 300 models \(.[0].median*1000|round) ms, 1,000 tables \(.[1].median*1000|round) ms"' "$dir/import.json"
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

if [ "$what" = all ] || [ "$what" = watch ]; then
  echo; echo "== from the commit of a change to the webhook's arrival, with watch, $count tables"
  sql -c 'create database watched template fleet_template' postgres
  mkdir -p "$dir/watch/expected-schemas"
  { echo "manifest: watched"; echo "tables:"; for table in $tables; do echo "  - $table"; done; } >"$dir/watch/expected-schemas/watched.yaml"
  printf "databases: [{ name: central, url: '%s', manifest: watched }]\n" "$url/watched" >"$dir/watch/config.yaml"
  (cd "$dir/watch" && "$program" sql observer central) | sql watched
  for gap in 1100 0; do
    cargo bench --locked --quiet --bench watch -- "$program" "$dir/watch" "postgres://postgres@127.0.0.1:$port/watched" "$url/watched" 200 "$gap"
  done
  echo "what the observer costs a command: 2,000 times create and drop of a table in one session, without it and with it"
  for database in fleet_template watched; do
    { echo "\\timing on"; echo "do \$\$begin for i in 1..2000 loop execute 'create table cost (id int)'; execute 'drop table cost'; end loop; end\$\$;"; } | sql "$database" | grep Time
  done
fi

if [ "$what" = all ] || [ "$what" = guard ]; then
  echo; echo "== what the guard adds to a statement: 1,000 times CREATE, ALTER, and DROP TABLE, each its own transaction, psql, in turns"
  for listed in 1000 10000; do
    mkdir -p "$dir/guard$listed/expected-schemas"
    { echo "manifest: guarded"; echo "tables:"; for n in $(seq 0 $((listed - 1))); do echo "  - t$n"; done; } >"$dir/guard$listed/expected-schemas/guarded.yaml"
    printf "databases: [{ name: guarded, url: '%s', manifest: guarded }]\n" "$url/guarded" >"$dir/guard$listed/config.yaml"
    for kind in CREATE ALTER DROP; do
      for turn in 1 2 3 4 5; do
        for guard in without with; do
          sql -c 'drop database if exists guarded' -c 'create database guarded' postgres 2>/dev/null
          creates() { for n in $(seq 0 999); do echo "create table t$n (id int, note text);"; done; }
          # What is dropped is not listed, or it would be refused.
          drops() { for n in $(seq 0 999); do echo "$1 table other$n$2;"; done; }
          case $kind in ALTER) creates | sql guarded ;; DROP) drops create ' (id int, note text)' | sql guarded ;; esac
          [ $guard = without ] || (cd "$dir/guard$listed" && "$program" sql guard guarded) | sql guarded
          case $kind in
            CREATE) creates ;;
            ALTER) for n in $(seq 0 999); do echo "alter table t$n add c int;"; done ;;
            DROP) drops drop '' ;;
          esac >"$dir/statements"
          began=$(date +%s%N)
          sql -f "$dir/statements" guarded
          echo "$(($(date +%s%N) - began))" >>"$dir/guard$listed/$kind.$guard"
        done
      done
      median() { sort -n "$dir/guard$listed/$kind.$1" | sed -n 3p; }
      echo "$(median without) $(median with)" | awk -v l=$listed -v k=$kind '{ printf "%6d tables listed, %-6s without %.3f ms, with %.3f ms: %.3f ms a statement\n", l, k, $1/1e9, $2/1e9, ($2-$1)/1e9 }'
    done
  done
fi

if [ "$what" = all ] || [ "$what" = discovery ]; then
  echo; echo "== a registry of 5,000 tenants, without audits"
  sql -c 'create database registry' postgres
  sql -c "create table public.\"Orchestra\" (name text primary key, url text not null, labels jsonb)" registry
  sql -c "insert into public.\"Orchestra\" select 'tenant-' || n, 'postgres://auditor:secret-' || n || '@db-' || n % 40 || '.example.com/tenant_' || n, '{\"team\": \"red\"}' from generate_series(1, 5000) n" registry
  sql -c 'grant select on public."Orchestra" to auditor' registry
  mkdir "$dir/registry"
  (umask 077; head -c 32 /dev/urandom | base64 >"$dir/registry/key")
  cat >"$dir/registry/config.yaml" <<EOF
manifests: $PWD/expected-schemas
state: { encryption_key_file: key }
databases: [{ name: central, url: "$url/registry", manifest: central }]
discover:
  - name: orchestras
    from: central
    query: select name, url, labels from public."Orchestra"
    allow_hosts: ["*.example.com"]
    manifest: orchestra
EOF
  cargo bench --locked --quiet --bench discovery -- "$dir/registry/config.yaml" 5000
fi

if [ "$what" = all ] || [ "$what" = delivery ]; then
  echo; echo "== from commit to arrival at a healthy receiver, beside one that hangs and one that answers 500"
  if [ "$half" -ge 600 ]; then turn=(1 10 120); else turn=(); fi
  cargo bench --locked --quiet --bench delivery -- "$half" "${turn[@]}"
fi

if [ "$what" = all ] || [ "$what" = http ]; then
  echo; echo "== pages and API at 10,000 databases and 500 incidents"
  # Two thousand sockets at this end, and as many at the other.
  ulimit -n "$(ulimit -Hn)"
  mkdir "$dir/http"
  cargo bench --locked --quiet --bench http -- "$program" "$dir/http"
fi

if [ "$what" = fleet ]; then
  # A few hundred ports at one end, as many connections at the other.
  ulimit -n "$(ulimit -Hn)"
  part=${2:-all}
  mkdir "$dir/fleet"
  fleet() { mkdir -p "$dir/fleet/$1"; cargo bench --locked --quiet --bench fleet -- "$1" "$program" "$dir/fleet/$1" "$port"; }
  wanted() { [ "$part" = all ] || [ "$part" = "$1" ]; }
  if wanted throughput || wanted tools; then
    for n in $(seq 0 499); do echo "create database fleet_$n template fleet_template;"; done | sql postgres
  fi
  ! { wanted throughput || wanted tools; } || fleet throughput | tee "$dir/fleet/throughput.txt"
  ! wanted tools || benches/fleet/tools.sh "$port" 100 "$(sed -n 's/.*× (\([0-9]*\)\/s; bare.*/\1/p' "$dir/fleet/throughput.txt")"
  for it in ten-thousand black-hole growth replicas state; do
    ! wanted "$it" || fleet "$it"
  done
  # The last size of growth, alone.
  [ "$part" != hundred-thousand ] || fleet hundred-thousand
fi
