"""Contact lists: read from a file or a table into one of two shapes."""

import itertools
import os

import numpy as np
import pandas as pd

from ..._words import name_some
from ..text import FrameTable, TextFile, TextTable, split_line
from ._ends import count_from_zero, one_end_is_tss
from ._formats import check_reading, looks_like_header, recognise
from ._read_pairs import check_no_read_pairs
from ._values import (
    check_intervals,
    check_positions,
    check_scores,
    check_text,
    parse_regions,
    split_targets,
)

# Roles of columns that are not numbers; the scores of `neighbors` are joined, too.
_TEXT_ROLES = (
    *("gene_id", "chrom", "chrom1", "chrom2"),
    *("region", "region1", "region2", "target", "neighbors"),
)
_MATRIX = (
    "is a contact matrix, not a list of contacts: InteractionTransformer takes a matrix whose name "
    "ends in .cool, .mcool or .hic; or call loops with your Hi-C tools and pass the list, for "
    "example as BEDPE"
)
_OTHERS = {b"\x89HDF": _MATRIX, b"HIC\x00": _MATRIX}


def read_contacts(source, *, format="auto", score_column=None):
    """Read a list of 3D chromatin contacts.

    Parameters
    ----------
    source : str, os.PathLike or pandas.DataFrame
        A text table (plain, gzipped or bgzipped; tabs, commas or white space; lines that begin with
        ``#``, ``track`` or ``browser`` are comments), or the same table as a frame. Positions are
        0-based and half-open, in bp. Lists whose tool counts from 1 are turned to that: CHiCAGO's
        (ibed, peak matrix, washU text) and HOMER's, unless their fragments touch, begin at 0 or are
        bins of whole hundreds; and any other list of fragment pairs whose fragments or bins show
        it. Pairs of a gene and a fragment are taken as they stand.
    format : str, default="auto"
        How the table is written; ``"auto"`` recognises it by its content.

        - ``"bedpe"``: ``chrom1 start1 end1 chrom2 start2 end2 name score``, with or without a
          header. The lists of HiCCUPS, cooltools, FitHiChIP, MAPS, ChIA-PET2, Mustache, hichipper,
          HOMER and ENCODE have these six columns, under names of their own or none. An interval of
          length 0 in each row is a TSS, as ABC writes it: it matches genes with their TSS on either
          side of it, and is never a pCRE.
        - ``"pairs"``: a header with ``gene_id chrom start end score``, or ``gene_id``, ``score``
          and one column of regions. The tables of ABC, scE2G and ENCODE-rE2G (``chr start end
          TargetGene``, and a score that is known by its name) are pairs of this kind; genes go by
          ``TargetGene``, their symbol, unless there is a column ``gene_id``.
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
        several that could be it, or has a row with a position or score that is missing, not a
        number or impossible; if the score column holds p-values or the like, by its name or
        because no score is above 0.05 (`score_column` names one that is meant so); if the table
        holds read pairs, or predictions of several cell types.

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
    return check_table(open_table(source, others=_OTHERS), format, score_column)


def check_table(table, format="auto", score_column=None):
    """Check an opened table, and return its contacts as `read_contacts` does."""
    layout = recognise(table.header, table.first, table.name, format, score_column)
    check_no_read_pairs(table, layout.columns, score_column is None)
    _check_one_cell_type(table)
    as_text = (*_TEXT_ROLES, "weight") if layout.kind == "reference" else _TEXT_ROLES
    raw = table.load(layout.columns, as_text)
    if layout.kind == "reference":
        return _from_reference(raw, table, score_column is not None)
    if layout.kind == "longrange":
        raw["region2"], raw["weight"] = split_targets(raw.pop("target"), table)
    raw = _split_regions(raw, table)
    checked = {}
    for role in raw.columns.drop("weight"):
        check = check_text if role.startswith(("gene_id", "chrom")) else check_positions
        checked[role] = check(raw[role], role, table)
    of_tss, was_read = "start1" in checked and one_end_is_tss(checked), _was_read(table)
    if "start1" in checked and not (of_tss or was_read):
        checked |= count_from_zero(checked, layout.from_one)
    for side in ("", "1", "2"):
        if "start" + side in checked:
            check_intervals(checked["start" + side], checked["end" + side], table, least=not of_tss)
    position = layout.columns.get("weight", layout.columns.get("target"))
    name = table.header[position] if table.header is not None else position
    given = score_column is not None or layout.predicted or of_tss or was_read
    checked["weight"] = check_scores(raw["weight"], table, name, given)
    contacts = pd.DataFrame(checked)
    return _each_once(contacts) if layout.kind == "longrange" else contacts


def _was_read(table):
    """Return whether a table is one that `read_contacts` returned, whose values were checked."""
    return table.header in (
        ["gene_id", "chrom", "start", "end", "weight"],
        ["chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"],
    )


def _check_one_cell_type(table):
    """Refuse predictions of several cell types in one table."""
    names = [name.lower() for name in table.header or ()]
    if "targetgene" not in names or "celltype" not in names or table.first is None:
        return
    found = table.load({"cell_type": names.index("celltype")}, ("cell_type",))["cell_type"].unique()
    if len(found) > 1:
        raise ValueError(
            f"{table.name} holds the predictions of {len(found)} cell types "
            f"({name_some(found)}): keep the rows of one, or pass a mapping of samples to such "
            "tables"
        )


def open_table(source, what="contacts", row="contact", others=None):
    """Open the path or DataFrame of a list as a TextTable or FrameTable.

    `what` names its kind in messages, and `row` a row of it; `others` is that of `TextFile`.
    """
    if isinstance(source, pd.DataFrame):
        return FrameTable(source, f"the {what} DataFrame")
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            f"{what} must be a path to a file or a pandas DataFrame, got {type(source).__name__}"
        )
    file = TextFile(source, what, others=others)
    comments, records = file.head(2)
    n_header, header = 0, _comment_header(comments, *records[:1])
    if header is None and records and looks_like_header(records[0][1]):
        n_header, header = 1, records[0][1]
    if header is None and not records:
        raise ValueError(
            f"{file.name} is empty: it needs a header or at least one {row} (an empty list "
            f"of {what} is a file with the header alone)"
        )
    if len(records) == n_header:
        return TextTable(file, header, None, None, 0, has_comments=True)
    number, first, separator = records[n_header]
    return TextTable(file, header, first, separator, number - 1, has_comments=True)


def _comment_header(comments, record=None):
    """Return the column names in the comments above the first record, None where there are none."""
    found = None
    for line in comments:
        fields, separator = split_line(line.lstrip("#").lstrip())
        if not line.startswith("#") or not looks_like_header(fields):
            continue
        if record is None:
            longer = found is None or len(fields) > len(found)
            found = fields if longer and len(fields) > 2 else found
        elif len(fields) == len(record[1]) and separator == record[2]:
            found = fields
    return found


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


def _from_reference(raw, table, given):
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
    weight = check_scores(scores, place, "scores", given)
    pairs = pd.DataFrame({**columns, "weight": weight})
    return pairs.astype({"gene_id": str, "chrom": str})


class _Rows:
    """The items of a table whose rows hold several of them."""

    def __init__(self, table, row_of):
        self.name, self.header, self.first = table.name, table.header, table.first
        self._table, self._row_of = table, row_of

    def where(self, item):
        """Return the place of an item for a message."""
        return self._table.where(int(self._row_of[item]))
