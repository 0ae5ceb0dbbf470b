#!/usr/bin/env bash
# Runs every check, cheapest first, and stops at the first that fails; `test.sh STEP…` runs only those named.
# scripts/setup.sh test must have run once.
set -euo pipefail
cd "$(dirname "$0")/.."
# What is compiled once needs no traces for the next time; they would take a third of the room.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0

STEPS=(format layers licences web-check web-build clippy generated examples rust browser)

step_format() { cargo fmt --all --check; }

step_layers() { cargo xtask check-layers; }

# Advisories are left out: their database is no package of a registry, and a new one must not fail an old commit.
step_licences() { cargo deny --workspace check bans licenses sources; }

# Types, lint and unit tests of the web app.
step_web-check() { (cd web && npm run check); }

step_web-build() { (cd web && npm run build); }

step_clippy() { cargo clippy --locked --workspace --all-targets -- -D warnings; }

# What is generated must be what is committed (or what lies in the working tree, before a commit).
step_generated() {
  [ -f crates/xtask/src/gen.rs ] || { echo "nothing is generated yet"; return; }
  local before
  before=$(tree_state)
  cargo xtask gen
  [ "$before" = "$(tree_state)" ] || { git status --short; echo "generated files are stale: commit what 'cargo xtask gen' wrote"; return 1; }
}
tree_state() { git diff | sha256sum; git ls-files --others --exclude-standard | sort | xargs -r sha256sum; }

# The examples in the documentation; nextest does not run them.
step_examples() { cargo test --locked --workspace --doc --quiet; }

# Every Rust test, beside a throw-away PostgreSQL.
step_rust() { scripts/postgres.sh with cargo nextest run --locked --workspace ${CI:+--profile ci}; }

# The web app in a real browser against the binary that the tests built, on both stores. Asking for the binary alone would
# choose other features of its dependencies, and compile nearly everything a second time.
step_browser() {
  cargo test --locked --workspace --no-run --quiet
  local here=$PWD
  (cd web && CARAVAN_BINARY="$here/target/debug/caravan" CHROMIUM="$(command -v chromium)" "$here/scripts/postgres.sh" with npm run e2e)
}

steps=("$@")
[ $# -gt 0 ] || steps=("${STEPS[@]}")
times=()
current=
trap 'code=$?; [ "$code" = 0 ] || printf "\n\033[31mfailed: %s, after %d s\033[0m\n" "$current" $((SECONDS - started)) >&2' EXIT
for current in "${steps[@]}"; do
  declare -F "step_$current" >/dev/null || { started=$SECONDS; echo "no step of this name; there are: ${STEPS[*]}" >&2; exit 2; }
  printf '\n\033[1m== %s\033[0m\n' "$current"
  started=$SECONDS
  "step_$current"
  times+=("$(printf '%-12s %5d s' "$current" $((SECONDS - started)))")
done
printf '\n\033[1mAll green.\033[0m\n'
printf '  %s\n' "${times[@]}" "$(printf '%-12s %5d s' together "$SECONDS")"
