# Two commands matter: `make serve` and `make test`. Every target installs what is missing first and repeats safely.
PYTHON ?= python3
PORT ?= 8000
RUN = .venv/bin/python -m

.PHONY: help setup serve build books notebook check check-all test test-all impact stamp verify bench links audit prices propose owners labels lock clean
help:
	@echo "make serve      read and edit the site on http://127.0.0.1:$(PORT)/, reloads on every change"
	@echo "make build      the deployable site in site/ (SITE_URL=https://host/some/path/)"
	@echo "make books      the site with PDF, EPUB and social cards"
	@echo "make notebook   the notebooks, to change and run them in your browser"
	@echo "make check      the fast checks before a pull request"
	@echo "make test       every check and test, with a real browser (make test-all: slow ones, too)"
	@echo "make impact     what your change changes for readers (BASE=main HEAD=HEAD compares two commits)"
	@echo "make stamp      records that you read a page against its twin (PAGE=docs/ja/demo.md)"
	@echo "make verify     compares a folder or a site with its build-manifest.json (DIR=site)"
	@echo "make links      which links that lead out no longer answer"
	@echo "make audit      known weaknesses of the packages"
	@echo "make prices     this week's prices from the feeds, into data/prices/"
	@echo "make bench      figures of the contributing page (WRITE=1 stores them)"
	@echo "make lock       renew the requirements' locks and package-lock.json"
	@echo "make clean      remove what was built (not what was installed)"

setup:
	@$(PYTHON) -m scripts.bootstrap

serve: setup
	@$(RUN) scripts.serve --port $(PORT)

build: setup
	@$(RUN) scripts.build

books:
	@$(PYTHON) -m scripts.bootstrap --browser --with books
	@$(RUN) scripts.books

notebook:
	@$(PYTHON) -m scripts.bootstrap --with notebook
	@$(RUN) scripts.notebooks --open

check check-all: setup
	@$(RUN) scripts.check $(if $(filter check-all,$@),--all)

test test-all:
	@$(PYTHON) -m scripts.bootstrap --browser $(if $(filter test-all,$@),--with books)
	@$(RUN) scripts.check --all
	@$(RUN) pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(if $(filter test,$@),-m "not slow")

impact: setup
	@$(RUN) scripts.impact $(if $(HEAD),$(or $(BASE),HEAD) $(HEAD),$(BASE))

stamp: setup
	@$(RUN) scripts.stamp $(PAGE)

verify: setup
	@$(RUN) scripts.manifest $(DIR) $(if $(AGAINST),--against $(AGAINST))

links: setup
	@$(RUN) scripts.external_links

audit: setup
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@code=0; for lock in $(wildcard requirements*.lock); do \
	  .venv/bin/pip-audit --require-hashes --disable-pip --requirement $$lock || code=1; done; \
	  PATH="$(CURDIR)/.venv/bin:$$PATH" npm audit || code=1; exit $$code

# The addresses of the two feeds stand here alone; a file does as well. Exit 1 says that some prices were refused, which
# a person reads; all the others are written.
FEED ?= https://models.dev/api.json
SECOND ?= https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json
prices: setup
	@$(RUN) scripts.refresh_prices --from $(FEED) --litellm $(SECOND) --write || [ $$? = 1 ]

propose: setup
	@$(RUN) scripts.propose --branch "$(BRANCH)" --title "$(TITLE)" --label "$(LABEL)" --checks "$(CHECKS)"

owners labels: setup
	@$(RUN) scripts.github $@

bench: setup
	@$(PYTHON) -m scripts.bootstrap --browser
	@$(RUN) scripts.bench $(if $(WRITE),--write)

lock: setup
	@.venv/bin/python -m pip install --quiet uv
	@.venv/bin/uv pip compile pyproject.toml --group test --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	@for group in books notebook; do .venv/bin/uv pip compile --group $$group \
	  --constraints requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --quiet --output-file requirements-$$group.lock || exit 1; done
	@PATH="$(CURDIR)/.venv/bin:$$PATH" npm install --package-lock-only

clean:
	@rm -rf build site .cache/data
