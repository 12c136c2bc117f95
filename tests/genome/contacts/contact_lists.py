"""Contact lists as tools write them, and the tables that are read from them."""

import pandas as pd

FRAGMENTS = pd.DataFrame(
    [
        ["chr1", 1000, 2000, "chr1", 50_000, 54_000, 3.25],
        ["chr1", 90_000, 93_000, "chr1", 1000, 2000, 1.5],
        ["chr2", 10, 20, "chr1", 30, 40, 12.0],
    ],
    columns=["chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"],
)
PAIRS = pd.DataFrame(
    [
        ["A", "chr1", 50_000, 54_000, 3.25],
        ["A", "chr1", 90_000, 93_000, 1.5],
        ["B.2", "chr2", 0, 20, 1e-3],
    ],
    columns=["gene_id", "chrom", "start", "end", "weight"],
)

BEDPE_HEADER = "#chr1\tx1\tx2\tchr2\ty1\ty2\tname\tscore\tstrand1\tstrand2\tcolor\n"
IBED_HEADER = (
    "bait_chr\tbait_start\tbait_end\tbait_name\totherEnd_chr\totherEnd_start\totherEnd_end"
    "\totherEnd_name\tN_reads\tscore\n"
)
INTERACT_HEADER = (
    "#chrom\tchromStart\tchromEnd\tname\tscore\tvalue\texp\tcolor\tsourceChrom\tsourceStart"
    "\tsourceEnd\tsourceName\tsourceStrand\ttargetChrom\ttargetStart\ttargetEnd\ttargetName"
    "\ttargetStrand\n"
)

HICCUPS = (
    "#chr1\tx1\tx2\tchr2\ty1\ty2\tname\tscore\tstrand1\tstrand2\tcolor\tobserved\texpectedBL"
    "\texpectedDonut\tfdrBL\tnumCollapsed\n"
    "# juicer_tools version 1.22.01\n"
    "1\t1000\t2000\t1\t50000\t54000\t.\t.\t.\t.\t0,255,255\t42.0\t9.5\t8.1\t1.2E-9\t3\n"
    "1\t90000\t93000\t1\t1000\t2000\t.\t.\t.\t.\t0,255,255\t17.0\t5.5\t4.1\t0.05\t1\n"
)
FITHICHIP = (
    "chr1\ts1\te1\tchr2\ts2\te2\tcc\tCoverage1\tisPeak1\tBias1\tP-Value_Bias\tQ-Value_Bias\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\t12\t900\t1\t1.2\t1e-8\t3e-5\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\t7\t650\t1\t0.9\t1e-5\t8e-3\n"
)
MUSTACHE = (
    "BIN1_CHR\tBIN1_START\tBIN1_END\tBIN2_CHROMOSOME\tBIN2_START\tBIN2_END\tFDR\tDETECTION_SCALE\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\t0.0012\t1.6\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\t0.04\t2.3\n"
)
COOLTOOLS = (
    "chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tcount\tla_exp.donut.value\tla_exp.donut.qval\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\t42\t9.5\t0.001\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\t17\t5.5\t0.02\n"
)
MAPS = (
    "chr1\tstart1\tend1\tchr2\tstart2\tend2\tcount\texpected\tfdr\tClusterLabel\tClusterSize"
    "\tClusterType\tClusterNegLog10P\tClusterSummit\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\t42\t9.5\t1e-9\tc1\t4\tSharpPeak\t21.5\t1\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\t17\t5.5\t0.002\tNA\t1\tSingleton\t3.1\t1\n"
)
# The two ends have the same names.
CHIA_PET2 = (
    "chr\tstart\tend\tchr\tstart\tend\tpeakA\tpeakB\tcA\tcB\tcAB\t-log10(1-PostProb)\tfdr\n"
    "chr1\t1000\t2000\tchr1\t50000\t54000\tpeak_1\tpeak_3\t3330\t3814\t42\t4.5\t0.03\n"
    "chr1\t90000\t93000\tchr1\t1000\t2000\tpeak_4\tpeak_1\t910\t3330\t17\t2.5\t0.04\n"
)
PEAK_MATRIX = (
    "baitChr\tbaitStart\tbaitEnd\tbaitID\tbaitName\toeChr\toeStart\toeEnd\toeID\toeName\tdist"
    "\tMon\tMac0\n"
    "1\t1000\t2000\t1\tA;B\t1\t50000\t54000\t9\t.\t50500\t6.25\t0.5\n"
    "1\t90000\t93000\t7\tC\t1\t1000\t2000\t1\tA;B\t-90000\t0\t11.5\n"
)
HOMER = (
    "InteractionID\tPeakID(1)\tchr(1)\tstart(1)\tend(1)\tstrand(1)\tTotal Reads(1)\tPeakID(2)"
    "\tchr(2)\tstart(2)\tend(2)\tstrand(2)\tTotal Reads(2)\tDistance\tInteraction Reads"
    "\tExpected Reads\tZ-score\tLogP\tFDR Benjamini(based on 1.06e+07 total tests)"
    "\tCircos Thickness\n"
    "interaction1\tp1\tchr1\t1001\t2000\t+\t900\tp2\tchr1\t50001\t54000\t+\t800\t50500\t42.0\t9.5"
    "\t3.9\t-29.5\t1e-7\t20\n"
    "interaction2\tp3\tchr1\t90001\t93000\t+\t700\tp1\tchr1\t1001\t2000\t+\t900\t90000\t17.0\t5.5"
    "\t2.9\t-9.5\t1e-3\t8\n"
)
COVNORM = (
    "frag1\tfrag2\tcov_frag1\tcov_frag2\tfreq\tdist\trand\texp_value_capture\tcapture_res"
    "\texp_value_dist\tdist_res\tp_result_dist\tFDR_dist_res\n"
    "chr1.1000.2000\tchr1.50000.54000\t2296\t2304\t6\t49000\t77\t2.06\t2.91\t1.7\t1.45\t0.05\t0.7\n"
    "chr1.90000.93000\tchr1.1000.2000\t2296\t2072\t2\t89000\t47\t1.05\t1.91\t1.6\t1.11\t0.24\t0.9\n"
)


def rows_of(contacts, row):
    """Write a row of text for each fragment pair; fields are a to f and w, in order."""
    contacts = contacts.itertuples(index=False, name=None)
    return "".join(row.format(**dict(zip("abcdefw", pair, strict=True))) for pair in contacts)


def as_bedpe(contacts):
    return rows_of(contacts, "{a}\t{b}\t{c}\t{d}\t{e}\t{f}\tloop#1\t{w}\t.\t.\t#00FFFF\n")


def as_regions(contacts, separator="\t"):
    return rows_of(contacts, separator.join(["{a}:{b}-{c}", "{d}:{e}-{f}", "{w}"]) + "\n")


def from_one(contacts):
    """Count the first base of each fragment as CHiCAGO and HOMER do."""
    return contacts.assign(start1=contacts["start1"] + 1, start2=contacts["start2"] + 1)


def as_ibed(contacts, header=IBED_HEADER):
    contacts = from_one(contacts)
    row = "{a}\t{b}\t{c}\tGENE1;GENE2\t{d}\t{e}\t{f}\t.\t9\t{w}\n"
    return header + rows_of(contacts, row)


def as_chicago_washu(contacts, separator="\t"):
    row = separator.join(["{a},{b},{c}", "{d},{e},{f}", "{w}"]) + "\n"
    return rows_of(from_one(contacts), row)


def as_longrange(contacts, both=True, end=""):
    row = "{a}\t{b}\t{c}\t{d}:{e}-{f},{w}\n" + both * "{d}\t{e}\t{f}\t{a}:{b}-{c},{w}\n"
    rows = rows_of(contacts, row).splitlines()
    return "".join(row + end.format(number) + "\n" for number, row in enumerate(rows))


def as_interact(contacts):
    contacts = contacts.assign(
        low=contacts[["start1", "start2"]].min(axis=1), high=contacts[["end1", "end2"]].max(axis=1)
    )
    return "".join(
        f"{a}\t{low}\t{high}\tx\t350\t{w}\t.\t#7A67EE\t{a}\t{b}\t{c}\t.\t.\t{d}\t{e}\t{f}\t.\t.\n"
        for a, b, c, d, e, f, w, low, high in contacts.itertuples(index=False)
    )


def as_reference(pairs):
    lines = ["gene_id,neighbors,scores"]
    for gene, own in pairs.groupby("gene_id"):
        regions = ";".join(f"{a}:{b}-{c}" for _, a, b, c, _ in own.itertuples(index=False))
        lines.append(f"{gene},{regions},{';'.join(map(str, own['score']))}")
    return "\n".join(lines) + "\n"
