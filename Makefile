PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: demo test bench lint clean docs

demo: $(VENV)/plot.installed
	$(BIN)/python examples/plot_quickstart.py --output demo

test: $(VENV)/test.installed
	OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1 $(BIN)/python -m pytest

# Half an hour on two cores; tables are printed and written to bench/.
bench: $(VENV)/bench.installed
	mkdir -p bench
	$(BIN)/python benchmarks/features.py --json bench/features.json
	$(BIN)/python benchmarks/train_step.py --json bench/train_step.json
	$(BIN)/python benchmarks/genome_scale.py --train-json bench/train_step.json --json bench/genome_scale.json
	$(BIN)/python benchmarks/contact_matrix.py --json bench/contact_matrix.json
	$(BIN)/python benchmarks/planted_truth.py --json bench/planted_truth.json

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:
	rm -rf $(VENV) demo bench build docs/_build docs/generated *.egg-info

# An extra is installed anew when requirements change.
$(VENV)/%.installed: setup.cfg constraints.txt
	@echo "Installing skchromo with extra '$*' into $(VENV); the first time takes minutes."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[$*]'
	touch $@

# The site, in docs/_build/html; warnings are errors. DOCS="-D plot_gallery=0" leaves examples out.
docs: $(VENV)/docs.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W -E --keep-going -q $(DOCS) docs docs/_build/html
