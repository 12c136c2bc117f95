"""Files of different assemblies: recognised by the lengths of their chromosomes, and named."""

import hictkpy
import pandas as pd
import pyBigWig
import pytest
from sklearn.pipeline import make_pipeline

from skchromo import BigWigTransformer, InteractionTransformer
from skchromo.genome import ContactOrigin, check_assembly, largest_starts, read_contacts
from skchromo.genome.contacts import Pcres

HG19 = {"chr1": 249_250_621, "chr2": 243_199_373, "chrM": 16_571}
HG38 = {"chr1": 248_956_422, "chr2": 242_193_529, "chrM": 16_569}


@pytest.mark.parametrize(
    ("length", "name"),
    [
        (247_249_719, "hg18"),
        (249_250_621, "hg19"),
        (248_956_422, "hg38"),
        (248_387_328, "T2T-CHM13"),
        (197_195_432, "mm9"),
        (195_471_971, "mm10"),
        (195_154_279, "mm39"),
        (249_250_620, None),
    ],
)
@pytest.mark.parametrize("chrom", ["chr1", "1"])
def test_assemblies_are_recognised_by_chromosome_1(length, name, chrom):
    as_in = rf" \(as in {name}\)" if name else ""
    with pytest.raises(ValueError, match=rf"has {length} bp in a{as_in} and 5 bp in b: "):
        check_assembly({"a": {"chr10": 249_250_621, chrom: length}, "b": {chrom: 5}})


def test_both_files_and_sizes_and_tools_are_named():
    with pytest.raises(ValueError, match="different assemblies") as caught:
        check_assembly({"b.bw": {"chr3": 7}, "a.hic": HG19, "track K4 (a.bw)": HG38})
    for needle in (
        "chromosome chr1 has 249250621 bp in a.hic (as in hg19)",
        "248956422 bp in track K4 (a.bw) (as in hg38)",
        "UCSC liftOver",
        "CrossMap",
    ):
        assert needle in str(caught.value)


def test_files_of_one_assembly_pass_whatever_they_list_and_however():
    bare = {name.removeprefix("chr"): size for name, size in HG19.items()}
    check_assembly({})
    check_assembly({"a": HG19, "b": bare, "c": {"chr2": 243_199_373}, "d": {"chrUn": 5}, "e": {}})
    check_assembly({"a": HG19, "b": HG19 | {"chrM": 16_569}, "c": {"MT": 16_569}})
    check_assembly({"a": {"1": 5, "chr1": 7}, "b": {"chr1": 9}})
    check_assembly({"a": HG19}, table=pd.DataFrame({"chrom": ["chr1"]}))


def test_one_chromosome_is_enough():
    with pytest.raises(ValueError, match="chromosome 21 has 48129895 bp in a and 46709983 bp in b"):
        check_assembly({"a": {"chr21": 48_129_895}, "b": {"chr20": 1, "21": 46_709_983}})


def test_starts_of_lists_must_lie_within():
    within = {"chr1": 248_956_421, "chr7": 10**9, "MT": 10**6}
    check_assembly({"a.bw": HG38}, [ContactOrigin("loops", largest_starts=within)])
    beyond = ContactOrigin("loops", largest_starts={"1": 248_956_422})
    with pytest.raises(
        ValueError, match=r"loops has .* starts at 1:248956422, but 1 has"
    ) as caught:
        check_assembly({"a.bw": HG38}, [beyond])
    for needle in "248956422 bp in a.bw (as in hg38)", "CrossMap":
        assert needle in str(caught.value)


def cells_of(*origins):
    cells = [Pcres([], [], [], [], 8, 40_000, origin=origin) for origin in origins]
    return pd.DataFrame({"chrom": ["chr1", "chr2"], "pcres": pd.Series(cells, dtype=object)})


def test_origins_of_contacts_in_a_table_are_compared_too():
    listed = ContactOrigin("loops", largest_starts={"chr3": 500})
    table = cells_of(ContactOrigin("a.hic", HG19), listed)
    for rows in table, table[::-1], table.copy(), pd.concat([table, table]), table.assign(x=1):
        check_assembly({"a.bw": HG19, "b.bw": {"chr3": 501}}, table=rows)
        with pytest.raises(ValueError, match=r"in a\.hic \(as in hg19\) and .* in a\.bw"):
            check_assembly({"a.bw": HG38}, table=rows)
        with pytest.raises(ValueError, match="loops has a contact that starts at chr3:500"):
            check_assembly({"a.bw": {"chr3": 500}}, table=rows)
    check_assembly({"a.bw": HG38}, table=cells_of(None, None))


@pytest.mark.parametrize(
    ("table", "largest"),
    [
        (
            {"gene_id": "A", "chrom": ["1", "2", "1"], "start": [5, 9, 7], "end": 99, "score": 1},
            {"1": 7, "2": 9},
        ),
        (
            {
                **{"chrom1": ["1", "2"], "start1": [50, 9], "end1": 99},
                **{"chrom2": ["3", "1"], "start2": [8, 60], "end2": 99, "score": 2.0},
            },
            {"1": 60, "2": 9, "3": 8},
        ),
    ],
)
def test_largest_starts(table, largest):
    contacts = read_contacts(pd.DataFrame(table))
    assert largest_starts(contacts) == largest
    assert largest_starts(contacts[:0]) == {}


def write_bigwig(path, size):
    with pyBigWig.open(str(path), "w") as handle:
        handle.addHeader([("chr1", size)])
        handle.addEntries(["chr1"], [0], ends=[size], values=[1.0])
    return path


def write_cool(path, size):
    writer = hictkpy.cooler.FileWriter(str(path), {"1": size}, 10_000)
    writer.add_pixels_from_dict({"bin1_id": [1], "bin2_id": [5], "count": [4]})
    writer.finalize().close()
    return path


def test_pipeline_refuses_a_matrix_and_a_bigwig_of_different_assemblies(tmp_path):
    genes = pd.DataFrame({"chrom": "chr1", "tss": [52_000], "strand": "+"}, index=["A"])
    matrix = write_cool(tmp_path / "a.cool", 100_000)
    contacts = InteractionTransformer(matrix, weight_threshold=None, chrom_names="match")
    good = {"K4": write_bigwig(tmp_path / "good.bw", 100_000)}
    other = {"K4": write_bigwig(tmp_path / "other.bw", 101_000)}
    X = make_pipeline(contacts, BigWigTransformer(good, window=400)).fit_transform(genes)
    assert X.shape == (1, 9, 400, 1)
    pipe = make_pipeline(contacts, BigWigTransformer(other, window=400))
    with pytest.raises(ValueError, match=r"100000 bp in .*a\.cool.* 101000 bp in .*other\.bw"):
        pipe.fit(genes)
    signal = BigWigTransformer(other, window=400).fit(genes)
    with pytest.raises(ValueError, match=r"100000 bp in .*a\.cool.* 101000 bp in .*other\.bw"):
        signal.transform(contacts.fit_transform(genes))
