# Everything a newcomer needs: `make demo` to see Caravan run, `make test` to prove it.

.PHONY: demo test web build fmt lint clean

demo: build ## builds everything and starts a server with sample data and a mail catcher
	target/release/caravan demo

test: ## every check there is, on a machine that may have only Rust and Node.js
	scripts/setup.sh test
	scripts/test.sh

web: ## the web app, into web/dist
	scripts/setup.sh build
	cd web && npm run build

build: web ## the server with the web app inside, into target/release/caravan
	cargo build --release --locked --bin caravan

fmt: ## formats everything
	cargo fmt
	cd web && npm run fix

lint: ## the quick checks, without the tests
	scripts/test.sh format layers web-check clippy

clean: ## back to a fresh clone
	cargo clean
	rm -rf web/dist web/node_modules .venv
