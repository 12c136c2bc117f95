"""Expression tables: genes x samples from matrices and from the outputs of quantifiers."""

import os
import warnings
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..._words import check_choice, name_some
from .._gene_ids import bare_id, check_strip_version, kind_of_ids
from ..text import TextFile, split_line, text_of
from ._layout import is_summary_row, may_be_long, recognise_expression
from ._long_tables import column_that_differs, long_advice, samples_of_rows
from ._long_tables import gene_column as find_gene_column

# Cufflinks' states of genes that it did not quantify: too many reads, or an error.
_UNMEASURED = ("HIDATA", "FAIL")


def read_expression(
    source,
    *,
    columns=None,
    gene_column=None,
    tx2gene=None,
    duplicates="error",
    strip_version=True,
):
    r"""Read gene expression: one row per gene, one column per sample.

    Parameters
    ----------
    source : str, os.PathLike or mapping of str to (str or os.PathLike)
        A file, or for each sample the file that holds it. Files are plain or gzipped and separated
        by tabs, commas or white space; comments above the table begin with ``#``. Two kinds are
        recognised by their content: matrices of genes x samples (Roadmap, GTEx's GCT,
        featureCounts, R), and files of one sample by Salmon, kallisto, RSEM, StringTie, Cufflinks,
        STAR and htseq-count.
    columns : str, sequence of str or None, default=None
        Columns of the file to read: samples of a matrix, or quantities such as ``"TPM"`` and
        ``"FPKM"``. None reads every sample of a matrix, without the columns beside the values
        (names, biotypes, positions, lengths, GC content, p-values and fold changes); the TPM of
        Salmon, kallisto, RSEM and StringTie; the FPKM of Cufflinks, and of each condition of
        Cuffdiff; the ``"unstranded"`` counts of STAR (``"forward"`` and ``"reverse"`` are its third
        and fourth column). Where `source` is a mapping, one name.
    gene_column : str or None, default=None
        Column of the gene ids. None takes the one named as such (``gene_id``, ``Geneid``,
        ``ensembl_gene_id``), else the first.
    tx2gene : mapping, pandas.DataFrame or None, default=None
        Gene of each transcript, for files of transcripts (Salmon's ``quant.sf``): a mapping, or a
        frame with the columns ``transcript_id`` and ``gene_id``, such as ``read_genes(path,
        tss="all", biotypes=None)``. Transcripts of a gene are added up.
    duplicates : {"error", "sum"}, default="error"
        What to do with a gene that has several rows; ``"sum"`` adds them up, which is right for
        counts, TPM, FPKM and RPKM of its parts. A long table, with a row for each gene and sample,
        is refused with the line that makes it wide.
    strip_version : bool, default=True
        Take the versions off Ensembl and RefSeq ids, and prefixes off ids, as `read_genes` does.

    Returns
    -------
    pandas.DataFrame of shape (n_genes, n_samples)
        Values are float64, in the unit and on the scale of the file. The index, ``gene_id``, keeps
        the order of the file; columns are named as in the file, or by the mapping's samples. A file
        of two columns without header gives a column ``value``. htseq-count's and STAR's summary
        rows (``__no_feature``, ``N_unmapped``) are left out, because they are not genes, and so are
        genes that Cufflinks or Cuffdiff did not quantify (status ``HIDATA`` or ``FAIL``; in
        several files, in any of them). ``attrs["left_out"]`` names them, and
        ``attrs["columns_left_out"]`` the columns that were taken for no sample.

    Raises
    ------
    TypeError
        If `source` is neither a path nor a mapping, or `tx2gene` neither a mapping nor a frame.
    FileNotFoundError
        If a file does not exist.
    ValueError
        If a file is damaged, empty, long or not a table, lacks a column, has columns that may be
        samples or not (such as ``mean``), has a value that is missing,
        negative or not a number, or rows that are transcripts; if a gene has several rows; or if
        samples have different genes.

    Warns
    -----
    UserWarning
        If transcripts are left out because `tx2gene` has no gene for them, or genes because they
        were not quantified.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "rpkm.tsv")
    >>> _ = path.write_text("gene_id\tE003\tE123\nENSG00000000003.15\t38.5\t9.25\n")
    >>> read_expression(path)
                     E003  E123
    gene_id
    ENSG00000000003  38.5  9.25
    >>> read_expression({"H1": path}, columns="E003")["H1"].tolist()
    [38.5]
    """
    check_choice("duplicates", duplicates, ("error", "sum"))
    check_strip_version(strip_version)
    genes_of = _transcript_genes(tx2gene, strip_version)
    options = (gene_column, genes_of, duplicates, strip_version)
    if isinstance(source, (str, os.PathLike)):
        return _read_file(source, columns, *options)
    if not isinstance(source, Mapping):
        raise TypeError(
            "expression must be a path to a file, or a mapping of sample to path, got "
            f"{type(source).__name__}"
        )
    if not source or not (columns is None or isinstance(columns, str)):
        raise ValueError(
            "a mapping of expression files needs at least one sample, and columns= must be one "
            f"name that all files have, got {columns!r}"
        )
    tables = {sample: _read_file(path, columns, *options) for sample, path in source.items()}
    return _join_samples(tables, source)


def _read_file(path, columns, gene_column, genes_of, duplicates, strip_version):
    """Return one file as a table of genes x columns."""
    file = TextFile(path, "expression")
    layout = recognise_expression(file, gene_column)
    wanted = _wanted_columns(layout, columns)
    statuses = {name: layout.statuses[at] for name, at in wanted.items() if at in layout.statuses}
    raw = _load(layout, [*wanted.values(), *statuses.values()])
    ids = raw[layout.gene].str.strip()
    if ids.iloc[0] == "Assigned" or ids.str.startswith("Unassigned_").any():
        raise ValueError(
            f"{file.name} is featureCounts' summary of reads, not expression: give the table of "
            "counts beside it, whose name lacks .summary"
        )
    _refuse_long(layout, ids, columns, gene_column)
    summary = ids.map(is_summary_row).astype(bool)
    left_out = ids[summary].tolist()
    raw, ids = raw[~summary], ids[~summary]
    if statuses:
        measured, lost = _measured(raw, ids, statuses, genes_of, strip_version, file)
        raw, ids, left_out = raw[measured], ids[measured], [*left_out, *lost]
    ids = ids.to_numpy(dtype=object)
    if not len(raw):
        raise ValueError(f"{file.name} has no gene: fetch or write it again")
    if (ids == "").any():
        raise ValueError(
            f"{file.name}: row {int(np.argmax(ids == '')) + 1} below the header has no gene id: "
            "fill it in, or remove the row"
        )
    values = {
        name: _numbers(raw[position], ids, name, file, columns is None)
        for name, position in wanted.items()
    }
    if strip_version:
        ids = np.array([bare_id(name) for name in ids], dtype=object)
    table = pd.DataFrame(values, index=pd.Index(ids, dtype=str, name="gene_id"))
    table = _add_up(table, genes_of, duplicates, layout)
    table.attrs["left_out"] = left_out
    table.attrs["columns_left_out"] = layout.beside if columns is None else []
    return table


def _refuse_long(layout, ids, columns, gene_column):
    """Refuse a table that has a row for each gene and sample, and say how to make it wide."""
    names, wanted = layout.table.header, _as_list(columns)
    gene = names[layout.gene]
    if gene_column is None:
        gene = find_gene_column(names, gene)
        is_unnamed = names[layout.gene] in ("", "row name") and gene != names[layout.gene]
    else:
        is_unnamed = False
    if not (ids.duplicated().any() or is_unnamed) or not may_be_long(layout, gene):
        return
    frame = _all_columns(layout)
    samples = samples_of_rows(frame, gene, wanted)
    if samples:
        raise ValueError(
            f"{layout.table.name} is a long table, with a row for each gene and sample "
            f"({' and '.join(samples)}): with table = "
            f"pandas.read_csv(path, {_reading(layout.table)}), "
            f"{long_advice(frame, gene, samples, wanted)}, for join_expression"
        )


def _reading(table):
    """Return the arguments by which pandas.read_csv reads a table with its header."""
    separator = "sep=" + repr(table.separator).replace("'", '"')
    return separator + (f", skiprows={table.n_skipped - 1}" if table.n_skipped > 1 else "")


def _measured(raw, ids, statuses, genes_of, strip_version, file):
    """Return which rows belong to genes that were quantified, and the names of the other genes.

    `statuses` has the column of Cufflinks' states for each column of values. A gene was
    not quantified if one of its transcripts was not.
    """
    states = {name: raw[at].astype(str).str.strip().str.upper() for name, at in statuses.items()}
    bad = {name: state.isin(_UNMEASURED).to_numpy(dtype=bool) for name, state in states.items()}
    lost = np.any(list(bad.values()), axis=0)
    if not lost.any():
        return ~lost, []
    genes = pd.Series([bare_id(name) if strip_version else name for name in ids], dtype=object)
    if genes_of is not None:
        genes = genes.map(genes_of).fillna(genes)
    found = {}
    for name, state in states.items():
        for at in np.flatnonzero(bad[name]):
            found.setdefault(genes[at], f"{genes[at]} ({name} {state.iloc[at]})")
    warnings.warn(
        f"{file.name}: genes that were not quantified (status {' or '.join(_UNMEASURED)}) are left "
        f"out, because their values are not measurements ({len(found)}): "
        f"{name_some(found.values())}; HIDATA marks too many reads: run Cufflinks or Cuffdiff "
        "with a larger --max-bundle-frags to quantify them",
        stacklevel=4,
    )
    return ~genes.isin(found).to_numpy(dtype=bool), list(found)


def _all_columns(layout):
    """Return all columns of a table as text, by name."""
    positions = {at: at for at in range(len(layout.table.header))}
    frame = layout.table.load(positions, as_text=tuple(positions))
    frame.columns = layout.table.header
    return frame.loc[:, ~frame.columns.duplicated()]


def _as_list(columns):
    """Return the names of columns as a list, and None as an empty one."""
    return [columns] if isinstance(columns, str) else list(columns or ())


def _wanted_columns(layout, columns):
    """Return the positions of the columns to read by their names."""
    table, known = layout.table, layout.table.header
    if columns is None:
        positions = layout.values
        if not positions:
            raise ValueError(
                f"{table.name} has no column of values beside the genes: it has "
                f"{name_some(known, 12)}; separate columns by tabs, commas or white space, "
                "or name samples with columns= (the result of a test is not expression: give the "
                "counts, TPM or FPKM that it began with)"
            )
        if layout.doubtful:
            samples = [known[at] for at in positions if known[at] not in layout.doubtful]
            raise ValueError(
                f"{table.name}: {name_some(layout.doubtful)} may be summaries or facts about the "
                f"genes, not samples: name the samples with columns= (among {name_some(samples)})"
            )
    else:
        names = _as_list(columns)
        missing = [name for name in names if name not in known]
        if missing or not names:
            raise ValueError(
                f"{table.name} has no column {name_some(missing) or '(none was named)'}: choose "
                f"columns= among {name_some(known, 12)}"
            )
        positions = [known.index(name) for name in names]
    wanted = {known[position]: position for position in positions}
    counts = Counter(known)
    repeated = [name for name in wanted if counts[name] > 1]
    if repeated:
        raise ValueError(
            f"{table.name}: {name_some(repeated)} names more than one column: give each its own "
            "name"
        )
    return wanted


def _load(layout, positions):
    """Return the columns of the gene ids and of these positions as they stand, by position."""
    table = layout.table
    n_lines = _count_rows(table)
    columns = {at: at for at in (layout.gene, *positions)}
    raw = table.load(columns, as_text=(layout.gene,), n_lines=n_lines)
    if layout.n_rows is not None and layout.n_rows != n_lines:
        raise ValueError(
            f"{table.name} says that it has {layout.n_rows} rows and has {n_lines}: it is cut "
            "short or was edited; fetch it again"
        )
    return raw


def _count_rows(table):
    """Return the number of rows; refuse one of another length, which pandas would shift or fill."""
    separator, n_columns, n_rows = table.separator.encode(), len(table.header), 0
    for number, line in table.lines():
        if separator not in (b"\t", b",") or b'"' in line:
            n_found = len(split_line(text_of(line))[0])
        else:
            n_found = line.count(separator) + 1
        if n_found != n_columns:
            raise table.file.problem(
                number, f"{n_found} columns where the table has {n_columns}: mend or remove the row"
            )
        n_rows += 1
    return n_rows


def _numbers(column, ids, name, file, is_default):
    """Return a column of values as float64; refuse one that is missing or negative."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        hint = "; if it is not a sample, name the samples with columns=" if is_default else ""
        found = str(column.iloc[row]).strip()
        what = f"{found!r} is not a number" if found else "the value is missing"
        raise ValueError(f"{file.name}, column {name}, gene {ids[row]}: {what}{_others(bad)}{hint}")
    if (values < 0).any():
        row = int(np.argmax(values < 0))
        raise ValueError(
            f"{file.name}: column {name}, gene {ids[row]}: {values[row]} is negative"
            f"{_others(values < 0)}: expression is counts, TPM, FPKM or RPKM; if these are "
            "logarithms, undo that first"
        )
    return values


def _others(bad):
    """Return the number of bad values beside the one that is named, as text."""
    n_others = int(bad.sum()) - 1
    return f" (and {n_others} more in this column)" if n_others else ""


def _transcript_genes(tx2gene, strip_version):
    """Return tx2gene as a dict, and None as None."""
    if tx2gene is None:
        return None
    if isinstance(tx2gene, pd.DataFrame):
        missing = [name for name in ("transcript_id", "gene_id") if name not in tx2gene.columns]
        if missing:
            raise ValueError(
                f"tx2gene has no column {', '.join(missing)}: it needs transcript_id and gene_id, "
                f"and has {name_some(tx2gene.columns, 12)}"
            )
        frame = tx2gene[["transcript_id", "gene_id"]].dropna()
        pairs = (
            (transcript, gene)
            for joined, gene in zip(frame["transcript_id"], frame["gene_id"], strict=True)
            for transcript in str(joined).split(";")
        )
    elif isinstance(tx2gene, Mapping):
        pairs = tx2gene.items()
    else:
        raise TypeError(
            "tx2gene must be a mapping of transcript to gene, or a DataFrame with the columns "
            f"transcript_id and gene_id, got {type(tx2gene).__name__}"
        )
    bare = bare_id if strip_version else str
    return {bare(str(transcript)): bare(str(gene)) for transcript, gene in pairs}


def _add_up(table, genes_of, duplicates, layout):
    """Return one row for each gene: rows of its transcripts, or parts, are added up."""
    file = layout.table.file
    if genes_of is not None:
        table, duplicates = _to_genes(table, genes_of, file), "sum"
    elif (kind := kind_of_ids(table.index)).endswith("transcript ids"):
        raise ValueError(
            f"{file.name} has transcripts, not genes ({kind}: {name_some(table.index, 2)}): pass "
            "tx2gene= with the gene of each, such as read_genes(annotation, tss='all', "
            "biotypes=None), or quantify genes"
        )
    repeated = table.index.duplicated()
    if not repeated.any():
        return table
    if duplicates == "error":
        names = table.index[repeated].unique()
        raise ValueError(
            f"{file.name} has several rows of some genes ({len(names)}): {name_some(names)}; "
            f"{_advice_for_rows(table[table.index.isin(names)], layout)}"
        )
    return table.groupby(level=0, sort=False).sum()


def _advice_for_rows(rows, layout):
    """Return what to do with several rows of genes; they are added up only if they are parts."""
    if rows.to_numpy().any() and len(rows.reset_index().drop_duplicates()) == rows.index.nunique():
        return "their values are equal: keep one row of each"
    frame = _all_columns(layout)
    column = column_that_differs(frame, layout.table.header[layout.gene], rows.columns)
    if column is None:
        return "pass duplicates='sum' to add them up, or keep one row of each"
    return (
        f"they differ in column {column}: keep the rows of one {column}, or, if it names samples, "
        "make a column of each with pandas.DataFrame.pivot"
    )


def _to_genes(table, genes_of, file):
    """Return rows named by the genes of transcripts; warn of transcripts without a gene."""
    # Salmon on GENCODE's sequences keeps the whole header: ENST...|ENSG...|...
    bare = [bare_id(name.split("|")[0]) for name in table.index]
    genes = pd.Series(bare, index=table.index).map(genes_of)
    unknown = genes.isna().to_numpy()
    if unknown.all():
        raise ValueError(
            f"{file.name}: tx2gene has none of its transcripts: the file names them "
            f"{name_some(bare, 3)}, tx2gene {name_some(genes_of, 3)}"
        )
    if unknown.any():
        share = table[unknown].to_numpy().sum() / max(table.to_numpy().sum(), np.finfo(float).tiny)
        warnings.warn(
            f"{file.name}: {int(unknown.sum())} of {len(table)} transcripts, {share:.2%} of the "
            "expression, have no gene in tx2gene and are left out: "
            f"{name_some(table.index[unknown])}",
            stacklevel=5,
        )
    table = table[~unknown]
    return table.set_index(pd.Index(genes[~unknown], dtype=str, name="gene_id"))


def _join_samples(tables, source):
    """Return the files of one sample each as one table, side by side."""
    left_out = list(dict.fromkeys(n for table in tables.values() for n in table.attrs["left_out"]))
    beside = [name for table in tables.values() for name in table.attrs["columns_left_out"]]
    # A gene that was not quantified in one sample is left out of all.
    tables = {sample: table.drop(left_out, errors="ignore") for sample, table in tables.items()}
    first_name, first = next(iter(tables.items()))
    for sample, table in tables.items():
        if table.shape[1] != 1:
            raise ValueError(
                f"expression file '{source[sample]}' of sample {sample} has "
                f"{table.shape[1]} columns ({name_some(table.columns)}): name one with columns="
            )
        lacking = first.index.difference(table.index), table.index.difference(first.index)
        if len(lacking[0]) or len(lacking[1]):
            raise ValueError(
                f"samples {first_name} and {sample} have different genes: {sample} lacks "
                f"{len(lacking[0])} ({name_some(lacking[0]) or 'none'}), {first_name} lacks "
                f"{len(lacking[1])} ({name_some(lacking[1]) or 'none'}): quantify both with one "
                "annotation, or read them apart and choose the genes to compare"
            )
    columns = {str(sample): table.iloc[:, 0] for sample, table in tables.items()}
    joined = pd.DataFrame(columns).reindex(first.index)
    joined.attrs["left_out"] = left_out
    joined.attrs["columns_left_out"] = list(dict.fromkeys(beside))
    return joined
