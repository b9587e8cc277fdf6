#!/usr/bin/env bash
# Puts the binary, its service and a first configuration in their places. Needs root.
# Another root folder, for packages and images: DESTDIR=/some/folder deploy/install.sh
set -euo pipefail
cd "$(dirname "$0")/.."
root="${DESTDIR:-}"

binary="${VISAVIS:-target/release/visavis}"
if [ ! -x "$binary" ]; then
  echo "$binary is missing: build it with \`cargo build --locked --release --bin visavis\`" >&2
  exit 1
fi

install -D -m 755 "$binary" "$root/usr/local/bin/visavis"
install -D -m 644 deploy/visavis.service "$root/etc/systemd/system/visavis.service"
install -d -m 755 "$root/etc/visavis"
if [ ! -e "$root/etc/visavis/visavis.toml" ]; then
  "$binary" config example > "$root/etc/visavis/visavis.toml"
fi
"$binary" config check --config "$root/etc/visavis/visavis.toml" > /dev/null

if [ -z "$root" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  echo "edit /etc/visavis/visavis.toml, then: systemctl enable --now visavis"
fi
