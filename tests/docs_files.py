"""Small files in the field's formats, written by the formats' own libraries where they have one."""

import gzip

import h5py
import hictkpy
import numpy as np
import pandas as pd
import pyBigWig

SIZES = {"chr1": 500_000}
BIN = 10_000
# promoter fragment, distal fragment, score
CONTACTS = [
    (("chr1", 100_000, 101_000), ("chr1", 200_000, 204_000), 7.5),
    (("chr1", 300_000, 301_000), ("chr1", 200_000, 204_000), 6.0),
]
GENES = pd.DataFrame(
    {"gene_id": ["G1", "G2"], "chrom": "chr1", "tss": [100_500, 300_500], "strand": ["+", "-"]}
)
PAIRS = "".join(
    f"{gene}\tchr1\t{start}\t{end}\t{score}\n"
    for gene, (_, (_, start, end), score) in zip(GENES["gene_id"], CONTACTS)
)
RSEM = (
    "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
    "G1\tT1\t100\t80\t12\t3.5\t2.5\nG2\tT2\t100\t80\t1\t0.5\t0.2\n"
)
SALMON = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n{0}1\t90\t80\t1.5\t9\n{0}2\t90\t80\t2\t7\n"


def write_all(folder):
    """Write every file that the formats page names."""
    for name, text in {**_genes(), **_expression(), **_contacts()}.items():
        data = text.encode()
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    _write_tracks(folder)
    _write_matrices(folder)


def write_bigwig(path, sizes=None, level=1.0):
    """Write a track that has signal everywhere, in steps of 1,000 bp."""
    sizes = SIZES if sizes is None else sizes
    path.parent.mkdir(exist_ok=True)
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader(list(sizes.items()))
        for chrom, size in sizes.items():
            values = level * (1 + np.arange(size // 1_000) % 7)
            handle.addEntries(chrom, 0, values=values.tolist(), span=1_000, step=1_000)


def _genes():
    """Give the same two genes in every format of annotation."""
    spans = [(start, end, name, strand) for name, (start, end, strand) in _SPANS.items()]
    about = 'gene_id "{0}"; gene_type "protein_coding"; gene_name "{0}";'
    gtf, gff, genepred, bed = [], ["##gff-version 3\n"], [], []
    for start, end, name, strand in spans:
        place = f"chr1\tx\t{{}}\t{start + 1}\t{end}\t.\t{strand}\t.\t"
        gtf.append(place.format("gene") + about.format(name) + "\n")
        gtf.append(
            place.format("transcript") + about.format(name) + f' transcript_id "{name}.t";\n'
        )
        gff.append(place.format("gene") + f"ID=gene:{name};biotype=protein_coding\n")
        gff.append(place.format("mRNA") + f"ID=transcript:{name}.t;Parent=gene:{name}\n")
        exons = f"{start}\t{end}\t{start}\t{end}\t1\t{start},\t{end},\t0\t{name}\tcmpl\tcmpl\t0,"
        genepred.append(f"9\t{name}.t\tchr1\t{strand}\t{exons}\n")
        bed.append(f"chr1\t{start}\t{end}\t{name}\t0\t{strand}\n")
    texts = {"genes.gtf.gz": gtf, "genes.gff3": gff, "refGene.txt": genepred, "genes.bed": bed}
    return {"genes.tsv": GENES.to_csv(sep="\t", index=False)} | {
        name: "".join(lines) for name, lines in texts.items()
    }


_SPANS = {"G1": (100_500, 120_000, "+"), "G2": (280_000, 300_501, "-")}


def _expression():
    """Give tables as the quantifiers write them."""
    return {
        "rpkm.tsv": "gene_id\tH1\tK562\nG1\t1.5\t0\nG2\t2\t0.7\n",
        "tpm.gct": "#1.2\n2\t2\nName\tDescription\tH1\tK562\nG1\tA\t1.5\t0\nG2\tB\t2\t0.7\n",
        "counts.txt": "# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tH1\n"
        "G1\tchr1\t1\t9\t+\t8\t5\nG2\tchr1\t1\t9\t-\t8\t7\n",
        "quant.genes.sf": SALMON.format("G"),
        "quant.sf": SALMON.format("T"),
        "ReadsPerGene.out.tab": "N_unmapped\t1\t1\t1\nN_multimapping\t1\t1\t1\n"
        "N_noFeature\t1\t1\t1\nN_ambiguous\t0\t0\t0\nG1\t9\t4\t5\nG2\t3\t1\t2\n",
        "sample.genes.results": RSEM,
        "H1.results": RSEM,
        "K562.results": RSEM,
    }


def _contacts():
    """Give the same two contacts as every tool lists them."""
    texts = dict.fromkeys(
        ["loops.bedpe", "pchic.ibed", "pchic_washU_text.txt", "loops.longrange", "loops.interact"],
        "",
    )
    texts["3div.txt"] = "bait\tother\tscore\n"
    texts["pchic.ibed"] = (
        "bait_chr\tbait_start\tbait_end\tbait_name\totherEnd_chr\totherEnd_start\totherEnd_end\t"
        "otherEnd_name\tN_reads\tscore\n"
    )
    for (a, b, c), (d, e, f), score in CONTACTS:
        texts["loops.bedpe"] += f"{a}\t{b}\t{c}\t{d}\t{e}\t{f}\tloop\t{score}\n"
        texts["pchic.ibed"] += f"{a}\t{b}\t{c}\tx\t{d}\t{e}\t{f}\t.\t9\t{score}\n"
        texts["pchic_washU_text.txt"] += f"{a},{b},{c}\t{d},{e},{f}\t{score}\n"
        texts["loops.longrange"] += f"{a}\t{b}\t{c}\t{d}:{e}-{f},{score}\n"
        texts["loops.interact"] += (
            f"{a}\t{min(b, e)}\t{max(c, f)}\tx\t350\t{score}\t.\t#7A67EE\t{a}\t{b}\t{c}\t.\t.\t"
            f"{d}\t{e}\t{f}\t.\t.\n"
        )
        texts["3div.txt"] += f"{a}:{b}-{c}\t{d}:{e}-{f}\t{score}\n"
    texts["pairs.tsv"] = "gene_id\tchrom\tstart\tend\tscore\n" + PAIRS
    texts["counts.tsv"] = "gene_id\tchrom\tstart\tend\treads\n" + PAIRS
    texts["metadata.csv"] = "gene_id,eid,chrom,start,end,neighbors,scores\n" + "".join(
        f"{gene},E003,chr1,1,2,{d}:{e}-{f},{score}\n"
        for gene, (_, (d, e, f), score) in zip(GENES["gene_id"], CONTACTS)
    )
    texts["blacklist.bed.gz"] = "chr1\t90000\t90500\n"
    return texts


def _write_tracks(folder):
    """Write bigWigs under every known naming, with the tables that tell what they are."""
    names = ["H3K4me3.bw", "H3K27ac.bw", "tracks/H3K4me3.bw", "tracks/H3K27ac.bw"]
    names += ["samples/H3K4me3_rep1.bw", "samples/H3K4me3_rep2.bw", "encode/ENCFF001AAA.bigWig"]
    names += ["roadmap/E003-H3K4me3.pval.signal.bigwig", "roadmap/E003-DNase.pval.signal.bigwig"]
    for name in names:
        write_bigwig(folder / name)
    (folder / "tracks.tsv").write_text("track\tpath\nH3K4me3\tH3K4me3.bw\nH3K27ac\tH3K27ac.bw\n")
    metadata = {
        "File accession": "ENCFF001AAA",
        "File format": "bigWig",
        "Output type": "fold change over control",
        "File assembly": "GRCh38",
        "Experiment accession": "ENCSR1",
        "Experiment target": "H3K4me3-human",
        "Assay": "Histone ChIP-seq",
        "Biosample term name": "K562",
        "Biological replicate(s)": "1, 2",
        "File download URL": "https://example.org/ENCFF001AAA.bigWig",
    }
    pd.DataFrame([metadata]).to_csv(folder / "encode" / "metadata.tsv", sep="\t", index=False)


def _write_matrices(folder):
    """Write one matrix as .cool, .mcool and .hic."""
    n_bins = SIZES["chr1"] // BIN
    first, second = np.triu_indices(n_bins)
    count = 20 // (1 + second - first) + (first + second) % 4 + 1
    pixels = {"bin1_id": first.tolist(), "bin2_id": second.tolist(), "count": count.tolist()}
    cool = hictkpy.cooler.FileWriter(str(folder / "H1.cool"), SIZES, BIN)
    cool.add_pixels_from_dict(pixels)
    cool.finalize().close()
    hic = hictkpy.hic.FileWriter(str(folder / "H1.hic"), SIZES, [BIN])
    hic.add_pixels_from_dict(pixels)
    hic.finalize().close()
    with h5py.File(folder / "H1.mcool", "w") as file, h5py.File(folder / "H1.cool", "r") as source:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        group = file.create_group(f"resolutions/{BIN}")
        group.attrs.update(source.attrs)
        for name in source:
            source.copy(name, group)
