"""Formats of contact lists: each is read, by name and by content, to the same table."""

import gzip
import warnings

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
    HOMER,
    IBED_HEADER,
    INTERACT_HEADER,
    MAPS,
    MUSTACHE,
    PAIRS,
    PEAK_MATRIX,
    as_bedpe,
    as_chicago_washu,
    as_ibed,
    as_interact,
    as_longrange,
    as_reference,
    as_regions,
    rows_of,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from skchromo import InteractionTransformer
from skchromo.genome import read_contacts

BEDPE_ROWS = as_bedpe(FRAGMENTS)
# Bins, so that a list counts from 0 or from 1 for certain.
POSITIONS = ["start1", "end1", "start2", "end2"]
SIX_NAMES = [*"abcdef", "score"]


def pairs_by_region(spelling):
    lines = ["symbol\tgene_id\tInteracting_fragment\tscore"]
    lines += [
        f"S\t{gene}\t{spelling.format(*interval)}\t{weight}"
        for gene, *interval, weight in PAIRS.itertuples(index=False)
    ]
    return "\n".join(lines)


def reference_with_nothing(nothing):
    return (
        "gene_id,eid,chrom,start,end,neighbors,scores\n"
        "A,E003,chr1,1,2,chr1:50000-54000;chr1:90000-93000,3.25;1.5\n"
        f"N,E003,chr1,1,2,{nothing},{nothing}\n"
        "B.2,E003,chr2,1,2,chr2:0-20,0.001\n"
    )


TEXTS = {
    "bedpe": {
        "plain": BEDPE_ROWS,
        "header": BEDPE_HEADER + BEDPE_ROWS,
        "juicer": BEDPE_HEADER + "# juicer_tools version 1.22.01\n" + BEDPE_ROWS,
        "bare-header": BEDPE_HEADER.lstrip("#") + "# after the header\n\n" + BEDPE_ROWS,
        "track": "track name=loops\n# made by a tool on a day in May by us\n" + BEDPE_ROWS,
        "comment-inside": BEDPE_ROWS.replace("chr1\t9", "# in between\n\nchr1\t9"),
        "header-at-end": BEDPE_ROWS + BEDPE_HEADER,
        "crlf": BEDPE_ROWS.replace("\n", "\r\n"),
        "old-mac": (BEDPE_HEADER + BEDPE_ROWS).replace("\n", "\r"),
        "bom": "\ufeff" + BEDPE_HEADER + BEDPE_ROWS,
        "bom-plain": "\ufeff" + BEDPE_ROWS,
        "no-final-newline": BEDPE_ROWS.rstrip("\n"),
        "track-tabs": "track\tname=a\n" + BEDPE_ROWS.replace("chr1\t9", "track\tname=b\nchr1\t9"),
        "blank-lines": "  \n" + BEDPE_ROWS.replace("\n", "\n   \n\n"),
        "exponents": BEDPE_ROWS.replace("\t90000\t", "\t9e+04\t").replace("\t1000\t", "\t1E3\t"),
    },
    "fragments": {
        **{
            f"six-{sep!r}{'-header' * bool(header)}": "\n".join(
                sep.join(row) for row in header + FRAGMENTS.astype(str).to_numpy().tolist()
            )
            for sep in ("\t", ",", " ", "   ")
            for header in ([], [SIX_NAMES])
        },
        **{
            f"regions-{sep!r}{'-header' * bool(header)}": header.format(sep)
            + as_regions(FRAGMENTS, sep)
            for sep in ("\t", ",", " ")
            for header in ("", "bait{0}other{0}score\n")
        },
        "regions-anywhere": "gene\tpromoter\ttype\tother\tcounts\tscore\n"
        + rows_of(FRAGMENTS, "G\t{a}:{b}-{c}\tPE\t{d}:{e}-{f}\t9\t{w}\n"),
        **{f"washu-{sep!r}": as_chicago_washu(FRAGMENTS, sep) for sep in ("\t", " ", "  ")},
    },
    "pairs": {
        **{
            f"{score}-{sep!r}": PAIRS.rename(columns={"weight": score}).to_csv(sep=sep, index=False)
            for sep in ("\t", ",", " ")
            for score in ("score", "weight", "Score")
        },
        "any-order": PAIRS.assign(note="x", score=PAIRS["weight"])[
            ["note", "score", "end", "start", "gene_id", "chrom"]
        ].to_csv(index=False),
        "quoted": PAIRS.rename(columns={"weight": "score"}).to_csv(
            sep="\t", index=False, quoting=2
        ),
        **{form: pairs_by_region(form) for form in ("{}:{}-{}", "{}.{}.{}", "{},{},{}")},
    },
    "reference": {
        f"nothing-is-{nothing!r}": reference_with_nothing(nothing) for nothing in ("", "nan", "NA")
    },
    "ibed": {
        "header": as_ibed(FRAGMENTS),
        "lower-header": as_ibed(FRAGMENTS, IBED_HEADER.lower()),
        "plain": as_ibed(FRAGMENTS, ""),
    },
    "longrange": {
        f"both={both}-{end!r}": as_longrange(FRAGMENTS, both, end)
        for both in (True, False)
        for end in ("", "\t{}\t.", "\t{}")
    },
}


@pytest.mark.parametrize(
    ("format", "text"),
    [
        pytest.param(format, text, id=f"{format}-{name}")
        for format, texts in TEXTS.items()
        for name, text in texts.items()
    ],
)
def test_each_format_is_read_by_name_and_by_content(write, format, text):
    path = write(text)
    expected = PAIRS if format in ("pairs", "reference") else FRAGMENTS
    assert_frame_equal(read_contacts(path), expected)
    assert_frame_equal(read_contacts(path, format=format), expected)


@pytest.mark.parametrize("format", ["auto", "ibed"])
@pytest.mark.parametrize("header", [IBED_HEADER, IBED_HEADER.lower(), ""])
@pytest.mark.parametrize("step", [1, -1])
def test_ibed_may_name_chromosomes_by_number(write, format, header, step):
    expected = FRAGMENTS[::step].reset_index(drop=True).replace({"chr1": "1", "chr2": "2"})
    assert_frame_equal(read_contacts(write(as_ibed(expected, header)), format=format), expected)


def test_regions_of_contigs_with_colons_and_dashes_are_read(write):
    contacts = read_contacts(write("HLA-A*01:01:5-9\tchr6_GL-1:7-8\t2\n"))
    assert contacts.loc[0].tolist() == ["HLA-A*01:01", 5, 9, "chr6_GL-1", 7, 8, 2.0]


def test_names_like_missing_values_are_names(write):
    table = PAIRS.replace({"gene_id": {"A": "NA", "B.2": "None"}})
    text = table.rename(columns={"weight": "score"}).to_csv(index=False)
    assert_frame_equal(read_contacts(write(text)), table)


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
def test_read_contacts_are_read_unchanged(canonical):
    before = canonical.copy()
    once = read_contacts(canonical)
    assert_frame_equal(once, canonical)
    assert_frame_equal(read_contacts(once), once)
    once.iloc[:, -1] = 7.0
    assert_frame_equal(canonical, before)


@pytest.mark.parametrize("unnamed", [False, True])
def test_frames_are_read_like_files(unnamed):
    regions = pd.DataFrame(
        [line.split("\t") for line in as_regions(FRAGMENTS).splitlines()],
        columns=range(3) if unnamed else ["here", "there", "score"],
    )
    assert_frame_equal(read_contacts(regions), FRAGMENTS)
    six = FRAGMENTS.set_axis(range(7) if unnamed else SIX_NAMES, axis=1)
    assert_frame_equal(read_contacts(six.set_index(pd.Index([7, 7, 7]))), FRAGMENTS)


@pytest.mark.parametrize("name", ["loops.bedpe.gz", "loops.bedpe"])
def test_gzip_and_bgzip_are_recognised_by_content(tmp_path, name):
    text = as_longrange(FRAGMENTS).encode()
    last_block = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
    blocks = [gzip.compress(text[:40]), gzip.compress(text[40:]), last_block]
    for content in gzip.compress(text), b"".join(blocks):
        (tmp_path / name).write_bytes(content)
        assert_frame_equal(read_contacts(str(tmp_path / name)), FRAGMENTS)


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


@pytest.mark.parametrize("separator", ["\t", " "])
def test_longrange_is_read_in_the_order_of_tabix(write, separator):
    lines = sorted(as_longrange(FRAGMENTS).splitlines())
    contacts = read_contacts(write("\r\n".join(line.replace("\t", separator) for line in lines)))
    assert unordered(contacts) == unordered(FRAGMENTS)
    assert len(contacts) == len(FRAGMENTS)


def test_longrange_sides_of_different_scores_are_both_kept(write):
    path = write("chr1\t5\t9\tchr1:20-30,2\nchr1\t20\t30\tchr1:5-9,3\n")
    assert read_contacts(path)["weight"].tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    "header",
    ["", INTERACT_HEADER, "track type=interact name=x\nbrowser position chr1\n" + INTERACT_HEADER],
)
@pytest.mark.parametrize("format", ["auto", "interact"])
def test_interact_is_read_with_and_without_header(write, header, format):
    path = write(header + as_interact(FRAGMENTS))
    with pytest.raises(ValueError, match=r"more than one.*column 4: score, column 5: value.*exp"):
        read_contacts(path, format=format)
    for score_column in "value", 5:
        contacts = read_contacts(path, format=format, score_column=score_column)
        assert_frame_equal(contacts, FRAGMENTS)
    assert read_contacts(path, score_column="score")["weight"].tolist() == [350.0] * 3


@pytest.mark.parametrize(
    ("format", "text", "score_column", "scores"),
    [
        ("bedpe", HICCUPS, "observed", [42.0, 17.0]),
        ("bedpe", HICCUPS, 12, [9.5, 5.5]),
        ("bedpe", FITHICHIP, "cc", [12.0, 7.0]),
        ("bedpe", MUSTACHE, "detection_scale", [1.6, 2.3]),
        ("bedpe", COOLTOOLS, "count", [42.0, 17.0]),
        ("bedpe", MAPS, "count", [42.0, 17.0]),
        ("bedpe", HOMER, "Interaction Reads", [42.0, 17.0]),
        ("bedpe", CHIA_PET2, "cAB", [42.0, 17.0]),
        ("ibed", PEAK_MATRIX, "Mac0", [0.5, 11.5]),
        ("fragments", COVNORM, "dist_res", [1.45, 1.11]),
    ],
)
def test_files_of_loop_callers_are_read(write, format, text, score_column, scores):
    path = write(text)
    chrom = "1" if "\n1\t" in text else "chr1"
    expected = FRAGMENTS[:2].assign(weight=scores, chrom1=chrom, chrom2=chrom)
    assert_frame_equal(read_contacts(path, score_column=score_column), expected)
    assert_frame_equal(read_contacts(path, format=format, score_column=score_column), expected)
    frame = pd.read_csv(path, sep="\t", skiprows=[1] if "juicer" in text else None)
    frame = frame.rename(columns=lambda name: name.lstrip("#"))
    assert_frame_equal(read_contacts(frame, score_column=score_column), expected)


def test_score_in_a_list_of_hiccups_is_taken_where_it_is_filled_in(write):
    path = write(HICCUPS.replace("\t.\t.\t.\t.\t0,", "\t.\t2.5\t.\t.\t0,"))
    assert read_contacts(path)["weight"].tolist() == [2.5, 2.5]


@pytest.mark.parametrize(
    ("text", "score_column", "scores"),
    [
        ((BEDPE_HEADER + BEDPE_ROWS).replace("\n", "\t77\n").replace("or\t77", "or\tn"), "n", 77.0),
        ((BEDPE_HEADER + BEDPE_ROWS).replace("\n", "\t77\n").replace("or\t77", "or\tn"), 11, 77.0),
        (BEDPE_ROWS.replace("\n", "\t77\n"), 11, 77.0),
        (as_ibed(FRAGMENTS), "N_reads", 9.0),
        (PAIRS.assign(count=5).to_csv(index=False), "count", 5.0),
    ],
)
def test_score_column_takes_another_column(write, text, score_column, scores):
    contacts = read_contacts(write(text), score_column=score_column)
    assert contacts["weight"].tolist() == [scores] * 3


def test_score_column_is_found_in_a_frame():
    table = PAIRS.assign(count=[4, 5, 6])
    assert read_contacts(table, score_column="count")["weight"].tolist() == [4.0, 5.0, 6.0]


def test_fragments_have_their_score_in_the_seventh_column(write):
    rows = FRAGMENTS.assign(extra=99).to_csv(sep="\t", index=False, header=False)
    assert_frame_equal(read_contacts(write(rows), format="fragments"), FRAGMENTS)


def test_ten_columns_without_header_may_be_bedpe(write):
    expected = FRAGMENTS.replace({"chr1": "1", "chr2": "2"})
    rows = expected.assign(name=7, a=0.5, b=3)[[*expected.columns[:6], "name", "weight", "a", "b"]]
    path = write(rows.to_csv(sep="\t", index=False, header=False))
    assert_frame_equal(read_contacts(path, score_column=7), expected)


def test_real_list_is_read(h1_e003):
    path = h1_e003 / "interactions.tsv"
    plain = pd.read_csv(path, sep="\t").rename(columns={"score": "weight"})
    assert len(plain) == 346
    assert_frame_equal(read_contacts(path), plain)
    assert_frame_equal(read_contacts(plain), plain)


ABC = [
    "chr start end name class activity_base TargetGene TargetGeneTSS distance isSelfPromoter "
    "hic_contact powerlaw.Score.Numerator powerlaw.Score ABC.Score.Numerator ABC.Score CellType",
    "chr22 17100000 17100500 intergenic|x intergenic 4.1 AAA1 17150000 49750 False "
    "0.02 0.3 0.09 1.5 0.0374 K562",
    "chr22 17300000 17300500 genic|y genic 2.0 AAA1 17150000 150250 False "
    "0.01 0.2 0.08 1.1 0.031 K562",
]
RE2G = [
    "#chr start end name class TargetGene TargetGeneEnsemblID TargetGeneTSS isSelfPromoter "
    "CellType 3DContact.Feature ABC.Score.Feature Score",
    "chr22 17100000 17100500 x intergenic AAA1 ENSG00000141510 17150000 FALSE K562 0.02 0.9 0.0374",
    "chr22 17300000 17300500 y genic AAA1 ENSG00000141510 17150000 FALSE K562 0.01 0.8 0.031",
]
SCE2G = [
    "chr start end TargetGene TargetGeneEnsembl_ID ABC.Score E2G.Score E2G.Score.qnorm",
    "chr22 17100000 17100500 AAA1 ENSG00000141510 0.9 0.8 0.0374",
    "chr22 17300000 17300500 AAA1 ENSG00000141510 0.9 0.8 0.031",
]
SHORT_ABC = [
    "chr\tstart\tend\tTargetGene\tABC.Score",
    "chr22\t17100000\t17100500\tAAA1\t0.0374",
    "chr22\t17300000\t17300500\tAAA1\t0.031",
]
PREDICTED = pd.DataFrame(
    [
        ["AAA1", "chr22", 17_100_000, 17_100_500, 0.0374],
        ["AAA1", "chr22", 17_300_000, 17_300_500, 0.031],
    ],
    columns=PAIRS.columns,
)


@pytest.mark.parametrize(
    "lines", [ABC, RE2G, SCE2G, SHORT_ABC], ids=["abc", "re2g", "sce2g", "short"]
)
def test_tables_of_predictions_are_read_with_their_score(write, lines):
    path = write("\n".join("\t".join(line.split()) for line in lines) + "\n", "predictions.tsv.gz")
    assert_frame_equal(read_contacts(path), PREDICTED)
    assert_frame_equal(read_contacts(path, format="pairs"), PREDICTED)
    frame = pd.read_csv(path, sep="\t")
    assert_frame_equal(read_contacts(frame), PREDICTED)
    ensembl = [name for name in frame if "Ensembl" in name]
    if ensembl:
        by_id = read_contacts(frame.rename(columns={ensembl[0]: "gene_id"}))
        assert set(by_id["gene_id"]) == {"ENSG00000141510"}


def test_predictions_of_several_cell_types_are_refused(write):
    text = "\n".join("\t".join(line.split()) for line in [*ABC, ABC[1].replace("K562", "HepG2")])
    with pytest.raises(ValueError, match=r"2 cell types \(K562, HepG2\): keep the rows of one"):
        read_contacts(write(text))


def test_score_of_predictions_can_be_another_column(write):
    text = "\n".join("\t".join(line.split()) for line in ABC)
    found = read_contacts(write(text), score_column="powerlaw.Score")["weight"]
    assert found.tolist() == [0.09, 0.08]


def unordered(contacts):
    """Return each contact as its two ends, whichever comes first, and its weight."""
    rows = contacts.itertuples(index=False, name=None)
    return {(frozenset([row[:3], row[3:6]]), row[6]) for row in rows}


def with_names(contacts):
    """Return contacts with a column of names before the score, as in BEDPE."""
    contacts = contacts.copy()
    contacts.insert(6, "name", ".")
    return contacts


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["chr1", "2", "chrUn_KI270742v1"]),
            st.integers(0, 10**7),
            st.integers(1, 10**4),
            st.sampled_from(["chr1", "X"]),
            st.integers(0, 10**7),
            st.integers(1, 10**4),
            st.floats(0.1, 1e6).map(lambda value: round(value, 4)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_formats_of_fragments_give_the_same(tmp_path_factory, rows):
    expected = pd.DataFrame(
        [[a, b, b + c, d, e, e + f, w] for a, b, c, d, e, f, w in rows], columns=FRAGMENTS.columns
    )
    expected[POSITIONS] *= 100
    path = tmp_path_factory.mktemp("contacts") / "list.txt"
    for text in (
        expected.to_csv(index=False, sep="\t", header=False),
        with_names(expected).to_csv(index=False, sep="\t", header=False),
        with_names(expected).to_csv(index=False, sep=" "),
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


def as_pairs(genes, contacts):
    """Return the other end of each contact that has a gene's TSS in one end, contact by contact."""
    rows = [
        [gene.gene_id, there[0], there[1], there[2], contact[6]]
        for gene in genes.itertuples()
        for contact in contacts.itertuples(index=False, name=None)
        for here, there in ((contact[:3], contact[3:6]), (contact[3:6], contact[:3]))
        if here[0] == there[0] == gene.chrom and here[1] <= gene.tss < here[2]
    ]
    return pd.DataFrame(rows, columns=[*PAIRS.columns[:4], "score"])


intervals = st.tuples(st.integers(0, 30), st.integers(1, 9))
chroms = st.sampled_from(["chr1", "chr2"])


@settings(max_examples=12)
@given(
    st.sampled_from([None, 1.5]),
    st.lists(st.integers(0, 30), min_size=1, max_size=4, unique=True),
    st.lists(
        st.tuples(chroms, intervals, chroms, intervals, st.integers(0, 40).map(lambda n: n / 8)),
        min_size=1,
        max_size=12,
    ),
)
def test_each_format_gives_a_gene_the_same_pcres(tmp_path_factory, threshold, tss, rows):
    contacts = pd.DataFrame(
        [[a, s, s + n, b, e, e + m, w] for a, (s, n), b, (e, m), w in rows],
        columns=FRAGMENTS.columns,
    )
    contacts[POSITIONS] *= 100
    genes = pd.DataFrame({"gene_id": [f"G{at}" for at in tss], "tss": [100 * at for at in tss]})
    genes = genes.assign(chrom="chr1", strand="+")
    assume(len(as_pairs(genes, contacts)))
    pairs = as_pairs(genes, contacts)
    written = {
        "bedpe": with_names(contacts).to_csv(index=False, sep="\t", header=False),
        "pairs": pairs.to_csv(index=False, sep="\t"),
        "fragments": as_regions(contacts),
        "ibed": as_ibed(contacts),
        "longrange": as_longrange(contacts),
        "interact": as_interact(contacts),
        "reference": as_reference(pairs),
    }
    path = tmp_path_factory.mktemp("contacts") / "list.txt"
    options = {"weight_threshold": threshold, "max_pcres": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = InteractionTransformer(contacts, **options).fit_transform(genes)
        for format, text in written.items():
            path.write_text(text)
            column = "value" if format == "interact" else None
            for given_format in format, "auto":
                transformer = InteractionTransformer(
                    path, format=given_format, score_column=column, **options
                )
                assert_frame_equal(transformer.fit_transform(genes), expected)
