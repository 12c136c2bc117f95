"""The plan of a simulated genome: fragments, genes, contacts and what they do to expression."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..._arrays import ranges

WEIGHT_THRESHOLD = 1.5
MAX_PCRES = 8

# Measured on the 100 genes of the published H1 demo: pCREs of a gene, their length in bp,
# distance to the TSS in bp and contact weight.
_N_PCRES_SHARES = np.array([0.11, 0.08, *[0.23 / 6] * 6, 0.58])
_FRAGMENT_LENGTH = {"median": 5_300, "sigma": 0.55, "least": 1_800, "most": 30_500}
_DISTANCE = {"median": 190_000, "sigma": 1.23, "most": 2_000_000}
_WEIGHT = {"tail": 3.2, "most": 12.33}

# Kinds of fragments in contact with a gene. Promoters of other genes carry as much H3K27ac as
# enhancers do, so that no single mark shows which elements act.
KINDS = ("enhancer", "promoter-like", "primed", "polycomb", "quiet")
_KIND_SHARES = (0.40, 0.40, 0.08, 0.06, 0.06)

_SPREAD = 2.0  # standard deviation of the planted function, log2
_SPACING = 40_000  # least distance between two TSSs in bp, more than the longest fragment
_EXTRA_SPACING = 60_000  # mean of what is added to it
_MAX_WEAK = 4  # contacts below the threshold, for each gene
_N_APART = 2  # marked fragments without contact, for each gene


class Landscape(NamedTuple):
    """Where everything lies, the same in all samples."""

    chromsizes: dict  # length of each chromosome in bp
    genes: pd.DataFrame  # gene_id chrom tss strand body (length in bp), sorted
    fragments: pd.DataFrame  # chrom start end; together they cover the chromosomes
    # row numbers gene and fragment; own, the fragment of the gene's TSS; contact used, weak or none
    elements: pd.DataFrame


class Activity(NamedTuple):
    """Everything that differs from sample to sample."""

    promoter: np.ndarray  # activity of each gene's promoter, 0 to 1
    repressed: np.ndarray  # level of H3K27me3 at each promoter, 0 to 1
    kind: np.ndarray  # of each fragment, number in KINDS
    strength: np.ndarray  # how strongly each fragment is marked, 0.5 to 1.5
    weight: np.ndarray  # contact weight of each element, NaN where there is no contact


def draw_landscape(rng, n_genes, n_chroms):
    """Place genes evenly on chromosomes ``chr1``, ``chr2``, ..., and choose their elements."""
    chromsizes, genes, fragments, elements = {}, [], [], []
    n_before = n_fragments = 0
    for number, part in enumerate(np.array_split(np.arange(n_genes), n_chroms), start=1):
        chrom, n = f"chr{number}", len(part)
        gaps = _SPACING + rng.exponential(_EXTRA_SPACING, n + 1)
        gaps[0] -= _SPACING  # the first promoter window may pass the chromosome's start
        *tss, size = np.cumsum(gaps).astype(np.int64)
        edges = _fragment_edges(rng, size)
        own = np.searchsorted(edges, tss, side="right") - 1
        chromsizes[chrom] = int(size)
        genes.append(
            pd.DataFrame(
                {
                    "gene_id": [f"G{row:05d}" for row in part],
                    "chrom": chrom,
                    "tss": tss,
                    "strand": rng.choice(["+", "-"], n),
                    "body": np.clip(rng.lognormal(np.log(20_000), 0.7, n), 3_000, _SPACING),
                }
            )
        )
        fragments.append(pd.DataFrame({"chrom": chrom, "start": edges[:-1], "end": edges[1:]}))
        chosen = _choose_elements(rng, np.array(tss), own, edges)
        elements.append(chosen + np.array([n_before, n_fragments, n_fragments, 0]))
        n_before, n_fragments = n_before + n, n_fragments + len(edges) - 1
    elements = pd.DataFrame(np.concatenate(elements), columns=["gene", "fragment", "own", "rank"])
    elements["contact"] = np.array(["used", "weak", "none"])[elements.pop("rank")]
    return Landscape(
        chromsizes,
        pd.concat(genes, ignore_index=True),
        pd.concat(fragments, ignore_index=True),
        elements,
    )


def _fragment_edges(rng, size):
    """Cut a chromosome into fragments; return their edges, from 0 to its size."""
    law = _FRAGMENT_LENGTH
    n = size // law["least"] + 1
    lengths = rng.lognormal(np.log(law["median"]), law["sigma"], n)
    edges = np.cumsum(np.clip(lengths, law["least"], law["most"]).astype(np.int64))
    return np.concatenate([[0], edges[edges < size - law["least"]], [size]])


def _choose_elements(rng, tss, own, edges):
    """Choose each gene's elements by distance, never a fragment that holds a TSS.

    Columns: gene, fragment, own fragment, and 0, 1 or 2 for used, weak or no contact.
    """
    distance = np.abs((edges[1:] + edges[:-1]) / 2 - tss[:, None]) + 1
    score = np.log(distance / _DISTANCE["median"]) / _DISTANCE["sigma"]
    log_rate = -(score**2) / 2 - np.log(distance)
    log_rate[:, own] = -np.inf
    log_rate[distance > _DISTANCE["most"]] = -np.inf
    # The largest of log rate plus Gumbel noise are a draw without replacement by these rates.
    key = -(log_rate + rng.gumbel(size=log_rate.shape))
    most = MAX_PCRES + _MAX_WEAK + _N_APART
    order = np.argpartition(key, most, axis=1)[:, :most]
    order = np.take_along_axis(
        order, np.argsort(np.take_along_axis(key, order, axis=1), axis=1), axis=1
    )
    n_used = rng.choice(len(_N_PCRES_SHARES), len(tss), p=_N_PCRES_SHARES)
    n_weak = rng.integers(0, _MAX_WEAK + 1, len(tss))
    counts = np.stack([n_used, n_weak, np.full(len(tss), _N_APART)], axis=1)
    totals = counts.sum(axis=1)
    gene, place = np.repeat(np.arange(len(tss)), totals), ranges(np.zeros_like(totals), totals)
    rank = np.repeat(np.tile(np.arange(3), len(tss)), counts.ravel())
    return np.stack([gene, order[gene, place], own[gene], rank], axis=1)


def draw_activity(rng, landscape, before=None, changing=1.0):
    """Draw promoters, elements and contacts of one sample.

    With `before`, an earlier sample, each gene, fragment and contact differs from it with the
    probability `changing`.
    """
    n_genes, n_fragments = len(landscape.genes), len(landscape.fragments)
    elements = landscape.elements
    promoter = rng.random(n_genes)
    repressed = (promoter < 0.4) * (rng.random(n_genes) < 0.6) * rng.uniform(0.5, 1.0, n_genes)
    kind = np.full(n_fragments, KINDS.index("quiet"))
    # Elements without effect are enhancers too, unless another gene uses them.
    is_used = elements["contact"] == "used"
    kind[elements["fragment"][~is_used]] = KINDS.index("enhancer")
    used = elements["fragment"][is_used].unique()
    kind[used] = rng.choice(len(KINDS), len(used), p=_KIND_SHARES)
    strength = rng.uniform(0.5, 1.5, n_fragments)
    strong = WEIGHT_THRESHOLD * rng.random(len(elements)) ** (-1 / _WEIGHT["tail"])
    strong = np.clip(strong, WEIGHT_THRESHOLD + 0.001, _WEIGHT["most"])
    weak = rng.uniform(0.3, WEIGHT_THRESHOLD, len(elements))
    weight = np.select(
        [is_used, elements["contact"] == "weak"],
        [strong.round(3), weak.round(3)],
        np.nan,
    )
    drawn = Activity(promoter, repressed, kind, strength, weight)
    if before is None:
        return drawn
    new_gene, new_fragment, new_contact = (
        rng.random(n) < changing for n in (n_genes, n_fragments, len(elements))
    )
    new = (new_gene, new_gene, new_fragment, new_fragment, new_contact)
    return Activity(*(np.where(mask, a, b) for mask, a, b in zip(new, drawn, before)))


def plant_effects(landscape, activities, distal_share):
    """Compute the log2 effects on expression, before noise, of promoters and elements.

    Effects of promoters (n_samples, n_genes) have mean 0. Effects of elements (n_samples,
    n_elements) are 0 or more. Elements make `distal_share` of the variance of the planted function.
    """
    elements = landscape.elements
    promoter = np.stack([a.promoter - 0.4 * a.repressed for a in activities])
    sd = _SPREAD * np.sqrt(1 - distal_share)
    promoter = (promoter - promoter.mean()) / promoter.std() * sd
    fragment = elements["fragment"].to_numpy()
    contribution = np.stack(
        [
            np.where(
                (elements["contact"] == "used") & (a.kind[fragment] == KINDS.index("enhancer")),
                a.weight * a.strength[fragment],
                0.0,
            )
            for a in activities
        ]
    )
    distal = sum_by_gene(landscape, contribution)
    return promoter, contribution * _SPREAD * np.sqrt(distal_share) / distal.std()


def sum_by_gene(landscape, contribution):
    """Sum the contributions of each gene's elements: (n_samples, n_genes)."""
    gene, n_genes = landscape.elements["gene"], len(landscape.genes)
    return np.stack([np.bincount(gene, part, n_genes) for part in contribution])
