"""Names of chromosomes: equal, or matched whatever their prefix."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skchromo.genome import resolve_chroms
from skchromo.genome.tracks import check_blacklist


def test_exact_names_must_be_equal():
    assert resolve_chroms(["chr1", "1", "chr1"], ["1"]) == {"chr1": None, "1": "1"}


@given(st.sampled_from(["1", "22", "X", "2L", "M", "MT"]), st.booleans(), st.booleans())
def test_match_ignores_the_prefix_on_either_side(bare, wanted_prefix, present_prefix):
    wanted, present = "chr" * wanted_prefix + bare, "chr" * present_prefix + bare
    assert resolve_chroms([wanted], ["Y", present], "match") == {wanted: present}


@given(st.permutations(["chrM", "chrMT", "M", "MT"]))
def test_names_of_the_mitochondrion_match(names):
    assert resolve_chroms([names[0]], ["chr1", names[1]], "match") == {names[0]: names[1]}


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        *(("chr1", "Chr1"), ("CHR1", "1"), ("Chr2L", "2L"), ("CHRX", "chrX"), ("chrI", "CHRI")),
        *(("ChrM", "Mt"), ("chrM", "MtDNA"), ("chrMT", "mitochondrion_genome"), ("ChrC", "Pt")),
    ],
)
def test_match_ignores_the_case_of_the_prefix_and_the_organelle(wanted, present):
    others = ["chr1_random", "21", "11", "L"]
    assert resolve_chroms([wanted], [*others, present], "match") == {wanted: present}
    assert resolve_chroms([present], [*others, wanted], "match") == {present: wanted}
    assert resolve_chroms([wanted], others, "match") == {wanted: None}
    assert resolve_chroms([wanted], [present]) == {wanted: None}


def test_equal_name_comes_before_a_match():
    assert resolve_chroms(["1", "chr1"], ["chr1", "1"], "match") == {"1": "1", "chr1": "chr1"}


def test_several_matches_are_refused():
    with pytest.raises(ValueError, match="chromosome M matches both chrM and MT: use one"):
        resolve_chroms(["M"], ["chrM", "MT"], "match")


def test_name_without_match_is_none():
    assert resolve_chroms(["chrUn"], ["1"], "match") == {"chrUn": None}


@pytest.mark.parametrize("setting", ["Match", None, 1, ["match"]])
def test_unknown_chrom_names_are_refused(setting):
    with pytest.raises(ValueError, match="chrom_names must be 'exact' or 'match'"):
        resolve_chroms(["1"], ["1"], setting)


@pytest.mark.parametrize(("listed", "helps"), [("1", True), ("Y", False)])
def test_match_is_advised_only_where_it_helps(listed, helps):
    blacklist = pd.DataFrame({"chrom": [listed], "start": [0], "end": [10]})
    with pytest.raises(ValueError, match="blacklist: none of its chromosomes") as caught:
        check_blacklist(blacklist, {"chr1": 1000})
    assert ("chrom_names='match'" in str(caught.value)) is helps
