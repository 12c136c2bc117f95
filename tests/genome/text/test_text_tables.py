"""Text files and the tables in them: lines of every kind, and the place of every row."""

import pandas as pd
import pytest

from skchromo.genome.text import (
    FrameTable,
    TextFile,
    TextTable,
    is_comment,
    split_line,
    text_of,
    whole_number,
)


@pytest.fixture
def open_text(write):
    """Return a function that writes a file and opens it as a TextFile."""
    return lambda content, name="table.tsv": TextFile(write(content, name), "list")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("name", ["table.tsv", "table.gz"])
def test_lines_end_as_on_any_machine(open_text, end, name):
    file = open_text(b"\xef\xbb\xbf" + end.join([b"# a", b"", b"chr1\t10", b"chr2\t20"]), name)
    lines = [(number, text_of(line)) for number, line in file.lines()]
    assert lines == [(1, "# a"), (2, ""), (3, "chr1\t10"), (4, "chr2\t20")]


def test_head_has_comments_and_first_records(open_text):
    comments, records = open_text(b"# a\ntrack name=x\n\nx,y\n# b\n1,2\n3,4\n").head(2)
    assert comments == ["# a", "track name=x"]
    assert records == [(4, ["x", "y"], ","), (6, ["1", "2"], ",")]
    with pytest.raises(ValueError, match=r"list file '.*table\.tsv', line 2: not UTF-8 text"):
        open_text(b"x\ty\n\xff\t1\n").head(2)


def test_binary_formats_are_refused_by_name(write, open_text):
    with pytest.raises(ValueError, match=r"table\.tsv' is not a text file"):
        open_text(b"chr1\x00")
    with pytest.raises(ValueError, match=r"table' holds reads"):
        TextFile(write(b"BAM\x01"), "list", others={b"BAM": "holds reads"})


def test_row_is_found_below_blank_lines_and_comments(open_text):
    file = open_text(b"x\ty\n\na\t1\n# b\nc\t2\n\t\nd\t3\n")
    table = TextTable(file, ["x", "y"], ["a", "1"], "\t", 1, has_comments=True)
    loaded = table.load({"name": 0, "score": 1}, as_text=("name",))
    assert loaded["name"].tolist() == ["a", "c", "", "d"]
    assert [table.where(row) for row in range(4)] == ["line 3", "line 5", "line 6", "line 7"]


def test_quote_that_is_not_closed_is_named(open_text):
    file = open_text(b'x\ty\na\t1\n"b\t2\nc"\t3\n')
    with pytest.raises(ValueError, match=r"line 3: a quote is not closed, so that 3 lines are 2"):
        TextTable(file, ["x", "y"], ["a", "1"], "\t", 1).load({"x": 0})


def test_frame_has_the_face_of_a_file():
    frame = pd.DataFrame({"score": [2.5, 3.5]}, index=pd.Index(["A", "B"], name="gene_id"))
    table = FrameTable(frame, "the list")
    assert (table.header, table.first) == (["gene_id", "score"], ["A", "2.5"])
    assert table.load({"weight": 1})["weight"].tolist() == [2.5, 3.5]
    assert table.where(1) == "row 1 (index 'B')"
    assert FrameTable(pd.DataFrame([[1]]), "the list").where(0) == "row 0 (index 0)"


@pytest.mark.parametrize(
    ("line", "fields", "separator"),
    [
        ("chr1 100  200", ["chr1", "100", "200"], r"\s+"),
        ("chr1,100,200 chr1,500,600 6.9", ["chr1,100,200", "chr1,500,600", "6.9"], r"\s+"),
        ('"a,b", 2\n', ["a,b", "2"], ","),
        ('"a\tb"\t2', ["a\tb", "2"], "\t"),
    ],
)
def test_line_is_split_at_its_separator(line, fields, separator):
    assert split_line(line) == (fields, separator)


def test_position_is_written_in_digits():
    assert [whole_number(text) for text in ("1000", " 5 ", "1_000", "-1", "")] == [
        *(1000, 5, None, None, None)
    ]


def test_comment_is_not_a_record():
    lines = ("# a comment", "track name=genes", "browser\tposition", " ", "chr1 10 20", "tracks 1")
    assert [is_comment(line) for line in lines] == [True] * 4 + [False] * 2
