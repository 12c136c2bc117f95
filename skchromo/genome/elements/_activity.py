"""The activity of elements: their own columns and the means of bigWig files."""

import hashlib
import warnings

import numpy as np

from ..._files import FileWatch
from ..._words import name_some
from .._assembly import check_assembly, in_assembly
from .._chroms import resolve_chroms
from ..bigwig import BigWigFile, read_bins, read_chromsizes
from ._elements import Elements

# Means of the elements of one chromosome in one file, for the folds and candidates of a search.
_KNOWN = {}
_MOST_KNOWN = 500


class Tracks:
    """bigWig files whose means over elements are activities.

    `chromsizes` maps each chromosome of each file to its length in bp. Files of different
    assemblies are refused. The options are those of `read_bins`.
    """

    def __init__(self, paths, **options):
        self._files = [FileWatch(path) for path in paths]
        self._options, self._chrom_names = options, options["chrom_names"]
        listed = {str(BigWigFile(path)): read_chromsizes(path) for path in paths}
        check_assembly(listed)
        self._listed = listed
        self.chromsizes = {
            chrom: size for sizes in listed.values() for chrom, size in sizes.items()
        }

    def check_ends(self, peaks, chroms):
        """Refuse peaks on these chromosomes that reach beyond the end of theirs."""
        ends = peaks.table.groupby("chrom", sort=False)["end"].max()
        for name, sizes in self._listed.items():
            for chrom, found in resolve_chroms(chroms, sizes, self._chrom_names).items():
                if found and ends[chrom] > sizes[found]:
                    raise ValueError(
                        f"{peaks.name}: a peak on {chrom} ends at {ends[chrom]}, but {found} has "
                        f"{sizes[found]} bp in {name}{in_assembly(sizes)}: use peaks and bigWig "
                        "files of one assembly"
                    )

    def size_of(self, chrom):
        """Return the length of a chromosome, infinite where no file says it."""
        found = resolve_chroms([chrom], self.chromsizes, self._chrom_names)[chrom]
        return self.chromsizes.get(found, np.inf)

    def means(self, chrom, start, end):
        """Return the mean signal of each file over intervals of one chromosome, by file."""
        return np.array([self._means(file, chrom, start, end) for file in self._files])

    def _means(self, file, chrom, start, end):
        """Return the means of one file, which are kept while the file does not change."""
        places = hashlib.blake2b(start.tobytes() + end.tobytes()).digest()
        key = (file, chrom, *self._options.values(), places)
        known = _KNOWN.get(key)
        if known is None:
            chroms = np.full(len(start), chrom, dtype=object)
            longest = int((end - start).max())
            means, _ = read_bins(file.path, chroms, start, end, longest, **self._options)
            file.check()
            known = _KNOWN[key] = means.astype(np.float64)
            while len(_KNOWN) > _MOST_KNOWN:
                _KNOWN.pop(next(iter(_KNOWN)), None)
        return known


def with_activity(peaks, tables, **options):
    """Return the `Elements` of each chromosome: the geometric mean of all activities of each.

    `tables` are those of `make_elements`, the options those of `read_bins`. Elements end with their
    chromosomes, where a file says where these end.
    """
    files = Tracks(peaks.tracks, **options)
    files.check_ends(peaks, tables)
    elements = {}
    for chrom, table in tables.items():
        start = table["start"].to_numpy()
        end = np.minimum(table["end"].to_numpy(), files.size_of(chrom)).astype(np.int64)
        columns = [table[name].to_numpy() for name in table.columns[3:]]
        activities = [*columns, *files.means(chrom, start, end)]
        product = np.prod(activities, axis=0)
        elements[chrom] = Elements(start, end, product ** (1 / len(activities)))
    if not any(own.activity.any() for own in elements.values()):
        where = f" in {name_some(map(str, peaks.tracks))}" if peaks.tracks else ""
        warnings.warn(
            f"{peaks.name}: the activity{where} is 0 for all elements on the chromosomes of the "
            f"genes ({name_some(elements)}), so that no gene gets one: give the signal of the same "
            "cell type and assembly",
            UserWarning,
            stacklevel=3,
        )
    return elements
