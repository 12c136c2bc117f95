"""InteractionTransformer: gene table in, gene table with the pCREs of each row out."""

import os
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .._words import name_some
from ..genome import check_assembly, check_chrom_names, check_genes
from ..genome.contacts import (
    MatchedContacts,
    as_matrix,
    check_pcre_settings,
    check_reading,
    check_single,
    check_weight_transform,
    describe_problem,
    list_weights,
    name_source,
    one_tss_a_gene,
    pick_pcres,
    read_source,
    sources_by_sample,
    transform_weights,
    weight_function,
)
from ._gene_table import GeneTableTransformer, each_condition, has_conditions, side_by_side


class InteractionTransformer(GeneTableTransformer, auto_wrap_output_keys=None):
    """Add to each gene its pCREs, chosen from a list or a matrix of 3D chromatin contacts.

    The gene table comes back with one more column, ``pcres``: for each row the strongest distal
    fragments in contact with its promoter. Rows are never dropped; a gene without contacts gets an
    empty cell.

    Parameters
    ----------
    contacts : path, pandas.DataFrame, matrix, or mapping of str to these
        The contacts, or by sample (cell type) where the gene table has a column ``sample``.
        A list holds either fragment pairs, where a gene's fragment is the one that holds its TSS
        (either of the two; both, if each holds a TSS), or pairs of a gene and a fragment; see
        `format`. Positions are 0-based, half-open, in bp. A matrix is a path that ends in
        ``.cool``, ``.mcool`` or ``.hic`` (``"file.mcool::resolutions/5000"``), read as
        :class:`~skchromo.genome.ContactMatrix` reads it by default; a ContactMatrix, whose
        parameters a search names as ``contacts__resolution``;
        :class:`~skchromo.genome.CandidateElements`, from peaks; or any object
        with a method ``contacts_of`` that takes a gene table (``gene_id chrom tss strand``, no
        gene_id with two TSSs) and returns a DataFrame ``gene_id chrom start end score``, and maybe
        with ``chromsizes``, a mapping of chromosome to its length in bp.
    max_pcres : int, default=8
        The most pCREs of a gene; those with the highest weights are kept, and 0 keeps none. Of
        equal weights the nearer to the TSS comes first.
    weight_threshold : float, "auto" or None, default="auto"
        Only contacts with a score strictly above it are used; None uses all. It counts in the units
        of the list or matrix, before any `weight_transform`. ``"auto"`` is 1.5, which suits
        normalised promoter-capture Hi-C frequencies; other scores need another (5 is usual for
        CHiCAGO's). Of :class:`~skchromo.genome.CandidateElements`, whose scores are shares, it
        uses all.
    weight_transform : {"log1p", "rank"}, callable or None, default=None
        How scores become the weights that the network adds to its attention. None takes them as
        they are, as in the paper, whose frequencies had a median of 1.86 and went from 1.5 to 12.3.
        ``"rank"`` puts any scores on that scale: the pCREs of the training genes get the paper's
        values of the same ranks, others are interpolated between these, and no value lies outside
        the range. ``"log1p"`` is the natural logarithm of 1 + score. A function takes an array of
        scores and returns one of as many finite numbers; it must treat each score on its own and
        never give a higher one a lower weight, and for ``n_jobs`` and saving it must be picklable
        (defined in a module, no lambda).
    max_pcre_length : int, default=40_000
        The longest pCRE in bp.
    oversized : {"drop", "crop"}, default="drop"
        How fragments longer than that are treated: not used, or cropped to their central
        `max_pcre_length` bp.
    min_distance : int or None, default=None
        Fragments whose nearest base is nearer to the TSS than this (bp) are not used; None sets no
        limit. The ``min_separation`` of a ContactMatrix is counted from bin to bin.
    format : str, default="auto"
        How lists are written: ``"bedpe"``, ``"pairs"``, ``"fragments"``, ``"ibed"``,
        ``"longrange"``, ``"interact"`` or ``"reference"``, see
        :func:`~skchromo.genome.read_contacts`; ``"auto"`` recognises them by their content.
        Matrices do not use it.
    score_column : str, int or None, default=None
        Where the score of lists stands: a name in the header or a 0-based position; None takes the
        format's own place, and asks where there could be several. The higher the score, the
        stronger the contact must be.
    chrom_names : {"exact", "match"}, default="exact"
        Whether names of chromosomes must agree as they stand, or ``chr1`` and ``1`` (``chrM`` and
        ``MT``) are taken for the same.

    Attributes
    ----------
    n_contacts_ : int
        Contacts above the threshold on chromosomes of the genes that it was fitted on, or all
        contacts above the threshold where there is none.
    n_unmatched_ : int
        How many of these contacts belong to none of these genes.
    n_trans_ : int
        Further contacts above the threshold, not used, that join a chromosome of these genes (or
        one of them) with another chromosome.
    training_weights_ : ndarray of shape (n_weights,), float64
        Only with ``weight_transform="rank"``: the scores of all pCREs of the genes that it was
        fitted on, rising.
    n_features_in_ : int
        Number of columns of the gene table in `fit`.
    feature_names_in_ : ndarray of shape (n_columns,), object
        Their names, where all are str.

    See Also
    --------
    BigWigTransformer : Reads the signal of the promoters and pCREs.
    skchromo.genome.ContactMatrix : Contacts from a .cool, .mcool or .hic file.

    Notes
    -----
    Only contacts on the TSS's own chromosome are used, and never the fragment that holds the TSS.
    A fragment that comes twice for a gene counts once, with its highest weight.

    The network adds weights to its attention as they are, times a factor that it learns: scores of
    another method or normalisation make another model. Weights of some hundred (raw counts) leave
    all attention with the strongest pCRE.

    Genes, contacts and bigWig files must be of one assembly; nothing is lifted over here (UCSC
    liftOver and CrossMap do that). The lengths of a matrix's chromosomes and the largest positions
    of a list go with the cells of ``pcres``: :class:`BigWigTransformer` compares them with its
    files, and refuses contacts of another assembly.

    Nothing is learned from the genes, except by ``weight_transform="rank"``: fitting checks
    parameters, contacts and gene table. One scale is learned for all samples. Files are read again
    when they are needed (and have changed, or in another process; of a matrix, only promoters that
    were not read yet), so that a saved pipeline holds their paths, not their content.

    Examples
    --------
    >>> import pandas as pd
    >>> genes = pd.DataFrame(
    ...     {"chrom": "chr1", "tss": [1_500, 81_000], "strand": ["+", "-"]}, index=["A", "B"]
    ... )
    >>> contacts = pd.DataFrame({
    ...     "chrom1": "chr1", "start1": [1_000, 1_000], "end1": [2_000, 2_000],
    ...     "chrom2": "chr1", "start2": [50_000, 80_000], "end2": [54_000, 82_000],
    ...     "score": [3.1, 2.0],
    ... })
    >>> InteractionTransformer(contacts).fit_transform(genes)
      chrom    tss strand         pcres
    A  chr1   1500      +  2 of 8 pCREs
    B  chr1  81000      -  1 of 8 pCREs
    >>> transformer = InteractionTransformer(contacts).fit(genes)
    >>> transformer.get_feature_names_out().tolist()
    ['chrom', 'tss', 'strand', 'pcres']
    >>> transformer.transform(genes)["pcres"]["A"].weight
    array([3.1, 2. ], dtype=float32)
    """

    def __init__(
        self,
        contacts,
        *,
        max_pcres=8,
        weight_threshold="auto",
        weight_transform=None,
        max_pcre_length=40_000,
        oversized="drop",
        min_distance=None,
        format="auto",
        score_column=None,
        chrom_names="exact",
    ):
        self.contacts = contacts
        self.max_pcres = max_pcres
        self.weight_threshold = weight_threshold
        self.weight_transform = weight_transform
        self.max_pcre_length = max_pcre_length
        self.oversized = oversized
        self.min_distance = min_distance
        self.format = format
        self.score_column = score_column
        self.chrom_names = chrom_names

    def get_params(self, deep=True):
        """Return the parameters, and the parameters of matrices among the contacts.

        Parameters
        ----------
        deep : bool, default=True
            Whether to list the parameters of matrices too: of a ContactMatrix as
            ``contacts__resolution``, of one in a mapping as ``contacts__K562__resolution``.

        Returns
        -------
        dict of str to object
            Value of each parameter.

        Examples
        --------
        >>> from skchromo import ContactMatrix
        >>> matrix = ContactMatrix("K562.mcool", resolution=5_000)
        >>> InteractionTransformer(matrix).get_params()["contacts__resolution"]
        5000
        """
        params = super().get_params(deep)
        for sample, matrix in self._matrices().items() if deep else ():
            params |= {
                f"contacts__{sample}__{name}": value for name, value in matrix.get_params().items()
            }
        return params

    def set_params(self, **params):
        """Set parameters of the transformer and of matrices among its contacts.

        Parameters
        ----------
        **params : object
            New values by name, as `get_params` lists them.

        Returns
        -------
        self : InteractionTransformer
            The transformer itself.

        Examples
        --------
        >>> from skchromo import ContactMatrix
        >>> transformer = InteractionTransformer({"K562": ContactMatrix("K562.mcool")})
        >>> transformer.set_params(contacts__K562__resolution=5_000).contacts
        {'K562': ContactMatrix('K562.mcool', resolution=5000)}
        """
        if "contacts" in params:
            super().set_params(contacts=params.pop("contacts"))
        for sample, matrix in self._matrices().items():
            prefix = f"contacts__{sample}__"
            names = [name for name in params if name.startswith(prefix)]
            matrix.set_params(**{name.removeprefix(prefix): params.pop(name) for name in names})
        return super().set_params(**params)

    def _matrices(self):
        """Return the matrices of a mapping of contacts whose parameters can be set, by sample."""
        sources = self.contacts if isinstance(self.contacts, Mapping) else {}
        return {name: source for name, source in sources.items() if hasattr(source, "set_params")}

    def fit(self, X, y=None):
        """Check the parameters, the contacts and the gene table.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_genes, n_columns)
            The gene table: ``chrom``, ``tss`` (0-based, bp), ``strand``, ``gene_id`` as a column or
            the index, and where `contacts` is a mapping ``sample``, or ``sample_a`` and
            ``sample_b`` for rows that compare two samples.
        y : object, default=None
            Ignored.

        Returns
        -------
        InteractionTransformer
            The transformer itself.

        Raises
        ------
        TypeError
            If X is not a DataFrame, `contacts` is not a path, DataFrame, matrix or mapping of
            these, or a matrix does not return a DataFrame.
        FileNotFoundError
            If a file of contacts does not exist.
        ValueError
            If a parameter, the gene table or the contacts are not valid, a sample has no contacts,
            genes and contacts share no chromosome name but would with ``chrom_names="match"``,
            contacts of two samples are of different assemblies, not one contact of a list belongs
            to a gene, or `weight_transform` returns something else than it may.

        Warns
        -----
        UserWarning
            Once, if contacts above the threshold on the genes' chromosomes belong to no gene; or if
            there are contacts on these chromosomes, but none above the threshold.
        """
        self._check_parameters()
        self._learn(self._gather(each_condition(X) if has_conditions(X) else X))
        self._remember_columns(X)
        return self

    def transform(self, X):
        """Add the pCREs of each row.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_genes, n_columns)
            The gene table, as for `fit`.

        Returns
        -------
        pandas.DataFrame of shape (n_genes, n_columns + 1)
            A copy of X with a column ``pcres`` that holds one immutable cell per row, with the
            attributes ``chrom``, ``start``, ``end``, ``weight`` (falling), ``max_pcres`` and
            ``max_pcre_length``. It replaces a column
            ``pcres`` of X. Rows that compare two samples get ``pcres_a`` and ``pcres_b``.

        Raises
        ------
        TypeError
            If X is not a DataFrame.
        FileNotFoundError
            If a file of contacts is no longer there.
        ValueError
            If the gene table is not valid, a sample has no contacts, genes and contacts name their
            chromosomes in different ways, or `weight_transform` returns something else than it may.
        """
        check_is_fitted(self)
        if has_conditions(X):
            return side_by_side(X, self.transform(each_condition(X)))
        return self._add(X, self._gather(X))

    def fit_transform(self, X, y=None):
        """Fit, then add the pCREs of each row, reading the contacts only once.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_genes, n_columns)
            The gene table, as for `fit`.
        y : object, default=None
            Ignored.

        Returns
        -------
        pandas.DataFrame of shape (n_genes, n_columns + 1)
            The result of `transform`.
        """
        self._check_parameters()
        both = each_condition(X) if has_conditions(X) else X
        parts = self._gather(both)
        self._learn(parts)
        self._remember_columns(X)
        table = self._add(both, parts)
        return table if both is X else side_by_side(X, table)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns of the resulting table.

        Parameters
        ----------
        input_features : array-like of str of shape (n_columns,), default=None
            Compared with `feature_names_in_`, as everywhere in scikit-learn.

        Returns
        -------
        names : ndarray of str, object
            The columns of the gene table in `fit`, and ``pcres``; ``pcres_a`` and ``pcres_b`` for
            rows that compare two samples.
        """
        check_is_fitted(self)
        names = list(_check_feature_names_in(self, input_features))
        added = ["pcres_a", "pcres_b"] if {"sample_a", "sample_b"} <= set(names) else ["pcres"]
        return np.array(names + [name for name in added if name not in names], dtype=object)

    def _check_parameters(self):
        """Check all parameters, before any file is read."""
        check_pcre_settings(*self._pcre_settings(self._threshold_of(None)))
        check_weight_transform(self.weight_transform)
        check_chrom_names(self.chrom_names)
        check_reading(self.format, self.score_column)
        single = not isinstance(self.contacts, Mapping)
        sources = [self.contacts] if single else list(self.contacts.values())
        if not sources:
            raise ValueError("contacts is an empty mapping: give one source for each sample")
        for source in sources:
            listed = isinstance(source, (str, os.PathLike, pd.DataFrame))
            if not listed and as_matrix(source) is None:
                raise TypeError(
                    "contacts must be a path, a pandas DataFrame, an object with a method "
                    "contacts_of (a ContactMatrix) or a mapping of sample to these, "
                    f"got {type(source).__name__}{'' if single else ' in the mapping'}"
                )

    def _threshold_of(self, source):
        """Return the threshold for the scores of a source."""
        auto = isinstance(self.weight_threshold, str) and self.weight_threshold == "auto"
        return getattr(source, "default_weight_threshold", 1.5) if auto else self.weight_threshold

    def _pcre_settings(self, threshold):
        """Return the parameters of the choice of pCREs, in the order of `pick_pcres`."""
        return (
            self.max_pcres,
            threshold,
            self.max_pcre_length,
            self.oversized,
            self.min_distance,
        )

    def _gather(self, X):
        """Check the gene table, and match parts of its rows with the contacts of their source.

        Return the rows of each part, its `MatchedContacts`, and the threshold of its scores.
        """
        genes = check_genes(X).reset_index(drop=True)
        parts = []
        for rows, source, name in self._parts(genes):
            own = genes.iloc[rows]
            contacts, origin = read_source(
                source, own, name, format=self.format, score_column=self.score_column
            )
            matched = MatchedContacts(own, contacts, self.chrom_names, origin)
            parts.append((rows, matched, self._threshold_of(source)))
        check_assembly({}, [matched.origin for _, matched, _ in parts])
        return parts

    def _learn(self, parts):
        """Count the contacts, learn the scale of their weights, and say what is wrong."""
        counts = [matched.count(threshold) for _, matched, threshold in parts]
        for count in counts:
            if count.fault and self.max_pcres > 0:
                raise ValueError(count.fault)
        self.n_contacts_ = sum(count.n_contacts for count in counts)
        self.n_unmatched_ = sum(count.n_unmatched for count in counts)
        self.n_trans_ = sum(count.n_trans for count in counts)
        if self.weight_transform is not None:
            cells = [
                pick_pcres(matched, *self._pcre_settings(threshold))
                for _, matched, threshold in parts
            ]
            self._learn_weights(np.sort(np.concatenate([list_weights(own) for own in cells])))
        problem = describe_problem(counts, self._threshold_of(None))
        if problem:
            warnings.warn(problem, UserWarning, stacklevel=3)

    def _add(self, X, parts):
        """Choose the pCREs of each row, and put them in a copy of the table."""
        cells = np.empty(len(X), dtype=object)
        for rows, matched, threshold in parts:
            cells[rows] = pick_pcres(matched, *self._pcre_settings(threshold))
        transform = weight_function(self.weight_transform, getattr(self, "training_weights_", ()))
        if transform is not None:
            cells[:] = transform_weights(list(cells), transform)
        table = X.copy()
        table["pcres"] = cells
        return table

    def _parts(self, genes):
        """List the rows that share a source, the source (a matrix opened), and its name."""
        sources = sources_by_sample(self.contacts)
        if sources is None:
            return self._split(
                genes, np.arange(len(genes)), self.contacts, name_source(self.contacts)
            )
        if "sample" not in genes:
            raise ValueError(
                "contacts is a mapping of samples, but the gene table has no column sample: add "
                f"one with values among {name_some(sources)}"
            )
        rows_of = genes.groupby("sample", sort=False).indices
        missing = [sample for sample in rows_of if sample not in sources]
        if missing:
            raise ValueError(
                f"no contacts for sample {name_some(missing)}: contacts has {name_some(sources)}; "
                "add a source for each sample of the gene table"
            )
        return [
            part
            for sample, rows in rows_of.items()
            for part in self._split(
                genes, rows, sources[sample], f"{name_source(sources[sample])} (sample {sample})"
            )
        ]

    def _split(self, genes, rows, source, name):
        """Split the rows of a matrix where a gene has several TSSs."""
        matrix = as_matrix(source, self.chrom_names)
        if matrix is None:
            return [(rows, source, name)]
        return [(rows[part], matrix, name) for part in one_tss_a_gene(genes.iloc[rows])]

    def _learn_weights(self, weights):
        """Learn what the transform needs from the scores of the training pCREs, and try it."""
        if self.weight_transform == "rank":
            self.training_weights_ = weights
        check_single(weight_function(self.weight_transform, weights), weights)
