# Begin with make run and make test. They need Go and Node.js. Everything else is installed into this folder, with exact versions.

GO_MIN     := 1.26
NODE_MIN   := 20.3
VERSITYGW  := github.com/versity/versitygw/cmd/versitygw@v1.8.0
GOLANGCI   := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

BIN        := $(CURDIR)/.local/bin
APP        := $(BIN)/infra
CLI        := $(BIN)/cli
TOOLS      := $(BIN)/versitygw
MODULES    := local/node/node_modules/.package-lock.json
# DuckDB is large, and only Parquet needs it.
DUCKDB     := local/duckdb/node_modules/.package-lock.json
# The CDK's command line contains Go files that are not packages. Go skips them here, because the folder begins with a dot.
CDK        := $(CURDIR)/.local/cdk/node_modules/.bin/cdk
CDK_MODULE := .local/cdk/node_modules/.package-lock.json

# infra/ reads the name of the environment from ENV. There is no default, so that nobody deploys or removes the wrong environment.
export ENV

# jsii warns about Node.js versions after their end of life. The value lists versions without a warning.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

.PHONY: help run run-export serve test chaos chaos-mutations race check lint audit build reproduce app synth bootstrap diff deploy destroy bench bench-rows bench-memory load generate servers deps clean

help: ## show this help; ENV is the name of a file in infra/environments
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: servers $(if $(findstring PARQUET,$(ARGS)),$(DUCKDB)) ## replicate a sample table on this computer and verify the result: ARGS="--format PARQUET"
	@go run ./cmd/ddb2s3 run $(ARGS)

run-export: servers ## export a sample table on this computer, then its changes, and verify both
	@go run ./cmd/ddb2s3 run-export

# go run would end with an error after Ctrl-C.
serve: servers ## keep DynamoDB, with the sample table, S3 and a deployment running on this computer
	@go build -o $(BIN)/ddb2s3 ./cmd/ddb2s3 && exec $(BIN)/ddb2s3 serve

# `make check` runs vet on the tests too.
test: deps ## run every test
	@go test -vet=off ./...

# `make test` runs only a few seeds.
SEEDS ?= 1000
SEED  ?= 0

chaos: deps ## execute SEEDS runs under random faults and check each result; SEED=… repeats one of them
	@go test ./proof/chaos -run '^TestChaos$$' -count=1 -timeout=0 -v -seeds $(SEEDS) -seed $(SEED)

chaos-mutations: deps ## remove one protection at a time and check that the chaos tests notice it
	@go run ./proof/chaos/mutate

race: deps ## run the tests under the race detector (without infra/: jsii does not support it)
	@go test -race ./lambda/... ./local/... ./cmd/... ./proof/... ./examples

check: lint audit ## run the linters and look for known vulnerabilities

lint: $(BIN)/golangci-lint
	@$(BIN)/golangci-lint run ./...

# AUDIT_ARGS=-unreachable-ok is for machines that cannot reach the vulnerability databases.
audit: requirements
	@go run ./proof/audit $(AUDIT_ARGS)

build: $(APP) ## build the Lambda program of environment ENV: a ZIP file and its bill of materials
	@goarch=$$($(APP) -goarch) && $(MAKE) --silent program GOARCH=$$goarch OUT=build/lambda/$$goarch

# The same source gives the same bytes on every machine, so a deployment without changes updates no function.
.PHONY: program
program:
	@GOOS=linux GOARCH=$(GOARCH) GOAMD64=v1 GOARM64=v8.0 GOFLAGS= GOEXPERIMENT= CGO_ENABLED=0 \
	  go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags '-s -w -buildid=' -o $(OUT)/bootstrap ./lambda
	@GOARCH= go run ./infra/artifact $(OUT)

reproduce: build ## build the Lambda program again in another folder with an empty cache and compare the bytes
	@goarch=$$($(APP) -goarch) && elsewhere=$$(mktemp -d) && trap 'chmod -R u+w $$elsewhere; rm -rf $$elsewhere' EXIT && \
	  mkdir -p $$elsewhere/a/b && cp -R Makefile go.mod go.sum lambda infra $$elsewhere/a/b && \
	  GOCACHE=$$elsewhere/cache $(MAKE) --silent -C $$elsewhere/a/b program GOARCH=$$goarch OUT=build/lambda/$$goarch && \
	  for made in lambda.zip lambda.cdx.json; do \
	    cmp build/lambda/$$goarch/$$made $$elsewhere/a/b/build/lambda/$$goarch/$$made || exit 1; done && \
	  echo "the same bytes: lambda.zip lambda.cdx.json"

# cdk.json runs this target.
app: build
	@$(APP)

# Phony, because Go knows whether the programs are up to date.
.PHONY: $(APP) $(CLI)
$(APP): requirements
	@go build -o $@ ./infra

$(CLI): requirements
	@go build -o $@ ./infra/cli

synth: app ## write the CloudFormation template of environment ENV to cdk.out; needs no AWS account
	@echo cdk.out/dynamodb-to-s3-$(ENV).template.json

# CDK_ARGS is passed to the CDK's command line: make deploy ENV=prod CDK_ARGS=--require-approval=never.
cdk = $(CLI) $(CDK) $@ $(CDK_ARGS)

bootstrap: $(CLI) $(CDK_MODULE) ## prepare the account and region of environment ENV for the CDK, once
	@$(cdk)

diff: $(CLI) $(CDK_MODULE) ## show the changes that a deployment of environment ENV would make
	@$(cdk)

deploy: $(CLI) $(CDK_MODULE) ## deploy environment ENV
	@$(cdk)

destroy: $(CLI) $(CDK_MODULE) ## remove environment ENV; a bucket that it created stays
	@$(cdk)

# With OLD, the bench of this commit is also built with the functions of the commit OLD. BENCH_ARGS=-help shows more.
bench: requirements $(TOOLS) $(MODULES) $(DUCKDB) ## run the benchmarks and update the tables in docs/performance.md; OLD=… compares with that commit
	@go test -run '^$$' -bench . -benchmem ./lambda/ddbjson ./lambda/scan
	@$(MAKE) --silent bench-rows BENCH_ARGS="-into docs/performance.md $(BENCH_ARGS)"

bench-rows: requirements ## measure rows of the tables in docs/performance.md: BENCH_ARGS="-only 'orders, JSON' -pages 64", also with OLD
ifndef OLD
	@go run ./proof/bench $(BENCH_ARGS)
else
	@old=$$(mktemp -d) && trap 'git worktree remove --force $$old/tree; rm -rf $$old' EXIT && \
	  git worktree add --quiet --detach $$old/tree $(OLD) && rm -rf $$old/tree/proof && mkdir $$old/tree/proof && \
	  cp -R proof/bench proof/process $$old/tree/proof && (cd $$old/tree && go build -o $$old/bench ./proof/bench) && \
	  go run ./proof/bench -old $$old/bench -old-source $$old/tree $(BENCH_ARGS)
endif

# Linux lets only root limit a process: sudo make bench-memory.
bench-memory: requirements ## measure what the memory of scan costs, for docs/cost.md: BENCH_ARGS="-memory 256,512 -latency 60ms"
	@go run ./proof/bench memory $(BENCH_ARGS)

load: deps ## measure runs of 10,000 segments and of two passes, and a commit of 800,000 objects, for docs/scale.md (about twenty minutes)
	@go run ./proof/load segments && echo && go run ./proof/load passes && echo && go run ./proof/load finalize

generate: requirements ## write the golden state machine definition, the generated documentation, and the table of AWS's regions
	@go test ./infra -run '^TestDefinitionIsFresh$$' -update
	@go test ./docs -update
	@go test ./lambda/partition -update

# What a run on this computer needs.
servers: requirements $(TOOLS) $(MODULES)

deps: servers $(DUCKDB)

clean: ## remove everything that was built or installed here, and the data of local runs
	@rm -rf .local build cdk.out local/node/node_modules local/duckdb/node_modules

# The programs that the machine itself must have.
.PHONY: requirements
requirements:
	@command -v go >/dev/null || { echo "Go is missing: install Go $(GO_MIN) or newer, https://go.dev/dl" >&2; exit 1; }
	@command -v node >/dev/null || { echo "Node.js is missing: install Node.js $(NODE_MIN) or newer, https://nodejs.org" >&2; exit 1; }
	@command -v npm >/dev/null || { echo "npm is missing: it comes with Node.js, https://nodejs.org" >&2; exit 1; }
	@node -e 'process.exit(process.versions.node.localeCompare("$(NODE_MIN)", "en", {numeric: true}) < 0 ? 1 : 0)' || { echo "Node.js $$(node --version) is too old: install $(NODE_MIN) or newer" >&2; exit 1; }

$(BIN)/versitygw: | requirements
	@echo "building the local S3 server once, which takes about a minute and a half" >&2
	@GOBIN=$(BIN) GOFLAGS= go install $(VERSITYGW)

$(BIN)/golangci-lint: | requirements
	@echo "building the linter once, which takes about a minute and a half" >&2
	@GOBIN=$(BIN) GOFLAGS= go install $(GOLANGCI)

$(MODULES) $(DUCKDB): local/%/node_modules/.package-lock.json: local/%/package-lock.json local/%/package.json | requirements
	@npm ci --prefix local/$* --ignore-scripts --no-fund --no-audit --loglevel=error >/dev/null
	@touch $@

$(CDK_MODULE): infra/cli/package-lock.json infra/cli/package.json infra/cli/.npmrc | requirements
	@mkdir -p .local/cdk && cp $(filter infra/cli/%,$^) .local/cdk
	@npm ci --prefix .local/cdk --ignore-scripts --no-fund --no-audit --loglevel=error >/dev/null
	@touch $@
