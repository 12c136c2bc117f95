"""InteractionTransformer as a step of scikit-learn pipelines."""

import os
import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from pandas.testing import assert_frame_equal
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from skchromo import InteractionTransformer
from skchromo.genome import ContactMatrix, check_assembly, choose_pcres, matrix, read_contacts
from skchromo.genome.text import TextFile

GENES = pd.DataFrame(
    {
        "gene_id": ["A", "B", "C", "A"],
        "chrom": ["chr1", "chr1", "chr2", "chr1"],
        "tss": [1500, 61_000, 500, 1500],
        "strand": ["+", "-", "+", "+"],
        "note": ["a", "b", "c", "d"],
    },
    index=[7, 3, 3, 1],
)
PAIRS = pd.DataFrame(
    [
        ["A", "chr1", 50_000, 54_000, 3.25],
        ["A", "chr1", 60_000, 63_000, 2.5],
        ["B", "chr1", 1000, 2000, 2.5],
        ["C", "chr2", 90_000, 91_000, 1.75],
        ["C", "chr2", 70_000, 71_000, 1.5],
    ],
    columns=["gene_id", "chrom", "start", "end", "score"],
)
FRAGMENTS = pd.DataFrame(
    [
        ["chr1", 1000, 2000, "chr1", 50_000, 54_000, 3.25],
        ["chr1", 60_000, 63_000, "chr1", 1000, 2000, 2.5],
        ["chr2", 0, 1000, "chr2", 90_000, 91_000, 1.75],
        ["chr2", 70_000, 71_000, "chr2", 0, 1000, 1.5],
    ],
    columns=["chrom1", "start1", "end1", "chrom2", "start2", "end2", "score"],
)


def n_pcres(table):
    return [len(cell) for cell in table["pcres"]]


def real_genes(folder):
    return pd.read_csv(folder / "genes.tsv", sep="\t")


class _CountingClassifier(ClassifierMixin, BaseEstimator):
    """Call a gene with pCREs expressed; keep what was seen."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = n_pcres(X)
        return self

    def predict(self, X):
        return np.array([len(cell) > 0 for cell in X["pcres"]], dtype=int)


class _NumbersOfPcres(TransformerMixin, BaseEstimator):
    """Make a numeric table of the pCREs, named for output containers."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return np.array([[len(cell), cell.weight.sum()] for cell in X["pcres"]])

    def get_feature_names_out(self, input_features=None):
        return np.array(["n_pcres", "weight"], dtype=object)


def test_table_comes_back_with_one_more_column():
    before = GENES.copy()
    table = InteractionTransformer(PAIRS).fit_transform(GENES)
    assert_frame_equal(table.drop(columns="pcres"), before)
    assert list(table.columns) == [*GENES.columns, "pcres"]
    assert n_pcres(table) == [2, 1, 1, 2]
    assert_frame_equal(GENES, before)
    assert "2 of 8 pCREs" in str(table)


def test_genes_named_by_the_index_are_found():
    table = InteractionTransformer(PAIRS).fit_transform(GENES.set_index("gene_id"))
    assert n_pcres(table) == [2, 1, 1, 2]
    assert list(table.index) == ["A", "B", "C", "A"]


def test_column_pcres_is_replaced():
    first = InteractionTransformer(PAIRS, max_pcres=1).fit_transform(GENES)
    again = InteractionTransformer(PAIRS, max_pcres=3).fit_transform(first)
    assert list(again.columns) == list(first.columns)
    assert {cell.max_pcres for cell in again["pcres"]} == {3}


def test_parameters_reach_the_choice():
    settings = {
        "max_pcres": 3,
        "weight_threshold": None,
        "max_pcre_length": 900,
        "oversized": "crop",
        "min_distance": 60_000,
    }
    table = InteractionTransformer(PAIRS, **settings).fit_transform(GENES)
    assert list(table["pcres"]) == choose_pcres(GENES, read_contacts(PAIRS), **settings)
    assert n_pcres(table) == [0, 0, 2, 0]
    assert {cell.max_pcre_length for cell in table["pcres"]} == {900}
    bare = GENES.assign(chrom=GENES["chrom"].str.removeprefix("chr"))
    matching = InteractionTransformer(PAIRS, chrom_names="match").fit_transform(bare)
    assert n_pcres(matching) == [2, 1, 1, 2]
    scored = InteractionTransformer(PAIRS.assign(n=9.0), score_column="n").fit_transform(GENES)
    assert scored["pcres"].iloc[2].weight.tolist() == [9.0, 9.0]


def test_formats_give_the_same_pcres(tmp_path):
    bedpe = FRAGMENTS.copy()
    bedpe.insert(6, "name", ".")
    regions = pd.DataFrame(
        {
            side: FRAGMENTS.apply(
                lambda row, side=side: (
                    f"{row['chrom' + side]}:{row['start' + side]}-{row['end' + side]}"
                ),
                axis=1,
            )
            for side in "12"
        }
    ).assign(score=FRAGMENTS["score"])
    reference = (
        PAIRS.assign(region=[f"{r.chrom}:{r.start}-{r.end}" for r in PAIRS.itertuples()])
        .groupby("gene_id")
        .agg({"region": ";".join, "score": lambda scores: ";".join(map(str, scores))})
        .reset_index()
        .set_axis(["gene_id", "neighbors", "scores"], axis=1)
    )
    written = {
        "bedpe": bedpe.to_csv(sep="\t", index=False, header=False),
        "pairs": PAIRS.to_csv(sep="\t", index=False),
        "fragments": FRAGMENTS.to_csv(sep="\t", index=False, header=False),
        "reference": reference.to_csv(index=False),
    }
    expected = InteractionTransformer(PAIRS).fit_transform(GENES)
    for format, text in written.items():
        path = tmp_path / f"{format}.txt"
        path.write_text(text)
        for asked in format, "auto":
            table = InteractionTransformer(path, format=asked).fit_transform(GENES)
            assert_frame_equal(table, expected)
    for frame in (bedpe, FRAGMENTS, regions, reference):
        assert_frame_equal(InteractionTransformer(frame).fit_transform(GENES), expected)


def test_real_table_gets_its_contacts(h1_e003):
    genes = real_genes(h1_e003)
    transformer = InteractionTransformer(h1_e003 / "interactions.tsv")
    table = transformer.fit_transform(genes)
    assert (transformer.n_contacts_, transformer.n_unmatched_) == (346, 0)
    assert (len(table), sum(n_pcres(table)), min(n_pcres(table)), max(n_pcres(table))) == (
        64,
        345,
        0,
        8,
    )
    assert_frame_equal(table.drop(columns="pcres"), genes)


def test_table_survives_operations_of_pandas(h1_e003, tmp_path):
    genes = real_genes(h1_e003)
    table = InteractionTransformer(h1_e003 / "interactions.tsv").fit_transform(genes)
    assert_frame_equal(pd.concat([table.iloc[:20], table.iloc[20:]]), table)
    shuffled = table.sample(frac=1, random_state=0)
    assert_frame_equal(shuffled.sort_index(), table)
    assert_frame_equal(pickle.loads(pickle.dumps(table)), table)
    joblib.dump(table, tmp_path / "table.joblib")
    assert_frame_equal(joblib.load(tmp_path / "table.joblib"), table)
    merged = table.merge(genes[["gene_id"]].assign(extra=1), on="gene_id")
    assert list(merged["pcres"]) == list(table["pcres"])
    assert_frame_equal(table[table["chrom"] == "chr5"], table.query("chrom == 'chr5'"))
    assert not table.duplicated().any()


@pytest.mark.filterwarnings("ignore:.*belong to no gene:UserWarning")
def test_sources_by_sample(tmp_path):
    path = tmp_path / "a.tsv"
    PAIRS.to_csv(path, sep="\t", index=False)
    genes = GENES.assign(sample=["a", "b", "b", "b"])
    sources = {"a": path, "b": FRAGMENTS[:1], "unused": tmp_path / "nowhere"}
    transformer = InteractionTransformer(sources, weight_threshold=None)
    assert n_pcres(transformer.fit_transform(genes)) == [2, 0, 0, 1]
    assert n_pcres(transformer.transform(genes[genes["sample"] == "b"])) == [0, 0, 1]
    indexed = genes.set_index(genes["sample"])
    assert n_pcres(transformer.fit_transform(indexed)) == [2, 0, 0, 1]
    numbered = InteractionTransformer({1: PAIRS, 2: FRAGMENTS}).fit_transform(
        GENES.assign(sample=[1, 2, 1, 2])
    )
    assert n_pcres(numbered) == [2, 1, 1, 2]


def test_one_source_serves_all_samples():
    genes = GENES.assign(sample=["a", "b", "b", "b"])
    assert n_pcres(InteractionTransformer(PAIRS).fit_transform(genes)) == [2, 1, 1, 2]


def test_sample_without_source_is_named():
    genes = GENES.assign(sample=["H1", "K562", "K562", "liver"])
    with pytest.raises(ValueError, match="no contacts for sample K562, liver: contacts has H1"):
        InteractionTransformer({"H1": PAIRS}).fit(genes)
    fitted = InteractionTransformer({"H1": PAIRS}).fit(GENES.assign(sample="H1"))
    with pytest.raises(ValueError, match="no contacts for sample K562"):
        fitted.transform(genes[:2])


def test_mapping_needs_a_column_sample():
    with pytest.raises(ValueError, match="no column sample: add one with values among H1"):
        InteractionTransformer({"H1": PAIRS}).fit(GENES)


@pytest.mark.parametrize(
    ("settings", "needle"),
    [
        ({"max_pcres": -1}, "max_pcres must be"),
        ({"weight_threshold": "high"}, "weight_threshold must be"),
        ({"max_pcre_length": 0}, "max_pcre_length must be"),
        ({"oversized": "keep"}, "oversized must be"),
        ({"min_distance": -5}, "min_distance must be"),
        ({"format": "bed"}, "format must be"),
        ({"score_column": 1.5}, "score_column must be"),
        ({"chrom_names": "loose"}, "chrom_names must be"),
        ({"contacts": {}}, "empty mapping"),
    ],
)
def test_settings_without_meaning_are_refused_in_fit_alone(settings, needle):
    transformer = InteractionTransformer(**{"contacts": PAIRS, **settings})
    with pytest.raises(ValueError, match=needle):
        transformer.fit(GENES)


@pytest.mark.parametrize("contacts", [None, 5, PAIRS.to_numpy(), {"a": None}, [PAIRS]])
def test_contacts_of_a_wrong_kind_are_refused(contacts):
    with pytest.raises(TypeError, match="contacts must be a path"):
        InteractionTransformer(contacts).fit(GENES)


def test_faulty_gene_tables_are_refused():
    with pytest.raises(TypeError, match="DataFrame"):
        InteractionTransformer(PAIRS).fit(GENES.to_numpy())
    fitted = InteractionTransformer(PAIRS).fit(GENES)
    with pytest.raises(ValueError, match="tss"):
        fitted.transform(GENES.drop(columns="tss"))
    with pytest.raises(ValueError, match="empty"):
        fitted.transform(GENES[:0])


def test_missing_file_is_named_in_fit_and_transform(tmp_path):
    path = tmp_path / "loops.tsv"
    with pytest.raises(FileNotFoundError, match=r"loops\.tsv.*does not exist"):
        InteractionTransformer(path).fit(GENES)
    PAIRS.to_csv(path, sep="\t", index=False)
    fitted = InteractionTransformer(path).fit(GENES)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"loops\.tsv.*does not exist"):
        fitted.transform(GENES)


def test_contacts_of_no_gene_are_counted_in_one_warning():
    transformer = InteractionTransformer(PAIRS.replace({"gene_id": {"A": "A.12", "C": "C.3"}}))
    with pytest.warns(UserWarning, match="belong to no gene") as caught:
        transformer.fit(GENES)
    assert len(caught) == 1
    message = str(caught[0].message)
    for needle in "3 of 4 contacts", "A.12 with chr1:50000-54000", "gene_ids", "assembly":
        assert needle in message
    assert caught[0].filename == __file__
    assert (transformer.n_contacts_, transformer.n_unmatched_) == (4, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transformer.transform(GENES)


def test_fragments_of_no_gene_are_counted_over_all_samples_in_one_warning():
    far = FRAGMENTS.assign(start1=FRAGMENTS["start1"] + 9_000_000)
    far["end1"] += 9_000_000
    genes = pd.concat([GENES.assign(sample="a"), GENES.assign(sample="b")])
    transformer = InteractionTransformer({"a": FRAGMENTS, "b": far})
    with pytest.warns(UserWarning, match=r"^2 of 6 contacts.*chr1:9001000-9002000 with") as caught:
        transformer.fit(genes)
    assert len(caught) == 1


def test_each_list_is_matched_with_the_genes_of_its_own_sample():
    genes = GENES.assign(sample=["a", "b", "b", "a"])
    transformer = InteractionTransformer({"a": PAIRS[:2], "b": PAIRS})
    with pytest.warns(UserWarning, match=r"^2 of 6 contacts.*A with chr1:50000-54000"):
        transformer.fit(genes)


def test_sound_list_is_silent_chromosome_by_chromosome(h1_e003):
    genes = real_genes(h1_e003)
    pipe = make_pipeline(
        InteractionTransformer(h1_e003 / "interactions.tsv"), _CountingClassifier()
    )
    y = (genes["expression"] > genes["expression"].median()).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = cross_val_score(pipe, genes, y, groups=genes["chrom"], cv=GroupKFold(3))
    assert np.isfinite(scores).all()


def test_contacts_of_genes_that_a_fold_leaves_out_are_warned_of(h1_e003):
    genes = real_genes(h1_e003)
    with pytest.warns(UserWarning, match="belong to no gene"):
        InteractionTransformer(h1_e003 / "interactions.tsv").fit(genes.iloc[::2])


def test_list_with_other_chromosome_names_is_refused_in_fit():
    bare = GENES.assign(chrom=GENES["chrom"].str.removeprefix("chr"))
    with pytest.raises(ValueError, match="share no chromosome") as caught:
        InteractionTransformer(PAIRS).fit(bare)
    for needle in "contacts DataFrame", "genes are on 1, 2", "on chr1, chr2", "chrom_names='match'":
        assert needle in str(caught.value)


ENSEMBL = {"A": "ENSG00000141510.16", "B": "ENSG00000012048.23", "C": "ENSG00000139618.15"}
BARE = {gene: name.partition(".")[0] for gene, name in ENSEMBL.items()}


@pytest.mark.parametrize(
    ("contacts", "genes", "needles"),
    [
        (
            PAIRS,
            GENES.assign(chrom="chrX"),
            ["no chromosome", "genes are on chrX", "on chr1, chr2"],
        ),
        (FRAGMENTS, GENES.assign(chrom="chrX"), ["no chromosome", "chrX", "chr1, chr2"]),
        (FRAGMENTS, GENES.assign(tss=GENES["tss"] + 700_000), ["holds a TSS", "same assembly"]),
        (
            PAIRS,
            GENES.replace({"gene_id": ENSEMBL}),
            ["names genes by gene symbols", "human Ensembl gene ids", "A and ENSG00000141510.16"],
        ),
        (PAIRS.replace({"gene_id": BARE}), GENES, ["by human Ensembl gene ids", "gene_name"]),
        (
            PAIRS.replace({"gene_id": BARE}),
            GENES.replace({"gene_id": ENSEMBL}),
            ["in the version alone", "ENSG00000141510 and ENSG00000141510.16"],
        ),
        (PAIRS.assign(gene_id="Z"), GENES, ["same names", "max_pcres=0"]),
        ({"a": PAIRS, "b": PAIRS.assign(gene_id="Z")}, GENES, ["(sample b)", "Z with chr1"]),
    ],
)
def test_list_without_a_contact_of_the_genes_is_refused_in_fit(contacts, genes, needles):
    genes = genes.assign(sample=["a", "b", "b", "a"])
    transformer = InteractionTransformer(contacts)
    with pytest.raises(ValueError, match=r"belongs to any of the \d genes") as caught:
        transformer.fit(genes)
    message = str(caught.value).replace("the contacts name genes", "names genes")
    for needle in needles:
        assert needle in message
    without = clone(transformer).set_params(max_pcres=0)
    with pytest.warns(UserWarning, match="belong to no gene"):
        assert n_pcres(without.fit_transform(genes)) == [0, 0, 0, 0]


@pytest.mark.parametrize("source", [PAIRS, FRAGMENTS])
def test_genes_without_contacts_are_transformed(source):
    others = GENES.assign(gene_id=["P", "Q", "R", "S"], tss=GENES["tss"] + 700_000)
    fitted = InteractionTransformer(source).fit(GENES)
    for genes in others, others[:1], GENES.assign(chrom="chrY"):
        assert n_pcres(fitted.transform(genes)) == [0] * len(genes)


@pytest.mark.parametrize("source", [PAIRS, FRAGMENTS])
def test_genes_whose_contacts_are_all_below_the_threshold_are_fitted(source):
    transformer = InteractionTransformer(source, weight_threshold=3)
    with pytest.warns(UserWarning, match="belong to no gene|above weight_threshold"):
        transformer.fit(GENES[2:3])
    low = source.assign(score=[1.0, 2.5, 1.0, *source["score"][3:]])
    with pytest.warns(UserWarning, match="belong to no gene|above weight_threshold"):
        InteractionTransformer(low, weight_threshold=2).fit(GENES[2:3])


@pytest.mark.parametrize("source", [PAIRS, FRAGMENTS])
def test_empty_list_is_fitted(source):
    assert n_pcres(InteractionTransformer(source[:0]).fit_transform(GENES)) == [0, 0, 0, 0]


def test_transform_refuses_other_naming_but_takes_chromosomes_without_contacts():
    fitted = InteractionTransformer(PAIRS).fit(GENES)
    assert n_pcres(fitted.transform(GENES.assign(chrom="chrY"))) == [0, 0, 0, 0]
    with pytest.raises(ValueError, match="chrom_names='match'"):
        fitted.transform(GENES.assign(chrom="1"))


def test_empty_list_gives_empty_cells(tmp_path):
    path = tmp_path / "none.tsv"
    PAIRS[:0].to_csv(path, sep="\t", index=False)
    table = InteractionTransformer(path).fit_transform(GENES)
    assert n_pcres(table) == [0, 0, 0, 0]


def test_defaults_are_the_documented_ones():
    params = InteractionTransformer("x").get_params()
    assert params == {
        "contacts": "x",
        "max_pcres": 8,
        "weight_threshold": "auto",
        "weight_transform": None,
        "max_pcre_length": 40_000,
        "oversized": "drop",
        "min_distance": None,
        "format": "auto",
        "score_column": None,
        "chrom_names": "exact",
    }


def test_pickle_of_a_path_holds_no_contacts(tmp_path):
    path = tmp_path / "loops.tsv"
    pd.concat([PAIRS] * 5000).to_csv(path, sep="\t", index=False)
    fitted = InteractionTransformer(path).fit(GENES)
    table = fitted.transform(GENES)
    saved = pickle.dumps(fitted)
    assert len(saved) < 2000
    assert_frame_equal(pickle.loads(saved).transform(GENES), table)


def test_file_is_read_again_only_when_it_changes(tmp_path, monkeypatch):
    def weights(max_pcres=8):
        transformer = InteractionTransformer(path, max_pcres=max_pcres)
        return transformer.fit(GENES).transform(GENES)["pcres"].iloc[0].weight.tolist()

    opened, open_file = [], TextFile.open
    monkeypatch.setattr(TextFile, "open", lambda file: opened.append(file) or open_file(file))
    path = tmp_path / "loops.tsv"
    PAIRS.to_csv(path, sep="\t", index=False)
    assert weights() == [3.25, 2.5]
    n_opened = len(opened)
    assert weights(max_pcres=1) == [3.25]
    assert len(opened) == n_opened
    text, state = path.read_text(), path.stat()
    path.write_text(text.replace("3.25", "9.25"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert weights() == [9.25, 2.5], "of the same size and time"
    path.write_text(text + "A\tchr1\t70000\t71000\t8\n")
    os.utime(path, ns=(1, 1))
    assert weights() == [8.0, 3.25, 2.5]


def test_pipeline_with_pandas_output_hands_the_table_on():
    pipe = Pipeline([("contacts", InteractionTransformer(PAIRS)), ("count", _NumbersOfPcres())])
    pipe.set_output(transform="pandas")
    numbers = pipe.fit_transform(GENES)
    assert numbers["n_pcres"].tolist() == [2, 1, 1, 2]
    with sklearn.config_context(transform_output="pandas"):
        assert clone(pipe).fit_transform(GENES)["n_pcres"].tolist() == [2, 1, 1, 2]


@pytest.mark.parametrize("kind", ["path", "frame"])
def test_grid_search_over_the_number_of_pcres(h1_e003, kind):
    genes = real_genes(h1_e003)
    source = h1_e003 / "interactions.tsv"
    source = source if kind == "path" else pd.read_csv(source, sep="\t")
    pipe = Pipeline(
        [("contacts", InteractionTransformer(source)), ("model", _CountingClassifier())]
    )
    y = np.array([len(cell) > 0 for cell in pipe[:1].fit_transform(genes)["pcres"]], dtype=int)
    search = GridSearchCV(pipe, {"contacts__max_pcres": [0, 8]}, cv=GroupKFold(3))
    search.fit(genes, y, groups=genes["chrom"])
    assert search.best_params_ == {"contacts__max_pcres": 8}
    assert search.best_score_ == 1.0
    assert search.cv_results_["mean_test_score"][0] < 0.5
    assert search.best_estimator_["model"].seen_ == n_pcres(pipe[:1].fit_transform(genes))


def test_contacts_between_chromosomes_are_not_used_but_counted():
    trans = pd.DataFrame([["chr1", 1000, 2000, "chr2", 5, 9, 7.0]], columns=FRAGMENTS.columns)
    transformer = InteractionTransformer(pd.concat([FRAGMENTS, trans], ignore_index=True))
    assert n_pcres(transformer.fit_transform(GENES)) == [2, 1, 1, 2]
    assert (transformer.n_contacts_, transformer.n_unmatched_, transformer.n_trans_) == (3, 0, 1)
    other = PAIRS.assign(chrom=PAIRS["chrom"].mask(PAIRS["gene_id"] == "C", "chr1"))
    transformer = InteractionTransformer(other, weight_threshold=None)
    assert n_pcres(transformer.fit_transform(GENES)) == [2, 1, 0, 2]
    assert (transformer.n_contacts_, transformer.n_unmatched_, transformer.n_trans_) == (3, 0, 2)


def test_threshold_above_all_scores_is_warned_of_with_the_highest():
    transformer = InteractionTransformer(PAIRS, weight_threshold=5)
    with pytest.warns(UserWarning, match="no contact has a score above weight_threshold=5") as one:
        table = transformer.fit_transform(GENES)
    assert len(one) == 1
    assert "the highest of 5 is 3.25" in str(one[0].message)
    assert one[0].filename == __file__
    assert n_pcres(table) == [0, 0, 0, 0]
    InteractionTransformer(PAIRS, weight_threshold=3).fit(GENES)


@pytest.mark.filterwarnings("ignore:.*belong to no gene:UserWarning")
@pytest.mark.parametrize("weight_transform", [None, "rank"])
@pytest.mark.parametrize("source", [PAIRS, FRAGMENTS, {"a": PAIRS, "b": FRAGMENTS}])
def test_fit_transform_is_fit_and_transform(source, weight_transform):
    genes = GENES.assign(sample=["a", "b", "b", "b"])
    settings = {"weight_threshold": None, "weight_transform": weight_transform}
    alone = InteractionTransformer(source, **settings)
    together = clone(alone)
    assert_frame_equal(together.fit_transform(genes), alone.fit(genes).transform(genes))
    assert str(vars(together)) == str(vars(alone))


class _Matrix:
    """A source that keeps what it was asked and finds contacts beside each TSS."""

    def __init__(self, distance=50_000):
        self.distance = distance
        self.asked = []

    def contacts_of(self, genes):
        self.asked.append(genes)
        starts = [genes["tss"] + self.distance * times for times in (1, 2)]
        parts = [
            genes[["gene_id", "chrom"]].assign(start=start, end=start + 5000, score=score)
            for start, score in zip(starts, (1.5, 2.5), strict=True)
        ]
        return pd.concat(parts, ignore_index=True)

    def __eq__(self, other):
        return isinstance(other, _Matrix) and other.distance == self.distance

    __hash__ = None


def test_any_object_that_gives_contacts_is_a_source():
    matrix = _Matrix()
    transformer = InteractionTransformer(matrix, weight_threshold=None)
    table = transformer.fit_transform(GENES)
    assert n_pcres(table) == [2, 2, 2, 2]
    for tss, cell in zip(GENES["tss"], table["pcres"], strict=True):
        assert cell.start.tolist() == [tss + 100_000, tss + 50_000]
        assert cell.weight.tolist() == [2.5, 1.5]
    assert (transformer.n_contacts_, transformer.n_unmatched_) == (8, 0)
    assert len(matrix.asked) == 1
    assert_frame_equal(transformer.fit(GENES).transform(GENES), table)
    for asked in matrix.asked:
        assert list(asked.columns) == ["gene_id", "chrom", "tss", "strand"]
        assert asked["gene_id"].tolist() == ["A", "B", "C", "A"]
        assert asked.index.tolist() == [0, 1, 2, 3]


def test_matrix_takes_the_same_settings_as_a_list():
    table = InteractionTransformer(_Matrix(), max_pcres=1).fit_transform(GENES)
    assert n_pcres(table) == [1, 1, 1, 1]
    near = InteractionTransformer(_Matrix(), weight_threshold=None, max_pcre_length=4999)
    assert n_pcres(near.fit_transform(GENES)) == [0, 0, 0, 0]
    ranked = InteractionTransformer(_Matrix(), weight_threshold=None, weight_transform="rank")
    weights = ranked.fit_transform(GENES)["pcres"].iloc[0].weight
    np.testing.assert_allclose(weights, [2.09, 1.68], rtol=1e-6)
    assert clone(ranked).contacts == ranked.contacts


def test_format_and_score_column_are_for_lists_alone():
    settings = {"weight_threshold": None, "format": "bedpe", "score_column": 7}
    assert n_pcres(InteractionTransformer(_Matrix(), **settings).fit_transform(GENES)) == [2] * 4


def test_matrix_and_list_serve_a_sample_each():
    genes = GENES.assign(sample=["a", "b", "b", "b"])
    matrix = _Matrix()
    transformer = InteractionTransformer({"a": PAIRS, "b": matrix})
    with pytest.warns(UserWarning, match="^1 of 6 contacts"):
        table = transformer.fit_transform(genes)
    assert n_pcres(table) == [2, 1, 1, 1]
    assert matrix.asked[0]["gene_id"].tolist() == ["B", "C", "A"]


def test_each_tss_of_a_gene_is_looked_up_on_its_own():
    genes = pd.concat([GENES, GENES.assign(tss=GENES["tss"] + 500_000)])
    matrix = _Matrix()
    transformer = InteractionTransformer(matrix, weight_threshold=None)
    table = transformer.fit_transform(genes)
    assert n_pcres(table) == [2] * 8
    assert transformer.n_contacts_ == 16
    for asked in matrix.asked:
        assert (asked.groupby("gene_id")["tss"].nunique() == 1).all()
    for row in range(8):
        assert_frame_equal(transformer.transform(genes.iloc[[row]]), table.iloc[[row]])


@pytest.mark.parametrize(
    ("found", "error", "needles"),
    [
        (None, TypeError, ["contacts of _Says", "contacts_of must return", "NoneType"]),
        (PAIRS.drop(columns="gene_id"), ValueError, ["contacts of _Says", "as format 'pairs'"]),
        (PAIRS.rename(columns={"score": "n"}), ValueError, ["no column 'score'", "gene_id, chrom"]),
        (PAIRS.assign(score=np.nan), ValueError, ["row 0", "score nan is not a finite number"]),
        (PAIRS.assign(end=PAIRS["start"]), ValueError, ["row 0", "ends at or before its start"]),
    ],
)
def test_matrix_that_returns_another_table_is_refused(found, error, needles):
    class _Says:
        def contacts_of(self, genes):
            return found

    with pytest.raises(error) as caught:
        InteractionTransformer(_Says()).fit(GENES)
    for needle in needles:
        assert needle in str(caught.value)


def test_class_instead_of_an_object_is_refused():
    with pytest.raises(TypeError, match=r"an object with a method contacts_of.*got type"):
        InteractionTransformer(_Matrix).fit(GENES)


def test_matrix_without_contacts_gives_empty_cells():
    class _Empty:
        def contacts_of(self, genes):
            return PAIRS[:0]

    transformer = InteractionTransformer(_Empty())
    assert n_pcres(transformer.fit_transform(GENES)) == [0, 0, 0, 0]
    assert (transformer.n_contacts_, transformer.n_unmatched_) == (0, 0)


@pytest.mark.parametrize(
    "name", ["h1.cool", "h1.mcool", "h1.MCOOL", "h1.mcool::resolutions/5000", "h1.hic"]
)
@pytest.mark.parametrize("kind", [str, Path])
def test_path_of_a_matrix_is_opened_as_one(name, kind, monkeypatch):
    opened = []

    def opener(path, **settings):
        opened.append((path, settings))
        return _Matrix()

    monkeypatch.setattr(matrix, "ContactMatrix", opener)
    transformer = InteractionTransformer(
        kind(name), weight_threshold=None, chrom_names="match"
    ).fit(GENES)
    assert n_pcres(transformer.transform(GENES)) == [2, 2, 2, 2]
    assert set(map(str, (path for path, _ in opened))) == {name}
    assert opened[0][1] == {"chrom_names": "match"}
    assert transformer.get_params()["contacts"] == kind(name)


def test_real_matrix_is_read(tmp_path):
    hictkpy = pytest.importorskip("hictkpy")
    path = tmp_path / "h1.cool"
    writer = hictkpy.cooler.FileWriter(str(path), {"1": 200_000, "2": 100_000}, 10_000)
    writer.add_pixels_from_dict({"bin1_id": [0, 0, 6], "bin2_id": [5, 6, 9], "count": [9, 4, 7]})
    writer.finalize()
    for source in path, str(path), ContactMatrix(path, chrom_names="match"):
        transformer = InteractionTransformer(source, weight_threshold=None, chrom_names="match")
        table = transformer.fit_transform(GENES)
        assert n_pcres(table) == [2, 2, 0, 2]
        assert table["pcres"].iloc[1].start.tolist() in ([90_000, 0], [0, 90_000])
        assert transformer.n_unmatched_ == 0
        assert_frame_equal(pickle.loads(pickle.dumps(transformer)).transform(GENES), table)
    with pytest.raises(ValueError, match="chr1"):
        InteractionTransformer(path).fit(GENES)


def test_missing_matrix_is_named(tmp_path):
    pytest.importorskip("hictkpy")
    with pytest.raises(FileNotFoundError, match=r"h1\.mcool"):
        InteractionTransformer(tmp_path / "h1.mcool").fit(GENES)


class _Sized(_Matrix):
    """A matrix that says how long its chromosomes are."""

    def __init__(self, sizes):
        super().__init__()
        self.chromsizes = sizes


HG19, HG38 = {"1": 249_250_621, "2": 243_199_373}, {"chr1": 248_956_422, "chr2": 242_193_529}


def check_tracks(table, sizes):
    """Hold a table against files as the next step of a pipeline does."""
    check_assembly({"track K4 (a.bw)": sizes}, table=table)


def test_matrix_of_another_assembly_than_the_tracks_is_refused():
    table = InteractionTransformer(_Sized(HG19)).fit_transform(GENES)
    check_tracks(table, HG19)
    check_tracks(table, {"chrX": 5})
    for rows in (table, table[:1], table.sample(2), pickle.loads(pickle.dumps(table))):
        with pytest.raises(ValueError, match="chr1 has 249250621 bp in the contacts of _Sized"):
            check_tracks(rows, HG38)
    both = pd.concat([table[:2], table[2:]])
    with pytest.raises(ValueError, match=r"as in hg19.* track K4 \(a\.bw\) \(as in hg38\)"):
        check_tracks(both, HG38)
    assert GENES.attrs == {}
    again = InteractionTransformer(_Sized(HG38)).fit_transform(table)
    check_tracks(again, HG38)


def test_list_beyond_the_end_of_a_track_is_refused(tmp_path):
    far = [["Z", "chr1", 249_000_000, 249_000_500, 2.0]]
    path = tmp_path / "hg19.tsv"
    pd.concat([PAIRS, pd.DataFrame(far, columns=PAIRS.columns)]).to_csv(path, sep="\t", index=False)
    with pytest.warns(UserWarning, match="belong to no gene"):
        table = InteractionTransformer(path).fit_transform(GENES)
    check_tracks(table, {"chr1": 249_250_621})
    with pytest.raises(ValueError, match=r"hg19\.tsv' has .* starts at chr1:249000000.* hg38"):
        check_tracks(table, HG38)
    fitted = InteractionTransformer(PAIRS).fit(GENES)
    check_tracks(fitted.transform(GENES), HG38)


def test_samples_of_different_assemblies_are_refused():
    genes = GENES.assign(sample=["a", "b", "b", "b"])
    transformer = InteractionTransformer({"a": _Sized(HG19), "b": _Sized(HG38)})
    with pytest.raises(ValueError, match=r"_Sized \(sample a\) \(as in hg19\) and .*sample b"):
        transformer.fit(genes)
    fitted = transformer.fit(genes[:1])
    with pytest.raises(ValueError, match="different assemblies"):
        fitted.transform(genes)
    transformer = InteractionTransformer({"a": _Sized({"chr1": 60_000}), "b": FRAGMENTS})
    with pytest.raises(ValueError, match=r"DataFrame \(sample b\) has .* starts at chr1:60000"):
        transformer.fit(genes)
