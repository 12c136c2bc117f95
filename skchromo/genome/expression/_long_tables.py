"""Long tables, which have a row for each gene and sample: recognised, and how to make them wide."""

import itertools
import re

import pandas as pd

from ._columns import is_description, words_of

_GENE = ("geneid", "gene", "genes", "genestableid", "ensemblgeneid", "ensemblid", "genename")
_GENE_TOO = ("genesymbol", "hgncsymbol", "symbol", "ensembl", "feature", "targetid", "id", "name")
_SAMPLE = re.compile(
    "sample|samples|tissue|tissues|cell|cells|cellline|celltype|line|condition|"
    "conditions|replicate|replicates|rep|donor|patient|subject|individual|run|library|"
    "barcode|group|treatment|batch|day|days|time|timepoint|hour|hours|stage|cluster|"
    "organ|experiment|srr|gsm|strain|variable|dataset|biosample|bioreplicate|lane|"
    "cohort"
)
_SAMPLE_TOO = re.compile("ids?|names?|accession|code|label|number|type|term|ontology")
_QUANTITIES = ("ntpm", "tpm", "fpkm", "rpkm", "cpm", "expression", "value", "counts", "count")


def samples_of_rows(frame, gene, wanted=()):
    """Return the columns that name the sample of each row; an empty list if the table is not long.

    `frame` holds the rows of a table and `gene` is its column of genes. `wanted` are columns that
    are read as values, and so name no samples. Columns count that differ within genes: those with a
    name such as tissue, and text that comes again at other genes, unless each row has its own
    transcript.
    """
    n_genes, n_rows = frame[gene].nunique(), len(frame)
    if 2 * n_genes > n_rows + 1:
        return []
    left = frame.columns.difference([gene, *wanted], sort=False)
    are_parts = any(is_description(name) and frame[name].nunique() == n_rows for name in left)
    named, text = [], []
    for name in left:
        recurs, is_text = frame[name].nunique() < n_rows, _is_text(frame[name])
        if names_samples(name) and (is_text or recurs):
            fitting = named
        elif is_text and recurs and not are_parts and not is_description(name):
            fitting = text
        else:
            continue
        if _differs(frame, gene, name):
            fitting.append(name)
    named.sort(key=lambda name: not _is_text(frame[name]))
    names = [*named, *text]
    for n_names in range(1, min(len(names), 3) + 1):
        for some in itertools.combinations(names, n_names):
            if not frame.duplicated([gene, *some]).any():
                return list(some)
    return named


def column_that_differs(frame, gene, wanted=()):
    """Return the first column of text that differs between rows of one gene, or None.

    Names of transcripts and places do not count: their rows are parts of the gene.
    """
    for name in frame.columns.difference([gene, *wanted], sort=False):
        if not is_description(name) and _is_text(frame[name]) and _differs(frame, gene, name):
            return name
    return None


def gene_column(names, default):
    """Return the column of genes in a table that is long perhaps; `default` unless another fits."""
    if "".join(words_of(default)) in _GENE:
        return default
    keys = {"".join(words_of(name)): name for name in reversed(names)}
    return next((keys[key] for key in (*_GENE, *_GENE_TOO) if key in keys), default)


def long_advice(frame, gene, samples, wanted=()):
    """Return how a long table is made wide: the call of pandas.DataFrame.pivot that does it."""
    if wanted:
        value = wanted[0]
    else:
        left = [name for name in frame if name not in (gene, *samples)]
        numbers = [name for name in left if not _is_text(frame[name]) and not is_description(name)]
        keys = {"".join(words_of(name)): name for name in reversed(numbers)}
        value = next(
            (keys[key] for key in _QUANTITIES if key in keys), (numbers or left or [""])[-1]
        )
    columns = _quoted(samples[0]) if len(samples) == 1 else f"[{', '.join(map(_quoted, samples))}]"
    advice = (
        f"table.pivot(index={_quoted(gene)}, columns={columns}, values={_quoted(value)}) makes a "
        "column of each sample"
    )
    repeated = frame[frame.duplicated([gene, *samples])]
    if len(repeated):
        names = ", ".join(str(repeated[name].iloc[0]) for name in (gene, *samples))
        advice += f", once no two rows have the same {' and '.join([gene, *samples])} ({names})"
    return advice


def names_samples(name):
    """Return whether a column's name says that it holds names of samples, such as donor_id."""
    words = words_of(name)
    others = [word for word in words if not _SAMPLE.fullmatch(word)]
    return len(others) < len(words) and all(_SAMPLE_TOO.fullmatch(word) for word in others)


def _differs(frame, gene, name):
    """Return whether rows of one gene differ in this column."""
    return len(frame.drop_duplicates([gene, name])) > frame[gene].nunique()


def _is_text(column):
    """Return whether most fields of a column are not numbers."""
    numbers = pd.to_numeric(column, errors="coerce")
    missing = column.astype(str).str.strip().str.upper().isin(["", "NA", "NAN", "N/A", "-"])
    return bool((numbers.isna() & ~missing).mean() > 0.5)


def _quoted(name):
    """Return a name as a literal of Python in double quotes."""
    return '"' + re.sub(r'(["\\])', r"\\\1", str(name)) + '"'
