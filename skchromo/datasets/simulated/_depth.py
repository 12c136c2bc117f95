"""Read depth of a simulated genome, from the marks of promoters, gene bodies and elements."""

import numpy as np

from ..._files import whole_file
from ...genome.bigwig import write_bigwig
from ._landscape import KINDS

STEP = 100  # bp that share one depth
TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3", "H3K27ac", "H3K9ac")

_BACKGROUND = 0.3  # reads
_SPREAD = 0.2  # of the logarithm of a gene's own level of each mark

# Around the TSS of a gene with activity 1: reads, from and to in bp, along its strand.
_AT_PROMOTERS = {
    "H3K4me1": [(2.0, -4_000, -1_500), (2.0, 1_500, 4_000)],
    "H3K4me3": [(12.0, -800, 1_200)],
    "H3K27ac": [(9.0, -1_200, -200), (9.0, 200, 1_500)],
    "H3K9ac": [(7.0, -800, 1_200)],
}
_BODY = {"H3K36me3": 3.0}  # reads along the body of a gene with activity 1
_REPRESSED = {"H3K27me3": (3.0, 15_000)}  # reads, and bp to either side of a silent TSS
_DOMAINS = {"H3K9me3": (3.0, 0.05, 30_000)}  # reads, share and length of domains, without effect

# At an element of strength 1, in reads.
_AT_ELEMENTS = {
    "enhancer": {"H3K4me1": 6.0, "H3K27ac": 8.0},
    "promoter-like": {"H3K4me3": 8.0, "H3K27ac": 10.0, "H3K9ac": 6.0},
    "primed": {"H3K4me1": 6.0},
    "polycomb": {"H3K27me3": 4.0, "H3K4me1": 2.0},
    "quiet": {},
}
_ELEMENT_LENGTH = 2_400  # bp, in the middle of a fragment, or the whole of a shorter one


def depth_of(rng, landscape, activity, track, chrom):
    """Draw the reads of one track over each `STEP` bp of a chromosome; the last may be shorter."""
    size = landscape.chromsizes[chrom]
    rate = np.full(-(-size // STEP), _BACKGROUND)
    _mark_genes(rng, rate, landscape.genes, activity, track, chrom)
    _mark_elements(rate, landscape.fragments, activity, track, chrom)
    if track in _DOMAINS:
        level, share, length = _DOMAINS[track]
        for start in rng.integers(0, size, rng.poisson(share * size / length)):
            _add(rate, level, start, start + length)
    return rng.poisson(rate)


def _mark_genes(rng, rate, genes, activity, track, chrom):
    """Add promoters and gene bodies."""
    here = np.flatnonzero(genes["chrom"] == chrom)
    tss, strand = genes["tss"].to_numpy()[here], genes["strand"].to_numpy()[here]
    body = genes["body"].to_numpy()[here]
    level = activity.promoter[here] * rng.lognormal(0.0, _SPREAD, len(here))
    silent = activity.repressed[here] * rng.lognormal(0.0, _SPREAD, len(here))
    peaks = _AT_PROMOTERS.get(track, [])
    for i, position in enumerate(tss):
        sign = 1 if strand[i] == "+" else -1
        for reads, first, last in peaks:
            _add(rate, reads * level[i], position + sign * first, position + sign * last)
        if track in _BODY:
            ends = position + sign * 1_000, position + sign * body[i]
            _add(rate, _BODY[track] * level[i], *ends)
        if track in _REPRESSED:
            reads, reach = _REPRESSED[track]
            _add(rate, reads * silent[i], position - reach, position + reach)


def _mark_elements(rate, fragments, activity, track, chrom):
    """Add the elements in the middle of their fragments."""
    here = fragments["chrom"].to_numpy() == chrom
    start, end = fragments["start"].to_numpy()[here], fragments["end"].to_numpy()[here]
    reads = np.array([_AT_ELEMENTS[kind].get(track, 0.0) for kind in KINDS])[activity.kind[here]]
    level = reads * activity.strength[here]
    middle = (start + end) / 2
    half = np.minimum(_ELEMENT_LENGTH, end - start) / 2
    for i in np.flatnonzero(level):
        _add(rate, level[i], middle[i] - half[i], middle[i] + half[i])


def _add(rate, reads, one_end, other_end):
    """Add reads between two positions in bp, to whole steps, within the chromosome."""
    low, high = sorted((round(one_end / STEP), round(other_end / STEP)))
    rate[max(low, 0) : max(high, 0)] += reads


def write_depth(path, chromsizes, depths):
    """Write (chrom, depth) of each chromosome, in order, as a bigWig file.

    Stretches without reads are left out, as mappers do.
    """
    signal = {}
    for chrom, depth in depths:
        start = np.flatnonzero(depth) * STEP
        end = np.minimum(start + STEP, chromsizes[chrom])
        signal[chrom] = start, end, depth[start // STEP].astype(np.float32)
    with whole_file(path) as file:
        write_bigwig(file, chromsizes, signal)
