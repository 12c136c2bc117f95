"""CandidateElements: peaks as a source of each gene's distal elements, without contacts."""

import dataclasses
import numbers
import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..._words import check_choice, check_whole, is_whole, name_some
from .._chroms import check_chrom_names, match_hint, resolve_chroms
from .._gene_table import check_genes, distinct_genes
from .._parameters import Parameters
from ..contacts import as_matrix
from ._activity import with_activity
from ._contact import MeasuredContact
from ._elements import make_elements
from ._peaks import read_peaks
from ._scores import power_law, ratios_of, score_elements

_BY_SAMPLE = ("elements", "activity", "contact")


@dataclasses.dataclass(kw_only=True, repr=False, eq=False)
class CandidateElements(Parameters):
    """Candidate elements from peaks, scored for each gene by Activity-by-Contact.

    A source of contacts for labs without a 3D assay of their own: given to
    :class:`~skchromo.InteractionTransformer` as its contacts, it offers the elements around a
    promoter as pCREs. Their score is that of the ABC model: activity of the element times its
    contact with the promoter, as the share of the sum over all elements of the gene. Contact comes
    from the distance alone, or from a list or matrix where there is one.

    The object holds paths and settings, and can be compared, copied and pickled as a
    :class:`ContactMatrix` can: a search over a pipeline names its parameters as
    ``contacts__contacts__max_distance``.

    Parameters
    ----------
    elements : str, os.PathLike, pandas.DataFrame or mapping of str to these
        The peaks, or those of each sample (cell type): narrowPeak, broadPeak, gappedPeak, BED,
        bigBed or a table with a header, plain or gzipped; or a DataFrame with the columns
        ``chrom``, ``start``, ``end``, and maybe ``activity`` and ``summit`` (from the start of the
        peak, in bp). Positions are 0-based and half-open, in bp.
    activity : str, int, os.PathLike, list of these, mapping of str to these, or None, default=None
        How active an element is. A column of the peaks: its name in the header, or its position
        from 0. A bigWig file, or its address: the mean signal over the element. Of several, the
        geometric mean counts, as of accessibility and H3K27ac in the ABC model. None takes the
        column that states the signal: ``signalValue`` of narrowPeak, broadPeak and gappedPeak, the
        fourth of four columns, or a column named ``activity``, ``signalValue`` or ``signal``. It
        must be 0 or more.
    contact : str, os.PathLike, pandas.DataFrame, matrix, or mapping of str to these, \
default="power_law"
        Contact of an element with a promoter: ``"power_law"``, by the distance between the middle
        of the element and the TSS. Or contacts as :class:`~skchromo.InteractionTransformer` takes
        them, whose scores are ratios of observed over expected at that distance: the power law is
        then multiplied by 1 + the ratio, and stays as it is where there is no contact. A
        ContactMatrix is read as ``"oe"`` over all distances; its resolution, balance, `min_count`,
        `missing_chrom` and `chrom_names` are used.
    max_distance : int, default=5_000_000
        Elements whose middle is nearer to the TSS than this (bp) are counted.
    width : {"auto"}, int or None, default="auto"
        Length of the elements in bp. ``"auto"`` is as in the ABC model: peaks that state a summit
        become 500 bp around it, others are widened around their middle if they are shorter. A
        number gives all elements this length, around the summit, or around the middle in formats
        without one. None takes the peaks as they are. Elements that overlap are then merged; the
        highest activity of their column counts.
    exponent : float, default=1.024238616787792
        How fast the power law falls: contact is proportional to ``(distance + 1) ** -exponent``.
    plateau : int, default=5_000
        Up to this distance (bp) the power law is constant.
    blacklist : str, os.PathLike or pandas.DataFrame, default=None
        Intervals whose elements are left out, such as ENCODE's blacklist of the assembly; see
        :func:`read_blacklist`. One base in common is enough.
    max_contacts : int or None, default=50
        Each gene keeps this many elements, those with the highest score. None keeps all.
        InteractionTransformer chooses at most ``max_pcres`` of them.
    nan : {"error", "gap"}, default="error"
        How NaN that a bigWig stores as a value is treated: an error, or as bases without signal.
    missing_chrom : {"error", "zero"}, default="error"
        How elements on chromosomes that a bigWig does not list are treated: an error that counts
        them, or as without signal.
    chrom_names : {"exact", "match"}, default="exact"
        Whether names of chromosomes must agree as they stand, or ``chr1`` and ``1`` (``chrM`` and
        ``MT``) are taken for the same.

    Attributes
    ----------
    default_weight_threshold : None
        The ``weight_threshold`` that InteractionTransformer uses by default: scores are shares,
        so that no threshold of other contacts suits them.

    Raises
    ------
    TypeError
        If `elements`, `activity` or `contact` is of another type.
    ValueError
        If a parameter is not valid; the message names it.

    See Also
    --------
    skchromo.InteractionTransformer : Chooses each gene's pCREs among its elements.
    ContactMatrix : Contacts from a .cool, .mcool or .hic file.

    Notes
    -----
    With the activity A of an element e, its contact C with a gene g, and its middle d(e, g) bp away
    from the TSS, the score is that of Fulco et al., 2019 (Nature Genetics 51:1664)::

        score(e, g) = A(e) C(e, g) / sum of A(x) C(x, g) over all elements x of g
        C(e, g) = (max(d(e, g), plateau) + 1) ** -exponent * (1 + ratio(e, g))

    The sum also holds the gene's own promoter, an element less than 500 bp away from the TSS,
    and the promoters of other genes. The own promoter is not returned, because the network reads it
    as such; ABC sets its score to 1. Constants are those of ABC's release 1.1.2
    (github.com/broadinstitute/ABC-Enhancer-Gene-Prediction): the exponent ``hic_gamma``, the
    plateau below 5 kb, the window of 5 Mb, ``peakExtendFromSummit`` and ``tss_slop``. Its
    ``hic_scale`` multiplies all contacts of a gene alike, so that shares do not depend on it. To
    the contacts of a matrix ABC adds the power law too (``hic_pseudocount_distance``), in units of
    the matrix; the ratio here needs none. ABC counts reads, normalises them by quantiles, takes the
    150,000 strongest peaks, and adds promoters without a peak: that is not done here.

    A factor on all activities, such as the depth of a bigWig, changes no score. Elements and
    activities are read once per process while their files do not change.

    Examples
    --------
    >>> import pandas as pd
    >>> peaks = pd.DataFrame({
    ...     "chrom": "chr1", "start": [9_900, 40_000, 109_900], "end": [10_200, 40_500, 110_100],
    ...     "activity": [8.0, 2.0, 4.0],
    ... })
    >>> genes = pd.DataFrame({"chrom": ["chr1"], "tss": [10_000], "strand": ["+"]}, index=["A"])
    >>> elements = CandidateElements(peaks)
    >>> elements.contacts_of(genes).round(4)
      gene_id chrom   start     end   score
    0       A  chr1   40000   40500  0.0372
    1       A  chr1  109750  110250  0.0219
    >>> from skchromo import InteractionTransformer
    >>> InteractionTransformer(elements, max_pcres=16).fit_transform(genes)
      chrom    tss strand          pcres
    A  chr1  10000      +  2 of 16 pCREs
    """

    elements: object = dataclasses.field(kw_only=False)
    activity: object = None
    contact: object = "power_law"
    max_distance: int = 5_000_000
    width: int | str | None = "auto"
    exponent: float = 1.024238616787792
    plateau: int = 5_000
    blacklist: object = None
    max_contacts: int | None = 50
    nan: str = "error"
    missing_chrom: str = "error"
    chrom_names: str = "exact"

    default_weight_threshold = None

    def by_sample(self):
        """Return the elements of each sample.

        Returns
        -------
        dict of str to CandidateElements, or None
            With the settings of each sample; None if no parameter is a mapping of samples.

        Examples
        --------
        >>> elements = CandidateElements({"H1": "H1.narrowPeak", "K562": "K562.narrowPeak"})
        >>> elements.by_sample()["K562"]
        CandidateElements('K562.narrowPeak')
        """
        mappings = self._mappings()
        if not mappings:
            return None
        shared = self.get_params(deep=False)
        samples = next(iter(mappings.values()))
        return {
            sample: CandidateElements(
                **shared | {name: mapping[sample] for name, mapping in mappings.items()}
            )
            for sample in samples
        }

    def contacts_of(self, genes):
        """Score the elements around each gene.

        Parameters
        ----------
        genes : pandas.DataFrame of shape (n_genes, n_columns)
            The gene table: ``chrom``, ``tss`` (0-based, bp), ``strand``, ``gene_id`` as a column or
            the index; rows in any order. A gene may have several rows, of one TSS.

        Returns
        -------
        pandas.DataFrame of shape (n_contacts, 5)
            ``gene_id``, ``chrom`` (as the gene table names it), ``start``, ``end`` (int64, 0-based,
            half-open, bp) and ``score`` (float64, above 0, at most 1): a table that
            :func:`~skchromo.genome.read_contacts` takes. Genes stand in the order of their first
            rows, the elements of a gene in falling score (among equal ones, the nearer first). A
            gene without elements has no row. The index counts from 0.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        TypeError
            If `genes` is not a DataFrame.
        ValueError
            If the gene table is not valid or a gene has several TSSs; if peaks, activities or
            contacts are not valid, no peak is on a chromosome of the genes, a bigWig lacks a
            chromosome, files are of different assemblies, or a parameter is a mapping of samples.

        Warns
        -----
        UserWarning
            If no contact of a list belongs to a gene, so that the power law alone is used; or if
            the activity of all elements on the genes' chromosomes is 0.
        """
        self._check_parameters()
        if self._mappings():
            raise ValueError(
                f"{', '.join(self._mappings())} of CandidateElements is a mapping of samples: call "
                "contacts_of of one of them, by_sample()[sample]"
            )
        genes = distinct_genes(check_genes(genes))
        peaks = read_peaks(self.elements, self._activities())
        tables = make_elements(peaks, self.width, self.blacklist, self.chrom_names)
        names = self._match_chroms(genes, peaks.name, tables)
        used = {name: tables[name] for name in names.values() if name is not None}
        options = {name: getattr(self, name) for name in ("nan", "missing_chrom", "chrom_names")}
        elements = with_activity(peaks, used, **options)
        found = [(np.empty(0, dtype=np.int64),) * 2 + (np.empty(0),)] * len(genes)
        for own, fragments in self._with_fragments(genes, names):
            chrom = names[own["chrom"].iloc[0]]
            for row, tss in zip(own.index, own["tss"].tolist(), strict=True):
                found[row] = self._score(elements[chrom], tss, fragments.get(row))
        counts = [len(score) for _, _, score in found]
        table = genes.loc[np.repeat(np.arange(len(genes)), counts), ["gene_id", "chrom"]]
        start, end, score = map(np.concatenate, zip(*found, strict=True))
        return table.reset_index(drop=True).assign(start=start, end=end, score=score)

    def _with_fragments(self, genes, names):
        """Yield the genes of each chromosome that has elements, and the fragments of each gene.

        A list is matched with all genes at once, a matrix one chromosome at a time.
        """
        parts = [own for chrom, own in genes.groupby("chrom", sort=False) if names[chrom]]
        if isinstance(self.contact, str) and self.contact == "power_law":
            yield from ((own, {}) for own in parts)
            return
        measured = MeasuredContact(self.contact, self.max_distance, self.chrom_names)
        listed = measured.fragments_of(genes) if measured.is_list else None
        for own in parts:
            yield own, measured.fragments_of(own) if listed is None else listed

    def _score(self, elements, tss, fragments):
        """Return start, end and score of the elements around a TSS."""

        def contact(distance, twice_middle):
            law = power_law(distance, self.exponent, self.plateau)
            return law if fragments is None else law * (1 + ratios_of(fragments, twice_middle))

        return score_elements(elements, tss, self.max_distance, self.max_contacts, contact)

    def _match_chroms(self, genes, name, tables):
        """Find the elements' name of each chromosome of the genes; refuse genes that share none."""
        names = resolve_chroms(genes["chrom"].unique(), tables, self.chrom_names)
        if not any(found is not None for found in names.values()):
            hint = match_hint(names, tables, self.chrom_names)
            remedy = "name the chromosomes alike, or leave these genes out"
            raise ValueError(
                f"{name} and the genes share no chromosome: the genes are on {name_some(names)}, "
                f"the peaks on {name_some(tables)}; "
                f"{hint + ' of CandidateElements' if hint else remedy}"
            )
        return names

    def _activities(self):
        """Return the columns and bigWig files of the activity as a tuple, None for the default."""
        if self.activity is None:
            return None
        return (
            tuple(self.activity) if isinstance(self.activity, (list, tuple)) else (self.activity,)
        )

    def _mappings(self):
        """Return the parameters that are mappings of samples, by name; samples are str."""
        given = {name: getattr(self, name) for name in _BY_SAMPLE}
        return {
            name: {str(sample): own for sample, own in value.items()}
            for name, value in given.items()
            if isinstance(value, Mapping)
        }

    def _check_parameters(self):
        """Check all parameters; no file is needed."""
        mappings = self._mappings()
        samples = {name: list(mapping) for name, mapping in mappings.items()}
        for name, listed in samples.items():
            first = next(iter(samples))
            if not listed or set(listed) != set(samples[first]):
                raise ValueError(
                    f"{name} is a mapping of samples {name_some(listed) or '(none)'}, {first} one "
                    f"of {name_some(samples[first]) or '(none)'}: give a value for each sample"
                )
        for name in _BY_SAMPLE:
            values = mappings[name].values() if name in mappings else [getattr(self, name)]
            for value in values:
                _CHECKS[name](value)
        check_whole("max_distance", self.max_distance, 1, "bp")
        check_whole("plateau", self.plateau, 0, "bp")
        if self.max_contacts is not None:
            check_whole("max_contacts", self.max_contacts, 1)
        named = self.width is None or (isinstance(self.width, str) and self.width == "auto")
        if not named and (not is_whole(self.width) or self.width < 1):
            raise ValueError(
                f"width must be 'auto', a number of bp of at least 1, or None, got {self.width!r}"
            )
        real = isinstance(self.exponent, numbers.Real) and not isinstance(self.exponent, bool)
        if not (real and 0 <= self.exponent < np.inf):
            raise ValueError(
                f"exponent must be a finite number of at least 0, got {self.exponent!r}"
            )
        check_choice("nan", self.nan, ("error", "gap"))
        check_choice("missing_chrom", self.missing_chrom, ("error", "zero"))
        check_chrom_names(self.chrom_names)


def _check_elements(value):
    """Refuse elements that are neither a path nor a table."""
    if not isinstance(value, (str, os.PathLike, pd.DataFrame)):
        raise TypeError(
            "elements must be the path of a list of peaks, a pandas DataFrame or a mapping of "
            f"sample to these, got {type(value).__name__}"
        )


def _check_activity(value):
    """Refuse an activity that is neither a column nor a file, nor a list of these."""
    items = value if isinstance(value, (list, tuple)) else [value]
    if value is not None and not (
        items and all(isinstance(item, (str, os.PathLike)) or is_whole(item) for item in items)
    ):
        raise TypeError(
            "activity must be a column of the peaks (name or position), a bigWig file, a list of "
            f"these, a mapping of sample to these, or None, got {value!r}"
        )


def _check_contact(value):
    """Refuse a contact that is neither the power law nor a source of contacts."""
    listed = isinstance(value, (str, os.PathLike, pd.DataFrame))
    if not listed and as_matrix(value) is None:
        raise TypeError(
            "contact must be 'power_law', a list or matrix of contacts as InteractionTransformer "
            f"takes them, or a mapping of sample to these, got {type(value).__name__}"
        )


_CHECKS = {"elements": _check_elements, "activity": _check_activity, "contact": _check_contact}
