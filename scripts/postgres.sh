#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL: `postgres.sh with COMMAND…`; or by hand `eval "$(postgres.sh start)"`, `postgres.sh stop`.
# The command finds the server's address in CARAVAN_TEST_DATABASE_URL. Nothing survives; durability is off.
set -euo pipefail

fail() { printf 'postgres.sh: %s\n' "$*" >&2; exit 1; }

bin_dir() {
  local found
  found=$(command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 || true)
  [ -n "$found" ] || fail "no PostgreSQL server here; scripts/setup.sh test installs it"
  dirname "$found"
}

# PostgreSQL refuses to run as root: then the user that its package made runs it.
as_server_user() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

create_cluster() {
  local dir=$1
  if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
  as_server_user "$BIN/initdb" --pgdata "$dir/data" --username postgres --auth trust --encoding UTF8 --locale C.UTF-8 \
    --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; fail "initdb failed"; }
}

# Tries random ports until one is free; prints the one taken.
start_cluster() {
  local dir=$1 port
  for _ in 1 2 3 4 5 6 7 8; do
    port=$((20000 + RANDOM % 12000))
    if as_server_user "$BIN/pg_ctl" --pgdata "$dir/data" --log "$dir/server.log" --wait --silent --options \
      "-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200" \
      start >/dev/null 2>&1; then
      echo "$port"
      return
    fi
  done
  cat "$dir/server.log" >&2
  fail "the server did not start"
}

start() {
  local dir port
  dir=$(mktemp -d "${TMPDIR:-/tmp}/caravan-postgres.XXXXXX")
  create_cluster "$dir"
  port=$(start_cluster "$dir")
  echo "export CARAVAN_TEST_POSTGRES_DIR=$dir"
  echo "export CARAVAN_TEST_DATABASE_URL=postgres://postgres@127.0.0.1:$port/postgres"
}

stop() {
  local dir=${CARAVAN_TEST_POSTGRES_DIR:?no server was started from this shell}
  as_server_user "$BIN/pg_ctl" --pgdata "$dir/data" --mode immediate --silent stop || true
  rm -rf "$dir"
}

with() {
  [ $# -gt 0 ] || fail "with what? postgres.sh with COMMAND…"
  local settings
  settings=$(start)
  eval "$settings"
  trap stop EXIT
  trap 'exit 130' INT TERM
  "$@"
}

BIN=$(bin_dir)
case "${1:-}" in
  start) start ;;
  stop) stop ;;
  with) shift; with "$@" ;;
  *) fail "usage: postgres.sh start | stop | with COMMAND…" ;;
esac
