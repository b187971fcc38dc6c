#!/usr/bin/env bash
# The long form of the proofs that CI runs in short: kills at random moments, deaths between any two
# steps, a table that comes and goes every second for five minutes, a receiver that is slow for ten.
#
#   scripts/soak.sh [CYCLES]     default: 300 random kills, 20 deaths at each step
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cycles=${1:-300}
cargo test --locked --no-run
echo "== kills at random moments: $cycles"
SCHEMAWARDEN_CYCLES=$cycles cargo test --locked --test integration -- --exact --nocapture \
  crashes::a_kill_at_any_moment_loses_no_message
echo "== deaths between any two steps: 20 at each"
SCHEMAWARDEN_CYCLES=20 cargo test --locked --test integration -- --exact --nocapture \
  crashes::a_death_between_any_two_steps_loses_no_message
