"""Gene tables from annotations: every format gives the same genes, and every loss is reported."""

import gzip
import re
import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skchromo.genome import check_genes, join_expression, read_expression, read_genes

GENCODE = """\
##description: evidence-based annotation of the human genome (GRCh38)
##provider: GENCODE
chr1	HAVANA	gene	1001	9000	.	+	.	gene_id "ENSG00000000001.15"; \
gene_type "protein_coding"; gene_name "PLUS"; level 2;
chr1	HAVANA	transcript	1001	9000	.	+	.	gene_id "ENSG00000000001.15"; \
transcript_id "ENST00000000011.2"; gene_type "protein_coding"; gene_name "PLUS"; tag "basic";
chr1	HAVANA	exon	1001	1100	.	+	.	gene_id "ENSG00000000001.15"; \
transcript_id "ENST00000000011.2"; gene_type "protein_coding"; gene_name "PLUS"; exon_number 1;
chr1	HAVANA	transcript	2001	9000	.	+	.	gene_id "ENSG00000000001.15"; \
transcript_id "ENST00000000012.7"; gene_type "protein_coding"; gene_name "PLUS"; tag "basic"; \
tag "Ensembl_canonical"; tag "MANE_Select";
chr1	HAVANA	transcript	1501	9000	.	+	.	gene_id "ENSG00000000001.15"; \
transcript_id "ENST00000000013.1"; gene_type "protein_coding"; gene_name "PLUS"; \
tag "appris_principal_1";
chrX	HAVANA	gene	501	800	.	-	.	gene_id "ENSG00000000002.3"; \
gene_type "protein_coding"; gene_name "MINUS";
chrX	HAVANA	transcript	501	700	.	-	.	gene_id "ENSG00000000002.3"; \
transcript_id "ENST00000000021.1"; gene_type "protein_coding"; gene_name "MINUS"; \
tag "appris_principal_2";
chrX	HAVANA	transcript	501	800	.	-	.	gene_id "ENSG00000000002.3"; \
transcript_id "ENST00000000022.1"; gene_type "protein_coding"; gene_name "MINUS";
chrX	HAVANA	transcript	601	700	.	-	.	gene_id "ENSG00000000002.3"; \
transcript_id "ENST00000000023.1"; gene_type "protein_coding"; gene_name "MINUS";
chrY	HAVANA	gene	501	800	.	-	.	gene_id "ENSG00000000002.3_PAR_Y"; \
gene_type "protein_coding"; gene_name "MINUS";
chrY	HAVANA	transcript	501	800	.	-	.	gene_id "ENSG00000000002.3_PAR_Y"; \
transcript_id "ENST00000000021.1_PAR_Y"; gene_type "protein_coding"; gene_name "MINUS";
chr2	HAVANA	gene	1	90	.	+	.	gene_id "ENSG00000000003.1"; gene_type "lncRNA"; \
gene_name "RP11-34P13.7";
"""

ENSEMBL_GFF3 = """\
##gff-version 3
##sequence-region   1 1 248956422
1	Ensembl	chromosome	1	248956422	.	.	.	ID=chromosome:1;Alias=CM000663.2
1	ensembl_havana	gene	1001	9000	.	+	.	ID=gene:ENSG00000000001;Name=PLUS;\
biotype=protein_coding;description=a%3Bb;gene_id=ENSG00000000001;version=15
1	ensembl_havana	mRNA	1001	9000	.	+	.	ID=transcript:ENST00000000011;\
Parent=gene:ENSG00000000001;biotype=protein_coding;tag=basic;transcript_id=ENST00000000011
1	havana	exon	1001	1100	.	+	.	Parent=transcript:ENST00000000011;Name=ENSE1
1	ensembl_havana	mRNA	2001	9000	.	+	.	ID=transcript:ENST00000000012;\
Parent=gene:ENSG00000000001;biotype=protein_coding;tag=basic,Ensembl_canonical;\
transcript_id=ENST00000000012
###
1	havana	ncRNA_gene	201	300	.	-	.	ID=gene:ENSG00000000003;biotype=lncRNA;\
gene_id=ENSG00000000003
1	havana	lnc_RNA	201	290	.	-	.	ID=transcript:ENST00000000031;\
Parent=gene:ENSG00000000003;biotype=lncRNA;transcript_id=ENST00000000031
##FASTA
>1
ACGT
"""

REFSEQ_GFF3 = """\
##gff-version 3
#!processor NCBI annotwriter
NC_000001.11	RefSeq	region	1	248956422	.	+	.	ID=NC_000001.11:1..248956422;Name=1
NC_000001.11	BestRefSeq	gene	65419	71585	.	+	.	ID=gene-OR4F5;Dbxref=GeneID:79501;\
Name=OR4F5;gbkey=Gene;gene=OR4F5;gene_biotype=protein_coding
NC_000001.11	BestRefSeq	mRNA	65419	71585	.	+	.	ID=rna-NM_001005484.2;\
Parent=gene-OR4F5;gbkey=mRNA;gene=OR4F5;tag=MANE Select;transcript_id=NM_001005484.2
NC_000001.11	BestRefSeq	exon	65419	65433	.	+	.	ID=exon-NM_001005484.2-1;\
Parent=rna-NM_001005484.2;gene=OR4F5
NC_000001.11	BestRefSeq	gene	17369	17436	.	-	.	ID=gene-MIR6859-1;Name=MIR6859-1;\
gene=MIR6859-1;gene_biotype=miRNA
NC_000001.11	BestRefSeq	primary_transcript	17369	17436	.	-	.	ID=rna-NR_106918.1;\
Parent=gene-MIR6859-1;gene=MIR6859-1;transcript_id=NR_106918.1
NC_000001.11	BestRefSeq	miRNA	17369	17391	.	-	.	ID=rna-MIR6859-1;\
Parent=rna-NR_106918.1;gene=MIR6859-1
NC_000023.11	BestRefSeq	gene	624344	659411	.	+	.	ID=gene-SHOX;gene=SHOX;\
gene_biotype=protein_coding
NC_000024.10	BestRefSeq	gene	624344	659411	.	+	.	ID=gene-SHOX-2;gene=SHOX;\
gene_biotype=protein_coding
NC_012920.1	RefSeq	gene	3307	4262	.	+	.	ID=gene-ND1;gene=ND1;\
gene_biotype=protein_coding
NC_012920.1	RefSeq	CDS	3307	4262	.	+	0	ID=cds-YP_1;Parent=gene-ND1;gene=ND1
"""

REFGENE = """\
585 NM_1 chr1 + 1000 9000 1200 8000 2 1000,8000, 1200,9000, 0 PLUS cmpl cmpl 0,1,
585 NM_2 chr1 + 2000 9000 2200 8000 1 2000, 9000, 0 PLUS cmpl cmpl 0,
590 NR_3 chrX - 500 800 800 800 1 500, 800, 0 MINUS unk unk -1,
""".replace(" ", "\t")
HEADER = (
    "#bin\tname\tchrom\tstrand\ttxStart\ttxEnd\tcdsStart\tcdsEnd\texonCount\texonStarts\t"
    "exonEnds\tscore\tname2\tcdsStartStat\tcdsEndStat\texonFrames\n"
)


def places(table):
    return table.set_index("gene_id")[["chrom", "tss", "strand"]].to_dict("index")


def test_gencode_gives_the_mane_transcript_without_versions(write):
    genes = read_genes(write(GENCODE))
    assert genes.columns.tolist() == [
        *("gene_id", "chrom", "tss", "strand", "gene_name", "biotype", "transcript_id")
    ]
    assert genes["gene_id"].tolist() == [
        "ENSG00000000001",
        "ENSG00000000002",
        "ENSG00000000002_PAR_Y",
    ]
    # MANE Select at 2001; the APPRIS transcript on the reverse strand ends at 700
    assert genes["tss"].tolist() == [2000, 699, 799]
    assert genes["transcript_id"].tolist()[:2] == ["ENST00000000012", "ENST00000000021"]
    assert check_genes(genes)["tss"].tolist() == [2000, 699, 799]


def test_most_5prime_ignores_tags(write):
    assert read_genes(write(GENCODE), tss="most_5prime")["tss"].tolist() == [1000, 799, 799]


def test_all_gives_a_row_for_each_distinct_tss(write):
    genes = read_genes(write(GENCODE), tss="all", chroms=["chr1", "chrX"])
    assert genes["tss"].tolist() == [1000, 1500, 2000, 799, 699]
    assert genes["transcript_id"].tolist()[-1] == "ENST00000000021;ENST00000000023"
    assert genes.index.tolist() == [0, 1, 2, 3, 4]


def test_biotypes_are_chosen_as_spelled(write):
    path = write(GENCODE)
    assert len(read_genes(path, biotypes=None)) == 4
    chosen = read_genes(path, biotypes="lncRNA")
    # a gene without transcripts stands where its own line says
    assert places(chosen) == {"ENSG00000000003": {"chrom": "chr2", "tss": 0, "strand": "+"}}
    assert chosen["gene_name"].tolist() == ["RP11-34P13.7"]
    with pytest.raises(ValueError, match=r"no gene that is mRNA: .*protein_coding \(3\), lncRNA"):
        read_genes(path, biotypes=["lncRNA", "mRNA"])


def test_versions_are_kept_on_request(write):
    genes = read_genes(write(GENCODE), strip_version=False)
    assert genes["gene_id"].tolist()[0] == "ENSG00000000001.15"
    assert genes["gene_id"].tolist()[2] == "ENSG00000000002.3_PAR_Y"


def test_two_versions_of_one_id_are_refused(write):
    path = write(GENCODE.replace("ENSG00000000002.3_PAR_Y", "ENSG00000000001.16"))
    with pytest.raises(ValueError, match=r"ENSG00000000001\.15, ENSG00000000001\.16 differ in"):
        read_genes(path)


def test_gencode_gff3_copy_on_y_is_a_gene_of_its_own(write):
    line = "{c}\tHAVANA\tgene\t11\t20\t.\t+\t.\tID=ENSG00000000002.3{y};gene_id=ENSG00000000002.3"
    text = "\n".join(
        f"{line.format(c=chrom, y=mark)};gene_type=protein_coding;gene_name=A"
        for chrom, mark in (("chrX", ""), ("chrY", "_PAR_Y"))
    )
    genes = read_genes(write(f"##gff-version 3\n{text}\n"))
    assert genes["gene_id"].tolist() == ["ENSG00000000002", "ENSG00000000002_PAR_Y"]


def test_ensembl_gff3_is_read(write):
    genes = read_genes(write(ENSEMBL_GFF3), biotypes=None)
    assert places(genes) == {
        "ENSG00000000001": {"chrom": "1", "tss": 2000, "strand": "+"},
        "ENSG00000000003": {"chrom": "1", "tss": 289, "strand": "-"},
    }
    assert genes["biotype"].tolist() == ["protein_coding", "lncRNA"]
    assert genes["gene_name"].isna().tolist() == [False, True]


GENE = "chr1\tmade\tgene\t1001\t9000\t.\t{strand}\t.\tID=g1;Name=ALPHA;biotype=protein_coding\n"


def gff3(*below, strand="+"):
    """Return a gene at 1001-9000 and records below it, each (kind, start, end, attributes)."""
    records = (
        f"chr1\tmade\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{about}\n"
        for kind, start, end, about in below
    )
    return "##gff-version 3\n" + GENE.format(strand=strand) + "".join(records)


MRNA = ("mRNA", 2001, 9000, "ID=t1;Parent=g1")


@pytest.mark.parametrize(
    "kind",
    [
        *("TF_binding_site", "enhancer", "promoter", "SNV", "polyA_site", "regulatory_region"),
        *("transposable_element", "TSS", "polypeptide", "miRNA_target_site", "transcript_region"),
        *("sequence_alteration", "operon", "CpG_island", "origin_of_replication"),
    ],
)
@pytest.mark.parametrize("strand", "+-")
def test_gff3_features_below_a_gene_that_are_not_transcripts_set_no_tss(write, kind, strand):
    first = (kind, 1001, 1012, "ID=f1;Parent=g1")
    last = (kind, 8990, 9000, "ID=f2;Parent=g1,t1")
    mrna = ("mRNA", 2001, 8000, "ID=t1;Parent=g1")
    genes = read_genes(write(gff3(first, mrna, last, strand=strand)), tss="all")
    assert genes["tss"].tolist() == [2000 if strand == "+" else 7999]
    assert genes["transcript_id"].tolist() == ["t1"]
    alone = read_genes(write(gff3(("CDS", 2001, 3000, "Parent=g1"), last, strand=strand)))
    assert alone["tss"].tolist() == [1000 if strand == "+" else 8999]


@pytest.mark.parametrize(
    "kind",
    [
        *("transcript", "lnc_RNA", "lncRNA", "ncRNA", "tRNA", "rRNA", "snoRNA", "snRNA", "scRNA"),
        *("miRNA", "pre_miRNA", "SRP_RNA", "RNase_P_RNA", "RNase_MRP_RNA", "Y_RNA", "vault_RNA"),
        *("telomerase_RNA", "antisense_RNA", "guide_RNA", "piRNA", "circular_ncRNA", "lincRNA"),
        *("primary_transcript", "pseudogenic_transcript", "nc_primary_transcript", "scaRNA"),
        *("unconfirmed_transcript", "pseudogenic_tRNA", "three_prime_overlapping_ncrna"),
        *("C_gene_segment", "D_gene_segment", "J_gene_segment", "V_gene_segment"),
        *("NMD_transcript_variant", "mRNA_TE_gene", "pseudogene", "ribozyme"),
    ],
)
def test_gff3_transcripts_of_every_kind_set_the_tss(write, kind):
    genes = read_genes(write(gff3((kind, 2001, 9000, "ID=t1;Parent=g1"))))
    assert genes[["tss", "transcript_id"]].to_numpy().tolist() == [[2000, "t1"]]


@pytest.mark.parametrize("part", ["exon", "CDS", "pseudogenic_exon"])
def test_gff3_unknown_kind_is_a_transcript_if_it_has_exons(write, part):
    below = (part, 2001, 2100, "ID=e1;Parent=tx,t1"), ("made_up", 2001, 9000, "ID=t1;Parent=g1")
    assert read_genes(write(gff3(*below)))["tss"].tolist() == [2000]
    assert read_genes(write(gff3(below[1])))["tss"].tolist() == [1000]


def test_gff3_children_may_come_first_and_have_several_parents(write):
    lines = gff3(MRNA, ("lnc_RNA", 1501, 9000, "ID=t2;Parent=g2,g1")).splitlines(keepends=True)
    gene2 = "chr1\tmade\tgene\t1001\t9000\t.\t+\t.\tID=g2;Parent=operon1;gene_biotype=lncRNA\n"
    path = write("".join([lines[0], *lines[2:], lines[1], gene2]))
    genes = read_genes(path, biotypes=None, tss="all")
    assert genes[["gene_id", "tss"]].to_numpy().tolist() == [
        ["g1", 1500],
        ["g1", 2000],
        ["g2", 1500],
    ]


def test_gff3_without_biotypes_has_coding_genes_by_their_coding_sequences(write):
    gene = "chr1\tx\tgene\t1\t900\t.\t+\t.\tID={0}\n"
    text = gene.format("A") + gene.format("B") + "chr1\tx\tCDS\t1\t900\t.\t+\t0\tParent=B\n"
    genes = read_genes(write("##gff-version 3\n" + text), biotypes=None)
    assert genes["biotype"].tolist() == ["non_coding", "protein_coding"]


@pytest.mark.parametrize("start", ["##FASTA\n>2L\n", ">2L\n", ">2L assembled\n"])
def test_gff3_sequence_ends_the_records(write, start):
    path = write(gff3(MRNA) + start + "ACGTACGTAC\nACGT\n")
    assert read_genes(path)["tss"].tolist() == [2000]


def test_gtf_features_that_are_not_transcripts_set_no_tss(write):
    about = 'gene_id "A"; transcript_id "T"; gene_biotype "protein_coding";'
    rows = [("enhancer", 1, 9), ("transcript", 101, 900), ("polyA_site", 890, 900)]
    text = "".join(f"chr1\tx\t{kind}\t{a}\t{b}\t.\t+\t.\t{about}\n" for kind, a, b in rows)
    assert read_genes(write(text), tss="all")["tss"].tolist() == [100]


@pytest.mark.parametrize(
    ("gene", "transcript", "bare"),
    [
        ("Gene:WBGene00009001", "Transcript:Z1.1a", ("WBGene00009001", "Z1.1a")),
        ("gene:AT1G01010", "transcript:AT1G01010.1", ("AT1G01010", "AT1G01010.1")),
        ("gene-LOC100", "rna-NM_1.2", ("LOC100", "NM_1")),
        ("Pseudogene:B0001.2", "mRNA:b", ("B0001.2", "b")),
        ("GeneID:7157", "rna-7", ("7157", "rna-7")),
        ("gene:ENSG00000000001.15", "t", ("ENSG00000000001", "t")),
        ("gene-1", "t", ("gene-1", "t")),
        ("GENE:", "t", ("GENE:", "t")),
    ],
)
def test_prefixes_of_ids_are_removed_as_versions_are(write, gene, transcript, bare):
    mrna = ("mRNA", 2001, 9000, f"ID={transcript};Parent={gene}")
    path = write(gff3(mrna).replace("ID=g1", f"ID={gene}"))
    assert read_genes(path)[["gene_id", "transcript_id"]].to_numpy().tolist() == [list(bare)]
    kept = read_genes(path, strip_version=False)
    assert kept[["gene_id", "transcript_id"]].to_numpy().tolist() == [[gene, transcript]]
    tpm = read_expression(write(f"gene_id\tH1\n{gene}\t12.5\n", "tpm"))
    assert join_expression(read_genes(path), tpm)["expression"].tolist() == [12.5]


def test_ids_that_differ_in_their_prefix_alone_are_refused(write):
    text = gff3() + GENE.format(strand="+").replace("g1", "gene:g1")
    with pytest.raises(ValueError, match="g1, gene:g1 differ in their versions or prefixes"):
        read_genes(write(text))
    assert len(read_genes(write(text), strip_version=False)) == 2


@pytest.mark.parametrize(
    "names",
    [
        ("ENST00000000101.2", "ENST00000000102.1", "ENST00000000201.4"),
        ("ENSMUST00000000101", "ENSMUST00000000102", "A"),
        ("NM_1.2", "NM_1.2_dup1", "XR_3.1"),
        ("uc001aaa.3", "uc010nxq.1", "uc031tla.1"),
        ("FBtr0070000", "FBtr0070001", "FBtr0070002"),
        ("Y74C9A.3.1", "Y74C9A.2a.1", "F56C11.1a"),
        ("AT1G01010.1", "AT1G01020.1", "AT1G01020.2"),
        ("Zm00001eb000010_T001", "Zm00001eb000020_T001", "Zm00001eb000020_T002"),
        ("TP53-201", "TP53-202", "HLA-DRB1-201"),
        ("STRG.1.1", "STRG.1.2", "STRG.2.1"),
    ],
)
def test_bed_of_transcripts_is_reported(write, names):
    rows = (f"chr1\t{at}00\t{at}90\t{name}\t0\t+\n" for at, name in enumerate(names, 1))
    path = write("".join(rows))
    with pytest.warns(UserWarning, match="gives each gene the name of its transcript"):
        assert len(read_genes(path)) == len(names)


@pytest.mark.parametrize(
    "names",
    [
        ("RP11-34P13.7", "RP11-34P13.8", "AC012345.1"),
        ("WBGene00000001", "Y74C9A.3", "B0001.1"),
        ("AT1G01010", "AT1G01020", "AT1G01030"),
        ("HLA-A", "MIR-1", "NKX2-1"),
    ],
)
def test_bed_of_genes_gives_no_warning(write, names):
    rows = (f"chr1\t{at}00\t{at}90\t{name}\t0\t+\n" for at, name in enumerate(names, 1))
    assert read_genes(write("".join(rows)))["gene_id"].tolist() == list(names)


def test_refseq_gff3_gives_symbols_and_keeps_x_before_y(write):
    path = write(REFSEQ_GFF3)
    with pytest.warns(UserWarning, match="genes at several places .1.;.*SHOX on NC_000023.11, "):
        genes = read_genes(path)
    assert genes["gene_id"].tolist() == ["OR4F5", "SHOX", "ND1"]
    assert genes["chrom"].tolist() == ["NC_000001.11", "NC_000023.11", "NC_012920.1"]
    assert genes["tss"].tolist() == [65418, 624343, 3306]
    micro = read_genes(path, biotypes="miRNA")
    assert micro["transcript_id"].tolist() == ["NR_106918"]


def test_refseq_gtf_has_biotypes_at_its_genes_alone(write):
    gtf = (
        "#gtf-version 2.2\n"
        'NC_000001.11\tBestRefSeq\tgene\t65419\t71585\t.\t+\t.\tgene_id "OR4F5"; '
        'transcript_id ""; db_xref "GeneID:79501"; description "olfactory; family 4"; '
        'gene "OR4F5"; gene_biotype "protein_coding";\n'
        'NC_000001.11\tBestRefSeq\ttranscript\t65419\t71585\t.\t+\t.\tgene_id "OR4F5"; '
        'transcript_id "NM_1.1"; gbkey "mRNA";\n'
        'NC_000001.11\tBestRefSeq\ttranscript\t65500\t71585\t.\t+\t.\tgene_id "OR4F5"; '
        'transcript_id "NM_1.2"; gbkey "mRNA"; tag "MANE Select"; note "a; b";\n'
    )
    genes = read_genes(write(gtf))
    assert genes["tss"].tolist() == [65499]
    assert genes["biotype"].tolist() == ["protein_coding"]


def test_chromosomes_are_renamed_then_chosen(write):
    names = {"NC_000001.11": "chr1", "NC_000023.11": "chrX", "NC_000002.12": "chr2"}
    genes = read_genes(write(REFSEQ_GFF3), rename_chroms=names, chroms=["chr1", "chrX"])
    assert places(genes)["SHOX"] == {"chrom": "chrX", "tss": 624343, "strand": "+"}
    assert genes["chrom"].tolist() == ["chr1", "chrX"]


@pytest.mark.parametrize("header", ["", HEADER, HEADER.removeprefix("#")])
@pytest.mark.parametrize("has_bin", [True, False])
def test_genepred_is_read_with_and_without_bin_and_header(write, header, has_bin):
    rows = header + REFGENE
    if not has_bin:
        first = "#" if header.startswith("#") else ""
        rows = first + "".join(line.partition("\t")[2] for line in rows.splitlines(keepends=True))
        rows = rows.removeprefix("#") if not header.startswith("#") else rows
    genes = read_genes(write(rows), biotypes=None, tss="all")
    assert genes["gene_id"].tolist() == ["PLUS", "PLUS", "MINUS"]
    assert genes["tss"].tolist() == [1000, 2000, 799]
    assert genes["biotype"].tolist() == ["protein_coding", "protein_coding", "non_coding"]


def test_genepred_has_biotypes_by_coding_sequence(write):
    assert read_genes(write(REFGENE))["gene_id"].tolist() == ["PLUS"]
    assert read_genes(write(REFGENE), biotypes="non_coding")["gene_id"].tolist() == ["MINUS"]


def test_refflat_is_read(write):
    flat = "".join(
        "\t".join([fields[12], *fields[1:11]]) + "\n"
        for fields in (line.split("\t") for line in REFGENE.splitlines())
    )
    assert read_genes(write(flat), biotypes=None)["gene_id"].tolist() == ["PLUS", "MINUS"]


def test_knowngene_without_genes_is_reported(write):
    known = "".join(
        "\t".join([*line.split("\t")[1:11], "P1", line.split("\t")[1]]) + "\n"
        for line in REFGENE.splitlines()
    )
    with pytest.warns(UserWarning, match="gives each gene the name of its transcript"):
        genes = read_genes(write(known))
    assert genes["gene_id"].tolist() == ["NM_1", "NM_2"]


def test_copies_on_contigs_are_reported(write):
    rows = [
        line.replace("chr1", chrom)
        for chrom in ("chr1_KI270706v1_random", "chr6_apd_hap1", "chr1")
        for line in REFGENE.splitlines()[:2]
    ]
    path = write("\n".join(rows) + "\n")
    with pytest.warns(UserWarning, match="PLUS on chr1, chr1_KI270706v1_random, chr6_apd_hap1"):
        genes = read_genes(path)
    assert genes["chrom"].tolist() == ["chr1"]
    assert read_genes(path, chroms="chr6_apd_hap1")["chrom"].tolist() == ["chr6_apd_hap1"]


@pytest.mark.parametrize(
    ("second", "n_tss"),
    [
        ("chr1\t5000\t6000\tA\t0\t+", 2),
        ("chr1\t1001100\t1006000\tA\t0\t+", 2),
        ("chr1\t1001101\t1006000\tA\t0\t+", 1),
        ("chr1\t5000\t6000\tA\t0\t-", 1),
        ("chr2\t5000\t6000\tA\t0\t+", 1),
        ("chr1\t100\t6000\tA\t0\t+", 1),
    ],
)
def test_transcripts_near_one_another_are_one_locus(write, second, n_tss):
    path = write(f"chr1\t100\t1100\tA\t0\t+\n{second}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        genes = read_genes(path, tss="all")
    assert len(genes) == n_tss
    assert genes["tss"].tolist()[0] == 100


def test_bed_gives_every_gene(write):
    bed = "track name=genes\nbrowser position chr1\nchr1 10 20 A 0 + 10 20\nchr1 10 20 B . -\n\n"
    genes = read_genes(write(bed))
    assert places(genes) == {
        "A": {"chrom": "chr1", "tss": 10, "strand": "+"},
        "B": {"chrom": "chr1", "tss": 19, "strand": "-"},
    }
    with pytest.raises(ValueError, match=r"has no biotypes of its genes.*biotypes=None"):
        read_genes(write(bed), biotypes="protein_coding")


def test_gtf_without_biotypes_has_them_by_coding_sequence(write):
    gtf = (
        'chr1\tncbiRefSeq\ttranscript\t11\t90\t.\t+\t.\tgene_id "A"; transcript_id "NM_1.2";\n'
        'chr1\tncbiRefSeq\tCDS\t21\t80\t.\t+\t0\tgene_id "A"; transcript_id "NM_1.2";\n'
        'chr1\tncbiRefSeq\ttranscript\t11\t90\t.\t-\t.\tgene_id "B"; transcript_id "NR_2.2";\n'
    )
    assert read_genes(write(gtf))["gene_id"].tolist() == ["A"]
    assert read_genes(write(gtf), biotypes=None)["biotype"].tolist() == [
        "protein_coding",
        "non_coding",
    ]


def test_gtf_without_coding_sequences_gives_all_genes(write):
    gtf = (
        'chr1\tStringTie\ttranscript\t11\t90\t1\t+\t.\tgene_id "S.1"; transcript_id "S.1.1";\n'
        'chr1\tStringTie\ttranscript\t11\t90\t1\t.\t.\tgene_id "S.2"; transcript_id "S.2.1";\n'
    )
    with (
        pytest.warns(UserWarning, match="genes without a strand.* .1.: S.2"),
        pytest.warns(UserWarning, match="all 1 genes are kept"),
    ):
        genes = read_genes(write(gtf))
    assert genes["gene_id"].tolist() == ["S.1"]


def test_genes_of_unknown_biotype_are_reported(write):
    path = write(GENCODE.replace('gene_type "lncRNA"; ', ""))
    with pytest.warns(
        UserWarning, match="genes without a biotype are left out .1.: ENSG00000000003"
    ):
        assert len(read_genes(path)) == 3


def test_transcripts_are_put_together_from_exons(write):
    gtf = "".join(
        f'chr1\tunknown\texon\t{start}\t{end}\t.\t-\t.\tgene_id "A"; transcript_id "{name}"; '
        'gene_name "A"; gene_biotype "protein_coding";\n'
        for start, end, name in [(11, 20, "T1"), (31, 90, "T1"), (51, 95, "T2")]
    )
    genes = read_genes(write(gtf), tss="all")
    assert genes["tss"].tolist() == [94, 89]
    assert genes["transcript_id"].tolist() == ["T2", "T1"]


def test_bgzip_with_windows_line_ends_is_read(tmp_path):
    path = tmp_path / "genes.gtf"
    halves = GENCODE.replace("\n", "\r\n").encode().partition(b"chrX")
    # bgzip writes many gzip members one after another
    members = b"\xef\xbb\xbf" + halves[0], halves[1] + halves[2]
    path.write_bytes(b"".join(gzip.compress(member) for member in members))
    assert len(read_genes(path)) == 3


def test_file_that_is_cut_short_is_refused(tmp_path):
    path = tmp_path / "genes.gtf.gz"
    path.write_bytes(gzip.compress(GENCODE.encode() * 50)[:-200])
    with pytest.raises(ValueError, match=r"genes\.gtf\.gz' is damaged or cut short"):
        read_genes(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t2001\t9000\t.\t+\t.\t", "\t2001\t9000\t.\t+\t", "line 6: 8 columns"),
        ("transcript\t2001\t9000", "transcript\t2001\tlate", "line 6: start '2001' and end 'late'"),
        ("transcript\t2001\t9000", "transcript\t2001\t99", "line 6: start 2001 and end 99"),
        ("gene\t501\t800\t.\t-", "gene\t0\t800\t.\t-", "line 8: start 0 and end 800"),
        ("gene\t501\t800\t.\t-", "gene\t501\t800\t.\t1", "line 8: strand '1'"),
        ('gene_id "ENSG00000000003.1"; ', "", "line 14: no gene_id"),
        ('transcript_id "ENST00000000012.7"; ', "", "line 6: transcript without transcript_id"),
        ("chr1\tHAVANA\texon\t", "chr1 HAVANA exon ", "line 5: .* separated by tabs"),
    ],
)
def test_malformed_gtf_lines_are_named(write, old, new, message):
    path = write(GENCODE.replace(old, new, 1))
    with pytest.raises(ValueError, match=f"annotation file '.*table', {message}"):
        read_genes(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr1\t10\t20\tA\t0\t+\nchr1\t10\t20\t.\t0\t+\n", "line 2: the gene has no name"),
        ("chr1\t10\t20\tA\t0\t+\nchr1\t10\n", "line 2: 2 columns where a gene needs 6"),
        ("chr1\t10\t20\tA\n", "line 1: 4 columns where a gene needs 6.*strand"),
        ("chr1\t10\t20\tA\t0\t+\nchr1\tx\t20\tA\t0\t+\n", "line 2: start 'x'"),
        ("chr1\t10\t20\tA\t0\t+\nchr1\t20\t20\tA\t0\t+\n", "line 2: start 20 must be less"),
        ("chr1\t10\t20\tA\t0\t*\n", "line 1: strand '\\*'"),
        (REFGENE + "585\tNM_1\tchr1\t+\n", "line 4: 4 columns where the table has"),
        (REFGENE.replace("1000\t9000", "1000\t", 1), "not recognised"),
        (REFGENE.replace("\t2000\t", "\t2e3\t"), "line 2: start '2e3'"),
        ("##gff-version 3\n1\t.\tgene\t1\t9\t.\t+\t.\tNote=x\n", "line 2: a gene without ID"),
    ],
)
def test_malformed_lines_of_other_formats_are_named(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_genes(write(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# nothing\n", "only comments"),
        ("gene_id\tchrom\ttss\tstrand\nA\tchr1\t5\t+\n", "not recognised.*pandas.read_csv"),
        ("##gff-version 3\n1\t.\tregion\t1\t9\t.\t+\t.\tID=1\n", "no gene and no transcript"),
        ("chr1\t10\t20\tA\t0\t.\n", "no gene has a strand"),
        ("#name\tchrom\ttxStart\n", "header has no column strand, txend"),
        ("PK\x00\x03", "is not a text file"),
    ],
)
def test_files_without_genes_are_refused(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_genes(write(text))


def test_paths_other_than_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"annotation file '.*none\.gtf' does not exist"):
        read_genes(tmp_path / "none.gtf")
    with pytest.raises(ValueError, match="is a folder"):
        read_genes(tmp_path)
    with pytest.raises(TypeError, match="must be a path to a file, got DataFrame"):
        read_genes(pd.DataFrame())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tss": "first"}, ValueError, "tss must be 'canonical', 'most_5prime' or 'all'"),
        ({"format": "gff2"}, ValueError, "format must be 'auto', 'gtf'"),
        ({"format": "genepred"}, ValueError, "not a genePred table: it looks like gtf"),
        ({"format": "bed"}, ValueError, r"line 3: start 'HAVANA'"),
        ({"strip_version": "yes"}, ValueError, "strip_version must be True or False"),
        ({"chroms": []}, ValueError, "chroms must be one name"),
        ({"chroms": ["1", "chrX"]}, ValueError, "no gene on 1: it has chr1, chrX"),
        ({"biotypes": [3]}, ValueError, "biotypes must be one name"),
        ({"rename_chroms": {"1": "chr1"}}, ValueError, "none of the names.*it maps 1, the file"),
        ({"rename_chroms": ["chr1"]}, TypeError, "rename_chroms must be a mapping"),
    ],
)
def test_bad_options_are_refused(write, options, error, message):
    with pytest.raises(error, match=message):
        read_genes(write(GENCODE), **options)


# One random gene: strand, chromosome and its transcripts as 0-based half-open intervals.
intervals = st.tuples(st.integers(0, 90_000), st.integers(1, 90_000)).map(
    lambda span: (span[0], span[0] + span[1])
)
models = st.lists(
    st.tuples(
        st.sampled_from("+-"),
        st.sampled_from(["chr1", "chrX", "7", "scaffold_3"]),
        st.lists(intervals, min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


def as_gtf(genes):
    for name, (strand, chrom, spans) in genes.items():
        for at, (start, end) in enumerate(spans):
            about = f'gene_id "{name}"; transcript_id "{name}.{at}"; gene_biotype "protein_coding";'
            place = f"{start + 1}\t{end}\t.\t{strand}\t.\t{about}\n"
            yield f"{chrom}\tx\ttranscript\t{place}{chrom}\tx\texon\t{place}"


def as_gff3(genes):
    yield "##gff-version 3\n"
    for name, (strand, chrom, spans) in genes.items():
        start, end = min(span[0] for span in spans), max(span[1] for span in spans)
        yield f"{chrom}\tx\tgene\t{start + 1}\t{end}\t.\t{strand}\t.\tID=gene:{name}\n"
        for at, (start, end) in enumerate(spans):
            about = f"ID=transcript:{name}.{at};Parent=gene:{name}"
            yield f"{chrom}\tx\tmRNA\t{start + 1}\t{end}\t.\t{strand}\t.\t{about}\n"


def as_genepred(genes):
    for name, (strand, chrom, spans) in genes.items():
        for at, (start, end) in enumerate(spans):
            exon = f"{start}\t{end}\t{start}\t{end}\t1\t{start},\t{end},\t0\t{name}\tcmpl\tcmpl\t0,"
            yield f"9\t{name}.{at}\t{chrom}\t{strand}\t{exon}\n"


def as_bed(genes):
    for name, (strand, chrom, spans) in genes.items():
        for start, end in spans:
            yield f"{chrom}\t{start}\t{end}\t{name}\t0\t{strand}\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(drawn=models, tss=st.sampled_from(["canonical", "most_5prime", "all"]))
def test_formats_give_the_same_genes(tmp_path, drawn, tss):
    genes = {f"gene{at}": model for at, model in enumerate(drawn)}
    expected = {}
    for name, (strand, chrom, spans) in genes.items():
        starts = {start if strand == "+" else end - 1 for start, end in spans}
        starts = sorted(starts, reverse=strand == "-")
        for position in starts if tss == "all" else starts[:1]:
            expected.setdefault((name, chrom, position, strand))
    for kind, writer in [
        ("gtf", as_gtf),
        ("gff3", as_gff3),
        ("genepred", as_genepred),
        ("bed", as_bed),
    ]:
        path = tmp_path / f"genes.{kind}"
        path.write_text("".join(writer(genes)))
        for format in ("auto", kind):
            table = read_genes(path, tss=tss, format=format)
            rows = table[["gene_id", "chrom", "tss", "strand"]].itertuples(index=False, name=None)
            assert list(rows) == list(expected), (kind, format)


def test_warnings_point_at_the_caller(write):
    with pytest.warns(UserWarning, match="several places") as caught:
        read_genes(write(REFSEQ_GFF3))
    assert re.search(r"test_read_genes\.py$", caught[0].filename)
