"""to_bedgraph and to_bigwig: attributions as signal for genome browsers."""

from pathlib import Path

import numpy as np
import pandas as pd

from ..._arrays import ranges
from ..._files import whole_file
from ..._words import check_choice
from ...genome.bigwig import read_chromsizes, write_bigwig
from ._writing import rows_to_write, write_table


def to_bedgraph(attributions, path, *, track=None, genes=None, combine="sum", name=None):
    """Write attributions as bedGraph.

    Each base pair has the attribution of the bin that holds it (the finest bins of X). Where
    regions of one gene or of several overlap, the attributions are combined.

    Parameters
    ----------
    attributions : Attributions
        See :func:`attributions`.
    path : str or Path
        File to write, replaced if it is there; compressed where it ends in ``.gz``. With
        ``{track}`` in it, as ``"attribution-{track}.bedgraph"``, a file for each track; without,
        tracks are summed.
    track : str or sequence of str, default=None
        Names of the tracks; None is all.
    genes : str, int or sequence of them, default=None
        Ids, symbols or row numbers; None is all.
    combine : {"sum", "mean"}, default="sum"
        How overlapping regions are combined. The sum is the share of a place in the predictions of
        all genes together; the mean is comparable between places with few and with many regions.
    name : str, default=None
        Name in UCSC's track line, followed by the name of the track. UCSC and IGV need this line,
        bedGraphToBigWig does not. None writes no line.

    Returns
    -------
    path : Path, or dict of str to Path
        The file written; a file for each track where `path` holds ``{track}``.

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
        line = None
        if name is not None:
            line = f'track type=bedGraph name="{" ".join(filter(None, [name, label]))}"'
        written[label] = write_table(table, target, line)
    return written.get(None, written)


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
        Names of the tracks; None is all.
    genes : str, int or sequence of them, default=None
        Ids, symbols or row numbers; None is all.
    combine : {"sum", "mean"}, default="sum"
        How overlapping regions are combined.
    chromsizes : mapping of str to int, or path of a bigWig, default=None
        Length of each chromosome in bp; None takes those that X has from its bigWigs.

    Returns
    -------
    path : Path, or dict of str to Path
        The file written; a file for each track where `path` holds ``{track}``.

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
    sizes = _lengths(attributions, chromsizes)
    written = {}
    for target, label, table in _tables(attributions, path, track, genes, combine, sizes):
        unknown = sorted(set(table["chrom"]) - set(sizes))
        if unknown:
            raise ValueError(
                f"{target}: the length of {', '.join(unknown[:5])} is not known: give chromsizes="
            )
        signal = {
            chrom: [part[name].to_numpy() for name in ("start", "end", "value")]
            for chrom, part in table.groupby("chrom")
        }
        with whole_file(target) as file:
            write_bigwig(file, sizes, signal)
        written[label] = target
    return written.get(None, written)


def _lengths(attributions, chromsizes):
    """Return the lengths of chromosomes, dict of str to int."""
    if chromsizes is None:
        return attributions.places.chromsizes
    if hasattr(chromsizes, "items"):
        return {str(chrom): int(size) for chrom, size in chromsizes.items()}
    return read_chromsizes(chromsizes)


def _tables(attributions, path, track, genes, combine, sizes):
    """Yield path, track (None for the sum of tracks) and table of each file to write."""
    check_choice("combine", combine, ("sum", "mean"))
    rows = rows_to_write(attributions.places, genes, sizes)
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


def _segments(attributions, rows, columns, combine, sizes):
    """Return a table chrom, start, end, value of stretches that do not overlap, in order."""
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
    """Return start, end and combined value of the stretches between all ends of intervals."""
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
