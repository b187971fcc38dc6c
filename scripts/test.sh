#!/usr/bin/env bash
# Everything a change has to pass, on a fresh Debian or Ubuntu machine with cargo.
#
# Installs what is missing (PostgreSQL's server programs, PgBouncer, an SMTP server, a browser and axe-core, a C
# compiler), then runs each step under its name and its time, and stops at the first that fails.
#
#   scripts/test.sh               everything
#   scripts/test.sh --no-install  the same, and fails where something is missing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

install=yes
for argument in "$@"; do
  case $argument in
    --no-install) install=no ;;
    *) echo "usage: scripts/test.sh [--no-install]" >&2; exit 2 ;;
  esac
done

say() { printf '\n== %s\n' "$*"; }
die() { printf '\n!! %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Rust's installer puts cargo here and tells only new login shells about it.
have cargo || PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
have cargo || die "cargo is not installed: see https://rustup.rs"

# --- What the machine has to have ------------------------------------------------------------------

postgres_here() {
  local directory
  have initdb && return 0
  if have pg_config; then
    directory=$(pg_config --bindir)
    [ -x "$directory/initdb" ] && return 0
  fi
  for directory in /usr/lib/postgresql/*/bin; do
    [ -x "$directory/initdb" ] && return 0
  done
  return 1
}

# Pages are tried with this version of axe-core, an npm package of one file; cargo's directory keeps it.
axe=4.14.1
axe_folder=${CARGO_TARGET_DIR:-target}/axe-core-$axe
axe_here() { [ -f "$axe_folder/package/axe.min.js" ]; }

missing=()
postgres_here || missing+=(postgresql)
have pgbouncer || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
# SQLite is bundled and ring has assembly: both are compiled here.
have cc || missing+=(gcc libc6-dev)
/usr/bin/python3 -c "import aiosmtpd" 2>/dev/null || missing+=(python3-aiosmtpd)
have mount && have setsid || missing+=(util-linux)
have chromium || missing+=(chromium)
have chromedriver || missing+=(chromium-driver)
# A browser without a font draws no letters, and a page without letters has no contrast to measure.
find /usr/share/fonts -name '*.ttf' -print -quit 2>/dev/null | grep -q . || missing+=(fonts-dejavu-core)
axe_here || have npm || missing+=(npm)
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi

if [ "${#missing[@]}" -gt 0 ]; then
  say "missing: ${missing[*]}"
  [ "$install" = yes ] || die "not installing (--no-install)"
  have apt-get || die "no apt-get here: install these with your package manager and run again"
  [ "${#as_root[@]}" -eq 0 ] || have sudo || die "neither root nor sudo: install these as root and run again"
  # The distribution's own clusters and services are not needed: the tests start their own.
  installer=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
  echo "+ ${installer[*]} update"
  "${installer[@]}" update
  echo "+ ${installer[*]} install --yes --no-install-recommends ${missing[*]}"
  "${installer[@]}" install --yes --no-install-recommends "${missing[@]}"
  postgres_here || die "PostgreSQL's initdb is still not to be found"
fi
if ! axe_here; then
  say "fetch axe-core $axe"
  [ "$install" = yes ] || die "not fetching (--no-install): npm pack axe-core@$axe, unpacked in $axe_folder"
  mkdir -p "$axe_folder"
  npm pack --silent --pack-destination "$axe_folder" "axe-core@$axe"
  tar -xzf "$axe_folder/axe-core-$axe.tgz" -C "$axe_folder"
  axe_here || die "no axe.min.js in what npm packed"
fi
# One test fills a small disk, and mounting one takes root. On a terminal sudo may ask, once.
if [ "$(id -u)" -ne 0 ] && ! sudo --non-interactive true 2>/dev/null; then
  { [ -t 0 ] && have sudo && sudo --validate; } ||
    die "one test has to mount a small disk to fill it: run as root, or where sudo works"
fi

# --- The steps -------------------------------------------------------------------------------------

# Warnings of our own code fail through `-D warnings` after clippy's and rustdoc's own `--`; RUSTFLAGS
# would do the same and build every dependency once more.
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"
left_out=()
timings=()
total=$SECONDS

step() { # NAME COMMAND…
  local name=$1 began=$SECONDS
  shift
  say "$name: $*"
  "$@" || die "FAILED: $name ($*), after $((SECONDS - began)) s"
  timings+=("$(printf '%6d s  %s' $((SECONDS - began)) "$name")")
}

component() { # COMMAND COMPONENT
  cargo "$1" --version >/dev/null 2>&1 && return 0
  [ "$install" = yes ] && have rustup || die "cargo $1 is missing: rustup component add $2"
  step "install $2" rustup component add "$2"
}

component fmt rustfmt
component clippy clippy

# Most tests wait for a server or a clock: twice as many at one time as there are cores take half the time.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((2 * $(nproc)))}"

step "format" cargo fmt --check
step "lint" cargo clippy --locked --all-targets -- -D warnings
step "test" cargo test --locked
step "document" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

if have cargo-deny; then
  # Advisories need their database; without a network (or a copy of it) the rest is still checked.
  if cargo deny --locked fetch db >/dev/null 2>&1; then
    step "dependencies" cargo deny --locked check
  else
    left_out+=("advisories of dependencies: their database could not be fetched")
    step "dependencies" cargo deny --locked check bans licenses sources
  fi
else
  left_out+=("licences, bans, sources and advisories of dependencies: cargo-deny is not installed")
fi

left_out+=("requests by the thousand against /openapi.json: scripts/schemathesis.sh, some minutes")

say "passed in $((SECONDS - total)) s"
printf '%s\n' "${timings[@]}"
for what in "${left_out[@]}"; do
  printf '\n!! LEFT OUT: %s\n' "$what"
done
