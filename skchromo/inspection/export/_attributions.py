"""to_bedgraph and to_bigwig: attributions for genome browsers."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig

from ..._arrays import ranges
from ...genome.bigwig import read_chromsizes
from .._gene_choice import rows_of_genes

_COMBINE = ("sum", "mean")


def to_bedgraph(attributions, path, *, track=None, genes=None, combine="sum", name=None):
    """Write attributions as bedGraph.

    Each base pair carries the attribution of the bin that holds it (of so many bp as the finest
    bins of X are wide). Where regions overlap, of one gene or of several, `combine` tells what
    stands there.

    Parameters
    ----------
    attributions : Attributions
        See :func:`attributions`.
    path : str or Path
        File to write, replaced if it is there; compressed where it ends in ``.gz``. With
        ``{track}`` in it, as ``"attribution-{track}.bedgraph"``, a file for each track; without,
        tracks are summed.
    track : str or sequence of str, default=None
        Which tracks; None is all.
    genes : str, int or sequence of them, default=None
        Ids or row numbers; None is all.
    combine : {"sum", "mean"}, default="sum"
        Of regions that overlap. The sum is what the genes drawn owe to a place together; the mean
        stays comparable between places with few and with many regions.
    name : str, default=None
        Adds UCSC's track line with this name, behind which the track's name stands. UCSC and IGV
        want it, bedGraphToBigWig does not.

    Returns
    -------
    path : Path, or dict of str to Path
        What was written; by track where `path` holds ``{track}``.

    Raises
    ------
    ValueError
        If the genes have no coordinates (X came from plain arrays), or there is no such track,
        gene or `combine`.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import attributions, to_bedgraph
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray(
    ...     signal=rng.poisson(3.0, (60, 1)), offsets=[0, 20, 40, 60], chrom=["chr1"] * 3,
    ...     start=[1_000, 7_000, 11_000], end=[3_000, 9_000, 13_000], index=[[0], [1], [2]],
    ...     tracks=["ATAC"], bin_size=100, n_bins=20, window=2_000)
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, [0.0, 1.0, 2.0])
    >>> path = to_bedgraph(attributions(model, X), tempfile.mkdtemp() + "/a.bedgraph", genes=1)
    >>> path.read_text().split()[:3]
    ['chr1', '7000', '7100']
    """
    written = {}
    sizes = attributions.places.chromsizes
    for target, label, table in _tables(attributions, path, track, genes, combine, sizes):
        opener = gzip.open if target.suffix == ".gz" else open
        with opener(target, "wt") as file:
            if name is not None:
                title = " ".join(filter(None, [name, label]))
                file.write(f'track type=bedGraph name="{title}"\n')
            table.to_csv(
                file, sep="\t", header=False, index=False, float_format="%.6g", lineterminator="\n"
            )
        written[label] = target
    return _answer(written)


def to_bigwig(attributions, path, *, track=None, genes=None, combine="sum", chromsizes=None):
    """Write attributions as bigWig; :func:`to_bedgraph` explains the content.

    Parameters
    ----------
    attributions : Attributions
        See :func:`attributions`.
    path : str or Path
        File to write, replaced if it is there. With ``{track}`` in it, as
        ``"attribution-{track}.bw"``, a file for each track; without, tracks are summed.
    track : str or sequence of str, default=None
        Which tracks; None is all.
    genes : str, int or sequence of them, default=None
        Ids or row numbers; None is all.
    combine : {"sum", "mean"}, default="sum"
        Of regions that overlap.
    chromsizes : mapping of str to int, or path of a bigWig, default=None
        Length of each chromosome in bp; None is what X knows, from the bigWigs it was read from.

    Returns
    -------
    path : Path, or dict of str to Path
        What was written; by track where `path` holds ``{track}``.

    Raises
    ------
    ValueError
        As for :func:`to_bedgraph`; or if the length of a chromosome is not known.
    FileNotFoundError
        If there is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.genome import read_chromsizes
    >>> from skchromo.inspection import attributions, to_bigwig
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray(
    ...     signal=rng.poisson(3.0, (60, 1)), offsets=[0, 20, 40, 60], chrom=["chr1"] * 3,
    ...     start=[1_000, 7_000, 11_000], end=[3_000, 9_000, 13_000], index=[[0], [1], [2]],
    ...     tracks=["ATAC"], bin_size=100, n_bins=20, window=2_000, chromsizes={"chr1": 20_000})
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, [0.0, 1.0, 2.0])
    >>> written = to_bigwig(attributions(model, X), tempfile.mkdtemp() + "/{track}.bw")
    >>> list(written), read_chromsizes(written["ATAC"])
    (['ATAC'], {'chr1': 20000})
    """
    sizes = _sizes(attributions, chromsizes)
    written = {}
    for target, label, table in _tables(attributions, path, track, genes, combine, sizes):
        unknown = sorted(set(table["chrom"]) - set(sizes))
        if unknown:
            raise ValueError(
                f"{target}: the length of {', '.join(unknown[:5])} is not known: give chromsizes="
            )
        _write_bigwig(target, sizes, table)
        written[label] = target
    return _answer(written)


def _write_bigwig(path, sizes, table):
    """Write a table chrom, start, end, value, in order."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(sizes.items()))
        parts = dict(tuple(table.groupby("chrom")))
        for chrom in sizes:
            if chrom in parts:
                start, end, value = (parts[chrom][name].tolist() for name in table.columns[1:])
                file.addEntries([chrom] * len(start), start, ends=end, values=value)


def _answer(written):
    """Path, or paths by track."""
    return written.get(None, written)


def _sizes(attributions, chromsizes):
    """Lengths of chromosomes, dict of str to int."""
    if chromsizes is None:
        return attributions.places.chromsizes
    if hasattr(chromsizes, "items"):
        return {str(chrom): int(size) for chrom, size in chromsizes.items()}
    return read_chromsizes(chromsizes)


def _tables(attributions, path, track, genes, combine, sizes):
    """Path, track (None for their sum) and table of each file to write."""
    if combine not in _COMBINE:
        raise ValueError(f"combine must be 'sum' or 'mean', got {combine!r}")
    rows = rows_of_genes(attributions.places.genes["gene_id"], genes)
    check_places(attributions.places, rows, sizes)
    tracks = [track] if isinstance(track, str) else list(track or attributions.tracks)
    unknown = [name for name in tracks if name not in attributions.tracks]
    if unknown:
        raise ValueError(
            f"there is no track {', '.join(unknown)}, only {', '.join(attributions.tracks)}"
        )
    groups = {name: [name] for name in tracks} if "{track}" in str(path) else {None: tracks}
    for label, names in groups.items():
        columns = [attributions.tracks.index(name) for name in names]
        target = Path(str(path).replace("{track}", label or ""))
        yield target, label, _segments(attributions, rows, columns, combine, sizes)


def check_places(places, rows, sizes):
    """Refuse genes that lie nowhere, or beyond the end of their chromosome."""
    nowhere = rows[places.chrom[rows, 0] == ""]
    if len(nowhere):
        raise ValueError(
            f"gene {places.genes['gene_id'][nowhere[0]]} has no coordinates, as X came from plain "
            "arrays: make X with BigWigTransformer"
        )
    for row in rows:
        chrom, tss = places.chrom[row, 0], places.tss[row]
        if tss >= sizes.get(chrom, np.inf):
            raise ValueError(
                f"gene {places.genes['gene_id'][row]} lies at {chrom}:{tss}, beyond the end of "
                f"{chrom}, {sizes[chrom]} bp: are chromsizes of another assembly?"
            )


def _segments(attributions, rows, columns, combine, sizes):
    """Table chrom, start, end, value of stretches that do not overlap, in order."""
    values = attributions.values[rows][..., columns].sum(axis=-1, dtype=np.float64)
    gene, region, number = at = np.nonzero(~np.isnan(values))
    places = attributions.places
    start, end = places.bins(rows[gene], region, number, attributions.bin_size)
    chrom = places.chrom[rows[gene], region]
    parts = []
    for name in sorted(set(chrom)):
        here = chrom == name
        near = np.clip(start[here], 0, None)
        far = np.clip(end[here], 0, sizes.get(name))
        inside = near < far
        part = _flat(near[inside], far[inside], values[at][here][inside], combine)
        parts.append(pd.DataFrame({"chrom": name, **part}))
    return pd.concat(parts, ignore_index=True)


def _flat(start, end, value, combine):
    """Cut intervals where they overlap, and combine what lies on each stretch."""
    cuts = np.unique(np.concatenate([start, end]))
    first = np.searchsorted(cuts, start)
    n_stretches = np.searchsorted(cuts, end) - first
    stretch = ranges(first, n_stretches)
    count = np.bincount(stretch, minlength=len(cuts))
    total = np.bincount(stretch, np.repeat(value, n_stretches), minlength=len(cuts))
    covered = np.flatnonzero(count)
    if combine == "mean":
        total = total / np.maximum(count, 1)
    return {"start": cuts[covered], "end": cuts[covered + 1], "value": total[covered]}
