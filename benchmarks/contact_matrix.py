"""How fast are promoters' contacts read from a Hi-C matrix? Bands in bulk against row by row.

Simulates an ``.mcool`` of 5 kb bins (counts that fall with distance, single ones all over the
chromosome, ICE weights, masked bins) with human gene density, and its first chromosomes as
``.hic``. `ContactMatrix` reads every promoter's bins within 1 Mb, and once more, when they are
known; the other ways fetch some of the same rows one at a time, and must find the same counts. Peak
memory is what a process of its own needs above what it takes to import. Run from the top of the
repository::

    python benchmarks/contact_matrix.py            # a sixth of a genome, a minute or two
    python benchmarks/contact_matrix.py --quick    # a hundredth, a quarter of a minute
    python benchmarks/contact_matrix.py --genome   # 19,000 promoters, a quarter of an hour
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import cooler
import h5py
import hictkpy
import numpy as np
import pandas as pd

from skchromo import ContactMatrix

WIDTH, REACH = 5_000, 1_000_000
N_GENES, GENOME = 19_000, 3_100_000_000
# About what a map of a billion contacts has at 5 kb: mean count at the diagonal and its fall up to
# 2 Mb, single counts of each bin beyond.
NEAR_MEAN, DECAY, NEAR_BINS, N_FAR = 80, 0.9, 400, 100


def draw_pixels(n_bins, first_bin, seed):
    """Pixels of one chromosome in rising order, some rows at a time."""
    rng = np.random.default_rng(seed)
    mean = NEAR_MEAN / (1 + np.arange(NEAR_BINS)) ** DECAY
    mappable = rng.random(2 * n_bins) > 0.03
    mappable[int(0.35 * n_bins) : int(0.37 * n_bins)] = False
    mappable[n_bins:] = False
    for start in range(0, n_bins, 5_000):
        rows = np.arange(start, min(start + 5_000, n_bins))
        near = rng.poisson(mean, (len(rows), NEAR_BINS))
        row, distance = np.nonzero(near)
        far = rng.integers(NEAR_BINS, n_bins, (len(rows), N_FAR))
        far = np.unique(rows[:, None] * n_bins * 2 + rows[:, None] + far)
        first = np.concatenate([rows[row], far // (2 * n_bins)])
        second = np.concatenate([rows[row] + distance, far % (2 * n_bins)])
        count = np.concatenate([near[row, distance], np.ones(len(far), dtype=near.dtype)])
        kept = np.flatnonzero(mappable[first] & mappable[second])
        kept = kept[np.lexsort((second[kept], first[kept]))]
        yield pd.DataFrame(
            {
                "bin1_id": first_bin + first[kept],
                "bin2_id": first_bin + second[kept],
                "count": count[kept],
            }
        )


def write_files(folder, sizes, n_hic):
    """Write the .mcool, and its first chromosomes as .hic."""
    mcool, hic = folder / "simulated.mcool", folder / "simulated.hic"
    n_bins = next(iter(sizes.values())) // WIDTH
    bins = cooler.util.binnify(pd.Series(sizes), WIDTH)
    bins["weight"] = np.random.default_rng(0).uniform(0.5, 2, len(bins)) / 100
    bins.loc[::40, "weight"] = np.nan
    chunks = (
        chunk
        for number in range(len(sizes))
        for chunk in draw_pixels(n_bins, number * n_bins, number)
    )
    cooler.create_cooler(f"{mcool}::resolutions/{WIDTH}", bins, chunks, ordered=True)
    with h5py.File(mcool, "r+") as file:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
    first = dict(list(sizes.items())[:n_hic])
    writer = hictkpy.hic.FileWriter(hic, first, WIDTH, compression_lvl=6, tmpdir=folder)
    for number in range(n_hic):
        for chunk in draw_pixels(n_bins, number * n_bins, number):
            writer.add_pixels_from_dict({name: column.tolist() for name, column in chunk.items()})
    writer.finalize().close()
    return mcool, hic


def draw_genes(sizes, n_genes):
    rng = np.random.default_rng(1)
    chrom = rng.choice(list(sizes), n_genes)
    tss = rng.integers(0, next(iter(sizes.values())), n_genes)
    ids = [f"G{number}" for number in range(n_genes)]
    return pd.DataFrame({"gene_id": ids, "chrom": chrom, "tss": tss, "strand": "+"})


def peak_memory():
    """Peak of this process in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, whose rusage counts the parent of a new process too
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def read_band(matrix, genes, answer):
    """Read twice in this process, and send times, peak memory and number of contacts."""
    before = peak_memory()
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        contacts = matrix.contacts_of(genes)
        seconds.append(time.perf_counter() - start)
    peak = peak_memory() - before
    answer.send({"seconds": seconds[0], "again": seconds[1], "MB": peak, "contacts": len(contacts)})


def in_own_process(matrix, genes):
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=read_band, args=(matrix, genes, send))
    process.start()
    send.close()
    result = receive.recv()
    process.join()
    return result


def windows(genes, sizes):
    """The bin of each TSS, and the region within reach of it, in bp."""
    for gene in genes.itertuples():
        own = gene.tss // WIDTH * WIDTH
        left, right = max(0, own - REACH), min(own + REACH + WIDTH, sizes[gene.chrom])
        yield gene.chrom, own, left, right


def rows_by_cooler(path, genes, sizes):
    matrix = cooler.Cooler(f"{path}::resolutions/{WIDTH}").matrix(balance=False)
    for chrom, own, left, right in windows(genes, sizes):
        region = (chrom, own, min(own + WIDTH, sizes[chrom]))
        yield matrix.fetch(region, (chrom, left, right)).ravel()


def rows_by_hictkpy(path, genes, sizes):
    """Two fetches a row, as hictk reads no rectangle that crosses the diagonal."""
    with hictkpy.File(path, WIDTH) as file:
        for chrom, own, left, right in windows(genes, sizes):
            bin_ = f"{chrom}:{own + 1}-{own + WIDTH}"
            right_of = file.fetch(bin_, f"{chrom}:{own + 1}-{right}").to_numpy().ravel()
            if own == left:
                yield right_of
                continue
            left_of = file.fetch(f"{chrom}:{left + 1}-{own}", bin_).to_numpy().ravel()
            yield np.append(left_of, right_of)


def check_equal(rows, genes, sizes, contacts):
    """Fail unless rows and contacts hold the same counts beyond the neighbouring bins."""
    contacts = dict(list(contacts.groupby("gene_id")))
    for row, gene, (_, own, left, _) in zip(
        rows, genes["gene_id"], windows(genes, sizes), strict=True
    ):
        place = (left + np.arange(len(row)) * WIDTH - own) // WIDTH
        counts = row[(np.abs(place) > 1) & (row > 0)]
        found = contacts[gene]["score"] if gene in contacts else []
        np.testing.assert_array_equal(np.sort(counts), np.sort(found))


def band_by_h5py(path, _sizes):
    """Read the three columns of all pixels, without a look at them."""
    with h5py.File(path) as file:
        pixels = file[f"resolutions/{WIDTH}/pixels"]
        for name in ("bin1_id", "bin2_id", "count"):
            for start in range(0, len(pixels[name]), 1 << 20):
                pixels[name][start : start + (1 << 20)]


def band_by_hictkpy(path, sizes):
    """Fetch the band of each chromosome at once."""
    with hictkpy.File(path, WIDTH) as file:
        for chrom in sizes:
            file.fetch(chrom, count_type=float, diagonal_band_width=REACH // WIDTH + 1).to_coo()


def measure(mcool, hic, genes, sizes, n_hic, n_rows):
    """One line for each way to read each file."""
    first = genes[genes["chrom"] == "chr1"]
    for path, held in (mcool, sizes), (hic, dict(list(sizes.items())[:n_hic])):
        some = genes[genes["chrom"].isin(list(held))]
        raw = {"resolution": WIDTH, "balance": None}
        counts = ContactMatrix(path, value="observed", min_separation=0, max_contacts=None, **raw)
        ways = {"observed, all": counts, "o/e, best 50": ContactMatrix(path, **raw)}
        fetches = {"hictkpy": rows_by_hictkpy}
        floor, read_band_alone = "hictkpy, the band alone", band_by_hictkpy
        if path == mcool:
            floor, read_band_alone = "h5py, the columns alone", band_by_h5py
            ways["balanced o/e, best 50"] = ContactMatrix(path, balance="weight")
            fetches["cooler"] = rows_by_cooler
        for name, matrix in ways.items():
            line = {"way": f"ContactMatrix, {name}", "file": path.suffix, "genes": len(some)}
            yield line | in_own_process(matrix, some)
        start = time.perf_counter()
        read_band_alone(path, held)
        seconds = time.perf_counter() - start
        yield {"way": floor, "file": path.suffix, "genes": len(some), "seconds": seconds}
        sample = first[:n_rows]
        contacts = counts.contacts_of(sample)
        for name, fetch in fetches.items():
            start = time.perf_counter()
            rows = list(fetch(path, sample, sizes))
            seconds = time.perf_counter() - start
            check_equal(rows, sample, sizes, contacts)
            way = f"{name}, row by row, observed"
            yield {"way": way, "file": path.suffix, "genes": len(sample), "seconds": seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="two short chromosomes")
    size.add_argument("--genome", action="store_true", help="as many as a genome has")
    parser.add_argument("--rows", type=int, default=100, help="rows to fetch one at a time")
    parser.add_argument("--json", type=Path, help="where to write the table too")
    options = parser.parse_args()
    n_chroms, size, n_hic = 4, 135_000_000, 1
    if options.quick:
        n_chroms, size = 2, 15_000_000
    elif options.genome:
        n_chroms, n_hic = 23, 23
    sizes = {f"chr{number + 1}": size for number in range(n_chroms)}
    genes = draw_genes(sizes, N_GENES * n_chroms * size // GENOME)
    with tempfile.TemporaryDirectory() as folder:
        mcool, hic = write_files(Path(folder), sizes, n_hic)
        lines = list(measure(mcool, hic, genes, sizes, n_hic, options.rows))
    table = pd.DataFrame(lines)
    table["s for 19,000"] = table["seconds"] * N_GENES / table["genes"]
    digits = {"seconds": 2, "CPU s": 2, "again": 2, "MB": 0, "s for 19,000": 1}
    print(f"{len(genes)} promoters, bins of {WIDTH} bp, rows of {REACH} bp to each side")
    print(table.round(digits).to_string(index=False, na_rep=""))
    if options.json:
        options.json.write_text(table.to_json(orient="records", indent=1))


if __name__ == "__main__":
    main()
