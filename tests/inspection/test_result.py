"""Results show the head of their table, not their arrays."""

import numpy as np
import pytest
from small_models import make_located

from skchromo.inspection import (
    Perturbation,
    attention,
    attributions,
    count_saturation,
    mark_importance,
    pcre_importance,
    perturb,
)


@pytest.fixture(scope="module")
def X():
    return make_located()


def test_results_show_the_head_of_their_table(fitted, X, y):
    for result in (
        attributions(fitted, X, n_steps=1),
        perturb(fitted, X, Perturbation("knock_out")),
        pcre_importance(fitted, X),
        count_saturation(fitted, X),
        mark_importance(fitted, X, y, n_repeats=1),
    ):
        table = result.to_frame()
        lines = repr(result).splitlines()
        assert lines[0].startswith(f"{type(result).__name__}: {len(table)} rows")
        assert lines[1].split() == table.columns.tolist()
        assert len(lines) == 2 + min(5, len(table))
        assert "array" not in repr(result)
        assert all(f"<th>{name}</th>" in result._repr_html_() for name in table)


def test_attention_and_places_show_their_shapes(fitted, X):
    maps = attention(fitted, X)
    assert repr(maps).splitlines()[0] == "Attention of 24 genes in bins of 400, 100 bp"
    assert f"regulation: {maps.regulation[100].shape}" in repr(maps)
    n_regions = np.sum(X.index >= 0)
    assert repr(maps.places) == f"Places of 24 genes, {n_regions} regions"
