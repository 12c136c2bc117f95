"""Several fitted models: of other seeds, or of folds that have each seen some chromosomes."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Member(NamedTuple):
    """A fitted estimator, and whether it may explain each row of X, shape (n_genes,)."""

    estimator: object
    unseen: np.ndarray


def members_of(estimator, chrom):
    """Return the members in an estimator, several, or results of cross_validate as a list.

    `chrom` is the chromosome of each row of X. A model of a fold may explain the genes on
    chromosomes of which it was trained on no gene; any other model all genes.
    """
    if not isinstance(estimator, (list, tuple)):
        estimator = [estimator]
    if not len(estimator):
        raise ValueError("estimator is empty: give at least one fitted model")
    members = []
    for one in estimator:
        if isinstance(one, Mapping):
            members += _of_folds(one, chrom)
        else:
            members.append(Member(one, np.ones(len(chrom), bool)))
    if not any(member.unseen.any() for member in members):
        raise ValueError(
            "no model of cross_validate has left out a whole chromosome: split by chromosome, as "
            "cross_validate(..., cv=GroupKFold(), groups=genes['chrom']) does"
        )
    return members


def _of_folds(result, chrom):
    """Return the members in a result of cross_validate."""
    if not {"estimator", "indices"} <= set(result):
        raise ValueError(
            "the result of cross_validate lacks its models or their rows: call it with "
            "return_estimator=True, return_indices=True"
        )
    members = []
    indices = result["indices"]
    for fitted, train, test in zip(result["estimator"], indices["train"], indices["test"]):
        rows = np.union1d(train, test)
        if len(rows) != len(chrom) or rows[-1] >= len(chrom):
            raise ValueError(
                f"X has {len(chrom)} rows, but the folds of cross_validate have {len(rows)}: give "
                "the X that was given to cross_validate"
            )
        members.append(Member(fitted, ~np.isin(chrom, chrom[train])))
    return members
