"""Faults of contact lists: each is refused with its place and its cure, and no score is guessed."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest
from contact_lists import (
    BEDPE_HEADER,
    CHIA_PET2,
    COOLTOOLS,
    COVNORM,
    FITHICHIP,
    FRAGMENTS,
    HICCUPS,
    MAPS,
    MUSTACHE,
    PAIRS,
    PEAK_MATRIX,
    as_bedpe,
    as_longrange,
    as_regions,
)
from pandas.testing import assert_frame_equal

from skchromo.genome import read_contacts

BEDPE_ROWS = as_bedpe(FRAGMENTS)


def refusal(source, *needles, error=ValueError, **settings):
    """Read, expect an error, look for each needle in its message, and return the message."""
    with pytest.raises(error) as caught:
        read_contacts(source, **settings)
    message = str(caught.value)
    for needle in needles:
        assert needle in message, message
    return message


def test_missing_file_and_folder_are_refused(tmp_path):
    path = tmp_path / "nowhere.bedpe"
    refusal(path, str(path), "does not exist", error=FileNotFoundError)
    refusal(tmp_path, str(tmp_path), "is a folder")


@pytest.mark.parametrize("text", ["", "\n\n", "# one comment\n"])
def test_empty_file_is_refused(write, text):
    path = write(text)
    refusal(path, str(path), "is empty", "header alone")


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame(columns=range(7))])
def test_empty_frame_is_refused(frame):
    refusal(frame, "the contacts DataFrame is empty")


@pytest.mark.parametrize("source", [None, 3, ["chr1"], PAIRS["chrom"]])
def test_source_that_is_neither_path_nor_frame_is_refused(source):
    refusal(source, type(source).__name__, "DataFrame", error=TypeError)


@pytest.mark.parametrize("magic", [b"\x89HDF\r\n\x1a\n", b"HIC\x00"])
@pytest.mark.parametrize("name", ["h1.mcool", "matrix"])
def test_contact_matrix_is_refused(write, magic, name):
    path = write(magic + bytes(100), name)
    refusal(path, str(path), "contact matrix", "InteractionTransformer", ".hic", "BEDPE")


@pytest.mark.parametrize(
    ("content", "needle"),
    [
        (bytes(range(256)), "not a text file"),
        (b"chr1\t100\t200\xff\xfe\n" * 9, "not UTF-8 text"),
        (gzip.compress(as_regions(FRAGMENTS).encode() * 99)[:15], "damaged"),
        (gzip.compress(np.random.default_rng(0).bytes(9000).hex().encode())[:2000], "damaged"),
    ],
    ids=["binary", "other-encoding", "cut-at-once", "cut-later"],
)
def test_files_without_readable_text_are_refused(write, content, needle):
    path = write(content, "h1.bw")
    refusal(path, str(path), needle)


@pytest.mark.parametrize(
    ("text", "needles", "absent"),
    [
        ("a\tb\tc\n1\t2\t3\n", ["gene_id chrom start end score", "chrom1 start1"], "longrange"),
        ("some prose without any table\n", ["gene_id chrom start end score"], "longrange"),
        ("A\tchr1\t5\t9\t1.5\n", ["nearest to 'pairs'", "a header with gene_id"], "bedpe"),
        (
            "chr,start,end,symbol,score\nchr1,5,9,A,2\n",
            ["nearest to 'pairs'", "no column gene_id", "rename"],
            "chrom1",
        ),
        (
            "chr1\tx1\tx2\tchrB\ty1\ty2\tscore\nchr1\t1\t9\tchr1\t20\t2.5\t1\n",
            ["nearest to 'bedpe'", "no column chrom2:"],
            "gene_id",
        ),
        (
            "bait_chr\tbait_start\tbait_end\tother_chr\tother_start\tother_end\tscore\n"
            "1\tx\ty\t1\tx\ty\t5\n",
            ["nearest to 'ibed'", "otherend_chr, otherend_start, otherend_end"],
            "gene_id",
        ),
        ("r1\tchr1\t100501\tchr1\t203001\t+\t-\n", ["binned into a matrix", "cooler"], "bedpe"),
        ("r1\tchr1\t100501\tchr1\t203001\n", ["binned into a matrix"], "bedpe"),
        ("0 chr1 100 0 16 chr1 2000 1\n", ["binned into a matrix"], "bedpe"),
        ("chr1\t0\t100\tp\t9\t.\t5.5\t3\t2\t50\n", ["nearest to 'pairs'"], "matrix"),
        ("readID chrom1 pos1 chrom2 pos2\nr1 chr1 5 chr1 9\n", ["binned into a matrix"], "bedpe"),
    ],
)
def test_unknown_format_is_refused_with_the_nearest(write, text, needles, absent):
    path = write(text)
    message = refusal(path, str(path), "not recognised", *needles, text[:1])
    assert absent not in message.split("): ", 1)[1]
    assert not re.search(r"\n|Traceback|pandas", message)


def test_named_format_that_does_not_fit_is_refused(write):
    path = write(BEDPE_HEADER + BEDPE_ROWS)
    refusal(path, str(path), "as format 'pairs'", "chr1, x1", format="pairs")
    refusal(PAIRS, "as format 'bedpe'", "gene_id, chrom", format="bedpe")
    refusal(PAIRS, "as format 'reference'", format="reference")


@pytest.mark.parametrize("format", ["bed", "BEDPE", None, 1])
def test_unknown_format_name_is_refused(format):
    refusal(PAIRS, "format must be", "'bedpe'", repr(format), format=format)


@pytest.mark.parametrize(
    ("text", "needles"),
    [
        (HICCUPS, ["list of HiCCUPS", "'observed'", "'rank'", "numCollapsed"]),
        (FITHICHIP, ["its name", "list of FitHiChIP", "'cc'", "Q-Value_Bias"]),
        (MUSTACHE, ["list of Mustache", "-log10", "FDR, DETECTION_SCALE"]),
        (COOLTOOLS, ["list of cooltools", "score_column='count'"]),
        (MAPS, ["list of MAPS", "score_column='count'"]),
        (CHIA_PET2, ["list of ChIA-PET2", "score_column='cAB'"]),
        (PEAK_MATRIX, ["Mon, Mac0"]),
        (COVNORM, ["capture_res", "dist_res"]),
        (
            BEDPE_HEADER.replace("score", "observed") + BEDPE_ROWS,
            ["score_column=", "its name", "observed"],
        ),
        (
            FRAGMENTS.drop(columns="weight").to_csv(sep="\t", index=False, header=False),
            ["score_column=", "0-based position", "54000"],
        ),
    ],
    ids=[
        *("hiccups", "fithichip", "mustache", "cooltools", "maps", "chia-pet2"),
        *("peak-matrix", "covnorm", "bedpe", "without-header"),
    ],
)
def test_missing_score_is_not_guessed(write, text, needles):
    refusal(write(text), "no score column", *needles)


def test_missing_score_of_a_frame_is_not_guessed(write):
    frame = FRAGMENTS.drop(columns="weight")
    refusal(frame, "the contacts DataFrame has no score column", "end2")
    refusal(PAIRS.rename(columns={"weight": "n"}), "no score column", "gene_id, chrom")
    seven = write(FRAGMENTS.to_csv(sep="\t", index=False, header=False))
    refusal(seven, "no score column", format="bedpe")


def test_several_possible_scores_are_refused(write):
    both = PAIRS.assign(score=1.0)
    refusal(both, "more than one", "column 4: weight", "column 5: score", "its name")
    assert_frame_equal(read_contacts(both, score_column="weight"), PAIRS)
    plain = FRAGMENTS.astype(str).to_numpy().tolist()
    path = write("\n".join("\t".join([*row[:6], "7", row[6]]) for row in plain))
    refusal(path, "more than one", "column 6: 7", "column 7: 3.25", "its 0-based position")
    assert_frame_equal(read_contacts(path, format="bedpe"), FRAGMENTS)
    assert_frame_equal(read_contacts(path, score_column=7), FRAGMENTS)
    path = write(as_regions(FRAGMENTS).replace("\n", "\t8\n"))
    refusal(path, "more than one", "column 2: 3.25", "column 3: 8")
    assert_frame_equal(read_contacts(path, format="fragments"), FRAGMENTS)
    assert_frame_equal(read_contacts(path, score_column=2), FRAGMENTS)


@pytest.mark.parametrize(
    ("text", "score_column", "needle"),
    [
        (BEDPE_HEADER + BEDPE_ROWS, "observed", "no column 'observed'"),
        (BEDPE_HEADER + BEDPE_ROWS, 25, "beyond its 11 columns"),
        (BEDPE_HEADER + BEDPE_ROWS, "x1", "not a score"),
        (BEDPE_ROWS, "score", "has no header"),
        (as_longrange(FRAGMENTS), 4, "behind the comma"),
    ],
)
def test_score_column_that_is_not_there_is_refused(write, text, score_column, needle):
    path = write(text)
    refusal(path, str(path), needle, score_column=score_column)


@pytest.mark.parametrize("score_column", [True, -1, 1.5, ["score"]])
def test_score_column_of_a_wrong_kind_is_refused(score_column):
    refusal(PAIRS, "score_column", repr(score_column), score_column=score_column)


@pytest.mark.parametrize(
    ("text", "score_column"),
    [
        (HICCUPS, "fdrBL"),
        (MAPS, "fdr"),
        (CHIA_PET2, "fdr"),
        (FITHICHIP, "P-Value_Bias"),
        (FITHICHIP, "Q-Value_Bias"),
        (MUSTACHE, "FDR"),
        (COOLTOOLS, "la_exp.donut.qval"),
        (COVNORM, "p_result_dist"),
        (COVNORM, "FDR_dist_res"),
    ],
)
def test_probabilities_are_refused_as_scores(write, text, score_column):
    refusal(write(text), f"{score_column} holds probabilities", "-log10", score_column=score_column)


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        *[(name, [0.5, 0.1, 1.0]) for name in ("-log10(p)", "logFDR", "quality", "pixels", "q30")],
        ("frequency", [0.5, 0.1, 1.0]),
        ("p", [3.0, 0.1, 1.0]),
    ],
)
def test_scores_other_than_probabilities_are_taken(name, scores):
    table = PAIRS.assign(**{name: scores})
    assert read_contacts(table, score_column=name)["weight"].tolist() == scores


P_VALUES = [[0.0312, 0.001, 0.0049], [0.05, 0.05, 0.02], [0.0, 1e-300, 3e-9], [0.09, 1e-20, 0.5]]
STRENGTHS = [[0.93, 0.5, 0.77], [0.3, 0.02, 0.001], [0.06, 0.01, 0.015], [0.0, 0.0, 0.0]]
STRENGTHS += [[-0.04, 0.01, 0.02], [1e-5, 4e-4, 0.07], [0.0, 1.0, 2.0]]


def written_with(scores, format):
    """Write the three contacts with these scores."""
    contacts = FRAGMENTS.assign(weight=scores)
    if format == "pairs":
        return PAIRS.assign(weight=scores).rename(columns={"weight": "score"}).to_csv(index=False)
    if format == "reference":
        regions, scores = ("chr1:5-9;chr1:20-30;chr1:40-50", ";".join(map(str, scores)))
        return f"gene_id,neighbors,scores\nA,{regions},{scores}\n"
    if format == "six":
        return contacts.to_csv(sep="\t", header=False, index=False)
    kinds = {"bedpe": as_bedpe, "regions": as_regions, "longrange": as_longrange}
    return (BEDPE_HEADER if format == "header" else "") + kinds.get(format, as_bedpe)(contacts)


@pytest.mark.parametrize(
    ("format", "column"),
    [
        ("six", 6),
        ("bedpe", 7),
        ("header", "score"),
        ("regions", 2),
        ("longrange", 3),
        ("pairs", "score"),
        ("reference", "scores"),
    ],
)
@pytest.mark.parametrize("scores", P_VALUES)
def test_scores_that_can_only_be_p_values_need_their_column_named(write, format, column, scores):
    path = write(written_with(scores, format))
    needles = "look like p-values", "-log10", f"score_column={column!r}", f"{max(scores):g}"
    refusal(path, str(path), *needles)
    found = read_contacts(path, score_column=column)["weight"]
    assert sorted(found.unique()) == sorted(set(scores))


@pytest.mark.parametrize("format", ["six", "bedpe", "header", "regions", "longrange", "pairs"])
@pytest.mark.parametrize("scores", STRENGTHS)
def test_strengths_between_0_and_1_are_taken(write, format, scores):
    found = read_contacts(write(written_with(scores, format)))["weight"]
    assert sorted(found.unique()) == sorted(set(scores))


def test_low_scores_of_a_frame_need_their_column_named():
    table = FRAGMENTS.assign(weight=P_VALUES[0]).rename(columns={"weight": "score"})
    refusal(table, "the contacts DataFrame", "look like p-values", "score_column='score'")
    once = read_contacts(table, score_column="score")
    assert_frame_equal(read_contacts(once), once)


@pytest.mark.parametrize("score", [".", "NA", "", "nan", "high", "inf", "1e60"])
def test_score_other_than_a_number_is_refused_with_its_line(write, score):
    text = BEDPE_HEADER + "# a comment\n\n" + BEDPE_ROWS.replace("\t1.5\t", f"\t{score}\t")
    path = write(text)
    refusal(path, str(path), "line 5", "score", "score_column=", "strand1")


@pytest.mark.parametrize("score", [np.nan, None, np.inf, "x"])
def test_score_other_than_a_number_is_refused_with_its_row(score):
    table = PAIRS.astype({"weight": object})
    table.loc[1, "weight"] = score
    refusal(table.set_axis(["r", "s", "t"]), "the contacts DataFrame", "row 1 (index 's')", "score")


def test_list_without_any_score_is_distinguished_from_one_bad_row(write):
    advice = "if it has no scores, pass a DataFrame with a column score"
    empty = FRAGMENTS.assign(name=".", weight=".")[[*FRAGMENTS.columns[:6], "name", "weight"]]
    refusal(write(empty.to_csv(sep="\t", index=False, header=False)), "line 1", "'.'", advice)
    one_bad = BEDPE_HEADER + BEDPE_ROWS.replace("\t1.5\t", "\t.\t")
    assert advice not in refusal(write(one_bad), "line 3", "'.'")


@pytest.mark.parametrize(
    ("column", "value", "needle"),
    [
        ("start", "-5", "starts before 0"),
        ("end", "90000", "ends at or before its start"),
        ("end", "80000", "ends at or before its start"),
        ("start", "9e3x", "whole number"),
        ("start", "1.5", "whole number"),
        ("end", "", "whole number"),
        ("end", "1e30", "whole number"),
        ("chrom", "", "chrom is missing"),
        ("gene_id", "", "gene_id is missing"),
    ],
)
def test_impossible_rows_are_refused_with_their_place(write, column, value, needle):
    table = PAIRS.astype(str)
    table.loc[1, column] = value
    path = write(table.to_csv(sep="\t", index=False))
    refusal(path, str(path), "line 3", needle)
    refusal(table, "row 1 (index 1)", needle)


@pytest.mark.parametrize(
    ("table", "needle"),
    [
        (FRAGMENTS.assign(end1=[2000, 93_000, 10]), "ends at or before its start"),
        (FRAGMENTS.assign(end2=[54_000, 2000, 30]), "ends at or before its start"),
        (PAIRS.assign(start=[50_000, 90_000, np.nan]), "start nan"),
        (PAIRS.replace({"chrom": {"chr2": None}}), "chrom is missing"),
    ],
)
def test_impossible_row_of_a_frame_is_refused(table, needle):
    refusal(table, "row 2", needle)


LONGRANGE = "chr1\t1\t9\tchr1:50-90,7\n"
REFERENCE = "gene_id,eid,neighbors,scores\nA,E,chr1:5-9,2\n"
REGIONS = "chr1:1-9\tchr1:20-30\t2\n# comment\nchr1:1-9\t"


@pytest.mark.parametrize(
    ("text", "line", "needles"),
    [
        (LONGRANGE + "chr1\t5\t9\tchr1:20-30", 2, ["chr:start-end,score"]),
        (LONGRANGE + "chr1\t5\t9\tchr1:20-30;2", 2, ["chr:start-end,score"]),
        (LONGRANGE + "chr1\t5\t9\tchr1:20-30,high", 2, ["score 'high'", "finite number"]),
        (LONGRANGE + "chr1\t5\t9\tchr1:20-30,", 2, ["finite number"]),
        (LONGRANGE + "chr1\t5\t9\tchr1:30-20,2", 2, ["ends at or before"]),
        (LONGRANGE + "chr1\t5\tx\tchr1:20-30,2", 2, ["whole number"]),
        *[
            (f"{REGIONS}{bad}\t2\n", 3, [repr(bad), "chr:start-end"])
            for bad in ("chr1", "chr1:5", "chr1:5-x", ":5-9", "chr1:1,000-2,000", "5-9")
        ],
        ("chr1:1-9\tchr1:-20-30\t2\n", 1, ["starts before 0"]),
        (REFERENCE + "B,E,chr1:5-9;chr1,2;3", 3, ["'chr1'", "chr:start-end"]),
        (REFERENCE + "B,E,chr1:5-9;chr1:9-9,2;3", 3, ["ends at or before"]),
        (REFERENCE + "B,E,chr1:5-9;chr1:10-19,2;x", 3, ["score 'x'"]),
        (
            REFERENCE + "B,E,chr1:5-9;chr1:10-19,2.5",
            3,
            ["gene B", "2 in neighbors", "1 in scores"],
        ),
        (REFERENCE + "A,F,chr1:5-9,3", 3, ["gene A has more than one row", "one cell type"]),
        ("gene_id chrom start end score\nA chr1 5 9 2.0\nA chr1 5 9\n", 3, ["score"]),
        ("\n   \n" + BEDPE_ROWS + "  \n\t\t\n" + BEDPE_ROWS, 7, ["chrom1 is missing"]),
    ],
)
def test_bad_line_is_refused_with_its_number(write, text, line, needles):
    path = write(text)
    refusal(path, str(path), f"line {line}", *needles)


def test_header_of_another_width_is_refused(write):
    text = "gene_id chrom start end score\n1 A chr1 5 9 2.0\n"
    refusal(write(text), "names 5 columns", "first row has 6")
