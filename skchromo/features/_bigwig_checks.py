"""What is checked of tracks and genes against each other before any signal is read."""

import numpy as np

from .._words import name_some
from ..genome import check_assembly, resolve_chroms
from ..genome.bigwig import BigWigFile, match_file_chroms, read_chromsizes
from ..genome.tracks import track_files


def files_of_tracks(source, tracks):
    """List the files of the tracks that a transformer was fitted on, as they are given now.

    Parameters
    ----------
    source : mapping, pandas.DataFrame, str or os.PathLike
        The parameter `tracks` of BigWigTransformer: it may name other samples than in `fit`.
    tracks : tuple of str
        Names of the tracks it was fitted on.

    Returns
    -------
    dict of (str or None) to tuple of tuple of str
        Paths by sample, track (in the order of `tracks`) and replicate.

    Raises
    ------
    ValueError
        If the names of the tracks are others.

    Examples
    --------
    >>> files_of_tracks({"K27": "b.bw", "K4": "a.bw"}, ("K4", "K27"))
    {None: (('a.bw',), ('b.bw',))}
    """
    names, files = track_files(source)
    if set(names) != set(tracks):
        raise ValueError(
            f"tracks has {', '.join(names)}, but BigWigTransformer was fitted on "
            f"{', '.join(tracks)}: give the same tracks, or fit again"
        )
    order = [names.index(name) for name in tracks]
    return {sample: tuple(paths[i] for i in order) for sample, paths in files.items()}


def merge_sizes(sizes):
    """Merge the chromosomes of all files.

    Parameters
    ----------
    sizes : dict of tuple to (dict of str to int)
        What `read_file_chroms` gives.

    Returns
    -------
    dict of str to int
        Length in bp of every chromosome that any file lists.

    Examples
    --------
    >>> merge_sizes({("H1", "a.bw"): {"chr1": 900}, ("H1", "b.bw"): {"chr2": 700}})
    {'chr1': 900, 'chr2': 700}
    """
    return {name: size for listed in sizes.values() for name, size in listed.items()}


def check_samples(files, genes):
    """Refuse genes of samples that have no tracks.

    Parameters
    ----------
    files : dict of (str or None) to tuple of tuple of str
        Paths by sample, track and replicate, as `track_files` gives them.
    genes : pandas.DataFrame
        Gene table as `check_genes` returns it.

    Returns
    -------
    tuple of (str or None)
        The samples; ``(None,)`` where all genes are read from the same files: those of tracks
        without samples, or of the only sample where the gene table names none.

    Raises
    ------
    ValueError
        If there are several samples and the gene table has no column ``sample``, or a gene's sample
        has no tracks.
    """
    if None in files or (len(files) == 1 and "sample" not in genes.columns):
        return (None,)
    if "sample" not in genes.columns:
        raise ValueError(
            "the gene table has no column sample, but tracks are given by sample "
            f"({name_some(files)}): add it, or give tracks as a mapping"
        )
    unknown = genes.loc[~genes["sample"].isin(list(files)), "sample"]
    if len(unknown):
        raise ValueError(
            f"no tracks for sample {name_some(unknown)} of {len(unknown)} gene rows; the table "
            f"of tracks has {name_some(files)}: spell samples alike, add their files, or leave "
            "these rows out"
        )
    return tuple(files)


def read_file_chroms(tracks, files, table):
    """Read the chromosomes of every file, and refuse those of different assemblies.

    Parameters
    ----------
    tracks : tuple of str
        Names of the tracks.
    files : dict of (str or None) to tuple of tuple of str
        Paths by sample, track and replicate.
    table : pandas.DataFrame
        The gene table as the user gave it: it may know the assembly of its contacts.

    Returns
    -------
    dict of tuple of (str or None, str) to (dict of str to int)
        Chromosomes and lengths in bp by sample, and track and path in words.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is no bigWig, or files disagree on the length of a chromosome.
    """
    found, by_path = {}, {}
    for sample, of_sample in files.items():
        for track, paths in zip(tracks, of_sample, strict=True):
            for path in paths:
                sizes = read_chromsizes(path, track)
                found[sample, str(BigWigFile(path, track))] = sizes
                by_path[str(BigWigFile(path))] = sizes
    check_assembly(by_path, table=table)
    return found


def check_chroms(sizes, samples, genes, pcres, missing_chrom, chrom_names):
    """Refuse genes and pCREs on chromosomes that a file of theirs does not list.

    Parameters
    ----------
    sizes : dict of tuple of (str or None, str) to (dict of str to int)
        What `read_file_chroms` gives.
    samples : tuple of (str or None)
        What `check_samples` gives.
    genes : pandas.DataFrame
        Gene table as `check_genes` returns it.
    pcres : GatheredPcres
        Its pCREs.
    missing_chrom : {"error", "zero"}
        Whether a chromosome that a file does not list is an error.
    chrom_names : {"exact", "match"}
        How names are compared.

    Returns
    -------
    dict of str to tuple of str
        For each chromosome of the genes and pCREs that files list by other names, these names.

    Raises
    ------
    ValueError
        If a chromosome is missing; the message counts the genes or pCREs.
    """
    chroms = genes["chrom"].to_numpy(dtype=object)
    by_sample = None if None in samples else genes["sample"].to_numpy(dtype=object)
    renamed = {}
    for (sample, source), listed in sizes.items():
        mine = np.ones(len(genes), dtype=bool) if by_sample is None else by_sample == sample
        for what, wanted in (("gene", chroms[mine]), ("pCRE", pcres.chrom[mine[pcres.row]])):
            names = match_file_chroms(
                source, listed, wanted, what, missing_chrom=missing_chrom, chrom_names=chrom_names
            )
            for name, found in names.items():
                if found not in (None, name):
                    renamed.setdefault(name, {})[found] = None
    return {name: tuple(found) for name, found in renamed.items()}


def check_ends(genes, pcres, chromsizes, chrom_names):
    """Refuse what lies beyond a chromosome's end.

    Parameters
    ----------
    genes : pandas.DataFrame
        Gene table as `check_genes` returns it.
    pcres : GatheredPcres
        Its pCREs.
    chromsizes : dict of str to int
        Length in bp of every chromosome that any file lists.
    chrom_names : {"exact", "match"}
        How names are compared.

    Returns
    -------
    dict of str to int
        Lengths, also by the gene table's names.

    Raises
    ------
    ValueError
        If a TSS or a pCRE lies beyond the end.
    """
    chroms = genes["chrom"].to_numpy(dtype=object)
    names = resolve_chroms([*chroms, *pcres.chrom], chromsizes, chrom_names)
    sizes = {name: chromsizes[found] for name, found in names.items() if found}
    ids, tss = genes["gene_id"].to_numpy(dtype=object), genes["tss"].to_numpy()
    beyond = np.flatnonzero(tss >= _limits(chroms, sizes))
    if len(beyond):
        row = beyond[0]
        raise ValueError(
            f"{len(beyond)} of {len(genes)} genes have their TSS beyond the chromosome's end: "
            f"{name_some(ids[beyond])}; {ids[row]} has tss {tss[row]}, but {chroms[row]} has "
            f"{sizes[chroms[row]]} bp in the bigWig files: are genes and files of one assembly?"
        )
    beyond = np.flatnonzero(pcres.end > _limits(pcres.chrom, sizes))
    if len(beyond):
        pcre = beyond[0]
        chrom = pcres.chrom[pcre]
        raise ValueError(
            f"{len(beyond)} of {len(pcres.row)} pCREs reach beyond the chromosome's end, the "
            f"first is {chrom}:{pcres.start[pcre]}-{pcres.end[pcre]} of gene "
            f"{ids[pcres.row[pcre]]}, but {chrom} has {sizes[chrom]} bp in the bigWig files: "
            "are contacts and files of one assembly?"
        )
    return {**chromsizes, **sizes}


def _limits(chroms, sizes):
    """Give each chromosome's length, none where no file lists it."""
    no_limit = np.iinfo(np.int64).max
    return np.array([sizes.get(chrom, no_limit) for chrom in chroms], dtype=np.int64)
