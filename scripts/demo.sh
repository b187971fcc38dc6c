#!/bin/sh
# Replays the incident on this machine: installs what is missing, builds, runs `schemawarden demo`.
#
#   scripts/demo.sh           stays up after the story, until Ctrl-C
#   scripts/demo.sh --playground    no story: the databases, to try things on (docs/prevented.md)
#   scripts/demo.sh --once    ends after the last message: 0 when every expected one arrived
#
# Meant for a fresh Debian or Ubuntu with cargo; elsewhere it installs nothing, and says what is missing.
# Nothing that it starts outlives it.
set -eu

cd "$(dirname "$0")/.."

step() {
    printf '==> %s\n' "$*"
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "not root, and no sudo: run this as root once: $*"
    fi
}

# Debian keeps the server's programs out of PATH, in one folder for each major version. The demo itself
# looks in more places; where this finds nothing, apt is asked.
has_postgresql() {
    for initdb in "$(command -v initdb || true)" "$(pg_config --bindir 2>/dev/null || true)/initdb" \
        /usr/lib/postgresql/*/bin/initdb; do
        if [ -n "$initdb" ] && [ -x "$initdb" ]; then
            return 0
        fi
    done
    return 1
}

missing_packages() {
    has_postgresql || echo postgresql
    # Compiles the bundled SQLite and the cryptography of TLS.
    command -v cc >/dev/null || echo gcc libc6-dev
    # cargo's own downloads are over TLS.
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
}

# Debian's package creates and starts a server `main` of its own the moment it is installed, and the demo
# has no use for it. This file stops that; it is read by the package's installation script. It is written
# only where no postgresql-common was ever installed, and afterwards makes room for the distribution's own
# one, so that a server installed later behaves as everywhere. A main cluster that exists is never touched.
CREATECLUSTER=/etc/postgresql-common/createcluster.conf

without_main_cluster() {
    if [ -e "$CREATECLUSTER" ]; then
        "$@"
        return
    fi
    as_root mkdir -p "$(dirname "$CREATECLUSTER")"
    echo 'create_main_cluster = false' | as_root tee "$CREATECLUSTER" >/dev/null
    status=0
    "$@" || status=$?
    if [ -e "$CREATECLUSTER.ucf-dist" ]; then
        # Where the installation put the distribution's, having found ours.
        as_root mv "$CREATECLUSTER.ucf-dist" "$CREATECLUSTER"
    else
        as_root rm -f "$CREATECLUSTER"
    fi
    return "$status"
}

# UCF_FORCE_CONFFOLD: the file above is kept while the package is set up, and nobody is asked.
install_packages() {
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
        apt-get install --yes --quiet --no-install-recommends "$@"
}

# rustup puts cargo there, and a shell that was open before does not know.
command -v cargo >/dev/null || PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
command -v cargo >/dev/null || fail "no cargo: install Rust first (rustup, or your distribution's package)"

packages=$(missing_packages)
if [ -z "$packages" ]; then
    step "Everything that is needed is installed"
elif ! command -v apt-get >/dev/null; then
    # shellcheck disable=SC2086 # one line
    step "No apt-get here; not found: "$packages
else
    # shellcheck disable=SC2086 # a list of words, here and below
    step "Installing with apt-get: "$packages
    as_root apt-get update --quiet || step "Going on with the package lists that are here"
    # shellcheck disable=SC2086
    without_main_cluster install_packages $packages
fi

step "Building (the first time takes a few minutes)"
cargo build --release --locked

step "Running: schemawarden demo $*"
exec "${CARGO_TARGET_DIR:-target}/release/schemawarden" demo "$@"
