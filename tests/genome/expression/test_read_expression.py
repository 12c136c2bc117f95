"""Expression tables as the field writes them."""

import itertools
import re

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


LONG = """\
Gene\tGene name\tTissue\tnTPM
ENSG00000000001\tTSPAN6\tliver\t20.5
ENSG00000000001\tTSPAN6\theart muscle\t4.5
ENSG00000000002\tTNMD\tliver\t0.0
ENSG00000000002\tTNMD\theart muscle\t9.0
"""
LONG_WIDE = {
    (A, "liver"): 20.5,
    (A, "heart muscle"): 4.5,
    (B, "liver"): 0.0,
    (B, "heart muscle"): 9,
}


def long_table(header, *order, separator="\t"):
    """Return the rows of LONG with another header and other columns."""
    rows = [line.split("\t") for line in LONG.splitlines()[1:]]
    rows = [[*row, "12", str(at % 2 + 1), "x"] for at, row in enumerate(rows)]
    lines = [header, *([row[at] for at in order] for row in rows)]
    return "".join(separator.join(line) + "\n" for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        long_table(["Gene", "Gene name", "Cell line", "TPM", "n"], 0, 1, 2, 3, 4),
        long_table(["gene", "sample", "value"], 0, 2, 3),
        long_table(["Tissue", "Gene", "nTPM"], 2, 0, 3),
        long_table(["gene_id", "what", "TPM"], 0, 2, 3),
        long_table(["Name", "Description", "tissue", "TPM", "study"], 0, 1, 2, 3, 6),
        long_table(["sample", "replicate", "gene", "count"], 2, 4, 0, 3),
        long_table(["Gene ID", "Cell type", "value"], 0, 2, 3, separator=","),
        "# from a portal\n# v23\n" + LONG,
    ],
)
@pytest.mark.parametrize("duplicates", ["error", "sum"])
def test_long_table_is_refused_with_the_line_that_makes_it_wide(write, text, duplicates):
    path = write(text)
    value = next(name for name in ("nTPM", "TPM", "value", "count") if name in text)
    for columns in (None, value, [value]):
        with pytest.raises(
            ValueError, match=r"is a long table, with a row for each gene"
        ) as caught:
            read_expression(path, columns=columns, duplicates=duplicates)
        assert "sum" not in str(caught.value)
        found = re.search(r"(pandas\.read_csv\(.*?\)), (table\.pivot\(.*?\))", str(caught.value))
        read, pivot = found.groups()
        table = eval(read, {"pandas": pd, "path": path})
        assert eval(pivot, {"table": table}).stack().to_dict() == LONG_WIDE
        wide = write(eval(pivot, {"table": table}).to_csv(), "wide")
        assert read_expression(wide).stack().to_dict() == LONG_WIDE


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (long_table(["gene", "donor", "value"], 0, 5, 3), '"donor"'),
        (long_table(["gene", "condition", "replicate", "value"], 0, 4, 5, 3), '"replicate"'),
        (
            "tracking_id\tcondition\treplicate\traw_frags\tFPKM\teffective_length\tstatus\n"
            + "".join(
                f"{gene}\t{state}\t{rep}\t9\t{at}.5\t-\tOK\n"
                for at, (gene, state, rep) in enumerate(itertools.product("AB", ["q1", "q2"], "01"))
            ),
            '["condition", "replicate"]',
        ),
        (
            '"gene" "tissue" "value"\n"1" "A" "x" 5\n"2" "A" "y" 6\n"3" "B" "x" 1\n"4" "B" "y" 2\n',
            '"tissue"',
        ),
    ],
)
def test_long_tables_are_recognised_by_numbers_and_several_columns(write, text, columns):
    with pytest.raises(ValueError, match="is a long table") as caught:
        read_expression(write(text))
    assert f"columns={columns}, values=" in str(caught.value)


def test_long_table_of_one_sample_is_read_by_the_name_of_its_values(write):
    text = "".join(line for line in LONG.splitlines(keepends=True) if "heart" not in line)
    assert read_expression(write(text), columns="nTPM")["nTPM"].to_dict() == {A: 20.5, B: 0.0}


def test_sums_are_advised_only_for_parts_of_genes(write):
    parts = f"transcript_id\tgene_id\tclass\tS1\tsample2\nT1\t{A}\tu\t1\t2\nT2\t{A}\tu\t3\t4\n"
    path = write(parts + f"T3\t{B}\tv\t5\t6\n")
    with pytest.raises(ValueError, match=r"several rows of some genes.*pass duplicates='sum'"):
        read_expression(path, columns=["S1", "sample2"])
    summed = read_expression(path, columns=["S1", "sample2"], duplicates="sum")
    assert summed["sample2"].to_dict() == {A: 6.0, B: 6.0}
    apart = write(f"gene_id\tassay\tH1\n{A}\told\t1\n{A}\tnew\t2\n{B}\told\t3\n{C}\told\t4\n")
    with pytest.raises(ValueError, match="they differ in column assay: keep the rows of one assay"):
        read_expression(apart, columns="H1")
    equal = write(f"gene_id\tTranscript stable ID\tH1\n{A}\tT1\t7\n{A}\tT2\t7\n{B}\tT3\t3\n")
    with pytest.raises(ValueError, match="their values are equal: keep one row of each"):
        read_expression(equal)


BIOMART = [
    "Gene start (bp)",
    "Gene end (bp)",
    "Transcription start site (TSS)",
    "Gene % GC content",
]


@pytest.mark.parametrize(
    "beside",
    [
        BIOMART,
        ["Chromosome/scaffold name", "Strand", "NCBI gene (formerly Entrezgene) ID", "Gene type"],
        ["Gene.start..bp.", "Gene.end..bp.", "Gene...GC.content", "Transcript length"],
        ["Transcript length (including UTRs and CDS)", "Version (gene)", "5' UTR start"],
        ["seqnames", "start", "end", "width", "strand"],
        ["chrom", "txStart", "txEnd", "cdsStart", "cdsEnd", "geneLength"],
        ["chromosome number", "TSS", "gene_start", "gene_end", "length_kb"],
        ["EntrezGeneID", "Entrez_Gene_Id", "Hugo_Symbol", "gene_biotype", "efflength"],
        ["start_hg19", "end_hg19", "distance to TSS", "percent GC content"],
        ["baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"],
        ["logFC", "logCPM", "F", "LR", "PValue", "FDR"],
        ["logFC", "AveExpr", "t", "P.Value", "adj.P.Val", "B"],
        ["log2FC_a_vs_b", "p_value", "q_value", "significant"],
    ],
)
def test_columns_that_describe_genes_and_tests_are_no_samples(write, beside):
    names = ["Gene stable ID", *beside, "H1", "sample1", "B_cell"]
    rows = (["gene", *["7"] * len(beside), "5.5", "2", "3"], [B, *["8"] * len(names[1:])])
    path = write("".join("\t".join(row) + "\n" for row in (names, *rows)))
    table = read_expression(path)
    assert table.columns.tolist() == ["H1", "sample1", "B_cell"]
    assert table.attrs["columns_left_out"] == beside
    named = read_expression(path, columns=beside[0])
    assert named.columns.tolist() == beside[:1]


@pytest.mark.parametrize(
    "samples",
    [
        ["B", "T", "F", "LR"],
        ["ID_1", "ID_3", "ID_5"],
        ["FC", "stat", "sample1", "value1"],
        ["count"],
        ["gene_count"],
        ["TSPAN_end_rep1", "mean_0h", "tumor_adj", "N"],
        ["mean"],
    ],
)
def test_samples_keep_names_that_resemble_other_columns(write, samples):
    text = "\t".join(["gene_id", *samples]) + f"\n{A}" + "\t1" * len(samples) + "\n"
    assert read_expression(write(text)).columns.tolist() == samples


@pytest.mark.parametrize("doubtful", ["mean", "median_tpm", "exonCount", "GC", "total", "n_exons"])
def test_columns_that_may_not_be_samples_must_be_named(write, doubtful):
    path = write(f"gene_id\tH1\t{doubtful}\n{A}\t1\t2\n")
    with pytest.raises(ValueError, match=f"{doubtful} may be summaries .*columns=.*H1"):
        read_expression(path)
    assert read_expression(path, columns=["H1", doubtful]).loc[A].tolist() == [1, 2]


@pytest.mark.parametrize(
    "header",
    [
        "baseMean\tlog2FoldChange\tlfcSE\tstat\tpvalue\tpadj",
        "logFC\tAveExpr\tt\tP.Value\tadj.P.Val\tB",
        "sample_1\tvalue_1\tvalue_2\tlog2(fold_change)\ttest_stat\tp_value",
    ],
)
def test_results_of_tests_are_refused(write, header):
    path = write(f"gene_id\t{header}\n{A}\t7\t1\t1\t1\t1\t0.5\n")
    with pytest.raises(
        ValueError, match=r"no column of values.*the result of a test is not expres"
    ):
        read_expression(path)


CUFFLINKS = (
    "tracking_id\tclass_code\tnearest_ref_id\tgene_id\tgene_short_name\ttss_id\tlocus\tlength\t"
    "coverage\tFPKM\tFPKM_conf_lo\tFPKM_conf_hi\tFPKM_status\n"
)


def tracking(*genes):
    """Return a table of Cufflinks with genes given as (transcript, gene, FPKM, status)."""
    return CUFFLINKS + "".join(
        f"{name}\t-\t-\t{gene}\t-\t-\tchr1:0-9\t-\t-\t{fpkm}\t0\t9\t{status}\n"
        for name, gene, fpkm, status in genes
    )


def test_genes_that_cufflinks_did_not_quantify_are_left_out_and_named(write):
    states = ["OK", "HIDATA", "FAIL", "LOWDATA", "OK"]
    values = [5.5, 0, 0, 0.2, 0]
    genes = [
        (f"G{at}", f"G{at}", *row) for at, row in enumerate(zip(values, states, strict=True), 1)
    ]
    path = write(tracking(*genes))
    with pytest.warns(
        UserWarning, match=r"left out.*G2 \(FPKM HIDATA\), G3 \(FPKM FAIL\)"
    ) as caught:
        table = read_expression(path)
    assert caught[0].filename == __file__
    assert table["FPKM"].to_dict() == {"G1": 5.5, "G4": 0.2, "G5": 0.0}
    assert table.attrs["left_out"] == ["G2", "G3"]
    other = write(tracking(*[(*gene[:2], 1.0, "OK") for gene in genes]), "other")
    with pytest.warns(UserWarning, match="G2"):
        both = read_expression({"a": path, "b": other})
    assert both.index.tolist() == ["G1", "G4", "G5"]
    assert both["b"].tolist() == [1.0, 1.0, 1.0]
    assert read_expression(other).index.tolist() == ["G1", "G2", "G3", "G4", "G5"]


def test_gene_with_a_transcript_that_was_not_quantified_is_left_out(write):
    rows = [
        ("T1", A, 1.0, "OK"),
        ("T2", A, 0.0, "HIDATA"),
        ("T3", B, 2.0, "OK"),
        ("T4", B, 1, "OK"),
    ]
    path = write(tracking(*rows))
    mapping = {"T1": A, "T2": A, "T3": B, "T4": B}
    for options in ({"duplicates": "sum"}, {"gene_column": "tracking_id", "tx2gene": mapping}):
        with pytest.warns(UserWarning, match=f"{A} .FPKM HIDATA"):
            assert read_expression(path, **options)["FPKM"].to_dict() == {B: 3.0}


@pytest.mark.parametrize("what", ["FPKM", "count"])
def test_cuffdiff_gives_a_column_of_each_condition_and_its_status_counts(write, what):
    path = write(
        f"tracking_id\tclass_code\tgene_id\tlocus\tq1_{what}\tq1_conf_lo\tq1_status\tq1_x_{what}\t"
        f"q1_x_conf_lo\tq1_x_status\nX1\t-\t{A}\tchr1:0-9\t1.5\t1\tOK\t2.5\t2\tLOWDATA\n"
        f"X2\t-\t{B}\tchr1:0-9\t0\t0\tHIDATA\t3\t2\tOK\nX3\t-\t{C}\tchr1:0-9\t0\t0\tOK\t0\t0\tFAIL\n"
    )
    with pytest.warns(
        UserWarning, match=rf"{B} \(q1_{what} HIDATA\), {C} \(q1_x_{what} FAIL\)|{C}"
    ):
        table = read_expression(path)
    assert table.to_dict("index") == {A: {f"q1_{what}": 1.5, f"q1_x_{what}": 2.5}}
    with pytest.warns(UserWarning, match=rf"\(1\): {B}"):
        assert read_expression(path, columns=f"q1_{what}").index.tolist() == [A, C]


@pytest.mark.parametrize(
    "text",
    [
        "Status\ta.bam\tb.bam\nAssigned\t9\t8\nUnassigned_Ambiguity\t1\t0\n",
        "Status\ta.bam\nUnassigned_Unmapped\t9\nAssigned\t9\n",
    ],
)
def test_summaries_of_featurecounts_are_refused(write, text):
    with pytest.raises(ValueError, match=r"featureCounts' summary of reads.*lacks \.summary"):
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
    # pandas before 3 errs in the last digits of a number
    np.testing.assert_allclose(table.to_numpy(), values, rtol=1e-14)
    assert table.index.tolist() == [f"gene{at}" for at in range(len(values))]
