"""Activity-by-Contact scores of the elements around a gene."""

import numpy as np

from ..._arrays import ranges

# tss_slop of the ABC model, bp: an element as near as this to the TSS is the gene's own promoter.
OWN_PROMOTER = 500


def power_law(distance, exponent, plateau):
    """Return the contact at distances in bp, up to a factor: constant within the plateau."""
    return (np.maximum(distance, plateau) + 1.0) ** -exponent


def score_elements(elements, tss, max_distance, max_contacts, contact):
    """Return start, end and score of the elements around a TSS, in falling score.

    The score is the share of the sum of activity x contact over all elements whose middle lies
    nearer than `max_distance`. The promoter's own element is counted and not returned, nor is an
    element without a score. `contact` is a function of the elements' distances and of twice the
    positions of their middles. Among equal scores, the nearer comes first, then the one that starts
    first.
    """
    twice_middle = elements.start + elements.end
    window = slice(
        np.searchsorted(twice_middle, 2 * (tss - max_distance), "right"),
        np.searchsorted(twice_middle, 2 * (tss + max_distance), "left"),
    )
    start, end, activity = (values[window] for values in elements)
    twice_middle = twice_middle[window]
    distance = np.abs(twice_middle - 2 * tss) / 2
    score = activity * contact(distance, twice_middle)
    total = score.sum()
    own = (start - OWN_PROMOTER < tss) & (end + OWN_PROMOTER > tss)
    kept = np.flatnonzero((score > 0) & ~own)
    if max_contacts is not None and len(kept) > max_contacts:
        lowest = np.partition(score[kept], -max_contacts)[-max_contacts]
        kept = kept[score[kept] >= lowest]
    kept = kept[np.lexsort((start[kept], distance[kept], -score[kept]))][:max_contacts]
    return start[kept], end[kept], score[kept] / total


def with_own_bin(fragments, tss, width):
    """Add the bin that holds the TSS to a gene's bins of a matrix, of a width in bp.

    Its own count is of the two ends of one fragment. As in the ABC model, the higher ratio of the
    bins beside it takes its place.
    """
    begin = tss // width * width
    beside = (fragments["end"] == begin) | (fragments["start"] == begin + width)
    own = {
        "start": begin,
        "end": begin + width,
        "weight": fragments["weight"][beside].max(initial=0.0),
    }
    return {name: np.append(values, own[name]) for name, values in fragments.items()}


def ratios_of(fragments, twice_middle):
    """Return for each element the highest ratio among the fragments that hold its middle, else 0.

    `fragments` are parallel arrays ``start end weight`` of one gene.
    """
    ratio = np.zeros(len(twice_middle))
    first = np.searchsorted(twice_middle, 2 * fragments["start"])
    n_held = np.searchsorted(twice_middle, 2 * fragments["end"]) - first
    np.maximum.at(ratio, ranges(first, n_held), np.repeat(fragments["weight"], n_held))
    return ratio
