"""fetch_roadmap: signal tracks, genes and expression of the Roadmap Epigenomics project."""

import re
import warnings
from collections.abc import Iterable

import pandas as pd
from sklearn.utils import Bunch

from ..._fetch import fetch_file, get_data_home, how_to_fetch_again, join_url
from ..._words import check_choice, name_some
from ...genome.expression import join_expression, read_expression

_BASE_URL = "https://egg2.wustl.edu/roadmap/data"
_SIGNALS = {
    "fc": "byFileType/signal/consolidated/macs2signal/foldChange/{0}-{1}.fc.signal.bigwig",
    "pval": "byFileType/signal/consolidated/macs2signal/pval/{0}-{1}.pval.signal.bigwig",
    "imputed": "byFileType/signal/consolidatedImputed/{1}/{0}-{1}.imputed.pval.signal.bigwig",
}
_EXPRESSION = "byDataType/rna/expression/57epigenomes.RPKM.pc.gz"
_GENES = "byDataType/rna/expression/Ensembl_v65.Gencode_v10.ENSG.gene_info"
_DESCR = """\
Roadmap Epigenomics, consolidated epigenomes, human genome hg19.

Signal by MACS2 from reads that were pooled, cut to 36 bp and sampled down to 30 million: fold
change over control, -log10 of its p-value, or the p-value imputed by ChromImpute. Expression is
RPKM of protein-coding genes (GENCODE v10, Ensembl v65). The data are free to use; please cite
Roadmap Epigenomics Consortium, Nature 2015, doi 10.1038/nature14248.
"""


def fetch_roadmap(
    sample,
    marks,
    *,
    signal="fc",
    expression=True,
    data_home=None,
    base_url=_BASE_URL,
    progress=True,
):
    """Fetch bigWig tracks, genes and expression of Roadmap Epigenomics samples.

    A track takes about 0.3 to 1 GB. An interrupted download is continued by the next call.

    Parameters
    ----------
    sample : str or sequence of str
        Epigenome ids, such as ``"E003"`` (H1 cells), ``"E116"`` (GM12878), ``"E118"`` (HepG2) or
        ``"E123"`` (K562).
    marks : str or sequence of str
        Marks as Roadmap spells them: ``"H3K4me3"``, ``"H3K27ac"``, ``"DNase"``, ``"H2A.Z"``, ...
    signal : {"fc", "pval", "imputed"}, default="fc"
        Fold change over control, its -log10 p-value, or the -log10 p-value imputed from
        other marks and samples, which is there for every mark in every sample.
    expression : bool, default=True
        Fetch genes and expression too. They are there for 56 of the 127 samples.
    data_home : str, os.PathLike or None, default=None
        Where files are kept, in the folder ``roadmap``; see :func:`get_data_home`.
    base_url : str, default="https://egg2.wustl.edu/roadmap/data"
        Address of the data, or of a mirror with the same folders below it.
    progress : bool, default=True
        Show a bar for each file.

    Returns
    -------
    data : Bunch
        Dictionary with these entries, which are attributes too:

        tracks : dict of str to Path, or DataFrame
            bigWig file of each mark, or with several samples a table ``sample track path``; for
            :class:`skchromo.BigWigTransformer`.
        genes : DataFrame
            Gene table ``gene_id chrom tss strand gene_name biotype``, with ``sample`` where there
            are several: a row for each gene in each sample. The TSS is the 5' end of the gene.
            None without expression.
        expression : Series
            RPKM of each row of `genes`; take ``numpy.log2(expression + 1)`` as a regressor's y.
            None without expression.
        assembly : str
            ``"hg19"``.
        DESCR : str
            What the data are, and whom to cite.

    Raises
    ------
    ValueError
        If a parameter is not as above, a sample has no expression, or a file is damaged.
    FileNotFoundError
        If Roadmap has no such track.
    ConnectionError
        If there is no connection; the message names where to put the file by hand.

    Warns
    -----
    UserWarning
        If genes of the expression table have no position and are left out.

    Notes
    -----
    Roadmap publishes no checksums with these files: the SHA256 of the first download is kept
    beside each and checked at every call.

    Examples
    --------
    >>> from skchromo.datasets import fetch_roadmap
    >>> data = fetch_roadmap("E003", ["H3K4me3", "H3K27ac"])  # doctest: +SKIP
    >>> pipe.fit(data.genes, data.expression > data.expression.median())  # doctest: +SKIP
    """
    samples = _check_names(sample, "sample", r"E\d{3}", "an epigenome id such as E003")
    marks = _check_names(marks, "marks", r"[A-Za-z][A-Za-z0-9.]*", "a mark such as H3K4me3")
    check_choice("signal", signal, _SIGNALS)
    folder = get_data_home(data_home) / "roadmap"

    def fetch(path):
        return fetch_file(
            join_url(base_url, path), folder / path.rpartition("/")[2], progress=progress
        )

    genes = levels = None
    if expression:
        genes, levels = _join(fetch(_EXPRESSION), fetch(_GENES), samples)
    rows = [
        (name, mark, _fetch_track(fetch, signal, name, mark)) for name in samples for mark in marks
    ]
    if isinstance(sample, str):
        tracks = {mark: path for _, mark, path in rows}
    else:
        tracks = pd.DataFrame(rows, columns=["sample", "track", "path"])
    if genes is not None and isinstance(sample, str):
        genes = genes.drop(columns="sample")
    return Bunch(tracks=tracks, genes=genes, expression=levels, assembly="hg19", DESCR=_DESCR)


def _check_names(names, parameter, pattern, wanted):
    """Return one name or several as a list; refuse a wrong spelling."""
    names = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else [names]
    wrong = [name for name in names if not isinstance(name, str) or not re.fullmatch(pattern, name)]
    if wrong or not names or len(set(names)) < len(names):
        raise ValueError(f"{parameter} must be {wanted}, or several distinct ones, got {names}")
    return names


def _fetch_track(fetch, signal, sample, mark):
    """Fetch one track; the error names other tracks."""
    try:
        return fetch(_SIGNALS[signal].format(sample, mark))
    except FileNotFoundError as error:
        other = "" if signal == "imputed" else "; signal='imputed' has every mark for every sample"
        raise FileNotFoundError(
            f"Roadmap has no {signal} track of {mark} for {sample}: {error}. Names are spelled as "
            f"in H3K4me3, H3K27ac, DNase{other}"
        ) from error


def _join(expression_path, genes_path, samples):
    """Return the genes that have a position, a row for each sample, and their expression."""
    table = read_expression(expression_path)
    missing = [name for name in samples if name not in table.columns]
    if missing:
        raise ValueError(
            f"Roadmap has no expression of {name_some(missing)}, but of {', '.join(table.columns)}"
            ": choose among these, or pass expression=False"
        )
    places = _read_gene_info(genes_path)
    there = table.index.isin(places.index)
    if not there.all():
        warnings.warn(
            f"{(~there).sum()} of {len(table)} genes with expression have no position in "
            f"{genes_path.name} and are left out: {name_some(table.index[~there])}",
            stacklevel=3,
        )
    table = table[there]
    genes = places.loc[table.index].reset_index(names="gene_id")
    joined = join_expression(genes, table, samples)
    return joined.drop(columns="expression"), joined["expression"]


def _read_gene_info(path):
    """Read Roadmap's list of genes; positions in it count from 1, as Ensembl's do."""
    rows = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            fields = line.rstrip("\r\n").split("\t")
            try:
                gene, chrom, start, end, strand, biotype, name = fields[:7]
                tss = {"1": int(start), "-1": int(end)}[strand] - 1
            except (ValueError, KeyError):
                raise ValueError(
                    f"{path}, line {number} is not a gene (id, chromosome, start, end, 1 or -1, "
                    f"biotype, name, separated by tabs): {line.rstrip()!r}; "
                    f"{how_to_fetch_again(path)}"
                ) from None
            chrom = chrom if chrom.startswith("chr") else f"chr{'M' if chrom == 'MT' else chrom}"
            rows.append((gene, chrom, tss, "+" if strand == "1" else "-", name, biotype))
    columns = ["gene_id", "chrom", "tss", "strand", "gene_name", "biotype"]
    genes = pd.DataFrame(rows, columns=columns)
    # A gene that lies on X and Y alike is taken where both sexes have it.
    genes = genes.sort_values("chrom", key=lambda chrom: chrom == "chrY", kind="stable")
    return genes.drop_duplicates("gene_id").set_index("gene_id")
