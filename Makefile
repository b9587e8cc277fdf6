# `make test` runs every test of the crates that are part of the build.

.PHONY: test lint docs purity setup

test: setup
	cargo test --locked --workspace

lint: setup
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

docs: setup
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

purity: setup
	tools/purity.sh

setup:
	tools/setup.sh
