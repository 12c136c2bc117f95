"""Expression tables as the field writes them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skchromo.genome import read_expression, read_genes

A, B, C = "ENSG00000000001", "ENSG00000000002", "ENSG00000000003"
SALMON = """\
Name\tLength\tEffectiveLength\tTPM\tNumReads
ENST00000000011.2\t1657\t1463.000\t1.5\t10.0
ENST00000000012.7\t632\t438.000\t2.0\t20.0
ENST00000000021.1\t500\t300.000\t0.25\t1.0
"""
RSEM = """\
gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM
ENSG00000000001.15\tENST1,ENST2\t100.0\t80.0\t12.00\t3.5\t2.5
ENSG00000000002.3\tENST3\t100.0\t80.0\t0.00\t0.0\t0.0
"""


@pytest.mark.parametrize(
    "text",
    [
        f"gene_id\tE003\tE123\n{A}\t1.5\t0\n{B}\t2\t7e-1\n",
        f"gene_id,E003,E123\n{A},1.5,0\n{B},2,0.7\n",
        f'"gene_id","E003","E123"\n"{A}",1.5,0\n"{B}",2,0.7\n',
        f"# a comment\ngene_id E003 E123\n{A} 1.5 0\n\n{B} 2 0.7\n",
        # Roadmap: each row ends in a tab, the header does not
        f"gene_id\tE003\tE123\n{A}\t1.5\t0\t\n{B}\t2\t0.7\t\n",
        f"gene_id\tE003\tE123\t\n{A}\t1.5\t0\t\n{B}\t2\t0.7\t\n",
        # R's write.table and write.csv
        f'"E003" "E123"\n"{A}" 1.5 0\n"{B}" 2 0.7\n',
        f'"","E003","E123"\n"{A}",1.5,0\n"{B}",2,0.7\n',
        f'"gene_id" "E003" "E123"\n"1" "{A}" 1.5 0\n"2" "{B}" 2 0.7\n',
        f'"","gene_id","E003","E123"\n1,"{A}",1.5,0\n2,"{B}",2,0.7\n',
        # names and places beside the values
        f"gene_id\tgene_name\tGene Type\tLength\tE003\tE123\n{A}\tX\tpc\t9\t1.5\t0\n"
        f"{B}\tY\tpc\t9\t2\t0.7\n",
        f"symbol\tensembl_gene_id\tE003\tE123\nX\t{A}\t1.5\t0\nY\t{B}\t2\t0.7\n",
        f"#1.2\n2\t2\nName\tDescription\tE003\tE123\n{A}.4\tX\t1.5\t0\n{B}.1\tY\t2\t0.7\n",
        "# Program:featureCounts v2.0.3; Command:...\n"
        f"Geneid\tChr\tStart\tEnd\tStrand\tLength\tE003\tE123\n{A}.4\tchr1;chr1\t1;5\t3;9\t+;+\t8\t1.5\t0\n"
        f"{B}.1\tchr1\t1\t3\t+\t3\t2\t0.7\n",
        f"#gene\tE003\tE123\n{A}\t1.5\t0\n{B}\t2\t0.7\n",
        f"gene_id\tE003\tE123\r\n{A}\t1.5\t0\r\n{B}\t2\t0.7\r\n",
    ],
)
@pytest.mark.parametrize("name", ["table", "table.gz"])
def test_matrices_of_every_kind_give_the_same_table(write, text, name):
    table = read_expression(write(text, name))
    wanted = pd.DataFrame({"E003": [1.5, 2.0], "E123": [0.0, 0.7]}, index=[A, B])
    pd.testing.assert_frame_equal(table, wanted.rename_axis("gene_id"), check_index_type=False)
    assert table.attrs["left_out"] == []


def test_samples_are_chosen_and_named(write):
    path = write(f"gene_id\tE003\tE123\n{A}\t1.5\t0\n")
    assert read_expression(path, columns=["E123", "E003"]).columns.tolist() == ["E123", "E003"]
    assert read_expression({"K562": path}, columns="E123").columns.tolist() == ["K562"]
    with pytest.raises(ValueError, match="no column E004: choose columns= among gene_id, E003"):
        read_expression(path, columns=["E003", "E004"])
    with pytest.raises(ValueError, match=r"of sample K562 has 2 columns \(E003, E123\)"):
        read_expression({"K562": path})


def test_whole_numbers_may_name_samples(write):
    table = read_expression(write(f"gene_id\t1\t2\n{A}\t5\t6\n"))
    assert table.columns.tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "column", "values"),
    [
        (RSEM, "TPM", [3.5, 0.0]),
        (SALMON.replace("ENST000000000", "ENSG000000000"), "TPM", [1.5, 2.0, 0.25]),
        ("target_id\tlength\teff_length\test_counts\ttpm\nG1\t9\t8\t3\t1.5\n", "tpm", [1.5]),
        (
            "Gene ID\tGene Name\tReference\tStrand\tStart\tEnd\tCoverage\tFPKM\tTPM\n"
            f"{A}\tX\tchr1\t+\t1\t9\t2.0\t3.0\t4.0\n",
            "TPM",
            [4.0],
        ),
        (
            "tracking_id\tclass_code\tnearest_ref_id\tgene_id\tgene_short_name\ttss_id\tlocus\t"
            "length\tcoverage\tFPKM\tFPKM_conf_lo\tFPKM_conf_hi\tFPKM_status\n"
            f"{A}\t-\t-\t{A}\tX\tTSS1\tchr1:1-9\t-\t-\t2.5\t1\t4\tOK\n",
            "FPKM",
            [2.5],
        ),
    ],
)
def test_quantifiers_give_their_default_quantity(write, text, column, values):
    table = read_expression(write(text))
    assert table.columns.tolist() == [column]
    assert table[column].tolist() == values


def test_another_quantity_is_read_by_name(write):
    path = write(RSEM)
    assert read_expression(path, columns="expected_count")["expected_count"].tolist() == [12, 0]
    assert read_expression({"H1": path}, columns="FPKM")["H1"].tolist() == [2.5, 0.0]


def test_htseq_count_has_no_header_and_a_summary(write):
    path = write(f"{A}.4\t12\n{B}.1\t0\n__no_feature\t5\n__ambiguous\t1\n")
    table = read_expression(path)
    assert table["value"].to_dict() == {A: 12.0, B: 0.0}
    assert table.attrs["left_out"] == ["__no_feature", "__ambiguous"]
    named = write(f"{A}\tX\t12\n{B}\tY\t0\n__no_feature\t\t5\n", "named")
    assert read_expression(named)["value"].tolist() == [12, 0]


def test_star_gives_unstranded_counts_by_default(write):
    path = write(f"N_unmapped\t9\t9\t9\nN_noFeature\t8\t8\t8\n{A}\t3\t1\t2\n")
    table = read_expression({"H1": path})
    assert table["H1"].to_dict() == {A: 3.0}
    assert table.attrs["left_out"] == ["N_unmapped", "N_noFeature"]
    assert read_expression(path, columns="reverse")["reverse"].tolist() == [2.0]


def test_transcripts_need_their_genes(write):
    path = write(SALMON)
    with pytest.raises(ValueError, match=r"transcripts, not genes .*ENST00000000011.*tx2gene="):
        read_expression(path)
    mapping = {"ENST00000000011": A, "ENST00000000012.3": A, "ENST00000000021": f"{B}.1"}
    assert read_expression(path, tx2gene=mapping)["TPM"].to_dict() == {A: 3.5, B: 0.25}
    frame = pd.DataFrame(
        {"transcript_id": ["ENST00000000011;ENST00000000012", "ENST00000000021"], "gene_id": [A, B]}
    )
    counts = read_expression({"H1": path}, tx2gene=frame, columns="NumReads")
    assert counts["H1"].to_dict() == {A: 30.0, B: 1.0}


def test_transcripts_go_to_the_genes_of_an_annotation(write):
    bed = "".join(
        f"9\t{name}\tchr1\t+\t{start}\t90\t9\t80\t1\t1,\t9,\t0\t{gene}\tcmpl\tcmpl\t0,\n"
        for name, start, gene in [
            ("ENST00000000011.1", 5, A),
            ("ENST00000000012.1", 5, A),
            ("ENST00000000021.1", 7, B),
        ]
    )
    annotation = read_genes(write(bed, "annotation"), tss="all", biotypes=None)
    table = read_expression(write(SALMON), tx2gene=annotation)
    assert table["TPM"].to_dict() == {A: 3.5, B: 0.25}


def test_salmon_on_gencode_sequences_keeps_the_whole_header(write):
    path = write(SALMON.replace("\t1657", f"|{A}.1|OTT|-|X-201|X|1657|pc|\t1657"))
    with pytest.warns(UserWarning, match=r"2 of 3 transcripts, 60\.00% of the expression, have no"):
        table = read_expression(path, tx2gene={"ENST00000000011": A})
    assert table["TPM"].to_dict() == {A: 1.5}


def test_bad_tx2gene_is_refused(write):
    path = write(SALMON)
    with pytest.raises(ValueError, match="none of its transcripts: the file names them ENST"):
        read_expression(path, tx2gene={"NM_1": "A"})
    with pytest.raises(ValueError, match="tx2gene has no column transcript_id"):
        read_expression(path, tx2gene=pd.DataFrame({"gene_id": [A]}))
    with pytest.raises(TypeError, match="tx2gene must be a mapping"):
        read_expression(path, tx2gene=[("NM_1", "A")])


def test_repeated_genes_are_refused_or_added_up(write):
    path = write(f"gene_id\tH1\n{A}.1\t1\n{B}\t5\n{A}.2\t2\n{A}_PAR_Y\t9\n")
    with pytest.raises(
        ValueError, match=f"has several rows of some genes .1.: {A}; pass duplicates='sum'"
    ):
        read_expression(path)
    table = read_expression(path, duplicates="sum")
    assert table["H1"].to_dict() == {A: 3.0, B: 5.0, f"{A}_PAR_Y": 9.0}
    kept = read_expression(path, strip_version=False)
    assert kept.index.tolist() == [f"{A}.1", B, f"{A}.2", f"{A}_PAR_Y"]


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("ENSG00000002586.20_PAR_Y", "ENSG00000002586_PAR_Y"),
        ("ENSG00000223972.5_2", "ENSG00000223972"),
        ("RP11-34P13.7", "RP11-34P13.7"),
    ],
)
def test_versions_of_ensembl_ids_alone_are_stripped(write, name, bare):
    assert read_expression(write(f"gene_id\tH1\n{name}\t1\n")).index.tolist() == [bare]


def test_several_files_are_put_side_by_side(write):
    first = write(f"{A}\t1\n{B}\t2\n__no_feature\t1\n", "first")
    second = write(f"{B}\t3\n{A}\t4\n__no_feature\t1\n", "second")
    table = read_expression({"H1": first, "K562": second})
    assert table.loc[A].to_dict() == {"H1": 1.0, "K562": 4.0}
    assert table.attrs["left_out"] == ["__no_feature"]
    third = write(f"{A}\t1\n{C}\t1\n", "third")
    message = rf"H1 and MSC have different genes: MSC lacks 1 \({B}\), H1 lacks 1 \({C}\)"
    with pytest.raises(ValueError, match=message):
        read_expression({"H1": first, "MSC": third})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"gene_id\tH1\n{A}\t1\n{B}\tNA\n{C}\tx\n",
            rf"column H1, gene {B}: 'NA' is not a number .and 1",
        ),
        (f"gene_id\tH1\n{A}\t1\n{B}\t\n", f"column H1, gene {B}: the value is missing"),
        (f"gene_id\tH1\n{A}\tinf\n", f"column H1, gene {A}: 'inf' is not a number"),
        (f"gene_id\tH1\n{A}\t1\n{B}\t-0.5\n", f"column H1, gene {B}: -0.5 is negative.*logarithm"),
        (
            f"gene_id\tnotes\tH1\n{A}\tgood\t1\n",
            "column notes.*'good' is not a number; if it is no",
        ),
        (f"gene_id\tH1\n{A}\t1\n{B}\t1\t2\n", "line 3: 3 columns where the table has 2"),
        (f"gene_id\tH1\n{A}\t1\t2\t3\n", "header names 2 columns, the first row has 4"),
        (f"gene_id\tH1\tH1\n{A}\t1\t2\n", "H1 names more than one column"),
        (f"gene_id\tgene_name\n{A}\tX\n", "no column of values beside the genes"),
        (f"{A}\t1\t2\n{B}\t1\t2\n", "has no header .*gene_id first, then the samples"),
        ("gene_id\tH1\n", "has a header and no row"),
        ("gene_id\tH1\n\t1\n", "row 1 below the header has no gene id: fill it in"),
        ("__no_feature\t1\n", "has no gene"),
        ("# nothing\n", "only comments"),
        (f"#1.2\n3\t1\nName\tDescription\tH1\n{A}\tX\t1\n", "says that it has 3 rows and has 1"),
        (f"#1.3\n1\t1\t0\t2\nName\tH1\n{A}\t1\n", "line 2: '1.*' where a GCT file of version 1.2"),
    ],
)
def test_bad_tables_are_refused(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_expression(write(text))


def test_the_gene_column_may_be_named(write):
    path = write(f"gene_id\tgene_name\tH1\n{A}\tX\t1\n")
    assert read_expression(path, gene_column="gene_name").index.tolist() == ["X"]
    with pytest.raises(ValueError, match="no column 'symbol' for the genes: name one of gene_id"):
        read_expression(path, gene_column="symbol")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duplicates": "mean"}, "duplicates must be 'error' or 'sum'"),
        ({"strip_version": None}, "strip_version must be True or False"),
        ({"columns": []}, "none was named"),
    ],
)
def test_bad_options_of_reading_are_refused(write, options, message):
    with pytest.raises(ValueError, match=message):
        read_expression(write(RSEM), **options)


def test_bad_sources_are_refused(write):
    with pytest.raises(
        TypeError, match="a path to a file, or a mapping of sample to path, got list"
    ):
        read_expression([write(RSEM)])
    with pytest.raises(ValueError, match="at least one sample"):
        read_expression({})
    with pytest.raises(ValueError, match="must be one name"):
        read_expression({"H1": write(RSEM)}, columns=["TPM"])
    with pytest.raises(FileNotFoundError, match=r"expression file 'none.tsv' does not exist"):
        read_expression("none.tsv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    values=st.lists(
        st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=3, max_size=3),
        min_size=1,
        max_size=8,
    ),
    separator=st.sampled_from("\t, "),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_read_values_are_the_written_ones(write, values, separator, end):
    rows = [["gene_id", "a", "b", "c"]]
    rows += [[f"gene{at}", *map(repr, row)] for at, row in enumerate(values)]
    table = read_expression(write("".join(separator.join(row) + end for row in rows)))
    np.testing.assert_allclose(table.to_numpy(), values, rtol=1e-15)
    assert table.index.tolist() == [f"gene{at}" for at in range(len(values))]
