# The two commands of the README are demo and test; both do all set-up themselves.
GO ?= go

.PHONY: demo screenshots shots test check vet lint vuln generate bench bench-parts chaos build tools

demo: ## a simulated tenant, a first sync, what happened, and the application
	$(GO) run ./cmd/muster demo

test: tools lint vuln ## every test, on SQLite and PostgreSQL, after the linters
	$(GO) test -timeout 20m ./...
	@printf "Microsoft's own Go clients read the simulated tenant (the first build takes three minutes): "; cd simcheck && $(GO) test -vet=off ./...

check: test ## what a change has to pass, and vet over all of Microsoft's SDK
	cd simcheck && $(GO) vet ./...

vet:
	$(GO) vet ./...

lint: ## formatting, vet, staticcheck and gosec
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool -modfile=tools/go.mod staticcheck ./...
	@tool=$$(mktemp -d) && trap 'rm -rf "$$tool"' EXIT && (cd tools && $(GO) build -o "$$tool/gosec" ./gosec) && $(GO) vet -vettool="$$tool/gosec" ./...

vuln: ## known weaknesses of the modules we use, where the list of them can be reached
	@out=$$($(GO) tool -modfile=tools/go.mod govulncheck ./... 2>&1); code=$$?; \
	case "$$out" in \
	*"fetching vulnerabilities"*) echo "govulncheck did not run: its list at vuln.go.dev cannot be reached from here";; \
	*) echo "$$out"; exit $$code;; \
	esac

generate: ## the Go files of the templates
	cd tools && $(GO) tool templ generate -path ../internal/web/view

PEOPLE ?= 20000
LARGE ?= 0
BENCH ?= .

bench: tools ## whole syncs against their floors; PEOPLE=100000, LARGE=1000000, BENCH=First, ARGS=-reps=5
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime 1x -timeout 4h ./bench -args -people $(PEOPLE) -large $(LARGE) $(ARGS)

bench-parts: ## speed of the parts by themselves
	$(GO) test -run '^$$' -bench . -benchtime 1x ./internal/...

FOR ?= 10m
SEED ?= 0
chaos: tools ## servers are killed, the database is stopped and lines are cut; FOR=10m SEED=7
	$(GO) test ./chaos -count=1 -v -timeout 4h -args -for $(FOR) -seed $(SEED)

build: ## the program, as ./muster
	$(GO) build -trimpath -o muster ./cmd/muster

tools: ## installs PostgreSQL's server and Chromium where they are missing and can be installed
	@need=; \
	if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && ! command -v postgres >/dev/null 2>&1; then need="$$need postgresql"; fi; \
	if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then need="$$need chromium"; fi; \
	if [ -n "$$need" ]; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
			echo "installing for the tests:$$need"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$need >/dev/null; \
		else echo "not installed:$$need; their tests are skipped (and fail in CI)"; fi; \
	fi

PAGES ?= / /sign-in
screenshots: ## pictures of every screen of the demo, wide and narrow, light and dark, in screenshots/
	$(GO) test ./e2e -count=1 -timeout 30m -run '^TestShots$$' -shots all -shots-to "$(CURDIR)/screenshots"

shots: ## pictures of PAGES="/ /m/1/leavers", of the demo or of AT=http://host:port LOGIN=email:password, in /tmp/shots
	$(GO) test ./e2e -count=1 -run '^TestShots$$' -v -shots "$(PAGES)" -shots-at "$(AT)" -shots-as "$(LOGIN)"
