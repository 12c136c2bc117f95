"""Checks of the files of tracks: against the fit, each other, and the regions to be read."""

import warnings

import numpy as np

from .._files import FileWatch
from .._words import name_some
from ..genome import check_assembly, resolve_chroms
from ..genome.bigwig import BigWigFile, match_file_chroms, read_chromsizes
from ..genome.tracks import track_files


def files_of_tracks(source, tracks, missing_tracks):
    """Return the files that the parameter `tracks` names now, in the order of the fitted tracks.

    They are paths by sample, then a tuple of replicates for each track. The samples may be others
    than in fit, and with ``missing_tracks="zero"`` lack tracks of the fit.
    """
    names, files = track_files(source, missing_tracks)
    unknown, lacking = set(names) - set(tracks), set(tracks) - set(names)
    if unknown or (lacking and missing_tracks == "error"):
        how = "give the same tracks, or fit again"
        if not unknown:
            how += "; if they were not measured in these samples, set missing_tracks='zero'"
        raise ValueError(
            f"tracks has {', '.join(names)}, but BigWigTransformer was fitted on "
            f"{', '.join(tracks)}: {how}"
        )
    return {
        sample: tuple(dict(zip(names, paths, strict=True)).get(name, ()) for name in tracks)
        for sample, paths in files.items()
    }


def list_paths(files, tracks):
    """Return each file once, with the name of its track."""
    found = {
        path: track
        for of_sample in files.values()
        for track, paths in zip(tracks, of_sample, strict=True)
        for path in paths
    }
    return list(found.items())


def watch_files(files, tracks):
    """Return the FileWatch of each file by path, before any of them is read."""
    return {
        path: FileWatch(path, str(BigWigFile(path, track)))
        for path, track in list_paths(files, tracks)
    }


def read_file_chroms(files, tracks, table):
    """Return the chromosomes of each file and their lengths in bp, by path.

    Files are refused if their assemblies differ, or if the contacts of the gene table `table` are
    of another assembly.
    """
    listed = {path: read_chromsizes(path, track) for path, track in list_paths(files, tracks)}
    check_assembly({str(BigWigFile(path)): sizes for path, sizes in listed.items()}, table=table)
    return listed


def check_chroms(regions, files, tracks, listed, missing_chrom, chrom_names):
    """Refuse genes and pCREs on chromosomes that a file of their sample does not list.

    Return, for each chromosome of the gene table that files list by other names, these names.
    """
    renamed = {}
    for number, of_sample in enumerate(files.values()):
        for path, track in list_paths({number: of_sample}, tracks):
            for what, those in (("gene", regions.promoters), ("pCRE", regions.pcres)):
                names = match_file_chroms(
                    str(BigWigFile(path, track)),
                    listed[path],
                    regions.chrom[those[regions.sample[those] == number]],
                    what,
                    missing_chrom=missing_chrom,
                    chrom_names=chrom_names,
                )
                for name, found in names.items():
                    if found not in (None, name):
                        renamed.setdefault(name, {})[found] = None
    return {name: tuple(found) for name, found in renamed.items()}


def warn_without_signal(regions, files, tracks, chrom_names):
    """Warn of each file without signal, or without any on the chromosomes of its sample's genes."""
    for number, of_sample in enumerate(files.values()):
        chroms = np.unique(regions.chrom[regions.sample == number])
        for path, track in list_paths({number: of_sample}, tracks) if len(chroms) else ():
            with BigWigFile(path, track) as file:
                held = file.chroms_with_signal()
                names = resolve_chroms(chroms, file.chromsizes, chrom_names)
            if held is None or not held.isdisjoint(names.values()):
                continue
            where = "no signal at all"
            if held:
                where = f"no signal on {name_some(chroms)}, only on {name_some(sorted(held))}"
            warnings.warn(
                f"{file}: the file holds {where}, so that the track is 0 for all genes: check how "
                "it was made (a converter writes an empty file if names of chromosomes differ)",
                UserWarning,
                stacklevel=4,
            )


def warn_missing_in_all(files, tracks):
    """Warn of tracks that all samples of the genes to fit lack."""
    of_tracks = zip(tracks, *files.values(), strict=True)
    lacking = [track for track, *paths in of_tracks if not any(paths)]
    if lacking:
        warnings.warn(
            f"no sample of the genes to fit has track {name_some(lacking)}: a model cannot learn "
            "from it; fit on a sample that has it, or leave the track out",
            UserWarning,
            stacklevel=4,
        )


def check_ends(genes, regions, chromsizes, chrom_names):
    """Refuse genes and pCREs beyond a chromosome's end.

    Return the lengths `chromsizes` of the files with those by the gene table's names added.
    """
    names = resolve_chroms(regions.chrom, chromsizes, chrom_names)
    sizes = {name: chromsizes[found] for name, found in names.items() if found}
    no_limit = np.iinfo(np.int64).max
    limit = np.array([sizes.get(chrom, no_limit) for chrom in regions.chrom], dtype=np.int64)
    ids, tss = genes["gene_id"].to_numpy(dtype=object), genes["tss"].to_numpy()
    beyond = np.flatnonzero(tss >= limit[regions.promoters])
    if len(beyond):
        row = beyond[0]
        chrom = regions.chrom[regions.promoters[row]]
        raise ValueError(
            f"{len(beyond)} of {len(genes)} genes have their TSS beyond the chromosome's end: "
            f"{name_some(ids[beyond])}; {ids[row]} has tss {tss[row]}, but {chrom} has "
            f"{sizes[chrom]} bp in the bigWig files: are genes and files of one assembly?"
        )
    pcres = regions.pcres
    beyond = np.flatnonzero(regions.end[pcres] > limit[pcres])
    if len(beyond):
        pcre = pcres[beyond[0]]
        gene = ids[np.nonzero(regions.index[:, 1:] >= 0)[0][beyond[0]]]
        chrom = regions.chrom[pcre]
        raise ValueError(
            f"{len(beyond)} of {len(pcres)} pCREs reach beyond the chromosome's end, the "
            f"first is {chrom}:{regions.start[pcre]}-{regions.end[pcre]} of gene "
            f"{gene}, but {chrom} has {sizes[chrom]} bp in the bigWig files: "
            "are contacts and files of one assembly?"
        )
    return {**chromsizes, **sizes}
