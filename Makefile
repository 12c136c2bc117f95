# make demo PYTHON=python3.12 takes another Python, make demo TORCH=cpu a build of PyTorch by
# its name at https://download.pytorch.org/whl (cpu, cu128, ...).
PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
SOURCE ?= --editable .
BIN := $(VENV)/bin
PYTEST := -m pytest -n auto --maxprocesses 4 --dist loadscope
PIP := $(BIN)/python -m pip install --disable-pip-version-check --constraint $(CONSTRAINTS)

.PHONY: demo test test-oldest test-newest coverage bench lint docs package try-wheel clean FORCE

# A whole analysis of a small simulated genome; results in demo/.
demo: $(VENV)/plot.installed
	$(BIN)/python -P -m skchromo.demo --output demo

test: $(VENV)/test.installed
	OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1 $(BIN)/python $(PYTEST)

# The tests with the lowest versions that setup.cfg names, which warn of what came after them.
test-oldest:
	sed -nE 's/^    ([A-Za-z0-9_-]+)(\[[a-z]+\])?>=/\1==/p' setup.cfg | sort -u > oldest.txt
	PYTEST_ADDOPTS="$$PYTEST_ADDOPTS -W default" $(MAKE) test VENV=.venv-oldest CONSTRAINTS=oldest.txt

# The tests with the newest versions.
test-newest:
	$(MAKE) test VENV=.venv-newest CONSTRAINTS=/dev/null

# The share of lines that the tests run; below 95 % is an error.
coverage: $(VENV)/test.installed
	OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1 $(BIN)/python -m coverage run $(PYTEST)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

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
	$(BIN)/codespell
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/tests.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.readthedocs .readthedocs.yaml

# The site, in docs/_build/html; warnings are errors. DOCS="-D plot_gallery=0" leaves examples out.
docs: $(VENV)/docs.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W -E --keep-going $(DOCS) docs docs/_build/html

# Source archive and wheel, in dist/.
package: $(VENV)/package.installed
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

# The demo from the wheel, in an empty environment.
try-wheel: package
	rm -rf .venv-wheel
	$(MAKE) demo VENV=.venv-wheel SOURCE="$$(ls dist/*.whl)"

clean:
	rm -rf .venv .venv-* oldest.txt demo bench build dist docs/_build docs/generated *.egg-info .coverage*

# An extra is installed anew when requirements change or the environment was made anew.
$(VENV)/%.installed: $(VENV)/pyvenv.cfg setup.cfg constraints.txt
	@echo "Installing skchromo[$*] into $(VENV). The first time takes minutes and downloads 0.2 GB, and PyTorch:"
ifdef TORCH
	$(PIP) torch --index-url https://download.pytorch.org/whl/$(TORCH)
else
	@echo "on Linux 3 GB with CUDA. Without NVIDIA GPU, make $(MAKECMDGOALS) TORCH=cpu takes 0.2 GB instead."
endif
	$(PIP) $(SOURCE)'[$*]'
	touch $@

# Nothing is made if the environment that is there works.
$(VENV)/pyvenv.cfg: FORCE
	@sh .ci/venv $(VENV) $(PYTHON) '$(MAKECMDGOALS)' $(filter-out file,$(origin PYTHON))
