#!/usr/bin/env bash
# The pure crates know nothing of sockets, clocks, threads or randomness.
# Proved twice: they depend on nothing but the libraries named here, and they
# build where no standard library exists (tools/no-std links them all behind
# its own panic handler, which the compiler refuses next to std).
set -euo pipefail
cd "$(dirname "$0")/.."

pure=(visavis-xmpp visavis-signal visavis-call)
allowed='^(visavis-(xmpp|signal|call)|base64|rxml|rxml_validation|thiserror|thiserror-impl|bytes|syn|quote|proc-macro2|unicode-ident|futures-core|hashbrown|smartstring|static_assertions|version_check|autocfg|memchr)$'

for crate in "${pure[@]}"; do
  while read -r name; do
    [[ $name =~ $allowed ]] || { echo "$crate depends on $name: not on the list of pure libraries" >&2; exit 1; }
  done < <(cargo tree --locked -p "$crate" -e normal --prefix none --format '{p}' | awk '{print $1}' | sort -u)
  root=crates/${crate#visavis-}/src/lib.rs
  grep -q '^#!\[no_std\]' "$root" || { echo "$root is not no_std" >&2; exit 1; }
  grep -q '^#!\[forbid(unsafe_code)\]' "$root" || { echo "$root does not forbid unsafe code" >&2; exit 1; }
done

cargo check --locked --quiet --manifest-path tools/no-std/Cargo.toml --target-dir target/no-std
echo "pure: ${pure[*]}"
