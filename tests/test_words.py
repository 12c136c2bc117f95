"""Parts of messages, and checks of single parameters."""

import numpy as np
import pytest

from skchromo._words import check_choice, check_whole, name_some


def test_names_are_listed_once_and_counted():
    assert name_some(["a", "b", "a"]) == "a, b"
    assert name_some(range(8)) == "0, 1, 2, 3, 4 and 3 more"


def test_integers_are_checked():
    check_whole("n", np.int64(3), 3)
    for wrong in (2, 3.0, True, None, "3"):
        with pytest.raises(
            ValueError, match=f"n must be an integer of at least 3 bp, got {wrong!r}"
        ):
            check_whole("n", wrong, 3, "bp")


def test_choices_are_checked_with_their_types():
    check_choice("how", "a", ("a", "b", False))
    for wrong in ("c", 0, None):
        with pytest.raises(ValueError, match=f"how must be 'a', 'b' or False, got {wrong!r}"):
            check_choice("how", wrong, ("a", "b", False))
    with pytest.raises(ValueError, match="how must be 'a', got 'b'"):
        check_choice("how", "b", ["a"])
