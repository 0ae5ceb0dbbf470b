#!/usr/bin/env bash
# Installs what is missing: `setup.sh build` what a build needs, `setup.sh test` what the tests need too. Safe to repeat.
set -euo pipefail
cd "$(dirname "$0")/.."

NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2

say() { printf '\033[1m%s\033[0m\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif has sudo; then
    sudo "$@"
  else
    fail "needs administrator rights for: $*. Run that as root, then start again."
  fi
}

# One apt-get call for every package that is missing.
install_packages() {
  [ $# -gt 0 ] || return 0
  has apt-get || fail "please install these packages (named as on Debian), then start again: $*"
  say "Installing $*"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# check_version NAME FOUND LEAST: fails with a sentence when FOUND is older than LEAST.
check_version() {
  [ "$(printf '%s\n%s\n' "$3" "$2" | sort -V | head -n 1)" = "$3" ] || fail "$1 is $2, needed is $3 or later"
}

check_languages() {
  has cargo || fail "Rust is missing: install rustup with a stable toolchain, then start again"
  has npm || fail "Node.js with npm is missing: install Node.js 20 or later, then start again"
  check_version Rust "$(rustc --version | cut -d ' ' -f 2)" "$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)"
  check_version Node.js "$(node --version | tr -d v)" 20.19
}

packages_for_build() {
  has cc || echo gcc libc6-dev
}

packages_for_tests() {
  has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || echo postgresql
  has chromium || echo chromium
  # Debian's Python comes without the means to make a virtual environment.
  python3 -c 'import ensurepip' 2>/dev/null || echo python3 python3-venv
  has git || echo git
}

# npm ci only when the lock file changed since the last time.
install_web_packages() {
  local installed=web/node_modules/.installed-lock.json
  cmp -s web/package-lock.json "$installed" && return 0
  say "Installing the web app's packages"
  (cd web && npm ci --no-audit --no-fund)
  cp web/package-lock.json "$installed"
}

install_python_packages() {
  cmp -s requirements.txt .venv/installed.txt && return 0
  say "Installing Python packages into .venv"
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
  cp requirements.txt .venv/installed.txt
}

# Built without optimisation: they start in a minute or two instead of many, and are quick enough.
install_cargo_tools() {
  has cargo-nextest || { say "Building cargo-nextest $NEXTEST_VERSION"; cargo install --quiet --locked --debug cargo-nextest --version "$NEXTEST_VERSION"; }
  has cargo-deny || { say "Building cargo-deny $DENY_VERSION"; cargo install --quiet --locked --debug cargo-deny --version "$DENY_VERSION"; }
}

setup_build() {
  check_languages
  # shellcheck disable=SC2046 # one word per package
  install_packages $(packages_for_build)
  install_web_packages
}

setup_test() {
  check_languages
  # shellcheck disable=SC2046
  install_packages $(packages_for_build) $(packages_for_tests)
  install_web_packages
  install_python_packages
  install_cargo_tools
}

case "${1:-}" in
  build) setup_build ;;
  test) setup_test ;;
  *) fail "say what for: setup.sh build | test" ;;
esac
