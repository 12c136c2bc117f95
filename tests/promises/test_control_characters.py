"""Names from files that hold control characters, which a terminal would obey."""

import io
import re
from contextlib import redirect_stderr

import numpy as np
import pandas as pd
import pytest
from small_models import make_gene_table, make_regions

from skchromo import BigWigTransformer, InteractionTransformer, RegionArray, load_model
from skchromo._words import name_some, printable
from skchromo.genome import ContactMatrix, list_tracks, read_contacts, read_expression, read_genes
from skchromo.genome.bigwig import write_bigwig

ESCAPES = ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x08\x08", "a\rb", "\x7f"]


def refusal(do, *args, **options):
    """Return the message of an error, and check what else has been printed."""
    printed = io.StringIO()
    with redirect_stderr(printed), pytest.raises((ValueError, OSError)) as caught:
        do(*args, **options)
    for text in (str(caught.value), printed.getvalue()):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), ascii(text)
    return str(caught.value)


@pytest.mark.parametrize("escape", ESCAPES)
def test_names_are_printable_in_messages(escape):
    assert printable(f"é{escape}").isprintable()
    assert printable("chr1 é") == "chr1 é"
    assert name_some([escape, "b"]).isprintable()


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("column", ["gene_id", "chrom", "sample", "other column"])
def test_gene_tables_are_refused_by_column(escape, column):
    genes = make_gene_table().assign(sample="K4")
    if column == "other column":
        genes = genes.drop(columns="tss").assign(**{escape: 1})
        column = "tss"
    else:
        genes.loc[3, column] = f"x{escape}"
    tracks = pd.DataFrame({"sample": ["K4"], "track": ["a"], "path": ["a.bw"]})
    assert column in refusal(BigWigTransformer(tracks).fit, genes)


@pytest.mark.parametrize("escape", [*ESCAPES[:2], *ESCAPES[3:]])
def test_text_files_are_refused_by_line(tmp_path, escape):
    escape = escape.replace("\r", "\x1b")
    gtf = 'chr1\tx\tgene\t{}\t900\t.\t+\t.\tgene_id "{}"; gene_name "b";\n'
    readers = {
        read_genes: [gtf.format(1, "a"), gtf.format(5, f"{escape}c")],
        read_contacts: ["chr1\t0\t5\tchr1\t9\t12\t.\t1\n", f"chr1\t0\t5\t{escape}\t9\t12\t.\t1\n"],
        read_expression: ["gene_id\ta\n", f"{escape}\t1\n"],
    }
    for read, lines in readers.items():
        path = tmp_path / f"{read.__name__}.{'gtf' if read is read_genes else 'tsv'}"
        path.write_text("".join(lines))
        assert "line 2: control character" in refusal(read, path)


@pytest.mark.parametrize("escape", ESCAPES)
def test_names_of_files_and_tracks_are_escaped(tmp_path, escape):
    folder = tmp_path / f"x{escape}"
    folder.mkdir()
    (folder / "a.bw").write_bytes(b"not a bigWig")
    (folder / f"{escape}.bw").write_bytes(b"not a bigWig")
    genes, X = make_gene_table(), make_regions(4)
    refusal(BigWigTransformer({"a": folder / "a.bw"}).fit, genes)
    refusal(BigWigTransformer({escape: folder / "a.bw"}).fit, genes)
    refusal(BigWigTransformer(str(folder)).fit, genes)
    refusal(InteractionTransformer(folder / "no.bedpe").fit, genes)
    for read in (read_genes, read_contacts, read_expression, load_model, RegionArray.load):
        refusal(read, folder / "a.bw")
    refusal(X.save, folder / "a.bw")
    refusal(X.save, folder / "no folder" / "a")
    refusal(list_tracks, f"{folder}/*.nothing")
    refusal(ContactMatrix(folder / "a.mcool").contacts_of, genes)


@pytest.mark.parametrize("escape", ESCAPES)
def test_bigwigs_and_arrays_are_refused_by_their_names(tmp_path, escape):
    with open(tmp_path / "a.bw", "wb") as file:
        write_bigwig(file, {"chr1": 90_000, escape: 9}, {"chr1": ([0], [9], [1.0])})
    message = refusal(BigWigTransformer({"a": tmp_path / "a.bw"}).fit, make_gene_table())
    assert "a.bw" in message
    values = np.ones((3, 8))
    assert "tracks" in refusal(RegionArray.from_dense, values, tracks=[escape])
    genes = {"gene_id": np.array(["a", "b", escape], dtype=object)}
    assert "gene_id" in refusal(RegionArray.from_dense, values, tracks=["a"], genes=genes)
