"""CandidateElements against a brute force: scores, formats, activity, contact, refusals."""

import pickle
import re

import hictkpy
import numpy as np
import pandas as pd
import pyBigWig
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from small_bigbed import write_bigbed

from skchromo import CandidateElements, ContactMatrix
from skchromo.genome import read_contacts

SIZE = 400_000
GENES = pd.DataFrame(
    {
        "gene_id": ["A", "B", "C"],
        "chrom": ["chr1", "chr1", "chr2"],
        "tss": [100_000, 250_000, 30_000],
        "strand": ["+", "-", "+"],
    }
)
PEAKS = pd.DataFrame(
    [
        ["chr1", 99_900, 100_200, 8.0, 100],
        ["chr1", 140_000, 140_300, 2.5, 250],
        ["chr1", 180_000, 181_500, 4.0, 700],
        ["chr1", 249_000, 249_100, 1.0, 50],
        ["chr1", 330_000, 330_150, 6.0, 0],
        ["chr2", 10_000, 10_200, 3.0, 40],
        ["chr2", 90_000, 90_200, 0.5, 60],
    ],
    columns=["chrom", "start", "end", "activity", "summit"],
)
BARE = PEAKS.drop(columns="summit")


def resized(chrom, start, end, summit, width):
    """Return one element as the class's page defines it."""
    if width is None:
        return start, end
    middle = start + summit if summit is not None else (start + end) // 2
    length = 500 if width == "auto" else width
    low, high = middle - length // 2, middle - length // 2 + length
    if width == "auto" and summit is None:
        low, high = min(low, start), max(high, end)
    return max(low, 0), high


def merged(elements):
    """Merge elements that overlap, pair by pair until none does."""
    elements = [list(one) for one in elements]
    for i, one in enumerate(elements):
        for other in elements[i + 1 :]:
            if one[0] == other[0] and one[1] < other[2] and other[1] < one[2]:
                both = [one[0], min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])]
                rest = [e for e in elements if e is not one and e is not other]
                return merged([*rest, both])
    return elements


def brute_force(peaks, genes, *, width, max_distance, exponent, plateau, max_contacts, ratio=None):
    """Score every element of every gene by the formula, one at a time."""
    summits = peaks["summit"] if "summit" in peaks else [None] * len(peaks)
    elements = merged(
        [
            (chrom, *resized(chrom, start, end, summit, width), activity)
            for chrom, start, end, activity, summit in zip(
                peaks["chrom"], peaks["start"], peaks["end"], peaks["activity"], summits
            )
        ]
    )
    rows = []
    for gene, own_chrom, tss in zip(genes["gene_id"], genes["chrom"], genes["tss"]):
        scored = []
        for chrom, start, end, activity in elements:
            distance = abs((start + end) / 2 - tss)
            if chrom == own_chrom and distance < max_distance:
                contact = (max(distance, plateau) + 1) ** -exponent
                contact *= 1 + (ratio(gene, (start + end) / 2) if ratio else 0)
                is_own = start - 500 < tss < end + 500
                scored.append((activity * contact, distance, start, end, is_own))
        total = sum(score for score, *_ in scored)
        scored = sorted(
            (-score, distance, start, end)
            for score, distance, start, end, is_own in scored
            if score > 0 and not is_own
        )
        rows += [
            (gene, own_chrom, start, end, -score / total)
            for score, _, start, end in scored[:max_contacts]
        ]
    return pd.DataFrame(rows, columns=["gene_id", "chrom", "start", "end", "score"])


SETTINGS = {
    "width": "auto",
    "max_distance": 5_000_000,
    "exponent": 1.024238616787792,
    "plateau": 5_000,
    "max_contacts": 50,
}


@st.composite
def cases(draw):
    """Draw peaks (near enough to overlap), genes and settings."""
    n_peaks = draw(st.integers(2, 12))
    rows = []
    for _ in range(n_peaks):
        start = draw(st.integers(0, 60)) * 150
        length = draw(st.integers(1, 900))
        activity = draw(st.sampled_from([0.0, 1.0, 2.0, 3.5]))
        summit = draw(st.integers(0, length - 1))
        chrom = draw(st.sampled_from(["chr1", "chr2"]))
        rows.append([chrom, start, start + length, activity, summit])
    rows.append(["chr1", 20_000, 20_100, 1.0, 3])
    peaks = pd.DataFrame(rows, columns=PEAKS.columns)
    if draw(st.booleans()):
        peaks = peaks.drop(columns="summit")
    tss = draw(st.lists(st.integers(0, 12_000), min_size=1, max_size=4))
    genes = pd.DataFrame({"gene_id": [f"G{i}" for i in range(len(tss))], "tss": tss, "strand": "+"})
    genes["chrom"] = ["chr1", *draw(st.permutations(["chr1", "chr2", "chr3"]))][: len(tss)]
    chosen = {
        "width": draw(st.sampled_from(["auto", None, 1, 301])),
        "max_distance": draw(st.sampled_from([1, 2_000, 7_500, 5_000_000])),
        "exponent": draw(st.sampled_from([0.0, 0.87, 1.024238616787792])),
        "plateau": draw(st.sampled_from([0, 1_000, 5_000])),
        "max_contacts": draw(st.sampled_from([1, 3, None])),
    }
    return peaks, genes, chosen


@hypothesis_settings(max_examples=30, deadline=None)
@given(cases())
def test_scores_equal_a_brute_force(case):
    peaks, genes, chosen = case
    found = CandidateElements(peaks, **chosen).contacts_of(genes)
    expected = brute_force(peaks, genes, **chosen)
    assert found["score"].between(0, 1 + 1e-12).all()
    # the order of elements whose scores differ only by rounding is free
    keys = ["gene_id", "chrom", "start", "end"]
    if chosen["max_contacts"] is None:
        found, expected = (t.sort_values(keys, ignore_index=True) for t in (found, expected))
        assert_frame_equal(found, expected, check_dtype=len(expected) > 0, rtol=1e-12)
    else:
        assert found.groupby("gene_id").size().equals(expected.groupby("gene_id").size())
        np.testing.assert_allclose(found["score"], expected["score"].astype(float), rtol=1e-12)


def test_defaults_are_those_of_the_abc_model():
    assert_frame_equal(
        CandidateElements(PEAKS).contacts_of(GENES), brute_force(PEAKS, GENES, **SETTINGS)
    )
    scores = CandidateElements(PEAKS).contacts_of(GENES)
    assert ((scores["end"] - scores["start"]) == 500).all()


def test_own_promoter_is_counted_in_the_share_and_not_returned():
    peaks = PEAKS[:2].assign(start=[99_999, 115_000], end=[100_001, 115_001]).drop(columns="summit")
    shares = []
    for tss in (100_000, 100_000 + 249 + 500, 100_000 + 250 + 500):
        found = CandidateElements(peaks).contacts_of(GENES[:1].assign(tss=tss))
        shares.append(found["score"].sum())
    assert max(shares[:2]) < 0.5  # activity 2.5 of 10.5
    assert shares[2] == pytest.approx(1)


def narrow_peak(peaks, separator="\t"):
    rows = [
        [chrom, start, end, f"p{i}", 100 * i, ".", activity, 3.5, -1, summit]
        for i, (chrom, start, end, activity, summit) in enumerate(peaks.itertuples(index=False))
    ]
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def bare(peaks, text):
    return "".join(
        text.format(chrom, start, end, activity)
        for chrom, start, end, activity, _ in peaks.itertuples(index=False)
    )


FORMATS = {
    "peaks.narrowPeak": (narrow_peak(PEAKS), PEAKS),
    "peaks.narrowPeak.gz": ('track type=narrowPeak name="x"\n' + narrow_peak(PEAKS), PEAKS),
    "spaces.narrowPeak": (narrow_peak(PEAKS, " "), PEAKS),
    "peaks.broadPeak": (bare(PEAKS, "{}\t{}\t{}\tp\t10\t.\t{}\t3.5\t-1\n"), BARE),
    "peaks.gappedPeak": (
        bare(PEAKS, "{0}\t{1}\t{2}\tp\t10\t.\t{1}\t{2}\t0\t1\t9,\t0,\t{3}\t3.5\t-1\n"),
        BARE,
    ),
    "signal.bed": (bare(PEAKS, "{}\t{}\t{}\t{}\n"), BARE),
    "table.tsv": (PEAKS.to_csv(sep="\t", index=False), PEAKS),
    "named.tsv": (
        BARE.set_axis(["#chr", "chromStart", "chromEnd", "signalValue"], axis=1).to_csv(
            sep="\t", index=False
        ),
        BARE,
    ),
    "table.csv": (BARE.to_csv(index=False), BARE),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_peaks_is_recognised(write, name):
    text, peaks = FORMATS[name]
    found = CandidateElements(write(text, name)).contacts_of(GENES)
    assert_frame_equal(found, brute_force(peaks, GENES, **SETTINGS))


def test_table_without_names_is_read_as_a_file(write):
    rows = [line.split("\t") for line in narrow_peak(PEAKS).splitlines()]
    frame = pd.DataFrame([[*row[:1], *map(int, row[1:3]), *row[3:]] for row in rows])
    found = CandidateElements(frame.astype({6: float, 7: float, 8: float, 9: int}))
    assert_frame_equal(found.contacts_of(GENES), brute_force(PEAKS, GENES, **SETTINGS))


@pytest.mark.parametrize("sql", ["", None])
def test_bigbed_is_read_by_the_names_of_its_fields_or_as_text(tmp_path, sql):
    rows = [line.split("\t") for line in narrow_peak(PEAKS).splitlines()]
    rows = [(chrom, int(start), int(end), *rest) for chrom, start, end, *rest in rows]
    sizes = {"chr1": SIZE, "chr2": SIZE, "chr3": SIZE}
    settings = {} if sql is None else {"sql": sql, "compressed": False}
    path = write_bigbed(tmp_path / "peaks.bb", rows, sizes, **settings)
    found = CandidateElements(path).contacts_of(GENES)
    assert_frame_equal(found, brute_force(PEAKS, GENES, **SETTINGS))
    named = CandidateElements(path, activity="signalValue" if sql is None else 6)
    assert_frame_equal(named.contacts_of(GENES), found)


def test_damaged_bigbed_is_refused(write):
    path = write(b"\xeb\xf2\x89\x87" + bytes(60), "peaks.bb")
    with pytest.raises(ValueError, match=r"peaks\.bb.* incomplete or damaged"):
        CandidateElements(path).contacts_of(GENES)


@pytest.fixture
def bigwig(tmp_path):
    """Return a function that writes a bigWig with a step of signal every 100 bp."""

    def write(name, seed, chroms=("chr1", "chr2"), size=SIZE):
        path = tmp_path / name
        rng = np.random.default_rng(seed)
        with pyBigWig.open(str(path), "w") as handle:
            handle.addHeader([(chrom, size) for chrom in chroms])
            for chrom in chroms:
                values = rng.gamma(1.0, 2.0, size // 100)
                handle.addEntries(chrom, 0, values=values.tolist(), span=100, step=100)
        return path

    return write


def means_of(path, table):
    """Return the mean signal over intervals, base by base."""
    with pyBigWig.open(str(path)) as handle:
        return np.array(
            [
                np.mean(handle.values(chrom, start, end))
                for chrom, start, end in table[["chrom", "start", "end"]].itertuples(index=False)
            ]
        )


def test_activity_of_bigwigs_is_the_geometric_mean_of_their_means(bigwig):
    paths = [bigwig("DNase.bw", 1), bigwig("H3K27ac.BigWig", 2)]
    elements = PEAKS.copy()
    middle = PEAKS["start"] + PEAKS["summit"]
    elements["start"], elements["end"] = middle - 250, middle + 250
    product = means_of(paths[0], elements) * means_of(paths[1], elements)
    for activity, value in (
        (paths, product**0.5),
        (paths[0], means_of(paths[0], elements)),
        (str(paths[1]), means_of(paths[1], elements)),
        (["activity", *paths], (product * PEAKS["activity"]) ** (1 / 3)),
    ):
        found = CandidateElements(PEAKS, activity=activity).contacts_of(GENES)
        expected = brute_force(
            elements.assign(activity=value).drop(columns="summit"), GENES, **SETTINGS
        )
        assert_frame_equal(found, expected, rtol=1e-6)


def test_activity_is_a_column_by_name_or_position(write):
    expected = brute_force(PEAKS, GENES, **SETTINGS)
    for source, activity in (
        (PEAKS.rename(columns={"activity": "score"}), "score"),
        (write(narrow_peak(PEAKS)), 6),
        (PEAKS, "activity"),
    ):
        assert_frame_equal(
            CandidateElements(source, activity=activity).contacts_of(GENES), expected
        )


def test_replaced_files_are_read_again(write, bigwig):
    path, track = write(narrow_peak(PEAKS)), bigwig("DNase.bw", 1)
    by_column, by_track = CandidateElements(path), CandidateElements(path, activity=track)
    before = by_column.contacts_of(GENES), by_track.contacts_of(GENES)
    write(narrow_peak(PEAKS.assign(activity=PEAKS["activity"][::-1].to_numpy())))
    bigwig("DNase.bw", 5, size=SIZE + 1000)
    assert not np.allclose(by_column.contacts_of(GENES)["score"], before[0]["score"])
    assert not np.allclose(by_track.contacts_of(GENES)["score"], before[1]["score"])


def test_elements_end_with_the_chromosome(bigwig):
    peaks = pd.DataFrame({"chrom": ["chr1", "chr1"], "start": [10, 399_900], "end": [60, 400_000]})
    found = CandidateElements(peaks, activity=bigwig("a.bw", 1)).contacts_of(GENES[:1])
    assert sorted(zip(found["start"], found["end"])) == [(0, 285), (399_700, 400_000)]


def test_blacklisted_elements_are_left_out(write):
    blacklist = write("1\t140400\t140500\n", "blacklist.bed")
    settings = {"blacklist": blacklist, "chrom_names": "match"}
    found = CandidateElements(PEAKS, **settings).contacts_of(GENES)
    kept = PEAKS.drop(index=1)  # its summit is at 140250, so that it ends at 140500
    assert_frame_equal(found, brute_force(kept, GENES, **SETTINGS))
    blacklist.write_text("1\t140500\t140600\n")
    found = CandidateElements(PEAKS, **settings).contacts_of(GENES)
    assert_frame_equal(found, brute_force(PEAKS, GENES, **SETTINGS))


LOOPS = pd.DataFrame(
    [
        ["chr1", 95_000, 105_000, "chr1", 135_000, 145_000, 3.0],
        ["chr1", 175_000, 185_000, "chr1", 245_000, 255_000, 1.5],
        ["chr1", 95_000, 105_000, "chr1", 139_000, 141_000, 5.0],
        ["chr1", 95_000, 105_000, "chr1", 335_000, 345_000, 9.0],  # beside an element
    ],
    columns=["chrom1", "start1", "end1", "chrom2", "start2", "end2", "score"],
)


def test_contacts_of_a_list_multiply_the_power_law():
    def ratio(gene, middle):
        if gene == "A":
            return 5.0 if 139_000 <= middle < 141_000 else 0
        return 1.5 if gene == "B" and 175_000 <= middle < 185_000 else 0

    found = CandidateElements(PEAKS, contact=LOOPS).contacts_of(GENES)
    assert_frame_equal(found, brute_force(PEAKS, GENES, **SETTINGS, ratio=ratio))


def test_contacts_of_a_matrix_multiply_the_power_law(tmp_path):
    width, n_bins = 10_000, SIZE // 10_000
    rng = np.random.default_rng(0)
    dense = np.triu(rng.poisson(60 / (1 + np.abs(np.subtract.outer(*[np.arange(n_bins)] * 2)))))
    dense = dense + np.triu(dense, 1).T + 1
    first, second = np.triu_indices(n_bins)
    path = tmp_path / "K562.cool"
    writer = hictkpy.cooler.FileWriter(str(path), {"chr1": SIZE, "chr2": SIZE}, width)
    pixels = {"bin1_id": first, "bin2_id": second, "count": dense[first, second]}
    writer.add_pixels_from_dict({name: values.tolist() for name, values in pixels.items()})
    writer.finalize().close()

    def ratio(gene, middle):
        row, column = int({"A": 100_000, "B": 250_000}[gene] // width), int(middle // width)
        expected = {d: np.diagonal(dense, d).mean() for d in range(n_bins)}
        over = lambda i: dense[row, i] / expected[abs(row - i)]  # noqa: E731
        return max(over(row - 1), over(row + 1)) if row == column else over(column)

    genes = GENES[:2]
    for contact in (str(path), ContactMatrix(path, max_contacts=1, value="observed")):
        found = CandidateElements(PEAKS, contact=contact).contacts_of(genes)
        assert_frame_equal(found, brute_force(PEAKS, genes, **SETTINGS, ratio=ratio))


def test_contacts_of_no_gene_are_warned_of():
    elements = CandidateElements(PEAKS, contact=LOOPS.assign(start1=0, end1=10, start2=20, end2=30))
    with pytest.warns(UserWarning, match=r"no contact of .* Elements are scored by the power law"):
        found = elements.contacts_of(GENES)
    assert_frame_equal(found, brute_force(PEAKS, GENES, **SETTINGS))


def test_activity_of_zero_everywhere_is_warned_of(bigwig):
    with pytest.warns(UserWarning, match=r"the activity is 0 for all elements .*\(chr1, chr2\)"):
        assert CandidateElements(PEAKS.assign(activity=0)).contacts_of(GENES).empty
    track = bigwig("a.bw", 1, ["chr3"])
    elements = CandidateElements(PEAKS, activity=track, missing_chrom="zero")
    with pytest.warns(UserWarning, match=r"the activity in .*a\.bw is 0"):
        assert elements.contacts_of(GENES).empty


def test_names_of_chromosomes_are_matched_where_asked():
    genes = GENES.assign(chrom=GENES["chrom"].str.removeprefix("chr"))
    with pytest.raises(ValueError, match=r"share no chromosome.*set chrom_names='match'"):
        CandidateElements(PEAKS).contacts_of(genes)
    found = CandidateElements(PEAKS, chrom_names="match").contacts_of(genes)
    expected = brute_force(PEAKS, GENES, **SETTINGS)
    assert_frame_equal(found, expected.assign(chrom=expected["chrom"].str.removeprefix("chr")))


def test_gene_without_elements_has_no_row():
    genes = pd.concat([GENES.assign(chrom="chrY", gene_id=["X", "Y", "Z"]), GENES])
    found = CandidateElements(PEAKS).contacts_of(genes)
    assert found["gene_id"].unique().tolist() == ["A", "B", "C"]
    assert CandidateElements(PEAKS, max_distance=1).contacts_of(genes).empty


def test_result_is_read_as_contacts():
    found = CandidateElements(PEAKS).contacts_of(GENES)
    again = read_contacts(found, score_column="score")
    assert_frame_equal(again.rename(columns={"weight": "score"}), found, check_dtype=False)


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        (
            {"activity": [1, 2, np.nan, 4, 5, 6, 7]},
            {},
            r"row 2 .*activity nan in column 'activity'",
        ),
        ({"activity": [1, -2, 3, 4, 5, 6, 7]}, {}, r"row 1 .*activity -2.* of at least 0 \(1 of 7"),
        ({"summit": [9, 9, 9, -1, 0, 9, -1]}, {"width": 500}, r"2 of 7 peaks state no summit \(-1"),
        ({"summit": 300}, {}, r"row 0 .*summit 300 lies outside of its peak of 300 bp"),
        ({"end": PEAKS["start"]}, {}, "ends at or before its start"),
        ({"chrom": "chr9"}, {}, r"share no chromosome.* on chr1, chr2, the peaks on chr9"),
        ({}, {"activity": "score"}, r"activity='score' is neither one of its columns \(chrom,"),
        ({}, {"activity": 7}, "activity=7, but it has 5 columns"),
        (
            {},
            {"contact": LOOPS.assign(score=-1.0)},
            r"negative score -1, .* observed over expected",
        ),
        (
            {},
            {"blacklist": pd.DataFrame({"chrom": ["1"], "start": [0], "end": [9]})},
            r"blacklist: none of its chromosomes \(1\) is in the elements DataFrame.*'match'",
        ),
    ],
)
def test_wrong_peaks_and_activities_are_refused(changes, settings, message):
    elements = CandidateElements(PEAKS.assign(**changes), **settings)
    with pytest.raises(ValueError, match=message):
        elements.contacts_of(GENES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr1\t5\t900\n", r"no column that is known to be the activity .*set activity="),
        ("chr1\t5\t900\tp\t7\t+\n", r"no column that is known to be the activity"),
        ("chr1\t5\t900\tp\t7\t+\t10\t80\t0\n", r"no column that is known to be the activity"),
        ("chr1\t5\n", "has 2 columns: chrom, start and end are needed"),
        ("chrom\tfrom\tto\n1\t5\t9\n", r"no column start, end: .* has chrom, from, to"),
        ("chr\tstart\tend\tabs_summit\nchr1\t5\t9\t7\n", r"table of MACS \(\.xls\)"),
        ("chrom\tstart\tend\tactivity\n", "holds no peak"),
        ("", "is empty: it needs a header or at least one peak"),
        ("chr1\t5\t9\t1\nchr1\t50\t90\t2\nchr1\t500\t900\t3\n", "fourth column numbers the peaks"),
        ("chr1\t5\t9\t1.5\nchr1\tx\t90\t2\n", r"line 2: start 'x' is not a whole number"),
        ("chr1\t5\t9\t1.5\n" * 60 + "chr1\t5\t9\tNA\n", r"line 61: activity NA in column 3"),
        (b"\x26\xfc\x8f\x88" + bytes(80), r"is a bigWig file, not a list of peaks"),
    ],
)
def test_wrong_files_of_peaks_are_refused(write, text, message):
    with pytest.raises(ValueError, match=message):
        CandidateElements(write(text)).contacts_of(GENES)


def test_missing_files_are_named(tmp_path):
    for settings in ({"elements": tmp_path / "none.bed"}, {"activity": tmp_path / "none.bw"}):
        elements = CandidateElements(**{"elements": PEAKS, **settings})
        with pytest.raises(FileNotFoundError, match=r"none\.b.*no such file"):
            elements.contacts_of(GENES)


def test_bigwigs_that_do_not_fit_are_refused(bigwig):
    lacks = CandidateElements(PEAKS, activity=bigwig("a.bw", 1, ["chr1"]))
    with pytest.raises(ValueError, match=r"a\.bw: no chromosome chr2 in the file"):
        lacks.contacts_of(GENES)
    assert len(lacks.contacts_of(GENES[:2]))
    found = lacks.set_params(missing_chrom="zero").contacts_of(GENES)
    assert set(found["chrom"]) == {"chr1"}
    with pytest.raises(ValueError, match="needed for 2 of 2 regions"):  # also when it has been read
        lacks.set_params(missing_chrom="error").contacts_of(GENES)
    short = bigwig("b.bw", 1, size=300_000)
    with pytest.raises(ValueError, match=r"a peak on chr1 ends at 330150, but chr1 has 300000 bp"):
        CandidateElements(PEAKS, activity=short).contacts_of(GENES)
    both = CandidateElements(PEAKS, activity=[short, bigwig("c.bw", 1)])
    with pytest.raises(ValueError, match=r"300000 bp in .*400000 bp in .*different assemblies"):
        both.contacts_of(GENES)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"elements": 3}, TypeError, "elements must be the path"),
        ({"activity": []}, TypeError, "activity must be a column"),
        ({"activity": True}, TypeError, "activity must be a column"),
        ({"contact": 3}, TypeError, "contact must be 'power_law'"),
        ({"max_distance": 0}, ValueError, "max_distance must be an integer of at least 1 bp"),
        ({"width": "summit"}, ValueError, "width must be 'auto', a number"),
        ({"width": 0}, ValueError, "width must be 'auto', a number"),
        ({"exponent": np.nan}, ValueError, "exponent must be a finite number"),
        ({"plateau": -1}, ValueError, "plateau must be an integer"),
        ({"max_contacts": 0}, ValueError, "max_contacts must be an integer"),
        ({"nan": "zero"}, ValueError, "nan must be 'error' or 'gap'"),
        ({"missing_chrom": "gap"}, ValueError, "missing_chrom must be 'error' or 'zero'"),
        ({"chrom_names": "same"}, ValueError, "chrom_names must be 'exact' or 'match'"),
        ({"elements": {}}, ValueError, r"elements is a mapping of samples \(none\)"),
        (
            {"elements": {"a": "x", "b": "y"}, "activity": {"a": "x.bw"}},
            ValueError,
            "activity is a mapping of samples a, elements one of a, b",
        ),
    ],
)
def test_wrong_parameters_are_refused(settings, error, message):
    settings = {"elements": "peaks.bed", **settings}
    with pytest.raises(error, match=re.escape(message) if "(" not in message else message):
        CandidateElements(**settings)


def test_each_sample_has_elements_of_its_own():
    elements = CandidateElements({"H1": PEAKS, 2: PEAKS[1:]}, activity={"H1": 3, "2": 4}, width=200)
    apart = elements.by_sample()
    assert list(apart) == ["H1", "2"]
    assert (apart["2"].activity, apart["2"].width) == (4, 200)
    assert_frame_equal(
        apart["H1"].contacts_of(GENES), brute_force(PEAKS, GENES, **SETTINGS | {"width": 200})
    )
    assert CandidateElements(PEAKS).by_sample() is None
    with pytest.raises(ValueError, match=r"is a mapping of samples: call .* by_sample\(\)\[sample"):
        elements.contacts_of(GENES)


def test_parameters_work_as_those_of_an_estimator():
    elements = CandidateElements("a.bed", contact=ContactMatrix("a.mcool"), max_contacts=None)
    params = elements.get_params()
    assert params["contact__resolution"] is None
    assert params["max_distance"] == 5_000_000
    assert "contact__resolution" not in elements.get_params(deep=False)
    assert elements.set_params(contact__resolution=5_000, width=None) is elements
    twin = clone(elements)
    assert twin.contact == elements.contact
    assert twin.contact is not elements.contact
    assert (
        twin.get_params()
        == elements.get_params()
        == pickle.loads(pickle.dumps(elements)).get_params()
    )
    assert repr(twin) == (
        "CandidateElements('a.bed', contact=ContactMatrix('a.mcool', resolution=5000), width=None, "
        "max_contacts=None)"
    )
    assert (
        repr(CandidateElements({"a": PEAKS})) == "CandidateElements({'a': <DataFrame of 7 rows>})"
    )
    for wrong in ({"reach": 1}, {"activity__x": 1}, {"width": -1, "plateau": 3}):
        with pytest.raises(ValueError, match=r"has no parameter|width must be"):
            elements.set_params(**wrong)
    assert elements.get_params() == twin.get_params()


def test_damage_anywhere_in_a_bigbed_is_refused_or_harmless(tmp_path):
    rows = [("chr1", 100 * i, 100 * i + 50, f"p{i}", 0, ".", 5.5, 3, 2, 10) for i in range(200)]
    path = write_bigbed(tmp_path / "peaks.bb", rows, {"chr1": SIZE, "chr2": SIZE})
    intact, rng = path.read_bytes(), np.random.default_rng(0)
    refusals = []
    for number in range(120):
        content = bytearray(intact)
        content[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(content[: rng.integers(len(content))] if number % 4 == 0 else content)
        try:
            CandidateElements(path).contacts_of(GENES)
        except ValueError as error:
            refusals.append(str(error))
    assert len(refusals) > 30
    assert all("peaks.bb" in text for text in refusals)
