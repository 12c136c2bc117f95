"""The blacklist: the forms it is read from, and the bins that it sets to 0."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skchromo.features import BigWigTransformer
from skchromo.genome import read_blacklist
from skchromo.genome.bigwig import BigWigFile
from skchromo.genome.contacts import Pcres
from skchromo.genome.tracks import blacklisted_bins

SIZES = {"chr1": 20_000, "chr2": 9_000, "chrM": 500}
TABLE = pd.DataFrame(
    {"chrom": ["chr2", "chr1", "chr1"], "start": [0, 5_050, 4_990], "end": [40, 5_201, 5_060]}
)
BED = "track name=x\n#chrom\nchr2\t0\t40\tHigh Signal Region\r\nchr1\t5050\t5201\nchr1 4990 5060"
MERGED = [("chr1", 4_990, 5_201), ("chr2", 0, 40)]


def write(path, value, prefix="chr"):
    with pyBigWig.open(str(path), "w") as handle:
        names = [name.replace("chr", prefix) for name in SIZES]
        handle.addHeader(list(zip(names, SIZES.values(), strict=True)))
        for name, size in zip(names, SIZES.values(), strict=True):
            handle.addEntries([name], [0], ends=[size], values=[value])
    return str(path)


@pytest.fixture
def tracks(tmp_path):
    return {"K4": write(tmp_path / "a.bw", 2.0), "K27": write(tmp_path / "b.bw", 3.0)}


@pytest.fixture
def genes():
    """Two genes at one TSS, and one that the blacklist does not touch; the first has a pCRE."""
    pcre = Pcres(["chr2"], [30], [250], [1.0], max_pcres=1, max_pcre_length=300)
    none = Pcres([], [], [], [], max_pcres=1, max_pcre_length=300)
    return pd.DataFrame(
        {
            "gene_id": ["A", "B", "C"],
            "chrom": "chr1",
            "tss": [5_000, 5_000, 9_000],
            "strand": ["+", "-", "+"],
            "pcres": [pcre, none, none],
        }
    )


@pytest.mark.parametrize("form", ["bed", "gz", "table"])
def test_every_form_is_sorted_and_merged(tmp_path, form):
    source = TABLE
    if form != "table":
        source = tmp_path / f"blacklist.{form}"
        source.write_bytes(gzip.compress(BED.encode()) if form == "gz" else BED.encode())
    assert [tuple(row) for row in read_blacklist(source).itertuples(index=False)] == MERGED


def test_touched_bins_are_zero_in_every_track_and_counted(tracks, genes):
    plain = BigWigTransformer(tracks, window=800).fit(genes)
    assert (plain.n_blacklisted_bins_, plain.n_blacklisted_regions_) == (0, 0)
    assert plain.blacklist_ is None
    signal = BigWigTransformer(tracks, window=800, blacklist=TABLE)
    values = signal.fit_transform(genes).to_dense().values
    expected = plain.transform(genes).to_dense().values
    expected[0, 0, 3:7] = expected[1, 0, 1:5] = expected[0, 1, :1] = 0
    np.testing.assert_array_equal(values, expected)
    assert (signal.n_blacklisted_bins_, signal.n_blacklisted_regions_) == (9, 3)
    assert [tuple(row) for row in signal.blacklist_.itertuples(index=False)] == MERGED


def test_verbose_reports_the_bins_that_are_masked(tracks, genes, capsys):
    BigWigTransformer(tracks, window=800, blacklist=TABLE, verbose=1).fit(genes)
    assert capsys.readouterr().err == "bigWig: blacklist: 9 bins of 3 regions are set to 0\n"


def test_another_blacklist_reads_no_region_again(tracks, genes, tmp_path, monkeypatch):
    reads, runs = [], BigWigFile.runs
    monkeypatch.setattr(BigWigFile, "runs", lambda *args: reads.append(args) or runs(*args))
    for number, blacklist in enumerate((TABLE, None, TABLE[:1], TABLE)):
        options = {"window": 800, "blacklist": blacklist}
        found = BigWigTransformer(tracks, memory=tmp_path / "cache", **options)
        expected = BigWigTransformer(tracks, **options).fit_transform(genes)
        reads.clear()
        assert found.fit_transform(genes).equals(expected)
        assert bool(reads) == (number == 0)


def test_names_are_matched_with_the_files(tracks, genes):
    bare = TABLE.assign(chrom=TABLE["chrom"].str.removeprefix("chr"))
    expected = BigWigTransformer(tracks, window=800, blacklist=TABLE).fit_transform(genes)
    options = {"window": 800, "blacklist": bare}
    found = BigWigTransformer(tracks, chrom_names="match", **options).fit_transform(genes)
    np.testing.assert_array_equal(found.to_dense().values, expected.to_dense().values)
    with pytest.raises(
        ValueError, match=r"none of its chromosomes \(1, 2\) is in .*set chrom_names='match'"
    ):
        BigWigTransformer(tracks, **options).fit(genes)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("chr9", 0, 10), r"none of its chromosomes \(chr9\) .* list chr1, chr2, chrM; use the bl"),
        (("chr2", 0, 9_001), r"on chr2 ends at 9001, but chr2 has 9000 bp .* of their assembly"),
    ],
)
def test_blacklist_of_another_assembly_is_refused(tracks, genes, row, message):
    blacklist = pd.DataFrame([row], columns=["chrom", "start", "end"])
    with pytest.raises(ValueError, match=message):
        BigWigTransformer(tracks, window=800, blacklist=blacklist).fit(genes)


def test_chromosomes_that_no_file_lists_do_not_matter(tracks, genes):
    more = pd.DataFrame({"chrom": ["chrUn", "chrM"], "start": 0, "end": 571})
    blacklist = pd.concat([TABLE, more])
    signal = BigWigTransformer(tracks, window=800, blacklist=blacklist).fit(genes)
    assert signal.n_blacklisted_bins_ == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("#chrom start end\n", "only comments: set blacklist=None"),
        ("chr1\t0\t10\nchr1\t10\n", r"b\.bed', line 2: 'chr1\\t10' is not a BED line"),
        ("chr1\tx\t10\n", r"line 1: .* is not a BED line"),
        ("chr1\t10\t10\n", r"line 1: chr1:10-10 is not an interval"),
        ("chr1\t-1\t10\n", r"line 1: .* is not a BED line: .*0 or more"),
    ],
)
def test_bad_files_are_named_with_the_line(tmp_path, text, message):
    (tmp_path / "b.bed").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_blacklist(str(tmp_path / "b.bed"))


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (Path("/nowhere/b.bed"), FileNotFoundError, r"blacklist file '/nowhere/b\.bed' does not"),
        (
            "https://example.org/b.bed",
            ValueError,
            "blacklist: https://example.org/b.bed is a web address.*download it",
        ),
        (3, TypeError, "must be the path of a BED file, a DataFrame .* got int"),
        (TABLE.iloc[:0], ValueError, "the table is empty"),
        (TABLE.drop(columns="end"), ValueError, "no column end: .* has chrom, start"),
        (TABLE.assign(end=[40, 5_000, "x"]), ValueError, "2 of 3 rows .* chr1:5050-5000"),
        (TABLE.assign(start=[0.5, 0, 0]), ValueError, r"1 of 3 rows .* chr2:0\.5-40"),
        (TABLE.assign(chrom=["chr1", None, "chr1"]), ValueError, "1 of 3 rows"),
    ],
)
def test_bad_sources_are_named(source, error, message):
    with pytest.raises(error, match=message):
        read_blacklist(source)


intervals = st.tuples(st.sampled_from(["chr1", "chr2"]), st.integers(0, 300), st.integers(1, 90))


@settings(max_examples=100)
@given(
    st.lists(intervals, min_size=1, max_size=6),
    st.lists(intervals, min_size=1, max_size=5),
    st.integers(1, 50),
)
def test_bins_are_those_that_share_a_base(listed, regions, bin_size):
    chrom, start, length = map(list, zip(*listed, strict=True))
    source = pd.DataFrame({"chrom": chrom, "start": start, "end": np.add(start, length)})
    bad = {name: np.zeros(500, dtype=bool) for name in ("chr1", "chr2")}
    for name, first, last in source.itertuples(index=False):
        bad[name][first:last] = True
    expected, owners, n_bins = [], [], 0
    for region, (name, first, length) in enumerate(regions):
        # Regions begin up to 100 bp before the chromosome does.
        bases = np.concatenate([np.zeros(100, dtype=bool), bad[name]])[first : first + length]
        for place in range(0, length, bin_size):
            if bases[place : place + bin_size].any():
                expected.append(n_bins)
                owners.append(region)
            n_bins += 1
    names, first, length = map(np.array, zip(*regions, strict=True))
    found = blacklisted_bins(
        read_blacklist(source), names, first - 100, first - 100 + length, bin_size
    )
    assert [part.tolist() for part in found] == [expected, owners]
