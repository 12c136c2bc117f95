"""The report of a RegionArray in a notebook: right figures, small, and safe to show."""

from xml.etree import ElementTree

import numpy as np
import pytest
from small_models import changed, make_located, make_regions

from skchromo import RegionArray


def cells_of(X):
    """Rows of cells by their names, and the points of each profile."""
    root = ElementTree.fromstring(X._repr_html_())  # it is XML too
    rows, lines = {}, []
    for row in root.iter("tr"):
        name, *cells = row
        rows[name.text] = [cell.text for cell in cells]
        lines += [line.get("points") for line in row.iter("polyline")]
    return rows, lines


def test_report_has_the_figures_of_X():
    X = make_located()
    rows, lines = cells_of(X)
    assert rows["shape"] == ["24 genes x 4 regions x 16 bins x 2 tracks"]
    assert rows["promoter"] == ["1,600 bp in bins of 100 bp"]
    assert rows["contacts"] == ["1.5 pCREs a gene, at most 3; 21% of genes have none"]
    assert rows["chromosomes"] == ["chr7 (24)"]
    used = X.compact().signal[:, 1]
    zeros = f"{(used == 0).mean():.0%}"
    assert rows["ATAC"][:3] == [f"{used.mean():.3g}", f"{used.max():.3g}", zeros]
    profile = X.signal[: 24 * 16].reshape(24, 16, 2).mean(axis=0)
    for line, values in zip(lines, profile.T, strict=True):
        heights = [27 - float(point.split(",")[1]) for point in line.split()]
        np.testing.assert_allclose(np.array(heights) / 26, values / values.max(), atol=0.003)


def test_report_of_a_large_array_reads_some_genes_and_is_small(tmp_path):
    X = RegionArray.concatenate([make_regions(400, n_regions=1)] * 3)
    X.save(tmp_path / "X.npz")
    opened = RegionArray.load(tmp_path / "X.npz")
    text = opened._repr_html_()
    assert "Signal of 500 evenly spaced genes." in text
    assert str(tmp_path) in text
    assert len(text) < 5_000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "X",
    [
        make_regions(n_conditions=2),
        make_regions()[:0],
        RegionArray.from_dense(np.zeros((3, 8))),
        RegionArray.from_dense(np.ones((2, 8)), lengths=[[800], [350]]),
        RegionArray.from_dense(np.ones((2, 1))),
    ],
)
def test_report_is_written_of_any_array(X):
    rows, lines = cells_of(X)
    assert rows["shape"][0].startswith(f"{len(X)} genes x ")
    assert len(lines) in (0, len(X.tracks))
    assert "nan" not in "".join(lines)


def test_names_are_text_in_the_report():
    X = changed(make_located(), tracks=["<script>", "A&B"])
    rows, _ = cells_of(X)
    assert "<script>" in rows
    assert "A&B" in rows
