#!/usr/bin/env bash
# The long form of the proofs that CI runs in short: kills at random moments, deaths between any two
# steps, a table that comes and goes every second for five minutes, two thousand databases that drift at
# once. What ill receivers cost a healthy one is measured by `benches/run.sh delivery 600`.
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
echo "== a table that is created and dropped each second, for 300 s"
SCHEMAWARDEN_FLAP_SECONDS=300 cargo test --locked --test integration -- --nocapture \
  incident_life::a_table_that_comes_and_goes
echo "== 2,000 databases drift at once"
SCHEMAWARDEN_STORM=2000 cargo test --locked --test integration -- --exact --nocapture \
  alerts::bursts::a_storm_is_told_in_few_messages_and_all_of_it_can_be_reached
