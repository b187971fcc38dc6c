#!/usr/bin/env bash
# The long form of the proof that CI runs in short: three replicas on one state, of which one after the other is killed,
# frozen past its lease, or cut off from the state, while databases drift and become clean again. Prints each cycle, and
# at the end what was lost, what came twice, what was committed too late, and how long work lay, by kind of trouble.
#
#   scripts/chaos.sh [CYCLES] [PROFILE]     default: 200 cycles, about 9 s each; `release` measures a release build
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cycles=${1:-200}
profile=()
[ "${2:-}" = release ] && profile=(--release)
cargo test --locked "${profile[@]}" --test integration --no-run
echo "== three replicas, $cycles cycles"
SCHEMAWARDEN_CYCLES=$cycles cargo test --locked "${profile[@]}" --test integration -- --exact --nocapture \
  replicas::chaos::no_trouble_of_a_replica_loses_a_message_or_commits_what_is_past
