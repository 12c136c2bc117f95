"""Reading of contact lists: four formats, one result; every fault named."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from skchromo.genome._contacts import read_contacts

FRAGMENTS = pd.DataFrame(
    [
        ["chr1", 1000, 2000, "chr1", 50_000, 54_000, 3.25],
        ["chr1", 90_000, 93_000, "chr1", 1000, 2000, 1.5],
        ["chr2", 10, 20, "chr1", 30, 40, 12.0],
    ],
    columns=["chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"],
)
PAIRS = pd.DataFrame(
    [
        ["A", "chr1", 50_000, 54_000, 3.25],
        ["A", "chr1", 90_000, 93_000, 1.5],
        ["B.2", "chr2", 0, 20, 1e-3],
    ],
    columns=["gene_id", "chrom", "start", "end", "weight"],
)
BEDPE_ROWS = "".join(
    f"{a}\t{b}\t{c}\t{d}\t{e}\t{f}\tloop#1\t{w}\t.\t.\t#00FFFF\n"
    for a, b, c, d, e, f, w in FRAGMENTS.itertuples(index=False)
)
BEDPE_HEADER = "#chr1\tx1\tx2\tchr2\ty1\ty2\tname\tscore\tstrand1\tstrand2\tcolor\n"


@pytest.fixture
def write(tmp_path):
    """Write a text to a file and give its path."""

    def write(text, name="contacts.txt"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def as_regions(frame, separator="\t"):
    lines = (
        separator.join([f"{a}:{b}-{c}", f"{d}:{e}-{f}", str(w)])
        for a, b, c, d, e, f, w in frame.itertuples(index=False)
    )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        BEDPE_ROWS,
        BEDPE_HEADER + BEDPE_ROWS,
        BEDPE_HEADER + "# juicer_tools version 1.22.01\n" + BEDPE_ROWS,
        BEDPE_HEADER.lstrip("#") + "# after the header\n\n" + BEDPE_ROWS,
        "track name=loops\n# made by a tool on a day in May by us\n" + BEDPE_ROWS,
        BEDPE_ROWS.replace("chr1\t9", "# in between\n\nchr1\t9"),
        BEDPE_ROWS + BEDPE_HEADER,
        BEDPE_ROWS.replace("\n", "\r\n"),
        "\ufeff" + BEDPE_HEADER + BEDPE_ROWS,
        "\ufeff" + BEDPE_ROWS,
        BEDPE_ROWS.rstrip("\n"),
    ],
    ids=[
        "plain",
        "header",
        "juicer",
        "bare-header",
        "track",
        "comment-inside",
        "header-at-end",
        "crlf",
        "bom",
        "bom-plain",
        "no-final-newline",
    ],
)
@pytest.mark.parametrize("format", ["auto", "bedpe"])
def test_bedpe_is_read_with_and_without_header_and_comments(write, text, format):
    assert_frame_equal(read_contacts(write(text), format=format), FRAGMENTS)


@pytest.mark.parametrize("separator", ["\t", ",", " ", "   "])
@pytest.mark.parametrize("header", [None, ["a", "b", "c", "d", "e", "f", "score"]])
def test_fragments_in_six_columns_are_read(write, separator, header):
    rows = [header] if header else []
    rows += FRAGMENTS.astype(str).to_numpy().tolist()
    path = write("\n".join(separator.join(row) for row in rows))
    assert_frame_equal(read_contacts(path), FRAGMENTS)
    assert_frame_equal(read_contacts(path, format="fragments"), FRAGMENTS)


@pytest.mark.parametrize("separator", ["\t", ",", " "])
@pytest.mark.parametrize("header", ["", "bait{0}other{0}score\n"])
def test_fragments_as_regions_are_read(write, separator, header):
    path = write(header.format(separator) + as_regions(FRAGMENTS, separator))
    assert_frame_equal(read_contacts(path), FRAGMENTS)
    assert_frame_equal(read_contacts(path, format="fragments"), FRAGMENTS)


def test_regions_of_contigs_with_colons_and_dashes_are_read(write):
    contacts = read_contacts(write("HLA-A*01:01:5-9\tchr6_GL-1:7-8\t2\n"))
    assert contacts.loc[0].tolist() == ["HLA-A*01:01", 5, 9, "chr6_GL-1", 7, 8, 2.0]


@pytest.mark.parametrize("separator", ["\t", ",", " "])
@pytest.mark.parametrize("score", ["score", "weight", "Score"])
def test_gene_keyed_pairs_are_read(write, separator, score):
    table = PAIRS.rename(columns={"weight": score})
    path = write(table.to_csv(sep=separator, index=False))
    assert_frame_equal(read_contacts(path), PAIRS)
    assert_frame_equal(read_contacts(path, format="pairs"), PAIRS)


def test_pairs_keep_columns_in_any_order_and_leave_others_out(write):
    table = PAIRS.assign(note="x", score=PAIRS["weight"])[
        ["note", "score", "end", "start", "gene_id", "chrom"]
    ]
    assert_frame_equal(read_contacts(write(table.to_csv(index=False))), PAIRS)


def test_names_that_pandas_takes_for_missing_are_names(write):
    table = PAIRS.replace({"gene_id": {"A": "NA", "B.2": "None"}})
    text = table.rename(columns={"weight": "score"}).to_csv(index=False)
    assert_frame_equal(read_contacts(write(text)), table)


def test_quoted_fields_are_unquoted(write):
    quoted = PAIRS.rename(columns={"weight": "score"}).to_csv(sep="\t", index=False, quoting=2)
    assert_frame_equal(read_contacts(write(quoted)), PAIRS)


@pytest.mark.parametrize("nothing", ["", "nan", "NA"])
def test_reference_table_is_read(write, nothing):
    path = write(
        "gene_id,eid,chrom,start,end,neighbors,scores\n"
        "A,E003,chr1,1,2,chr1:50000-54000;chr1:90000-93000,3.25;1.5\n"
        f"N,E003,chr1,1,2,{nothing},{nothing}\n"
        "B.2,E003,chr2,1,2,chr2:0-20,0.001\n"
    )
    assert_frame_equal(read_contacts(path), PAIRS)
    assert_frame_equal(read_contacts(path, format="reference"), PAIRS)


def test_reference_frame_with_missing_values_is_read():
    table = pd.DataFrame(
        {
            "gene_id": ["N", "A", "B.2"],
            "neighbors": [np.nan, "chr1:50000-54000;chr1:90000-93000;", "chr2:0-20"],
            "scores": [np.nan, "3.25;1.5", 0.001],
        }
    )
    assert_frame_equal(read_contacts(table), PAIRS)
    assert_frame_equal(read_contacts(table.set_index("gene_id")), PAIRS)


@pytest.mark.parametrize("canonical", [PAIRS, FRAGMENTS], ids=["pairs", "fragments"])
def test_reading_what_was_read_changes_nothing(canonical):
    once = read_contacts(canonical)
    assert_frame_equal(once, canonical)
    assert_frame_equal(read_contacts(once), once)


@pytest.mark.parametrize("unnamed", [False, True])
def test_frames_are_read_like_files(unnamed):
    regions = pd.DataFrame(
        [line.split("\t") for line in as_regions(FRAGMENTS).splitlines()],
        columns=range(3) if unnamed else ["here", "there", "score"],
    )
    assert_frame_equal(read_contacts(regions), FRAGMENTS)
    six = FRAGMENTS.set_axis(range(7) if unnamed else [*"abcdef", "score"], axis=1)
    assert_frame_equal(read_contacts(six.set_index(pd.Index([7, 7, 7]))), FRAGMENTS)


def test_frame_that_is_read_stays_as_it_was():
    before = PAIRS.copy()
    contacts = read_contacts(PAIRS)
    contacts.loc[:, "start"] = 7
    assert_frame_equal(PAIRS, before)


def test_gzip_is_recognised_by_content(tmp_path):
    for name in "loops.bedpe.gz", "loops.bedpe":
        path = tmp_path / name
        path.write_bytes(gzip.compress((BEDPE_HEADER + BEDPE_ROWS).encode()))
        assert_frame_equal(read_contacts(str(path)), FRAGMENTS)


@pytest.mark.parametrize("score_column", ["observed", 11])
def test_score_column_takes_another_column(write, score_column):
    header = BEDPE_HEADER.replace("\n", "\tobserved\n")
    rows = BEDPE_ROWS.replace("\n", "\t77\n")
    contacts = read_contacts(write(header + rows), score_column=score_column)
    assert contacts["weight"].tolist() == [77.0] * 3


def test_score_column_by_position_works_without_header(write):
    rows = BEDPE_ROWS.replace("\n", "\t77\n")
    assert read_contacts(write(rows), score_column=11)["weight"].tolist() == [77.0] * 3


def test_score_column_by_name_works_in_a_frame():
    table = PAIRS.assign(count=[4, 5, 6])
    assert read_contacts(table, score_column="count")["weight"].tolist() == [4.0, 5.0, 6.0]


def test_fragments_format_takes_the_seventh_column_of_more(write):
    rows = FRAGMENTS.assign(extra=99).to_csv(sep="\t", index=False, header=False)
    assert_frame_equal(read_contacts(write(rows), format="fragments"), FRAGMENTS)


@pytest.mark.parametrize(
    "header",
    [
        "gene_id\tchrom\tstart\tend\tscore\n",
        "# no contact was found\n" + BEDPE_HEADER,
        BEDPE_HEADER + "# juicer_tools version 1.22.01 of some time\n",
        "gene_id,neighbors,scores\n",
        "fragment1 fragment2 score",
    ],
)
def test_list_with_a_header_alone_is_an_empty_list(write, header):
    contacts = read_contacts(write(header))
    assert len(contacts) == 0
    assert contacts.columns[-1] == "weight"
    assert_frame_equal(read_contacts(contacts), contacts, check_dtype=False)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["chr1", "2", "chrUn_KI270742v1"]),
            st.integers(0, 10**9),
            st.integers(1, 10**6),
            st.sampled_from(["chr1", "X"]),
            st.integers(0, 10**9),
            st.integers(1, 10**6),
            st.floats(0, 1e6, allow_nan=False).map(lambda value: round(value, 4)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_all_ways_to_write_fragments_give_the_same(tmp_path_factory, rows):
    expected = pd.DataFrame(
        [[a, b, b + c, d, e, e + f, w] for a, b, c, d, e, f, w in rows], columns=FRAGMENTS.columns
    )
    path = tmp_path_factory.mktemp("contacts") / "list.txt"
    bedpe = expected.copy()
    bedpe.insert(6, "name", ".")
    for text in (
        expected.to_csv(index=False, sep="\t", header=False),
        bedpe.to_csv(index=False, sep="\t", header=False),
        bedpe.to_csv(index=False, sep=" "),
        as_regions(expected, ","),
    ):
        path.write_text(text)
        assert_frame_equal(read_contacts(path), expected)


def test_real_list_is_read(h1_e003):
    path = h1_e003 / "interactions.tsv"
    plain = pd.read_csv(path, sep="\t").rename(columns={"score": "weight"})
    assert len(plain) == 346
    assert_frame_equal(read_contacts(path), plain)
    assert_frame_equal(read_contacts(plain), plain)


def refusal(source, *needles, error=ValueError, **settings):
    """Read, expect one error, and look for each needle in its message."""
    with pytest.raises(error) as caught:
        read_contacts(source, **settings)
    message = str(caught.value)
    for needle in needles:
        assert needle in message, message
    return message


def test_missing_file_is_named(tmp_path):
    path = tmp_path / "nowhere.bedpe"
    refusal(path, str(path), "does not exist", error=FileNotFoundError)


def test_folder_is_refused(tmp_path):
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


def test_contact_matrices_are_refused_with_a_way_out(tmp_path):
    path = tmp_path / "h1.mcool"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    refusal(path, str(path), "contact matrix", "BEDPE")


def test_binary_files_are_refused(tmp_path):
    path = tmp_path / "h1.bw"
    path.write_bytes(bytes(range(256)))
    refusal(path, str(path), "no text table")
    path.write_bytes(b"chr1\t100\t200\xff\xfe\n" * 9)
    refusal(path, str(path), "no text")


@pytest.mark.parametrize("n_bytes", [15, 2000])
def test_truncated_gzip_is_refused(tmp_path, n_bytes):
    rng = np.random.default_rng(0)
    rows = "".join(f"chr1:{i}-{i + 9}\tchr1:5-9\t{rng.random()}\n" for i in range(5000))
    path = tmp_path / "loops.gz"
    path.write_bytes(gzip.compress(rows.encode())[:n_bytes])
    refusal(path, str(path))


@pytest.mark.parametrize(
    "text", ["a\tb\tc\n1\t2\t3\n", "A\tchr1\t5\t9\t1.5\n", "some prose without any table\n"]
)
def test_unknown_format_is_refused_with_those_understood(write, text):
    path = write(text)
    refusal(path, str(path), "not recognised", "bedpe", "pairs", "fragments", "reference", text[:1])


def test_named_format_that_does_not_fit_is_refused(write):
    path = write(BEDPE_HEADER + BEDPE_ROWS)
    refusal(path, str(path), "as format 'pairs'", "chr1, x1", format="pairs")
    refusal(PAIRS, "as format 'bedpe'", "gene_id, chrom", format="bedpe")
    refusal(PAIRS, "as format 'reference'", format="reference")


def test_header_of_another_width_is_refused(write):
    text = "gene_id chrom start end score\n1 A chr1 5 9 2.0\n"
    refusal(write(text), "names 5 columns", "first row has 6")


def test_row_of_another_width_is_refused(write):
    path = write("gene_id chrom start end score\nA chr1 5 9 2.0\nA chr1 5 9\n")
    refusal(path, str(path), "line 3", "score")


def test_missing_score_column_is_refused_with_the_columns_found(write):
    header = BEDPE_HEADER.replace("score", "observed")
    path = write(header + BEDPE_ROWS)
    refusal(path, str(path), "no score column", "score_column=", "its name", "observed")
    six = FRAGMENTS.drop(columns="weight")
    path = write(six.to_csv(sep="\t", index=False, header=False))
    refusal(path, "no score column", "score_column=", "0-based position", "54000")
    refusal(six, "the contacts DataFrame has no score column", "end2")
    refusal(PAIRS.rename(columns={"weight": "n"}), "no score column", "gene_id, chrom")
    seven = write(FRAGMENTS.to_csv(sep="\t", index=False, header=False))
    refusal(seven, "no score column", format="bedpe")


@pytest.mark.parametrize(
    ("score_column", "needle"),
    [("observed", "no column 'observed'"), (25, "beyond its 11 columns"), ("x1", "not a score")],
)
def test_score_column_that_is_not_there_is_refused(write, score_column, needle):
    path = write(BEDPE_HEADER + BEDPE_ROWS)
    refusal(path, str(path), needle, "strand1", score_column=score_column)


def test_score_column_by_name_needs_a_header(write):
    refusal(write(BEDPE_ROWS), "has no header", "0-based position", score_column="score")


@pytest.mark.parametrize("score_column", [True, -1, 1.5, ["score"]])
def test_score_column_of_a_wrong_kind_is_refused(score_column):
    refusal(PAIRS, "score_column", repr(score_column), score_column=score_column)


@pytest.mark.parametrize("format", ["bed", "BEDPE", None, 1])
def test_unknown_format_name_is_refused(format):
    refusal(PAIRS, "format must be one of auto, bedpe", repr(format), format=format)


@pytest.mark.parametrize("score", [".", "NA", "", "nan", "high", "inf", "1e60"])
def test_score_that_is_no_number_is_refused_with_its_line(write, score):
    text = BEDPE_HEADER + "# a comment\n\n" + BEDPE_ROWS.replace("\t1.5\t", f"\t{score}\t")
    path = write(text)
    refusal(path, str(path), "line 5", "score", "score_column=", "strand1")


@pytest.mark.parametrize("score", [np.nan, None, np.inf, "x"])
def test_score_that_is_no_number_is_refused_with_its_row(score):
    table = PAIRS.astype({"weight": object})
    table.loc[1, "weight"] = score
    refusal(table.set_axis(["r", "s", "t"]), "the contacts DataFrame", "row 1 (index 's')", "score")


@pytest.mark.parametrize(
    ("column", "value", "needle"),
    [
        ("start", "-5", "starts before 0"),
        ("end", "90000", "ends at or before its start"),
        ("end", "80000", "ends at or before its start"),
        ("start", "9e3x", "no whole number"),
        ("start", "1.5", "no whole number"),
        ("end", "", "no whole number"),
        ("end", "1e30", "no whole number"),
        ("chrom", "", "chrom is missing"),
        ("gene_id", "", "gene_id is missing"),
    ],
)
def test_impossible_rows_are_refused_with_their_line(write, column, value, needle):
    table = PAIRS.astype(str)
    table.loc[1, column] = value
    path = write(table.to_csv(sep="\t", index=False))
    refusal(path, str(path), "line 3", needle)
    refusal(table, "row 1 (index 1)", needle)


@pytest.mark.parametrize("side", ["1", "2"])
def test_both_fragments_are_judged(side):
    table = FRAGMENTS.copy()
    table.loc[2, "end" + side] = table.loc[2, "start" + side]
    refusal(table, "row 2", "ends at or before its start")


def test_missing_values_in_a_frame_are_refused():
    table = PAIRS.astype({"start": float})
    table.loc[2, "start"] = np.nan
    refusal(table, "row 2", "start nan")
    refusal(PAIRS.replace({"chrom": {"chr2": None}}), "row 2", "chrom is missing")


@pytest.mark.parametrize("bad", ["chr1", "chr1:5", "chr1:5-x", ":5-9", "chr1:1,000-2,000", "5-9"])
def test_malformed_regions_are_refused_with_their_line(write, bad):
    path = write(f"chr1:1-9\tchr1:20-30\t2\n# comment\nchr1:1-9\t{bad}\t2\n")
    refusal(path, str(path), "line 3", repr(bad), "chr:start-end")


def test_negative_region_is_refused(write):
    refusal(write("chr1:1-9\tchr1:-20-30\t2\n"), "line 1", "starts before 0")


def test_unequal_lists_of_a_gene_are_refused(write):
    path = write("gene_id,neighbors,scores\nA,chr1:5-9,2\nB,chr1:5-9;chr1:10-19,2.5\n")
    refusal(path, str(path), "line 3", "gene B", "2 neighbors", "1 scores")


@pytest.mark.parametrize(
    ("neighbors", "scores", "needle"),
    [
        ("chr1:5-9;chr1", "2;3", "no region"),
        ("chr1:5-9;chr1:9-9", "2;3", "ends at or before"),
        ("chr1:5-9;chr1:10-19", "2;x", "score 'x'"),
    ],
)
def test_faults_in_a_reference_row_are_refused_with_its_line(write, neighbors, scores, needle):
    path = write(f"gene_id,neighbors,scores\nA,chr1:5-9,2\nB,{neighbors},{scores}\n")
    refusal(path, "line 3", needle)


def test_gene_with_two_rows_in_a_reference_table_is_refused(write):
    path = write("gene_id,eid,neighbors,scores\nA,E003,chr1:5-9,2\nA,E004,chr1:5-9,3\n")
    refusal(path, "line 3", "gene A has more than one row", "one cell type")


def test_messages_are_one_sentence_without_a_traceback_of_pandas(write):
    message = refusal(write("a\tb\tc\n1\t2\t3\n"), "not recognised")
    assert not re.search(r"\n|Traceback|pandas", message)
