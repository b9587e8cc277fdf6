#!/usr/bin/env bash
# The pure crates know nothing of sockets, clocks, threads or randomness.
# Proved twice: they depend on nothing but the libraries named here, and they
# build where no standard library exists (tools/no-std links them behind its
# own panic handler, which the compiler refuses next to std). The second does
# not go for visavis-turn: stun-types and stun-proto ask for libraries with
# their std features on (subtle, base64), though they are no_std themselves.
set -euo pipefail
cd "$(dirname "$0")/.."

pure=(visavis-xmpp visavis-signal visavis-call visavis-turn visavis-quality)
allowed='^(visavis-(xmpp|signal|call|quality)|base64|rxml|rxml_validation|thiserror|thiserror-impl|bytes|syn|quote|proc-macro2|unicode-ident|futures-core|hashbrown|smartstring|static_assertions|version_check|autocfg|memchr)$'
# What turn-types and stun-types bring, and hashing.
allowed_turn='^(visavis-turn|turn-types|stun-proto|stun-types|sans-io-time|tracing|tracing-core|tracing-attributes|pin-project-lite|rand|rand_core|getrandom|libc|byteorder|cfg-if|crc|crc-catalog|smallvec|slab|foldhash|siphasher|hmac|sha1|sha2|md-5|digest|block-buffer|crypto-common|const-oid|cmov|ctutils|cpufeatures|generic-array|hybrid-array|typenum|subtle)$'

for crate in "${pure[@]}"; do
  while read -r name; do
    [[ $name =~ $allowed ]] || [[ $crate = visavis-turn && $name =~ $allowed_turn ]] || { echo "$crate depends on $name: not on the list of pure libraries" >&2; exit 1; }
  done < <(cargo tree --locked -p "$crate" -e normal --prefix none --format '{p}' | awk '{print $1}' | sort -u)
  root=crates/${crate#visavis-}/src/lib.rs
  grep -q '^#!\[no_std\]' "$root" || { echo "$root is not no_std" >&2; exit 1; }
  grep -q '^#!\[forbid(unsafe_code)\]' "$root" || { echo "$root does not forbid unsafe code" >&2; exit 1; }
done

cargo check --locked --quiet --manifest-path tools/no-std/Cargo.toml --target-dir target/no-std
echo "pure: ${pure[*]}"
