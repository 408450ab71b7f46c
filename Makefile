.DEFAULT_GOAL := help
.PHONY: help up test check bench soak audit fmt clean-tools

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

up: ## install what is missing, build, run the whole campus in the foreground (ARGS="--listen 0.0.0.0:8080")
	@exec scripts/up $(ARGS)

test: ## run every test: Rust, third-party clients, conformance, browser
	@exec scripts/test

check: ## formatting, lints, layers, documentation, generated files, licences
	@exec scripts/check

bench: ## every benchmark beside its peers; results in docs/report/
	@exec scripts/bench

soak: ## the fault tests at their full counts, figures in docs/report/soak (ARGS="cp08" for some)
	@exec scripts/soak $(ARGS)

audit: ## known vulnerabilities in the dependencies (needs the network)
	@exec scripts/audit

fmt: ## format the Rust sources and write the generated files
	@cargo fmt --all && cargo xtask generated --write

clean-tools: ## remove what `make` installed into .tools (Debian packages stay)
	@rm -rf .tools web/node_modules tests/clients/node_modules conformance/peers/node_modules deploy/schemas/node_modules
