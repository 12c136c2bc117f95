"""Scaling of tracks: learned from training samples, the same whatever rows are transformed."""

import pickle
import struct
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyBigWig
import pytest
from local_server import serving
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skchromo import BigWigTransformer, WindowSummary
from skchromo.genome import bigwig, mean_signal, read_bins

SIZE, STEP = 400_000, 50
SCALES = ("depth", "quantile")


def write(path, bases):
    """Write one value a `STEP` of one chromosome, nothing where it is 0."""
    rows = np.flatnonzero(bases)
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", SIZE)])
        if len(rows):
            starts = rows * STEP
            handle.addEntries(
                ["chr1"] * len(rows),
                starts.tolist(),
                ends=(starts + STEP).tolist(),
                values=bases[rows].tolist(),
            )
    return str(path)


@pytest.fixture(scope="module")
def bases():
    rng = np.random.default_rng(0)
    return np.where(rng.random(SIZE // STEP) < 0.3, 0, rng.lognormal(0, 1, SIZE // STEP)).round(3)


@pytest.fixture(scope="module")
def files(bases, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    other = np.random.default_rng(1).permutation(bases)
    return {
        "A": write(folder / "A.bw", bases),
        "B": write(folder / "B.bw", 2 * other),
        "A times 4": write(folder / "C.bw", 4 * bases),
        "A bent": write(folder / "D.bw", 3 * bases**1.5),
    }


def table(**files):
    rows = [(sample, "K4", path) for sample, path in files.items()]
    return pd.DataFrame(rows, columns=["sample", "track", "path"])


def genes_of(*samples, n=150):
    """The same genes in each sample; windows are whole steps."""
    tss = np.linspace(2_000, SIZE - 2_000, n).astype(int) // STEP * STEP
    genes = pd.DataFrame({"chrom": "chr1", "tss": tss, "strand": ["+", "-"] * (n // 2)})
    genes["gene_id"] = [f"G{i}" for i in range(n)]
    return pd.concat([genes.assign(sample=sample) for sample in samples], ignore_index=True)


def signal(scale, tracks, **options):
    return BigWigTransformer(tracks, window=4_000, bin_size=STEP, scale=scale, **options)


def values(X):
    return X.to_dense().values


def test_depth_is_the_mean_of_all_bases(files, bases):
    assert mean_signal(files["A"]) == pytest.approx(bases.mean())
    assert mean_signal(files["A times 4"]) == pytest.approx(4 * bases.mean())


def test_depth_of_an_address_is_that_of_the_file(files):
    with serving() as server:
        server.files["A.bw"] = Path(files["A"]).read_bytes()
        assert mean_signal(server.url + "/A.bw") == mean_signal(files["A"])


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_sum_that_cannot_be_a_depth_is_refused(files, tmp_path, value):
    path = tmp_path / "odd.bw"
    content = bytearray(Path(files["A"]).read_bytes())
    (place,) = struct.unpack_from("<Q", content, 44)
    struct.pack_into("<d", content, place + 24, value)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"track K4 \(.*odd.bw\): the sum .* is {value:g}"):
        signal("depth", {"K4": str(path)}).fit(genes_of("A"))


def test_a_file_without_the_sum_is_named(files, tmp_path):
    path = tmp_path / "old.bw"
    content = bytearray(Path(files["A"]).read_bytes())
    struct.pack_into("<Q", content, 44, 0)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"track K4 \(.*old.bw\): .* scale='quantile' or None"):
        signal("depth", {"K4": str(path)}).fit(genes_of("A"))
    signal("quantile", {"K4": str(path)}).fit(genes_of("A"))


@pytest.mark.parametrize("scale", SCALES)
def test_a_deeper_file_of_the_same_cells_gives_the_same(files, scale):
    tracks = table(A=files["A"], new=files["A times 4"])
    fitted = signal(scale, tracks).fit(genes_of("A"))
    X, deeper = fitted.transform(genes_of("A")), fitted.transform(genes_of("new"))
    np.testing.assert_allclose(values(deeper), values(X), rtol=2e-6)
    raw = signal(None, tracks).fit_transform(genes_of("A"))
    np.testing.assert_allclose(values(X), values(raw), rtol=2e-6, err_msg="one sample is kept")


def test_a_bent_distribution_is_made_straight(files):
    tracks = table(A=files["A"], new=files["A bent"])
    fitted = signal("quantile", tracks).fit(genes_of("A"))
    X, bent = (values(fitted.transform(genes_of(name))) for name in ("A", "new"))
    below = np.quantile(X, 0.999) > X
    np.testing.assert_allclose(bent[below], X[below], rtol=0.05, atol=0.02)
    np.testing.assert_array_equal(bent == 0, X == 0)
    only_scaled = values(signal("depth", tracks).fit(genes_of("A")).transform(genes_of("new")))
    assert np.abs(only_scaled - X)[below].max() > 10 * np.abs(bent - X)[below].max()


def test_the_reference_is_that_of_the_training_samples_alone(files):
    tracks = table(A=files["A"], B=files["B"], C=files["A times 4"])
    depth = mean_signal(files["A"])
    assert signal("depth", tracks).fit(genes_of("A")).scale_reference_ == pytest.approx([depth])
    both = signal("depth", tracks).fit(genes_of("A", "B"))
    assert both.scale_reference_ == pytest.approx([1.5 * depth])
    few = signal("quantile", tracks).fit(genes_of("A", n=20))
    rest = table(A=files["A"], B=files["A bent"])
    other = signal("quantile", rest).fit(genes_of("A", n=20))
    np.testing.assert_array_equal(few.scale_reference_, other.scale_reference_)
    tss = genes_of("A", n=20)["tss"]
    promoters = pd.DataFrame({"chrom": "chr1", "start": tss - 2_000, "end": tss + 2_000})
    pd.testing.assert_frame_equal(few.scale_promoters_, promoters)
    assert signal(None, tracks).fit(genes_of("A")).scale_reference_ is None


@pytest.mark.parametrize("scale", SCALES)
def test_some_rows_give_the_same_bits_as_all(files, scale):
    tracks = table(A=files["A"], B=files["B"], C=files["A bent"])
    fitted = signal(scale, tracks).fit(genes_of("A", "B", n=40))
    genes = genes_of("B", "C", "A")
    X = fitted.transform(genes)
    for rows in ([200], [0, 160, 449], np.random.default_rng(0).permutation(450)[:99]):
        assert fitted.transform(genes.iloc[rows]).equals(X[rows])
    loaded = pickle.loads(pickle.dumps(fitted))
    assert loaded.transform(genes).equals(X)


@pytest.mark.parametrize("scale", SCALES)
def test_replicates_are_scaled_before_they_are_averaged(files, scale):
    alone = signal(scale, table(A=files["A"], B=files["B"])).fit(genes_of("A"))
    tracks = pd.concat([table(A=files["A"], B=files["B"]), table(B=files["A times 4"])])
    fitted = signal(scale, tracks).fit(genes_of("A"))
    expected = (values(alone.transform(genes_of("A"))) + values(alone.transform(genes_of("B")))) / 2
    np.testing.assert_allclose(values(fitted.transform(genes_of("B"))), expected, rtol=2e-6)


def test_replicates_weigh_no_more_than_one_file(files):
    tracks = table(A=files["A"])
    several = pd.concat([tracks, table(B=files["B"]), table(B=files["A times 4"])])
    fitted = signal("depth", several).fit(genes_of("A", "B"))
    assert fitted.scale_reference_ == pytest.approx(
        [mean_signal(files["A"]) * (1 + (2 + 4) / 2) / 2]
    )


@pytest.mark.parametrize("scale", SCALES)
def test_kept_signal_is_not_scaled(files, tmp_path, scale, monkeypatch):
    n_read = []

    def counted(path, chrom, *arguments, **options):
        n_read.append(len(chrom))
        return read_bins(path, chrom, *arguments, **options)

    monkeypatch.setattr(bigwig, "read_bins", counted)
    tracks, genes = table(A=files["A"], B=files["B"]), genes_of("B", "A", n=40)
    raw = signal(None, tracks, memory=tmp_path).fit(genes[40:]).transform(genes)
    assert sum(n_read) == 80
    kept = signal(scale, tracks, memory=tmp_path).fit(genes[40:]).transform(genes)
    assert sum(n_read) == 80, "scaling reads nothing anew"
    assert kept.equals(signal(scale, tracks).fit(genes[40:]).transform(genes))
    assert not kept.equals(raw)
    assert signal(None, tracks, memory=tmp_path).fit_transform(genes).equals(raw)


def test_blacklisted_bins_count_for_no_quantile_and_are_0(files, bases, tmp_path):
    genes = genes_of("A", n=20)
    tss = genes["tss"][3]
    spiked = bases.copy()
    spiked[(tss - 1_000) // STEP : (tss + 1_000) // STEP] = 500
    tracks = table(A=files["A"], B=write(tmp_path / "spiked.bw", spiked))
    blacklist = pd.DataFrame({"chrom": ["chr1"], "start": [tss - 1_000], "end": [tss + 1_000]})
    fitted = signal("quantile", tracks, blacklist=blacklist).fit(genes)
    spiked, plain = (values(fitted.transform(genes.assign(sample=s))) for s in "BA")
    np.testing.assert_array_equal(spiked, plain)
    assert (plain[3, 0, 20:60] == 0).all()
    unmasked = signal("quantile", tracks).fit(genes).transform(genes.assign(sample="B"))
    assert not np.allclose(values(unmasked)[:3], plain[:3])


@pytest.mark.parametrize("scale", [None, *SCALES])
def test_a_saved_pipeline_predicts_samples_that_it_is_given_later(files, tmp_path, scale):
    genes = genes_of("A")
    pair = {"K4": files["A"], "K27": files["B"]}
    pipe = make_pipeline(signal(scale, pair), WindowSummary()).fit(genes)
    joblib.dump(pipe, tmp_path / "pipe.joblib")
    loaded = joblib.load(tmp_path / "pipe.joblib")
    new = pd.DataFrame(
        [("N", "K27", files["B"]), ("N", "K4", files["A times 4"])],
        columns=["sample", "track", "path"],
    )
    loaded.set_params(bigwigtransformer__tracks=new)
    got = loaded.transform(genes.assign(sample="N"))
    if scale is None:
        expected = make_pipeline(signal(None, {**pair, "K4": files["A times 4"]}), WindowSummary())
        np.testing.assert_array_equal(got, expected.fit_transform(genes))
    else:
        np.testing.assert_allclose(got, pipe.transform(genes), rtol=1e-5)
    loaded.set_params(bigwigtransformer__tracks={"K4": files["A"], "ATAC": files["B"]})
    with pytest.raises(ValueError, match=r"tracks has K4, ATAC, but .* was fitted on K4, K27"):
        loaded.transform(genes)


def plain(value):
    """Whether skops can write a value: containers, arrays, and numbers, with str as keys."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(one) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(plain, value))
    return value is None or isinstance(value, (str, int, float, Path, np.ndarray))


@pytest.mark.parametrize("scale", [None, *SCALES])
def test_state_of_a_fitted_transformer_is_plain_data(files, tmp_path, scale):
    (tmp_path / "hidden.bed").write_text("chr1\t1000\t2000\n")
    reader = signal(scale, {"K4": files["A"]}, blacklist=str(tmp_path / "hidden.bed"))
    genes = genes_of("A")
    X = reader.fit_transform(genes)
    assert plain(reader.__getstate__())
    again = pickle.loads(pickle.dumps(reader))
    assert again.files_ == reader.files_
    for name in ("blacklist_", "scale_promoters_"):
        table = getattr(reader, name)
        assert (table is None) == (getattr(again, name) is None)
        if table is not None:
            pd.testing.assert_frame_equal(getattr(again, name), table)
    assert again.transform(genes).equals(X)


def test_one_tracks_scale_is_not_anothers(files):
    tracks = {"K4": files["A"], "K27": files["A times 4"]}
    X = signal("depth", tracks).fit_transform(genes_of("A"))
    np.testing.assert_allclose(4 * values(X)[..., 0], values(X)[..., 1], rtol=2e-6)


def test_a_file_of_two_tracks_has_the_scale_of_each(files):
    rows = [
        ("A", "K4", "A"),
        ("A", "K27", "B"),
        ("B", "K4", "A times 4"),
        ("B", "K27", "A times 4"),
    ]
    tracks = pd.DataFrame(
        [(sample, track, files[name]) for sample, track, name in rows],
        columns=["sample", "track", "path"],
    )
    X = signal("depth", tracks).fit(genes_of("A")).transform(genes_of("B"))
    np.testing.assert_allclose(2 * values(X)[..., 0], values(X)[..., 1], rtol=2e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_both_samples_of_rows_that_compare_two_are_scaled(files, scale):
    tracks = table(A=files["A"], B=files["B"], C=files["A times 4"])
    transformer = signal(scale, tracks)
    compared = genes_of("A").drop(columns="sample").assign(sample_a="A", sample_b="B")
    X = transformer.fit(compared).transform(compared)
    both = transformer.fit(genes_of("A", "B")).transform(genes_of("A", "B"))
    np.testing.assert_array_equal(values(X)[:, 0], values(both[:150]))
    np.testing.assert_array_equal(values(X)[:, 1], values(both[150:]))
    new = transformer.transform(compared.assign(sample_b="C"))
    np.testing.assert_allclose(values(new)[:, 1], values(new)[:, 0], rtol=2e-6)


def test_a_file_without_signal_at_the_promoters_has_no_quantiles(files, bases, tmp_path):
    far = np.where(np.arange(len(bases)) < 100, 1.0, 0)
    tracks = {"K4": write(tmp_path / "far.bw", far)}
    genes = genes_of("A")[20:]
    with pytest.raises(ValueError, match=r"track K4 \(.*far.bw\): fewer than one in a thousand"):
        signal("quantile", tracks).fit(genes)
    signal("depth", tracks).fit_transform(genes)


@pytest.mark.parametrize("scale", ["rank", True, 1.0, ["depth"]])
def test_another_scale_is_named(files, scale):
    with pytest.raises(ValueError, match="scale must be None, 'depth' or 'quantile', got"):
        signal(scale, {"K4": files["A"]}).fit(genes_of("A"))
    assert clone(signal(scale, {"K4": files["A"]})).scale == scale


@pytest.mark.parametrize("seed", range(6))
def test_any_map_rises_from_0(tmp_path, seed):
    rng = np.random.default_rng(seed)
    file, reference = (
        np.maximum(rng.normal(rng.uniform(-1, 1), 1, SIZE // STEP), 0).round(rng.integers(1, 4))
        for _ in range(2)
    )
    file[200] = 1e6  # in no training promoter, above every quantile
    tracks = table(A=write(tmp_path / "a.bw", reference), B=write(tmp_path / "b.bw", file))
    genes = genes_of("B", n=100)
    raw, scaled = (
        values(signal(scale, tracks).fit(genes_of("A", n=50)[10:]).transform(genes)).ravel()
        for scale in (None, "quantile")
    )
    assert raw.max() == 1e6
    np.testing.assert_array_equal(scaled == 0, raw == 0)
    order = np.argsort(raw)
    assert (np.diff(scaled[order]) >= 0).all()
    assert (np.diff(scaled[order])[np.diff(raw[order]) == 0] == 0).all()


def test_many_promoters_are_thinned_evenly_in_any_order(files):
    genes = pd.DataFrame({"chrom": ["chr2", "chr1"] * 2_000, "tss": np.arange(4_000) * 100})
    genes = genes.assign(gene_id=np.arange(4_000), strand="+")
    transformer = signal("quantile", {"K4": files["A"]}, missing_chrom="zero")
    chosen = transformer.fit(genes).scale_promoters_
    assert len(chosen) == 1_000
    assert chosen["chrom"].value_counts().tolist() == [500, 500]
    assert chosen["start"].iloc[[0, -1]].tolist() == [100 - 2_000, 399_800 - 2_000]
    shuffled = genes.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(transformer.fit(shuffled).scale_promoters_, chosen)
