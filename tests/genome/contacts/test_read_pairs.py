"""Read pairs in the columns of BEDPE: refused, while loops with names and strands are read."""

import numpy as np
import pytest

from skchromo.genome.contacts import read_contacts

ILLUMINA = "A00123:7:FLOWX:1:1101:{0}:2000"
NAMES = {
    "illumina": ILLUMINA,
    "illumina-mate": ILLUMINA + "/1",
    "illumina-old": "HWUSI-EAS100R:6:73:941:{0}#0/1",
    "sra": "SRR7868823.{0}",
    "ena": "ERR000589.{0}.1",
    "mgi": "V300012345L1C001R0010{0:06}",
    "nanopore": "0a1b2c3d-1111-2222-3333-44445555{0:04x}",
    "unknown": "read_{0}",
}


def read_pairs(name=ILLUMINA, lengths=(100, 97), scores=(37, 60), n_rows=40, unmapped=()):
    """Write pairs as bedtools bamtobed -bedpe does."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(n_rows):
        first, second = 40_100_000 + 10 * number, 40_350_000 + 7 * number
        ends = [first, first + rng.choice(lengths)], [second, second + rng.choice(lengths)]
        fields = ["chr5", *ends[0], "chr5", *ends[1], name.format(number), rng.choice(scores)]
        if number in unmapped:
            fields[3:6] = [".", -1, -1]
        rows.append("\t".join(map(str, [*fields, "-", "." if number in unmapped else "+"])))
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("file", ["pairs.bedpe", "pairs.bedpe.gz"])
def test_read_pairs_are_refused_whatever_the_reads_are_called(write, name, file):
    with pytest.raises(ValueError, match=r"holds read pairs, not contacts.*binned into a matrix"):
        read_contacts(write(read_pairs(name), file))


@pytest.mark.parametrize(
    "settings",
    [
        {"lengths": range(20, 152)},
        {"lengths": (36, 50), "name": NAMES["unknown"]},
        {"lengths": range(20, 301), "name": NAMES["unknown"]},
        {"lengths": (5_000, 12_000), "name": NAMES["nanopore"]},
        {"scores": (255,)},
        {"scores": (0, 1, 3, 255), "name": NAMES["unknown"]},
        {"scores": range(4)},
        {"scores": (-5, 0), "name": NAMES["unknown"]},
        {"n_rows": 1},
        {"unmapped": (0, 1, 7)},
    ],
    ids=str,
)
def test_read_pairs_are_refused_whatever_their_lengths_and_qualities(write, settings):
    with pytest.raises(ValueError, match="holds read pairs"):
        read_contacts(write(read_pairs(**settings)))


def test_read_pairs_are_refused_under_a_header_and_by_a_named_score(write):
    header = "#chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tname\tscore\tstrand1\tstrand2\n"
    for text, settings in ((header + read_pairs(), {}), (read_pairs(), {"score_column": 7})):
        with pytest.raises(ValueError, match="holds read pairs"):
            read_contacts(write(text), **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"lengths": (5_000, 10_000), "name": "loop_{0}"},
        {"lengths": range(500, 3_000), "name": "chr5:1-2_chr5:8-9,{0}"},
        {"lengths": (100, 97), "name": "."},
        {"lengths": (100, 97), "name": "loop_{0}", "scores": (2.5, 3.25)},
    ],
    ids=str,
)
def test_loops_with_names_and_strands_are_read(write, settings):
    assert len(read_contacts(write(read_pairs(**settings)))) == 40


def test_loops_of_short_elements_are_read_by_a_named_score(write):
    path = write(read_pairs("loop_{0}"))
    with pytest.raises(ValueError, match="score_column="):
        read_contacts(path)
    assert set(read_contacts(path, score_column=7)["weight"]) == {37.0, 60.0}
