"""The activity of elements: their own columns and the means of bigWig files."""

import hashlib
from collections import OrderedDict

import numpy as np

from ..._files import FileWatch
from ..._words import name_some
from .._assembly import check_assembly, in_assembly
from .._chroms import resolve_chroms
from ..bigwig import BigWigFile, read_bins, read_chromsizes
from ._elements import Elements

# Means of the elements of one chromosome in one file, for the folds and candidates of a search.
_KNOWN = OrderedDict()
_MOST_KNOWN = 500


class Tracks:
    """bigWig files whose means over elements are activities.

    `chromsizes` maps each chromosome of each file to its length in bp. Files of different
    assemblies are refused.
    """

    def __init__(self, paths, chrom_names):
        self._files = [FileWatch(path) for path in paths]
        self._chrom_names = chrom_names
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
        key = (file, chrom, self._chrom_names, places)
        if key not in _KNOWN:
            chroms = np.full(len(start), chrom, dtype=object)
            longest = int((end - start).max())
            means, _ = read_bins(
                file.path, chroms, start, end, longest, chrom_names=self._chrom_names
            )
            file.check()
            _KNOWN[key] = means.astype(np.float64)
            while len(_KNOWN) > _MOST_KNOWN:
                _KNOWN.popitem(last=False)
        return _KNOWN[key]


def with_activity(peaks, tables, tracks, chrom_names):
    """Return the `Elements` of each chromosome: the geometric mean of all activities of each.

    `tables` are those of `make_elements`, `tracks` the paths of bigWig files. Elements end with
    their chromosomes, where a file says where these end.
    """
    files = Tracks(tracks, chrom_names)
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
        where = f" in {name_some(map(str, tracks))}" if len(tracks) else ""
        raise ValueError(
            f"{peaks.name}: the activity{where} is 0 for all elements on the chromosomes of the "
            f"genes ({name_some(elements)}): give the signal of the same cell type and assembly"
        )
    return elements
