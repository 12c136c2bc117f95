"""The simulated genome: its files hold what was planted, and the truth adds up."""

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from sklearn.metrics import roc_auc_score

from skchromo import BigWigTransformer, ChromoformerRegressor, InteractionTransformer
from skchromo.datasets import make_epigenome
from skchromo.evaluation import pearson_r, shuffle_pcres

TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3", "H3K27ac", "H3K9ac")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_epigenome(tmp_path_factory.mktemp("epigenome"), random_state=0)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    return make_epigenome(folder, n_genes=40, n_chroms=2, random_state=3)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Enough genes to compare shares; one track."""
    folder = tmp_path_factory.mktemp("large")
    return make_epigenome(folder, n_genes=4_000, n_chroms=10, tracks="H3K9me3", random_state=0)


def profile(bigwig, genes, window=20_000):
    """Mean depth around the TSS of each gene, in its reading direction, in 200-bp bins."""
    rows, sizes = [], bigwig.chroms()
    for gene in genes.itertuples():
        low, high = gene.tss - window, gene.tss + window
        if low < 0 or high > sizes[gene.chrom]:
            continue
        values = np.nan_to_num(bigwig.values(gene.chrom, low, high, numpy=True))
        rows.append(values if gene.strand == "+" else values[::-1])
    return np.mean(rows, axis=0).reshape(-1, 200).mean(axis=1)


@pytest.mark.parametrize("track", TRACKS)
def test_bigwigs_hold_whole_reads_of_100_bp(small, track):
    ends = small.truth.elements.groupby("chrom")["end"].max()
    with pyBigWig.open(str(small.tracks[track])) as file:
        assert list(file.chroms()) == ["chr1", "chr2"]
        for chrom, size in file.chroms().items():
            assert size >= ends[chrom]
            start, end, reads = map(np.array, zip(*file.intervals(chrom)))
            assert (start % 100 == 0).all()
            assert ((end - start == 100) | (end == size)).all()
            assert (reads > 0).all(), "steps without reads are left out"
            assert (reads == reads.round()).all()
            assert 0.3 < reads.sum() / (size / 100) < 2


def test_last_step_of_chromosome_is_cut(tmp_path):
    made = make_epigenome(tmp_path / "new" / "folder", n_genes=120, n_chroms=12, random_state=1)
    last = []
    for path in made.tracks.values():
        with pyBigWig.open(str(path)) as file:
            assert all(size % 100 for size in file.chroms().values())
            last += [file.values(c, size - 1, size)[0] for c, size in file.chroms().items()]
    assert np.isfinite(last).any()


def test_marks_are_where_they_belong(made):
    genes = made.genes
    level = made.truth.genes["promoter"]
    active, silent = genes[level > level.quantile(0.7)], genes[level < level.quantile(0.2)]
    at = {}
    for track, path in made.tracks.items():
        with pyBigWig.open(str(path)) as file:
            at[track] = profile(file, active), profile(file, silent)
    middle, near = slice(97, 105), slice(80, 120)
    for track in ("H3K4me3", "H3K27ac", "H3K9ac"):
        on, off = at[track]
        assert on[middle].mean() > 3 * on[:50].mean()
        assert on[middle].mean() > 3 * off[middle].mean()
    on, off = at["H3K36me3"]
    assert on[110:150].mean() > 2 * on[50:90].mean()
    assert on[110:150].mean() > 2 * off[110:150].mean()
    on, off = at["H3K27me3"]
    assert off[30:170].mean() > 2 * on[30:170].mean()
    assert off[30:60].mean() == pytest.approx(off[near].mean(), rel=0.2), "broad"
    on, off = at["H3K9me3"]
    assert on.mean() == pytest.approx(off.mean(), rel=0.2), "without effect"
    with pyBigWig.open(str(made.tracks["H3K36me3"])) as file:
        for strand in "+-":
            on = profile(file, active[active["strand"] == strand])
            assert on[110:150].mean() > 2 * on[50:90].mean(), strand


def test_contacts_resemble_the_real_demo(large):
    elements = large.truth.elements
    used = elements[elements["contact"] == "used"]
    n = used.groupby("gene_id").size().reindex(large.genes["gene_id"], fill_value=0)
    np.testing.assert_allclose(np.mean(n == 0), 0.11, atol=0.02)
    np.testing.assert_allclose(np.mean(n == 8), 0.58, atol=0.03)
    assert n.max() == 8
    length = used["end"] - used["start"]
    assert 4_800 < length.median() < 5_800
    assert length.between(1_800, 30_500).all()
    tss = large.genes.set_index("gene_id")["tss"][used["gene_id"]].to_numpy()
    distance = np.abs((used["start"] + used["end"]) / 2 - tss)
    assert 150_000 < distance.median() < 230_000
    assert distance.max() < 2_000_000
    assert 1.5 < used["weight"].min() < 1.51
    assert 1.75 < used["weight"].median() < 1.95
    assert 8 < used["weight"].max() < 12.4
    weak = elements.loc[elements["contact"] == "weak", "weight"]
    assert weak.between(0, 1.5, inclusive="right").all()


def test_fragments_do_not_overlap_and_elements_hold_no_tss(large):
    contacts = pd.read_csv(large.contacts, sep="\t")
    own, other = (
        contacts[[f"{name}{side}" for name in ("chrom", "start", "end")]].set_axis(
            ["chrom", "start", "end"], axis=1
        )
        for side in "12"
    )
    assert (own["chrom"] == other["chrom"]).all()
    assert not set(own.itertuples(index=False)) & set(other.itertuples(index=False))
    fragments = pd.concat([own, other]).drop_duplicates().sort_values(["chrom", "start"])
    for chrom, part in fragments.groupby("chrom"):
        assert (part["start"].to_numpy()[1:] >= part["end"].to_numpy()[:-1]).all()
        genes = large.genes[large.genes["chrom"] == chrom]
        at = np.searchsorted(part["start"], genes["tss"], side="right") - 1
        holding = part.iloc[at[genes["tss"] < part["end"].to_numpy()[at]]]
        assert set(holding.itertuples(index=False)) <= set(own.itertuples(index=False))
    elements = large.truth.elements
    assert not elements.duplicated(["gene_id", "start"]).any()
    chrom = large.genes.set_index("gene_id")["chrom"][elements["gene_id"]].to_numpy()
    assert (elements["chrom"] == chrom).all()


def test_truth_adds_up(made):
    genes, elements = made.truth.genes, made.truth.elements
    level = np.log2(made.expression + 1)
    np.testing.assert_allclose(level, genes["planted"] + genes["noise"], atol=1e-12)
    np.testing.assert_allclose(genes["planted"], genes["promoter"] + genes["distal"])
    assert made.expression.min() == pytest.approx(0, abs=1e-9)
    assert (made.expression >= 0).all()
    summed = elements.groupby("gene_id")["contribution"].sum().reindex(genes["gene_id"])
    np.testing.assert_allclose(summed, genes["distal"], atol=1e-12)
    acts = (elements["contact"] == "used") & (elements["kind"] == "enhancer")
    np.testing.assert_array_equal(elements["contribution"] > 0, acts)
    np.testing.assert_array_equal(elements["weight"] > 1.5, elements["contact"] == "used")
    np.testing.assert_array_equal(elements["weight"].isna(), elements["contact"] == "none")
    assert pearson_r(genes["planted"], genes["planted"] + genes["noise"]) == pytest.approx(
        0.85, abs=0.02
    )
    assert genes["distal"].var() / genes["planted"].var() == pytest.approx(0.2, abs=0.02)
    assert set(elements["kind"]) == {"enhancer", "promoter-like", "primed", "polycomb", "quiet"}
    for contact in ("weak", "none"):
        kinds = elements.loc[elements["contact"] == contact, "kind"]
        assert (kinds == "enhancer").mean() > 0.6, (
            "decoys are marked as elements with an effect are"
        )


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_distal_share_is_as_given(tmp_path, share):
    options = {"n_genes": 1_000, "n_chroms": 5, "tracks": "H3K27ac", "random_state": 0}
    genes = make_epigenome(tmp_path, distal_share=share, **options).truth.genes
    distal, promoter = genes["distal"].var(), genes["promoter"].var()
    assert distal / (distal + promoter) == pytest.approx(share)
    assert genes["planted"].std() == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("r", [0.3, 1.0])
def test_planted_r_is_as_given(tmp_path, r):
    made = make_epigenome(tmp_path, n_genes=500, tracks="H3K27ac", planted_r=r, random_state=0)
    genes = made.truth.genes
    assert pearson_r(genes["planted"], np.log2(made.expression + 1)) == pytest.approx(r, abs=0.1)


def test_transformer_finds_the_used_elements(made):
    genes = InteractionTransformer(made.contacts).fit_transform(made.genes)
    found = {
        (gene, chrom, start, end, round(float(weight), 3))
        for gene, cell in zip(genes["gene_id"], genes["pcres"])
        for chrom, start, end, weight in zip(cell.chrom, cell.start, cell.end, cell.weight)
    }
    used = made.truth.elements.query("contact == 'used'")
    columns = ["gene_id", "chrom", "start", "end", "weight"]
    assert found == set(used[columns].itertuples(index=False, name=None))


def test_no_single_mark_ranks_the_elements(made):
    elements = made.truth.elements
    with pyBigWig.open(str(made.tracks["H3K27ac"])) as file:
        places = zip(elements["chrom"], elements["start"], elements["end"])
        signal = [np.nansum(file.values(*place)) / (place[2] - place[1]) for place in places]
    elements = elements.assign(signal=signal, active=elements["contribution"] > 0)
    elements = elements[elements.groupby("gene_id")["active"].transform("any")]
    for part in (elements, elements.query("contact == 'used'")):
        assert 0.5 < roc_auc_score(part["active"], part["signal"]) <= 0.7


def test_samples_share_genes_and_differ_as_given(tmp_path):
    tracks = ("H3K4me3", "H3K27ac")
    made = make_epigenome(
        tmp_path, n_genes=300, n_samples=3, tracks=tracks, changing=0.3, random_state=0
    )
    assert made.genes["sample"].value_counts().to_dict() == dict.fromkeys(
        ["sample1", "sample2", "sample3"], 300
    )
    truth = made.truth.genes.pivot(index="gene_id", columns="sample", values="promoter")
    for sample in ("sample2", "sample3"):
        assert 0.2 < (truth["sample1"] != truth[sample]).mean() < 0.4
    kinds = made.truth.elements.pivot(
        index=["gene_id", "start"], columns="sample", values=["kind", "weight"]
    )
    same = kinds["weight"].loc[kinds["weight"]["sample1"].notna()]
    assert 0.2 < (same["sample1"] != same["sample2"]).mean() < 0.4
    assert (kinds["kind"]["sample1"] != kinds["kind"]["sample2"]).mean() > 0.03
    contacts = InteractionTransformer(made.contacts).fit_transform(made.genes)
    X = BigWigTransformer(made.tracks).fit_transform(contacts)
    assert X.shape == (900, 9, 400, 2)
    wide = pd.read_csv(made.paths["expression"], sep="\t", index_col="gene_id")
    np.testing.assert_allclose(wide.to_numpy().T.ravel(), made.expression)
    assert len(pd.read_csv(made.paths["genes"], sep="\t")) == 300


@pytest.mark.parametrize(("changing", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_all_may_change_or_nothing(tmp_path, changing, share):
    options = {"n_genes": 50, "n_chroms": 1, "tracks": "H3K27ac", "random_state": 0}
    made = make_epigenome(tmp_path, n_samples=2, changing=changing, **options)
    promoter = made.truth.genes.pivot(index="gene_id", columns="sample", values="promoter")
    assert (promoter["sample1"] != promoter["sample2"]).mean() == share


def test_tables_are_the_returned_ones(small):
    pd.testing.assert_frame_equal(pd.read_csv(small.paths["genes"], sep="\t"), small.genes)
    table = pd.read_csv(small.paths["expression"], sep="\t", index_col="gene_id")
    np.testing.assert_allclose(table["sample1"], small.expression)
    assert (table.index == small.genes["gene_id"]).all()


def test_seed_gives_the_same_files(small, tmp_path):
    again = make_epigenome(
        tmp_path / "again", n_genes=40, n_chroms=2, random_state=np.random.RandomState(3)
    )
    fewer = make_epigenome(
        tmp_path / "fewer", n_genes=40, n_chroms=2, tracks=["H3K27ac"], random_state=3
    )
    other = make_epigenome(tmp_path / "other", n_genes=40, n_chroms=2, random_state=4)
    pairs = [(small.tracks[track], again.tracks[track]) for track in TRACKS]
    pairs += [(small.contacts, again.contacts), (small.paths["genes"], again.paths["genes"])]
    pairs += [(small.tracks["H3K27ac"], fewer.tracks["H3K27ac"])]
    for one, two in pairs:
        assert one.read_bytes() == two.read_bytes()
    pd.testing.assert_series_equal(fewer.expression, small.expression)
    assert other.contacts.read_bytes() != small.contacts.read_bytes()
    assert list(fewer.tracks) == ["H3K27ac"]


def test_existing_files_are_not_overwritten(tmp_path):
    mine = tmp_path / "genes.tsv"
    mine.write_text("my own table")
    with pytest.raises(FileExistsError, match=r"genes\.tsv is there already: choose another"):
        make_epigenome(tmp_path, n_genes=20, n_chroms=1)
    assert mine.read_text() == "my own table"
    assert list(tmp_path.iterdir()) == [mine]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_genes": 15, "n_chroms": 2}, "n_genes == 15, must be >= 20"),
        ({"n_chroms": 0}, "n_chroms == 0"),
        ({"n_samples": 0}, "n_samples == 0"),
        ({"distal_share": 1.5}, r"distal_share == 1\.5"),
        ({"changing": -0.1}, r"changing == -0\.1"),
        ({"planted_r": 0}, "planted_r == 0"),
        ({"tracks": ["H3K27ac", "ATAC"]}, "tracks must be distinct names from H3K4me1, .*; got"),
        ({"tracks": ["H3K27ac", "H3K27ac"]}, "tracks must be distinct"),
        ({"tracks": []}, "tracks must be distinct"),
    ],
)
def test_wrong_parameters_are_named(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        make_epigenome(tmp_path / "none", **wrong)
    assert not (tmp_path / "none").exists()


def test_regressor_learns_the_planted_function(made):
    """Nine tenths of the planted function's own r, and the gain is that of the contacts."""
    contacts = InteractionTransformer(made.contacts).fit_transform(made.genes)
    signal = BigWigTransformer(made.tracks)
    tables = {
        "contacts": contacts,
        "promoter only": made.genes,
        "shuffled": shuffle_pcres(contacts, random_state=0),
    }
    y = np.log2(made.expression.to_numpy() + 1)
    test = made.genes["chrom"].isin(["chr1", "chr2"]).to_numpy()
    r = {}
    for name, table in tables.items():
        X = signal.fit_transform(table)
        model = ChromoformerRegressor.small_data(bin_sizes=(2000, 500), random_state=0)
        r[name] = pearson_r(y[test], model.fit(X[~test], y[~test]).predict(X[test]))
    own = pearson_r(y[test], made.truth.genes["planted"][test])
    print(f"held-out r {r}, of the planted function {own:.3f}")
    assert r["contacts"] > 0.9 * own
    assert r["contacts"] > r["promoter only"] + 0.02
    assert r["shuffled"] < r["promoter only"] + 0.02
