"""The same content, written otherwise, is read as the same."""

import gzip
import shutil

import numpy as np
import pyBigWig
import pytest
import torch
from fuzz_files import (
    TEXTS,
    rewrite_archive,
    write_checkpoint,
    write_cool,
    write_intact,
    write_regions,
)
from fuzz_reading import digest, read
from safetensors import safe_open
from safetensors.numpy import save_file

from skchromo.genome import read_bins, read_contacts, read_expression


def members(content):
    """Compress line by line, as bgzip does block by block."""
    return b"".join(gzip.compress(line) for line in content.splitlines(keepends=True))


WRITTEN_OTHERWISE = {
    "Windows": lambda content: content.replace(b"\n", b"\r\n"),
    "byte-order mark": lambda content: b"\xef\xbb\xbf" + content,
    "no last line end": lambda content: content.rstrip(b"\n"),
    "empty lines at the end": lambda content: content + b"\n\n",
    "gzip 1": lambda content: gzip.compress(content, 1),
    "gzip 9": lambda content: gzip.compress(content, 9),
    "many members": members,
    "gzipped Windows": lambda content: gzip.compress(content.replace(b"\n", b"\r\n")),
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("how", WRITTEN_OTHERWISE)
def test_text_written_otherwise_is_the_same(tmp_path, kind, how):
    content, other = TEXTS[kind].encode(), WRITTEN_OTHERWISE[how](TEXTS[kind].encode())
    path = tmp_path / "table.txt"
    path.write_bytes(content)
    expected = digest(read(kind, path))
    path.write_bytes(other)
    if kind in ("sheet_tsv", "sheet_csv", "encode") and other.startswith(b"\x1f\x8b"):
        with pytest.raises(ValueError, match=r"table\.txt'.* sample sheet"):
            read(kind, path)
    else:
        assert digest(read(kind, path)) == expected


@pytest.mark.parametrize(
    "kind", ["pairs", "bedpe_header", "ibed", "interact", "reference", "matrix_tsv", "encode"]
)
def test_columns_in_another_order_are_the_same(tmp_path, kind):
    mark = "," if kind == "pairs" else "\t"
    rows = [line.split(mark) for line in TEXTS[kind].splitlines()]
    # The gene ids stay in front, where tables of expression have them.
    order = [0, *np.random.default_rng(0).permutation(np.arange(1, len(rows[0])))]
    tables = rows, [[row[at] for at in order] for row in rows]
    found = []
    for table in tables:
        path = tmp_path / "table.txt"
        path.write_text("".join(mark.join(row) + "\n" for row in table))
        found.append(read(kind, path))
    assert sorted(found[0]) == sorted(found[1])
    for name, values in found[0].items():
        np.testing.assert_array_equal(found[1][name], values)


def test_quotes_around_fields_do_not_matter(tmp_path):
    for kind, reader in (("bedpe_header", read_contacts), ("matrix_tsv", read_expression)):
        plain, quoted = tmp_path / "plain.tsv", tmp_path / "quoted.tsv"
        plain.write_text(TEXTS[kind])
        lines = (line.split("\t") for line in TEXTS[kind].splitlines())
        quoted.write_text("".join("\t".join(f'"{x}"' for x in line) + "\n" for line in lines))
        assert reader(quoted).equals(reader(plain))


def test_bigwigs_with_other_sections_and_zooms_are_the_same(tmp_path):
    values = np.random.default_rng(0).integers(0, 9, 500).astype(float)
    start = np.arange(500) * 20
    found = []
    for way in ("fixed", "variable", "runs"):
        for n_zooms in (0, 10):
            path = str(tmp_path / f"{way}{n_zooms}.bw")
            with pyBigWig.open(path, "w") as handle:
                handle.addHeader([("chr1", 10_000)], maxZooms=n_zooms)
                if way == "fixed":
                    handle.addEntries("chr1", 0, values=values, span=20, step=20)
                elif way == "variable":
                    handle.addEntries("chr1", start, values=values, span=20)
                else:
                    handle.addEntries(["chr1"] * 500, start, ends=start + 20, values=values)
            found.append(read_bins(path, ["chr1"], [0], [10_000], 70)[0])
    assert found[0].any()
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_bigwig_without_signal_is_zero(tmp_path):
    path = str(tmp_path / "empty.bw")
    with pyBigWig.open(path, "w") as handle:
        handle.addHeader([("chr1", 1_000)])
    assert read_bins(path, ["chr1"], [0], [1_000], 100)[0].tolist() == [0.0] * 10


@pytest.mark.parametrize(("chunks", "level"), [(True, 0), (True, 9), ((2,), 1)])
def test_matrices_chunked_and_compressed_otherwise_are_the_same(tmp_path, chunks, level):
    write_cool(tmp_path / "a.cool")
    write_cool(tmp_path / "b.cool", chunks=chunks, level=level)
    assert digest(read("cool", tmp_path / "b.cool")) == digest(read("cool", tmp_path / "a.cool"))


def test_members_in_another_order_are_the_same_regions(tmp_path):
    write_regions(tmp_path / "a.npz")
    shutil.copy(tmp_path / "a.npz", tmp_path / "b.npz")
    rewrite_archive(tmp_path / "b.npz", order=reversed)
    for kind in ("regions", "mapped"):
        assert digest(read(kind, tmp_path / "b.npz")) == digest(read(kind, tmp_path / "a.npz"))


def test_checkpoints_in_the_old_format_or_packed_are_the_same(tmp_path):
    write_checkpoint(tmp_path / "a.pt")
    expected = digest(read("checkpoint", tmp_path / "a.pt"))
    content = torch.load(tmp_path / "a.pt", weights_only=False)
    torch.save(content, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    double = {name: tensor.double() for name, tensor in content["net"].items()}
    torch.save({f"module.{name}": tensor for name, tensor in double.items()}, tmp_path / "bare.pt")
    for name in ("old.pt", "bare.pt"):
        assert digest(read("checkpoint", tmp_path / name)) == expected


def test_model_with_weights_in_another_order_is_the_same(tmp_path):
    write_intact("model", tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", framework="np") as file:
        about = file.metadata()
        weights = {name: file.get_tensor(name) for name in reversed(file.keys())}
    save_file(weights, tmp_path / "b.safetensors", dict(reversed(about.items())))
    a, b = (read("model", tmp_path / f"{name}.safetensors") for name in "ab")
    assert digest(a) == digest(b)
