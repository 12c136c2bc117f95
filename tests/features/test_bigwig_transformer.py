"""BigWigTransformer against a genome kept as plain arrays, and on the real sample."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from sklearn.base import clone

from skchromo import BigWigTransformer, RegionArray
from skchromo.genome.contacts import Pcres

SIZES = {"chr1": 20_000, "chr2": 9_000}
REAL_SIZES = {"chr1": 249_250_621, "chr5": 180_915_260, "chr8": 146_364_022}


def write_dense(path, genome):
    """Write arrays of one value a base (NaN: no data) as a bigWig."""
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([(chrom, len(bases)) for chrom, bases in genome.items()])
        for chrom, bases in genome.items():
            cuts = np.flatnonzero(np.r_[True, bases[1:] != bases[:-1]])
            ends = np.r_[cuts[1:], len(bases)]
            kept = ~np.isnan(bases[cuts])
            if kept.any():
                handle.addEntries(
                    [chrom] * int(kept.sum()),
                    cuts[kept].tolist(),
                    ends=ends[kept].tolist(),
                    values=bases[cuts[kept]].tolist(),
                )
    return str(path)


def random_genome(seed):
    """Draw runs of 50 bases with gaps and zeros."""
    rng = np.random.default_rng(seed)
    genome = {}
    for chrom, size in SIZES.items():
        runs = rng.gamma(1, 3, size // 50).round(2)
        runs[rng.random(len(runs)) < 0.3] = np.nan
        runs[rng.random(len(runs)) < 0.1] = 0
        genome[chrom] = np.repeat(runs, 50)
    return genome


def true_region(genome, chrom, start, end, bin_size, gaps="zero", flip=False):
    """Average a region of a dense genome bin by bin."""
    bases = np.full(end - start, np.nan)
    low, high = max(start, 0), min(end, SIZES[chrom])
    bases[low - start : high - start] = genome[chrom][low:high]
    parts = [bases[i : i + bin_size] for i in range(0, len(bases), bin_size)]
    if gaps == "zero":
        means = [np.nan_to_num(part).mean() for part in parts]
    else:
        means = [part[~np.isnan(part)].mean() if (part >= 0).any() else 0.0 for part in parts]
    return np.array(means[::-1] if flip else means)


def pcres(*intervals, max_pcres=2, max_pcre_length=1500):
    """Build a cell of pCREs from (chrom, start, end, weight)."""
    columns = list(zip(*intervals, strict=True)) if intervals else [(), (), (), ()]
    return Pcres(*columns, max_pcres=max_pcres, max_pcre_length=max_pcre_length)


@pytest.fixture(scope="module")
def genomes():
    return {name: random_genome(seed) for seed, name in enumerate(["K4", "K27", "K4-2"])}


@pytest.fixture(scope="module")
def paths(genomes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    return {name: write_dense(folder / f"{name}.bw", genome) for name, genome in genomes.items()}


@pytest.fixture
def tracks(paths):
    return {"K4": paths["K4"], "K27": Path(paths["K27"])}


@pytest.fixture
def genes():
    return pd.DataFrame(
        {
            "gene_id": ["A", "B", "C", "A", "D"],
            "chrom": ["chr2", "chr1", "chr1", "chr2", "chr1"],
            "tss": [8_900, 5_000, 5_000, 8_900, 13],
            "strand": ["+", "-", "+", "+", "-"],
            "note": list("vwxyz"),
        },
        index=[9, 9, 2, 0, 5],
    )


@pytest.fixture
def with_pcres(genes):
    shared = ("chr1", 7_010, 7_460, 4.0)
    cells = [
        pcres(("chr2", 0, 1_500, 9.0), ("chr1", 40, 41, 0.5)),
        pcres(shared),
        pcres(("chr1", 12_000, 13_000, 5.0), shared),
        pcres(("chr2", 0, 1_500, 9.0), ("chr1", 40, 41, 0.5)),
        pcres(),
    ]
    return genes.assign(pcres=cells)


@pytest.mark.parametrize("gaps", ["zero", "ignore"])
def test_every_gene_region_bin_and_track_equals_the_dense_genome(tracks, genomes, with_pcres, gaps):
    transformer = BigWigTransformer(tracks, window=2_000, bin_size=100, gaps=gaps)
    X = transformer.fit_transform(with_pcres)
    assert isinstance(X, RegionArray)
    assert X.shape == (5, 3, 20, 2)
    values, weights, lengths = X.to_dense()
    for row, gene in enumerate(with_pcres.itertuples()):
        cell = gene.pcres
        places = [(gene.chrom, gene.tss - 1_000, gene.tss + 1_000, gene.strand == "-")]
        places += [(*place, False) for place in zip(cell.chrom, cell.start, cell.end, strict=True)]
        for region, (chrom, start, end, flip) in enumerate(places):
            for column, name in enumerate(["K4", "K27"]):
                expected = true_region(genomes[name], chrom, start, end, 100, gaps, flip)
                found = values[row, region, :, column]
                np.testing.assert_allclose(found[: len(expected)], expected, atol=1e-6)
                assert np.isnan(found[len(expected) :]).all()
        assert weights[row].tolist() == [*cell.weight, *[0] * (2 - len(cell))]
        assert lengths[row].tolist()[1:] == [*(cell.end - cell.start), *[0] * (2 - len(cell))]


def test_without_pcres_there_is_the_promoter_alone(tracks, genes):
    X = BigWigTransformer(tracks, window=400).fit_transform(genes)
    assert X.shape == (5, 1, 4, 2)
    assert (X.tracks, X.bin_size, X.window) == (("K4", "K27"), 100, 400)
    assert X.chromsizes == SIZES


def test_bins_follow_the_longest_possible_pcre_not_the_longest_there(tracks, genes):
    cells = [pcres(max_pcre_length=1_510, max_pcres=3)] * len(genes)
    X = BigWigTransformer(tracks, window=400).fit_transform(genes.assign(pcres=cells))
    assert X.shape == (5, 4, 16, 2)
    cells = [pcres(max_pcre_length=150, max_pcres=0)] * len(genes)
    X = BigWigTransformer(tracks, window=400).fit_transform(genes.assign(pcres=cells))
    assert X.shape == (5, 1, 4, 2)


def test_rows_stay_one_to_one_in_order_with_duplicates(tracks, with_pcres):
    transformer = BigWigTransformer(tracks, window=2_000).fit(with_pcres)
    X = transformer.transform(with_pcres)
    assert X.genes["gene_id"].tolist() == ["A", "B", "C", "A", "D"]
    assert X.genes["tss"].tolist() == with_pcres["tss"].tolist()
    assert set(X.genes) == {"gene_id", "chrom", "tss", "strand"}
    order = [4, 0, 2, 2, 1]
    assert transformer.transform(with_pcres.iloc[order]).equals(X[order])
    assert transformer.transform(with_pcres.iloc[[3]]).equals(X[[3]])


def test_regions_that_genes_share_are_stored_once(tracks, with_pcres):
    X = BigWigTransformer(tracks, window=2_000).fit_transform(with_pcres)
    assert X.index[0].tolist() == X.index[3].tolist()
    assert X.index[1, 1] == X.index[2, 2]
    assert X.index[1, 0] != X.index[2, 0]
    n_promoters, n_pcres = 4, 4
    assert len(X.start) == n_promoters + n_pcres
    assert X.index[4].tolist()[1:] == [-1, -1]


def test_minus_strand_promoters_are_read_backwards_and_pcres_are_not(tracks, genes):
    cell = pcres(("chr1", 4_000, 6_000, 1.0), max_pcre_length=2_000, max_pcres=1)
    both = genes.iloc[[1, 2]].assign(pcres=[cell, cell])
    values = BigWigTransformer(tracks, window=2_000).fit_transform(both).to_dense().values
    np.testing.assert_array_equal(values[0, 0], values[1, 0, ::-1])
    np.testing.assert_array_equal(values[0, 1], values[1, 0])
    np.testing.assert_array_equal(values[0, 1], values[1, 1])


def test_replicates_are_averaged(paths, genes):
    def read(files):
        return BigWigTransformer({"K4": files}, window=800).fit_transform(genes).to_dense().values

    both = read([paths["K4"], paths["K4-2"]])
    np.testing.assert_allclose(both, (read(paths["K4"]) + read(paths["K4-2"])) / 2, rtol=1e-6)


def test_each_sample_reads_its_own_files(paths, genes):
    table = pd.DataFrame(
        {
            "sample": ["H1", "H1", "K562", "K562", "K562"],
            "track": ["K4", "K27", "K27", "K4", "K4"],
            "path": [paths["K4"], paths["K27"], paths["K27"], paths["K4"], paths["K4-2"]],
        }
    )
    genes = genes.assign(sample=["H1", "K562", "H1", "K562", "H1"])
    transformer = BigWigTransformer(table, window=800)
    X = transformer.fit_transform(genes)
    assert transformer.tracks_ == X.tracks == ("K4", "K27")
    assert X.genes["sample"].tolist() == genes["sample"].tolist()
    h1 = BigWigTransformer({"K4": paths["K4"], "K27": paths["K27"]}, window=800)
    k562 = BigWigTransformer({"K4": [paths["K4"], paths["K4-2"]], "K27": paths["K27"]}, window=800)
    expected = {"H1": h1.fit_transform(genes), "K562": k562.fit_transform(genes)}
    for row, sample in enumerate(genes["sample"]):
        assert X[[row]].equals(expected[sample][[row]])
    assert X.index[0, 0] != X.index[3, 0]


def test_samples_share_regions_where_tracks_are_not_by_sample(tracks, genes):
    X = BigWigTransformer(tracks, window=800).fit_transform(genes.assign(sample=list("abcde")))
    assert X.index[0, 0] == X.index[3, 0]
    assert X.genes["sample"].tolist() == list("abcde")


def test_the_result_does_not_depend_on_n_jobs(tracks, with_pcres):
    alone = BigWigTransformer(tracks, window=2_000).fit_transform(with_pcres)
    pair = BigWigTransformer(tracks, window=2_000, n_jobs=2).fit_transform(with_pcres)
    assert pair.equals(alone)


def test_many_genes_are_read_as_few(tracks):
    tss = np.arange(19_000)  # several times the regions that are read at once
    genes = pd.DataFrame({"gene_id": tss, "chrom": "chr1", "tss": tss, "strand": "-"})
    transformer = BigWigTransformer(tracks, window=400, n_jobs=2).fit(genes)
    X = transformer.transform(genes)
    for rows in ([0], [18_999], np.arange(4_090, 4_100), [9_000, 100, 13_000]):
        assert transformer.transform(genes.iloc[rows]).equals(X[rows])


def test_progress_bar_appears_only_with_verbose(tracks, genes, capsys):
    BigWigTransformer(tracks, window=800).fit_transform(genes)
    assert capsys.readouterr() == ("", "")
    X = BigWigTransformer(tracks, window=800, verbose=1).fit_transform(genes)
    out, err = capsys.readouterr()
    assert out == ""
    n_regions = len(tracks) * len(X.lengths)
    assert f"{n_regions}/{n_regions} [" in err
    assert "regions" in err


def test_names_with_and_without_prefix_can_be_matched(tracks, with_pcres):
    expected = BigWigTransformer(tracks, window=2_000).fit_transform(with_pcres)
    bare = with_pcres.assign(chrom=with_pcres["chrom"].str.removeprefix("chr"))
    X = BigWigTransformer(tracks, window=2_000, chrom_names="match").fit_transform(bare)
    np.testing.assert_array_equal(X.to_dense().values, expected.to_dense().values)
    assert X.genes["chrom"].tolist() == ["2", "1", "1", "2", "1"]
    assert X.chromsizes["1"] == SIZES["chr1"]
    with pytest.raises(ValueError, match=r"needed for 5 of 5 genes.*set chrom_names='match'"):
        BigWigTransformer(tracks, window=2_000).fit_transform(bare)


def test_absent_chromosomes_are_an_error_or_zero(tracks, genes):
    elsewhere = genes.assign(chrom=["chr2", "chr9", "chr1", "chr9", "chr1"])
    with pytest.raises(ValueError, match=r"track K4 \(.*needed for 2 of 5 genes; it lists chr1"):
        BigWigTransformer(tracks, window=800).fit_transform(elsewhere)
    transformer = BigWigTransformer(tracks, window=800, missing_chrom="zero")
    values = transformer.fit_transform(elsewhere).to_dense().values
    assert (values[[1, 3]] == 0).all()
    assert (values[[0, 2]] > 0).any()


def test_pcres_on_absent_chromosomes_are_counted(tracks, genes):
    cells = [pcres(("chr7", 0, 100, 1.0))] * 2 + [pcres(("chr1", 0, 100, 1.0))] * 3
    with pytest.raises(ValueError, match=r"no chromosome chr7.*needed for 2 of 5 pCREs"):
        BigWigTransformer(tracks, window=800).fit_transform(genes.assign(pcres=cells))


def test_a_tss_beyond_the_end_names_gene_and_length(tracks, genes):
    last = genes.assign(tss=[8_999, 19_999, 0, 0, 0])
    BigWigTransformer(tracks, window=800).fit_transform(last)
    with pytest.raises(
        ValueError,
        match=r"2 of 5 genes .*: A, B; A has tss 9000, but chr2 has 9000 bp .* one assembly",
    ):
        BigWigTransformer(tracks, window=800).fit_transform(
            genes.assign(tss=[9_000, 20_000, 0, 0, 0])
        )


def test_a_pcre_beyond_the_end_names_gene_and_interval(tracks, genes):
    cells = [pcres(), pcres(("chr2", 8_000, 9_001, 1.0)), pcres(), pcres(), pcres()]
    with pytest.raises(
        ValueError, match=r"1 of 1 pCREs .* chr2:8000-9001 of gene B, but chr2 has 9000 bp"
    ):
        BigWigTransformer(tracks, window=800).fit_transform(genes.assign(pcres=cells))


@pytest.mark.parametrize("setting", ["max_pcres", "max_pcre_length"])
def test_rows_made_with_different_limits_are_refused(tracks, genes, setting):
    cells = [pcres()] * 4 + [pcres(**{setting: 7_000})]
    with pytest.raises(ValueError, match=f"{setting}=.*{setting}=7000"):
        BigWigTransformer(tracks, window=800).fit_transform(genes.assign(pcres=cells))


def test_pcres_column_of_other_objects_is_refused(tracks, genes):
    cells = [pcres(), None, pcres(), pcres(), pcres()]
    with pytest.raises(TypeError, match="gene B has None, not pCREs"):
        BigWigTransformer(tracks, window=800).fit_transform(genes.assign(pcres=cells))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 401}, "window must be a positive even"),
        ({"window": -400}, "window must be a positive even"),
        ({"window": 450}, "window=450 and bin_size=100 do not fit"),
        ({"window": 300}, "window=300 and bin_size=100 do not fit"),
        ({"bin_size": 0}, "bin_size must be an integer of at least 1 bp"),
        ({"gaps": "mean"}, "gaps must be"),
        ({"nan": "zero"}, "nan must be 'error' or 'gap'"),
        ({"missing_chrom": "drop"}, "missing_chrom must be"),
        ({"chrom_names": "ucsc"}, "chrom_names must be"),
    ],
)
def test_bad_parameters_are_named_in_fit(tracks, genes, options, message):
    with pytest.raises(ValueError, match=message):
        BigWigTransformer(tracks, **options).fit(genes)


def test_missing_files_are_named_in_fit(genes):
    with pytest.raises(FileNotFoundError, match=r"track K4 \(/nowhere/a\.bw\): no such file"):
        BigWigTransformer({"K4": "/nowhere/a.bw"}).fit(genes)
    with pytest.raises(FileNotFoundError, match=r"given with the name of its track"):
        BigWigTransformer("H3K4me3.bw").fit(genes)


def test_genes_of_samples_without_tracks_are_refused(paths, genes):
    files = [paths["K4"], paths["K4-2"]]
    table = pd.DataFrame({"sample": ["H1", "ES"], "track": "K4", "path": files})
    samples = ["H1", "H1", "H1", "H1", "K562"]
    transformer = BigWigTransformer(table, window=800).fit(genes.assign(sample="H1"))
    for step in (clone(transformer).fit, transformer.transform):
        with pytest.raises(
            ValueError, match=r"no tracks for sample K562 of 1 gene rows; .* has H1, ES"
        ):
            step(genes.assign(sample=samples))
        with pytest.raises(ValueError, match="no column sample, but tracks are given by sample"):
            step(genes)


def test_one_sample_of_tracks_serves_genes_that_name_none(paths, genes):
    table = pd.DataFrame({"sample": ["H1"], "track": ["K4"], "path": [paths["K4"]]})
    transformer = BigWigTransformer(table, window=800)
    X = transformer.fit_transform(genes)
    np.testing.assert_array_equal(
        X.to_dense().values,
        BigWigTransformer({"K4": paths["K4"]}, window=800).fit_transform(genes).to_dense().values,
    )
    with pytest.raises(ValueError, match="no tracks for sample K562"):
        transformer.transform(genes.assign(sample="K562"))


def test_tracks_are_found_by_a_pattern(paths, genes, tmp_path):
    for sample in ("H1", "K562"):
        for track in ("K4", "K27"):
            (tmp_path / f"{sample}-{track}.bigwig").symlink_to(paths[track])
    genes = genes.assign(sample=["H1", "K562", "H1", "K562", "H1"])
    transformer = BigWigTransformer(f"{tmp_path}/{{sample}}-{{mark}}.bigwig", window=800)
    X = transformer.fit_transform(genes)
    assert X.tracks == ("K27", "K4")
    expected = BigWigTransformer({"K27": paths["K27"], "K4": paths["K4"]}, window=800)
    expected = expected.fit_transform(genes).to_dense().values
    np.testing.assert_array_equal(X.to_dense().values, expected)
    assert clone(transformer).fit(genes).files_ == transformer.files_


def test_matched_names_are_kept_and_printed_once(paths, genes, tmp_path, capsys):
    bare = {"1": np.ones(SIZES["chr1"]), "2": np.ones(SIZES["chr2"])}
    tracks = {"K4": paths["K4"], "K27": write_dense(tmp_path / "bare.bw", bare)}
    transformer = BigWigTransformer(tracks, window=800, chrom_names="match", verbose=1).fit(genes)
    assert transformer.chrom_names_ == {"chr1": ("1",), "chr2": ("2",)}
    out, err = capsys.readouterr()
    assert (out, err) == ("", "bigWig: chromosomes matched: chr2 = 2, chr1 = 1\n")
    transformer.transform(genes)
    assert "matched" not in capsys.readouterr().err
    exact = BigWigTransformer({"K4": paths["K4"]}, window=800, verbose=1).fit(genes)
    assert exact.chrom_names_ == {}
    assert capsys.readouterr() == ("", "")


def test_files_of_different_assemblies_are_both_named(paths, genes, tmp_path):
    other = write_dense(tmp_path / "hg38.bw", {"chr1": np.ones(21_000)})
    with pytest.raises(ValueError, match=r"chr1 has 20000 bp in .*K4\.bw and 21000 bp in .*hg38"):
        BigWigTransformer({"K4": paths["K4"], "K27": other}).fit(genes)
    bare = write_dense(tmp_path / "bare.bw", {"1": np.ones(21_000)})
    tracks = {"K4": paths["K4"], "K27": bare}
    with pytest.raises(ValueError, match=r"chromosome 1 has 20000 bp in .* and 21000 bp"):
        BigWigTransformer(tracks, chrom_names="match").fit(genes)


def test_bad_signal_names_the_track(genes, tmp_path):
    path = write_dense(
        tmp_path / "log2.bw", {"chr1": np.full(20_000, -1.0), "chr2": np.ones(9_000)}
    )
    transformer = BigWigTransformer({"K4": path}, window=800).fit(genes)
    with pytest.raises(
        ValueError, match=r"track K4 \(.*log2\.bw\): negative signal .* fold change"
    ):
        transformer.transform(genes)


def test_the_real_sample_reads_in_order_with_real_signal(h1_e003):
    genes = pd.read_csv(h1_e003 / "genes.tsv", sep="\t")
    marks = {path.stem: path for path in sorted(h1_e003.glob("*.bw"))}
    transformer = BigWigTransformer(marks)
    X = transformer.fit_transform(genes)
    assert X.shape == (len(genes), 1, 400, 7)
    assert X.genes["gene_id"].tolist() == genes["gene_id"].tolist()
    assert transformer.chromsizes_ == REAL_SIZES
    values = X.to_dense().values
    for row in (0, 1, len(genes) - 1):
        gene = genes.iloc[row]
        for column, path in enumerate(marks.values()):
            with pyBigWig.open(str(path)) as handle:
                bases = handle.values(
                    gene["chrom"], int(gene["tss"]) - 20_000, int(gene["tss"]) + 20_000, numpy=True
                )
            expected = np.nan_to_num(bases).astype(np.float64).reshape(400, 100).mean(axis=1)
            if gene["strand"] == "-":
                expected = expected[::-1]
            np.testing.assert_allclose(values[row, 0, :, column], expected, atol=1e-6)
    h3k4me3 = values[:, 0, :, list(marks).index("H3K4me3")]
    assert h3k4me3[:, 190:210].mean() > 3 * h3k4me3[:, :50].mean()


def one_gene(chrom="chr1", **columns):
    columns = {"gene_id": ["A"], "chrom": chrom, "tss": 2_000, "strand": "+"} | columns
    return pd.DataFrame(columns)


@pytest.mark.parametrize("stored", ["nothing", "zeros"])
def test_file_without_signal_warns_once_with_its_name(tmp_path, stored):
    value = {"nothing": np.nan, "zeros": 0.0}[stored]
    genome = {chrom: np.full(size, value) for chrom, size in SIZES.items()}
    full = write_dense(tmp_path / "full.bw", {chrom: np.ones(n) for chrom, n in SIZES.items()})
    tracks = {"full": full, "K4": write_dense(tmp_path / "empty.bw", genome)}
    transformer = BigWigTransformer(tracks, window=400)
    with pytest.warns(UserWarning, match=r"track K4 \(.*empty\.bw\): .*no signal at all") as one:
        transformer.fit(one_gene())
    assert len(one) == 1
    assert not transformer.transform(one_gene()).to_dense().values[..., 1].any()
    with pytest.warns(UserWarning, match=r"empty\.bw") as one:
        transformer.fit_transform(one_gene())
    assert len(one) == 1


def test_file_without_signal_on_the_genes_chromosomes_warns(tmp_path):
    genome = {"chr1": np.full(SIZES["chr1"], np.nan), "chr2": np.ones(SIZES["chr2"])}
    other = write_dense(tmp_path / "chr2.bw", genome)
    transformer = BigWigTransformer({"K4": other}, window=400).fit(one_gene("chr2"))
    message = r"chr2\.bw\): the file holds no signal on chr1, only on chr2"
    with pytest.warns(UserWarning, match=message):
        BigWigTransformer({"K4": other}, window=400).fit(one_gene())
    with pytest.warns(UserWarning, match="no signal on chrX, only on chr2"):
        BigWigTransformer({"K4": other}, window=400, missing_chrom="zero").fit(one_gene("chrX"))
    # files of other samples are checked when they are read
    empty = {chrom: np.full(size, np.nan) for chrom, size in SIZES.items()}
    transformer.set_params(tracks={"K4": write_dense(tmp_path / "new.bw", empty)})
    with pytest.warns(UserWarning, match=r"new\.bw\): the file holds no signal at all"):
        transformer.transform(one_gene("chr2"))


def test_stored_nan_is_refused_or_a_gap(tmp_path):
    path = str(tmp_path / "nan.bw")
    with pyBigWig.open(path, "w") as handle:
        handle.addHeader(list(SIZES.items()))
        handle.addEntries(["chr1"] * 2, [1_800, 1_900], ends=[1_900, 1_950], values=[3.0, np.nan])
    with pytest.raises(ValueError, match=r"NaN stored at chr1:1900-1950: set nan='gap'"):
        BigWigTransformer({"K4": path}, window=400).fit_transform(one_gene())
    for memory in None, tmp_path / "cache":
        transformer = BigWigTransformer({"K4": path}, window=400, nan="gap", memory=memory)
        X = transformer.fit_transform(one_gene())
        assert X.to_dense().values[0, 0, :, 0].tolist() == [3.0, 0.0, 0.0, 0.0]
