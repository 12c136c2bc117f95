"""Tables of CRISPRi pairs, fetched by the real client from a local server."""

import gzip

import pandas as pd
import pytest
from local_server import closed_port

from skchromo.datasets import fetch_crispri
from skchromo.evaluation import crispri_scores

NAMES = {
    "training": "EPCrisprBenchmark_combined_data.training_K562.GRCh38.tsv.gz",
    "heldout": "EPCrisprBenchmark_combined_data.heldout_5_cell_types.GRCh38.tsv.gz",
}
HEADER = (
    "chrom chromStart chromEnd name measuredGeneEnsemblId measuredGeneSymbol distanceToTSS "
    "EffectSize Regulated CellType Dataset"
)
ROWS = """\
chr1 3774714 3775214 CEP104|chr1:3691278-3691778:* ENSG1 CEP104 82268 -0.29 TRUE K562 Nasser2021
chr1 3803570 3805848 LRRC47|chr1:3720134-3722412:. ENSG2 LRRC47 8204 -0.001 FALSE K562 Gasperini2019
chr11 267480 268474 CD151|chr11:267480-268474:. ENSG3 CD151 565000 0.02 FALSE K562 Gasperini2019
chr11 220536 220704 CD151|chr11:220536-220704:. ENSG3 CD151 612000 -0.4 TRUE K562 Schraivogel2020
chr11 67673590 67674090 CCND1|chr11:68606607-68607107 ENSG4 CCND1 9 -0.5 TRUE HCT116 HCT116
"""


def table_of(rows, header=HEADER):
    return gzip.compress(f"{header}\n{rows}".replace(" ", "\t").encode(), mtime=0)


@pytest.fixture
def crispri(server, tmp_path):
    def fetch(*arguments, **options):
        options = {"base_url": f"{server.url}/crispr_data", "progress": False, **options}
        return fetch_crispri(*arguments, data_home=tmp_path, **options)

    for name in NAMES.values():
        server.files[f"crispr_data/{name}"] = table_of(ROWS)
    return fetch


@pytest.mark.parametrize("subset", NAMES)
def test_pairs_have_the_coordinates_of_the_table(crispri, server, tmp_path, subset):
    pairs = crispri(subset)
    assert [path for path, _ in server.requests] == [f"crispr_data/{NAMES[subset]}"]
    assert (tmp_path / "crispri" / NAMES[subset]).exists()
    assert pairs.columns.tolist() == [
        *("chrom", "start", "end", "gene_id", "symbol", "distance", "EffectSize", "Regulated"),
        *("CellType", "Dataset"),
    ]
    assert pairs["Regulated"].tolist() == [True, False, False, True, True]
    first = ["chr1", 3774714, 3775214, "ENSG1", "CEP104", 82268, -0.29]
    assert pairs.iloc[0].tolist()[:7] == first
    again = crispri(subset, base_url=closed_port())
    pd.testing.assert_frame_equal(pairs, again)
    score = -pairs["distance"].rename("distance")
    assert crispri_scores(pairs, score, n_bootstrap=0)["n_positive"].max() == 3


def test_hg19_keeps_the_pairs_whose_name_has_other_coordinates(crispri):
    pairs = crispri(assembly="hg19")
    assert pairs["symbol"].tolist() == ["CEP104", "LRRC47", "CCND1"]
    assert pairs["chrom"].tolist() == ["chr1", "chr1", "chr11"]
    assert pairs["start"].tolist() == [3691278, 3720134, 68606607]
    assert pairs["end"].tolist() == [3691778, 3722412, 68607107]
    assert pairs["Regulated"].tolist() == [True, False, True]
    assert pairs.index.tolist() == [0, 1, 2]
    assert {pairs[name].dtype.kind for name in ("start", "end")} == {"i"}


def test_files_of_the_publisher_are_checked(monkeypatch, server, tmp_path):
    """The default address has its own checksum, which other files than the publisher's lack."""
    from skchromo.datasets.public import _fetch_crispri

    monkeypatch.setattr(_fetch_crispri, "_BASE_URL", server.url)
    server.files[NAMES["training"]] = table_of(ROWS)
    with pytest.raises(ValueError, match="does not have the checksum of EPCrispr"):
        fetch_crispri(data_home=tmp_path, base_url=server.url, progress=False)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (table_of(ROWS, HEADER.replace("Dataset", "Source")), "lacks the columns Dataset: delete"),
        (table_of(ROWS).replace(b"\x1f\x8b", b"\x1f\x8c", 1), "cannot be read as a table"),
        (table_of(ROWS)[:-20], "cannot be read as a table"),
        (table_of(ROWS.replace("TRUE", "maybe")), "column Regulated must hold TRUE"),
    ],
)
def test_damaged_tables_are_refused_by_name(crispri, server, body, message):
    server.files[f"crispr_data/{NAMES['training']}"] = body
    with pytest.raises(ValueError, match=message):
        crispri()


def test_other_subsets_and_assemblies_are_refused(crispri, server):
    with pytest.raises(ValueError, match="subset must be 'training' or 'heldout', got 'K562'"):
        crispri("K562")
    with pytest.raises(ValueError, match="assembly must be 'GRCh38' or 'hg19', got 'hg38'"):
        crispri(assembly="hg38")
    del server.files[f"crispr_data/{NAMES['training']}"]
    with pytest.raises(FileNotFoundError):
        crispri()
