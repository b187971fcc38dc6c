#!/usr/bin/env bash
# Lets schemathesis try to prove /openapi.json wrong: requests that fit it and requests that do not, made up
# by the thousand, each answer held against the document.
#
#   scripts/schemathesis.sh            a minute or two; ends with 1 where anything was found
#   scripts/schemathesis.sh --long     ten times as many requests
#
# Needs cargo, and python3 with venv; schemathesis comes by pip into target/. Starts a daemon of its own on
# loopback, with a state and databases that nobody answers for, and leaves nothing running.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# One version, so that a finding is ours and not a new check's.
SCHEMATHESIS=4.32.5
examples=60
for argument in "$@"; do
  case $argument in
    --long) examples=600 ;;
    *) echo "usage: scripts/schemathesis.sh [--long]" >&2; exit 2 ;;
  esac
done

# Older ones give up on the schemas that it makes of ours.
python=
for it in "${PYTHON:-}" python3.14 python3.13 python3.12 python3; do
  if [ -n "$it" ] && "$it" -c '' 2>/dev/null; then python=$it; break; fi
done
[ -n "$python" ] || { echo "no python3 here" >&2; exit 2; }

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
venv=$target/schemathesis-$SCHEMATHESIS
if [ ! -x "$venv/bin/schemathesis" ]; then
  "$python" -m venv "$venv"
  "$venv/bin/pip" --quiet install "schemathesis==$SCHEMATHESIS"
fi
binary=${SCHEMAWARDEN_BINARY:-$target/debug/schemawarden}
[ -n "${SCHEMAWARDEN_BINARY:-}" ] || cargo build --quiet --bin schemawarden

work=$(mktemp -d)
daemon=
finish() {
  if [ -n "$daemon" ] && kill "$daemon" 2>/dev/null; then wait "$daemon" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

mkdir "$work/expected-schemas"
printf 'manifest: central\ntables: [Orchestra, User, Customer, SystemLog]\n' > "$work/expected-schemas/central.yaml"
printf 'manifest: orchestra\ntables: [Musician, Concert]\n' > "$work/expected-schemas/orchestra.yaml"
# Port 9 is discard: nobody listens, so every audit ends at once, and incidents open by themselves.
cat > "$work/config.yaml" <<'YAML'
defaults: { schedule: { every: 5s }, confirm_failing: 1 }
http: { listen: "127.0.0.1:0" }
databases:
  - { name: central, url: "postgres://auditor@127.0.0.1:9/central", manifest: central, labels: { team: platform } }
  - { name: sco, url: "postgres://auditor@127.0.0.1:9/sco", manifest: orchestra }
  - { name: bso, url: "postgres://auditor@127.0.0.1:9/bso", manifest: orchestra }
channels:
  ops: { type: webhook, url: "http://127.0.0.1:9/" }
routes:
  - { to: [ops] }
YAML

"$binary" run --config "$work/config.yaml" > "$work/stdout" 2> "$work/log" &
daemon=$!
server=
for _ in $(seq 1 100); do
  server=$(sed -n 's/.*"http\.listen":"\([0-9.:]*\)".*/\1/p' "$work/log" | head -n 1)
  [ -n "$server" ] && [ -s "$work/schemawarden.token" ] && break
  kill -0 "$daemon" 2>/dev/null || { cat "$work/log" >&2; echo "the daemon did not start" >&2; exit 2; }
  sleep 0.1
done
[ -n "$server" ] || { cat "$work/log" >&2; echo "the daemon does not say where it listens" >&2; exit 2; }

cat > "$work/schemathesis.toml" <<'TOML'
# Two answer 503 because they are asked to (`fail_on`); which statuses there are is checked all the same.
[[operations]]
include-operation-id = ["list_databases", "show_database"]
checks.not_a_server_error.enabled = false

# What these take cannot all be said in JSON Schema: an instant that is past or ahead, a length of time that
# is not too long, a manifest, a glob, one of several ways to ask. So they may refuse what the schema allows.
[[operations]]
include-operation-id = ["find_expectations", "report", "add_silence", "begin_deploy"]
checks.positive_data_acceptance.enabled = false
TOML

# Every check is on where nothing says otherwise; `--checks` would overrule the file above. Streams never end,
# so they are looked at by the integration tests and not here.
# It leaves what it tried in the folder it runs in.
venv=$(realpath "$venv")
cd "$work"
# What it writes beside itself goes with the rest.
cd "$work"
"$venv/bin/schemathesis" --config-file "$work/schemathesis.toml" run "http://$server/openapi.json" \
  --header "Authorization: Bearer $(cat "$work/schemawarden.token")" \
  --exclude-path /events --exclude-path /api/v1/events \
  --max-examples "$examples" --request-timeout 30 --seed 1 --workers 2 \
  --suppress-health-check too_slow,filter_too_much --no-color

kill -0 "$daemon" 2>/dev/null || { tail -n 20 "$work/log" >&2; echo "the daemon has died" >&2; exit 1; }
if grep -c panicked "$work/log" > /dev/null; then grep panicked "$work/log" >&2; exit 1; fi
