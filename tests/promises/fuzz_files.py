"""Intact files of every kind that is read; the same bytes every time."""

import gzip
import time
import zipfile
from unittest import mock

import numpy as np


def write_bigwig(path):
    """Several blocks on two chromosomes."""
    import pyBigWig

    rng = np.random.default_rng(0)
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", 40_000), ("chr2", 9_000)])
        edges = np.unique(rng.integers(0, 40_000, 1_500))
        values = rng.gamma(1, 1, len(edges) - 1)
        handle.addEntries(["chr1"] * len(values), edges[:-1], ends=edges[1:], values=values)
        handle.addEntries("chr2", 0, values=rng.gamma(1, 1, 80), span=100, step=100)


def _pixels():
    """Every pair of 40 bins: first, second, count."""
    first, second = np.triu_indices(40)
    return first, second, np.random.default_rng(0).integers(1, 50, len(first))


def write_cool(path, chunks=True, level=6):
    """Two chromosomes of 30 and 10 bins, every pair of bins."""
    import h5py

    first, second, count = _pixels()
    start = np.r_[:30, :10] * 1_000
    tables = {
        "chroms": {"name": np.array([b"chr1", b"chr2"]), "length": np.int32([30_000, 10_000])},
        "bins": {
            "chrom": np.repeat(np.int32([0, 1]), [30, 10]),
            "start": start.astype("i4"),
            "end": (start + 1_000).astype("i4"),
        },
        "pixels": {"bin1_id": first, "bin2_id": second, "count": count.astype("i4")},
        "indexes": {
            "bin1_offset": np.searchsorted(first, np.arange(41)),
            "chrom_offset": np.array([0, 30, 40]),
        },
    }
    about = {"format": "HDF5::Cooler", "format-version": 3, "bin-type": "fixed", "bin-size": 1_000}
    sizes = {"nbins": 40, "nchroms": 2, "nnz": len(count), "sum": int(count.sum())}
    options = {"chunks": chunks, "compression": "gzip", "compression_opts": level}
    with h5py.File(path, "w") as file:
        file.attrs.update({**about, **sizes, "storage-mode": "symmetric-upper"})
        for group, columns in tables.items():
            for name, values in columns.items():
                name = f"{group}/{name}"
                file.create_dataset(name, data=values, track_times=False, **options)


def write_mcool(path):
    """The same at one resolution of a file of several."""
    import h5py

    single = path.with_suffix(".cool")
    write_cool(single)
    with h5py.File(single) as one, h5py.File(path, "w") as file:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        one.copy(one, file.create_group("resolutions"), "1000")
        file["resolutions/1000"].attrs.update(one.attrs)
    single.unlink()


def write_hic(path):
    """The same contacts as `write_cool`."""
    import hictkpy

    writer = hictkpy.hic.FileWriter(str(path), {"chr1": 30_000, "chr2": 10_000}, [1_000])
    columns = zip(("bin1_id", "bin2_id", "count"), _pixels(), strict=True)
    writer.add_pixels_from_dict({name: values.tolist() for name, values in columns})
    writer.finalize().close()


def rewrite_archive(path, changes=(), order=lambda names: names):
    """Write a zip archive anew, with other members or in another order."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= dict(changes)
    with zipfile.ZipFile(path, "w") as archive:
        for name in order(list(members)):
            archive.writestr(name, members[name])


def write_regions(path):
    """Six genes that share a pCRE; the same bytes every time."""
    from skchromo import RegionArray

    rng = np.random.default_rng(0)
    lengths = np.array([40] * 6 + [33])
    X = RegionArray(
        signal=rng.random((28, 2)),
        offsets=4 * np.arange(8),
        chrom=["chr1"] * 3 + ["chr2"] * 4,
        start=np.arange(7) * 1000,
        end=np.arange(7) * 1000 + lengths,
        index=np.stack([np.arange(6), [6, -1, 6, 6, -1, 6]], axis=1),
        weights=[[2.0], [0.0], [1.5], [3.0], [0.0], [1.0]],
        genes={"gene_id": np.array(list("ABCDEF"), dtype=object), "tss": np.arange(6)},
        tracks=["H3K4me3", "ATAC"],
        bin_size=10,
        n_bins=5,
        window=50,
        chromsizes={"chr1": 10_000, "chr2": 9_000},
    )
    with (
        mock.patch("secrets.token_hex", return_value="0" * 32),
        mock.patch("time.localtime", return_value=time.gmtime(10**9)),
    ):
        X.save(path)


def write_model(path):
    """A fitted estimator, as it saves itself."""
    from small_models import TINY, make_regions

    from skchromo import ChromoformerRegressor

    X = make_regions()
    ChromoformerRegressor(**{**TINY, "max_epochs": 1}).fit(X, np.arange(float(len(X)))).save(path)


def write_checkpoint(path):
    """A small network in the reference's format."""
    import torch

    from skchromo.nn import ChromoformerNetwork, save_checkpoint

    torch.manual_seed(0)
    network = ChromoformerNetwork(
        **{"n_tracks": 2, "n_positions": (20, 40), "bin_sizes": (2000, 1000), "d_model": 8},
        **{"embedding_n_heads": 2, "embedding_d_ff": 8, "pairwise_n_layers": 1},
        **{"pairwise_n_heads": 2, "pairwise_d_ff": 8, "regulation_n_layers": 1},
        **{"regulation_n_heads": 2, "regulation_d_attention": 8, "regulation_d_ff": 8},
        d_output=8,
    )
    save_checkpoint(network, path, epoch=10, val_score=np.float64(0.5))


def lines_of(form, n=30):
    lines = []
    for i in range(1, n):
        places = {"a": 1000 * i, "b": 1000 * i + 900, "c": 5000 * i + 7, "d": 5000 * i + 950}
        lines.append(
            form.format(i=i, s=i + 0.5, strand="+-"[i % 2], chrom=f"chr{1 + i % 2}", **places)
        )
    return "\n".join([*lines, ""])


GENE = 'gene_id "ENSG{i:011d}.2"; gene_type "protein_coding"; gene_name "G{i}";'
TEXTS = {
    "bedpe": lines_of("{chrom}\t{a}\t{b}\t{chrom}\t{c}\t{d}\tname{i}\t{s}"),
    "bedpe_header": "#chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tname\tscore\n"
    + lines_of("{chrom}\t{a}\t{b}\t{chrom}\t{c}\t{d}\t.\t{s}"),
    "pairs": "gene_id,chrom,start,end,score\n" + lines_of("g{i},{chrom},{c},{d},{s}"),
    "fragments": lines_of("{chrom}:{a}-{b} {chrom}:{c}-{d} {s}"),
    "ibed": "bait_chr\tbait_start\tbait_end\tbait_name\totherEnd_chr\totherEnd_start\totherEnd_end"
    "\totherEnd_name\tN_reads\tscore\n"
    + lines_of("{chrom}\t{a}\t{b}\tbait{i}\t{chrom}\t{c}\t{d}\t.\t{i}\t{s}"),
    "longrange": lines_of("{chrom}\t{a}\t{b}\t{chrom}:{c}-{d},{s}"),
    "interact": "#chrom\tchromStart\tchromEnd\tname\tpoints\tscore\texp\tcolor\tsourceChrom\t"
    "sourceStart\tsourceEnd\tsourceName\tsourceStrand\ttargetChrom\ttargetStart\ttargetEnd\t"
    "targetName\ttargetStrand\n"
    + lines_of(
        "{chrom}\t{a}\t{d}\tn{i}\t500\t{s}\tx\t0\t{chrom}\t{a}\t{b}\ta\t.\t{chrom}\t{c}\t{d}\tb\t."
    ),
    "reference": "gene_id\tneighbors\tscores\n"
    + lines_of("ENSG{i}\t{chrom}:{a}-{b};{chrom}:{c}-{d}\t{s};0.5"),
    "gtf": "#!genome\n"
    + lines_of(
        "{chrom}\tH\tgene\t{a}\t{b}\t.\t{strand}\t.\t" + GENE + "\n"
        "{chrom}\tH\ttranscript\t{a}\t{b}\t.\t{strand}\t.\t"
        + GENE
        + ' transcript_id "T{i}"; tag "MANE_Select";'
    ),
    "gff3": "##gff-version 3\n"
    + lines_of(
        "{chrom}\tH\tgene\t{a}\t{b}\t.\t{strand}\t.\tID=gene:E{i};Name=G%20{i};"
        "biotype=protein_coding\n"
        "{chrom}\tH\tmRNA\t{a}\t{b}\t.\t{strand}\t.\tID=transcript:T{i};Parent=gene:E{i}"
    ),
    "genepred": lines_of(
        "5\tNM_{i}\t{chrom}\t{strand}\t{a}\t{b}\t{a}\t{b}\t1\t{a},\t{b},\t0\tGENE{i}\tcmpl\tcmpl\t0,"
    ),
    "bed": lines_of("{chrom}\t{a}\t{b}\tGENE{i}\t0\t{strand}"),
    "blacklist": lines_of("{chrom}\t{a}\t{b}\tLow Mappability"),
    "matrix_tsv": "gene_id\tE003\tE123\tE004\n" + lines_of("ENSG{i:011d}\t{s}\t{i}\t0.25"),
    "matrix_csv": "gene_id,E003,E123\n" + lines_of("ENSG{i:011d},{s},{i}"),
    "matrix_blanks": "gene_id E003 E123\n" + lines_of("ENSG{i:011d} {s} {i}"),
    "gct": "#1.2\n29\t2\nName\tDescription\tA\tB\n" + lines_of("ENSG{i:011d}\tG{i}\t{s}\t{i}"),
    "htseq": lines_of("ENSG{i:011d}\t{i}") + "__no_feature\t7\n",
    "sheet_tsv": "sample\ttrack\tpath\n" + lines_of("S{i}\tH3K4me3\tS{i}.bw"),
    "sheet_csv": "track,path\n" + lines_of("t{i},folder/{i}.bw"),
    "encode": "File accession\tFile format\tOutput type\tFile assembly\tExperiment accession\t"
    "Experiment target\tAssay\tBiosample term name\tBiological replicate(s)\tFile download URL\n"
    + lines_of(
        "ENCFF{i}\tbigWig\tfold change\tGRCh38\tENCSR{i}\tT{i:02d}-human\tChIP-seq\tK562\t1\t"
        "https://example.org/{i}.bigWig"
    ),
}
CONTACTS = ("bedpe", "bedpe_header", "pairs", "fragments")
CONTACTS += ("ibed", "longrange", "interact", "reference")
ANNOTATIONS = ("gtf", "gff3", "genepred", "bed")
EXPRESSIONS = ("matrix_tsv", "matrix_csv", "matrix_blanks", "gct", "htseq")
SHEETS = ("sheet_tsv", "sheet_csv", "encode")
WRITERS = {
    "bigwig": (write_bigwig, ".bw"),
    "cool": (write_cool, ".cool"),
    "hic": (write_hic, ".hic"),
    "regions": (write_regions, ".npz"),
    "mapped": (write_regions, ".npz"),
    "checkpoint": (write_checkpoint, ".pt"),
    "mcool": (write_mcool, ".mcool"),
    "model": (write_model, ".safetensors"),
}
SUFFIXES = {kind: suffix for kind, (_, suffix) in WRITERS.items()}
KINDS = (*WRITERS, *TEXTS, "bedpe_gz", "gtf_gz", "matrix_tsv_gz")


def write_intact(kind, path):
    """Write an intact file of a kind."""
    if kind in WRITERS:
        WRITERS[kind][0](path)
    elif kind.endswith("_gz"):
        path.write_bytes(gzip.compress(TEXTS[kind.removesuffix("_gz")].encode(), mtime=0))
    else:
        path.write_bytes(TEXTS[kind].encode())
