# The two commands for a newcomer: make run, make test. Everything that they need beyond Go and Node.js is installed below
# this folder, by exact version.

GO_MIN     := 1.26
NODE_MIN   := 20.3
VERSITYGW  := github.com/versity/versitygw/cmd/versitygw@v1.8.0
GOLANGCI   := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUNCTIONS  := $(notdir $(patsubst %/main.go,%,$(wildcard lambda/*/main.go)))
ENV        ?= dev

BIN        := $(CURDIR)/.local/bin
TOOLS      := $(BIN)/versitygw
MODULES    := local/node/node_modules/.package-lock.json

# jsii warns of Node.js versions past their end of life; the value is a list of those not to warn of.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

.PHONY: help run run-export test race check build synth bench deps clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: deps ## replicate a sample table to S3 on this computer, and verify it
	@go run ./local run

run-export: deps ## export a sample table on this computer, then only what has changed in it, and verify both
	@go run ./local run-export

test: deps ## run every test
	@go test ./...

race: deps ## run the tests under the race detector (not those of infra/, which it trips)
	@go test -race ./lambda/... ./local/...

check: $(BIN)/golangci-lint ## lint
	@$(BIN)/golangci-lint run ./...

build: requirements ## build the functions for AWS Lambda
	@for f in $(FUNCTIONS); do \
	  GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags '-s -w -buildid=' \
	    -o build/lambda/$$f/bootstrap ./lambda/$$f || exit 1; done

synth: build ## write the CloudFormation template to cdk.out; needs no AWS account
	@go run ./infra
	@ls cdk.out/*.template.json

bench: requirements ## run the benchmarks
	@go test -run '^$$' -bench . -benchmem ./lambda/...

deps: requirements $(TOOLS) $(MODULES)

clean: ## remove what was built, and what local runs wrote
	@rm -rf .local build cdk.out local/node/node_modules

# What the machine itself must have, said in one line each.
.PHONY: requirements
requirements:
	@command -v go >/dev/null || { echo "Go is missing: install Go $(GO_MIN) or newer, https://go.dev/dl" >&2; exit 1; }
	@command -v node >/dev/null || { echo "Node.js is missing: install Node.js $(NODE_MIN) or newer, https://nodejs.org" >&2; exit 1; }
	@command -v npm >/dev/null || { echo "npm is missing: it comes with Node.js, https://nodejs.org" >&2; exit 1; }
	@node -e 'process.exit(process.versions.node.localeCompare("$(NODE_MIN)", "en", {numeric: true}) < 0 ? 1 : 0)' || { echo "Node.js $$(node --version) is too old: install $(NODE_MIN) or newer" >&2; exit 1; }

$(BIN)/versitygw: | requirements
	@echo "building the local S3 server, once: about a minute and a half" >&2
	@GOBIN=$(BIN) GOFLAGS= go install $(VERSITYGW)

$(BIN)/golangci-lint: | requirements
	@echo "building the linter, once: about a minute and a half" >&2
	@GOBIN=$(BIN) GOFLAGS= go install $(GOLANGCI)

$(MODULES): local/node/package-lock.json local/node/package.json | requirements
	@npm ci --prefix local/node --ignore-scripts --no-fund --no-audit --loglevel=error >/dev/null
	@touch $@
