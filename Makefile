# Thin names for what bin/daybook does. `make help` lists them.

# One set of build settings for everything that is compiled here, so that a
# package is compiled once: Daybook, its proxy and the learners' programs.
export CGO_ENABLED = 0
export GOFLAGS =

DAYBOOK = bin/daybook

# For a machine without caches, which compiles, downloads and builds everything.
TEST_LIMIT = 60m
# For two cores: the corpus twice, and a class of 60 graded in four ways.
ATTACKS_LIMIT = 6h

# A word that the shell takes as it is.
quoted = '$(subst ','\'',$(1))'

# The values of the variables named, each as one word; make stops where one is missing.
all-of = $(foreach name,$(1),$(call quoted,$(or $($(name)),$(error say what $(name) is: make $@ $(patsubst %,%=…,$(1))))))

.DEFAULT_GOAL := help
.PHONY: help build check grade break doctor test test-attacks verify lint fmt sum new new-check new-mistake handout remove-stand-ins clean go

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: build ## check your work: DAY=148 [EXERCISE=dockerfile] [DIR=folder] [ARGS="--seed 7"]
	@$(DAYBOOK) check $(or $(DAY),$(error say which day: make check DAY=148)) $(EXERCISE) $(if $(DIR),--dir $(call quoted,$(DIR))) $(ARGS)

grade: build ## (instructors) grade submissions: SUBMISSIONS=dir OUT=reports [DAY=148] [EXERCISE=dockerfile] [ARGS="--policy hostile"]
	@$(DAYBOOK) grade $(DAY) $(call quoted,$(or $(SUBMISSIONS),$(error say what to grade: make grade SUBMISSIONS=dir OUT=reports))) --out $(call quoted,$(or $(OUT),$(error say where reports go: make grade SUBMISSIONS=dir OUT=reports))) $(if $(EXERCISE),--exercise $(call quoted,$(EXERCISE))) $(ARGS)

break: build ## break a day you have solved, and say what notices: DAY=148 [EXERCISE=dockerfile] [DIR=folder] [ARGS="--seed 7"]
	@$(DAYBOOK) break $(or $(DAY),$(error say which day: make break DAY=148)) $(EXERCISE) $(if $(DIR),--dir $(call quoted,$(DIR))) $(ARGS)

doctor: build ## look at this machine: what is there, and how to mend what is not
	@$(DAYBOOK) doctor

test: build ## the project's own tests; those that need an engine are skipped without one
	@$(DAYBOOK) doctor --brief
	go test -count=1 -timeout $(TEST_LIMIT) ./...

test-attacks: build ## every attack there is, as instructors would grade them [ARGS="-run TestAttacks/-j4"]
	DAYBOOK_ATTACKS=$(CURDIR)/bin DAYBOOK_ENGINE=required go test -count=1 -timeout $(ATTACKS_LIMIT) $(foreach a,$(ARGS),$(call quoted,$(a))) ./harness/internal/attack

lint: go ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l harness exercises solutions days); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	@for dir in exercises/*/; do (cd $$dir && go vet ./...) || exit; done
	go tool staticcheck ./...

build: go ## compile Daybook to bin/
	@test -x $(DAYBOOK) || echo "Compiling Daybook. The first time this takes a minute or two." >&2
	@mkdir -p bin
	@go build -o bin/ ./harness/cmd/daybook
	@GOOS=linux go build -o bin/ ./harness/cmd/egress-proxy ./harness/cmd/relay ./harness/cmd/build-init

go:
	@command -v go >/dev/null || { echo "Go is not installed. Get 1.26 or newer from https://go.dev/dl/" >&2; exit 1; }

verify: build ## prove each day: solution, stubs, variants, mistakes [DAY=148 [EXERCISE=dockerfile]] [ARGS="--only NAME"]
	@for day in $(or $(DAY),$(notdir $(wildcard days/[0-9]*))); do $(DAYBOOK) verify $$day $(EXERCISE) $(ARGS) || exit; done

sum: build ## (authors) write down DAY's exercise as it is handed out
	@$(DAYBOOK) sum $(or $(DAY),$(error say which day: make sum DAY=148))

new: build ## (authors) begin a day: DAY=152 TITLE="Volumes" [EXERCISE=id] [CHECK=id]
	@$(DAYBOOK) new $(or $(DAY),$(error say which day: make new DAY=152 TITLE="Volumes")) --title $(call quoted,$(TITLE)) $(if $(EXERCISE),--exercise $(call quoted,$(EXERCISE))) $(if $(CHECK),--check $(call quoted,$(CHECK)))

new-check: build ## (authors) begin a check: DAY=148 EXERCISE=buildinfo CHECK=id [TITLE="What is true"]
	@$(DAYBOOK) new-check $(call all-of,DAY EXERCISE CHECK) $(if $(TITLE),--title $(call quoted,$(TITLE)))

new-mistake: build ## (authors) begin a mistake: DAY=148 NAME=name [FAILS=check]
	@$(DAYBOOK) new-mistake $(call all-of,DAY NAME) $(if $(FAILS),--fails $(call quoted,$(FAILS)))

handout: build ## (instructors) make the repository that learners get: DAY=148 OUT=folder
	@$(DAYBOOK) handout $(or $(DAY),$(error say which day: make handout DAY=148 OUT=folder)) --out $(call quoted,$(or $(OUT),$(error say where: make handout DAY=148 OUT=folder)))

remove-stand-ins: build ## remove the base images that were built here instead of pulled
	@$(DAYBOOK) remove-stand-ins

fmt: go ## gofmt everything
	@gofmt -w harness exercises solutions days

clean: ## remove what was compiled
	@rm -rf bin
