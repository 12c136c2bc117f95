"""Layouts of expression tables: which line is the header, which columns are genes and values."""

from dataclasses import dataclass, field

from ..._words import name_some
from ..text import TextTable, split_line
from ._columns import are_tests, is_description, is_summary, status_positions
from ._long_tables import names_samples

_GENE_IDS = ("gene_id", "geneid", "ensembl_gene_id", "ensembl_id", "target_id")
_GENE_IDS += ("gene_stable_id", "gene_stable_id_version")
_HEADS = (*_GENE_IDS, "gene", "genes", "id", "name", "symbol", "gene_symbol", "gene_name")
# One sample per file: the columns that show the program, and the one that is read by default.
_QUANTIFIERS = {
    "Salmon": ({"name", "effectivelength", "numreads", "tpm"}, "tpm"),
    "kallisto": ({"target_id", "est_counts", "tpm"}, "tpm"),
    "RSEM": ({"expected_count", "tpm", "fpkm"}, "tpm"),
    "StringTie": ({"coverage", "fpkm", "tpm"}, "tpm"),
    "Cufflinks": ({"tracking_id", "fpkm"}, "fpkm"),
}
_STAR = ["gene_id", "unstranded", "forward", "reverse"]
_STAR_ROWS = ("N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")


@dataclass(frozen=True)
class ExpressionLayout:
    """Positions of the gene ids and of the columns to read by default in a TextTable.

    The header of the table names every column. `beside` has the columns that are left out because
    they are not samples, and `doubtful` the columns to read that may not be samples. `statuses` has
    the position of the status of a column. `n_rows` is the number of rows that the file says it
    has, or None.
    """

    table: TextTable
    gene: int
    values: list
    beside: list
    doubtful: list = field(default_factory=list)
    statuses: dict = field(default_factory=dict)
    n_rows: int | None = None


def recognise_expression(file, gene_column=None):
    """Return the layout of an expression table; the column of gene ids is found if not named."""
    comments, records = file.head(3)
    n_rows = None
    if comments and comments[0].startswith("#1.") and records and records[0][0] == 2:
        n_rows = _gct_rows(file, records.pop(0)[1])
    if not records:
        raise ValueError(f"{file.name} is empty or holds only comments: fetch or write it again")
    _, first, _ = records[0]
    if _is_header(first):
        if len(records) == 1:
            raise ValueError(f"{file.name} has a header and no row: fetch or write it again")
        number, row, separator = records[1]
        names = _fit(first, row, file)
    else:
        number, row, separator = records[0]
        names = _names_without_header(first, comments, file)
    table = TextTable(file, names, row, separator, number - 1)
    gene = _gene_position(names, gene_column, file)
    values, doubtful = _value_positions(names, gene)
    beside = [name for at, name in enumerate(names) if name and at not in (gene, *values)]
    return ExpressionLayout(table, gene, values, beside, doubtful, status_positions(names), n_rows)


def may_be_long(layout, gene):
    """Return whether a column may name the sample of each row, by its name and first field."""
    names, first = layout.table.header, layout.table.first
    return any(
        name != gene and (names_samples(name) or not (_is_number(field) or is_description(name)))
        for name, field in zip(names, first, strict=True)
    )


def is_summary_row(name):
    """Return whether a row is htseq-count's or STAR's summary of reads, such as __no_feature."""
    return name.startswith("__") or name in _STAR_ROWS


def _key(name):
    """Return a column name as it is compared: lower case, without comment sign and blanks."""
    return name.strip().lstrip("#").strip().lower().replace(" ", "_")


def _is_number(text):
    """Return whether a field is a number, or the mark of a missing one."""
    try:
        float(text)
    except ValueError:
        return text.strip().lower() in ("na", "n/a")
    return True


def _is_header(fields):
    """Return whether fields name columns: no number is among them, or the first name is known."""
    return _key(fields[0]) in _HEADS or not any(_is_number(field) for field in fields[1:])


def _gct_rows(file, fields):
    """Return the number of rows that a GCT file says it has."""
    fields = [field for field in fields if field]
    if len(fields) != 2 or not fields[0].isdigit():
        raise ValueError(
            f"{file.name}, line 2: {name_some(fields)!r} where a GCT file of version 1.2 gives its "
            "numbers of rows and of samples: write it as version 1.2, or as a plain table"
        )
    return int(fields[0])


def _fit(header, row, file):
    """Return a name for each column of the first row."""
    extra = len(row) - len(header)
    if extra == 1 and row[-1] == "":
        # Each row ends in a separator, as in Roadmap's tables.
        return [*header, ""]
    if extra == 1:
        # R leaves the column of row names unnamed.
        return ["row name", *header]
    if extra:
        raise ValueError(
            f"{file.name}: the header names {len(header)} columns, the first row has {len(row)}: "
            f"give every column one name, and separate columns by tabs, commas or white space "
            f"(found: {name_some(header, 12)})"
        )
    return header


def _names_without_header(first, comments, file):
    """Return names for the columns of a table whose first line is a row."""
    if comments:
        names = split_line(comments[-1].lstrip("#").lstrip())[0]
        if len(names) == len(first):
            return names
    if first[0] in _STAR_ROWS and len(first) == len(_STAR):
        return _STAR
    numeric = [_is_number(field) for field in first[1:]]
    if sum(numeric) != 1:
        raise ValueError(
            f"{file.name} has no header (first line: {name_some(first)}): add a line that names "
            "its columns, gene_id first, then the samples"
        )
    return ["gene_id", *("value" if number else "description" for number in numeric)]


def _gene_position(names, gene_column, file):
    """Return the position of the gene ids."""
    keys = [_key(name) for name in names]
    if gene_column is None:
        return next((keys.index(name) for name in _GENE_IDS if name in keys), 0)
    for known, wanted in ((names, gene_column), (keys, _key(gene_column))):
        if wanted in known:
            return known.index(wanted)
    raise ValueError(
        f"{file.name} has no column {gene_column!r} for the genes: name one of "
        f"{name_some(names, 12)}"
    )


def _value_positions(names, gene):
    """Return the positions of the columns to read by default, and names among them in doubt."""
    keys = [_key(name) for name in names]
    if names == _STAR:
        return [1], []
    for needed, default in _QUANTIFIERS.values():
        if needed <= set(keys):
            return [keys.index(default)], []
    if {"tracking_id", "class_code"} <= set(keys):
        # Cuffdiff's tables have several columns for each condition.
        return [at for at, key in enumerate(keys) if key.endswith(("_fpkm", "_count"))], []
    tests, unnamed_first = are_tests(names), names[0] in ("", "row name")
    values = [
        at
        for at, name in enumerate(names)
        if at != gene
        and keys[at]
        and not (tests[at] or is_description(name) or (at == 0 and unnamed_first))
    ]
    doubtful = [names[at] for at in values if is_summary(names[at])]
    return values, doubtful if len(doubtful) < len(values) else []
