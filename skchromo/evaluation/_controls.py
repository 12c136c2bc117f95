"""Controls: what a score is worth without what is claimed to matter."""

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state


def shuffle_pcres(genes, *, random_state=None):
    """Exchange the pCREs of genes with those of other genes on the same chromosome.

    The control for the use of contacts: every gene gets the whole set of pCREs and weights
    of another one, so that numbers, lengths, weights and marks stay as they were and only the
    connection to the gene is lost. A model that learns from contacts must fall back to what
    it scores on promoters alone.

    Parameters
    ----------
    genes : pandas.DataFrame
        Gene table with the column ``pcres`` that InteractionTransformer adds; it is not changed.
    random_state : int, RandomState instance or None, default=None
        Seed of the exchange.

    Returns
    -------
    shuffled : pandas.DataFrame
        The same rows in the same order; only ``pcres`` is exchanged, within each chromosome and,
        where there is a column ``sample``, within each sample.

    Raises
    ------
    ValueError
        If there is no column ``pcres``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skchromo import InteractionTransformer
    >>> from skchromo.evaluation import shuffle_pcres
    >>> genes = pd.DataFrame({"chrom": "chr1", "tss": [1_500, 81_500], "strand": "+"},
    ...                      index=["A", "B"])
    >>> contacts = pd.DataFrame({"gene_id": ["A"], "chrom": ["chr1"], "start": [50_000],
    ...                          "end": [54_000], "score": [3.1]})
    >>> genes = InteractionTransformer(contacts).fit_transform(genes)
    >>> shuffle_pcres(genes, random_state=0)["pcres"]
    A    0 of 8 pCREs
    B    1 of 8 pCREs
    Name: pcres, dtype: object
    """
    if not isinstance(genes, pd.DataFrame) or "pcres" not in genes.columns:
        raise ValueError(
            "genes must be a gene table with a column pcres: see InteractionTransformer"
        )
    random = check_random_state(random_state)
    keys = [name for name in ("sample", "chrom") if name in genes.columns]
    taken = np.arange(len(genes))
    for rows in genes.groupby(keys, sort=True).indices.values():
        taken[rows] = random.permutation(rows)
    return genes.assign(pcres=genes["pcres"].array[taken])
