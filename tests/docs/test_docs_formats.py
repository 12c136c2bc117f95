"""The formats page: each line reads a file of its format, and refused files are explained."""

import re
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from chromoformer import net as reference
from docs_code import blocks_of
from docs_files import GENES, write_all
from local_server import serving

from skchromo import BigWigTransformer, InteractionTransformer, RegionArray
from skchromo.genome import read_contacts, read_genes

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.rst"
TEXT = PAGE.read_text(encoding="utf-8")
READ, REFUSED = TEXT.split(".. _refused:")
ROW = re.compile(r"^   \* - (.*)\n     - (.*)$", re.MULTILINE)
ROWS = [row for row in ROW.findall(READ) if row[0] != "Input"]
BLOCKS = blocks_of(TEXT)
NO_BIGWIGS, NO_CONTACTS = (
    [row for row in ROW.findall(text) if not row[0].startswith("Instead of")]
    for text in REFUSED.split("Read pairs and matrices")
)
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
    "pairs": b"## pairs format v1.0\n#columns: readID chr1 pos1 chr2 pos2 strand1 strand2\n"
    b".\tchr1\t100501\tchr1\t203001\t+\t-\n",
    "allValidPairs": b"r1\tchr1\t100501\t+\tchr1\t203001\t-\t310\tA_1\tA_9\t42\t42\n",
    "bedpe": b"chr1\t100\t200\tchr1\t900\t999\tM:7:F:1:1101:10:20\t37\t-\t+\n",
    "matrix": b"1\t1\t20\n1\t2\t11\n",
    "bigInteract": b"\xeb\xf2\x89\x87\x04\x00",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder with every file that the page names."""
    folder = tmp_path_factory.mktemp("formats")
    write_all(folder)
    with chdir(folder):
        signal = BigWigTransformer({"H3K4me3": "H3K4me3.bw", "H3K27ac": "H3K27ac.bw"})
        signal.fit_transform(GENES).save("regions.npz")
    for name, kind in (("clf", "ChromoformerClassifier"), ("reg", "ChromoformerRegressor")):
        network = getattr(reference, kind)(seed=0, n_feats=2)
        torch.save({"net": network.state_dict()}, folder / f"{name}.pt")
    return folder


@pytest.fixture(scope="module")
def names(folder):
    """Imports, gene table and tables of loops, as the blocks of the page define them."""
    names = {"values": np.ones((2, 400))}
    with chdir(folder):
        for block in BLOCKS:
            exec(block, names)
    return names


@pytest.fixture(scope="module")
def server(folder):
    with serving() as server:
        server.files["H3K4me3.bw"] = (folder / "H3K4me3.bw").read_bytes()
        yield server


def check(result, genes):
    """Compare the result of a line with the two genes of the files."""
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
        # both genes are in contact with 200,000 to 204,000 in each of the files
        assert all((cell.start == 200_000).any() for cell in cells)
        assert all(cell.weight.max() < 13 for cell in cells)  # raw counts would be far above
    elif isinstance(result, RegionArray):
        assert len(result) == 2
    else:
        X = RegionArray.load("regions.npz")
        assert result.predict(X).shape == (2,)


@pytest.mark.parametrize(("kind", "code"), ROWS, ids=[row[0][:40] for row in ROWS])
def test_line_reads_a_file_of_its_format(kind, code, folder, names, server):
    line = re.fullmatch("``(.*)``", code).group(1).replace("https://example.org", server.url)
    scope = dict(names)
    with chdir(folder):
        exec(line, scope)
        check(scope[line.partition(" = ")[0]], names["genes"])


def test_blocks_of_contacts_read_their_lists(names):
    assert len(BLOCKS) == 3
    check(names["contacts"], names["genes"])
    first = names["contacts"].fit_transform(names["genes"])["pcres"][0]
    assert first.weight[0] == pytest.approx(142.0 / 48.7)


CALLERS = re.findall(r'"([^"]+)", score_column="(observed|o|count|cc|cAB)"', READ)


@pytest.mark.parametrize(("file", "column"), [*CALLERS, ("mustache.tsv", None)])
def test_list_of_known_caller_names_the_column_of_the_page(file, column, folder):
    assert len(CALLERS) == 7
    with pytest.raises(ValueError, match="has no score column") as caught:
        InteractionTransformer(folder / file).fit(GENES)
    cure = f"score_column='{column}'" if column else "-log10"
    assert cure in str(caught.value)


@pytest.mark.parametrize(("files", "tools"), NO_BIGWIGS, ids=[row[0] for row in NO_BIGWIGS])
def test_refused_track_names_the_tools_that_convert_it(files, tools, tmp_path):
    for name in re.findall("``(.*?)``", files):
        path = tmp_path / name
        path.write_bytes(CONTENT[name.rpartition(".")[2]])
        with pytest.raises(ValueError, match="not a bigWig file") as caught:
            BigWigTransformer({"track": path}).fit(GENES)
        for tool in re.findall("``(.*?)``", tools):
            assert tool in str(caught.value)


@pytest.mark.parametrize("files", [row[0] for row in NO_CONTACTS])
def test_file_that_is_not_a_list_of_contacts_is_refused(files, tmp_path):
    path = tmp_path / re.match("``(.*?)``", files).group(1)
    path.write_bytes(CONTENT[path.suffix[1:]])
    with pytest.raises(ValueError, match=r"binned into a matrix|not a text file"):
        InteractionTransformer(path).fit(GENES)


def test_every_row_of_the_page_is_tested():
    assert len(ROWS) == READ.count("   * - ") - READ.count("* - Input") > 70
    assert len(NO_BIGWIGS) + len(NO_CONTACTS) == REFUSED.count("   * - ") - 2 > 12


@pytest.mark.parametrize(
    ("read", "file"), [(read_contacts, "loops.bedpe"), (read_genes, "genes.bed")]
)
def test_format_with_a_name_is_on_the_page(read, file, folder):
    with pytest.raises(ValueError, match=r"format must be .*, got 'none'") as caught:
        read(folder / file, format="none")
    listed = str(caught.value).partition("must be")[2].partition(", got")[0]
    known = set(re.findall(r"\w+", listed)) - {"one", "of", "or", "auto"}
    assert len(known) > 3
    assert [name for name in sorted(known) if name not in TEXT.lower()] == []
