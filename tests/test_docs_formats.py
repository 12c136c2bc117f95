"""Every line of the formats page reads a real file of its format; what is refused is explained."""

import re
from contextlib import chdir, closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from chromoformer import net as reference
from docs_files import GENES, write_all
from local_server import LocalServer

from skchromo import BigWigTransformer, InteractionTransformer, RegionArray
from skchromo.genome._annotation import _FORMATS as ANNOTATIONS
from skchromo.genome._contact_formats import FORMATS as CONTACTS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "formats.rst"
TEXT = PAGE.read_text(encoding="utf-8")
READ, REFUSED = TEXT.split(".. _refused:")
ROW = re.compile(r"^   \* - (.*)\n     - (.*)$", re.MULTILINE)
ROWS = [row for row in ROW.findall(READ) if row[0] != "What you have"]
REFUSALS = [row for row in ROW.findall(REFUSED) if row[0] != "Instead of a bigWig"]
CONTENT = {
    "bam": b"BAM\x01\x10\x00",
    "cram": b"CRAM\x03\x00",
    "sam": b"@HD\tVN:1.6\n",
    "bedGraph": b"chr1\t0\t100\t1.5\n",
    "wig": b"fixedStep chrom=chr1 start=1 step=1\n1\n",
    "bed": b"chr1\t0\t100\tread\t0\t+\n",
    "bigBed": b"\xeb\xf2\x89\x87",
    "tdf": b"TDF4",
    "narrowPeak": b"chr1\t0\t100\tp\t9\t.\t5.5\t3\t2\t50\n",
    "hic": b"HIC\x00",
    "cool": b"\x89HDF\r\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder with every file that the page names."""
    folder = tmp_path_factory.mktemp("formats")
    write_all(folder)
    with chdir(folder):
        signal = BigWigTransformer({"H3K4me3": "H3K4me3.bw", "H3K27ac": "H3K27ac.bw"})
        signal.fit_transform(GENES).save("regions.npz")
    for name in ("clf", "reg"):
        kind = {"clf": "ChromoformerClassifier", "reg": "ChromoformerRegressor"}[name]
        network = getattr(reference, kind)(seed=0, n_feats=2)
        torch.save({"net": network.state_dict()}, folder / f"{name}.pt")
    return folder


@pytest.fixture(scope="module")
def names(folder):
    """What the imports of the page, and its gene table, define."""
    (block,) = re.findall(r"code-block:: python\n\n((?:   .*\n|\n)+)", TEXT)
    names = {"values": np.ones((2, 400))}
    with chdir(folder):
        exec(re.sub(r"^   ", "", block, flags=re.MULTILINE), names)
    return names


@pytest.fixture(scope="module")
def server(folder):
    with closing(LocalServer()) as server:
        server.files["H3K4me3.bw"] = (folder / "H3K4me3.bw").read_bytes()
        yield server


def check(result, genes):
    """Hold what a line gave against the two genes of the files."""
    if isinstance(result, pd.DataFrame):
        assert len(result) == 2
        if "tss" in result:
            assert result[[*GENES]].equals(GENES.astype(result[[*GENES]].dtypes))
    elif isinstance(result, BigWigTransformer):
        X = result.fit_transform(genes)
        assert X.to_dense().values.max() > 1
        assert (X.to_dense().values[:, 0].sum(axis=1) > 0).all()
    elif isinstance(result, InteractionTransformer):
        rows = pd.concat([genes.assign(sample=sample) for sample in ("H1", "K562")])
        cells = result.fit_transform(rows)["pcres"]
        assert all(len(cell.weight) for cell in cells)
    elif isinstance(result, RegionArray):
        assert len(result) == 2
    else:
        X = RegionArray.load("regions.npz")
        assert result.predict(X).shape == (2,)


@pytest.mark.parametrize(("what", "code"), ROWS, ids=[row[0][:40] for row in ROWS])
def test_every_line_reads_a_file_of_its_format(what, code, folder, names, server):
    line = re.fullmatch("``(.*)``", code).group(1).replace("https://example.org", server.url)
    scope = dict(names)
    with chdir(folder):
        exec(line, scope)
        check(scope[line.partition(" = ")[0]], names["genes"])


@pytest.mark.parametrize(("files", "tools"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_what_is_refused_names_what_converts_it(files, tools, tmp_path):
    for name in re.findall("``(.*?)``", files):
        path = tmp_path / name
        path.write_bytes(CONTENT[name.rpartition(".")[2]])
        with pytest.raises(ValueError, match="not a bigWig file") as caught:
            BigWigTransformer({"track": path}).fit(GENES)
        for tool in re.findall("``(.*?)``", tools):
            assert tool in str(caught.value)


def test_every_row_is_one_of_code():
    n_rows = READ.count("   * - ")
    n_headers = READ.count("* - What you have")
    assert len(ROWS) == n_rows - n_headers > 35
    assert len(REFUSALS) == REFUSED.count("   * - ") - 1 > 8


def test_every_format_that_is_told_by_name_is_on_the_page():
    for name in {*CONTACTS, *ANNOTATIONS} - {"auto"}:
        assert name in TEXT.lower()
