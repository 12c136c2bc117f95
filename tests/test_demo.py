"""The command line of the demo, on a folder of few genes."""

import shutil

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from skchromo import demo
from skchromo.datasets import make_epigenome


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "made"
    tracks = ("H3K4me3", "H3K27ac", "H3K4me1")
    return make_epigenome(folder, n_genes=60, n_chroms=3, tracks=tracks, random_state=0)


@pytest.fixture
def folder(made, tmp_path):
    """A folder as users have it, with three suffixes of bigWigs."""
    names = ("H3K4me3.bw", "H3K27ac.bigWig", "H3K4me1.bigwig")
    for name in names:
        shutil.copy(made.tracks[name.split(".")[0]], tmp_path / name)
    shutil.copy(made.contacts, tmp_path)
    for path in made.paths.values():
        shutil.copy(path, tmp_path)
    return tmp_path


def refusal(capsys, *arguments):
    """Return the message that the command line ends with."""
    with pytest.raises(SystemExit) as stopped:
        demo.main([str(argument) for argument in arguments])
    assert stopped.value.code == 2
    return capsys.readouterr().err.rpartition("error: ")[2]


def test_folder_gives_tracks_of_three_suffixes_and_contacts(folder):
    genes, tracks, contacts = demo.read_folder(folder)
    assert sorted(tracks) == ["H3K27ac", "H3K4me1", "H3K4me3"]
    assert tracks["H3K4me1"].name == "H3K4me1.bigwig"
    assert contacts.name == "contacts.bedpe"
    expected = pd.read_csv(folder / "expression.tsv", sep="\t").iloc[:, 1]
    assert genes["expression"].tolist() == pytest.approx(expected.tolist())


def test_folder_with_column_of_expression_needs_no_other_file(folder):
    genes, *_ = demo.read_folder(folder)
    (folder / "expression.tsv").unlink()
    genes.to_csv(folder / "genes.tsv", sep="\t", index=False)
    again, *_ = demo.read_folder(folder)
    pd.testing.assert_series_equal(again["expression"], genes["expression"])


def test_two_files_of_contacts_are_named(folder, capsys):
    shutil.copy(folder / "contacts.bedpe", folder / "interactions.txt.gz")
    message = refusal(capsys, "--data", folder, "--output", folder / "results")
    assert "contacts.bedpe and interactions.txt.gz" in message


def test_missing_expression_is_refused_with_both_ways(folder, capsys):
    (folder / "expression.tsv").unlink()
    message = refusal(capsys, "--data", folder, "--output", folder / "results")
    assert "a column expression to genes.tsv, or a file expression.tsv" in message


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "genes.tsv").unlink(), "genes.tsv does not exist"),
        (lambda folder: [path.unlink() for path in folder.glob("H3*")], "has no track"),
        (lambda folder: shutil.copy(folder / "H3K4me3.bw", folder / "H3K4me3.bigWig"), "one track"),
    ],
)
def test_folder_that_lacks_something_is_refused(folder, capsys, spoil, said):
    spoil(folder)
    assert said in refusal(capsys, "--data", folder, "--output", folder / "results")


def test_genes_of_one_chromosome_are_refused(folder, capsys):
    genes = pd.read_csv(folder / "genes.tsv", sep="\t")
    genes[genes["chrom"] == "chr1"].to_csv(folder / "genes.tsv", sep="\t", index=False)
    assert "one chromosome only" in refusal(capsys, "--data", folder)


def test_folder_that_does_not_exist_and_unknown_gene_are_refused(folder, capsys):
    assert "nowhere does not exist" in refusal(capsys, "--data", folder / "nowhere")
    assert "no gene MYC" in refusal(capsys, "--data", folder, "--gene", "MYC")


def test_run_without_contacts_leaves_scores_picture_and_model(folder, capsys):
    (folder / "contacts.bedpe").unlink()
    results = folder / "results"
    expression = pd.read_csv(folder / "expression.tsv", sep="\t")
    expression[1:].to_csv(folder / "expression.tsv", sep="\t", index=False)
    gene = expression["gene_id"][1]
    with pytest.warns(UserWarning, match="have no expression"):
        demo.main(["--data", str(folder), "--output", str(results), "--gene", gene])
    scores = pd.read_csv(results / "scores.csv", index_col="model")
    assert scores.index.tolist() == ["promoters only", "baseline"]
    assert scores[["fold 1", "fold 2", "fold 3"]].stack().between(0, 1).all()
    assert scores.loc["promoters only", "gain"] == 0
    assert {"roc.png", "gene.png", "model.joblib"} <= {path.name for path in results.iterdir()}
    assert "promoters only" in capsys.readouterr().out
    plt.close("all")
