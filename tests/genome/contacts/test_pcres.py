"""The choice of each gene's pCREs, and the cell that holds them."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skchromo.genome import ContactOrigin, check_assembly, choose_pcres, read_contacts
from skchromo.genome.contacts import MatchedContacts, Pcres

PAIR_COLUMNS = ["gene_id", "chrom", "start", "end", "weight"]
FRAGMENT_COLUMNS = ["chrom1", "start1", "end1", "chrom2", "start2", "end2", "weight"]


def gene_table(*rows):
    return pd.DataFrame(rows, columns=["gene_id", "chrom", "tss", "strand"])


def pair_table(*rows):
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def fragment_table(*rows):
    return pd.DataFrame(rows, columns=FRAGMENT_COLUMNS)


GENE = gene_table(["A", "chr1", 1000, "+"])


def match_contacts(genes, contacts, weight_threshold=1.5, chrom_names="exact", name="the list"):
    """Count the contacts that belong to the genes, and to none."""
    matched = MatchedContacts(genes, contacts, chrom_names, ContactOrigin(name))
    return matched.count(weight_threshold)


def intervals(cell):
    return list(zip(cell.start.tolist(), cell.end.tolist(), strict=True))


def content(cell):
    return [
        (chrom, start, end, np.float32(weight))
        for chrom, start, end, weight in zip(
            cell.chrom, cell.start.tolist(), cell.end.tolist(), cell.weight, strict=True
        )
    ]


def brute_candidates(gene, contacts):
    """All (start, end, weight) that touch a gene from its own chromosome, one contact at a time."""
    found = []
    for row in contacts.to_dict("records"):
        if "gene_id" in row:
            if row["gene_id"] == gene["gene_id"] and row["chrom"] == gene["chrom"]:
                found.append((row["start"], row["end"], row["weight"]))
        elif row["chrom1"] == row["chrom2"] == gene["chrom"]:
            for here, there in ("12", "21"):
                if row["start" + here] <= gene["tss"] < row["end" + here]:
                    found.append((row["start" + there], row["end" + there], row["weight"]))
    return found


def brute_choice(gene, contacts, max_pcres, threshold, max_length, oversized, min_distance):
    """Do for one gene what `choose_pcres` does, spelled out."""
    tss, best = gene["tss"], {}
    for start, end, weight in brute_candidates(gene, contacts):
        if threshold is not None and not weight > threshold:
            continue
        if start <= tss < end:
            continue
        if min(abs(position - tss) for position in (start, end - 1)) < (min_distance or 0):
            continue
        if end - start > max_length:
            if oversized == "drop":
                continue
            start += (end - start - max_length) // 2
            end = start + max_length
        best[start, end] = max(weight, best.get((start, end), weight))
    ranked = sorted(
        (-weight, abs((start + end) / 2 - tss), start, end) for (start, end), weight in best.items()
    )
    return [
        (gene["chrom"], start, end, np.float32(-weight))
        for weight, _, start, end in ranked[:max_pcres]
    ]


chroms = st.sampled_from(["chr1", "chr2"])
positions = st.integers(0, 40)
spans = st.tuples(positions, st.integers(1, 14)).map(lambda pair: (pair[0], sum(pair)))
weights = st.sampled_from([0.5, 1.0, 1.5, 1.5000001, 2.0, 3.0])
gene_rows = st.tuples(st.sampled_from("ABC"), chroms, positions, st.sampled_from("+-"))
pair_rows = st.tuples(st.sampled_from("ABCD"), chroms, spans, weights).map(
    lambda row: [row[0], row[1], *row[2], row[3]]
)
fragment_rows = st.tuples(chroms, spans, chroms, spans, weights).map(
    lambda row: [row[0], *row[1], row[2], *row[3], row[4]]
)
contact_tables = st.one_of(
    st.lists(pair_rows, max_size=25).map(lambda rows: pd.DataFrame(rows, columns=PAIR_COLUMNS)),
    st.lists(fragment_rows, max_size=25).map(
        lambda rows: pd.DataFrame(rows, columns=FRAGMENT_COLUMNS)
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(gene_rows, min_size=1, max_size=6),
    contact_tables,
    st.sampled_from([0, 1, 2, 8]),
    st.sampled_from([None, 0.5, 1.5]),
    st.sampled_from([1, 3, 6, 40]),
    st.sampled_from(["drop", "crop"]),
    st.sampled_from([None, 0, 1, 5]),
    st.randoms(use_true_random=False),
)
def test_choice_equals_plain_loops_whatever_the_order_of_contacts(
    rows, contacts, max_pcres, threshold, max_length, oversized, min_distance, random
):
    genes = gene_table(*rows)
    expected = [
        brute_choice(gene, contacts, max_pcres, threshold, max_length, oversized, min_distance)
        for gene in genes.to_dict("records")
    ]
    order = random.sample(range(len(contacts)), len(contacts))
    cells = choose_pcres(
        genes,
        read_contacts(contacts).iloc[order],
        max_pcres=max_pcres,
        weight_threshold=threshold,
        max_pcre_length=max_length,
        oversized=oversized,
        min_distance=min_distance,
    )
    assert [content(cell) for cell in cells] == expected
    assert {(cell.max_pcres, cell.max_pcre_length) for cell in cells} == {(max_pcres, max_length)}


@settings(max_examples=150, deadline=None)
@given(st.lists(gene_rows, min_size=1, max_size=4), contact_tables, st.sampled_from([None, 1.5]))
def test_count_of_contacts_without_gene_equals_plain_loops(rows, contacts, threshold):
    genes = gene_table(*rows)
    own = set(zip(genes["gene_id"], genes["chrom"], strict=True))
    on, ids = set(genes["chrom"]), set(genes["gene_id"])
    used, unmatched, trans, below = 0, 0, 0, []
    for row in contacts.to_dict("records"):
        if "gene_id" in row:
            hit = row["gene_id"] in ids
            joins = hit and (row["gene_id"], row["chrom"]) not in own
            here = row["chrom"] in on
        else:
            joins = row["chrom1"] != row["chrom2"]
            here = bool({row["chrom1"], row["chrom2"]} & on)
            hit = any(
                gene.chrom == row["chrom1"] and row["start" + side] <= gene.tss < row["end" + side]
                for gene in genes.itertuples()
                for side in "12"
            )
        if threshold is not None and not row["weight"] > threshold:
            below += [row["weight"]] * (here and not joins)
        elif joins:
            trans += here or "gene_id" in row
        elif here:
            used, unmatched = used + 1, unmatched + (not hit)
    present = {row[name] for row in contacts.to_dict("records") for name in row if "chrom" in name}
    match = match_contacts(genes, read_contacts(contacts), weight_threshold=threshold)
    if present & on:
        assert (match.n_contacts, match.n_unmatched, match.n_trans) == (used, unmatched, trans)
        assert (match.n_below, match.highest) == (len(below), max(below, default=-np.inf))
    else:
        listed = sum(
            threshold is None or row["weight"] > threshold for row in contacts.to_dict("records")
        )
        assert (match.n_contacts, match.n_unmatched, match.n_trans) == (listed, listed, 0)
    assert bool(match.example) == bool(match.n_unmatched)


def near(*rows):
    """Pairs of gene A with fragments of chr1: start, end, weight."""
    return pair_table(*(["A", "chr1", *row] for row in rows))


def held(start, end, *others):
    """A fragment of chr1 in contact with 5000-5100."""
    return fragment_table(["chr1", start, end, "chr1", 5000, 5100, 2.0], *others)


THERE = (5000, 5100)
EXAMPLES = {
    "threshold-is-strict": (near((*THERE, 1.5), (6000, 6100, 1.5001)), {}, [(6000, 6100)]),
    "strongest-are-kept": (
        near(*((5000 + 100 * i, 5100 + 100 * i, 2 + i % 7) for i in range(20))),
        {"max_pcres": 3},
        [(5600, 5700), (6300, 6400), (5500, 5600)],
    ),
    "ties-go-to-the-nearer-midpoint-the-lower-start-the-lower-end": (
        near((3000, 3100, 2), (1940, 2060, 2), (1950, 2050, 2), (0, 10, 2), (1990, 2000, 2)),
        {},
        [(0, 10), (1990, 2000), (1940, 2060), (1950, 2050), (3000, 3100)],
    ),
    "fragment-ends-before-the-tss": (held(900, 1000), {}, []),
    "fragment-starts-with-the-tss": (held(1000, 1001), {}, [THERE]),
    "fragment-starts-behind-the-tss": (held(1001, 1100), {}, []),
    "either-side-may-be-the-promoter": (
        held(900, 1100, ["chr1", 6000, 6100, "chr1", 900, 1100, 3.0]),
        {},
        [(6000, 6100), THERE],
    ),
    "own-fragment-is-not-a-pcre": (
        near((900, 1100, 2), (1000, 1100, 2), (900, 1001, 2), (1001, 1100, 2), (900, 1000, 2)),
        {},
        [(900, 1000), (1001, 1100)],
    ),
    "cropped-own-fragment-is-not-a-pcre": (
        near((900, 9900, 2)),
        {"max_pcre_length": 100, "oversized": "crop"},
        [],
    ),
    "other-chromosomes-are-not-used": (
        fragment_table(
            ["chr1", 900, 1100, "chr2", 5000, 5100, 2.0],
            ["chr2", 900, 1100, "chr2", 7000, 7100, 2.0],
        ),
        {},
        [],
    ),
    "longer-fragments-are-dropped": (
        near((*THERE, 2), (6000, 6101, 3)),
        {"max_pcre_length": 100},
        [THERE],
    ),
    "longer-fragments-are-cropped-to-their-centre": (
        near((*THERE, 2), (6000, 6101, 3)),
        {"max_pcre_length": 41, "oversized": "crop"},
        [(6030, 6071), (5029, 5070)],
    ),
    "distance-counts-to-the-nearest-base": (
        near((1010, 1100, 2), (900, 991, 2)),
        {"min_distance": 10},
        [(900, 991), (1010, 1100)],
    ),
    "nearer-fragments-are-left-out": (
        near((1010, 1100, 2), (900, 991, 2)),
        {"min_distance": 11},
        [],
    ),
    "repeats-count-once-with-the-highest-weight": (
        held(
            *(900, 1100),
            ["chr1", 5000, 5100, "chr1", 950, 1100, 4.0],
            ["chr1", 900, 1100, "chr1", 6000, 6100, 3.0],
        ),
        {"max_pcres": 2},
        [THERE, (6000, 6100)],
    ),
    "fragments-that-share-one-end-are-two": (
        near((*THERE, 2), (5000, 5200, 3), (4900, 5100, 4)),
        {},
        [(4900, 5100), (5000, 5200), THERE],
    ),
}


@pytest.mark.parametrize(("contacts", "settings", "expected"), EXAMPLES.values(), ids=EXAMPLES)
def test_choice_of_one_gene(contacts, settings, expected):
    cell = choose_pcres(GENE, contacts, **settings)[0]
    assert intervals(cell) == expected
    assert cell.chrom == ("chr1",) * len(expected)
    assert cell.weight.dtype == np.float32
    assert cell.start.dtype == cell.end.dtype == np.int64
    assert (np.diff(cell.weight) <= 0).all()


def test_a_pair_of_two_promoters_counts_for_both_genes():
    genes = gene_table(["A", "chr1", 1000, "+"], ["B", "chr1", 5050, "-"])
    cells = choose_pcres(genes, held(900, 1100))
    assert [intervals(cell) for cell in cells] == [[(5000, 5100)], [(900, 1100)]]


def test_index_may_bear_the_name_of_a_column():
    genes = GENE.set_index("gene_id")
    contacts = pair_table(["A", "chr1", 5000, 5100, 2.0], ["B", "chr1", 5000, 5100, 2.0])
    assert len(choose_pcres(genes, contacts)[0]) == 1
    assert match_contacts(genes, contacts).n_unmatched == 1
    fragments = fragment_table(["chr1", 900, 1100, "chr1", 5000, 5100, 2.0])
    assert match_contacts(genes, fragments).n_unmatched == 0


def test_every_row_gets_its_own_in_order():
    genes = gene_table(
        ["B", "chr1", 2000, "+"],
        ["A", "chr1", 1000, "+"],
        ["B", "chr1", 2000, "+"],
        ["none", "chr1", 9000, "-"],
        ["A", "chr1", 5050, "-"],
    )
    contacts = pair_table(
        ["A", "chr1", 5000, 5100, 2.0], ["A", "chr1", 6000, 6100, 3.0], ["B", "chr1", 50, 60, 2.5]
    )
    cells = choose_pcres(genes.set_index(pd.Index([5, 5, 5, 1, 0])), contacts)
    assert [intervals(cell) for cell in cells] == [
        [(50, 60)],
        [(6000, 6100), (5000, 5100)],
        [(50, 60)],
        [],
        [(6000, 6100)],
    ]


def test_no_pcres_are_chosen_where_none_are_wanted_or_listed():
    contacts = pair_table(["A", "chr1", 5000, 5100, 2.0])
    cell = choose_pcres(GENE, contacts, max_pcres=0)[0]
    assert (len(cell), cell.max_pcres, repr(cell)) == (0, 0, "0 of 0 pCREs")
    for empty in (pair_table(), fragment_table()):
        assert len(choose_pcres(GENE, read_contacts(empty))[0]) == 0
        assert match_contacts(GENE, read_contacts(empty)) == (0, 0, "", 0, 0, -np.inf, "")


def test_matched_chromosomes_are_named_as_in_the_gene_table():
    genes = gene_table(["A", "1", 1000, "+"], ["M", "chrM", 10, "+"], ["Y", "Y", 10, "+"])
    contacts = pair_table(["A", "chr1", 5000, 5100, 2.0], ["M", "MT", 50, 60, 2.0])
    cells = choose_pcres(genes, contacts, chrom_names="match")
    assert [cell.chrom for cell in cells] == [("1",), ("chrM",), ()]
    fragments = fragment_table(["chr1", 900, 1100, "chr1", 5000, 5100, 2.0])
    assert choose_pcres(genes, fragments, chrom_names="match")[0].chrom == ("1",)
    assert match_contacts(genes, contacts, chrom_names="match").n_unmatched == 0


def test_other_naming_is_refused_with_the_remedy():
    contacts = pair_table(["A", "1", 5000, 5100, 2.0])
    for function in choose_pcres, match_contacts:
        with pytest.raises(ValueError, match="share no chromosome") as caught:
            function(GENE, contacts, name="loops.txt")
        message = str(caught.value)
        for needle in "loops.txt", "chr1", "contacts on 1;", "chrom_names='match'":
            assert needle in message


def test_genes_of_a_chromosome_without_contacts_get_none():
    contacts = pair_table(["A", "chr2", 5000, 5100, 2.0])
    assert len(choose_pcres(GENE, contacts)[0]) == 0
    assert match_contacts(GENE, contacts)[:2] == (1, 1)


def test_unmatched_contacts_are_counted_with_the_strongest_as_example():
    genes = gene_table(["A", "chr1", 1000, "+"])
    contacts = pair_table(
        ["A", "chr1", 5000, 5100, 2.0],
        ["A.3", "chr1", 5000, 5100, 2.0],
        ["B", "chr1", 6000, 6100, 3.0],
        ["B", "chr1", 7000, 7100, 1.5],
        ["C", "chr9", 7000, 7100, 8.0],
    )
    expected = (3, 2, "B with chr1:6000-6100", 0, 1, 1.5, "")
    assert match_contacts(genes, contacts) == expected
    fragments = fragment_table(
        ["chr1", 900, 1100, "chr1", 5000, 5100, 2.0],
        ["chr1", 1001, 1100, "chr1", 5000, 5100, 2.0],
        ["chr1", 900, 1100, "chr2", 5000, 5100, 9.0],
    )
    expected = (2, 1, "chr1:1001-1100 with chr1:5000-5100", 1, 0, -np.inf, "")
    assert match_contacts(genes, fragments) == expected


def test_contacts_between_chromosomes_are_counted_on_their_own():
    pairs = pair_table(
        ["A", "chr2", 5000, 5100, 2.0],
        ["A", "chr2", 6000, 6100, 1.0],
        ["A", "chr1", 5000, 5100, 2.0],
        ["B", "chr2", 5000, 5100, 2.0],
    )
    assert match_contacts(GENE, pairs)[:4] == (1, 0, "", 1)
    fragments = fragment_table(
        ["chr1", 900, 1100, "chr2", 5000, 5100, 2.0],
        ["chr3", 900, 1100, "chr1", 5000, 5100, 2.0],
        ["chr3", 900, 1100, "chr2", 5000, 5100, 2.0],
        ["chr1", 900, 1100, "chr1", 5000, 5100, 2.0],
    )
    assert match_contacts(GENE, fragments)[:4] == (1, 0, "", 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_pcres", -1),
        ("max_pcres", 2.0),
        ("max_pcres", True),
        ("max_pcres", None),
        ("weight_threshold", "1.5"),
        ("weight_threshold", np.nan),
        ("weight_threshold", np.inf),
        ("max_pcre_length", 0),
        ("max_pcre_length", 1.5),
        ("oversized", "cut"),
        ("oversized", None),
        ("min_distance", -1),
        ("min_distance", 0.5),
    ],
)
def test_settings_that_are_not_valid_are_refused(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .*, got") as caught:
        choose_pcres(GENE, pair_table(), **{name: value})
    assert repr(value) in str(caught.value)


def test_settings_of_numpy_are_taken():
    cell = choose_pcres(
        GENE,
        read_contacts(pair_table()),
        max_pcres=np.int64(3),
        weight_threshold=np.float32(1.5),
        max_pcre_length=np.int32(40_000),
        oversized="crop",
        min_distance=np.int64(0),
    )[0]
    assert type(cell.max_pcres) is type(cell.max_pcre_length) is int


@pytest.mark.parametrize(
    "lose",
    [
        lambda table: table.merge(pd.DataFrame({"gene_id": ["A"], "y": [1]}), on="gene_id"),
        lambda table: pd.concat([table, table.assign(tss=5)]),
        lambda table: pickle.loads(pickle.dumps(table)),
        lambda table: pd.DataFrame(table.to_dict("list")),
        lambda table: pd.DataFrame({"pcres_b": table["pcres"]}),
    ],
)
def test_assembly_of_contacts_is_known_whatever_is_done_to_the_table(lose):
    contacts = pair_table(["A", "chr1", 5000, 5100, 2.0], ["B", "chr2", 700, 800, 2.0])
    table = lose(GENE.assign(pcres=choose_pcres(GENE, contacts, name="loops")))
    table.attrs.clear()
    check_assembly({"a.bw": {"chr1": 5001, "chr2": 701}}, table=table)
    with pytest.raises(ValueError, match="loops has a contact that starts at chr2:700"):
        check_assembly({"a.bw": {"chr1": 5001, "chr2": 700}}, table=table)


def test_tables_of_another_shape_are_refused():
    for function in choose_pcres, match_contacts:
        with pytest.raises(ValueError, match="call read_contacts first"):
            function(GENE, pair_table().rename(columns={"weight": "score"}))
        with pytest.raises(ValueError, match="chrom_names"):
            function(GENE, pair_table(), chrom_names="loose")


def test_real_contacts_equal_a_group_by(h1_e003):
    genes = pd.read_csv(h1_e003 / "genes.tsv", sep="\t")
    listed = pd.read_csv(h1_e003 / "interactions.tsv", sep="\t")
    tss = listed["gene_id"].map(genes.set_index("gene_id")["tss"])
    own = listed["start"].le(tss) & tss.lt(listed["end"])
    table = listed[~own]
    assert (len(listed), own.sum()) == (346, 1)
    cells = choose_pcres(genes, read_contacts(h1_e003 / "interactions.tsv"))
    assert {len(cell) for cell in cells} == set(range(9))
    ranked = table.sort_values("score", ascending=False, kind="stable").groupby("gene_id")
    for gene, cell in zip(genes["gene_id"], cells, strict=True):
        rows = ranked.get_group(gene) if gene in ranked.groups else table.iloc[:0]
        np.testing.assert_array_equal(cell.weight, rows["score"].to_numpy(dtype=np.float32))
        assert set(intervals(cell)) == set(zip(rows["start"], rows["end"], strict=True))
    strongest = choose_pcres(genes, read_contacts(listed), max_pcres=2, weight_threshold=3)
    expected = table[table["score"] > 3].groupby("gene_id")["score"].nlargest(2)
    assert sum(map(len, strongest)) == len(expected)


CONTENT = {
    "chrom": ["chr1", "chr1"],
    "start": [500, 90_000],
    "end": [900, 95_000],
    "weight": [3.5, 1.6],
    "max_pcres": 8,
    "max_pcre_length": 40_000,
}
CELL = Pcres(**CONTENT)


def test_cell_prints_short_alone_and_in_a_table():
    assert repr(CELL) == "2 of 8 pCREs"
    table = pd.DataFrame({"gene_id": ["A"], "pcres": [CELL]})
    assert str(table).splitlines()[1].split(maxsplit=2) == ["0", "A", "2 of 8 pCREs"]


@pytest.mark.parametrize(
    "change",
    [
        {"chrom": ["chr2", "chr1"]},
        {"start": [501, 90_000]},
        {"end": [901, 95_000]},
        {"weight": [3.5, 1.5]},
        {"max_pcres": 9},
        {"max_pcre_length": 40_001},
        {"chrom": ["chr1"], "start": [500], "end": [900], "weight": [3.5]},
    ],
)
def test_cells_compare_by_value(change):
    same = Pcres(**CONTENT, origin=ContactOrigin("another list"))
    assert same == CELL
    assert hash(CELL) == hash(same)
    assert CELL != "2 of 8 pCREs"
    assert Pcres(**CONTENT | change) != CELL


def test_cell_cannot_be_changed():
    with pytest.raises(AttributeError, match="cannot be changed"):
        CELL.max_pcres = 9
    with pytest.raises(AttributeError, match="cannot be changed"):
        CELL.other = 9
    with pytest.raises(AttributeError, match="cannot be changed"):
        del CELL.start
    with pytest.raises(ValueError, match="read-only"):
        CELL.start[0] = 1
    assert not hasattr(CELL, "__dict__")


def test_cell_keeps_its_own_copy_of_the_arrays():
    start = np.array([500])
    cell = Pcres(["chr1"], start, [900], [2.0], 8, 40_000)
    start[0] = 1
    assert cell.start[0] == 500


def test_cells_survive_copies_pickle_and_joblib(tmp_path):
    joblib.dump(CELL, tmp_path / "cell.joblib")
    for twin in (
        copy.copy(CELL),
        copy.deepcopy(CELL),
        pickle.loads(pickle.dumps(CELL)),
        joblib.load(tmp_path / "cell.joblib"),
    ):
        assert twin == CELL
        for name in "start", "end", "weight":
            assert not getattr(twin, name).flags.writeable
            assert getattr(twin, name).dtype == getattr(CELL, name).dtype


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"start": [5]}, "one length"),
        ({"chrom": ["chr1"]}, "one length"),
        ({"max_pcres": 1}, "more than max_pcres=1"),
        ({"max_pcres": -1}, "max_pcres must be"),
        ({"max_pcre_length": 4999}, "5000 bp is longer than max_pcre_length=4999"),
        ({"max_pcre_length": 0}, "max_pcre_length must be"),
        ({"start": [900, 90_000]}, "at least one base"),
        ({"start": [-1, 90_000]}, "0 <= start"),
        ({"weight": [1.6, 3.5]}, "falling"),
        ({"weight": [3.5, np.nan]}, "finite"),
    ],
)
def test_cells_that_contradict_themselves_are_refused(change, needle):
    with pytest.raises(ValueError, match=needle):
        Pcres(**CONTENT | change)
