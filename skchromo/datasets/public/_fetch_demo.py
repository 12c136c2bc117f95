"""fetch_chromoformer_demo: the reference's demo as bigWig files, gene table and contacts."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from ..._fetch import fetch_file, fetch_files, get_data_home, how_to_fetch_again, join_url
from ..._files import whole_file
from ...genome.bigwig import write_bigwig
from ..simulated import TRACKS

# The commit that brought the demo's data.
_BASE_URL = (
    "https://raw.githubusercontent.com/dohlee/chromoformer/"
    "e034e5ae352e14e3465ed5368c87d87a354e84b1/demo"
)
_SAMPLE = "E003"
_HALF_WINDOW = 20_000
# UCSC's hg19.chrom.sizes, bp.
_HG19 = {
    **{"chr1": 249_250_621, "chr2": 243_199_373, "chr3": 198_022_430, "chr4": 191_154_276},
    **{"chr5": 180_915_260, "chr6": 171_115_067, "chr7": 159_138_663, "chr8": 146_364_022},
    **{"chr9": 141_213_431, "chr10": 135_534_747, "chr11": 135_006_516, "chr12": 133_851_895},
    **{"chr13": 115_169_878, "chr14": 107_349_540, "chr15": 102_531_392, "chr16": 90_354_753},
    **{"chr17": 81_195_210, "chr18": 78_077_248, "chr19": 59_128_983, "chr20": 63_025_520},
    **{"chr21": 48_129_895, "chr22": 51_304_566, "chrX": 155_270_560, "chrY": 59_373_566},
}
_DESCR = """\
Demo of Chromoformer (Lee, Yang and Kim, Nature Communications 2022, doi
10.1038/s41467-022-34152-5; https://github.com/dohlee/chromoformer): 100 genes of H1 cells (Roadmap
E003, hg19), read depths of seven histone marks in 40 kb around each TSS and in each interacting
fragment, contacts of promoter-capture Hi-C normalised by 3DIV, and RPKM.
"""


def fetch_chromoformer_demo(*, data_home=None, base_url=_BASE_URL, progress=True):
    """Fetch the demo of the Chromoformer authors: 100 genes of H1 cells.

    Some 700 small files, about 100 MB, are downloaded once and turned into seven bigWig files.

    Parameters
    ----------
    data_home : str, os.PathLike or None, default=None
        Where files are kept, in the folder ``chromoformer``; see :func:`get_data_home`.
    base_url : str, default="https://raw.githubusercontent.com/dohlee/chromoformer/.../demo"
        Address of the demo's folder, or of a mirror.
    progress : bool, default=True
        Show a bar.

    Returns
    -------
    demo : Bunch
        Dictionary with these entries, which are attributes too:

        genes : DataFrame
            Gene table ``gene_id chrom tss strand``.
        expression : Series
            RPKM of each row of `genes`.
        label : Series
            1 where a gene is at or above the median of all genes of H1, else 0.
        tracks : dict of str to Path
            bigWig of read depth of each mark, in the order that the reference's weights expect.
            There is signal only in the regions of the demo: within 20 kb of each TSS and in the
            fragments of `contacts`.
        contacts : Path
            Contacts, for :class:`skchromo.InteractionTransformer`.
        assembly : str
            ``"hg19"``.
        DESCR : str
            What the data are, and whom to cite.

    Raises
    ------
    ValueError
        If a file is damaged or regions that overlap differ.
    FileNotFoundError
        If a file is not there.
    ConnectionError
        If there is no connection; what was downloaded is kept for the next call.

    Notes
    -----
    The address names a commit, so the files do not change. The repository is under the GPL-3
    licence.

    Examples
    --------
    >>> from skchromo import BigWigTransformer, InteractionTransformer
    >>> from skchromo.datasets import fetch_chromoformer_demo
    >>> demo = fetch_chromoformer_demo()  # doctest: +SKIP
    >>> rows = InteractionTransformer(demo.contacts).fit_transform(demo.genes)  # doctest: +SKIP
    >>> X = BigWigTransformer(demo.tracks).fit_transform(rows)  # doctest: +SKIP
    """
    folder = get_data_home(data_home) / "chromoformer"
    meta = folder / "demo_meta.csv"
    fetch_file(join_url(base_url, meta.name), meta, progress=progress)
    table = _read_meta(meta)
    tracks = {mark: folder / f"{_SAMPLE}-{mark}.bw" for mark in TRACKS}
    if not all(path.is_file() for path in tracks.values()):
        _make_tracks(_regions(table), tracks, folder / _SAMPLE, base_url, progress)
    genes = table[["gene_id", "chrom", "start", "strand"]].rename(columns={"start": "tss"})
    return Bunch(
        genes=genes,
        expression=table["expression"],
        label=table["label"],
        tracks=tracks,
        contacts=meta,
        assembly="hg19",
        DESCR=_DESCR,
    )


def _read_meta(path):
    """Read the demo's table: one row per gene, its contacts joined by semicolons."""
    table = pd.read_csv(path)
    columns = ["gene_id", "expression", "label", "chrom", "start", "strand", "neighbors"]
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{path} lacks the columns {', '.join(missing)}: {how_to_fetch_again(path)}"
        )
    return table


def _regions(table):
    """Return the distinct regions (chrom, start, end) in order: promoter windows and fragments."""
    regions = {
        (row.chrom, row.start - _HALF_WINDOW, row.start + _HALF_WINDOW)
        for row in table.itertuples()
    }
    for text in table["neighbors"].dropna():
        for region in text.split(";"):
            chrom, _, place = region.partition(":")
            start, _, end = place.partition("-")
            regions.add((chrom, int(start), int(end)))
    order = {chrom: at for at, chrom in enumerate(_HG19)}
    return sorted(regions, key=lambda region: (order[region[0]], *region[1:]))


def _make_tracks(regions, tracks, folder, base_url, progress):
    """Download the array of each region, write all as bigWig files, delete the arrays."""
    paths = {(c, s, e): folder / f"{c}_{s}-{e}.npy" for c, s, e in regions}
    urls = {
        path: join_url(base_url, f"demo_data/{_SAMPLE}/{chrom}:{start}-{end}.npy")
        for (chrom, start, end), path in paths.items()
    }
    fetch_files(urls, progress=progress, desc="Chromoformer demo")
    chroms = list(dict.fromkeys(chrom for chrom, _, _ in regions))
    runs = {mark: {chrom: [] for chrom in chroms} for mark in tracks}
    for block in _blocks(regions):
        depth = _merge(block, paths)
        for row, mark in enumerate(TRACKS):
            runs[mark][block[0][0]].append(_runs(block[0][1], depth[row]))
    sizes = {chrom: _HG19[chrom] for chrom in chroms}
    for mark, path in tracks.items():
        signal = {chrom: map(np.concatenate, zip(*parts)) for chrom, parts in runs[mark].items()}
        with whole_file(path) as file:
            write_bigwig(file, sizes, {chrom: [*columns] for chrom, columns in signal.items()})
    for path in paths.values():
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".sha256").unlink(missing_ok=True)
    folder.rmdir()


def _blocks(regions):
    """Group regions that overlap; each group is one stretch of a chromosome."""
    block, end = [], 0
    for region in regions:
        if block and (region[0] != block[0][0] or region[1] >= end):
            yield block
            block = []
        end = max(end, region[2]) if block else region[2]
        block.append(region)
    yield block


def _merge(block, paths):
    """Return the read depth (n_tracks, bp) of a stretch from the arrays of its regions."""
    origin = block[0][1]
    depth = np.full((len(TRACKS), max(end for _, _, end in block) - origin), np.nan, np.float32)
    for chrom, start, end in block:
        values = _load(paths[chrom, start, end], end - start)
        part = depth[:, start - origin : end - origin]
        known = ~np.isnan(part)
        if not np.array_equal(part[known], values[known]):
            raise ValueError(
                f"the demo's regions that overlap {chrom}:{start}-{end} differ in signal: delete "
                f"{paths[chrom, start, end].parent} to have it downloaded again"
            )
        part[:] = values
    return depth


def _load(path, length):
    """Return the array of one region, marks x bp."""
    try:
        values = np.load(path, allow_pickle=False).astype(np.float32)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{path} is not a NumPy array: {error}; {how_to_fetch_again(path)}"
        ) from error
    if values.shape != (len(TRACKS), length) or not (values >= 0).all():
        raise ValueError(
            f"{path} must hold {len(TRACKS)} x {length} read depths, found {values.shape} with "
            f"least value {values.min(initial=0)}: {how_to_fetch_again(path)}"
        )
    return values


def _runs(origin, depth):
    """Return start, end and value of the runs of a stretch, equal neighbours as one."""
    starts = np.flatnonzero(np.diff(depth, prepend=np.nan) != 0)
    ends = np.append(starts[1:], len(depth))
    return starts + origin, ends + origin, depth[starts]
