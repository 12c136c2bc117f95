"""The `tracks` parameter: mappings and tables, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest

from skchromo.genome.tracks import track_files


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "sample": ["H1", "H1", "K562", "K562", "K562"],
            "track": ["K4", "K27", "K27", "K4", "K4"],
            "path": ["a.bw", Path("b.bw"), "c.bw", "d.bw", "e.bw"],
        }
    )


def test_mapping_keeps_its_order_and_replicates():
    names, files = track_files({"K4": ("b.bw", Path("a.bw")), "K27": Path("c.bw")})
    assert names == ("K4", "K27")
    assert files == {None: (("b.bw", "a.bw"), ("c.bw",))}


def test_table_gives_files_by_sample_in_one_order_of_tracks(table):
    names, files = track_files(table)
    assert names == ("K4", "K27")
    assert files == {"H1": (("a.bw",), ("b.bw",)), "K562": (("d.bw", "e.bw"), ("c.bw",))}


def test_table_needs_no_sample_and_calls_tracks_marks_too(table):
    expected = track_files({"K4": ["a.bw", "d.bw"], "K27": "b.bw"})
    one = table.iloc[[0, 1, 3]].drop(columns="sample")
    assert track_files(one) == expected
    assert track_files(one.rename(columns={"track": "mark"})) == expected
    with pytest.raises(ValueError, match="track K4: a file is given twice"):
        track_files(one.replace("d.bw", "a.bw"))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({}, ValueError, "tracks is empty"),
        (["a.bw"], TypeError, "must be a mapping"),
        ("H3K4me3.bw", FileNotFoundError, r"no such .*given with the name of its track"),
        ("data/*.bw", FileNotFoundError, r"write \{track\} where"),
        ("https://example.org/a.bw", ValueError, r"is an address: .*give a mapping"),
        ({"K4": Path("https://example.org/a.bw")}, TypeError, "give an address as text"),
        ({"K4": []}, ValueError, "track K4: no file"),
        ({"K4": 3}, TypeError, "track K4: a path must be text"),
        ({4: "a.bw"}, TypeError, "name must be text, got 4"),
        ({"K4": ["a.bw", "a.bw"]}, ValueError, r"track K4: a file is given twice: a\.bw"),
    ],
)
def test_bad_mappings_are_refused(bad, error, message):
    with pytest.raises(error, match=message):
        track_files(bad)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="track"), "no column track"),
        (lambda table: table.iloc[:0], "table of tracks is empty"),
        (lambda table: table.replace("d.bw", None), "lacks a value of path in 1 of 5"),
        (
            lambda table: table.iloc[[0, 1, 3]],
            "every sample must have every track: K562 has no K27",
        ),
        (lambda table: table.replace("e.bw", "d.bw"), "sample K562, track K4: a file is given twi"),
    ],
)
def test_bad_tables_are_refused(table, change, message):
    with pytest.raises(ValueError, match=message):
        track_files(change(table))
