"""ContactMatrix against dense matrices: values, separations, choice, names, and refusals."""

import copy
import pickle
import struct
import subprocess
import sys

import h5py
import hictkpy
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline

from skchromo import ContactMatrix, InteractionTransformer
from skchromo.genome import read_contacts

WIDTH = 1_000
SIZES = {"chr1": 62_300, "chr2": 40_000, "chr3": 3_000}
MASKED = [7, 20]  # bins of chr1
RAW = {"balance": None, "value": "observed"}
EVERYTHING = {"min_separation": 0, "max_contacts": None}


def bin_counts(sizes, width=WIDTH):
    return {name: -(-size // width) for name, size in sizes.items()}


def simulate(seed=0):
    """Dense symmetric counts of the whole genome that fall with distance; chr3 has none."""
    rng = np.random.default_rng(seed)
    n = sum(bin_counts(SIZES).values())
    mean = 12 / (1 + np.abs(np.subtract.outer(np.arange(n), np.arange(n)))) ** 0.6
    dense = np.triu(rng.poisson(mean))
    dense[MASKED] = dense[:, MASKED] = 0
    dense[-3:] = dense[:, -3:] = 0
    return symmetric(dense)


def write_pixels(writer, dense):
    first, second = np.nonzero(np.triu(dense))
    if len(first):
        columns = {"bin1_id": first, "bin2_id": second, "count": dense[first, second]}
        writer.add_pixels_from_dict({name: column.tolist() for name, column in columns.items()})
    writer.finalize().close()


def write_cool(path, dense, sizes=SIZES, width=WIDTH, **weights):
    write_pixels(hictkpy.cooler.FileWriter(str(path), sizes, width), dense)
    with h5py.File(path, "r+") as file:
        for name, values in weights.items():
            file["bins"][name] = values
    return str(path)


def write_mcool(path, coolers):
    """Put .cool files, by their resolution, into one file."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        for width, one in coolers.items():
            group = file.create_group(f"resolutions/{width}")
            with h5py.File(one, "r") as source:
                group.attrs.update(source.attrs)
                for name in source:
                    source.copy(name, group)


def write_hic(path, dense, sizes=SIZES, resolutions=(WIDTH,)):
    write_pixels(hictkpy.hic.FileWriter(str(path), sizes, list(resolutions)), dense)
    return str(path)


def symmetric(upper):
    return upper + np.triu(upper, 1).T


def coarsen(dense, times):
    """Sum the counts of so many bins each, chromosome by chromosome."""
    owner, n_before = [], 0
    for n_bins in bin_counts(SIZES).values():
        owner.append(n_before + np.arange(n_bins) // times)
        n_before += -(-n_bins // times)
    owner = np.concatenate(owner)
    coarse = np.zeros((n_before, n_before), dtype=dense.dtype)
    first, second = np.nonzero(np.triu(dense))
    np.add.at(coarse, (owner[first], owner[second]), dense[first, second])
    return symmetric(coarse)


def add_hic_weights(path, name, vectors, width=WIDTH):
    """Put normalization vectors, by number of the chromosome, at the end of a .hic (version 9)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"\0", 16) + 1  # behind the name of the genome
    index_at = struct.unpack_from("<q", data, at)[0]
    keys = {
        chrom: name.encode() + b"\0" + struct.pack("<i", chrom) + b"BP\0" + struct.pack("<i", width)
        for chrom in vectors
    }
    size = 4 + sum(len(key) + 16 for key in keys.values())
    index, body = struct.pack("<i", len(vectors)), b""
    for chrom, vector in vectors.items():
        block = struct.pack("<q", len(vector)) + vector.astype("<f4").tobytes()
        index += keys[chrom] + struct.pack("<qq", index_at + size + len(body), len(block))
        body += block
    struct.pack_into("<qq", data, at, index_at, size)
    path.write_bytes(bytes(data[:index_at]) + index + body)


@pytest.fixture(scope="module")
def dense():
    return simulate()


@pytest.fixture(scope="module")
def weights(dense):
    """Multiplicative weights; one of the masked bins has counts."""
    weights = np.random.default_rng(1).uniform(0.5, 2, len(dense))
    weights[[*MASKED, 30]] = np.nan
    weights[-3:] = np.nan
    return weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory, dense, weights):
    folder = tmp_path_factory.mktemp("matrices")
    kr = 1.5 / weights
    write_cool(folder / "a.cool", dense, weight=weights, KR=kr)
    write_cool(folder / "coarse.cool", coarsen(dense, 5), width=5_000)
    write_mcool(folder / "a.mcool", {WIDTH: folder / "a.cool", 5_000: folder / "coarse.cool"})
    write_hic(folder / "a.hic", dense, resolutions=(WIDTH, 5_000))
    write_hic(folder / "bare.hic", dense, {name[3:]: size for name, size in SIZES.items()})
    ends = np.cumsum(list(bin_counts(SIZES).values()))
    add_hic_weights(folder / "a.hic", "KR", {1: kr[: ends[0]], 2: kr[ends[0] : ends[1]]})
    return folder


@pytest.fixture(scope="module")
def genes():
    """In no order, at both ends, in one bin together, in masked bins, without any contact."""
    rows = [
        ("mid", "chr1", 31_500),
        ("two", "chr2", 20_100),
        ("first", "chr1", 0),
        ("last", "chr1", 62_299),
        ("same bin", "chr1", 31_999),
        ("masked", "chr1", 7_500),
        ("has counts", "chr1", 30_000),
        ("none", "chr3", 500),
    ]
    return pd.DataFrame(rows, columns=["gene_id", "chrom", "tss"]).assign(strand="+")


def chromosome(matrix, chrom):
    names = list(SIZES)
    bounds = np.concatenate([[0], np.cumsum(list(bin_counts(SIZES).values()))])
    at = names.index(chrom)
    return matrix[bounds[at] : bounds[at + 1], bounds[at] : bounds[at + 1]]


def over_expected(values, valid):
    """Divide by the mean of each diagonal over pairs of valid bins, one pair at a time."""
    ratio = np.full(values.shape, np.nan)
    for distance in range(len(values)):
        pairs = [(i, i + distance) for i in range(len(values) - distance)]
        pairs = [(i, j) for i, j in pairs if valid[i] and valid[j]]
        mean = np.mean([values[pair] for pair in pairs]) if pairs else 0
        for i, j in pairs:
            if mean > 0:
                ratio[i, j] = ratio[j, i] = values[i, j] / mean
    return ratio


def expected_contacts(values, genes, nearest, farthest, sizes=SIZES, width=WIDTH):
    """List the contacts of each gene by walking along its row of each dense matrix."""
    rows = []
    for gene in genes.itertuples():
        own = gene.tss // width
        found = []
        for other, score in enumerate(values[gene.chrom][own]):
            if nearest <= abs(other - own) <= farthest and score > 0:
                end = min((other + 1) * width, sizes[gene.chrom])
                found.append((-score, abs(other - own), other * width, end))
        rows += [(gene.gene_id, gene.chrom, s, e, -score) for score, _, s, e in sorted(found)]
    table = pd.DataFrame(rows, columns=["gene_id", "chrom", "start", "end", "score"])
    return table.astype({"gene_id": str, "chrom": str, "start": int, "end": int, "score": float})


def assert_same(found, truth):
    assert len(truth) > 12
    assert list(found.columns) == ["gene_id", "chrom", "start", "end", "score"]
    pd.testing.assert_frame_equal(found, truth, rtol=1e-6)


@pytest.mark.parametrize("name", ["a.cool", "a.mcool", "a.hic"])
def test_observed_counts_are_the_rows_of_the_dense_matrix(folder, dense, genes, name):
    matrix = ContactMatrix(folder / name, resolution=WIDTH, **RAW, **EVERYTHING)
    truth = expected_contacts({c: chromosome(dense, c) for c in SIZES}, genes, 2, 1_000)
    found = matrix.contacts_of(genes)
    assert_same(found, truth)
    assert set(found["gene_id"]) == {"mid", "two", "first", "last", "same bin", "has counts"}


@pytest.mark.parametrize("balance", ["weight", "KR"])
def test_weights_of_a_cool_multiply_or_divide_by_their_name(folder, dense, weights, genes, balance):
    factors = weights if balance == "weight" else weights / 1.5
    balanced = dense * np.outer(factors, factors)
    matrix = ContactMatrix(folder / "a.cool", balance=balance, value="observed", **EVERYTHING)
    found = matrix.contacts_of(genes)
    truth = expected_contacts({c: chromosome(balanced, c) for c in SIZES}, genes, 2, 1_000)
    assert_same(found, truth)
    assert not {"masked", "has counts"} & set(found["gene_id"])
    assert not (found["chrom"].eq("chr1") & found["start"].eq(30_000)).any()


BY_COOLER = """
import sys
import cooler, numpy as np, pandas as pd
folder, width = sys.argv[1], 1000
dense = np.load(f"{folder}/dense.npy")
sizes = pd.Series(dict(item.split("=") for item in sys.argv[2:])).astype(int)
first, second = np.nonzero(np.triu(dense))
pixels = pd.DataFrame({"bin1_id": first, "bin2_id": second, "count": dense[first, second]})
cooler.create_cooler(f"{folder}/b.cool", cooler.util.binnify(sizes, width), pixels, ordered=True)
cooler.balance_cooler(cooler.Cooler(f"{folder}/b.cool"), store=True, min_nnz=5, mad_max=0)
cooler.zoomify_cooler(f"{folder}/b.cool", f"{folder}/b.mcool", [width, 5000], 1 << 20)
np.save(f"{folder}/balanced.npy", cooler.Cooler(f"{folder}/b.cool").matrix(balance=True)[:])
coarse = cooler.Cooler(f"{folder}/b.mcool::resolutions/5000")
np.save(f"{folder}/coarse.npy", coarse.matrix(balance=False)[:])
"""


def test_files_that_cooler_wrote_and_balanced_are_read_as_it_reads_them(tmp_path, dense, genes):
    np.save(tmp_path / "dense.npy", dense)
    sizes = [f"{name}={size}" for name, size in SIZES.items()]
    # in a process of its own: what it imports changes how arrays are pickled
    subprocess.run([sys.executable, "-c", BY_COOLER, tmp_path, *sizes], check=True)
    balanced = np.load(tmp_path / "balanced.npy")
    assert np.isfinite(chromosome(balanced, "chr2")).mean() > 0.9
    assert np.isnan(chromosome(balanced, "chr1")[MASKED]).all()
    values = {c: chromosome(balanced, c) for c in SIZES}
    truth = expected_contacts(values, genes, 2, 1_000)
    for name in "b.cool", "b.mcool::resolutions/1000":
        matrix = ContactMatrix(
            f"{tmp_path}/{name}", balance="weight", value="observed", **EVERYTHING
        )
        assert_same(matrix.contacts_of(genes), truth)
    coarse = ContactMatrix(tmp_path / "b.mcool", resolution=5_000, **RAW, **EVERYTHING)
    values = np.load(tmp_path / "coarse.npy")
    np.testing.assert_array_equal(values, coarsen(dense, 5))
    bounds = np.cumsum([0, *bin_counts(SIZES, 5_000).values()])
    values = {c: values[a:b, a:b] for c, a, b in zip(SIZES, bounds, bounds[1:], strict=False)}
    assert_same(coarse.contacts_of(genes), expected_contacts(values, genes, 2, 1_000, width=5_000))


def test_weights_of_a_hic_divide(folder, dense, weights, genes):
    matrix = ContactMatrix(
        folder / "a.hic", resolution=WIDTH, balance="KR", value="observed", **EVERYTHING
    )
    balanced = dense * np.outer(weights, weights) / 1.5**2
    truth = expected_contacts({c: chromosome(balanced, c) for c in SIZES}, genes, 2, 1_000)
    assert_same(matrix.contacts_of(genes), truth)
    with hictkpy.File(folder / "a.hic", WIDTH) as file:
        own = file.fetch("chr2", normalization="KR", count_type=float).to_numpy()
    np.testing.assert_allclose(own, chromosome(balanced, "chr2"), rtol=1e-6)


@pytest.mark.parametrize("name", ["a.cool", "a.hic"])
@pytest.mark.parametrize("balance", [None, "KR"])
@pytest.mark.parametrize("log", [False, True])
def test_over_expected_divides_by_the_mean_of_valid_pairs(
    folder, dense, weights, genes, name, balance, log
):
    counts = dense if balance is None else dense * np.outer(weights, weights) / 1.5**2
    values = {}
    for chrom in SIZES:
        own = chromosome(counts, chrom)
        valid = own.any(axis=0) if balance is None else ~np.isnan(np.diag(own))
        values[chrom] = over_expected(own, valid)
        values[chrom] = np.log1p(values[chrom]) if log else values[chrom]
    matrix = ContactMatrix(
        folder / name,
        resolution=WIDTH,
        balance=balance,
        value="log1p_oe" if log else "oe",
        **EVERYTHING,
    )
    assert_same(matrix.contacts_of(genes), expected_contacts(values, genes, 2, 1_000))


@pytest.mark.parametrize("value", ["observed", "oe"])
@pytest.mark.parametrize("kind", ["cool", "hic"])
def test_band_that_is_read_in_several_blocks_loses_nothing(tmp_path, kind, value):
    # a block holds four million pixels at most: 2,100 rows of a band of 2,000 bins
    n_bins, farthest, rng = 5_000, 2_000, np.random.default_rng(0)
    first, second = np.sort(rng.integers(0, n_bins, (2, 60_000)), axis=0)
    pixels = pd.DataFrame({"first": first, "second": second}).value_counts().reset_index()
    pixels = pixels.sort_values(["first", "second"], ignore_index=True)
    write = {"cool": hictkpy.cooler.FileWriter, "hic": hictkpy.hic.FileWriter}[kind]
    writer = write(str(tmp_path / "a"), {"c": n_bins * 10}, 10)
    columns = zip(("bin1_id", "bin2_id", "count"), (pixels[name] for name in pixels), strict=True)
    writer.add_pixels_from_dict({name: column.tolist() for name, column in columns})
    writer.finalize().close()
    pixels["distance"] = pixels["second"] - pixels["first"]
    pixels = pixels[pixels["distance"] <= farthest].assign(score=pixels["count"].astype(float))
    if value == "oe":
        valid = np.isin(np.arange(n_bins), pixels[["first", "second"]])
        total = pixels.groupby("distance")["count"].sum()
        pairs = [(valid[: n_bins - d] & valid[d:]).sum() for d in total.index]
        pixels["score"] /= pixels["distance"].map(total / pairs)
    own = np.array([0, 2_080, 2_110, 3_000, 4_999])
    genes = pd.DataFrame({"gene_id": own.astype(str), "chrom": "c", "tss": own * 10, "strand": "+"})
    both = pd.concat([pixels, pixels.rename(columns={"first": "second", "second": "first"})])
    truth = both[both["first"].isin(own) & (both["distance"] >= 2)]
    matrix = ContactMatrix(
        tmp_path / "a", value=value, min_separation=0, max_separation=20_000, max_contacts=None
    )
    found = matrix.contacts_of(genes)
    found = found.assign(first=found["gene_id"].astype(int), second=found["start"] // 10)
    columns = ["first", "second", "score"]
    assert len(truth) > 60
    pd.testing.assert_frame_equal(
        found[columns].sort_values(columns, ignore_index=True),
        truth[columns].sort_values(columns, ignore_index=True),
    )


@pytest.mark.parametrize(
    ("settings", "nearest", "farthest"),
    [
        ({"min_separation": 0}, 2, 61),
        ({"min_separation": 0, "ignore_diags": 1}, 1, 61),
        ({"min_separation": 0, "ignore_diags": 5}, 5, 61),
        ({"min_separation": 4_000}, 4, 61),
        ({"min_separation": 4_001}, 5, 61),
        ({"min_separation": 0, "max_separation": 6_999}, 2, 6),
        ({"min_separation": 7_000, "max_separation": 9_000}, 7, 9),
        ({}, 20, 61),
    ],
)
def test_separations_limit_the_bins(folder, dense, genes, settings, nearest, farthest):
    matrix = ContactMatrix(folder / "a.cool", max_contacts=None, **RAW, **settings)
    truth = expected_contacts({c: chromosome(dense, c) for c in SIZES}, genes, nearest, farthest)
    assert_same(matrix.contacts_of(genes), truth)


def test_strongest_contacts_are_kept_and_the_nearer_of_equal_ones(folder, genes):
    whole = ContactMatrix(folder / "a.cool", **RAW, **EVERYTHING).contacts_of(genes)
    few = ContactMatrix(folder / "a.cool", min_separation=0, max_contacts=4, **RAW)
    truth = whole.groupby("gene_id", sort=False).head(4).reset_index(drop=True)
    pd.testing.assert_frame_equal(few.contacts_of(genes), truth)
    strict = ContactMatrix(folder / "a.cool", weight_threshold=3, **RAW, **EVERYTHING)
    truth = whole[whole["score"] > 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(strict.contacts_of(genes), truth)


def test_min_count_looks_at_raw_counts(folder, dense, genes):
    settings = EVERYTHING | {"balance": "weight", "value": "oe"}
    whole = ContactMatrix(folder / "a.cool", **settings).contacts_of(genes)
    found = ContactMatrix(folder / "a.cool", min_count=2, **settings).contacts_of(genes)
    keys = ["gene_id", "chrom", "start", "end"]
    raw = ContactMatrix(folder / "a.cool", **RAW, **EVERYTHING).contacts_of(genes)
    truth = whole.merge(raw[raw["score"] >= 2][keys], on=keys)
    assert 20 < len(truth) < len(whole)
    pd.testing.assert_frame_equal(found, truth)


def write_row(tmp_path, counts, n_bins=30):
    """A matrix whose bin 10 has these counts, by bin; its gene."""
    dense = np.zeros((n_bins, n_bins), dtype=int)
    for other, count in counts.items():
        dense[10, other] = dense[other, 10] = count
    path = write_cool(tmp_path / "row.cool", dense, {"chr1": n_bins * WIDTH - 300})
    gene = pd.DataFrame({"chrom": ["chr1"], "tss": [10_400], "strand": ["-"]}, index=["A"])
    return path, gene


@pytest.mark.parametrize(
    ("settings", "truth"),
    [
        ({"merge_gap": None}, [(9, 9), (14, 8), (29, 6), (13, 5), (11, 4), (16, 3), (12, 2)]),
        ({"merge_gap": 0}, [(9, 10, 9), (11, 15, 8), (29, 30, 6), (16, 17, 3)]),
        ({"merge_gap": 1_999}, [(9, 10, 9), (11, 17, 8), (29, 30, 6)]),
        ({"merge_gap": 20_000}, [(9, 10, 9), (11, 30, 8)]),
        (
            {"merge_gap": 0, "max_pcre_length": 3_900},
            [(9, 10, 9), (14, 15, 8), (29, 30, 6), (11, 14, 5), (16, 17, 3)],
        ),
        (
            {"merge_gap": 0, "max_pcre_length": 10},
            [(9, 9), (14, 8), (29, 6), (13, 5), (11, 4), (16, 3), (12, 2)],
        ),
        ({"merge_gap": 0, "max_contacts": 3}, [(9, 10, 9), (14, 15, 8), (29, 30, 6)]),
        (
            {"merge_gap": 0, "weight_threshold": 2},
            [(9, 10, 9), (13, 15, 8), (29, 30, 6), (11, 12, 4), (16, 17, 3)],
        ),
    ],
)
def test_neighbouring_bins_are_merged(tmp_path, settings, truth):
    path, gene = write_row(tmp_path, {9: 9, 10: 99, 11: 4, 12: 2, 13: 5, 14: 8, 16: 3, 29: 6})
    matrix = ContactMatrix(
        path,
        value="observed",
        min_separation=0,
        ignore_diags=1,
        **{"max_pcre_length": 40_000} | settings,
    )
    found = matrix.contacts_of(gene)
    truth = [
        (first, first + 1, score) if len(t) == 2 else t for t in truth for first, score in [t[:2]]
    ]
    truth = [(s * WIDTH, min(e * WIDTH, 29_700), float(score)) for s, e, score in truth]
    assert list(found[["start", "end", "score"]].itertuples(index=False, name=None)) == truth


@st.composite
def small_matrices(draw):
    n = draw(st.integers(2, 14))
    cells = st.lists(st.integers(0, 4), min_size=n * n, max_size=n * n)
    dense = np.triu(np.array(draw(cells)).reshape(n, n))
    masked = draw(st.lists(st.integers(0, n - 1), max_size=3))
    tss = draw(st.lists(st.integers(0, n * 10 - 1), min_size=1, max_size=6))
    return symmetric(dense), masked, tss


@pytest.mark.filterwarnings("ignore:.*mask all of chromosome:UserWarning")
@hypothesis_settings(max_examples=40)
@given(
    case=small_matrices(),
    nearest=st.integers(1, 4),
    width=st.integers(0, 12),
    balanced=st.booleans(),
    ratio=st.booleans(),
)
def test_random_matrices_agree_with_dense_numpy(
    tmp_path_factory, case, nearest, width, balanced, ratio
):
    dense, masked, tss = case
    n, farthest = len(dense), nearest + width
    weights = np.linspace(0.5, 2, n)
    weights[masked] = np.nan
    assume(np.isfinite(weights).any())
    sizes = {"c": n * 10}
    path = tmp_path_factory.mktemp("random") / "a.cool"
    write_cool(path, dense, sizes, 10, weight=weights)
    genes = pd.DataFrame({"gene_id": [f"g{i}" for i in range(len(tss))], "chrom": "c", "tss": tss})
    in_band = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= farthest
    values = np.where(in_band, dense, 0) * (np.outer(weights, weights) if balanced else 1)
    if ratio:
        valid = ~np.isnan(weights) if balanced else values.any(axis=0)
        values = over_expected(values, valid)
    truth = expected_contacts({"c": values}, genes, nearest, farthest, sizes, 10)
    matrix = ContactMatrix(
        path,
        balance="weight" if balanced else None,
        value="oe" if ratio else "observed",
        min_separation=nearest * 10,
        max_separation=farthest * 10,
        ignore_diags=1,
        max_contacts=None,
    )
    found = matrix.contacts_of(genes.assign(strand="+"))
    keys = ["gene_id", "chrom", "start", "end"]
    pd.testing.assert_frame_equal(
        found.sort_values(keys, ignore_index=True), truth.sort_values(keys, ignore_index=True)
    )


def test_decimal_counts_are_not_rounded(tmp_path, dense, genes):
    path = write_cool(tmp_path / "a.cool", dense / 8)
    found = ContactMatrix(path, value="observed", **EVERYTHING).contacts_of(genes)
    truth = expected_contacts({c: chromosome(dense / 8, c) for c in SIZES}, genes, 2, 1_000)
    assert_same(found, truth)


def test_rows_of_one_gene_are_read_once_and_the_index_may_name_genes(folder, genes):
    matrix = ContactMatrix(folder / "a.cool", **EVERYTHING)
    truth = matrix.contacts_of(genes)
    samples = pd.concat([genes.assign(sample="K562"), genes.assign(sample="H1")])
    pd.testing.assert_frame_equal(matrix.contacts_of(samples), truth)
    pd.testing.assert_frame_equal(matrix.contacts_of(genes.set_index("gene_id")), truth)
    backwards = matrix.contacts_of(genes[::-1])
    assert list(dict.fromkeys(backwards["gene_id"])) == list(dict.fromkeys(truth["gene_id"]))[::-1]


def test_genes_without_contacts_give_an_empty_table_of_the_same_types(folder, genes):
    matrix = ContactMatrix(folder / "a.cool", min_separation=0)
    empty, some = matrix.contacts_of(genes[-1:]), matrix.contacts_of(genes)
    assert len(empty) == 0
    assert empty.dtypes.equals(some.dtypes)
    assert len(read_contacts(some)) == len(some)


def test_several_tss_of_one_gene_are_refused(folder, genes):
    genes = genes.assign(gene_id=["A", "A", *genes["gene_id"][2:]])
    with pytest.raises(
        ValueError, match=r"1 of \d gene_ids have several TSSs.* A with chr1:31500, chr2:20"
    ):
        ContactMatrix(folder / "a.cool").contacts_of(genes)


def test_chrom_names_match_with_and_without_chr(folder, genes):
    truth = ContactMatrix(folder / "a.cool", balance=None, **EVERYTHING).contacts_of(genes)
    bare = ContactMatrix(folder / "bare.hic", chrom_names="match", **EVERYTHING)
    pd.testing.assert_frame_equal(bare.contacts_of(genes), truth)
    with pytest.raises(ValueError, match=r"bare.hic'.*8 of 8 genes; it lists 1, 2, 3; .*'match'"):
        ContactMatrix(folder / "bare.hic").contacts_of(genes)


def test_missing_chromosomes_are_refused_or_have_no_contacts(folder, genes):
    more = pd.concat([genes, genes[:1].assign(gene_id="far", chrom="chrY", tss=10**9)])
    with pytest.raises(
        ValueError, match=r"no chromosome chrY .*1 of 9 genes.*missing_chrom='zero'"
    ):
        ContactMatrix(folder / "a.cool", **EVERYTHING).contacts_of(more)
    found = ContactMatrix(folder / "a.cool", missing_chrom="zero", **EVERYTHING).contacts_of(more)
    truth = ContactMatrix(folder / "a.cool", **EVERYTHING).contacts_of(genes)
    pd.testing.assert_frame_equal(found, truth)


def test_tss_beyond_the_end_of_its_chromosome_is_refused(folder, genes):
    far = pd.concat([genes, genes[:1].assign(gene_id="far", tss=62_300)])
    with pytest.raises(ValueError, match=r"a.cool': 1 of 9 genes.* far .*chr1:62300.* 62300 bp"):
        ContactMatrix(folder / "a.cool").contacts_of(far)


def test_resolution_is_one_of_the_file(folder, genes):
    assert ContactMatrix(folder / "a.cool").resolutions == (1_000,)
    for name in "a.mcool", "a.hic":
        matrix = ContactMatrix(folder / name)
        assert matrix.resolutions == (1_000, 5_000)
        assert matrix.chromsizes == SIZES
        with pytest.raises(ValueError, match=r"to one of 1000, 5000 .*::resolutions/1000"):
            matrix.contacts_of(genes)
        with pytest.raises(
            ValueError, match=r"no resolution of 2000 bp: set resolution= to one of 1000, 5000"
        ):
            ContactMatrix(folder / name, resolution=2_000).contacts_of(genes)
    with pytest.raises(
        ValueError, match=r"no resolution of 5000 bp: set resolution= to one of 1000"
    ):
        ContactMatrix(folder / "a.cool", resolution=5_000).contacts_of(genes)
    by_group = ContactMatrix(f"{folder}/a.mcool::resolutions/5000")
    assert by_group == ContactMatrix(folder / "a.mcool", resolution=5_000)
    found = by_group.contacts_of(genes)
    assert ((found["end"] - found["start"]) <= 5_000).all()
    pd.testing.assert_frame_equal(
        ContactMatrix(folder / "a.hic", resolution=5_000).contacts_of(genes), found
    )
    with pytest.raises(ValueError, match="resolution of 5000 bp, but resolution=1000"):
        ContactMatrix("a.mcool::resolutions/5000", resolution=1_000)
    with pytest.raises(ValueError, match="names the group '1', but resolution=1000"):
        ContactMatrix("a.mcool::1", resolution=1_000)


def test_no_separation_left_at_a_resolution_is_refused(folder, genes):
    matrix = ContactMatrix(
        folder / "a.hic", resolution=5_000, max_separation=9_999, min_separation=0
    )
    with pytest.raises(ValueError, match=r"nearest \(10000 bp, .*max_separation=9999"):
        matrix.contacts_of(genes)


def test_unknown_weights_are_refused_with_the_known_ones(folder, genes):
    with pytest.raises(ValueError, match=r"no weights 'SCALE' at 1000 bp: it has KR, weight;"):
        ContactMatrix(folder / "a.cool", balance="SCALE").contacts_of(genes)
    with pytest.raises(ValueError, match=r"no weights 'weight' at 5000 bp: it has none;"):
        ContactMatrix(folder / "a.hic", balance="weight", resolution=5_000).contacts_of(genes)


def test_chromosome_that_is_masked_as_a_whole_warns_once(tmp_path, dense, genes):
    path = tmp_path / "part.hic"
    write_hic(path, dense)
    add_hic_weights(path, "KR", {1: np.ones(63)})
    matrix = ContactMatrix(path, balance="KR")
    with pytest.warns(UserWarning, match=r"'KR' mask all of chromosome chr2 .* 1 promoter") as one:
        found = matrix.contacts_of(genes)
    assert len(one) == 1
    assert set(found["chrom"]) == {"chr1"}
    pd.testing.assert_frame_equal(matrix.contacts_of(genes), found)


def test_matrix_copies_compares_and_pickles(folder, genes):
    matrix = ContactMatrix(folder / "a.mcool", resolution=5_000, value="log1p_oe")
    truth = matrix.contacts_of(genes)
    for other in copy.deepcopy(matrix), pickle.loads(pickle.dumps(matrix)), clone(matrix):
        assert other == matrix
        pd.testing.assert_frame_equal(other.contacts_of(genes), truth)
    assert matrix != ContactMatrix(folder / "a.mcool", resolution=1_000, value="log1p_oe")
    path = str(folder / "a.mcool")
    assert repr(matrix) == f"ContactMatrix({path!r}, resolution=5000, value='log1p_oe')"
    assert eval(repr(matrix)) == matrix


def test_auto_balance_takes_the_first_known_weights_of_the_file(tmp_path, dense, genes):
    ones = np.ones(len(dense))
    for stored, taken in (
        ({}, None),
        ({"own": ones}, None),
        ({"VC": ones * 2, "VC_SQRT": ones * 3, "own": ones}, "VC_SQRT"),
        ({"SCALE": ones, "KR": ones * 2}, "KR"),
        ({"KR": ones, "weight": ones * 2}, "weight"),
    ):
        path = write_cool(tmp_path / f"{taken}{len(stored)}.cool", dense, **stored)
        auto = ContactMatrix(path, value="observed", **EVERYTHING)
        assert auto.balance_used == taken
        assert ContactMatrix(path, balance=None).balance_used is None
        named = ContactMatrix(path, balance=taken, value="observed", **EVERYTHING)
        pd.testing.assert_frame_equal(auto.contacts_of(genes), named.contacts_of(genes))


def test_auto_balance_looks_at_the_resolution(folder):
    assert ContactMatrix(folder / "a.hic", resolution=WIDTH).balance_used == "KR"
    assert ContactMatrix(folder / "a.hic", resolution=5_000).balance_used is None


def test_parameters_are_set_all_or_none():
    matrix = ContactMatrix("a.mcool", resolution=5_000)
    assert matrix.set_params(resolution=10_000, balance="KR") is matrix
    assert matrix == ContactMatrix("a.mcool::resolutions/10000", balance="KR")
    before = matrix.get_params()
    assert list(before)[:3] == ["path", "resolution", "balance"]
    for wrong, needle in (
        ({"balance": None, "resolution": 0}, "resolution must be"),
        ({"balance": None, "min_distance": 5}, "no parameter min_distance: it has path, res"),
        ({"balance": None, "path": "b.mcool::resolutions/50"}, "resolution of 50 bp, but"),
    ):
        with pytest.raises(ValueError, match=needle):
            matrix.set_params(**wrong)
    assert matrix.get_params() == before


class _FarthestStart(RegressorMixin, BaseEstimator):
    """Predict where the last pCRE of a gene starts, 0 if it has none."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.array([cell.start.max(initial=0) for cell in X["pcres"]])


@pytest.mark.filterwarnings("ignore:.*belong to no gene:UserWarning")
@pytest.mark.parametrize("mapped", [False, True])
def test_search_over_a_matrix_parameter(folder, genes, mapped):
    genes = genes.assign(sample="H1")
    settings = {"min_separation": 10_000, "balance": None}
    matrix = ContactMatrix(folder / "a.mcool", resolution=1_000, **settings)
    contacts = InteractionTransformer({"H1": matrix} if mapped else matrix, weight_threshold=None)
    pipe = Pipeline([("contacts", contacts), ("model", _FarthestStart())])
    name = "contacts__contacts__H1__resolution" if mapped else "contacts__contacts__resolution"
    coarse = clone(pipe).set_params(**{name: 5_000})
    assert pipe.get_params()[name] == matrix.resolution == 1_000
    assert coarse.get_params()[name] == 5_000
    y = coarse.fit(genes, genes["tss"]).predict(genes)
    search = GridSearchCV(pipe, {name: [1_000, 5_000]}, cv=KFold(2), error_score="raise")
    search.fit(genes, y)
    assert search.best_params_ == {name: 5_000}
    assert search.best_score_ == 1.0
    assert matrix.resolution == 1_000


def test_parameters_of_a_list_in_a_mapping_are_refused():
    contacts = InteractionTransformer({"a": "a.bedpe", "b": ContactMatrix("b.cool")})
    assert contacts.get_params()["contacts__b__balance"] == "auto"
    assert not [name for name in contacts.get_params() if name.startswith("contacts__a")]
    with pytest.raises((ValueError, AttributeError)):
        contacts.set_params(contacts__a__balance=None)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"resolution": 0}, "resolution must be an integer of at least 1 bp, got 0"),
        ({"resolution": 5e3}, "resolution must be an integer"),
        ({"balance": True}, "balance must be 'auto', the name"),
        ({"value": "OE"}, "value must be 'oe', 'observed', .*'OE'"),
        ({"min_separation": -1}, "min_separation must be an integer of at least 0 bp, got -1"),
        ({"max_separation": None}, "max_separation must be"),
        ({"ignore_diags": 0}, "ignore_diags must be an integer of at least 1"),
        ({"min_count": "2"}, "min_count must be a finite number"),
        ({"weight_threshold": float("nan")}, "weight_threshold must be a finite number"),
        ({"max_contacts": 0}, "max_contacts must be"),
        ({"merge_gap": -5}, "merge_gap must be"),
        ({"max_pcre_length": True}, "max_pcre_length must be"),
        ({"missing_chrom": "skip"}, "missing_chrom must be 'error' or 'zero'"),
        ({"chrom_names": "fuzzy"}, "chrom_names must be"),
    ],
)
def test_parameters_that_are_not_valid_are_refused_at_once(settings, error):
    with pytest.raises(ValueError, match=error):
        ContactMatrix("a.cool", **settings)


def test_path_of_another_type_is_refused():
    with pytest.raises(TypeError, match="path must be the path of a file, got int"):
        ContactMatrix(5)


def test_files_that_hold_no_matrix_are_refused(tmp_path, folder, genes):
    with pytest.raises(FileNotFoundError, match=r"nowhere.cool': no such file"):
        ContactMatrix(tmp_path / "nowhere.cool").contacts_of(genes)
    for name in "a.cool", "a.hic", "a.mcool":
        whole = (folder / name).read_bytes()
        for content in (b"", b"no matrix", whole[: len(whole) // 2], whole[:8] + b"x" * 3_000):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(ValueError, match=rf"contact matrix '.*{name}' cannot be read"):
                ContactMatrix(tmp_path / name, resolution=WIDTH).contacts_of(genes)
    whole = (folder / "a.hic").read_bytes()
    (tmp_path / "a.hic").write_bytes(whole[:500] + b"x" * 100 + whole[600:])
    with pytest.raises(ValueError, match=r"a.hic' cannot be read \(.*decompress.*fetch or write"):
        ContactMatrix(tmp_path / "a.hic", resolution=WIDTH).contacts_of(genes)
    with pytest.raises(ValueError, match=r"contact matrix '.*' cannot be used: it is a folder"):
        ContactMatrix(tmp_path).contacts_of(genes)


def test_matrices_that_cannot_be_used_are_refused(tmp_path, dense, genes):
    bins = pd.DataFrame({"chrom": "chr1", "start": [0, 700, 1_500], "end": [700, 1_500, 5_000]})
    path = str(tmp_path / "fragments.cool")
    write_pixels(hictkpy.cooler.FileWriter(path, hictkpy.BinTable(bins)), np.eye(3, dtype=int))
    with pytest.raises(ValueError, match=r"fragments.cool' has bins of different sizes"):
        ContactMatrix(path).contacts_of(genes)
    path = write_cool(tmp_path / "log.cool", np.where(dense > 3, dense - 7.5, 0))
    with pytest.raises(ValueError, match=r"log.cool' holds negative values on chr1"):
        ContactMatrix(path).contacts_of(genes)


def test_missing_reader_is_named_with_its_package(folder, genes, monkeypatch):
    for package, name in ("h5py", "a.cool"), ("hictkpy", "a.hic"):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ImportError, match=f"needs {package}: pip install {package}"):
            ContactMatrix(folder / name, resolution=WIDTH).contacts_of(genes)


def test_pcres_are_chosen_from_what_is_read(folder, genes):
    contacts = ContactMatrix(folder / "a.cool", balance=None).contacts_of(genes)
    table = InteractionTransformer(contacts, max_pcres=3).fit_transform(genes)
    mid = contacts[(contacts["gene_id"] == "mid") & (contacts["score"] > 1.5)][:3]
    assert len(mid) == 3
    assert table["pcres"][0].start.tolist() == mid["start"].tolist()
    np.testing.assert_allclose(table["pcres"][0].weight, mid["score"], rtol=1e-6)
