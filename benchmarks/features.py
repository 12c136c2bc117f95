"""How fast are bin means read from a bigWig? Against the usual ways and the cost of inflating.

Simulates a track of runs of signal (mean length 35 bp, as fold-change tracks have) on human
chromosomes, genes in clusters with windows of 40 kb, and fragments of 1.8 to 30 kb about them; then
reads the mean signal of all regions in bins of 100 bp in every way, turn by turn in one process,
and compares the results base for base. The floor is what nobody who uses zlib can beat: inflating
the data blocks that the regions touch, and nothing else. Run from the top of the repository::

    python benchmarks/features.py            # chr17 to chr22, two minutes
    python benchmarks/features.py --full     # the whole genome, 18,955 promoters, 60,000 fragments
"""

import argparse
import contextlib
import json
import os
import tempfile
import time
import tracemalloc
import warnings
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig

from skchromo import BigWigTransformer, CandidateElements, InteractionTransformer
from skchromo._files import open_at
from skchromo.genome import read_bins
from skchromo.genome.bigwig import Layout

# Lengths in Mb of the human chromosomes (hg38, rounded).
MEGABASES = {
    **{"chr1": 249, "chr2": 242, "chr3": 198, "chr4": 190, "chr5": 182, "chr6": 171, "chr7": 159},
    **{"chr8": 145, "chr9": 138, "chr10": 134, "chr11": 135, "chr12": 133, "chr13": 114},
    **{"chr14": 107, "chr15": 102, "chr16": 90, "chr17": 83, "chr18": 80, "chr19": 59},
    **{"chr20": 64, "chr21": 47, "chr22": 51, "chrX": 156},
}
SMALL = ("chr17", "chr18", "chr19", "chr20", "chr21", "chr22")
WINDOW, BIN_SIZE, MEAN_RUN = 40_000, 100, 35
REFERENCE_BINS, REFERENCE_MARKS = (2000, 500, 100), 7


def write_track(path, sizes, rng):
    """Write runs of signal along each chromosome, with one long gap where its centromere is."""
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader(list(sizes.items()))
        for chrom, size in sizes.items():
            ends = np.cumsum(rng.geometric(1 / MEAN_RUN, size // MEAN_RUN))
            ends = ends[ends <= size]
            starts = np.append(0, ends[:-1])
            values = rng.gamma(0.7, 1.5, len(ends)).round(5)
            kept = (ends < 0.35 * size) | (starts > 0.37 * size)
            handle.addEntries(
                [chrom] * int(kept.sum()), starts[kept], ends=ends[kept], values=values[kept]
            )


def draw_genes(sizes, n, rng):
    """Gene table: genes stand in clusters of about four."""
    share = np.array(list(sizes.values())) / sum(sizes.values())
    rows = []
    for chrom, count in zip(sizes, rng.multinomial(n, share), strict=True):
        centres = rng.integers(WINDOW, sizes[chrom] - WINDOW, count // 4 + 1)
        tss = rng.choice(centres, count) + rng.normal(0, 60_000, count).astype(np.int64)
        tss = np.clip(tss, WINDOW, sizes[chrom] - WINDOW)
        rows.append(pd.DataFrame({"chrom": chrom, "tss": tss, "strand": rng.choice(["+", "-"])}))
    genes = pd.concat(rows, ignore_index=True)
    return genes.assign(gene_id=[f"g{i}" for i in genes.index])


def draw_contacts(genes, sizes, n, rng):
    """Contacts of each gene with fragments of a median of 5 kb, a median of 190 kb away."""
    genes = genes.loc[np.sort(np.arange(n) % len(genes))].reset_index(drop=True)
    length = np.clip(rng.lognormal(np.log(5_000), 0.6, n), 1_800, 30_000).astype(np.int64)
    away = rng.lognormal(np.log(190_000), 1, n).astype(np.int64) + WINDOW // 2
    start = genes["tss"].to_numpy() + np.where(rng.random(n) < 0.5, -away - length, away)
    start = np.clip(start, 0, genes["chrom"].map(sizes).to_numpy() - length)
    contacts = genes[["gene_id", "chrom"]].assign(start=start, end=start + length)
    return contacts.assign(score=1.5 + rng.gamma(1, 1, n))


def regions_of(genes, contacts):
    """Promoter windows and fragments as chromosomes, starts and ends."""
    start = genes["tss"].to_numpy() - WINDOW // 2
    return (
        np.concatenate([genes["chrom"], contacts["chrom"]]).astype(object),
        np.concatenate([start, contacts["start"]]),
        np.concatenate([start + WINDOW, contacts["end"]]),
    )


def ours(path, chrom, start, end):
    return read_bins(path, chrom, start, end, BIN_SIZE)[0]


def pybigwig_loop(path, chrom, start, end):
    means = []
    with pyBigWig.open(str(path)) as handle:
        for name, first, last in zip(chrom, start.tolist(), end.tolist(), strict=True):
            bases = np.nan_to_num(handle.values(name, first, last, numpy=True))
            edges = np.arange(0, last - first, BIN_SIZE)
            widths = np.minimum(BIN_SIZE, last - first - edges)
            means.append(np.add.reduceat(bases.astype(np.float64), edges) / widths)
    return np.concatenate(means)


def pybigtools_loop(path, chrom, start, end):
    """Whole bins only: what is left of a region at its end is not read, as bins must be equal."""
    import pybigtools

    with pybigtools.open(str(path)) as handle:
        for name, first, last in zip(chrom, start.tolist(), end.tolist(), strict=True):
            n_bins = (last - first) // BIN_SIZE
            last = first + n_bins * BIN_SIZE
            handle.values(name, first, last, bins=n_bins, exact=True, uncovered=0.0, fillna=0)


def inflate_touched(path, chrom, start, end):
    """Seconds in zlib, number of blocks touched, and number of blocks of the file."""
    seconds, n_touched, n_blocks = 0.0, 0, 0
    with contextlib.closing(open_at(path)) as file:
        layout = Layout(file)
        for name in layout.chroms:
            blocks = layout.blocks(file, name)
            mine = chrom == name
            order = np.sort(start[mine]), np.sort(end[mine])
            # A block is touched if more regions start before its end than end before its start.
            begun = np.searchsorted(order[0], blocks.end, "left")
            over = np.searchsorted(order[1], blocks.start, "right")
            touched = blocks.take(begun > over)
            n_touched, n_blocks = n_touched + len(touched.start), n_blocks + len(blocks.start)
            for offset, size in zip(touched.offset.tolist(), touched.size.tolist(), strict=True):
                content = file.read_at(offset, size)
                began = time.perf_counter()
                zlib.decompress(content, bufsize=layout.inflated_size)
                seconds += time.perf_counter() - began
    return seconds, n_touched, n_blocks


def reference_seconds(path, folder, chrom, start, end):
    """Seconds of the reference's way for some regions and seven marks: files, then its dataset."""
    from chromoformer.data import ChromoformerDataset

    dataset = ChromoformerDataset.__new__(ChromoformerDataset)
    dataset.npy_dir = folder
    began = time.perf_counter()
    handles = [pyBigWig.open(str(path)) for _ in range(REFERENCE_MARKS)]
    for place in zip(chrom, start.tolist(), end.tolist(), strict=True):
        bases = [np.nan_to_num(handle.values(*place, numpy=True)) for handle in handles]
        np.save(f"{folder}/{place[0]}:{place[1]}-{place[2]}.npy", np.stack(bases))
    for handle in handles:
        handle.close()
    saved = time.perf_counter()
    for place in zip(chrom, start.tolist(), end.tolist(), strict=True):
        for bin_size in REFERENCE_BINS:
            dataset._get_region_representation(*place, bin_size, WINDOW // bin_size)
    return saved - began, time.perf_counter() - saved


def peak_memory(path, regions):
    """Megabytes that reading takes at its peak, its result included."""
    tracemalloc.start()
    ours(path, *regions)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def measure_reading(path, regions, repeats):
    """Seconds of each way, a list a way, and how far the results are apart."""
    ways = {"skchromo read_bins": ours, "pyBigWig values() loop": pybigwig_loop}
    try:
        import pybigtools  # noqa: F401

        ways["pybigtools values(bins=) loop"] = pybigtools_loop
    except ImportError:
        print("pybigtools is not installed: left out")
    peak = peak_memory(path, regions)
    result = ours(path, *regions)
    seconds = {name: [] for name in [*ways, "floor: zlib alone"]}
    for _ in range(repeats):
        for name, way in ways.items():
            began = time.perf_counter()
            found = way(path, *regions)
            seconds[name].append(time.perf_counter() - began)
            if way is pybigwig_loop:
                difference = float(np.abs(found - result).max())
                relative = float((np.abs(found - result) / np.maximum(found, 1e-30)).max())
        spent, n_touched, n_blocks = inflate_touched(path, *regions)
        seconds["floor: zlib alone"].append(spent)
    facts = {
        "max_abs_difference": difference,
        "max_relative_difference": relative,
        "peak_memory_mb": round(peak),
        "result_mb": round(result.nbytes / 2**20),
        "blocks_touched": n_touched,
        "blocks": n_blocks,
    }
    return seconds, facts


def measure_transformer(path, genes, contacts, n_tracks, repeats):
    """Seconds of `BigWigTransformer.transform` with one and two threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        table = InteractionTransformer(contacts, format="pairs").fit_transform(genes)
    tracks = {f"track{i}": str(path) for i in range(n_tracks)}
    seconds = {1: [], 2: []}
    for _ in range(repeats):
        for n_jobs in seconds:
            transformer = BigWigTransformer(tracks, window=WINDOW, n_jobs=n_jobs).fit(table)
            began = time.perf_counter()
            X = transformer.transform(table)
            seconds[n_jobs].append(time.perf_counter() - began)
    return seconds, len(X.start)


def measure_elements(rng, n_genes=20_000, n_peaks=200_000):
    """Seconds and megabytes of the scores of all peaks within 1 Mb of genes of a whole genome."""
    sizes = {chrom: length * 1_000_000 for chrom, length in MEGABASES.items()}
    genes = draw_genes(sizes, n_genes, rng)
    length = np.array(list(sizes.values()))
    chrom = rng.choice(len(sizes), n_peaks, p=length / length.sum())
    start = (rng.random(n_peaks) * (length[chrom] - 500)).astype(np.int64)
    peaks = {"chrom": np.array(list(sizes))[chrom], "start": start, "end": start + 500}
    peaks = pd.DataFrame({**peaks, "activity": rng.gamma(2.0, 2.0, n_peaks)})
    elements = CandidateElements(peaks, max_distance=1_000_000, max_contacts=None)
    started = time.perf_counter()
    n_scores = len(elements.contacts_of(genes))
    seconds = time.perf_counter() - started
    tracemalloc.start()
    elements.contacts_of(genes)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return {"scores": n_scores, "seconds": seconds, "megabytes": peak}


def table_of(seconds, n_regions):
    """Medians, rates, and ratios within each turn."""
    turns = pd.DataFrame(seconds)
    floor, loop = turns["floor: zlib alone"], turns["pyBigWig values() loop"]
    return pd.DataFrame(
        {
            "seconds": turns.median().round(2),
            "regions/s": (n_regions / turns.median()).round(-1).astype(int),
            "times the floor": turns.div(floor, axis=0).median().round(2),
            "faster than the loop": (1 / turns.div(loop, axis=0)).median().round(2),
        }
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="the whole genome")
    parser.add_argument("--promoters", type=int, help="number of genes")
    parser.add_argument("--pcres", type=int, help="number of fragments")
    parser.add_argument("--tracks", type=int, default=4, help="tracks of the transformer")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--reference-regions", type=int, default=200)
    parser.add_argument("--json", type=Path, help="where to write the figures too")
    options = parser.parse_args()
    n_genes = options.promoters or (18_955 if options.full else 4_184)
    n_pcres = options.pcres or (60_000 if options.full else 13_210)
    chroms = MEGABASES if options.full else SMALL
    sizes = {chrom: MEGABASES[chrom] * 1_000_000 for chrom in chroms}
    rng = np.random.default_rng(0)
    genes = draw_genes(sizes, n_genes, rng)
    contacts = draw_contacts(genes, sizes, n_pcres, rng)
    regions = regions_of(genes, contacts)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "track.bw")
        write_track(path, sizes, rng)
        megabytes = os.path.getsize(path) / 2**20
        length = sum(sizes.values()) / 1e6
        print(f"{n_genes} promoters, {n_pcres} fragments; {length:.0f} Mb, {megabytes:.0f} MB\n")
        seconds, facts = measure_reading(path, regions, options.repeats)
        table = table_of(seconds, n_genes + n_pcres)
        print(table.to_string(), "\n")
        print("\n".join(f"{name}: {value:.3g}" for name, value in facts.items()), "\n")
        turns, n_read = measure_transformer(path, genes, contacts, options.tracks, options.repeats)
        speedup = float(np.median(np.divide(turns[1], turns[2])))
        rates = [n_read * options.tracks / np.median(turns[n_jobs]) for n_jobs in turns]
        print(f"BigWigTransformer, {options.tracks} tracks of {n_read} regions:")
        print(f"n_jobs=1 {rates[0]:.0f}, n_jobs=2 {rates[1]:.0f} regions/s: {speedup:.2f} times\n")
        elements = measure_elements(rng)
        print("CandidateElements, 20,000 genes, 200,000 peaks within 1 Mb:")
        print(", ".join(f"{value:.4g} {name}" for name, value in elements.items()), "\n")
        reference = None
        if options.reference_regions:
            some = rng.choice(n_genes + n_pcres, options.reference_regions, replace=False)
            reference = measure_reference(path, folder, [column[some] for column in regions])
            print_reference(reference, table.loc["skchromo read_bins", "regions/s"])
    if options.json:
        figures = {
            "regions": n_genes + n_pcres,
            "seconds": seconds,
            **facts,
            "transformer_seconds": turns,
            "transformer_speedup": speedup,
            "elements": elements,
            "reference_seconds_a_region": reference,
        }
        options.json.write_text(json.dumps(figures, indent=1))


def measure_reference(path, folder, regions):
    """Seconds a region of the reference's two steps, None where it is not installed."""
    try:
        import chromoformer.data  # noqa: F401
    except ImportError:
        return None
    return [seconds / len(regions[0]) for seconds in reference_seconds(path, folder, *regions)]


def print_reference(reference, rate):
    """Scale the reference's seconds a region to tracks, beside ours."""
    if reference is None:
        print("the reference (PyPI chromoformer) is not installed: left out")
        return
    prepare, load = (REFERENCE_MARKS / seconds for seconds in reference)
    both = REFERENCE_MARKS / sum(reference)
    print("The reference's way, measured on a few regions with 7 marks, scaled to one track:")
    print(f"files of values {prepare:.0f}, its dataset's bins {load:.0f} regions/s (each epoch)")
    print(f"both {both:.0f} regions/s: ours is {rate / both:.0f} times as fast")


if __name__ == "__main__":
    main()
