"""Small files in the field's formats, written by the formats' own libraries where they have one."""

import gzip

import h5py
import hictkpy
import numpy as np
import pandas as pd
import pyBigWig
from small_bigbed import write_bigbed

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
    texts = {**_genes(), **_expression(), **_contacts(), **_loops_with_header(), **_bare_loops()}
    for name, text in texts.items():
        data = text.encode()
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    _write_peaks(folder)
    _write_tracks(folder)
    _write_matrices(folder)


def _genes():
    """Return the same two genes in every format of annotation."""
    gtf, gff, genepred, bed = [], ["##gff-version 3\n"], [], []
    for name, start, end, strand in (("G1", 100_500, 120_000, "+"), ("G2", 280_000, 300_501, "-")):
        place = f"chr1\tx\t{{}}\t{start + 1}\t{end}\t.\t{strand}\t.\t"
        about = f'gene_id "{name}"; gene_type "protein_coding"; gene_name "{name}";'
        gtf.append(place.format("gene") + about + "\n")
        gtf.append(place.format("transcript") + about + f' transcript_id "{name}.t";\n')
        gff.append(place.format("gene") + f"ID=gene:{name};biotype=protein_coding\n")
        gff.append(place.format("mRNA") + f"ID=transcript:{name}.t;Parent=gene:{name}\n")
        exons = f"{start}\t{end}\t{start}\t{end}\t1\t{start},\t{end},\t0\t{name}\tcmpl\tcmpl\t0,"
        genepred.append(f"9\t{name}.t\tchr1\t{strand}\t{exons}\n")
        bed.append(f"chr1\t{start}\t{end}\t{name}\t0\t{strand}\n")
    texts = {"genes.gtf.gz": gtf, "genes.gff3": gff, "refGene.txt": genepred, "genes.bed": bed}
    return {"genes.tsv": GENES.to_csv(sep="\t", index=False)} | {
        name: "".join(lines) for name, lines in texts.items()
    }


def _expression():
    """Return tables as the quantifiers write them."""
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
        "gene_abund.tab": "Gene ID\tGene Name\tReference\tStrand\tStart\tEnd\tCoverage\tFPKM\tTPM\n"
        "G1\tA\tchr1\t+\t100501\t120000\t5.5\t2.5\t3.5\n"
        "G2\tB\tchr1\t-\t280001\t300501\t1.5\t0.5\t0.7\n",
        "genes.fpkm_tracking": "tracking_id\tclass_code\tnearest_ref_id\tgene_id\tgene_short_name\t"
        "tss_id\tlocus\tlength\tcoverage\tFPKM\tFPKM_conf_lo\tFPKM_conf_hi\tFPKM_status\n"
        "G1\t-\t-\tG1\tA\t-\tchr1:100500-120000\t-\t-\t2.5\t2.1\t2.9\tOK\n"
        "G2\t-\t-\tG2\tB\t-\tchr1:280000-300501\t-\t-\t0.5\t0.3\t0.7\tOK\n",
        "abundance.tsv": "target_id\tlength\teff_length\test_counts\ttpm\n"
        "T1\t90\t80\t9\t1.5\nT2\t90\t80\t7\t2\n",
        "htseq.txt": "G1\t12\nG2\t3\n__no_feature\t5\n__ambiguous\t1\n__too_low_aQual\t0\n"
        "__not_aligned\t0\n__alignment_not_unique\t7\n",
    }


def _contacts():
    """Return the same two contacts in every format that has a score of its own."""
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
    homer = "#InteractionID {0}(1) {1}(1) {2}(1) {3}(1) {0}(2) {1}(2) {2}(2) {3}(2) {4}\n"
    texts["homer.txt"] = homer.format("PeakID", "chr", "start", "end", "Interaction Reads\tLogP")
    abc = "chr start end name class TargetGene TargetGeneTSS CellType ABC.Score\n"
    e2g = "#chr start end name class TargetGene TargetGeneEnsemblID CellType Score\n"
    texts |= {"EnhancerPredictions.tsv": abc, "ENCFF001E2G.bed.gz": e2g}
    texts["EnhancerPredictions.bedpe"] = ""
    for number, (here, there, score) in enumerate(CONTACTS):
        gene, tss = GENES["gene_id"][number], GENES["tss"][number]
        a, b, c = there
        texts["homer.txt"] += (
            f"i p {here[0]} {here[1] + 1} {here[2]} q {a} {b + 1} {c} {score} -9\n"
        )
        texts["EnhancerPredictions.tsv"] += f"{a} {b} {c} e genic {gene} {tss} K562 {score / 100}\n"
        texts["ENCFF001E2G.bed.gz"] += f"{a} {b} {c} e genic {gene} E{gene} K562 {score / 9}\n"
        row = f"{a} {b} {c} {a} {tss} {tss} {gene}_genic|e {score / 200} . .\n"
        texts["EnhancerPredictions.bedpe"] += row
    for name in ("homer.txt", "ENCFF001E2G.bed.gz", "EnhancerPredictions.tsv"):
        texts[name] = texts[name].replace("Interaction Reads", "Interaction\0Reads")
        texts[name] = texts[name].replace(" ", "\t").replace("\0", " ")
    texts["blacklist.bed.gz"] = "chr1\t90000\t90500\n"
    return texts


# The header of each caller's list, and the fields behind the two bins of its first two loops.
_CALLERS = {
    "merged_loops.bedpe": (
        "#chr1 x1 x2 chr2 y1 y2 name score strand1 strand2 color observed expectedBL expectedDonut "
        "expectedH expectedV fdrBL fdrDonut fdrH fdrV numCollapsed centroid1 centroid2 radius",
        ". . . . 0,255,255 142.0 51.2 48.7 60.3 58.8 1.2E-19 4.0E-21 2.2E-14 8.1E-15 6 105000 "
        "205000 14142",
        ". . . . 0,255,255 96.0 40.5 43.1 51.0 49.9 3.3E-8 1.9E-7 4.5E-5 2.8E-5 2 305000 205000 0",
    ),
    "HiCCUPS_looplist.txt": (
        "chr1 x1 x2 chr2 y1 y2 color o e_bl e_donut e_h e_v fdr_bl fdr_donut fdr_h fdr_v "
        "num_collapsed centroid1 centroid2 radius",
        "0,255,255 142 51.2 48.7 60.3 58.8 1.2e-19 4.0e-21 2.2e-14 8.1e-15 6 105000 205000 14142",
        "0,255,255 96 40.5 43.1 51.0 49.9 3.3e-08 1.9e-07 4.5e-05 2.8e-05 2 305000 205000 0",
    ),
    "dots.tsv": (
        "chrom1 start1 end1 chrom2 start2 end2 count la_exp.donut.value la_exp.vertical.value "
        "la_exp.horizontal.value la_exp.lowleft.value la_exp.donut.qval la_exp.vertical.qval "
        "la_exp.horizontal.qval la_exp.lowleft.qval region cstart1 cstart2 c_label c_size region1 "
        "region2",
        "88 35.4 41.2 39.9 33.8 1.1e-13 5.6e-09 4.4e-10 2.0e-15 chr1_p 100000.0 200000.0 0 4 "
        "chr1_p chr1_p",
        "61 29.3 33.0 31.8 30.1 2.4e-06 1.8e-04 7.1e-05 8.8e-06 chr1_p 300000.0 200000.0 1 1 "
        "chr1_p chr1_p",
    ),
    "mustache.tsv": (
        "BIN1_CHR BIN1_START BIN1_END BIN2_CHROMOSOME BIN2_START BIN2_END FDR DETECTION_SCALE",
        "1.6834e-07 1.7411",
        "0.0391 2.1936",
    ),
    "HiChIP.interactions_FitHiC_Q0.01.bed": (
        "chr1 s1 e1 chr2 s2 e2 cc Coverage1 isPeak1 Bias1 Mapp1 GCContent1 RESites1 Coverage2 "
        "isPeak2 Bias2 Mapp2 GCContent2 RESites2 p exp_cc_Bias p_Bias dbinom_Bias P-Value_Bias "
        "Q-Value_Bias",
        "24 5120 1 1.62 0 0 0 1440 0 0.88 0 0 0 1.1e-07 8.31 2.3e-07 3.1e-06 4.7e-06 2.2e-04",
        "15 3870 1 1.21 0 0 0 1440 0 0.88 0 0 0 9.0e-08 4.02 1.1e-07 1.4e-05 2.5e-05 9.1e-04",
    ),
    "HiChIP.sig3Dinteractions.bedpe": (
        "chr1 start1 end1 chr2 start2 end2 count expected fdr ClusterLabel ClusterSize ClusterType "
        "ClusterNegLog10P ClusterSummit",
        "31 8.42 1.5e-08 chr1_12 5 SharpPeak 27.4 1",
        "17 5.10 2.0e-04 NA 1 Singleton 3.7 1",
    ),
    "ChIA-PET.interactions.MICC": (
        "chr start end chr start end peakA peakB cA cB cAB -log10(1-PostProb) fdr",
        "peak_1 peak_3 3330 3814 39 4.5 0.003",
        "peak_7 peak_3 910 3814 12 2.8 0.011",
    ),
    "chromosight.tsv": (
        "chrom1 start1 end1 chrom2 start2 end2 bin1 bin2 kernel_id iteration score pvalue qvalue",
        "10 20 0 0 0.6712 0.0 0.0",
        "30 20 0 0 0.4425 1.2e-07 3.0e-07",
    ),
    "PCHiC_peak_matrix.tsv": (
        "baitChr baitStart baitEnd baitID baitName oeChr oeStart oeEnd oeID oeName dist Mon Mac0",
        None,
        None,
    ),
}
_LOOPS = [
    (("chr1", 100_000, 110_000), ("chr1", 200_000, 210_000)),
    (("chr1", 300_000, 310_000), ("chr1", 200_000, 210_000)),
]


def _loops_with_header():
    """Return the same two loops as in the lists of callers that write a header."""
    texts = {}
    for name, (header, *rests) in _CALLERS.items():
        lines = [header.split()]
        for (here, there), rest in zip(_LOOPS, rests):
            if rest is None:  # CHiCAGO's peak matrix has more than its ends in front
                lines.append([*here, 1, "A;B", *there, 9, ".", there[1] - here[1], 7.5, 0.3])
            else:
                lines.append([*here, *there, *rest.split()])
        texts[name] = "".join("\t".join(map(str, line)) + "\n" for line in lines)
    hiccups = texts["merged_loops.bedpe"]
    texts["merged_loops.bedpe"] = hiccups.replace("\n", "\n# juicer_tools version 1.22.01\n", 1)
    return texts | {"ENCFF001LPS.bedpe.gz": texts["merged_loops.bedpe"]}


def _bare_loops():
    """Return the same two loops as in the lists of callers that write no header."""
    rests = {
        "HiChIP.filt.intra.loop_counts.bedpe": (" ", [". 24", ". 15"]),
        "HiChIP.interactions.all.mango": ("\t", ["24 3.1e-06", "15 1.4e-05"]),
        "ENCFF001CIA.bedpe.gz": ("\t", ["39", "12"]),
        "peakachu.bedpe": ("\t", ["0.9871 0.00214", "0.9532 0.00187"]),
        "loops_without_score.bedpe": ("\t", ["", ""]),
    }
    return {
        name: "".join(
            separator.join([*map(str, (*here, *there)), *rest.split()]) + "\n"
            for (here, there), rest in zip(_LOOPS, rows)
        )
        for name, (separator, rows) in rests.items()
    }


def _write_peaks(folder):
    """Write the same three peaks in every format, one of them within the distal fragment."""
    formats = {
        "atac.narrowPeak": "{0}\t{1}\t{2}\tp{3}\t0\t.\t{4}\t3\t2\t250\n",
        "atac.broadPeak.gz": "{0}\t{1}\t{2}\tp{3}\t0\t.\t{4}\t3\t2\n",
        "atac.gappedPeak": "{0}\t{1}\t{2}\tp{3}\t0\t.\t{1}\t{2}\t0\t1\t500,\t0,\t{4}\t3\t2\n",
        "dnase.bed": "{0}\t{1}\t{2}\t{4}\n",
        "scored.bed": "{0}\t{1}\t{2}\tp{3}\t{4}\t.\n",
        "bare.bed": "{0}\t{1}\t{2}\n",
        "peaks.csv": "{0},{1},{2},{4}\n",
    }
    peaks = [("chr1", start, start + 500) for start in (100_250, 200_000, 300_250)]
    for name, line in formats.items():
        text = "chrom,start,end,activity\n" if name.endswith(".csv") else ""
        text += "".join(line.format(*peak, n, 7.5 - n) for n, peak in enumerate(peaks))
        data = text.encode()
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    rows = [(*peak, f"p{n}", 0, ".", 7.5 - n, 3, 2, 250) for n, peak in enumerate(peaks)]
    write_bigbed(folder / "atac.bigBed", rows, SIZES)


def _write_tracks(folder):
    """Write bigWigs under every known naming, and the tables that name their tracks."""
    names = [f"{where}{track}.bw" for where in ("", "tracks/") for track in ("H3K4me3", "H3K27ac")]
    names += [f"{where}H3K4me3_rep{n}.bw" for where in ("", "samples/") for n in (1, 2)]
    names += [f"roadmap/E003-{track}.pval.signal.bigwig" for track in ("H3K4me3", "DNase")]
    names += ["encode/ENCFF001AAA.bigWig"]
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        with pyBigWig.open(str(folder / name), "w") as handle:
            handle.addHeader(list(SIZES.items()))
            values = 1.0 + np.arange(SIZES["chr1"] // 1_000) % 7
            handle.addEntries("chr1", 0, values=values.tolist(), span=1_000, step=1_000)
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
    count += 30 * ((second - first == 10) & np.isin(first, [10, 20]))  # the two loops
    pixels = {"bin1_id": first.tolist(), "bin2_id": second.tolist(), "count": count.tolist()}
    cool = hictkpy.cooler.FileWriter(str(folder / "H1.cool"), SIZES, BIN)
    cool.add_pixels_from_dict(pixels)
    cool.finalize().close()
    with h5py.File(folder / "H1.cool", "a") as file:
        file["bins"]["weight"] = np.ones(n_bins)
    hic = hictkpy.hic.FileWriter(str(folder / "H1.hic"), SIZES, [BIN])
    hic.add_pixels_from_dict(pixels)
    hic.finalize().close()
    with h5py.File(folder / "H1.mcool", "w") as file, h5py.File(folder / "H1.cool", "r") as source:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        group = file.create_group(f"resolutions/{BIN}")
        group.attrs.update(source.attrs)
        for name in source:
            source.copy(name, group)
