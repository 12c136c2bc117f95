"""Contact lists: read from a file or a table into one of two shapes."""

import itertools

import numpy as np
import pandas as pd

from ._formats import check_reading, recognise
from ._tables import TEXT_ROLES, open_table
from ._values import (
    check_intervals,
    check_positions,
    check_scores,
    check_text,
    parse_regions,
    split_targets,
)


def read_contacts(source, *, format="auto", score_column=None):
    """Read a list of 3D chromatin contacts.

    Parameters
    ----------
    source : str, os.PathLike or pandas.DataFrame
        A text table (plain, gzipped or bgzipped; tabs, commas or white space; lines that begin with
        ``#``, ``track`` or ``browser`` are comments), or the same table as a frame. Positions are
        0-based and half-open, in bp, and are taken as they stand: where a tool counts from 1
        (CHiCAGO, 3DIV), its fragments lack their first base, which matters to no bin.
    format : str, default="auto"
        How the table is written; ``"auto"`` tells by its content.

        - ``"bedpe"``: ``chrom1 start1 end1 chrom2 start2 end2 name score``, with or without a
          header. The lists of HiCCUPS, cooltools, FitHiChIP, MAPS, ChIA-PET2, Mustache, hichipper
          and ENCODE have these six columns, under names of their own or none.
        - ``"pairs"``: a header with ``gene_id chrom start end score``, or ``gene_id``, ``score``
          and one column of regions.
        - ``"fragments"``: two intervals, in six columns or as two regions (3DIV, covNorm, CHiCAGO's
          washU text), and a score. A region is ``chr:start-end``, ``chr,start,end`` or
          ``chr.start.end``.
        - ``"ibed"``: CHiCAGO's ``bait_chr bait_start bait_end bait_name otherEnd_chr
          otherEnd_start otherEnd_end otherEnd_name N_reads score``, or its peak matrix with
          ``baitChr`` and ``oeChr``.
        - ``"longrange"``: WashU's ``chrom start end chr:start-end,score``. A contact that is listed
          from both sides counts once.
        - ``"interact"``: UCSC's 18 columns (bed5+13), with or without a header.
        - ``"reference"``: one row per gene with ``gene_id``, ``neighbors`` (``chr:start-end``) and
          ``scores``, both joined by ``;``.
    score_column : str, int or None, default=None
        Where the score stands: a name in the header or a 0-based position. None takes the column
        named ``score`` or ``weight`` (``scores`` in a reference table) under a header, and without
        one the eighth column of ``"bedpe"``, the one after the intervals of ``"fragments"``. Where
        more than one column could be meant, it must be given.

    Returns
    -------
    pandas.DataFrame of shape (n_contacts, 5 or 7)
        Either gene-keyed pairs, ``gene_id chrom start end weight``, or fragment pairs, ``chrom1
        start1 end1 chrom2 start2 end2 weight``. Positions are int64 (bp), ``weight`` is float64,
        the other columns are str. Order and repeats (but of ``"longrange"``) are kept; the index
        counts from 0.

    Raises
    ------
    FileNotFoundError
        If `source` is a path that does not exist.
    TypeError
        If `source` is neither a path nor a frame.
    ValueError
        If the table is empty, damaged or in none of the formats, lacks a score column or has
        several that could be it, or has a row with a position or score that is missing, no number
        or impossible; or if the score column holds p-values or the like.

    Notes
    -----
    The higher a score, the stronger the contact must be. What scores mean differs: 3DIV gives
    frequencies normalised for bias and distance; CHiCAGO's ``score`` is a weighted -log p-value (5
    and more count as significant) and its ``N_reads`` a count; HiCCUPS leaves ``score`` empty and
    gives ``observed`` counts with the ``expectedBL``, ``expectedDonut``, ... that they are to be
    divided by, as do cooltools (``count`` and ``la_exp.donut.value``), FitHiChIP (``cc`` and
    ``exp_cc_Bias``) and MAPS (``count`` and ``expected``); Mustache has only an ``FDR``, which must
    be turned round (-log10) first.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"bait": ["chr1:100-200"], "other": ["chr1:5000-5400"], "score": [2.5]}
    ... )
    >>> read_contacts(table)
      chrom1  start1  end1 chrom2  start2  end2  weight
    0   chr1     100   200   chr1    5000  5400     2.5
    """
    check_reading(format, score_column)
    return judge_table(open_table(source), format, score_column)


def judge_table(table, format="auto", score_column=None):
    """Turn an opened table into one of the two shapes.

    Parameters
    ----------
    table : FrameTable or TextTable
        The table.
    format : str, default="auto"
        As for `read_contacts`.
    score_column : str, int or None, default=None
        As for `read_contacts`.

    Returns
    -------
    pandas.DataFrame of shape (n_contacts, 5 or 7)
        As `read_contacts` gives it.

    Raises
    ------
    ValueError
        As for `read_contacts`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skchromo.genome.text import FrameTable
    >>> table = FrameTable(pd.DataFrame([["chr1:1-9", "chr1:20-30", 2.5]]), "the table")
    >>> judge_table(table)["weight"].tolist()
    [2.5]
    """
    layout = recognise(table.header, table.first, table.name, format, score_column)
    as_text = (*TEXT_ROLES, "weight") if layout.kind == "reference" else TEXT_ROLES
    raw = table.load(layout.columns, as_text)
    if layout.kind == "reference":
        return _from_reference(raw, table)
    if layout.kind == "longrange":
        raw["region2"], raw["weight"] = split_targets(raw.pop("target"), table)
    raw = _split_regions(raw, table)
    checked = {}
    for role in raw.columns.drop("weight"):
        check = check_text if role.startswith(("gene_id", "chrom")) else check_positions
        checked[role] = check(raw[role], role, table)
    for side in ("", "1", "2"):
        if "start" + side in checked:
            check_intervals(checked["start" + side], checked["end" + side], table)
    named = table.header is not None and "weight" in layout.columns
    name = table.header[layout.columns["weight"]] if named else None
    checked["weight"] = check_scores(raw["weight"], table, name)
    contacts = pd.DataFrame(checked)
    return _each_once(contacts) if layout.kind == "longrange" else contacts


def _split_regions(raw, table):
    """Turn each column of regions into three."""
    split = {}
    for role in raw.columns.drop("weight"):
        if role.startswith("region"):
            side = role.removeprefix("region")
            chrom, start, end = parse_regions(raw[role], role, table)
            split.update({"chrom" + side: chrom, "start" + side: start, "end" + side: end})
        else:
            split[role] = raw[role].array
    return pd.DataFrame({**split, "weight": raw["weight"].array})


def _each_once(contacts):
    """Keep one of the two rows by which a longrange track lists a contact from both sides."""
    chroms = pd.concat([contacts["chrom1"], contacts["chrom2"]])
    codes = pd.factorize(chroms)[0].reshape(2, -1)
    ends = [
        np.stack([codes[side], contacts[f"start{side + 1}"], contacts[f"end{side + 1}"]])
        for side in (0, 1)
    ]
    # which of two triples is the lower: their first difference decides
    sign = np.sign(ends[0] - ends[1])
    turned = (sign * np.array([[4], [2], [1]])).sum(axis=0) > 0
    key = np.concatenate([np.where(turned, ends[1], ends[0]), np.where(turned, *ends)])
    key = pd.DataFrame(key.T).assign(weight=contacts["weight"])
    return contacts[~key.duplicated()].reset_index(drop=True)


def _from_reference(raw, table):
    """Turn one row per gene with joined lists into gene-keyed pairs."""
    genes = check_text(raw["gene_id"], "gene_id", table)
    repeated = genes.duplicated().to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        raise ValueError(
            f"{table.name}, {table.where(row)}: gene {genes[row]} has more than one row: keep the "
            "rows of one cell type (or pass one table per sample)"
        )
    lists = {}
    for role in "neighbors", "weight":
        text = raw[role].astype(object).where(raw[role].notna(), "").astype(str).str.strip("; ")
        lists[role] = text.mask(text.str.lower().isin(["nan", "na", "."]), "").str.split(";")
        lists[role] = [[] if parts == [""] else parts for parts in lists[role]]
    n_regions = np.array([len(parts) for parts in lists["neighbors"]], dtype=np.int64)
    n_scores = np.array([len(parts) for parts in lists["weight"]], dtype=np.int64)
    unequal = n_regions != n_scores
    if unequal.any():
        row = int(np.argmax(unequal))
        raise ValueError(
            f"{table.name}, {table.where(row)}: gene {genes[row]}: {n_regions[row]} in neighbors "
            f"and {n_scores[row]} in scores: give one score to each neighbor"
        )
    row_of = np.repeat(np.arange(len(genes)), n_regions)
    place = _Rows(table, row_of)
    regions = pd.Series(list(itertools.chain.from_iterable(lists["neighbors"])), dtype=object)
    scores = pd.Series(list(itertools.chain.from_iterable(lists["weight"])), dtype=object)
    chrom, start, end = parse_regions(regions, "neighbors", place)
    check_intervals(start, end, place)
    columns = {"gene_id": genes.to_numpy()[row_of], "chrom": chrom, "start": start, "end": end}
    pairs = pd.DataFrame({**columns, "weight": check_scores(scores, place)})
    return pairs.astype({"gene_id": str, "chrom": str})


class _Rows:
    """A table of which each item stands in a known row of another."""

    def __init__(self, table, row_of):
        self.name, self.header, self.first = table.name, table.header, table.first
        self._table, self._row_of = table, row_of

    def where(self, item):
        """Say where an item stands."""
        return self._table.where(int(self._row_of[item]))
