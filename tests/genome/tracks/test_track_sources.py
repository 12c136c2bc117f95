"""Tracks found on disk: by a pattern, in a folder of a known naming, in a sample sheet."""

import os
import re
from pathlib import Path

import pandas as pd
import pytest

from skchromo.genome import list_tracks
from skchromo.genome.tracks import track_files

ACCESSIONS = ("ENCFF001AAA", "ENCFF002BBB", "ENCFF003CCC")


@pytest.fixture
def make(tmp_path):
    """Write empty files, named in one text, and give their folder."""

    def write(names):
        for name in names.split():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return str(tmp_path)

    return write


def found(source, folder):
    """Rows of what is found, with paths as seen from the folder."""
    table = list_tracks(source)
    table["path"] = [os.path.relpath(path, folder) for path in table["path"]]
    return [tuple(row) for row in table.itertuples(index=False)]


def test_pattern_gives_samples_and_tracks_in_order(make):
    folder = make("K562-H3K9ac.bigwig H1-H3K9ac.bigwig H1-ATAC.bigwig K562-ATAC.bigwig notes.txt")
    expected = [
        ("H1", "ATAC", "H1-ATAC.bigwig"),
        ("H1", "H3K9ac", "H1-H3K9ac.bigwig"),
        ("K562", "ATAC", "K562-ATAC.bigwig"),
        ("K562", "H3K9ac", "K562-H3K9ac.bigwig"),
    ]
    assert found(f"{folder}/{{sample}}-{{track}}.bigwig", folder) == expected
    assert found(Path(folder, "{sample}-{mark}.bigwig"), folder) == expected
    names, files = track_files(f"{folder}/{{sample}}-{{track}}.bigwig")
    assert names == ("ATAC", "H3K9ac")
    assert list(files) == ["H1", "K562"]


def test_pattern_without_sample_gives_tracks_of_all_genes(make):
    folder = make("H3K9ac.bw ATAC.bw")
    assert track_files(f"{folder}/{{track}}.bw") == (
        ("ATAC", "H3K9ac"),
        {None: ((f"{folder}/ATAC.bw",), (f"{folder}/H3K9ac.bw",))},
    )


@pytest.mark.parametrize("replicate", ["*", "{replicate}", "{rep}"])
def test_star_matches_replicates(make, replicate):
    folder = make("H3K9ac_rep2.bw H3K9ac_rep1.bw ATAC_rep1.bw")
    _, files = track_files(f"{folder}/{{track}}_rep{replicate}.bw")
    first, second = files[None]
    assert [os.path.basename(path) for path in first] == ["ATAC_rep1.bw"]
    assert [os.path.basename(path) for path in second] == ["H3K9ac_rep1.bw", "H3K9ac_rep2.bw"]


def test_names_may_be_folders_and_come_twice(make):
    folder = make("H1/H1-x-H3K9ac.bw K562/K562-H3K9ac.bw K562/H1-ATAC.bw a[1]/ATAC.bw")
    assert found(f"{folder}/{{sample}}/{{sample}}-{{track}}.bw", folder) == [
        ("H1", "x-H3K9ac", "H1/H1-x-H3K9ac.bw"),
        ("K562", "H3K9ac", "K562/K562-H3K9ac.bw"),
    ]
    assert found(f"{folder}/a[1]/{{track}}.bw", folder) == [("ATAC", "a[1]/ATAC.bw")]


def test_relative_pattern_stays_relative(make, monkeypatch):
    monkeypatch.chdir(make("data/H3K9ac.bw"))
    assert list_tracks("data/{track}.bw")["path"].tolist() == ["data/H3K9ac.bw"]


@pytest.mark.parametrize(
    ("pattern", "error", "message"),
    [
        ("{sample}-{track}.bw", ValueError, "sample 'H1' and track 'ATAC-seq' or sample 'H1-ATAC'"),
        (
            "{cell}-{track}.bw",
            ValueError,
            r"\{cell\} in the pattern .* is not known: use \{track\}",
        ),
        ("{sample}.bw", ValueError, r"does not show where the track's name .*write \{track\}"),
        ("{track}.bigwig", FileNotFoundError, r"no file matches .*; .* holds H1-ATAC-seq\.bw, b"),
        ("no/{track}.bw", FileNotFoundError, r"no file matches .*; there is no folder .*no"),
    ],
)
def test_bad_patterns_are_explained(make, pattern, error, message):
    folder = make("H1-ATAC-seq.bw b.txt")
    with pytest.raises(error, match=message):
        list_tracks(f"{folder}/{pattern}")


def test_missing_combination_names_sample_and_track(make):
    folder = make("H1-K4.bw H1-K27.bw K562-K4.bw")
    with pytest.raises(ValueError, match=r"K562 has no K27; .*list_tracks makes a table"):
        track_files(f"{folder}/{{sample}}-{{track}}.bw")
    table = list_tracks(f"{folder}/{{sample}}-{{track}}.bw")
    assert track_files(table[table["track"] == "K4"])[0] == ("K4",)


def test_roadmaps_names_are_known(make):
    names = [
        f"{sample}-{rest}.signal.bigwig"
        for sample in ("E116", "E003")
        for rest in ("H3K4me3.pval", "H2A.Z.fc", "DNase.imputed.pval")
    ]
    folder = make(" ".join([*names, "E003-H3K9ac.bigwig", "README.txt"]))
    rows = found(folder, folder)
    assert [row[:2] for row in rows] == [
        ("E003", "DNase"),
        ("E003", "H2A.Z"),
        ("E003", "H3K4me3"),
        ("E003", "H3K9ac"),
        ("E116", "DNase"),
        ("E116", "H2A.Z"),
        ("E116", "H3K4me3"),
    ]
    assert rows[0][2] == "E003-DNase.imputed.pval.signal.bigwig"


@pytest.mark.parametrize(
    "other", ["E003-K4.fc.signal.bigwig", "E116-K4.imputed.pval.signal.bigwig"]
)
def test_several_kinds_of_signal_are_not_mixed(make, other):
    folder = make(f"E003-K4.pval.signal.bigwig {other}")
    with pytest.raises(ValueError, match=r"several kinds of signal of K4: give a pattern .*\.pval"):
        list_tracks(folder)
    assert len(list_tracks(f"{folder}/{{sample}}-{{track}}.pval.signal.bigwig")) >= 1


def test_files_named_after_their_tracks_alone(make):
    folder = make("H3K9ac.bw ATAC-seq.bigWig genes.tsv")
    assert found(folder, folder) == [("ATAC-seq", "ATAC-seq.bigWig"), ("H3K9ac", "H3K9ac.bw")]


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        ("H1-K4.bw K562-K4.bw", ValueError, r"do not name sample and track: .*\{sample\}-\{track"),
        ("K4.bw K4.bigWig", ValueError, r"holds a track twice: K4\.bigWig, K4\.bw"),
        ("a.bam", FileNotFoundError, r"no bigWig .* holds a\.bam"),
        ("ENCFF001AAA.bigWig", FileNotFoundError, r"ENCODE's accessions .*put the metadata\.tsv"),
    ],
)
def test_folders_with_unclear_names_are_explained(make, names, error, message):
    with pytest.raises(error, match=message):
        list_tracks(make(names))


def test_sheet_gives_samples_and_paths_from_its_own_folder(make):
    folder = make("sheets/a.bw")
    sheet = Path(folder, "sheets", "samples.tsv")
    rows = [
        "Sample\tMark\tPath\tnote",
        "H1\tK4\ta.bw\tx",
        "H1\tK27\t../b.bw",
        "",
        "NA\tK27\t/data/c.bw\t",
        "NA\tK4\thttps://example.org/d.bw\t",
    ]
    sheet.write_text("\ufeff" + "\r\n".join(rows), encoding="utf-8")
    assert track_files(sheet) == (
        ("K4", "K27"),
        {
            "H1": ((f"{folder}/sheets/a.bw",), (f"{folder}/sheets/../b.bw",)),
            "NA": (("https://example.org/d.bw",), ("/data/c.bw",)),
        },
    )


def test_sheet_may_be_csv_without_samples(tmp_path):
    sheet = tmp_path / "tracks.csv"
    sheet.write_text('track,path\nK4,"with, comma.bw"\nK4,b.bw\n')
    _, files = track_files(str(sheet))
    assert files == {None: ((f"{tmp_path}/with, comma.bw", f"{tmp_path}/b.bw"),)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"sample\tfile\nH1\ta.bw\n", "no column track, path: it needs .* has sample, file"),
        (b"track\tpath\nK4\ta.bw\n\nK27\t\n", r"tracks\.tsv', line 4: path is empty: fill it in"),
        (b"track\tpath\nK4\ta.bw\tb.bw\n", r"line 2: 3 fields, but the header has 2"),
        (b"track\tpath\n", "no rows below its header"),
        (b"track\tpath\nK4\t\xff.bw\n", "not UTF-8 text"),
        (b"\x26\xfc\x8f\x88\x04\x00", r"is one bigWig: give it with the name .*'H3K4me3': "),
        (b"BAM\x01\x00\x00", "not a sample sheet .*bamCoverage"),
        (b"", "not a sample sheet .*an empty file"),
    ],
)
def test_bad_sheets_are_explained(tmp_path, content, message):
    sheet = tmp_path / "tracks.tsv"
    sheet.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list_tracks(sheet)


@pytest.fixture
def encode(tmp_path):
    """Table of three bigWigs and a peak list as ENCODE gives it; two bigWigs are on disk."""
    for accession in ACCESSIONS[:2]:
        (tmp_path / f"{accession}.bigWig").write_bytes(b"")
    rows = [*ACCESSIONS, "ENCFF004DDD"]
    return pd.DataFrame(
        {
            "File accession": rows,
            "File format": ["bigWig"] * 3 + ["bed narrowPeak"],
            "Output type": ["fold change over control"] * 2 + ["read-depth normalized signal", "p"],
            "File assembly": "GRCh38",
            "Experiment accession": ["ENCSR1", "ENCSR2", "ENCSR3", "ENCSR1"],
            "Experiment target": ["H3K9me3-human", "H3K4me3-human", "", "H3K4me3-human"],
            "Assay": ["Histone ChIP-seq"] * 2 + ["ATAC-seq", "Histone ChIP-seq"],
            "Biosample term name": "K562",
            "Biological replicate(s)": ["1, 2", "1, 2", "1", "1, 2"],
            "File download URL": [f"https://example.org/{name}.bigWig" for name in rows],
        }
    )


def test_encodes_table_names_its_bigwigs(encode, tmp_path):
    expected = [
        ("K562", "ATAC-seq", "https://example.org/ENCFF003CCC.bigWig"),
        ("K562", "H3K4me3", f"{tmp_path}/ENCFF002BBB.bigWig"),
        ("K562", "H3K9me3", f"{tmp_path}/ENCFF001AAA.bigWig"),
    ]
    encode.to_csv(tmp_path / "metadata.tsv", sep="\t", index=False)
    for source in (tmp_path, tmp_path / "metadata.tsv"):
        assert [tuple(row) for row in list_tracks(source).itertuples(index=False)] == expected


def test_encodes_single_replicates_are_averaged(encode, tmp_path):
    again = encode.assign(**{"Biological replicate(s)": ["1", "2", "1", "1"]})
    again.loc[1, ["Experiment target", "Experiment accession"]] = ["H3K9me3-human", "ENCSR1"]
    again.to_csv(tmp_path / "chosen.tsv", sep="\t", index=False)
    _, files = track_files(tmp_path / "chosen.tsv")
    assert [len(paths) for paths in files["K562"]] == [1, 2]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"File assembly": ["hg19", "GRCh38", "GRCh38", ""]},
            ValueError,
            "by File assembly: GRCh3",
        ),
        (
            {"Experiment target": ["H3K4me3-human"] * 4, "Output type": ["a", "b", "a", "p"]},
            ValueError,
            r"of H3K4me3 of several kinds, by Output type: a, b; .*isin\(\['ENCFF002BBB'\]\)",
        ),
        (
            {"Experiment target": ["H3K4me3-human"] * 4, "Output type": "a"},
            ValueError,
            "of H3K4me3 K562 of several kinds, by Experiment accession: ENCSR1, ENCSR2, ENCSR3",
        ),
        (
            {
                "Experiment target": ["H3K4me3-human"] * 4,
                "Output type": "a",
                "Experiment accession": "ENCSR1",
            },
            ValueError,
            "pooled and single replicates of H3K4me3 in K562 .* count some of them twice",
        ),
        ({"File format": "bed"}, ValueError, "lists no bigWig"),
        ({"File download URL": ""}, FileNotFoundError, r"ENCFF003CCC\.bigWig is not beside it"),
    ],
)
def test_encodes_table_is_not_guessed_at(encode, tmp_path, change, error, message):
    path = tmp_path / "metadata.tsv"
    encode.assign(**change).to_csv(path, sep="\t", index=False)
    with pytest.raises(error, match=message):
        list_tracks(path)


@pytest.mark.parametrize(
    "change",
    [
        {"File assembly": ["hg19", "GRCh38", "GRCh38"]},
        {"Output type": ["a", "b", "b"]},
        {"Experiment accession": ["ENCSR1", "ENCSR2", "ENCSR1"]},
        {"Biological replicate(s)": ["1", "1, 2", "1"]},
        {"Biological replicate(s)": "1, 2"},
        {"Biological replicate(s)": "1"},
        {"Biological replicate(s)": ""},
    ],
)
def test_advice_for_encodes_table_works(encode, tmp_path, monkeypatch, change):
    """One file of the doubtful mark is left once the advice is followed, and the other mark."""
    alike = {"Output type": "a", "Experiment accession": "ENCSR1"}
    target = ["H3K4me3-human", "H3K4me3-human", "H3K27ac-human"]
    table = encode[:3].assign(**{**alike, "Experiment target": target, **change})
    monkeypatch.chdir(tmp_path)
    table.to_csv("metadata.tsv", sep="\t", index=False)
    with pytest.raises(ValueError, match="with pandas") as caught:
        list_tracks("metadata.tsv")
    (lines,) = re.findall(r"with pandas: (.*); and give the path", str(caught.value))
    exec(lines, {"pd": pd})
    assert list_tracks("chosen.tsv")["track"].tolist() == ["H3K27ac", "H3K4me3"]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"File Status": ["archived", "released"]}, 1),
        ({"File Status": ["released", "archived"]}, 0),
        ({"File Status": "released", "File analysis title": ["ENCODE4 v1", "ENCODE4 v2"]}, 0),
        ({"Technical replicate(s)": "1_1"}, 0),
        ({"Technical replicate(s)": ["1_1", "1_1, 1_2"]}, 0),
        ({"Technical replicate(s)": ""}, 0),
    ],
)
def test_replicate_that_encode_lists_twice_is_refused(encode, tmp_path, change, kept):
    alike = {"Output type": "a", "Experiment accession": "ENCSR1", "Biological replicate(s)": "1"}
    table = encode[:2].assign(**alike, **{"Experiment target": "H3K27ac-human"}, **change)
    table.to_csv(tmp_path / "metadata.tsv", sep="\t", index=False)
    shown = r"H3K27ac in K562 more than once \(ENCFF001AAA \(.*ENCFF002BBB"
    with pytest.raises(ValueError, match=shown) as caught:
        list_tracks(tmp_path)
    for name in {"File Status", "File analysis title"} & set(change):
        assert all(value in str(caught.value) for value in table[name])
    assert f"isin(['{ACCESSIONS[1 - kept]}'])" in str(caught.value)


def test_technical_replicates_of_encode_are_averaged(encode, tmp_path):
    alike = {"Output type": "a", "Experiment accession": "ENCSR1", "Biological replicate(s)": "1"}
    alike |= {"Experiment target": "H3K27ac-human", "Technical replicate(s)": ["1_1", "1_2"]}
    encode[:2].assign(**alike).to_csv(tmp_path / "metadata.tsv", sep="\t", index=False)
    assert len(list_tracks(tmp_path)) == 2


def test_cut_table_of_encode_is_named(encode, tmp_path):
    path = tmp_path / "metadata.tsv"
    encode.drop(columns="Output type").to_csv(path, sep="\t", index=False)
    with pytest.raises(ValueError, match=r"metadata\.tsv' has no column Output type"):
        list_tracks(path)


def test_source_must_be_a_path():
    with pytest.raises(TypeError, match="must be a path or pattern, got int"):
        list_tracks(3)
