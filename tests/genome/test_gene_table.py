"""The gene table: rows that are accepted and kept, and tables that are refused."""

import numpy as np
import pandas as pd
import pytest

from skchromo.genome import check_genes, promoter_windows


@pytest.fixture
def genes():
    return pd.DataFrame(
        {
            "gene_id": ["A", "B", "A", "C"],
            "chrom": ["chr1", "chr1", "chr1", "chr2"],
            "tss": [100, 2000, 100, 30],
            "strand": ["+", "-", "+", "-"],
            "expression": [1.0, 2.0, 1.0, 0.0],
        },
        index=[7, 3, 7, 1],
    )


def test_table_keeps_rows_and_index_and_drops_other_columns(genes):
    before = genes.copy()
    checked = check_genes(genes)
    assert list(checked.columns) == ["gene_id", "chrom", "tss", "strand"]
    assert checked.index.tolist() == [7, 3, 7, 1]
    assert checked["gene_id"].tolist() == ["A", "B", "A", "C"]
    assert checked["tss"].dtype == np.int64
    pd.testing.assert_frame_equal(genes, before)
    checked.loc[3, "tss"] = 0
    pd.testing.assert_frame_equal(genes, before)


def test_index_names_genes_where_there_is_no_column(genes):
    by_index = genes.set_index("gene_id")
    checked = check_genes(by_index)
    assert checked["gene_id"].tolist() == ["A", "B", "A", "C"]
    assert checked.index.equals(by_index.index)


def test_sample_and_pcres_are_kept(genes):
    cells = [object() for _ in range(4)]
    checked = check_genes(genes.assign(sample=["H1", "H1", "K562", "K562"], pcres=cells))
    assert checked["sample"].tolist() == ["H1", "H1", "K562", "K562"]
    assert all(kept is cell for kept, cell in zip(checked["pcres"], cells, strict=True))


@pytest.mark.parametrize("dtype", ["int32", "uint64", "Int64", "float64", "object"])
def test_tss_of_any_whole_type_is_int64(genes, dtype):
    checked = check_genes(genes.astype({"tss": dtype}))
    assert checked["tss"].dtype == np.int64
    assert checked["tss"].tolist() == [100, 2000, 100, 30]


def test_categories_and_whole_numbers_become_names(genes):
    genes = genes.assign(chrom=[1, 1, 1, 2]).astype({"strand": "category"})
    assert check_genes(genes)["chrom"].tolist() == ["1", "1", "1", "2"]


@pytest.mark.parametrize("value", [{"chrom": ["chr1"]}, np.zeros((2, 3)), None])
def test_table_of_another_type_is_refused(value):
    with pytest.raises(TypeError, match=r"must be a pandas DataFrame.*got"):
        check_genes(value)


def test_empty_table_is_refused(genes):
    with pytest.raises(ValueError, match="empty"):
        check_genes(genes.iloc[:0])


@pytest.mark.parametrize("column", ["chrom", "tss", "strand"])
def test_missing_column_is_named(genes, column):
    with pytest.raises(ValueError, match=f"no column {column}.*has gene_id"):
        check_genes(genes.drop(columns=column))


def test_repeated_column_is_named(genes):
    with pytest.raises(ValueError, match="more than one column tss"):
        check_genes(pd.concat([genes, genes[["tss"]]], axis=1))


def test_index_of_several_levels_needs_a_gene_column(genes):
    levels = genes.set_index(["gene_id", "expression"])
    with pytest.raises(ValueError, match="reset_index"):
        check_genes(levels)


@pytest.mark.parametrize("column", ["chrom", "tss", "strand", "sample"])
def test_missing_values_are_named_and_counted(genes, column):
    genes = genes.assign(sample="H1")
    genes[column] = genes[column].astype(object)
    genes.iloc[[1, 3], genes.columns.get_loc(column)] = None
    with pytest.raises(ValueError, match=f"column {column}: missing value in 2 gene rows: B, C"):
        check_genes(genes)


def test_missing_gene_ids_are_named_by_row(genes):
    genes["gene_id"] = ["A", None, "A", ""]
    with pytest.raises(
        ValueError, match="column gene_id: missing value in 2 gene rows: row 1, row"
    ):
        check_genes(genes)


@pytest.mark.parametrize(
    ("tss", "message"),
    [
        ([1, -5, 3, -7], r"negative in 2 gene rows: B \(-5\), C \(-7\)"),
        ([1.0, 2.5, 3.0, 4.0], r"not a whole number in 1 gene row: B \(2.5\)"),
        ([1.0, np.inf, 3.0, 4.0], r"not a whole number in 1 gene row: B \(inf\)"),
        (["1", "2", "3", "4"], "column tss: .* values such as '1'"),
        ([True, False, True, True], "column tss: bool values"),
    ],
)
def test_bad_positions_are_named(genes, tss, message):
    with pytest.raises(ValueError, match=message):
        check_genes(genes.assign(tss=tss))


def test_unknown_strands_are_named(genes):
    with pytest.raises(ValueError, match=r"column strand: .* in 3 gene rows: A \(1\), B \(-1\)"):
        check_genes(genes.assign(strand=[1, -1, 1, "+"]))


def test_many_bad_rows_are_counted():
    genes = pd.DataFrame({"chrom": "chr1", "tss": -1, "strand": "+"}, index=range(100))
    with pytest.raises(ValueError, match=r"in 100 gene rows: 0 \(-1\), .*4 \(-1\) and 95 more"):
        check_genes(genes)


def test_chromosomes_read_as_decimals_are_refused(genes):
    with pytest.raises(ValueError, match=r"column chrom .*1\.0.*dtype=\{'chrom': str\}"):
        check_genes(genes.assign(chrom=[1.0, 1.0, 1.0, 2.0]))


def test_windows_are_centred_at_the_tss(genes):
    start, end = promoter_windows(check_genes(genes), 400)
    assert start.tolist() == [-100, 1800, -100, -170]
    assert end.tolist() == [300, 2200, 300, 230]
    assert start.dtype == end.dtype == np.int64


@pytest.mark.parametrize("window", [0, -2, 401, 400.0, True, "400", None])
def test_window_must_be_a_positive_even_integer(genes, window):
    with pytest.raises(ValueError, match="window must be a positive even"):
        promoter_windows(check_genes(genes), window)


def test_invisible_letters_of_columns_are_shown():
    genes = pd.DataFrame({"\ufeffchrom": ["chr1"], "tss": [5], "strand\r": ["+"]}, index=["A"])
    with pytest.raises(
        ValueError, match=r"has no column chrom, strand: .*'\\ufeffchrom', tss, 'str"
    ):
        check_genes(genes)
