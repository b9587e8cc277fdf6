#!/usr/bin/env bash
# Installs what the build and the tests need on Debian 12/13 and Ubuntu 24.04.
# Usage: tools/setup.sh build|test
set -euo pipefail

want=${1:?usage: tools/setup.sh build|test}

missing=()
need() { # command-or-file package
  case $1 in
    /*) ls $1 >/dev/null 2>&1 || missing+=("$2") ;;
    *) command -v "$1" >/dev/null 2>&1 || missing+=("$2") ;;
  esac
}

need cc gcc
need c++ g++
need make make
need cmake cmake
need pkg-config pkg-config
need "/usr/lib/*/libvpx.a" libvpx-dev
if [ "$want" = test ] && [ -z "${CHROMIUM:-}" ]; then
  command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing+=(chromium)
fi

if ! command -v cargo >/dev/null 2>&1; then
  echo "Rust is missing: install it from https://rustup.rs, then run this again." >&2
  exit 1
fi

[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "Please install: ${missing[*]} (names as in Debian)." >&2
  exit 1
fi
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
echo "Installing ${missing[*]}" >&2
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
