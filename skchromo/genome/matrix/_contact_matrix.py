"""ContactMatrix: a Hi-C or Micro-C matrix as a source of each promoter's contacts."""

import dataclasses
import numbers
import os
import warnings

import numpy as np

from ..._words import check_choice, check_whole, name_some
from .._assembly import in_assembly
from .._chroms import check_chrom_names, match_hint, resolve_chroms
from .._gene_table import check_genes, distinct_genes
from .._parameters import Parameters
from ._cache import RowCache
from ._file import MatrixFile, named, split_group
from ._rows import Reach, merge_adjacent, read_rows, strongest

_VALUES = ("oe", "observed", "log1p_oe", "log1p_observed")
_NOTHING = {name: np.empty(0, dtype=np.int64) for name in ("gene", "start", "end")}
_NOTHING["score"] = np.empty(0)
# The contacts of 19,000 genes are a million by default.
_READ = RowCache(most_contacts=10_000_000)


@dataclasses.dataclass(kw_only=True, repr=False, eq=False)
class ContactMatrix(Parameters):
    """A Hi-C or Micro-C contact matrix, read as one virtual 4C profile per promoter.

    The contacts of a gene are the bins of the matrix row that holds its TSS, within a range of
    separations. The object is a path and how to read it, and holds nothing open: it can be given
    to :class:`~skchromo.InteractionTransformer` as its contacts, compared, copied and pickled. Its
    parameters work as in a scikit-learn estimator: :func:`sklearn.base.clone` copies it, and a
    search over a pipeline names them as ``contacts__contacts__resolution``.

    Parameters
    ----------
    path : str or os.PathLike
        A ``.cool``, ``.mcool`` or ``.hic`` file; ``file.mcool::resolutions/5000`` sets the
        resolution too. Any other group of a file that holds a matrix is named alike:
        ``zooms.mcool::1`` a zoom level of HiGlass's first files, ``file.scool::cells/A`` a cell.
    resolution : int, default=None
        Bin size in bp. None takes the file's, if it has only one.
    balance : str or None, default="auto"
        Name of the file's balancing weights: ``"weight"`` (ICE) in most ``.cool``, ``"SCALE"``,
        ``"KR"``, ``"VC"`` or ``"VC_SQRT"`` in most ``.hic``. Bins that they mask have no contacts.
        ``"auto"`` takes the first that the file has of ``"weight"``, ``"KR"``, ``"SCALE"``,
        ``"VC_SQRT"`` and ``"VC"``, and raw counts if it has none; `balance_used` names its choice.
        None takes the counts as they are.
    value : {"oe", "observed", "log1p_oe", "log1p_observed"}, default="oe"
        What the score of a contact is. ``"observed"``: the (balanced) count; ``"oe"``: that divided
        by the count to be expected at its distance; with ``log1p_`` the natural logarithm of one
        plus that. Observed counts fall steeply with distance, so that the strongest are the
        nearest.
    min_separation : int, default=20_000
        Bins nearer to the promoter's bin than this, from start to start (bp), are left out. The
        default is half the promoter window of :class:`~skchromo.BigWigTransformer`. A separation is
        a number of diagonals; the ``min_distance`` of InteractionTransformer is counted from the
        TSS itself to the nearest base of a fragment.
    max_separation : int, default=1_000_000
        Bins farther from the promoter's bin (bp) are left out.
    ignore_diags : int, default=2
        Diagonals of the matrix that are left out, at least 1: the default leaves out the promoter's
        own bin and its two neighbours, whatever the resolution.
    min_count : float, default=None
        Bins with fewer raw counts are left out. A single read far away is a high ratio and little
        evidence. None sets no limit.
    weight_threshold : float, default=None
        Only bins with a score strictly above it are contacts. None takes all with any count. It is
        the threshold of the same name of InteractionTransformer, applied before bins are chosen and
        merged.
    max_contacts : int, default=50
        Each promoter keeps this many bins, those with the highest score; among equal scores, the
        nearer ones. None keeps all, which may be some hundred for each gene. InteractionTransformer
        chooses at most ``max_pcres`` of them.
    merge_gap : int, default=None
        Chosen bins on one side of the promoter with at most this many bp between them are merged
        into one region, whose score is the highest of its bins; 0 merges bins that touch. None
        leaves each bin on its own.
    max_pcre_length : int, default=40_000
        The longest region in bp that merging makes: a longer run of bins is cut every so many bp
        (whole bins) from its start. A single bin is never cut. Give InteractionTransformer, which
        drops or crops longer fragments, no less.
    missing_chrom : {"error", "zero"}, default="error"
        What to do about genes on chromosomes that the file does not list: raise an error that
        counts them, or give them no contacts.
    chrom_names : {"exact", "match"}, default="exact"
        Whether names of chromosomes must agree as they stand, or ``chr1`` and ``1`` (``chrM`` and
        ``MT``) are taken for the same; many ``.hic`` files name them without ``chr``.

    Raises
    ------
    TypeError
        If `path` is not a path.
    ValueError
        If a parameter is not valid; the message names it.

    See Also
    --------
    skchromo.InteractionTransformer : Chooses each gene's pCREs among its contacts.

    Notes
    -----
    With the value of a pair of bins ``v[i, j] = n[i, j] / (w[i] * w[j])``, where ``n`` is the raw
    count and ``w`` the weights as divisors (1 without weights), the expected value at a distance
    of ``d`` bins is the mean of ``v[i, i + d]`` over the pairs of valid bins of that chromosome,
    pairs without contact included, without smoothing. Valid are the bins that the weights do not
    mask; without weights, those with any contact up to `max_separation`. This is Lieberman-Aiden et
    al., 2009 (Science 326:289), restricted to mappable bins. It is computed here for all formats
    alike; expected values that a ``.hic`` stores are not used.

    The band up to `max_separation` is read once for each chromosome with genes, in blocks: memory
    does not grow with the size of the matrix. The rows are kept in the process (up to ten
    million contacts, a quarter of a gigabyte) while the file's size and time of change stay: folds
    and candidates of a search read each promoter once. Other processes (``n_jobs``) read for
    themselves; to read once for them too, keep the table that `contacts_of` returns for all genes,
    and give that as the contacts.

    Matrix, genes and bigWig files must be of one assembly; see
    :class:`~skchromo.InteractionTransformer`.

    Examples
    --------
    >>> import tempfile, os, pandas as pd, hictkpy
    >>> path = os.path.join(tempfile.mkdtemp(), "K562.cool")
    >>> writer = hictkpy.cooler.FileWriter(path, {"chr1": 100_000}, 10_000)
    >>> writer.add_pixels_from_dict(
    ...     {"bin1_id": [1, 2, 5, 5], "bin2_id": [5, 3, 6, 8], "count": [4, 9, 7, 3]}
    ... )
    >>> _ = writer.finalize()
    >>> genes = pd.DataFrame({"chrom": ["chr1"], "tss": [53_000], "strand": ["+"]}, index=["A"])
    >>> matrix = ContactMatrix(path, value="observed")
    >>> matrix.contacts_of(genes)
      gene_id chrom  start    end  score
    0       A  chr1  10000  20000    4.0
    1       A  chr1  80000  90000    3.0
    >>> matrix.resolutions, matrix.chromsizes
    ((10000,), {'chr1': 100000})
    >>> print(matrix.balance_used)
    None
    """

    path: str | os.PathLike = dataclasses.field(kw_only=False)
    resolution: int | None = None
    balance: str | None = "auto"
    value: str = "oe"
    min_separation: int = 20_000
    max_separation: int = 1_000_000
    ignore_diags: int = 2
    min_count: float | None = None
    weight_threshold: float | None = None
    max_contacts: int | None = 50
    merge_gap: int | None = None
    max_pcre_length: int = 40_000
    missing_chrom: str = "error"
    chrom_names: str = "exact"

    def __eq__(self, other):
        if not isinstance(other, ContactMatrix):
            return NotImplemented
        return self._location() == other._location() and self._way() == other._way()

    # its parameters can be set
    __hash__ = None

    @property
    def resolutions(self):
        """Bin sizes in bp that the file has, tuple of int, rising."""
        location = self._location()._replace(resolution=None)
        with MatrixFile(location, any_resolution=True) as file:
            return file.resolutions

    @property
    def chromsizes(self):
        """Length of each chromosome of the file in bp, dict of str to int."""
        with MatrixFile(self._location(), any_resolution=True) as file:
            return file.chromsizes

    @property
    def balance_used(self):
        """Name of the weights of the file that counts are divided by; None for raw counts."""
        with MatrixFile(self._location()) as file:
            return file.find_balance(self.balance)

    def contacts_of(self, genes):
        """Read the contacts of each gene's promoter.

        Parameters
        ----------
        genes : pandas.DataFrame of shape (n_genes, n_columns)
            The gene table: ``chrom``, ``tss`` (0-based, bp), ``strand``, ``gene_id`` as a column or
            the index; rows in any order. A gene may have several rows (samples), of one TSS.

        Returns
        -------
        pandas.DataFrame of shape (n_contacts, 5)
            ``gene_id``, ``chrom`` (as the gene table names it), ``start``, ``end`` (int64, 0-based,
            half-open, bp) and ``score`` (float64, positive): a table that
            :func:`~skchromo.genome.read_contacts` takes. Genes stand in the order of their first
            rows, the contacts of a gene in falling score (among equal ones, the nearer first). A
            gene without contacts has no row. The index counts from 0.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ImportError
            If the package that reads the file is not installed: hictkpy for ``.hic``, h5py for the
            others.
        TypeError
            If `genes` is not a DataFrame.
        ValueError
            If the gene table is not valid or a gene has several TSSs; if the file is not a contact
            matrix, is damaged, holds negative values or NaN, has weights that mask all bins, has
            bins of different sizes or lacks the resolution, weights or chromosomes that are
            needed; if a TSS lies beyond the end of its chromosome; or if no separation is left
            at this resolution.

        Warns
        -----
        UserWarning
            If the weights mask all bins of a chromosome with genes, though it has counts: balancing
            (KR above all) may fail for one chromosome.
        """
        self._check_parameters()
        genes = distinct_genes(check_genes(genes))
        with MatrixFile(self._location()) as file:
            balance = file.find_balance(self.balance)
            reach = self._reach(file.resolution)
            names = self._names(genes["chrom"], file.chromsizes)
            self._check_positions(genes, names, file.chromsizes)
            found = [
                self._on_chromosome(file, names[chrom], balance, reach, members)
                for chrom, members in genes.groupby("chrom", sort=False)
                if names[chrom] is not None
            ]
        columns = {
            name: np.concatenate([part[name] for part in [_NOTHING, *found]]) for name in _NOTHING
        }
        gene = columns.pop("gene")
        order = np.argsort(gene, kind="stable")
        owners = genes[["gene_id", "chrom"]].iloc[gene[order]].reset_index(drop=True)
        return owners.assign(**{name: values[order] for name, values in columns.items()})

    def _location(self):
        """Return the Location, with the resolution that is set by its path or on its own."""
        location = split_group(self.path)
        if self.resolution is None:
            return location
        if location.group is not None:
            raise ValueError(
                f"path names the group {location.group!r}, but resolution={self.resolution!r} is "
                "set too: give one of the two"
            )
        if location.resolution not in (None, self.resolution):
            raise ValueError(
                f"path names a resolution of {location.resolution} bp, but "
                f"resolution={self.resolution!r}: give one of the two"
            )
        return location._replace(resolution=self.resolution)

    def _way(self):
        """Return the parameters but for the file and its resolution."""
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self)[2:])

    def _check_parameters(self):
        """Check all parameters; no file is needed."""
        if not isinstance(self.path, (str, os.PathLike)):
            raise TypeError(f"path must be the path of a file, got {type(self.path).__name__}")
        for name, least, unit in (
            ("min_separation", 0, "bp"),
            ("max_separation", 1, "bp"),
            ("ignore_diags", 1, ""),
            ("max_pcre_length", 1, "bp"),
        ):
            check_whole(name, getattr(self, name), least, unit)
        for name, least, unit in (
            ("resolution", 1, "bp"),
            ("max_contacts", 1, ""),
            ("merge_gap", 0, "bp"),
        ):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), least, unit)
        for name, least in (("min_count", 0), ("weight_threshold", -np.inf)):
            value = getattr(self, name)
            real = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if value is not None and not (real and np.isfinite(value) and value >= least):
                also = " of at least 0" if name == "min_count" else ""
                raise ValueError(f"{name} must be a finite number{also} or None, got {value!r}")
        check_choice("value", self.value, _VALUES)
        check_choice("missing_chrom", self.missing_chrom, ("error", "zero"))
        if self.balance is not None and not isinstance(self.balance, str):
            raise ValueError(
                "balance must be 'auto', the name of the file's weights, such as 'weight' or 'KR', "
                f"or None, got {self.balance!r}"
            )
        check_chrom_names(self.chrom_names)
        self._location()

    def _reach(self, resolution):
        """Turn the separations into bins."""
        nearest = max(self.ignore_diags, -(-self.min_separation // resolution))
        farthest = self.max_separation // resolution
        if nearest > farthest:
            raise ValueError(
                f"at a resolution of {resolution} bp there is no bin between the nearest "
                f"({nearest * resolution} bp, from ignore_diags={self.ignore_diags} and "
                f"min_separation={self.min_separation}) and max_separation={self.max_separation}: "
                "set other separations or a finer resolution"
            )
        return Reach(nearest, farthest, self.min_count or 0.0)

    def _names(self, chrom, chromsizes):
        """Find the file's name of each chromosome."""
        names = resolve_chroms(chrom, chromsizes, self.chrom_names)
        absent = [name for name, found in names.items() if found is None]
        if absent and self.missing_chrom == "error":
            hint = match_hint(absent, chromsizes, self.chrom_names)
            remedy = (
                f"{hint} of the ContactMatrix"
                if hint
                else "set missing_chrom='zero' to give them no contacts, or leave them out"
            )
            raise ValueError(
                f"{named(self.path)}: no chromosome {name_some(sorted(absent), 30)} in the file, "
                f"needed for {int(chrom.isin(absent).sum())} of {len(chrom)} genes; it lists "
                f"{name_some(chromsizes, 30)}; {remedy}"
            )
        return names

    def _check_positions(self, genes, names, chromsizes):
        """Refuse a TSS that the matrix's assembly does not have."""
        ends = genes["chrom"].map({name: chromsizes.get(names[name], np.inf) for name in names})
        beyond = (genes["tss"] >= ends).to_numpy()
        if beyond.any():
            gene = genes.iloc[int(np.argmax(beyond))]
            raise ValueError(
                f"{named(self.path)}: {int(beyond.sum())} of {len(genes)} genes lie beyond the end "
                f"of their chromosome, such as {gene['gene_id']} with its TSS at {gene['chrom']}:"
                f"{gene['tss']}, where the matrix has {chromsizes[names[gene['chrom']]]} bp"
                f"{in_assembly(chromsizes)}: are genes and matrix of one assembly?"
            )

    def _on_chromosome(self, file, name, balance, reach, genes):
        """Return the contacts of the genes on one chromosome, as parallel arrays by gene."""
        width, size = file.resolution, file.chromsizes[name]
        rows = _READ.get(
            (file.state, width, name, balance, self._way()),
            genes["tss"].to_numpy() // width,
            lambda bins: self._read(file, name, balance, reach, bins),
        )
        return {
            "gene": genes.index.to_numpy()[rows.row],
            "start": rows.first.astype(np.int64) * width,
            "end": np.minimum((rows.last.astype(np.int64) + 1) * width, size),
            "score": rows.score,
        }

    def _read(self, file, name, balance, reach, bins):
        """Read the contacts of some bins of a chromosome."""
        n_bins = file.n_bins(name)
        reach = reach._replace(farthest=min(reach.farthest, n_bins - 1))
        ratio = self.value in ("oe", "log1p_oe")
        weights = None if balance is None else file.weights(name, balance)
        blocks = file.pixels(name, reach.farthest, None if ratio else bins)
        if weights is not None and np.isnan(weights).all():
            # nothing can be found; the band is read only to know whether there are counts
            if any(len(block.count) for block in file.pixels(name, reach.farthest)):
                file.check_not_all_masked(balance)
                warnings.warn(
                    f"{named(self.path)}: the weights {balance!r} mask all of chromosome {name} at "
                    f"{file.resolution} bp, though it has counts, so that {len(bins)} promoter "
                    "bins there get no contacts: set balance= to other weights of the file, or "
                    "None",
                    UserWarning,
                    stacklevel=2,
                )
            blocks = ()
        rows = read_rows(blocks, bins, n_bins, reach, weights=weights, over_expected=ratio)
        file.check_unchanged()  # before the rows are kept
        if self.value.startswith("log1p"):
            rows = rows._replace(score=np.log1p(rows.score))
        if self.weight_threshold is not None:
            rows = rows.take(rows.score > self.weight_threshold)
        rows = strongest(rows, self.max_contacts)
        if self.merge_gap is None:
            return rows
        longest = max(1, self.max_pcre_length // file.resolution)
        merged = merge_adjacent(rows, bins, self.merge_gap // file.resolution, longest)
        return strongest(merged, None)
