#!/usr/bin/env bash
# Schemawarden beside the schema differs that package registries offer: what each finds of seven seeded differences
# in a database of 25 tables, what else it reports, and how long it takes. The figures of docs/comparison.md.
#   benches/differs.sh                       all; the table on stdout
#   benches/differs.sh --out FILE            and in FILE
#   benches/differs.sh --runs 20             how often each is timed (10)
#   benches/differs.sh --raw DIR             where what each tool printed is kept, and the verdict on every line of it
#   benches/differs.sh --only NAME           one tool alone, such as migra or schemawarden
#   benches/differs.sh --install-only        no measuring
# The differs go to $SCHEMAWARDEN_DIFFERS (~/.cache/schemawarden-differs), in the versions that are written here and in
# benches/differs/; the system is left as it is. The program measured is $SCHEMAWARDEN (target/release/schemawarden):
# this builds nothing. Needs PostgreSQL's server programs, psql, pg_dump, hyperfine, jq, Python with venv, npm and java.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD/benches/differs

out='' raw='' runs=10 only='' install_only=
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=$(realpath -m "$2"); shift 2 ;;
    --raw) raw=$(realpath -m "$2"); shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    --install-only) install_only=yes; shift ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
  esac
done
prefix=${SCHEMAWARDEN_DIFFERS:-$HOME/.cache/schemawarden-differs}
raw=${raw:-$prefix/raw}
program=$(realpath -m "${SCHEMAWARDEN:-target/release/schemawarden}")

say() { printf '%s\n' "$*" >&2; }
die() { say "!! $*"; exit 2; }
. benches/server.sh
for it in psql pg_dump hyperfine jq python3 npm java dpkg apt-get; do
  command -v "$it" >/dev/null || die "no $it: apt-get install postgresql-client hyperfine jq python3-venv npm default-jre-headless"
done

# --- Installing ------------------------------------------------------------------------------------

# What is there was made from the files of today, or is made anew: a version that changes here changes there.
fresh() { # STAMP FILE-OR-WORD…
  local stamp=$prefix/$1.stamp now
  now=$(for it in "${@:2}"; do if [ -f "$it" ]; then cat "$it"; else echo "$it"; fi; done | sha256sum)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then return 1; fi
  rm -rf "${prefix:?}/$1" "$stamp"
  say "installing $1"
  printf '%s\n' "$now" >"$prefix/$1.wanted"
}
installed() { mv "$prefix/$1.wanted" "$prefix/$1.stamp"; }

mkdir -p "$prefix"
for it in migra results driftbrake pg-schema-diff; do
  if fresh "$it" "$here/$it.txt"; then
    python3 -m venv "$prefix/$it"
    "$prefix/$it/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/$it.txt"
    installed "$it"
  fi
done
if fresh npm "$here/npm/package.json" "$here/npm/package-lock.json"; then
  mkdir "$prefix/npm"
  cp "$here/npm/package.json" "$here/npm/package-lock.json" "$prefix/npm"
  (cd "$prefix/npm" && npm ci --ignore-scripts --no-audit --no-fund --silent)
  installed npm
fi
# Unpacked, not installed: no file of the system changes.
check_postgres_version=2.25.0-5 apgdiff_version=2.7.0-1
if fresh deb "$check_postgres_version" "$apgdiff_version"; then
  mkdir "$prefix/deb"
  (
    cd "$prefix/deb"
    # As root, apt warns that its own user may not write here.
    apt-get download "check-postgres=$check_postgres_version" "apgdiff=$apgdiff_version" >/dev/null 2>apt.log ||
      { cat apt.log >&2; die "not downloaded (is the list of packages old? apt-get update)"; }
    for it in *.deb; do dpkg -x "$it" .; done
  )
  installed deb
fi
[ -z "$install_only" ] || exit 0

# --- The two databases, and one more that is as the first -------------------------------------------

start_server differs
sql() { psql -XqAt -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres "$@"; }
# `copy` is built, not copied from a template: with a template the OIDs would be the same, and a tool that compares
# them would look better than it is.
for it in golden drifted copy; do
  sql -c "create database $it" postgres
  sql -f "$here/golden.sql" "$it"
done
sql -f "$here/drift.sql" drifted
server=$(sql -c 'show server_version' postgres)
tables=$(sql -c "select count(*) from pg_tables where schemaname in ('public', 'office')" golden)
[ "$tables" = 25 ] || die "golden has $tables tables, not 25"

# --- Measuring -------------------------------------------------------------------------------------

rm -rf "$raw"
mkdir -p "$raw"
work=$dir/work
mkdir "$work"
cd "$work"
# Some of them read a folder of their own under $HOME.
export HOME=$work NO_COLOR=1 LIQUIBASE_ANALYTICS_ENABLED=false
rows=() figures=()

# What is shown of a command: no folder, and no address of this run.
shown() {
  sed -e "s#$prefix/[^ ']*/##g; s#$(dirname "$program")/##g; s#$work/##g" \
    -e "s#[a-z0-9+:]*//postgres@127.0.0.1:$port/golden#\$GOLDEN#g; s#[a-z0-9+:]*//postgres@127.0.0.1:$port/\(drifted\|@DB@\)#\$DRIFTED#g" \
    -e "s#jdbc:postgresql://127.0.0.1:$port/golden#\$GOLDEN#g; s#jdbc:postgresql://127.0.0.1:$port/\(drifted\|@DB@\)#\$DRIFTED#g" \
    -e "s#127.0.0.1#\$HOST#g; s#$port#\$PORT#g; s#@DB@#drifted#g; s#|#\\\\|#g"
}

# One tool. @DB@ in its command is the database that is compared with golden. DRIFT is its exit code where there is
# drift, and 0 is that of a clean database: any other is a crash, and a crash is not a clean answer.
measure() { # NAME VERSION FORMAT DRIFT COMMAND NOTE [SHOW]
  local name=$1 version=$2 form=$3 drift=$4 command=$5 note=$6 show=${7:-} db code want verdict found=- false=- onto=- median least
  [ -z "$only" ] || [ "$only" = "$name" ] || return 0
  say "measuring $name $version"
  local file=${name//[@\/]/_}
  for db in drifted copy; do
    code=0
    sh -c "${command//@DB@/$db}" >"$raw/$file.$db.out" 2>"$raw/$file.$db.err" </dev/null || code=$?
    if [ -n "$show" ]; then
      mv "$raw/$file.$db.out" "$raw/$file.$db.log"
      sh -c "${show//@DB@/$db}" >"$raw/$file.$db.out"
    fi
    want=0; [ "$db" = copy ] || want=$drift
    if [ "$code" != "$want" ]; then
      say "!! $name on $db: exit code $code, not $want: $(tail -n 3 "$raw/$file.$db.err" | tr '\n' ' ')"
      rows+=("| $name | $version | \`$(shown <<<"$command")\` | failed | | | | | exit code $code on $db |")
      return 0
    fi
    verdict=$(python3 "$here/judge.py" "$form" "$db" "$raw/$file.$db.out" 2>"$raw/$file.$db.verdict") ||
      die "the judge does not understand $raw/$file.$db.out"
    if [ "$db" = copy ]; then onto=${verdict#*$'\t'}; else found=${verdict%$'\t'*} false=${verdict#*$'\t'}; fi
  done
  command=${command//@DB@/drifted}
  local timed=$command
  case $command in
    # A shell (of the smallest kind) only where there is more than one program to start.
    *'&&'* | *'|'*) printf '%s\n' "$command" >"$work/timed.sh"; timed="sh $work/timed.sh" ;;
  esac
  hyperfine -N --warmup 1 --runs "$runs" --ignore-failure --export-json "$raw/$file.json" "$timed" >/dev/null 2>&1 ||
    die "hyperfine could not run: $timed"
  read -r median least < <(jq -r '.results[0] | [.median, .min | . * 1000 | if . < 100 then . * 10 | round / 10 else round end] | join(" ")' "$raw/$file.json")
  say "  found $found of 7, false $false, on an identical copy $onto, median $median ms, fastest $least ms"
  rows+=("| $name | $version | \`$(shown <<<"$command")\` | $median | $least | $found | $false | $onto | $note |")
  figures+=("$name $median $found")
}

at=127.0.0.1:$port
golden=postgresql://postgres@$at/golden
it=postgresql://postgres@$at/@DB@
npm=$prefix/npm/node_modules

# Each in the fastest form that it documents: where it can read the golden side from a file, the file is made
# beforehand, as Schemawarden's manifest is.
measure check_postgres "${check_postgres_version%-*}" check_postgres 2 \
  "$prefix/deb/usr/bin/check_postgres --action=same_schema --filter=noposition --host=127.0.0.1 --port=$port --dbuser=postgres --dbname=golden --dbname2=@DB@" \
  "without \`--filter=noposition\` 8 false: the columns behind the dropped one have moved"
measure migra 3.0.1663481299 sql 2 \
  "$prefix/migra/bin/migra --unsafe $it $golden" \
  "last release 2022; needs SQLAlchemy below 2.1"
measure results 2.0.1789346060 sql 2 \
  "$prefix/results/bin/results dbdiff $it $golden" \
  "migra's successor by its author; rebuilds 12 unchanged foreign keys on the way"
measure @pgkit/migra 0.6.1 sql 0 \
  "$npm/.bin/migra run $it $golden --unsafe" \
  "migra in TypeScript; exits 0 with drift"
"$prefix/driftbrake/bin/driftbrake" snapshot --db-url "${golden/postgresql:/postgresql+psycopg2:}" --schemas public,office --output driftbrake-golden.json >/dev/null
measure driftbrake 0.3.0 driftbrake 0 \
  "$prefix/driftbrake/bin/driftbrake snapshot --db-url ${it/postgresql:/postgresql+psycopg2:} --schemas public,office --output driftbrake-now.json && $prefix/driftbrake/bin/driftbrake diff --old driftbrake-golden.json --new driftbrake-now.json --json driftbrake-report.json" \
  "false: the columns behind the dropped one have moved. Its one-step \`check\` reads \`public\` only and calls the 5 tables of \`office\` removed" \
  "cat driftbrake-report.json"
"$prefix/pg-schema-diff/bin/pg-schema-diff" snapshot --dsn "$golden" -o pg-schema-diff-golden.json >/dev/null 2>&1
measure pg-schema-diff 0.2.4 sql 0 \
  "$prefix/pg-schema-diff/bin/pg-schema-diff diff --source pg-schema-diff-golden.json --target $it" \
  "the schema \`public\` only"
# A dump of today has lines for psql (\restrict) that apgdiff does not know.
pg_dump -s -d "$golden" | grep -v '^[\]' >apgdiff-golden.sql
measure apgdiff "${apgdiff_version%-*}" sql 0 \
  "pg_dump -s -d $it | grep -v '^[\]' >apgdiff-now.sql && java -jar $prefix/deb/usr/share/java/apgdiff-2.7.jar apgdiff-now.sql apgdiff-golden.sql" \
  "with pg_dump; psql's \`\\restrict\` in a dump of today has to be taken out; packaged 2022"
"$npm/.bin/pgdelta" snapshot --source "$golden" --out pg-delta-golden.json >/dev/null 2>&1
measure @supabase/pg-delta 1.0.0-alpha.34 pg_delta 1 \
  "$npm/.bin/pgdelta drift --env $it --snapshot pg-delta-golden.json" \
  "an alpha; 35 lines for the seven"
cat >pg-diff-config.json <<END
{"d": {
  "sourceClient": {"host": "127.0.0.1", "port": $port, "database": "golden", "user": "postgres", "password": "-"},
  "targetClient": {"host": "127.0.0.1", "port": $port, "database": "drifted", "user": "postgres", "password": "-"},
  "compareOptions": {
    "outputDirectory": "$work/pg-diff", "author": "-", "getAuthorFromGit": false, "dataCompare": {"enable": false, "tables": []},
    "schemaCompare": {"namespaces": ["public", "office"], "dropMissingTable": true, "dropMissingView": true, "dropMissingFunction": true, "roles": []}
  },
  "migrationOptions": {"patchesDirectory": "-", "historyTableName": "-", "historyTableSchema": "public"}
}}
END
jq '{drifted: .d, copy: (.d | .targetClient.database = "copy")}' pg-diff-config.json >pg-diff.json
mkdir pg-diff
measure pg-diff-cli 2.4.1 sql 0 \
  "$npm/.bin/pg-diff -f $work/pg-diff.json -c @DB@ @DB@" \
  "writes the script to a file, and none where there is no difference; drops a quoted index without quotes" \
  "find pg-diff -name '*_@DB@.sql' -exec cat {} +"
types=tables,columns,indexes,primarykeys,foreignkeys,uniqueconstraints,sequences,views
measure liquibase 4.28.0 liquibase 0 \
  "$npm/liquibase/dist/liquibase/liquibase --show-banner=false diff --schemas=public,office --diff-types=$types --reference-url=jdbc:postgresql://$at/golden --reference-username=postgres --reference-password=- --url=jdbc:postgresql://$at/@DB@ --username=postgres --password=-" \
  "false: the columns behind the dropped one have moved. In its npm package 4.28.1; exits 0 with drift"

# --- Schemawarden ----------------------------------------------------------------------------------

ok=yes
if [ -n "$only" ] && [ "$only" != schemawarden ]; then
  :
elif [ ! -x "$program" ]; then
  say "!! NOT MEASURED: schemawarden: there is no $program (cargo build --release, or set SCHEMAWARDEN)"
  ok=no
elif ! "$program" snapshot --url "$golden" --depth full >golden.yaml 2>"$raw/schemawarden.snapshot.err"; then
  say "!! NOT MEASURED: schemawarden: $program snapshot --depth full fails: $(head -n 3 "$raw/schemawarden.snapshot.err" | tr '\n' ' ')"
  ok=no
else
  cp golden.yaml "$raw/schemawarden.golden.yaml"
  measure schemawarden "$("$program" --version | cut -d' ' -f2)" schemawarden 1 \
    "$program check --url $it --manifest golden.yaml" \
    "the manifest by \`snapshot --url \$GOLDEN --depth full\`"
fi

# --- The table -------------------------------------------------------------------------------------

table=$(
  printf '%s\n' '| tool | version | command | median, ms | fastest, ms | found of 7 | false | on an identical copy | note |' \
    '|---|---|---|---:|---:|---:|---:|---:|---|' "${rows[@]}"
)
printf '%s\n' "$table"
if [ -n "$out" ]; then printf '%s\n' "$table" >"$out"; fi
say "PostgreSQL $server, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg), $(date -u +%Y-%m-%d); outputs and verdicts in $raw"
printf '%s\n' "${figures[@]}" | awk '
  $1 == "schemawarden" { ours = $2; next }
  $3 == 7 && (best == "" || $2 < best) { best = $2; name = $1 }
  END { if (ours && best) printf "schemawarden is %.1f times as fast as %s, the fastest other that finds all seven (goal: 10)\n", best / ours, name }
' >&2
[ "$ok" = yes ] || exit 1
