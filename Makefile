# Vocalyx: `make help` says what there is. What takes time is done once, by requirements/install.py.

PYTHON ?= python3.11
INSTALL := $(PYTHON) requirements/install.py
BIN     := .venv/bin
DEPLOY  := .venv-deploy/bin

.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help: ## Say what there is to make
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf "  make %-12s %s\n" bench-NAME "Measure one thing: $(sort $(BENCHMARKS_WITH_INSTANCE) $(BENCHMARKS_ALONE))"
	@echo
	@echo "  VOCALYX_STATE (./var) and VOCALYX_PORT (8000) move an instance, so that several can run side by side."

.PHONY: run
run: speech ## Run the whole platform here, until Ctrl-C; the first time this also sets everything up
	@exec $(BIN)/vocalyx serve

.PHONY: demo
demo: speech ## Send a real two-speaker recording through, and print what comes back
	@$(BIN)/vocalyx demo

.PHONY: speech
speech: # what serving needs; the language engine is built while the rest already works
	@$(INSTALL) core dashboard transcription

.PHONY: install
install: ## Set up everything, the language engine and the development tools included
	@$(INSTALL) core dashboard transcription dev enrichment deploy

.PHONY: models
models: speech ## Fetch every demo model, those for tests included
	@$(BIN)/vocalyx models fetch --all

# Two files at a time; what loads an engine or runs the whole platform has the machine for itself. 5: there was none of that kind.
.PHONY: test
test: install models lint ## Check and test everything (TESTS=tests/core chooses a part)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not engine and not e2e" $(TESTS) || [ $$? -eq 5 ]
	@$(BIN)/python -m pytest -m "engine or e2e" $(TESTS) || [ $$? -eq 5 ]

.PHONY: lint
lint: ## Check style, types and import rules
	@$(INSTALL) core dashboard transcription dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: lint-deploy
lint-deploy: ## Check playbooks, roles and inventories
	@$(INSTALL) deploy
	@PATH=$(CURDIR)/$(DEPLOY):$$PATH; set -ex; \
	yamllint --strict -c .config/yamllint.yml .config inventory molecule playbooks roles; \
	ansible-lint -c .config/ansible-lint.yml; \
	for playbook in playbooks/*.yml; do ansible-playbook --syntax-check -i inventory/example $$playbook >/dev/null; done

# Hosts with systemd take a bridge, mounts and control groups of this machine; the lab says so to whoever is not root.
.PHONY: test-role test-volumes test-single test-deploy
test-role test-volumes test-single test-deploy: export PATH := $(CURDIR)/$(DEPLOY):$(PATH)
test-role: ## Try the roles of network and data on real systemd hosts, in containers (as root)
	@$(PYTHON) molecule/lab/lab check
	@$(INSTALL) deploy
	@molecule test -s default

test-volumes: ## Try the roles of the volumes on hosts with kernels of their own, with real NFS (as root)
	@$(PYTHON) molecule/lab/lab check
	@$(INSTALL) deploy
	@molecule test -s volumes

test-single: models ## Deploy one host by one command, and once more from a bundle where nothing can be reached (as root)
	@$(PYTHON) molecule/lab/lab check
	@$(INSTALL) deploy
	@molecule test -s single

test-deploy: models ## Deploy a whole site to hosts with kernels of their own, use it, deploy it again (as root)
	@$(PYTHON) molecule/lab/lab check
	@$(INSTALL) deploy
	@molecule test -s site

# The site stays up for it: `molecule converge -s site` before, `molecule destroy -s site` after.
.PHONY: faults
faults: ## Strike the standing site of test-deploy while clients use it, and tell what they saw (as root; FAULTS=reboot)
	@PYTHONPATH=molecule/lab:molecule/shared $(DEPLOY)/python molecule/faults/take.py $(FAULTS)

.PHONY: format
format: ## Put the code into the one format, and mend what can be mended by rule
	@$(INSTALL) core dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: docs
docs: ## Write those pages of docs/ anew that come from the code
	@$(INSTALL) core
	$(BIN)/python -m app.api.documentation.access > docs/access.md

.PHONY: screenshots
screenshots: install models ## Take the pictures of the page that the README shows anew
	@$(BIN)/python -m pytest -q tests/browser/pictures.py

.PHONY: eval
eval: install models ## Measure word and diarization error rates on recordings with a reference
	@$(BIN)/vocalyx during $(BIN)/python -m benchmarks.evaluate $(EVAL_ARGS)

# A worker for each thread of the script: two of one thread do more than one of two (see docs/measurements.md).
bench bench-rivals: export VOCALYX_TRANSCRIPTION_WORKERS ?= 2

.PHONY: bench
bench: install models ## Measure wall time over a plain sequential script of the same engines
	@$(BIN)/vocalyx during $(BIN)/python -m benchmarks.sequential $(BENCH_ARGS)

BENCHMARKS_WITH_INSTANCE := rivals first-words fairness stages endurance
BENCHMARKS_ALONE         := spread decoding guards speakers recognition search reading uploads listeners \
                            grounding enrichment-examples enrichment-prefix enrichment-engine reader dashboard

.PHONY: $(BENCHMARKS_WITH_INSTANCE:%=bench-%)
$(BENCHMARKS_WITH_INSTANCE:%=bench-%): bench-%: install models
	@$(BIN)/vocalyx during $(BIN)/python -m benchmarks.$(subst -,_,$*) $(BENCH_ARGS)

.PHONY: $(BENCHMARKS_ALONE:%=bench-%)
$(BENCHMARKS_ALONE:%=bench-%): bench-%: install models
	@$(BIN)/python -m benchmarks.$(subst -,_,$*) $(BENCH_ARGS)

.PHONY: lock
lock: ## Lock requirements/*.in again (LOCK_ARGS=--upgrade renews everything)
	@$(INSTALL) lock
	@UV=$(CURDIR)/$(BIN)/uv requirements/compile.sh $(LOCK_ARGS)

.PHONY: clean
clean: ## Remove what tools left behind; the environment, models and state stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	find app tests benchmarks requirements -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.PHONY: distclean
distclean: clean ## Also remove the environment and the fetched models; state and built engines stay
	rm -rf .venv .venv-deploy models tests/api/tus_js/node_modules tests/browser/node_modules app/dashboard/node_modules app/dashboard/static/modules
