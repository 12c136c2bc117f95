"""Columns that stand beside expression: names, places, states, and results of tests.

Names of columns are compared by their words: "Gene start (bp)", "Gene.start..bp." and "geneStart"
say the same.
"""

import re

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# A column describes the gene if all its words are of these two kinds, and one is of the first:
# BioMart, featureCounts, Bioconductor, UCSC, Cufflinks, cBioPortal.
_DESCRIBES = re.compile(
    "accession|band|biotype|biotypes|chr|chrom|chromosome|chromosomes|contig|"
    "coordinates|cytoband|desc|description|distance|efflength|effectivelength|end|ends|"
    "ensembl|entrez|entrezgene|entrezid|geneend|geneid|genelength|genename|genestart|"
    "genesymbol|hgnc|id|identifier|ids|karyotype|len|length|location|locus|name|"
    "names|refseq|scaffold|seqid|seqname|seqnames|start|starts|stop|strand|strands|"
    "symbol|symbols|synonym|synonyms|tes|tss|txend|txstart|width"
)
_ABOUT = re.compile(
    "alias|and|bp|canonical|cds|class|coding|content|count|counts|display|eff|"
    "effective|exon|exonic|external|feature|formerly|gc|gene|genes|genomic|go|hg|"
    "hugo|including|isoform|kb|merged|mgi|nearest|ncbi|number|of|official|old|"
    "percent|percentage|phenotype|pos|position|probe|protein|prot|ref|region|seq|"
    "short|site|size|source|stable|swiss|tag|term|the|to|total|tracking|transcript|"
    "transcription|type|tx|union|uni|version"
)
_DESCRIPTION = re.compile(
    r"genes?|reference|nearestrefid|classcode|pos(ition)?|.*status|(gene|transcript|feature)(type|size|ids)|"
    r"[35]utr(start|end)|(chr|chrom|start|end|strand|tss)(hg|grch|mm|grcm)\d+|transcriptlength.*|"
    r"((gene|transcript|avg|mean|percent(age)?)gc|gc)content|(gene|percent(age)?|avg|mean)gc|"
    r"(gene|transcript|protein)?version(gene|transcript|protein)?|constitutiveexon|genebiotype|"
    r"geneshortname"
)
# Results of DESeq2, edgeR, limma, Cuffdiff and sleuth, and columns that are so only beside others.
_TEST = re.compile(
    r"basemean.*|lfcse|.*padj|(adj)?p(val|value)(adj)?|[qs]val(ue)?|fdr|.*log2?(fc|foldchange).*|"
    r"foldchange|logcpm|aveexpr|significant|teststat|bonferroni|(mean|var)obs|techvar|"
    r"(smooth|final)?sigmasq"
)
_BESIDE_TEST = {
    **{key: {"aveexpr", "meanobs"} for key in ("t", "b")},
    **{key: {"logcpm", "aveexpr"} for key in ("f", "lr")},
    **{key: {"meanobs"} for key in ("seb", "rss")},
    **{key: {"teststat"} for key in ("testid", "sample1", "sample2", "value1", "value2")},
    "stat": {"lfcse", "pvalue", "padj"},
}
# Summaries over samples, or numbers about the gene: not certain beside other columns.
_QUANTITY = r"([np]?tpm|fpkm|rpkm|cpm|counts?|expression|expr)?"
_SUMMARY = re.compile(
    rf"{_QUANTITY}(mean|median|average|avg|sd|std|stdev|var|variance|cv|min|max|total|sum|rank|"
    rf"score|index){_QUANTITY}|gc|((n|num|number|numberof)?(exons?|introns?|transcripts?|"
    r"isoforms?)(counts?|num|number)?)"
)


def words_of(name):
    """Return the words of a column's name in lower case; capitals begin words too."""
    return [word.lower() for word in _WORD.findall(name)]


def is_description(name):
    """Return whether a column describes genes, their places or the state of their values."""
    words = words_of(name)
    describes = [word for word in words if _DESCRIBES.fullmatch(word)]
    about = [word for word in words if _ABOUT.fullmatch(word)]
    all_known = len(describes) + len(about) == len(words)
    return bool((describes and all_known) or _DESCRIPTION.fullmatch("".join(words)))


def are_tests(names):
    """Return for each column whether it is a result of a test, such as a p-value."""
    keys = ["".join(words_of(name)) for name in names]
    return [
        bool(_TEST.fullmatch(key)) or not _BESIDE_TEST.get(key, set()).isdisjoint(keys)
        for key in keys
    ]


def is_summary(name):
    """Return whether a column may be a summary, such as a mean, and not a sample."""
    return _SUMMARY.fullmatch("".join(words_of(name))) is not None


def status_positions(names):
    """Return the position of the status of each column that has one: q1_FPKM has q1_status."""
    keys = [name.strip().lower() for name in names]
    stems = {
        key.removesuffix("status"): at for at, key in enumerate(keys) if key.endswith("status")
    }
    found = {}
    for at, key in enumerate(keys):
        fitting = [stem for stem in stems if key.startswith(stem) or stem == f"{key}_"]
        if fitting and not key.endswith("status"):
            found[at] = stems[max(fitting, key=len)]
    return found
