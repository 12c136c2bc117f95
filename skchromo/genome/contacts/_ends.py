"""The two ends of contacts: fragments that are counted from 1, and TSSs of length 0."""

import numpy as np
import pandas as pd

# Bins have a length of some hundred bp or more, so that their bounds end in 00.
_BIN = 100
# Elements lie side by side only by chance, fragments of a digest often.
_SHARE_ADJACENT = 0.05
# Of longer lists the first chromosome shows enough.
_MANY = 100_000


def one_end_is_tss(ends):
    """Return whether one of the two ends in each row is an interval of length 0."""
    empty = [ends["start" + side] == ends["end" + side] for side in "12"]
    return len(empty[0]) > 0 and bool((empty[0] ^ empty[1]).all())


def count_from_zero(ends, from_one):
    """Return the starts, or the ends, that change when the ends of contacts are counted from 0.

    `ends` maps ``chrom1``, ``start1``, ``end1`` and so on to arrays. A list whose tool counts from
    1 (`from_one`) is taken so, unless its values show that it counts from 0. Any other list is
    half-open from 0, unless its values show that it counts from 1, or that the last base of its
    bins is included.
    """
    start = np.concatenate([ends["start1"], ends["start2"]])
    end = np.concatenate([ends["end1"], ends["end2"]])
    if not len(start) or start.min() < 0 or (end < start).any():
        return {}
    bins = _last_digits(start), _last_digits(end)
    if bins == (0, _BIN - 1) and (start.min() == 0 or not from_one):
        return {"end" + side: ends["end" + side] + 1 for side in "12"}
    if start.min() == 0 or bins == (0, 0):
        return {}
    if bins != (1, 0):
        chrom = np.concatenate([ends["chrom1"], ends["chrom2"]])
        if len(chrom) > _MANY:
            same = chrom == chrom[0]
            chrom, start, end = chrom[same], start[same], end[same]
        touching, adjacent = _neighbours(chrom, start, end)
        if touching or not (from_one or adjacent):
            return {}
    return {"start" + side: ends["start" + side] - 1 for side in "12"}


def _last_digits(positions):
    """Return the last two digits of positions that share them; None where they differ."""
    digits = positions % _BIN
    return int(digits[0]) if (digits == digits[0]).all() else None


def _neighbours(chrom, start, end):
    """Return whether fragments touch, and whether many begin one base after another ends.

    Both are False for fragments that overlap, because a digest does not have such.
    """
    codes = pd.factorize(chrom)[0]
    order = np.lexsort((end, start, codes))
    codes, start, end = codes[order], start[order], end[order]
    same = codes[1:] == codes[:-1]
    kept = np.append(True, ~(same & (start[1:] == start[:-1]) & (end[1:] == end[:-1])))
    codes, start, end = codes[kept], start[kept], end[kept]
    gaps = (start[1:] - end[:-1])[codes[1:] == codes[:-1]]
    if not len(gaps) or gaps.min() < 0:
        return False, False
    n_adjacent = np.count_nonzero(gaps == 1)
    return bool((gaps == 0).any()), n_adjacent > 0 and n_adjacent >= _SHARE_ADJACENT * len(start)
