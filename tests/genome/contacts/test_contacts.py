"""Reading of contact lists: many formats, one result; every fault named."""

import gzip
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from skchromo import InteractionTransformer
from skchromo.genome import read_contacts

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
        "track\tname=loops\n" + BEDPE_ROWS.replace("chr1\t9", "track\tname=b\nchr1\t9"),
        "  \n" + BEDPE_ROWS.replace("\n", "\n   \n\n"),
        BEDPE_ROWS.replace("\t90000\t", "\t9e+04\t").replace("chr1\t1000\t", "chr1\t1E3\t"),
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
        "track-tabs",
        "blank-lines",
        "exponents",
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


@settings(max_examples=25)
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
        as_ibed(expected),
        as_chicago_washu(expected),
    ):
        path.write_text(text)
        assert_frame_equal(read_contacts(path), expected)
    path.write_text(as_longrange(expected))
    contacts = read_contacts(path)
    assert unordered(contacts) == unordered(expected)
    assert len(contacts) == len(unordered(expected))


def unordered(contacts):
    """Give each contact as its two ends, whichever comes first, and its weight."""
    rows = contacts.itertuples(index=False, name=None)
    return {(frozenset([row[:3], row[3:6]]), row[6]) for row in rows}


HICCUPS = (
    "#chr1\tx1\tx2\tchr2\ty1\ty2\tname\tscore\tstrand1\tstrand2\tcolor\tobserved\texpectedBL"
    "\texpectedDonut\tfdrBL\tnumCollapsed\n"
    "# juicer_tools version 1.22.01\n"
    "1\t1000\t2000\t1\t50000\t54000\t.\t.\t.\t.\t0,255,255\t42.0\t9.5\t8.1\t1.2E-9\t3\n"
    "1\t90000\t93000\t1\t1000\t2000\t.\t.\t.\t.\t0,255,255\t17.0\t5.5\t4.1\t0.05\t1\n"
)
FITHICHIP = (
    "chr1\ts1\te1\tchr2\ts2\te2\tcc\tCoverage1\tisPeak1\tBias1\tP-Value_Bias\tQ-Value_Bias\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\t12\t900\t1\t1.2\t1e-8\t3e-5\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\t7\t650\t1\t0.9\t1e-5\t8e-3\n"
)
MUSTACHE = (
    "BIN1_CHR\tBIN1_START\tBIN1_END\tBIN2_CHROMOSOME\tBIN2_START\tBIN2_END\tFDR\tDETECTION_SCALE\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\t0.0012\t1.6\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\t0.04\t2.3\n"
)
COOLTOOLS = (
    "chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tcount\tla_exp.donut.value\tla_exp.donut.qval\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\t42\t9.5\t0.001\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\t17\t5.5\t0.02\n"
)
MAPS = (
    "chr1\tstart1\tend1\tchr2\tstart2\tend2\tcount\texpected\tfdr\tClusterLabel\tClusterSize"
    "\tClusterType\tClusterNegLog10P\tClusterSummit\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\t42\t9.5\t1e-9\tc1\t4\tSharpPeak\t21.5\t1\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\t17\t5.5\t0.002\tNA\t1\tSingleton\t3.1\t1\n"
)
# the two ends have the same names
CHIA_PET2 = (
    "chr\tstart\tend\tchr\tstart\tend\tpeakA\tpeakB\tcA\tcB\tcAB\t-log10(1-PostProb)\tfdr\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\tpeak_1\tpeak_3\t3330\t3814\t42\t4.5\t0.03\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\tpeak_4\tpeak_1\t910\t3330\t17\t2.5\t0.04\n"
)
PEAK_MATRIX = (
    "baitChr\tbaitStart\tbaitEnd\tbaitID\tbaitName\toeChr\toeStart\toeEnd\toeID\toeName\tdist"
    "\tMon\tMac0\n"
    "1\t1000\t2000\t1\tA;B\t1\t50000\t54000\t9\t.\t50500\t6.25\t0.5\n"
    "1\t90000\t93000\t7\tC\t1\t1000\t2000\t1\tA;B\t-90000\t0\t11.5\n"
)
COVNORM = (
    "frag1\tfrag2\tcov_frag1\tcov_frag2\tfreq\tdist\trand\texp_value_capture\tcapture_res"
    "\texp_value_dist\tdist_res\tp_result_dist\tFDR_dist_res\n"
    "chr1.1000.2000\tchr1.50000.54000\t2296\t2304\t6\t49000\t77\t2.06\t2.91\t1.7\t1.45\t0.05\t0.7\n"
    "chr1.90000.93000\tchr1.1000.2000\t2296\t2072\t2\t89000\t47\t1.05\t1.91\t1.6\t1.11\t0.24\t0.9\n"
)
LOOPS = [
    ("bedpe", HICCUPS, "observed", [42.0, 17.0]),
    ("bedpe", HICCUPS, 12, [9.5, 5.5]),
    ("bedpe", FITHICHIP, "cc", [12.0, 7.0]),
    ("bedpe", MUSTACHE, "detection_scale", [1.6, 2.3]),
    ("bedpe", COOLTOOLS, "count", [42.0, 17.0]),
    ("bedpe", MAPS, "count", [42.0, 17.0]),
    ("bedpe", CHIA_PET2, "cAB", [42.0, 17.0]),
    ("ibed", PEAK_MATRIX, "Mac0", [0.5, 11.5]),
    ("fragments", COVNORM, "dist_res", [1.45, 1.11]),
]


@pytest.mark.parametrize(("format", "text", "score_column", "scores"), LOOPS)
def test_files_of_loop_callers_are_read(write, format, text, score_column, scores):
    path = write(text)
    chrom = "1" if "\n1\t" in text else "chr1"
    expected = FRAGMENTS[:2].assign(weight=scores, chrom1=chrom, chrom2=chrom)
    assert_frame_equal(read_contacts(path, score_column=score_column), expected)
    assert_frame_equal(read_contacts(path, format=format, score_column=score_column), expected)
    frame = pd.read_csv(path, sep="\t", skiprows=[1] if "juicer" in text else None)
    frame = frame.rename(columns=lambda name: name.lstrip("#"))
    assert_frame_equal(read_contacts(frame, score_column=score_column), expected)


@pytest.mark.parametrize(
    ("text", "needles"),
    [
        (HICCUPS, ["no score column", "list of HiCCUPS", "'observed'", "'rank'", "numCollapsed"]),
        (FITHICHIP, ["no score column", "its name", "list of FitHiChIP", "'cc'", "Q-Value_Bias"]),
        (MUSTACHE, ["no score column", "list of Mustache", "-log10", "FDR, DETECTION_SCALE"]),
        (COOLTOOLS, ["no score column", "list of cooltools", "score_column='count'"]),
        (MAPS, ["no score column", "list of MAPS", "score_column='count'"]),
        (CHIA_PET2, ["no score column", "list of ChIA-PET2", "score_column='cAB'"]),
        (PEAK_MATRIX, ["no score column", "Mon, Mac0"]),
        (COVNORM, ["no score column", "capture_res", "dist_res"]),
    ],
    ids=[
        *("hiccups", "fithichip", "mustache", "cooltools", "maps", "chia-pet2"),
        *("peak-matrix", "covnorm"),
    ],
)
def test_score_of_loop_callers_is_never_guessed(write, text, needles):
    refusal(write(text), *needles)


def test_score_that_was_written_into_a_list_of_hiccups_is_taken(write):
    path = write(HICCUPS.replace("\t.\t.\t.\t.\t0,", "\t.\t2.5\t.\t.\t0,"))
    assert read_contacts(path)["weight"].tolist() == [2.5, 2.5]


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
def test_probabilities_are_no_scores(write, text, score_column):
    refusal(write(text), f"{score_column} holds probabilities", "-log10", score_column=score_column)


@pytest.mark.parametrize("name", ["-log10(p)", "logFDR", "quality", "pixels", "q30", "frequency"])
def test_other_columns_between_0_and_1_are_scores(name):
    table = PAIRS.assign(**{name: [0.5, 0.1, 1.0]})
    assert read_contacts(table, score_column=name)["weight"].tolist() == [0.5, 0.1, 1.0]


def test_p_values_beyond_1_are_scores():
    table = PAIRS.assign(p=[3.0, 0.1, 1.0])
    assert read_contacts(table, score_column="p")["weight"].tolist() == [3.0, 0.1, 1.0]


IBED_HEADER = (
    "bait_chr\tbait_start\tbait_end\tbait_name\totherEnd_chr\totherEnd_start\totherEnd_end"
    "\totherEnd_name\tN_reads\tscore\n"
)


def as_ibed(frame, header=IBED_HEADER):
    rows = (
        f"{a}\t{b}\t{c}\tGENE1;GENE2\t{d}\t{e}\t{f}\t.\t9\t{w}\n"
        for a, b, c, d, e, f, w in frame.itertuples(index=False)
    )
    return header + "".join(rows)


def as_chicago_washu(frame, separator="\t"):
    rows = (
        separator.join([f"{a},{b},{c}", f"{d},{e},{f}", str(w)])
        for a, b, c, d, e, f, w in frame.itertuples(index=False)
    )
    return "\n".join(rows) + "\n"


def as_longrange(frame, both=True, end=""):
    rows = []
    for a, b, c, d, e, f, w in frame.itertuples(index=False):
        rows.append(f"{a}\t{b}\t{c}\t{d}:{e}-{f},{w}")
        if both:
            rows.append(f"{d}\t{e}\t{f}\t{a}:{b}-{c},{w}")
    ends = [end.format(number) for number in range(len(rows))]
    return "".join(row + end + "\n" for row, end in zip(rows, ends, strict=True))


INTERACT_NAMES = (
    "#chrom\tchromStart\tchromEnd\tname\tscore\tvalue\texp\tcolor\tsourceChrom\tsourceStart"
    "\tsourceEnd\tsourceName\tsourceStrand\ttargetChrom\ttargetStart\ttargetEnd\ttargetName"
    "\ttargetStrand\n"
)


def as_interact(frame):
    rows = (
        f"{a}\t{min(b, e)}\t{max(c, f)}\tx\t350\t{w}\t.\t#7A67EE"
        f"\t{a}\t{b}\t{c}\t.\t.\t{d}\t{e}\t{f}\t.\t.\n"
        for a, b, c, d, e, f, w in frame.itertuples(index=False)
    )
    return "".join(rows)


@pytest.mark.parametrize("header", [IBED_HEADER, IBED_HEADER.lower(), ""])
@pytest.mark.parametrize("chrom", ["chr1", "1"])
@pytest.mark.parametrize("format", ["auto", "ibed"])
def test_ibed_is_read_with_and_without_header(write, header, chrom, format):
    expected = FRAGMENTS.replace("chr1", chrom)
    assert_frame_equal(read_contacts(write(as_ibed(expected, header)), format=format), expected)


@pytest.mark.parametrize("format", ["auto", "ibed"])
def test_ibed_without_header_may_begin_between_chromosomes(write, format):
    expected = FRAGMENTS[::-1].reset_index(drop=True).replace({"chr1": "1", "chr2": "2"})
    assert_frame_equal(read_contacts(write(as_ibed(expected, "")), format=format), expected)


def test_ten_columns_without_header_may_be_bedpe(write):
    rows = FRAGMENTS.replace({"chr1": "1", "chr2": "2"})
    rows = rows.assign(name=7, a=0.5, b=3)[[*rows.columns[:6], "name", "weight", "a", "b"]]
    path = write(rows.to_csv(sep="\t", index=False, header=False))
    expected = FRAGMENTS.replace({"chr1": "1", "chr2": "2"})
    assert_frame_equal(read_contacts(path, score_column=7), expected)


def test_ibed_has_counts_too(write):
    path = write(as_ibed(FRAGMENTS))
    assert read_contacts(path, score_column="N_reads")["weight"].tolist() == [9.0] * 3


@pytest.mark.parametrize("separator", ["\t", " ", "  "])
@pytest.mark.parametrize("format", ["auto", "fragments"])
def test_washu_text_of_chicago_is_read(write, separator, format):
    path = write(as_chicago_washu(FRAGMENTS, separator))
    assert_frame_equal(read_contacts(path, format=format), FRAGMENTS)


@pytest.mark.parametrize("format", ["auto", "longrange"])
@pytest.mark.parametrize("end", ["", "\t{}\t.", "\t{}"])
@pytest.mark.parametrize("both", [True, False])
def test_longrange_is_read_and_lists_a_contact_once(write, format, end, both):
    path = write(as_longrange(FRAGMENTS, both, end))
    assert_frame_equal(read_contacts(path, format=format), FRAGMENTS)


def test_longrange_is_read_compressed_by_gzip_and_bgzip(tmp_path):
    text = as_longrange(FRAGMENTS).encode()
    path = tmp_path / "loops.longrange.gz"
    last_block = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
    blocks = [gzip.compress(text[:40]), gzip.compress(text[40:]), last_block]
    for content in gzip.compress(text), b"".join(blocks):
        path.write_bytes(content)
        assert_frame_equal(read_contacts(path), FRAGMENTS)


def test_longrange_sorted_for_tabix_and_with_other_whites_is_read(write):
    lines = sorted(as_longrange(FRAGMENTS).splitlines())
    for separator in "\t", " ":
        path = write("\r\n".join(line.replace("\t", separator) for line in lines))
        contacts = read_contacts(path)
        assert unordered(contacts) == unordered(FRAGMENTS)
        assert len(contacts) == len(FRAGMENTS)


def test_longrange_sides_of_different_scores_are_both_kept(write):
    path = write("chr1\t5\t9\tchr1:20-30,2\nchr1\t20\t30\tchr1:5-9,3\n")
    assert read_contacts(path)["weight"].tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("row", "needle"),
    [
        ("chr1\t5\t9\tchr1:20-30", "chr:start-end,score"),
        ("chr1\t5\t9\tchr1:20-30;2", "chr:start-end,score"),
        ("chr1\t5\t9\tchr1:20-30,high", "score 'high' is not a finite number"),
        ("chr1\t5\t9\tchr1:20-30,", "not a finite number"),
        ("chr1\t5\t9\tchr1:30-20,2", "ends at or before"),
        ("chr1\t5\tx\tchr1:20-30,2", "not a whole number"),
    ],
)
def test_faults_in_a_longrange_row_are_refused_with_its_line(write, row, needle):
    path = write(f"chr1\t1\t9\tchr1:50-90,7\n{row}\n")
    refusal(path, str(path), "line 2", needle)


def test_longrange_has_no_other_score(write):
    path = write(as_longrange(FRAGMENTS))
    refusal(path, "behind the comma", "score_column", score_column=4)


@pytest.mark.parametrize(
    "header",
    ["", INTERACT_NAMES, "track type=interact name=x\nbrowser position chr1\n" + INTERACT_NAMES],
)
@pytest.mark.parametrize("format", ["auto", "interact"])
def test_interact_is_read_with_and_without_header(write, header, format):
    path = write(header + as_interact(FRAGMENTS))
    refusal(path, "more than one", "column 4: score", "column 5: value", "exp", format=format)
    for score_column in "value", 5:
        contacts = read_contacts(path, format=format, score_column=score_column)
        assert_frame_equal(contacts, FRAGMENTS)
    assert read_contacts(path, score_column="score")["weight"].tolist() == [350.0] * 3


def test_regions_are_found_in_any_columns(write):
    lines = ["gene\tpromoter\ttype\tother\tcounts\tscore"]
    lines += [
        f"G\t{a}:{b}-{c}\tPE\t{d}:{e}-{f}\t9\t{w}"
        for a, b, c, d, e, f, w in FRAGMENTS.itertuples(index=False)
    ]
    assert_frame_equal(read_contacts(write("\n".join(lines))), FRAGMENTS)


@pytest.mark.parametrize("spelling", ["{}:{}-{}", "{}.{}.{}", "{},{},{}"])
def test_pairs_of_a_gene_and_a_region_are_read(write, spelling):
    lines = ["symbol\tgene_id\tInteracting_fragment\tscore"]
    lines += [
        f"S\t{gene}\t{spelling.format(*interval)}\t{weight}"
        for gene, *interval, weight in PAIRS.itertuples(index=False)
    ]
    path = write("\n".join(lines))
    assert_frame_equal(read_contacts(path), PAIRS)
    assert_frame_equal(read_contacts(path, format="pairs"), PAIRS)


def test_several_columns_that_could_be_the_score_are_refused(write):
    both = PAIRS.assign(score=1.0)
    refusal(both, "more than one", "column 4: weight", "column 5: score", "its name")
    assert_frame_equal(read_contacts(both, score_column="weight"), PAIRS)
    plain = FRAGMENTS.astype(str).to_numpy().tolist()
    numbered = "\n".join("\t".join([*row[:6], "7", row[6]]) for row in plain)
    path = write(numbered)
    refusal(path, "more than one", "column 6: 7", "column 7: 3.25", "its 0-based position")
    assert_frame_equal(read_contacts(path, format="bedpe"), FRAGMENTS)
    assert_frame_equal(read_contacts(path, score_column=7), FRAGMENTS)
    path = write(as_regions(FRAGMENTS).replace("\n", "\t8\n"))
    refusal(path, "more than one", "column 2: 3.25", "column 3: 8")
    assert_frame_equal(read_contacts(path, format="fragments"), FRAGMENTS)
    assert_frame_equal(read_contacts(path, score_column=2), FRAGMENTS)


def test_matrix_by_another_name_is_no_list(tmp_path):
    path = tmp_path / "matrix"
    path.write_bytes(b"HIC\x00" + bytes(100))
    refusal(path, "contact matrix", "InteractionTransformer", ".hic")


def as_pairs(genes, contacts):
    """Give each gene whose TSS is in one end of a contact the other end, one contact at a time."""
    rows = [
        [gene.gene_id, there[0], there[1], there[2], contact[6]]
        for gene in genes.itertuples()
        for contact in contacts.itertuples(index=False, name=None)
        for here, there in ((contact[:3], contact[3:6]), (contact[3:6], contact[:3]))
        if here[0] == there[0] == gene.chrom and here[1] <= gene.tss < here[2]
    ]
    return pd.DataFrame(rows, columns=[*PAIRS.columns[:4], "score"])


def as_reference(pairs):
    lines = ["gene_id,neighbors,scores"]
    for gene, own in pairs.groupby("gene_id"):
        regions = ";".join(f"{a}:{b}-{c}" for _, a, b, c, _ in own.itertuples(index=False))
        lines.append(f"{gene},{regions},{';'.join(map(str, own['score']))}")
    return "\n".join(lines) + "\n"


@settings(max_examples=12)
@given(
    st.sampled_from([None, 1.5]),
    st.lists(st.integers(0, 30), min_size=1, max_size=4, unique=True),
    st.lists(
        st.tuples(
            st.sampled_from(["chr1", "chr2"]),
            st.tuples(st.integers(0, 30), st.integers(1, 9)),
            st.sampled_from(["chr1", "chr2"]),
            st.tuples(st.integers(0, 30), st.integers(1, 9)),
            st.integers(0, 40).map(lambda value: value / 8),
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_each_format_gives_a_gene_the_same_pcres(tmp_path_factory, threshold, tss, rows):
    contacts = pd.DataFrame(
        [[a, s, s + n, b, e, e + m, w] for a, (s, n), b, (e, m), w in rows],
        columns=FRAGMENTS.columns,
    )
    genes = pd.DataFrame({"gene_id": [f"G{at}" for at in tss], "tss": tss})
    genes = genes.assign(chrom="chr1", strand="+")
    pairs = as_pairs(genes, contacts)
    bedpe = contacts.copy()
    bedpe.insert(6, "name", ".")
    written = {
        "bedpe": bedpe.to_csv(index=False, sep="\t", header=False),
        "pairs": pairs.to_csv(index=False, sep="\t"),
        "fragments": as_regions(contacts),
        "ibed": as_ibed(contacts),
        "longrange": as_longrange(contacts),
        "interact": as_interact(contacts),
        "reference": as_reference(pairs),
    }
    path = tmp_path_factory.mktemp("contacts") / "list.txt"
    given_as = {"weight_threshold": threshold, "max_pcres": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = InteractionTransformer(contacts, **given_as).fit_transform(genes)
        for format, text in written.items():
            path.write_text(text)
            column = "value" if format == "interact" else None
            for asked in format, "auto":
                transformer = InteractionTransformer(
                    path, format=asked, score_column=column, **given_as
                )
                assert_frame_equal(transformer.fit_transform(genes), expected)


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
    refusal(path, str(path), "not a text file")
    path.write_bytes(b"chr1\t100\t200\xff\xfe\n" * 9)
    refusal(path, str(path), "not UTF-8 text")


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
    refusal(PAIRS, "format must be 'auto', 'bedpe'", repr(format), format=format)


@pytest.mark.parametrize("score", [".", "NA", "", "nan", "high", "inf", "1e60"])
def test_score_that_is_no_number_is_refused_with_its_line(write, score):
    text = BEDPE_HEADER + "# a comment\n\n" + BEDPE_ROWS.replace("\t1.5\t", f"\t{score}\t")
    path = write(text)
    refusal(path, str(path), "line 5", "score", "score_column=", "strand1")


def test_list_without_any_score_is_told_from_one_bad_row(write):
    advice = "if it has no scores, pass a DataFrame with a column score"
    empty = FRAGMENTS.assign(name=".", weight=".")[[*FRAGMENTS.columns[:6], "name", "weight"]]
    refusal(write(empty.to_csv(sep="\t", index=False, header=False)), "line 1", "'.'", advice)
    one_bad = BEDPE_HEADER + BEDPE_ROWS.replace("\t1.5\t", "\t.\t")
    assert advice not in refusal(write(one_bad), "line 3", "'.'")


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
        ("start", "9e3x", "not a whole number"),
        ("start", "1.5", "not a whole number"),
        ("end", "", "not a whole number"),
        ("end", "1e30", "not a whole number"),
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


def test_row_of_tabs_alone_is_named_by_its_line(write):
    path = write("\n   \n" + BEDPE_ROWS + "  \n\t\t\n" + BEDPE_ROWS)
    refusal(path, "line 7", "chrom1 is missing")


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
    refusal(path, str(path), "line 3", "gene B", "2 in neighbors", "1 in scores")


@pytest.mark.parametrize(
    ("neighbors", "scores", "needle"),
    [
        ("chr1:5-9;chr1", "2;3", "not a region"),
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
