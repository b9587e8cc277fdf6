# Two commands for everybody: `make demo` runs a real call and judges it, `make test` runs every test.
# Each installs what it needs. The others are for those who work on the project.

.PHONY: demo test schedules soak soak-chat soak-nat soak-relayed bench lint docs purity deny setup setup-browser setup-chat

demo: setup
	cargo build --locked --bin visavis
	target/debug/visavis demo

test: setup-browser
	cargo build --locked --workspace
	cargo test --locked --workspace

# What may happen to calls, in a hundred thousand random orders. A million takes ten times as long.
schedules soak: setup
	VISAVIS_SCHEDULES=$(SCHEDULES) cargo test --locked -p visavis-scenarios --test schedules -- --nocapture

schedules: SCHEDULES = 100000
soak: SCHEDULES = 1000000
soak: soak-chat soak-nat soak-relayed

# Calls between people behind NATs of every kind, all 144 pairs; prints the table of docs/nat.md.
soak-nat: setup-browser
	cargo build --locked --bin visavis
	VISAVIS_NATS=all cargo test --locked -p visavis-process-tests --test networks -- nat: --test-threads 3

# A relayed call of five minutes with credentials and allocations that live for one.
soak-relayed: setup-browser
	cargo build --locked --bin visavis
	VISAVIS_LONG_CALL=300 cargo test --locked -p visavis-process-tests --test networks -- long:

# A server with 10,000 idle sessions and 500 active pairs for half an hour, or for SECONDS.
SECONDS = 1800
soak-chat: setup
	cargo build --locked --release --bin visavis --bin visavis-bench
	target/release/visavis-bench soak --for $(SECONDS)

# Measures, and passes or fails nothing.
bench: setup-browser setup-chat
	cargo build --locked --release --bin visavis --bin visavis-bench --bin visavis-bench-core
	target/release/visavis-bench-core
	target/release/visavis-bench first-frame
	target/release/visavis-bench quality
	target/release/visavis-bench cost
	target/release/visavis-bench faults
	target/release/visavis-bench chat
	target/release/visavis-bench relay

lint: setup
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

docs: setup
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

purity: setup
	tools/purity.sh

# Needs `cargo install cargo-deny --locked`.
deny:
	cargo deny --locked check licenses bans sources

setup:
	tools/setup.sh

setup-browser:
	tools/setup.sh browser

setup-chat:
	tools/setup.sh chat
