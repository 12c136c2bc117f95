"""Ends of contacts: fragments that are counted from 1, and TSSs of length 0."""

import pandas as pd
import pytest
from contact_lists import HOMER, as_bedpe, as_chicago_washu, as_ibed, as_longrange, as_regions

from skchromo import InteractionTransformer
from skchromo.genome.contacts import read_contacts

COLUMNS = ["chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"]
# Fragments of a digest, from 0: the second begins where the first ends, the others lie apart.
DIGEST = pd.DataFrame(
    [
        ["chr1", 10_007, 14_012, "chr1", 90_031, 95_064, 8.5],
        ["chr1", 14_012, 19_555, "chr1", 120_044, 125_017, 6.5],
    ],
    columns=COLUMNS,
)
APART = DIGEST.assign(start1=[10_007, 14_512])
BINS = DIGEST.assign(
    start1=[10_000, 20_000],
    end1=[20_000, 30_000],
    start2=[90_000, 120_000],
    end2=[100_000, 130_000],
)


def shifted(contacts, start=0, end=0):
    """Move the bounds of all fragments."""
    moved = {"start1": start, "start2": start, "end1": end, "end2": end}
    return contacts.assign(**{name: contacts[name] + by for name, by in moved.items()})


def as_peak_matrix(contacts):
    header = "baitChr\tbaitStart\tbaitEnd\toeChr\toeStart\toeEnd\tscore\n"
    return header + shifted(contacts, 1).to_csv(sep="\t", header=False, index=False)


def as_homer(contacts):
    names = [f"{name}({side})" for side in "12" for name in ("chr", "start", "end")]
    return shifted(contacts, 1).set_axis([*names, "score"], axis=1).to_csv(sep="\t", index=False)


def chicago_longrange(contacts):
    return as_longrange(shifted(contacts, 1), both=False)


FROM_ONE = {
    "ibed": as_ibed,
    "washu": as_chicago_washu,
    "peak-matrix": as_peak_matrix,
    "homer": as_homer,
}
BY_VALUES = {
    "longrange": chicago_longrange,
    "bedpe": lambda contacts: as_bedpe(shifted(contacts, 1)),
    "regions": lambda contacts: as_regions(shifted(contacts, 1)),
    "six": lambda contacts: shifted(contacts, 1).to_csv(sep="\t", header=False, index=False),
}


def check_fragments(found, expected):
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("written", FROM_ONE.values(), ids=FROM_ONE)
@pytest.mark.parametrize("contacts", [DIGEST, DIGEST[:1], APART, BINS], ids=str)
def test_lists_of_tools_that_count_from_1_are_turned(write, written, contacts):
    check_fragments(read_contacts(write(written(contacts))), contacts)


@pytest.mark.parametrize("written", FROM_ONE.values(), ids=FROM_ONE)
@pytest.mark.parametrize("contacts", [DIGEST, BINS, DIGEST.assign(start2=[0, 0])], ids=str)
def test_lists_of_these_tools_that_count_from_0_are_taken_as_they_stand(write, written, contacts):
    """A digest that was made as BED is written through unchanged."""
    check_fragments(read_contacts(write(written(shifted(contacts, -1)))), contacts)


@pytest.mark.parametrize("written", BY_VALUES.values(), ids=BY_VALUES)
@pytest.mark.parametrize("contacts", [DIGEST, BINS, BINS[:1]], ids=str)
def test_other_lists_are_turned_where_their_fragments_show_it(write, written, contacts):
    check_fragments(read_contacts(write(written(contacts))), contacts)


@pytest.mark.parametrize("written", BY_VALUES.values(), ids=BY_VALUES)
@pytest.mark.parametrize(
    "contacts",
    [
        DIGEST,
        APART,
        BINS,
        # one element of many begins one base after another ends
        pd.DataFrame(
            [["chr1", 999 * n, 999 * n + 500 + 498 * (n == 7), "chr2", 777 * n, 777 * n + 350, 2.0]
             for n in range(1, 60)],
            columns=COLUMNS,
        ),
        # elements that overlap
        DIGEST.assign(end1=[14_011, 19_555], start2=[90_031, 94_000]),
    ],
    ids=["digest", "apart", "bins", "elements", "overlap"],
)  # fmt: skip
def test_lists_that_count_from_0_are_taken_as_they_stand(write, written, contacts):
    check_fragments(read_contacts(write(written(shifted(contacts, -1)))), contacts)


def test_last_base_of_bins_is_added_where_it_is_left_out(write):
    text = shifted(BINS, 0, -1).to_csv(sep="\t", header=False, index=False)
    check_fragments(read_contacts(write(text)), BINS)


def test_contacts_that_were_read_stay():
    once = read_contacts(shifted(DIGEST, 1).rename(columns={"weight": "score"}))
    check_fragments(once, DIGEST)
    check_fragments(read_contacts(once), once)
    far = shifted(DIGEST, 1)
    check_fragments(read_contacts(far), far)


def test_tss_on_the_first_or_last_base_of_a_fragment_is_in_it(write):
    genes = pd.DataFrame({"gene_id": ["A", "B", "C", "D"], "chrom": "chr1", "strand": "+"})
    genes["tss"] = [10_007, 14_011, 14_012, 19_554]
    for written in (*FROM_ONE.values(), chicago_longrange):
        cells = InteractionTransformer(write(written(DIGEST))).fit_transform(genes)["pcres"]
        assert [cell.start.tolist() for cell in cells] == [[90_031], [90_031], [120_044], [120_044]]


def test_lists_of_homer_may_be_named_by_r(write):
    names = HOMER.partition("\n")[0]
    path = write(HOMER.replace(names, names.replace("(", ".").replace(")", ".").replace(" ", ".")))
    found = read_contacts(path, score_column="Interaction.Reads")
    assert found["start1"].tolist() == [1000, 90_000]


def test_lists_of_homer_ask_for_the_score(write):
    path = write(HOMER)
    with pytest.raises(ValueError, match=r"list of HOMER.*'Interaction Reads'"):
        read_contacts(path)
    with pytest.raises(ValueError, match=r"LogP holds logarithms.*the lowest being the strongest"):
        read_contacts(path, score_column="LogP")


ABC_BEDPE = (
    "chr22\t17100000\t17100500\tchr22\t17150000\t17150000\tAAA1_x|chr22:17100000\t0.0474\t.\t.\n"
    "chr22\t17300000\t17300500\tchr22\t17150000\t17150000\tAAA1_y|chr22:17300000\t0.031\t.\t.\n"
    "chr22\t17149000\t17150500\tchr22\t17400000\t17400000\tBBB2_z|chr22:17149000\t0.02\t.\t.\n"
)


@pytest.mark.parametrize(("tss", "strand"), [(17_150_000, "+"), (17_149_999, "-")])
@pytest.mark.parametrize("turned", [False, True])
def test_tss_of_length_0_holds_the_base_of_either_strand_and_is_not_a_pcre(
    write, tss, strand, turned
):
    """The element of the third contact holds the TSS, too; its other end is not an element."""
    text = ABC_BEDPE
    if turned:
        rows = [line.split("\t") for line in text.splitlines()]
        text = "\n".join("\t".join([*row[3:6], *row[:3], *row[6:]]) for row in rows)
    genes = pd.DataFrame({"gene_id": ["E"], "chrom": ["chr22"], "tss": [tss], "strand": [strand]})
    transformer = InteractionTransformer(write(text), weight_threshold=None)
    with pytest.warns(UserWarning, match="1 of 3 contacts belong to no gene"):
        cell = transformer.fit_transform(genes)["pcres"][0]
    assert cell.start.tolist() == [17_100_000, 17_300_000]
    for off in -1, 1:
        moved = genes.assign(tss=tss + (off if (off > 0) == (strand == "+") else 2 * off))
        assert len(transformer.transform(moved)["pcres"][0]) == 0


def test_single_interval_of_length_0_is_refused(write):
    text = ABC_BEDPE.replace("17400000\t17400000", "17400000\t17400500")
    with pytest.raises(ValueError, match=r"line 1.*ends at or before its start"):
        read_contacts(write(text))
