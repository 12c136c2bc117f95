"""Bars of long work: they count to the end, in plain text, and are silent at verbose=0."""

import numpy as np
import pytest
from small_models import make_located

from skchromo.inspection import (
    Perturbation,
    attributions,
    count_saturation,
    mark_importance,
    pcre_importance,
    perturb,
    randomisation_check,
    weight_saturation,
)


@pytest.fixture(scope="module")
def X():
    return make_located()


ALL = {
    "attributions": (lambda model, X, **v: attributions(model, X, n_steps=1, **v), "24/24"),
    "perturb": (
        lambda model, X, **v: perturb(model, X, [Perturbation("knock_out")] * 2, **v),
        "48/48",
    ),
    "pcre_importance": (pcre_importance, "37/37"),
    "mark_importance": (
        lambda model, X, **v: mark_importance(model, X, np.arange(24), n_repeats=2, **v),
        "4/4",
    ),
    "count_saturation": (count_saturation, "37/37"),
    "weight_saturation": (
        lambda model, X, **v: weight_saturation(model, X, factors=[0, 1], **v),
        "38/38",
    ),
    "randomisation_check": (
        lambda model, X, **v: randomisation_check(model, X[:2], method="gradient_x_input", **v),
        "14/14",
    ),
}


@pytest.mark.parametrize("name", ALL)
def test_bar_counts_to_the_end_and_is_silent_at_0(fitted, X, capsys, name):
    function, end = ALL[name]
    function(fitted, X)
    assert capsys.readouterr() == ("", "")
    function(fitted, X, verbose=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{end} [" in err
    assert "\x1b" not in err
