#!/usr/bin/env bash
# Installs what the build needs on Debian 12/13 and Ubuntu 24.04; with the
# argument `browser` also what the tests with foreign programs need, with `chat`
# the servers that `visavis-bench chat` measures beside ours.
set -euo pipefail

missing=()
need() { # command package...
  command -v "$1" >/dev/null 2>&1 || missing+=("${@:2}")
}

need cc gcc libc6-dev
need cmake cmake
need pkg-config pkg-config
pkg-config --exists vpx 2>/dev/null || missing+=(libvpx-dev)
if [ "${1:-}" = browser ] && [ -z "${CHROMIUM:-}" ]; then
  command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 ||
    if grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null; then need chromium-browser chromium-browser; else missing+=(chromium); fi
fi

if [ "${1:-}" = browser ]; then
  need turnutils_uclient coturn
  need openssl openssl
  /usr/bin/python3 -c 'import slixmpp' 2>/dev/null || missing+=(python3-slixmpp)
  need node nodejs
  need npm npm
  # Networks with links that can be cut.
  need ip iproute2
  need unshare util-linux
  need mount mount
  # What stands between a network and its hosts.
  need nft nftables
fi

if [ "${1:-}" = chat ]; then
  # Servers that ours is compared with.
  need prosody prosody
  need ejabberdctl ejabberd
fi

if ! command -v cargo >/dev/null 2>&1; then
  echo "Rust is missing: install it from https://rustup.rs, then run this again." >&2
  exit 1
fi

libraries() { # of the foreign clients, as wanted
  [ "$1" != browser ] || npm ci --silent --no-fund --no-audit --prefix "$(dirname "$0")/../tests/interop/clients"
}

if [ ${#missing[@]} -eq 0 ]; then
  libraries "${1:-}"
  exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
  echo "Please install: ${missing[*]} (names as in Debian)." >&2
  exit 1
fi
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
echo "Installing ${missing[*]}" >&2
"${sudo[@]}" apt-get update -qq

# Of these, no server must start, now or later: the tests start their own.
policy=/usr/sbin/policy-rc.d
servers=()
for server in coturn prosody ejabberd; do
  [[ " ${missing[*]} " != *" $server "* ]] || servers+=("$server")
done
if [ ${#servers[@]} -gt 0 ] && [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" install -m 755 /dev/stdin "$policy"
  trap '"${sudo[@]}" rm -f "$policy"' EXIT
fi
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
if [ ${#servers[@]} -gt 0 ] && [ -d /run/systemd/system ]; then
  "${sudo[@]}" systemctl disable -q "${servers[@]}"
fi
libraries "${1:-}"
