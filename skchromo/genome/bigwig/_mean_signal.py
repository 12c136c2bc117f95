"""How much signal a whole bigWig file holds, from its header."""

import numpy as np

from ._file import BigWigFile


def mean_signal(path, track=None):
    """Mean signal per bp of a whole bigWig file, read from its header.

    The header's sum of the signal of all bases over the length of all chromosomes that the file
    lists; bases that it does not cover count as 0. No signal is read.

    Parameters
    ----------
    path : str or os.PathLike
        The bigWig file, or its http or https address.
    track : str, default=None
        Name of its track, for error messages.

    Returns
    -------
    float
        In the file's own units (such as read depth, or fold change) per bp; above 0.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a bigWig, is incomplete or damaged, or its header holds no sum, or one that is
        not above 0.
    ConnectionError, PermissionError
        If a server does not give it.

    Notes
    -----
    The sum is ``sumData`` of the total summary (Kent et al., Bioinformatics 2010,
    doi 10.1093/bioinformatics/btq351, supplement); only files of old programs lack it.

    Examples
    --------
    >>> import tempfile, os, pyBigWig
    >>> path = os.path.join(tempfile.mkdtemp(), "H3K4me3.bw")
    >>> with pyBigWig.open(path, "w") as handle:
    ...     handle.addHeader([("chr1", 1000), ("chr2", 500)])
    ...     handle.addEntries(["chr1"], [100], ends=[400], values=[2.5])
    >>> mean_signal(path)
    0.5
    """
    with BigWigFile(path, track) as bigwig:
        if bigwig.summary is None:
            raise ValueError(
                f"{bigwig}: its header does not hold the sum of all signal: make the file again "
                "with a newer program (bedGraphToBigWig), or use scale='quantile' or None"
            )
        total = bigwig.summary.total
        if not 0 < total < np.inf:
            raise ValueError(
                f"{bigwig}: the sum of all signal in its header is {total:g}, from which no depth "
                "can be taken: it must be above 0 and finite; use read depth or fold change"
            )
        return total / sum(bigwig.chromsizes.values())
