"""to_bedpe and to_interact: scored contacts for genome browsers."""

import numpy as np
import pandas as pd

from .._plot import effect_colour
from ._writing import rows_to_write, write_table


def to_bedpe(importance, path, *, genes=None):
    """Write contacts, and their effects on predictions, as BEDPE.

    IGV and Juicer draw the file; for pyGenomeTracks' ``links`` take columns 1 to 6 and 8
    (``cut -f 1-6,8``). Both columns behind the tenth are numbers, so that
    ``InteractionTransformer(path, score_column="weight")`` reads the same contacts again.

    Parameters
    ----------
    importance : PCREImportance
        See :func:`pcre_importance`.
    path : str or Path
        File to write, replaced if it is there.
    genes : str, int or sequence of them, default=None
        Ids, symbols or row numbers; None is all.

    Returns
    -------
    path : Path
        The file: a header behind ``#``, then a row for each gene and pCRE, ``chrom1 start1
        end1`` (the TSS, 1 bp), ``chrom2 start2 end2`` (the pCRE; 0-based, half-open), ``name``
        (gene and number of the pCRE), ``score`` (the importance, above 0 where the pCRE raises the
        prediction), ``strand1`` (of the gene), ``strand2`` (``.``), ``weight`` and ``importance``.

    Raises
    ------
    ValueError
        If the genes have no coordinates (X came from plain arrays), or there is no such gene.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import pcre_importance, to_bedpe
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray(
    ...     signal=rng.poisson(3.0, (60, 1)), offsets=[0, 20, 40, 60], chrom=["chr1"] * 3,
    ...     start=[1_000, 7_000, 11_000], end=[3_000, 9_000, 13_000], index=[[0, 2], [1, 2]],
    ...     weights=[[2.5], [1.5]], tracks=["ATAC"], bin_size=100, n_bins=20, window=2_000)
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, [0.0, 1.0])
    >>> path = to_bedpe(pcre_importance(model, X), tempfile.mkdtemp() + "/contacts.bedpe")
    >>> path.read_text().splitlines()[1].split()[:7]
    ['chr1', '2000', '2001', 'chr1', '11000', '13000', '0/1']
    """
    return write_table(_contacts(importance, genes), path, names=True)


def to_interact(importance, path, *, genes=None, name="pCRE importance"):
    """Write contacts, and their effects on predictions, in UCSC's interact format.

    Arcs are orange where a pCRE raises the prediction, blue where it lowers it; the score, 0 to
    1000, is the size of the importance against the largest written.

    Parameters
    ----------
    importance : PCREImportance
        See :func:`pcre_importance`.
    path : str or Path
        File to write, replaced if it is there.
    genes : str, int or sequence of them, default=None
        Ids, symbols or row numbers; None is all.
    name : str, default="pCRE importance"
        Name in the track line.

    Returns
    -------
    path : Path
        The file: a track line, then a row for each gene and pCRE with the 18 columns of
        https://genome.ucsc.edu/goldenPath/help/interact.html. ``value`` is the importance, the
        source the TSS and the target the pCRE.

    Raises
    ------
    ValueError
        If the genes have no coordinates (X came from plain arrays), or there is no such gene.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skchromo import ChromoformerRegressor, RegionArray
    >>> from skchromo.inspection import pcre_importance, to_interact
    >>> rng = np.random.default_rng(0)
    >>> X = RegionArray(
    ...     signal=rng.poisson(3.0, (60, 1)), offsets=[0, 20, 40, 60], chrom=["chr1"] * 3,
    ...     start=[1_000, 7_000, 11_000], end=[3_000, 9_000, 13_000], index=[[0, 2], [1, 2]],
    ...     weights=[[2.5], [1.5]], tracks=["ATAC"], bin_size=100, n_bins=20, window=2_000)
    >>> model = ChromoformerRegressor.small_data(bin_sizes=(1000, 200), max_epochs=1)
    >>> model = model.set_params(random_state=0).fit(X, [0.0, 1.0])
    >>> path = to_interact(pcre_importance(model, X), tempfile.mkdtemp() + "/contacts.interact")
    >>> path.read_text().splitlines()[0]
    'track type=interact name="pCRE importance" useScore=on maxHeightPixels=200:100:50'
    """
    table = _contacts(importance, genes)
    chrom, start, end = table["#chrom1"], table["start1"], table["end1"]
    cis = chrom == table["chrom2"]
    size = table["importance"].abs()
    columns = {
        "chrom": chrom,
        "chromStart": np.where(cis, np.minimum(start, table["start2"]), start),
        "chromEnd": np.where(cis, np.maximum(end, table["end2"]), end),
        "name": table["name"],
        "score": (1000 * size / (size.max() or 1)).round().astype(int),
        "value": table["importance"],
        "exp": ".",
        "color": [_rgb(effect_colour(value)) for value in table["importance"]],
        "sourceChrom": chrom,
        "sourceStart": start,
        "sourceEnd": end,
        "sourceName": table["name"].str.rpartition("/")[0],
        "sourceStrand": table["strand1"],
        "targetChrom": table["chrom2"],
        "targetStart": table["start2"],
        "targetEnd": table["end2"],
        "targetName": table["name"],
        "targetStrand": ".",
    }
    track_line = f'track type=interact name="{name}" useScore=on maxHeightPixels=200:100:50'
    return write_table(pd.DataFrame(columns), path, track_line)


def _rgb(colour):
    """Return a colour as ``'213,94,0'``."""
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))


def _contacts(importance, genes):
    """Return the table of a BEDPE file: a row for each pCRE of the genes."""
    places = importance.places
    rows = rows_to_write(places, genes, places.chromsizes)
    found, pcre = np.nonzero(~np.isnan(importance.importance[rows]))
    gene, region = rows[found], pcre + 1
    ids, tss = places.genes["gene_id"][gene], places.tss[gene]
    values = importance.importance[gene, pcre]
    return pd.DataFrame(
        {
            "#chrom1": places.chrom[gene, 0],
            "start1": tss,
            "end1": tss + 1,
            "chrom2": places.chrom[gene, region],
            "start2": places.start[gene, region],
            "end2": places.end[gene, region],
            "name": pd.Series([f"{one}/{number}" for one, number in zip(ids, region)], dtype=str),
            "score": values,
            "strand1": np.where(places.flipped[gene], "-", "+"),
            "strand2": ".",
            "weight": importance.weights[gene, pcre],
            "importance": values,
        }
    )
