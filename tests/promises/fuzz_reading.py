"""Readers of files of every kind, which check what must hold of any result."""

import gzip
import json
import re

import numpy as np
from fuzz_files import ANNOTATIONS, CONTACTS, EXPRESSIONS, SHEETS, TEXTS

_ENDS = re.compile(rb"\r\n|\r|\n")


def read(kind, path):
    """Read a file, check the result, and return it as columns that can be compared."""
    kind = kind.removesuffix("_gz")
    if kind in CONTACTS:
        return _read_contacts(kind, path)
    if kind in ANNOTATIONS:
        return _read_genes(path)
    if kind in EXPRESSIONS:
        return _read_expression(kind, path)
    if kind in SHEETS:
        return _read_sheet(kind, path)
    if kind in ("cool", "mcool", "hic"):
        return _read_matrix(path)
    return {
        "bigwig": _read_bigwig,
        "blacklist": _read_blacklist,
        "regions": _read_regions,
        "mapped": _read_mapped,
        "checkpoint": _read_checkpoint,
        "model": _read_model,
    }[kind](path)


def _columns(table):
    return {name: table[name].to_numpy() for name in table}


def _read_contacts(kind, path):
    from skchromo.genome import read_contacts

    table = read_contacts(path)
    for side in [name.removeprefix("start") for name in table if name.startswith("start")]:
        assert (table["start" + side] >= 0).all()
        assert (table["start" + side] < table["end" + side]).all()
    assert np.isfinite(table["weight"]).all()
    _check_rows(path, len(table))
    return _columns(table)


def _read_genes(path):
    from skchromo.genome import read_genes

    table = read_genes(path, biotypes=None)
    assert (table["tss"] >= 0).all()
    assert table["strand"].isin(["+", "-"]).all()
    assert table["gene_id"].is_unique
    assert table["tss"].dtype == np.int64
    return _columns(table)


def _read_blacklist(path):
    from skchromo.genome import read_blacklist

    table = read_blacklist(path)
    assert (table["start"] >= 0).all()
    assert (table["start"] < table["end"]).all()
    return _columns(table)


def _read_expression(kind, path):
    from skchromo.genome import read_expression

    table = read_expression(path)
    assert np.isfinite(table.to_numpy()).all()
    assert (table.to_numpy() >= 0).all()
    assert table.index.is_unique
    _check_rows(path, len(table) + len(table.attrs["left_out"]))
    return {"gene_id": table.index.to_numpy(), **_columns(table)}


def _read_sheet(kind, path):
    from skchromo.genome import list_tracks

    table = list_tracks(path)
    assert (table != "").all(axis=None)
    assert table.notna().all(axis=None)
    if kind != "encode":
        _check_rows(path, len(table))
    table["path"] = table["path"].str.removeprefix(f"{path.parent}/")
    return _columns(table)


def _check_rows(path, n_found):
    """Every line of a table is a row, or the table is refused."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    lines = [line for line in content.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith((b"#", b"track", b"browser"))]
    assert n_found >= len(lines) - 2, f"{n_found} rows of {len(lines)} lines"


def _read_bigwig(path):
    from skchromo.genome import read_bins
    from skchromo.genome.bigwig import BigWigFile

    with BigWigFile(path) as bigwig:
        sizes = bigwig.chromsizes
        assert bigwig.summary is None or bigwig.summary.n_bases >= 0
    values, _ = read_bins(
        path,
        ["chr1", "chr2", "chr1"],
        [0, 0, 39_000],
        [40_000, 9_000, 41_000],
        100,
    )
    assert len(values) == 510
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    return {"names": np.array(list(sizes)), "values": values}


def _read_matrix(path):
    import pandas as pd

    from skchromo import ContactMatrix

    genes = pd.DataFrame(
        {"chrom": ["chr1", "chr1", "chr2"], "tss": [3_500, 20_500, 5_500], "strand": "+"},
        index=["A", "B", "C"],
    )
    matrix = ContactMatrix(path, min_separation=0)
    table = matrix.contacts_of(genes)
    assert (table["start"] < table["end"]).all()
    assert (table["score"] > 0).all()
    assert np.isfinite(table["score"]).all()
    return _columns(table)


def _read_regions(path):
    from skchromo import RegionArray

    X = RegionArray.load(path, None)
    values, weights, lengths = X.to_dense()
    return {"values": values, "weights": weights, "lengths": lengths, "id": X.genes["gene_id"]}


def _read_mapped(path):
    """Read all but the signal, which is read when it is used."""
    from skchromo import RegionArray

    X = RegionArray.load(path)
    _, weights, lengths = X.to_dense()
    return {"weights": weights, "lengths": lengths, "id": X.genes["gene_id"]}


def _read_checkpoint(path):
    from skchromo.nn import load_checkpoint

    state = load_checkpoint(path).state_dict()
    return {name: tensor.numpy() for name, tensor in state.items()}


def _read_model(path):
    from skchromo import load_model

    model = load_model(path)
    return {
        "about": np.array([str(model.tracks_), str(model.get_params()), str(model.window_)]),
        **{name: tensor.numpy() for name, tensor in model.net_.module_.state_dict().items()},
    }


def lost_rows(kind, intact, spoilt, expected, found):
    """List rows of intact lines that were read before and are not read any more.

    Nothing is expected where the header or the first row, which show the format, is spoilt.
    """
    kind = kind.removesuffix("_gz")
    if kind not in TEXTS or kind == "blacklist":
        return []
    before, after = (_ENDS.split(content) for content in (intact, spoilt))
    n_lines, n_rows = len(before) - 1, len(next(iter(expected.values())))
    step = 2 if kind in ("gtf", "gff3") else 1
    n_head = (n_lines - (kind == "htseq")) % 29
    if before[: n_head + step] != after[: n_head + step]:
        return []
    rows, there = (
        list(zip(*(np.asarray(values).tolist() for values in table.values()), strict=True))
        for table in (expected, found)
    )
    per_line, left = n_rows // 29, set(after)
    # Another line may say something of the same gene.
    changed = b"\n".join(left - set(before)) if kind in ANNOTATIONS else b""
    return [
        row
        for at, row in enumerate(rows)
        for first in [n_head + at // per_line * step]
        if left.issuperset(before[first : first + step])
        and row not in there
        and str(row[0]).encode() not in changed
    ]


def digest(found):
    """Return text by which two results are compared."""
    return json.dumps({name: np.asarray(values).tolist() for name, values in found.items()})
