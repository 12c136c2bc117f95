"""Gene annotations: one gene table from GTF, GFF3, UCSC's tables and BED."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..._words import check_choice, name_some
from .._gene_ids import bare_id, check_strip_version, kind_of_ids
from ..text import TextFile
from ._formats import FORMATS, read_annotation
from ._transcripts import choose_tss, keep_one_locus


def read_genes(
    path,
    *,
    format="auto",
    tss="canonical",
    biotypes="auto",
    chroms=None,
    rename_chroms=None,
    strip_version=True,
):
    r"""Read a gene table from an annotation: one row per gene, with its TSS.

    Parameters
    ----------
    path : str or os.PathLike
        The annotation, plain, gzipped or bgzipped: GTF or GFF3 (GENCODE, Ensembl, RefSeq, UCSC and
        others), a genePred table of UCSC (refGene, ncbiRefSeq, ensGene, refFlat, knownGene; with or
        without header and bin column), or BED with six columns or more.
    format : {"auto", "gtf", "gff3", "genepred", "bed"}, default="auto"
        ``"auto"`` recognises it by the content.
    tss : {"canonical", "most_5prime", "all"}, default="canonical"
        ``"canonical"`` takes the transcript tagged MANE Select, else Ensembl canonical, else RefSeq
        Select, else APPRIS principal (the lowest number first); of several, or where none is
        tagged, the one that starts most 5'. ``"most_5prime"`` ignores tags. ``"all"`` gives one
        row for each distinct TSS, so that a gene has several.
    biotypes : "auto", str, sequence of str or None, default="auto"
        Biotypes to keep, spelled as in the file; None keeps every gene. ``"auto"`` keeps
        ``"protein_coding"``; in a file that has no biotypes (BED) it keeps every gene. In a file
        that has coding sequences alone (UCSC's tables and GTFs), genes are ``"protein_coding"`` or
        ``"non_coding"``.
    chroms : str, sequence of str or None, default=None
        Chromosomes to keep, by their names after renaming; None keeps all.
    rename_chroms : mapping of str to str or None, default=None
        New names of chromosomes, such as ``{"NC_000001.11": "chr1"}``; those not in it keep theirs.
        RefSeq's names become UCSC's by NCBI's assembly report: ``report = pandas.read_csv(path,
        sep="\t", comment="#", header=None); rename_chroms = dict(zip(report[6], report[9]))``.
    strip_version : bool, default=True
        Take the versions off Ensembl and RefSeq ids, and the prefixes off ids of GFF3:
        ``ENSG00000000003.15`` and ``gene:ENSG00000000003`` become ``ENSG00000000003``
        (``Gene:``, ``gene-``, ``rna-``, ``GeneID:`` and the like too). Other names keep their dots.

    Returns
    -------
    pandas.DataFrame of shape (n_genes, 4 to 7)
        Genes in the order of the file, the index counts from 0: ``gene_id``, ``chrom``, ``strand``
        (str), ``tss`` (int64, 0-based position of the first transcribed base: the start of a
        transcript on ``+``, its end less one on ``-``), and where the file has them
        ``gene_name``, ``biotype`` and ``transcript_id`` (the transcript that was chosen; with
        ``"all"`` those that start at this TSS, joined by ``;``).

    Raises
    ------
    TypeError
        If `path` is not a path or `rename_chroms` is not a mapping.
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, empty, of no known format or has a malformed line (which is named),
        if a parameter has a value it cannot have, if two ids differ in their version or prefix
        alone, or if no gene is left.

    Warns
    -----
    UserWarning
        If genes without strand or biotype were left out, if genes stand at several places, if a
        GTF or GFF3 has no biotypes, or if genes have the names of transcripts.

    Notes
    -----
    A gene has one place. Where a file has several (the same name on an alternate contig, on X and
    Y, on both strands or more than 1 Mb apart), a warning names the gene, and one is kept: a
    primary chromosome comes before contigs, X before Y, then the first in the file. A gene that
    GENCODE copies to chromosome Y has an id of its own, ``ENSG00000002586_PAR_Y``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "genes.gtf")
    >>> gene = 'gene_id "ENSG00000116213.16"; gene_type "protein_coding"; gene_name "WRAP73";'
    >>> _ = path.write_text(
    ...     f"chr1\tHAVANA\tgene\t3630767\t3652761\t.\t-\t.\t{gene}\n"
    ...     f'chr1\tHAVANA\ttranscript\t3630767\t3652761\t.\t-\t.\t{gene} transcript_id "A";\n'
    ...     f'chr1\tHAVANA\ttranscript\t3630770\t3650103\t.\t-\t.\t{gene} transcript_id "B"; '
    ...     'tag "MANE_Select";\n'
    ... )
    >>> read_genes(path)[["gene_id", "chrom", "tss", "strand", "gene_name"]]
               gene_id chrom      tss strand gene_name
    0  ENSG00000116213  chr1  3650102      -    WRAP73
    >>> read_genes(path, tss="most_5prime")["tss"].tolist()
    [3652760]
    """
    check_choice("format", format, FORMATS)
    check_choice("tss", tss, ("canonical", "most_5prime", "all"))
    check_strip_version(strip_version)
    chroms, wanted = _as_names(chroms, "chroms"), _as_names(biotypes, "biotypes")
    file = TextFile(path, "annotation")
    format, found = read_annotation(file, format)
    table = found.to_table(file)
    table = _choose_chroms(table, chroms, rename_chroms, file)
    table = _leave_out_unstranded(table, file)
    if _add_biotypes(table, found, format, biotypes, file):
        table = _choose_biotypes(table, ["protein_coding"] if biotypes == "auto" else wanted, file)
    if found.names:
        table["gene_name"] = table["gene_id"].map(found.names)
    if strip_version:
        table = _strip_versions(table, file)
    kind = kind_of_ids(table["gene_id"].tolist())
    if kind.endswith("transcript ids") or table["gene_id"].equals(table["transcript_id"]):
        warnings.warn(
            f"{file.name} gives each gene the name of its transcript, so each row is a transcript: "
            "to get genes, take an annotation with gene names (from UCSC the table with name2), or "
            "put the gene's name in place of the transcript's",
            stacklevel=2,
        )
    table = keep_one_locus(table, file.name)
    return choose_tss(table, tss)


def _as_names(names, parameter):
    """Return one name or several as a list, and None as None."""
    if names is None:
        return None
    names = [names] if isinstance(names, str) else list(names)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{parameter} must be one name, several or None, got {names!r}")
    return names


def _choose_chroms(table, chroms, rename, file):
    """Rename chromosomes, then return the rows of the wanted ones."""
    if rename is not None:
        if not isinstance(rename, Mapping):
            raise TypeError(
                "rename_chroms must be a mapping of old name to new name, got "
                f"{type(rename).__name__}"
            )
        present = table["chrom"].unique()
        if not any(name in rename for name in present):
            raise ValueError(
                f"rename_chroms has none of the names in {file.name}: it maps "
                f"{name_some(rename)}, the file has {name_some(present)}"
            )
        renamed = {name: str(rename.get(name, name)) for name in present}
        table["chrom"] = table["chrom"].map(renamed)
    if chroms is None:
        return table
    present = table["chrom"].unique()
    missing = [name for name in chroms if name not in present]
    if missing:
        raise ValueError(
            f"chroms: {file.name} has no gene on {name_some(missing)}: it has {name_some(present)}"
        )
    return table[table["chrom"].isin(chroms)].reset_index(drop=True)


def _leave_out_unstranded(table, file):
    """Return the rows that have a strand; warn of the others, whose TSS is unknown."""
    stranded = table["strand"].isin(["+", "-"])
    if stranded.all():
        return table
    lost = table.loc[~stranded, "gene_id"].drop_duplicates()
    lost = lost[~lost.isin(table.loc[stranded, "gene_id"])]
    if not stranded.any():
        raise ValueError(
            f"{file.name}: no gene has a strand, so no TSS is known: fill in + or - as the strand"
        )
    if len(lost):
        warnings.warn(
            f"{file.name}: genes without a strand, and so without a TSS, are left out "
            f"({len(lost)}): {name_some(lost)}",
            stacklevel=3,
        )
    return table[stranded].reset_index(drop=True)


def _add_biotypes(table, found, format, biotypes, file):
    """Add the biotype of each row's gene to the table, and return whether any is known."""
    if found.biotypes:
        table["biotype"] = table["gene_id"].map(found.biotypes)
    elif found.coding:
        coding = table["gene_id"].isin(found.coding)
        table["biotype"] = np.where(coding, "protein_coding", "non_coding")
    elif biotypes not in ("auto", None):
        raise ValueError(
            f"{file.name} has no biotypes of its genes, so that biotypes={biotypes!r} cannot "
            "be chosen: pass biotypes=None for all genes"
        )
    elif biotypes == "auto" and format in ("gtf", "gff3"):
        warnings.warn(
            f"{file.name} has neither biotypes nor coding sequences: all "
            f"{table['gene_id'].nunique()} genes are kept; biotypes=None keeps them "
            "without a warning",
            stacklevel=3,
        )
    return "biotype" in table.columns


def _choose_biotypes(table, wanted, file):
    """Return the rows of the wanted biotypes; warn of genes without a biotype."""
    if wanted is None:
        return table
    genes = table.drop_duplicates("gene_id")
    counts = genes["biotype"].value_counts()
    missing = [biotype for biotype in wanted if biotype not in counts.index]
    if missing:
        shown = ", ".join(f"{name} ({count})" for name, count in counts.items())
        raise ValueError(
            f"biotypes: {file.name} has no gene that is {name_some(missing)}: it has {shown}; "
            "choose among them, or pass biotypes=None for all genes"
        )
    unknown = genes.loc[genes["biotype"].isna(), "gene_id"]
    if len(unknown):
        warnings.warn(
            f"{file.name}: genes without a biotype are left out ({len(unknown)}): "
            f"{name_some(unknown)}; biotypes=None keeps all genes",
            stacklevel=3,
        )
    return table[table["biotype"].isin(wanted)].reset_index(drop=True)


def _strip_versions(table, file):
    """Return the table without versions and prefixes of ids; refuse it where two become one."""
    codes, ids = pd.factorize(table["gene_id"])
    bare = pd.Series([bare_id(name) for name in ids], dtype=object)
    twice = bare.duplicated(keep=False).to_numpy()
    if twice.any():
        raise ValueError(
            f"{file.name}: {name_some(np.asarray(ids)[twice])} differ in their versions or "
            "prefixes alone: remove one of them, or pass strip_version=False"
        )
    table["gene_id"] = bare.to_numpy()[codes]
    table["transcript_id"] = table["transcript_id"].map(bare_id, na_action="ignore")
    return table
