# Two commands matter: `make demo` shows a real call, `make test` runs every test.

.PHONY: demo test lint docs purity bench fuzz soak setup

demo: setup
	cargo run --locked --quiet -p visavis-cli --bin visavis -- demo

test:
	tools/setup.sh test
	cargo build --locked -p visavis-cli --bin visavis
	cargo test --locked --workspace

lint: setup
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

docs: setup
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

purity:
	tools/purity.sh

setup:
	tools/setup.sh build
