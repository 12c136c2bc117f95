"""Odd paths, and things that stand in place of a file: every reader, every kind."""

import gzip
import re

import pandas as pd
import pytest
from fuzz_files import KINDS, SUFFIXES, TEXTS, write_intact
from fuzz_reading import CONTACTS, digest, read

from skchromo import BigWigTransformer, InteractionTransformer
from skchromo.genome import read_blacklist, read_contacts, read_expression, read_genes

KINDS = [kind for kind in KINDS if kind != "mapped"]
NAMES = {
    "blanks": "my data (final), v2",
    "letters": "Größe_心臓_é",
    "marks": "50% #1 'a' [b]{c} & ~;$HOME",
    "line end": "two\nlines",
    "no letters": "-.-",
}


def place(folder, kind, name="a"):
    return folder / (name + SUFFIXES.get(kind, ".txt"))


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """An intact file of each kind: its bytes, and what is read of it."""
    found = {}
    for kind in KINDS:
        path = place(tmp_path_factory.mktemp("intact"), kind)
        write_intact(kind, path)
        found[kind] = path.read_bytes(), digest(read(kind, path))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_read(contents, tmp_path, name):
    folder = tmp_path / NAMES[name]
    folder.mkdir()
    for kind, (content, expected) in contents.items():
        path = place(folder, kind, NAMES[name])
        path.write_bytes(content)
        assert digest(read(kind, path)) == expected, kind


def test_names_relative_to_the_folder_are_read(contents, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind, (content, expected) in contents.items():
        path = place(tmp_path, kind)
        path.write_bytes(content)
        assert digest(read(kind, path.relative_to(tmp_path))) == expected, kind


@pytest.mark.parametrize("kind", KINDS)
def test_things_in_place_of_a_file_are_refused_by_name(tmp_path, kind):
    path = place(tmp_path, kind, "there")
    with pytest.raises(FileNotFoundError, match=re.escape(path.name)):
        read(kind, path)
    for content in (
        b"",
        b"\n",
        b"\x00" * 5000,
        b"<!DOCTYPE html>\n<html>404</html>\n",
        b"PK\x03\x04",
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=re.escape(path.name)) as caught:
            read(kind, path)
        assert type(caught.value) is ValueError
    path.unlink()
    path.mkdir()
    with pytest.raises((ValueError, OSError), match=re.escape(path.name)) as caught:
        read(kind, path)
    assert type(caught.value) in (ValueError, IsADirectoryError, FileNotFoundError)


@pytest.mark.parametrize("kind", KINDS)
def test_links_are_followed_and_loops_are_refused(contents, tmp_path, kind):
    content, expected = contents[kind]
    path = place(tmp_path, kind, "link")
    target = place(tmp_path, kind, "target")
    target.write_bytes(content)
    path.symlink_to(target)
    # Relative paths in a sheet begin where the link is.
    assert digest(read(kind, path)) == expected
    path.unlink()
    path.symlink_to(path)
    with pytest.raises((ValueError, OSError), match=re.escape(path.name)):
        read(kind, path)


@pytest.mark.parametrize("kind", [kind for kind in TEXTS if kind not in CONTACTS])
def test_gzip_within_gzip_is_refused(contents, tmp_path, kind):
    path = place(tmp_path, kind)
    path.write_bytes(gzip.compress(gzip.compress(contents[kind][0])))
    with pytest.raises(ValueError, match=re.escape(path.name)):
        read(kind, path)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in SUFFIXES])
def test_gzip_of_other_formats_is_refused(contents, tmp_path, kind):
    path = place(tmp_path, kind)
    path.write_bytes(gzip.compress(contents[kind][0]))
    with pytest.raises(ValueError, match=re.escape(path.name)):
        read(kind, path)


@pytest.mark.parametrize("kind", ["cool", "mcool", "hic", "regions", "checkpoint"])
def test_addresses_of_other_formats_are_not_fetched(kind):
    with pytest.raises((ValueError, FileNotFoundError), match=r"example\.org"):
        read(kind, f"https://example.org/a{SUFFIXES[kind]}")


@pytest.mark.parametrize("reader", [read_contacts, read_genes, read_expression, read_blacklist])
@pytest.mark.parametrize("address", ["https://example.org/a.txt", "s3://bucket/a.txt"])
def test_addresses_of_text_are_not_fetched(reader, address):
    with pytest.raises((ValueError, FileNotFoundError), match=r"example\.org|bucket"):
        reader(address)


@pytest.mark.parametrize("source", [None, 5, b"a.txt", 2.5, ["a.txt"]])
@pytest.mark.parametrize("reader", [read_contacts, read_genes, read_expression, read_blacklist])
def test_sources_that_are_not_paths_are_refused(reader, source):
    with pytest.raises(TypeError, match=type(source).__name__):
        reader(source)


def test_pipeline_reads_from_odd_paths(contents, tmp_path):
    folder = tmp_path / NAMES["marks"]
    folder.mkdir()
    (folder / "H3K4me3 é.bw").write_bytes(contents["bigwig"][0])
    contacts = folder / "contacts 心.bedpe"
    contacts.write_text("chr1\t2000\t3000\tchr1\t9000\t9500\tone\t2.5\n")
    genes = pd.DataFrame(
        {"chrom": ["chr1", "chr2"], "tss": [2_500, 1_500], "strand": "+"}, index=["A", "B"]
    )
    table = InteractionTransformer(str(contacts)).fit_transform(genes)
    for path in (folder / "H3K4me3 é.bw", str(folder / "H3K4me3 é.bw")):
        X = BigWigTransformer({"H3K4me3": path}, window=2_000).fit_transform(table)
        assert X.signal.any()
