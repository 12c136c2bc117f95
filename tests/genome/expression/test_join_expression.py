"""Expression joined to a gene table: values, order, and rows without a counterpart."""

import re

import numpy as np
import pandas as pd
import pytest

from skchromo.genome import join_expression

A, B, C = "ENSG00000000001", "ENSG00000000002", "ENSG00000000003"


@pytest.fixture
def genes():
    return pd.DataFrame(
        {
            "gene_id": [A, B, C],
            "chrom": ["chr1", "chr1", "chrX"],
            "tss": [100, 900, 50],
            "strand": ["+", "-", "+"],
            "gene_name": ["PLUS", "MINUS", "OTHER"],
        },
        index=[5, 3, 8],
    )


@pytest.fixture
def tpm():
    return pd.DataFrame({"H1": [2.5, 0.0, 7.0], "K562": [1.0, 4.0, 3.0]}, index=[B, A, C])


def test_expression_is_joined_in_the_order_of_the_genes(genes, tpm):
    before = genes.copy()
    joined = join_expression(genes, tpm, "H1")
    assert joined["expression"].tolist() == [0.0, 2.5, 7.0]
    assert joined.index.tolist() == [5, 3, 8]
    assert joined.columns.tolist() == [*genes.columns, "expression"]
    pd.testing.assert_frame_equal(genes, before)
    report = joined.attrs["expression_report"]
    assert (report["n_genes"], report["n_joined"], report["n_expression_without_gene"]) == (3, 3, 0)


def test_the_only_column_needs_no_name(genes, tpm):
    assert join_expression(genes, tpm[["K562"]])["expression"].tolist() == [4.0, 1.0, 3.0]
    assert join_expression(genes, tpm["K562"])["expression"].tolist() == [4.0, 1.0, 3.0]
    unnamed = pd.Series(tpm["K562"].to_numpy(), index=tpm.index)
    assert join_expression(genes, unnamed)["expression"].tolist() == [4.0, 1.0, 3.0]
    with pytest.raises(ValueError, match=r"has 2 samples \(H1, K562\): choose one with sample="):
        join_expression(genes, tpm)


def test_several_samples_give_a_row_for_each_gene_and_sample(genes, tpm):
    joined = join_expression(genes, tpm, ["K562", "H1"])
    assert joined["sample"].tolist() == ["K562"] * 3 + ["H1"] * 3
    assert joined["expression"].tolist() == [4.0, 1.0, 3.0, 0.0, 2.5, 7.0]
    assert joined.index.tolist() == list(range(6))
    by_index = join_expression(genes.set_index("gene_id"), tpm, ["K562", "H1"])
    assert by_index.index.tolist() == [A, B, C] * 2


def test_rows_with_a_sample_take_their_own(genes, tpm):
    genes["sample"] = ["H1", "K562", "K562"]
    assert join_expression(genes, tpm)["expression"].tolist() == [0.0, 1.0, 3.0]
    with pytest.raises(ValueError, match="leave sample=None"):
        join_expression(genes, tpm, "H1")
    with pytest.raises(ValueError, match="expression has no sample K562: it has H1"):
        join_expression(genes, tpm[["H1"]])


def test_repeated_gene_rows_share_a_value(genes, tpm):
    twice = pd.concat([genes, genes])
    assert join_expression(twice, tpm, "H1")["expression"].tolist() == [0.0, 2.5, 7.0] * 2


def test_genes_without_expression_are_refused_by_default(genes, tpm):
    message = f"1 of 3 gene rows have no expression: {C}\\. .* pass missing='drop'"
    with pytest.raises(ValueError, match=message):
        join_expression(genes, tpm.drop(C), "H1")
    message = f"expression: {C}; 1 of 3 rows of expression have no gene: other"
    with pytest.raises(ValueError, match=message):
        join_expression(genes, tpm.rename(index={C: "other"}), "H1")


def test_dropped_genes_are_counted_and_named(genes, tpm):
    tpm = tpm.rename(index={C: "ENSG00000000009"})
    with pytest.warns(UserWarning, match=f"1 of 3 gene rows have no expression: {C}; their rows"):
        joined = join_expression(genes, tpm, "H1", missing="drop")
    assert joined.index.tolist() == [5, 3]
    assert joined.attrs["expression_report"] == {
        "n_genes": 3,
        "n_joined": 2,
        "n_genes_without_expression": 1,
        "genes_without_expression": [C],
        "n_expression_without_gene": 1,
        "expression_without_gene": ["ENSG00000000009"],
    }


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([f"{B}.3", f"{A}.1", f"{C}.9"], r"match without versions \(such as .15\)"),
        (["MINUS", "PLUS", "OTHER"], "match by column gene_name: pass on='gene_name'"),
        (["7157", "4609", "672"], "human Ensembl gene ids, expression has numbers, such as Entrez"),
        ([f"ENSMUSG0000000000{at}" for at in "123"], "expression has mouse Ensembl gene ids"),
        ([f"ENST0000000000{at}" for at in "123"], "expression has Ensembl transcript ids"),
        ([name.lower() for name in (B, A, C)], "upper and lower case are alike"),
        (["ENSG00000000007", "ENSG00000000008", "ENSG00000000009"], "different annotations"),
    ],
)
@pytest.mark.parametrize("missing", ["error", "drop"])
def test_mismatch_is_refused_with_its_likely_reason(genes, tpm, names, reason, missing):
    tpm.index = names
    with pytest.raises(ValueError, match=f"3 of 3 gene rows have no expression: .*{reason}"):
        join_expression(genes, tpm, "H1", missing=missing)


def test_small_share_of_matches_is_refused_by_default(genes, tpm):
    with pytest.raises(ValueError, match=r"2 of 3 gene rows .*a smaller min_matched="):
        join_expression(genes, tpm.iloc[:1], "H1", missing="drop")
    with pytest.warns(UserWarning, match="2 of 3 gene rows"):
        joined = join_expression(genes, tpm.iloc[:1], "H1", missing="drop", min_matched=0.3)
    assert joined["gene_id"].tolist() == [B]


def test_another_column_may_match(genes, tpm):
    tpm.index = ["MINUS", "PLUS", "OTHER"]
    assert join_expression(genes, tpm, "H1", on="gene_name")["expression"].tolist() == [0, 2.5, 7]
    genes["gene_name"] = ["PLUS", "PLUS", None]
    with (
        pytest.warns(UserWarning, match="column gene_name has names of several genes.*: PLUS"),
        pytest.warns(UserWarning, match="1 of 3 gene rows have no expression"),
    ):
        joined = join_expression(genes, tpm, "H1", on="gene_name", missing="drop")
    assert joined["expression"].tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="the gene table has no column 'symbol'"):
        join_expression(genes, tpm, "H1", on="symbol")


def test_long_frame_is_refused_with_the_line_that_makes_it_wide(genes):
    long = pd.DataFrame(
        {"Tissue": ["liver", "heart"] * 3, "nTPM": range(6)}, index=[A, A, B, B, C, C]
    )
    with pytest.raises(ValueError, match=r"long table.*expression\.reset_index") as caught:
        join_expression(genes, long)
    line = re.search(r"table\.pivot\(.*?\)", str(caught.value))[0]
    wide = eval(line, {"table": long.reset_index()})
    assert join_expression(genes, wide, "heart")["expression"].tolist() == [1, 3, 5]
    with pytest.raises(ValueError, match="differ in column Tissue") as caught:
        join_expression(genes, long.iloc[[0, 1, 2, 4]])
    assert "sum" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tpm: tpm.reset_index(names="gene_id"), r"expression.set_index\('gene_id'\)"),
        (lambda tpm: pd.concat([tpm, tpm]), "several rows of ENSG"),
        (lambda tpm: tpm.set_axis(["H1", "H1"], axis=1), "several columns of H1"),
        (lambda tpm: tpm.assign(name="x"), "column name has no numbers"),
        (lambda tpm: tpm.replace(7.0, np.nan), f"gene {C} has no finite value in column H1"),
    ],
)
def test_bad_expression_is_refused(genes, tpm, change, message):
    with pytest.raises(ValueError, match=message):
        join_expression(genes, change(tpm), "H1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"missing": "zero"}, "missing must be 'error' or 'drop'"),
        ({"min_matched": 2}, "min_matched must be a share"),
        ({"min_matched": "all"}, "min_matched must be a share"),
        ({"sample": []}, "at least one sample, each once"),
        ({"sample": ["H1", "H1"]}, "at least one sample, each once"),
        ({"sample": "GM12878"}, "no sample GM12878: it has H1, K562"),
    ],
)
def test_bad_options_of_the_join_are_refused(genes, tpm, options, message):
    with pytest.raises(ValueError, match=message):
        join_expression(genes, tpm, **{"sample": "H1", **options})


def test_bad_gene_tables_are_refused(genes, tpm):
    with pytest.raises(TypeError, match="genes must be a pandas DataFrame, got ndarray"):
        join_expression(genes.to_numpy(), tpm, "H1")
    with pytest.raises(TypeError, match=r"expression must be a pandas DataFrame .*got dict"):
        join_expression(genes, {}, "H1")
    with pytest.raises(ValueError, match="the gene table is empty"):
        join_expression(genes.iloc[:0], tpm, "H1")
    with pytest.raises(ValueError, match="has a column expression already"):
        join_expression(genes.assign(expression=1.0), tpm, "H1")
