# Sourced by the benches: starts a PostgreSQL that lives as long as the script. Takes a word for the name of its
# folder, and more settings for the server. Leaves $bin (its programs), $dir, $port.
# shellcheck shell=bash

bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -d "$bin" ] || { echo "no PostgreSQL server programs: apt-get install postgresql" >&2; exit 2; }

start_server() { # WORD SETTING…
  dir=$(mktemp -d "/tmp/schemawarden-$1-XXXXXX")
  as() { "$@"; }
  # The server refuses to be root.
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$dir"; chmod 755 "$dir"
    as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
  fi
  port=$((20000 + RANDOM % 10000))
  trap stop_server EXIT
  local options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c fsync=off" it
  for it in "${@:2}"; do options+=" -c $it"; done
  (cd "$dir" && as "$bin/initdb" -D "$dir/data" -U postgres --auth=trust --locale=C -E UTF8 --no-sync >/dev/null)
  (cd "$dir" && as "$bin/pg_ctl" start -w -D "$dir/data" -l "$dir/log" -o "$options" >/dev/null)
}

stop_server() { as "$bin/pg_ctl" stop -D "$dir/data" -m immediate >/dev/null 2>&1 || true; rm -rf "$dir"; }
