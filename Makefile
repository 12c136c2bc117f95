PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: demo test lint clean

demo: $(VENV)/plot.installed
	$(BIN)/python examples/plot_quickstart.py --output demo

test: $(VENV)/test.installed
	OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1 $(BIN)/python -m pytest

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:
	rm -rf $(VENV) demo build *.egg-info

# An extra is installed anew when what the package asks for changes.
$(VENV)/%.installed: setup.cfg constraints.txt
	@echo "Installing skchromo with extra '$*' into $(VENV); the first time takes minutes."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[$*]'
	touch $@
