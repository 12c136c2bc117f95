"""fetch_roadmap, fetch_encode and fetch_contacts from a local server."""

import bz2
import collections
import gzip
import hashlib
import json
import pickle

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from local_server import closed_port

from skchromo import BigWigTransformer, InteractionTransformer
from skchromo.datasets import fetch_contacts, fetch_encode, fetch_roadmap
from skchromo.genome import read_contacts


def bigwig(folder, value):
    path = folder / "one.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 200_000)])
        file.addEntries(["chr1"], [0], ends=[200_000], values=[float(value)])
    return path.read_bytes()


# --- Roadmap ---------------------------------------------------------------------------------

# In the published file rows end in a tab.
RPKM = "gene_id\tE000\tE003\tE123\nG1\t9\t1.5\t4\t\nG2\t9\t0\t8\t\nG3\t9\t7\t2\t\n"
GENE_INFO = """\
G0\t1\t500\t900\t1\tlincRNA\tOTHER\tsomething [Source:HGNC]
G2\tMT\t60001\t70000\t-1\tprotein_coding\tBETA
G1\t1\t50001\t60000\t1\tprotein_coding\tALPHA\talpha "quoted
G3\tY\t11\t20\t1\tprotein_coding\tGAMMA\tgamma
G3\tX\t101\t200\t-1\tprotein_coding\tGAMMA\tgamma
"""
EXPRESSION = "roadmap/byDataType/rna/expression"
SIGNAL = "roadmap/byFileType/signal"


@pytest.fixture
def roadmap(server, tmp_path):
    server.files |= {
        f"{EXPRESSION}/57epigenomes.RPKM.pc.gz": gzip.compress(RPKM.encode()),
        f"{EXPRESSION}/Ensembl_v65.Gencode_v10.ENSG.gene_info": GENE_INFO.encode(),
    }
    for value, (sample, mark) in enumerate(
        [("E003", "H3K4me3"), ("E003", "H3K27ac"), ("E123", "H3K4me3"), ("E123", "H3K27ac")], 1
    ):
        name = f"{SIGNAL}/consolidated/macs2signal/foldChange/{sample}-{mark}.fc.signal.bigwig"
        server.files[name] = bigwig(tmp_path, value)
    name = f"{SIGNAL}/consolidated/macs2signal/pval/E003-DNase.pval.signal.bigwig"
    server.files[name] = bigwig(tmp_path, 7)
    name = f"{SIGNAL}/consolidatedImputed/H2A.Z/E003-H2A.Z.imputed.pval.signal.bigwig"
    server.files[name] = bigwig(tmp_path, 8)

    def fetch(*args, **options):
        options = {"base_url": f"{server.url}/roadmap", "progress": False, **options}
        return fetch_roadmap(*args, data_home=tmp_path / "home", **options)

    return fetch


def test_roadmap_goes_into_the_transformer(roadmap, server):
    data = roadmap("E003", ["H3K4me3", "H3K27ac"])
    assert data.assembly == "hg19"
    assert "10.1038/nature14248" in data.DESCR
    assert data.genes.to_dict("list") == {
        "gene_id": ["G1", "G2", "G3"],
        "chrom": ["chr1", "chrM", "chrX"],
        "tss": [50_000, 69_999, 199],
        "strand": ["+", "-", "-"],
        "gene_name": ["ALPHA", "BETA", "GAMMA"],
        "biotype": ["protein_coding"] * 3,
    }
    assert data.expression.tolist() == [1.5, 0, 7]
    assert data.expression.index.equals(data.genes.index)
    X = BigWigTransformer(data.tracks, window=2000).fit_transform(data.genes[:1])
    assert X.tracks == ("H3K4me3", "H3K27ac")
    assert X.to_dense().values[0, 0, 0].tolist() == [1, 2]
    n_requests = len(server.requests)
    roadmap("E003", ["H3K4me3", "H3K27ac"], base_url=closed_port())
    assert len(server.requests) == n_requests


def test_roadmap_of_several_samples_is_one_table(roadmap):
    data = roadmap(["E123", "E003"], ["H3K4me3", "H3K27ac"])
    assert list(data.genes["sample"]) == ["E123"] * 3 + ["E003"] * 3
    assert data.expression.tolist() == [4, 8, 2, 1.5, 0, 7]
    assert list(data.tracks) == ["sample", "track", "path"]
    X = BigWigTransformer(data.tracks, window=2000).fit_transform(data.genes.iloc[[0, 3]])
    assert X.to_dense().values[:, 0, 0].tolist() == [[3, 4], [1, 2]]


def test_roadmap_signals(roadmap, server):
    data = roadmap("E003", "DNase", signal="pval", expression=False)
    assert (data.genes, data.expression) == (None, None)
    with pyBigWig.open(str(data.tracks["DNase"])) as file:
        assert file.values("chr1", 0, 1) == [7]
    imputed = roadmap("E003", "H2A.Z", signal="imputed", expression=False)
    with pyBigWig.open(str(imputed.tracks["H2A.Z"])) as file:
        assert file.values("chr1", 0, 1) == [8]
    assert not any("rna" in path for path, _ in server.requests)


def test_wrong_parameters_of_roadmap_are_named(roadmap):
    for sample in ("H1", "E3", ["E003", "E003"], [], [3], 3):
        with pytest.raises(ValueError, match="sample must be an epigenome id such as E003"):
            roadmap(sample, "H3K4me3")
    with pytest.raises(ValueError, match="marks must be a mark such as H3K4me3"):
        roadmap("E003", ["../H3K4me3"])
    with pytest.raises(ValueError, match="signal must be 'fc', 'pval' or 'imputed'"):
        roadmap("E003", "H3K4me3", signal="counts")
    with pytest.raises(ValueError, match="base_url must be an http or https address"):
        roadmap("E003", "H3K4me3", base_url="/mirror")
    with pytest.raises(ValueError, match=r"no expression of E129, but of E000, .*expression=False"):
        roadmap("E129", "H3K4me3")
    with pytest.raises(FileNotFoundError, match=r"no fc track of H3K9ac for E003.*'imputed'"):
        roadmap("E003", "H3K9ac")


def test_roadmap_genes_without_position_are_named(roadmap, server):
    short = "\n".join(line for line in GENE_INFO.splitlines() if not line.startswith("G2"))
    server.files[f"{EXPRESSION}/Ensembl_v65.Gencode_v10.ENSG.gene_info"] = short.encode()
    with pytest.warns(UserWarning, match="1 of 3 genes with expression have no position.*G2"):
        data = roadmap("E003", "H3K4me3")
    assert data.genes["gene_id"].tolist() == ["G1", "G3"]
    assert data.expression.tolist() == [1.5, 7]


def test_damaged_gene_list_is_refused_by_line(roadmap, server):
    server.files[f"{EXPRESSION}/Ensembl_v65.Gencode_v10.ENSG.gene_info"] = b"G1\t1\t5\t9\t?\ta\tb\n"
    with pytest.raises(
        ValueError, match=r"gene_info, line 1 is not a gene .* delete it and .*gene_info\.sha256"
    ):
        roadmap("E003", "H3K4me3")


# --- ENCODE ----------------------------------------------------------------------------------

RECORD = {
    "status": "released",
    "assembly": "GRCh38",
    "file_format": "bigWig",
    "href": "/files/ENCFF123ABC/@@download/ENCFF123ABC.bigWig",
    "md5sum": hashlib.md5(b"signal").hexdigest(),
}


@pytest.fixture
def encode(server, tmp_path):
    def fetch(accession="ENCFF123ABC", record=RECORD, body=b"signal", **options):
        server.files["files/ENCFF123ABC/"] = json.dumps(record).encode()
        server.files["files/ENCFF123ABC/@@download/ENCFF123ABC.bigWig"] = body
        options = {"base_url": server.url, "progress": False, **options}
        return fetch_encode(accession, data_home=tmp_path, **options)

    return fetch


def test_encode_file_by_accession(encode, server, tmp_path):
    path = encode(" encff123abc")
    assert path == tmp_path / "encode" / "ENCFF123ABC.bigWig"
    assert path.read_bytes() == b"signal"
    assert encode(assembly="GRCh38", base_url=closed_port()) == path
    assert len(server.requests) == 2
    path.write_bytes(b"another")
    with pytest.raises(ValueError, match=r"checksum .* is not its publisher's"):
        encode()


def test_encode_checks_md5(encode, tmp_path):
    with pytest.raises(ValueError, match=r"checksum of ENCFF123ABC\.bigWig from its publisher"):
        encode(body=b"signax")
    assert not (tmp_path / "encode" / "ENCFF123ABC.bigWig").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": "revoked"}, r"is revoked \(ENCODE found it to be wrong\): see http"),
        ({"status": "archived"}, r"is archived \(a newer file has taken its place\)"),
        ({"status": "in progress"}, "is in progress: see"),
        ({"restricted": True}, "cannot be downloaded: access to it is restricted"),
        ({"no_file_available": True}, "cannot be downloaded: it has no file"),
        ({"href": ""}, "cannot be downloaded: it has no file"),
        ({"md5sum": None, "status": None}, "is None: see"),
    ],
)
def test_encode_files_out_of_use_are_refused(encode, changes, message):
    with pytest.raises(ValueError, match=message):
        encode(record=RECORD | changes)


def test_wrong_parameters_of_encode_are_named(encode, server):
    assert encode(record=RECORD | {"status": "archived"}, any_status=True).read_bytes() == b"signal"
    with pytest.raises(ValueError, match="is of assembly GRCh38, not hg19"):
        encode(assembly="hg19", any_status=True)
    with pytest.raises(ValueError, match="is an experiment"):
        encode("ENCSR123ABC")
    for wrong in ("H3K4me3", "ENCFF12", "../ENCFF123ABC", None):
        with pytest.raises(ValueError, match="accession must be that of an ENCODE file"):
            encode(wrong)
    with pytest.raises(FileNotFoundError, match="ENCODE has no file ENCFF999ZZZ"):
        encode("ENCFF999ZZZ")
    server.faults = ["status:403"]
    with pytest.raises(PermissionError, match="refuses access"):
        encode("ENCFF999ZZZ")


@pytest.mark.parametrize("record", [[], {"status": "released"}, "text"])
def test_encode_records_of_another_kind_are_refused(encode, record):
    with pytest.raises(ValueError, match=r"ENCFF123ABC\.json is not ENCODE's record of a file"):
        encode(record=record)


# --- contacts --------------------------------------------------------------------------------

GENES = pd.DataFrame(
    {"gene_id": ["A", "B"], "chrom": "chr1", "tss": [1500, 90_500], "strand": ["+", "-"]}
)
PROMOTER, NEAR, FAR = "chr1:1000-2000", "chr1:20000-24000", "chr1:90000-91000"


@pytest.fixture
def contacts(server, tmp_path):
    def fetch(source, **options):
        options = {"base_url": server.url, "progress": False, **options}
        return fetch_contacts(source, data_home=tmp_path / "home", **options)

    return fetch


@pytest.mark.parametrize("kind", [float, np.float64])
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_contacts_of_a_tissue_go_into_the_transformer(contacts, server, kind, protocol):
    pairs = collections.defaultdict(float)
    # the published dictionaries have each pair from both promoters
    pairs |= {(PROMOTER, NEAR): kind(2.5), (PROMOTER, FAR): kind(1.75), (FAR, PROMOTER): kind(1.75)}
    pairs[NEAR, FAR] = kind(1.25)
    server.files["H1_pair2score.pickle"] = pickle.dumps(pairs, protocol)
    path = contacts("E003")
    assert read_contacts(path)["weight"].tolist() == [2.5, 1.75, 1.75, 1.25]
    table = InteractionTransformer(path).fit_transform(GENES)
    assert [list(pcres.weight) for pcres in table["pcres"]] == [[2.5, 1.75], [1.75]]
    n_requests = len(server.requests)
    assert contacts("H1") == contacts("E016") == path
    assert len(server.requests) == n_requests


class _Evil:
    def __reduce__(self):
        return print, ("ran",)


@pytest.mark.parametrize("pairs", [_Evil(), {("a", "b"): _Evil()}, {"a": 1.0}, [1], "text", None])
def test_pickle_of_anything_else_is_refused(contacts, server, capsys, pairs):
    server.files["GM_pair2score.pickle"] = pickle.dumps(pairs)
    with pytest.raises(
        ValueError, match=r"not a dictionary of fragment pairs and scores .* delete it"
    ):
        contacts("GM")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("length", [0, 1, 20, 60])
def test_damaged_pickle_is_refused(contacts, server, length):
    whole = pickle.dumps({(PROMOTER, NEAR): 2.5, (PROMOTER, FAR): 1.5})
    server.files["GM_pair2score.pickle"] = whole[:length]
    with pytest.raises(ValueError, match="not a dictionary of fragment pairs"):
        contacts("GM")


def test_file_of_geo_goes_into_the_transformer(contacts, server):
    text = (
        "frag1\tfrag2\tfreq\tall_capture_res\tdist_res\n"
        "chr1.1000.2000\tchr1.20000.24000\t9\t3.5\t2.5\n"
        "chr1.1000.2000\tchr1.90000.91000\t4\t1\t0.5\n"
    )
    name = "GSE86189_LG.po.all.txt.bz2"
    server.files[f"series/GSE86nnn/GSE86189/suppl/{name}"] = bz2.compress(text.encode())
    path = contacts(name)
    assert path.name == "GSE86189_LG.po.all.txt.gz"
    transformer = InteractionTransformer(path, score_column="dist_res")
    assert [list(pcres.weight) for pcres in transformer.fit_transform(GENES)["pcres"]] == [
        [2.5],
        [],
    ]
    assert contacts(name, base_url=closed_port()) == path


def test_bzip2_that_unpacks_without_end_is_refused(server, contacts):
    name = "GSE86189_LG.po.all.txt.bz2"
    server.files[f"series/GSE86nnn/GSE86189/suppl/{name}"] = bz2.compress(bytes(100 << 20))
    with pytest.raises(ValueError, match=rf"{name} unpacks into more than \d+ bytes.*: delete it"):
        contacts(name)
    with pytest.raises(ValueError, match="unpacks into more"):
        contacts(name, base_url=closed_port())


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("GSE189_a.txt", "series/GSEnnn/GSE189/suppl"),
        ("GSM1704495_x.bedpe.gz", "samples/GSM1704nnn/GSM1704495/suppl"),
    ],
)
def test_addresses_of_geo_follow_its_folders(contacts, server, name, folder):
    server.files[f"{folder}/{name}"] = b"content"
    assert contacts(name).read_bytes() == b"content"


def test_files_of_one_name_at_two_addresses_stay_apart(contacts, server):
    lines = "chr1\t1000\t2000\tchr1\t20000\t24000\t.\t{}\n"
    server.files["a/loops.bedpe"] = lines.format(2.5).encode()
    server.files["b/loops.bedpe"] = lines.format(3.5).encode()
    weights = [
        read_contacts(contacts(f"{server.url}/{folder}/loops.bedpe?raw=true"))["weight"][0]
        for folder in "ab"
    ]
    assert weights == [2.5, 3.5]


@pytest.mark.parametrize(
    "wrong", ["H9", "GSE86189", "GSE86189_a/b", "loops.bedpe", "ftp://x/y", 3, ["H1"]]
)
def test_other_sources_are_refused(contacts, wrong):
    with pytest.raises(ValueError, match=r"source must be a tissue .H1, ME"):
        contacts(wrong)
    with pytest.raises(ValueError, match="names a folder"):
        contacts("https://example.org/data/")
