"""fetch_chromoformer_demo: real signal, written to files of the reference and read back."""

import io

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from local_server import closed_port

from skchromo import BigWigTransformer, InteractionTransformer
from skchromo.datasets import fetch_chromoformer_demo

TRACKS = ("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3", "H3K27ac", "H3K9ac")

# of the reference's metadata.csv
COLUMNS = ["gene_id", "expression", "eid", "label", "chrom", "start", "end", "strand", "split"]
COLUMNS += ["neighbors", "scores"]


def npy(values):
    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


def publish(server, genes, contacts, depth):
    """Put genes, contacts (by gene) and depth(chrom, start, end) there as the reference does."""
    rows = []
    for gene in genes.itertuples():
        own = contacts[contacts["gene_id"] == gene.gene_id]
        names = [f"{row.chrom}:{row.start}-{row.end}" for row in own.itertuples()]
        rows.append([gene.gene_id, gene.expression, "E003", 1, gene.chrom, gene.tss, gene.tss + 1])
        rows[-1] += [gene.strand, 1, ";".join(names), ";".join(map(str, own["score"]))]
        for name in [*names, f"{gene.chrom}:{gene.tss - 20_000}-{gene.tss + 20_000}"]:
            chrom, start, end = name.replace(":", "-").split("-")
            values = depth(chrom, int(start), int(end)).astype(np.float16)
            server.files[f"demo/demo_data/E003/{name}.npy"] = npy(values)
    meta = pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False)
    server.files["demo/demo_meta.csv"] = meta.encode()


def fetch(server, folder, **options):
    options = {"base_url": f"{server.url}/demo", "progress": False, **options}
    return fetch_chromoformer_demo(data_home=folder, **options)


def test_real_genes_come_back_as_they_were(server, tmp_path, h1_e003):
    genes = pd.read_csv(h1_e003 / "genes.tsv", sep="\t")[::6].reset_index(drop=True)
    contacts = pd.read_csv(h1_e003 / "interactions.tsv", sep="\t")
    contacts = contacts[contacts["gene_id"].isin(genes["gene_id"])]
    files = {mark: pyBigWig.open(str(h1_e003 / f"{mark}.bw")) for mark in TRACKS}

    def depth(*region):
        return np.nan_to_num([files[mark].values(*region) for mark in TRACKS])

    publish(server, genes, contacts, depth)
    server.faults = ["", "", "drop:2000", "status:500"]
    demo = fetch(server, tmp_path)
    assert list(demo.tracks) == list(TRACKS)
    assert demo.genes.to_dict() == genes.drop(columns="expression").to_dict()
    assert demo.expression.tolist() == genes["expression"].tolist()
    assert demo.label.tolist() == [1] * len(genes)
    expected = InteractionTransformer(contacts).fit_transform(genes)
    table = InteractionTransformer(demo.contacts).fit_transform(demo.genes)
    assert sum(len(pcres) for pcres in table["pcres"]) > 20
    real = {mark: h1_e003 / f"{mark}.bw" for mark in TRACKS}
    X = BigWigTransformer(demo.tracks).fit_transform(table)
    Z = BigWigTransformer(real).fit_transform(expected)
    for one, other in zip(X.to_dense(), Z.to_dense()):
        np.testing.assert_array_equal(one, other)
    names = {path.name for path in (tmp_path / "chromoformer").iterdir()}
    assert names == {
        "demo_meta.csv",
        "demo_meta.csv.sha256",
        *(f"E003-{mark}.bw" for mark in TRACKS),
    }
    n_requests = len(server.requests)
    fetch(server, tmp_path, base_url=closed_port())
    assert len(server.requests) == n_requests


GENES = pd.DataFrame(
    {
        "gene_id": ["A", "B", "C"],
        "chrom": ["chr8", "chr8", "chr1"],
        "tss": [100_000, 110_000, 50_000],
        "strand": ["+", "-", "+"],
        "expression": [1.0, 2.0, 3.0],
    }
)
CONTACTS = pd.DataFrame(
    [["A", "chr8", 128_000, 133_000, 2.5], ["A", "chr8", 130_000, 131_000, 1.75]],
    columns=["gene_id", "chrom", "start", "end", "score"],
)


def ramp(chrom, start, end):
    return np.add.outer(np.arange(7), np.arange(start, end) // 100 % 30)


def test_overlapping_regions_are_one_stretch(server, tmp_path):
    publish(server, GENES, CONTACTS, ramp)
    demo = fetch(server, tmp_path)
    with pyBigWig.open(str(demo.tracks["H3K9ac"])) as file:
        assert file.chroms() == {"chr1": 249_250_621, "chr8": 146_364_022}
        np.testing.assert_array_equal(
            file.values("chr8", 80_000, 133_000), ramp("", 80_000, 133_000)[6]
        )
        assert np.isnan(file.values("chr8", 133_000, 133_010)).all()
        assert np.isnan(file.values("chr1", 29_990, 30_000)).all()


def test_regions_that_contradict_each_other_are_refused(server, tmp_path):
    publish(server, GENES, CONTACTS, lambda *region: ramp(*region) + (region[2] == 131_000))
    with pytest.raises(ValueError, match="overlap chr8:130000-131000 differ in signal"):
        fetch(server, tmp_path)
    assert not list((tmp_path / "chromoformer").glob("*.bw*"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"no array", "is not a NumPy array"),
        (npy(np.zeros((7, 999))), r"must hold 7 x 5000 read depths, found \(7, 999\)"),
        (npy(np.full((7, 5000), -1.0)), "with least value -1"),
        (npy(np.array([{}])), "is not a NumPy array"),
    ],
)
def test_damaged_region_is_named_and_no_track_is_half_made(server, tmp_path, body, message):
    publish(server, GENES, CONTACTS, ramp)
    whole = server.files["demo/demo_data/E003/chr8:128000-133000.npy"]
    server.files["demo/demo_data/E003/chr8:128000-133000.npy"] = body
    with pytest.raises(ValueError, match=r"chr8_128000-133000\.npy") as caught:
        fetch(server, tmp_path)
    assert caught.match(message)
    assert not list((tmp_path / "chromoformer").glob("*.bw*"))
    folder = tmp_path / "chromoformer" / "E003"
    (folder / "chr8_128000-133000.npy").unlink()
    (folder / "chr8_128000-133000.npy.sha256").unlink()
    server.files["demo/demo_data/E003/chr8:128000-133000.npy"] = whole
    n_requests = len(server.requests)
    assert fetch(server, tmp_path).tracks["H3K9ac"].is_file()
    assert len(server.requests) == n_requests + 1


def test_missing_region_or_column_is_named(server, tmp_path):
    publish(server, GENES, CONTACTS, ramp)
    del server.files["demo/demo_data/E003/chr8:128000-133000.npy"]
    with pytest.raises(FileNotFoundError, match=r"chr8:128000-133000\.npy"):
        fetch(server, tmp_path)
    server.files["demo/demo_meta.csv"] = b"gene_id,chrom\nA,chr1\n"
    with pytest.raises(ValueError, match="lacks the columns expression, label"):
        fetch(server, tmp_path / "other")
