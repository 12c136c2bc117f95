"""CandidateElements as the contacts of InteractionTransformer: in pipelines, searches and files."""

import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyBigWig
import pytest
from pandas.testing import assert_frame_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline

from skchromo import BigWigTransformer, CandidateElements, InteractionTransformer
from skchromo.evaluation import match_elements

SIZE = 300_000
GENES = pd.DataFrame(
    {
        "gene_id": [f"G{i}" for i in range(8)],
        "chrom": ["chr1", "chr2"] * 4,
        "tss": [20_000 + 30_000 * i for i in range(8)],
        "strand": ["+", "-"] * 4,
    }
)


def n_pcres(table):
    return [len(cell) for cell in table["pcres"]]


@pytest.fixture
def peaks(tmp_path):
    """Path of a narrowPeak file with a peak every 10 kb."""
    path = tmp_path / "peaks.narrowPeak"
    lines = [
        f"{chrom}\t{start}\t{start + 300}\tp\t0\t.\t{1 + start % 7}\t3\t2\t{start % 300}\n"
        for chrom in ("chr1", "chr2")
        for start in range(5_000, SIZE - 5_000, 10_000)
    ]
    path.write_text("".join(lines))
    return path


@pytest.fixture
def track(tmp_path):
    path = tmp_path / "H3K27ac.bw"
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", SIZE), ("chr2", SIZE)])
        for chrom in ("chr1", "chr2"):
            values = 1.0 + np.arange(SIZE // 100) % 13
            handle.addEntries(chrom, 0, values=values.tolist(), span=100, step=100)
    return path


class _Means(RegressorMixin, BaseEstimator):
    """Predict the weight of the strongest pCRE."""

    def fit(self, X, y):
        self.seen_ = n_pcres(X)
        return self

    def predict(self, X):
        return np.array([cell.weight[0] if len(cell) else 0 for cell in X["pcres"]])


def test_first_try_chooses_the_strongest_elements(peaks):
    table = InteractionTransformer(CandidateElements(peaks), max_pcres=16).fit_transform(GENES)
    assert n_pcres(table) == [16] * 8
    scores = CandidateElements(peaks).contacts_of(GENES)
    for gene, cell in zip(GENES["gene_id"], table["pcres"]):
        own = scores[scores["gene_id"] == gene].head(16)
        np.testing.assert_allclose(cell.weight, own["score"], rtol=1e-6)
        assert cell.start.tolist() == own["start"].tolist()


def test_threshold_of_other_contacts_is_warned_of(peaks):
    transformer = InteractionTransformer(CandidateElements(peaks), weight_threshold=1.5)
    with pytest.warns(UserWarning, match=r"no contact has a score above weight_threshold=1\.5"):
        assert n_pcres(transformer.fit_transform(GENES)) == [0] * 8


def test_threshold_and_ranks_count_in_shares(peaks):
    settings = {"weight_threshold": 0.05, "weight_transform": "rank"}
    table = InteractionTransformer(CandidateElements(peaks), **settings).fit_transform(GENES)
    shares = CandidateElements(peaks).contacts_of(GENES)
    expected = (shares["score"] > 0.05).groupby(shares["gene_id"]).sum().clip(upper=8)
    assert n_pcres(table) == expected.tolist()
    assert all(((cell.weight >= 1.5) & (cell.weight <= 12.4)).all() for cell in table["pcres"])


def test_search_sets_parameters_of_the_elements(peaks):
    pipe = Pipeline(
        [("contacts", InteractionTransformer(CandidateElements(peaks))), ("m", _Means())]
    )
    grid = {
        "contacts__contacts__max_distance": [40_000, 5_000_000],
        "contacts__contacts__exponent": [0.5, 1.5],
    }
    search = GridSearchCV(pipe, grid, cv=GroupKFold(2), refit=False, error_score="raise")
    search.fit(GENES, np.arange(8.0), groups=GENES["chrom"])
    assert len(set(search.cv_results_["mean_test_score"])) == 4
    near = clone(pipe).set_params(contacts__contacts__max_distance=12_000).fit(GENES, np.zeros(8))
    assert max(near["m"].seen_) <= 3
    assert pipe["contacts"].contacts.max_distance == 5_000_000


def test_each_sample_has_its_peaks(peaks, tmp_path):
    others = tmp_path / "K562.narrowPeak"
    others.write_text("chr1\t1000\t1300\tp\t0\t.\t5\t3\t2\t9\nchr2\t9\t1300\tp\t0\t.\t5\t3\t2\t9\n")
    both = pd.concat([GENES.assign(sample="H1"), GENES.assign(sample="K562")])
    paths = {"H1": peaks, "K562": others}
    apart = {name: CandidateElements(path, width=None) for name, path in paths.items()}
    table = InteractionTransformer(CandidateElements(paths, width=None)).fit_transform(both)
    assert_frame_equal(InteractionTransformer(apart).fit_transform(both), table)
    assert n_pcres(table) == [8] * 8 + [1] * 8
    changes = GENES.assign(sample_a="H1", sample_b="K562")
    pairs = InteractionTransformer(CandidateElements(paths)).fit_transform(changes)
    assert [len(cell) for cell in pairs["pcres_b"]] == [1] * 8
    with pytest.raises(ValueError, match="no contacts for sample MCF7: contacts has H1, K562"):
        InteractionTransformer(CandidateElements(paths)).fit(GENES.assign(sample="MCF7"))
    with pytest.raises(ValueError, match=r"gene table has no column sample: .* H1, K562"):
        InteractionTransformer(CandidateElements(paths)).fit(GENES)


def test_pipeline_is_saved_cached_and_parallel(peaks, track, tmp_path):
    elements = CandidateElements(peaks, activity=[6, track])
    pipe = Pipeline(
        [
            ("contacts", InteractionTransformer(elements, max_pcres=4)),
            ("signal", BigWigTransformer({"H3K27ac": track}, memory=tmp_path / "signal")),
        ],
        memory=str(tmp_path / "cache"),
    )
    X = pipe.fit_transform(GENES)
    assert set(X.to_dense().lengths[:, 1:].ravel()) == {500}
    again = clone(pipe).fit_transform(GENES)
    np.testing.assert_array_equal(again.to_dense().values, X.to_dense().values)
    joblib.dump(pipe, tmp_path / "pipe.joblib")
    for saved in (joblib.load(tmp_path / "pipe.joblib"), pickle.loads(pickle.dumps(pipe))):
        np.testing.assert_array_equal(saved.transform(GENES).weights, X.weights)
    assert len(pickle.dumps(pipe["contacts"])) < 2_000
    tables = joblib.Parallel(n_jobs=2, backend="threading")(
        joblib.delayed(clone(pipe["contacts"]).fit_transform)(GENES) for _ in range(4)
    )
    for table in tables[1:]:
        assert_frame_equal(table, tables[0])


def test_elements_of_another_assembly_are_refused(track):
    far = pd.DataFrame({"chrom": ["chr1"], "start": [400_000], "end": [400_300], "activity": [1.0]})
    pipe = Pipeline(
        [
            ("contacts", InteractionTransformer(CandidateElements(far))),
            ("signal", BigWigTransformer({"H3K27ac": track})),
        ]
    )
    with pytest.raises(ValueError, match=r"starts at chr1:399900, but chr1 has 300000 bp"):
        pipe.fit_transform(GENES)


@pytest.fixture(scope="module")
def k562():
    """CRISPRi pairs of K562 with their distance, gene table, and the folder of the data."""
    root = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("SKCHROMO_TEST_DATA", root)) / "k562_gm12878"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: point SKCHROMO_TEST_DATA at it")
    genes = pd.read_csv(folder / "genes.tsv", sep="\t")
    pairs = pd.read_csv(folder / "crispri_k562.tsv", sep="\t")
    pairs = pairs.merge(genes[["gene_id", "tss", "strand"]], on="gene_id")
    pairs["distance"] = ((pairs["start"] + pairs["end"]) / 2 - pairs["tss"]).abs()
    return pairs, pairs[["gene_id", "chrom", "tss", "strand"]].drop_duplicates(), folder


def test_scores_find_crispri_effects_better_than_distance(k562):
    pairs, genes, folder = k562
    tracks = [folder / "K562" / f"{name}.bw" for name in ("DNase", "H3K27ac")]
    regulated, far = pairs["Regulated"], pairs["distance"] >= 20_000
    peaks = folder / "K562" / "DNase.narrowPeak.gz"
    precision = {"distance": average_precision_score(regulated, -pairs["distance"])}
    for name, activity in (("column", None), ("tracks", tracks)):
        elements = CandidateElements(peaks, activity=activity, max_contacts=None)
        score = match_elements(pairs, elements.contacts_of(genes))
        precision[name] = average_precision_score(regulated, score)
        precision[name, "far"] = average_precision_score(regulated[far], score[far])
    assert precision["tracks"] > 0.52
    assert precision["tracks", "far"] > 0.35
    assert precision["distance"] + 0.04 < precision["column"] < precision["tracks"]
