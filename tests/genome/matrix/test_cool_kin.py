"""Coolers of older programs and other layouts: read by their tables, or refused by name."""

import gzip
import time
import tracemalloc

import h5py
import numpy as np
import pandas as pd
import pytest

from skchromo import ContactMatrix, InteractionTransformer

GENES = pd.DataFrame({"gene_id": ["A"], "chrom": ["chr1"], "tss": [55_000], "strand": ["+"]})
# of the bins of 10 kb, and of 20 kb
CONTACTS = {
    10_000: [(90_000, 100_000, 8.0), (120_000, 130_000, 4.0), (10_000, 20_000, 3.0)],
    20_000: [(120_000, 140_000, 9.0), (0, 20_000, 2.0)],
}
ABOUT = {"format": "HDF5::Cooler", "format-version": 3, "bin-type": "fixed", "nnz": 3}


def fill(group, width, sizes=None, **attributes):
    """Write the tables of a cooler; the first chromosome holds the contacts of bins of 50 kb."""
    sizes = sizes or {"chr1": 300_000}
    own, pixels = 50_000 // width, []
    for start, _, count in CONTACTS[width]:
        pixels.append((*sorted((own, start // width)), int(count)))
    first, second, count = np.array(sorted(pixels)).T
    n_bins = [-(-size // width) for size in sizes.values()]
    start = np.concatenate([np.arange(n) * width for n in n_bins])
    end = np.minimum(start + width, np.repeat(list(sizes.values()), n_bins))
    tables = {
        "chroms/name": np.array(list(sizes), dtype="S"),
        "chroms/length": np.array(list(sizes.values()), dtype="i4"),
        "bins/chrom": np.repeat(np.arange(len(sizes), dtype="i4"), n_bins),
        "bins/start": start.astype("i4"),
        "bins/end": end.astype("i4"),
        "pixels/bin1_id": first,
        "pixels/bin2_id": second,
        "pixels/count": count.astype("i4"),
        "indexes/bin1_offset": np.searchsorted(first, np.arange(len(start) + 1)),
        "indexes/chrom_offset": np.cumsum([0, *n_bins]),
    }
    for name, values in tables.items():
        group[name] = values
    about = ABOUT | {"bin-size": width, "storage-mode": "symmetric-upper"} | attributes
    group.attrs.update({name: value for name, value in about.items() if value is not None})


@pytest.fixture
def write(tmp_path):
    def write(groups, name="a.mcool", **attributes):
        with h5py.File(tmp_path / name, "w") as file:
            for group, width in groups.items():
                fill(file.require_group(group), width, **attributes)
        return str(tmp_path / name)

    return write


def contacts(path, **settings):
    found = ContactMatrix(path, value="observed", **settings).contacts_of(GENES)
    return list(found[["start", "end", "score"]].itertuples(index=False, name=None))


def test_mcool_without_attributes_at_its_root_is_read(write):
    path = write({f"resolutions/{width}": width for width in CONTACTS})
    for width, expected in CONTACTS.items():
        assert contacts(path, resolution=width) == expected
        assert contacts(f"{path}::resolutions/{width}") == expected
    with pytest.raises(ValueError, match=r"one of 10000, 20000 \(bp\).*::resolutions/10000"):
        contacts(path)
    alone = write({"resolutions/20000": 20_000}, "alone.mcool")
    assert contacts(alone) == CONTACTS[20_000]


def test_zoom_levels_are_groups_that_can_be_named(write):
    path = write({"0": 20_000, "1": 10_000})
    matrix = ContactMatrix(path)
    assert matrix.resolutions == (10_000, 20_000)
    assert matrix.chromsizes == {"chr1": 300_000}
    assert contacts(path, resolution=10_000) == CONTACTS[10_000]
    assert contacts(f"{path}::1") == contacts(f"{path}::/1") == CONTACTS[10_000]
    assert ContactMatrix(f"{path}::0").resolutions == (10_000, 20_000)
    assert contacts(f"{path}::0") == CONTACTS[20_000]
    listed = r"10000 \(group 1\), 20000 \(group 0\)"
    for settings in {}, {"resolution": 5_000}:
        with pytest.raises(ValueError, match=listed):
            contacts(path, **settings)
    with pytest.raises(ValueError, match=f"no matrix in a group '7': it has {listed}"):
        contacts(f"{path}::7")
    table = InteractionTransformer(f"{path}::1", weight_threshold=None).fit_transform(GENES)
    assert len(table["pcres"][0]) == 3


def test_groups_of_one_resolution_are_not_chosen_from(write):
    path = write({"a": 10_000, "b": 10_000})
    with pytest.raises(ValueError, match=r"several matrices of 10000 bp, in the groups a, b: name"):
        contacts(path, resolution=10_000)
    assert contacts(f"{path}::b") == CONTACTS[10_000]


@pytest.mark.parametrize(
    "attributes",
    [
        dict.fromkeys([*ABOUT, "bin-size", "storage-mode"]),
        {"format": None, "format-version": None},
        {"bin-type": None},
        {"bin-size": None},
        {"format-version": "2", "storage-mode": None},
        {"bin-size": 10_000.0, "nnz": None},
        {
            "format": np.bytes_("HDF5::Cooler"),
            "bin-size": np.bytes_("10000"),
            "bin-type": np.array([np.bytes_("fixed")]),
            "storage-mode": np.array([np.bytes_("symmetric-upper")]),
        },
    ],
)
def test_attributes_of_older_programs_do_not_matter(write, attributes):
    assert contacts(write({"/": 10_000}, "a.cool", **attributes)) == CONTACTS[10_000]


def test_thousands_of_scaffolds_take_no_time(write):
    sizes = {"chr1": 300_000} | {f"scaffold_{i}": 100_000 for i in range(20_000)}
    path = write({"/": 10_000}, "many.cool", sizes=sizes)
    start = time.perf_counter()
    assert len(ContactMatrix(path).chromsizes) == 20_001
    assert contacts(path) == CONTACTS[10_000]
    # hictk needs minutes
    assert time.perf_counter() - start < 10


def test_file_is_opened_once_a_call(write, monkeypatch):
    opened, open_file = [], h5py.File.__init__

    def counted(self, name, *arguments, **settings):
        if isinstance(name, str):
            opened.append(name)
        open_file(self, name, *arguments, **settings)

    path = write({"0": 20_000, "1": 10_000})
    monkeypatch.setattr(h5py.File, "__init__", counted)
    matrix = ContactMatrix(path, resolution=10_000)
    for read in (
        lambda: matrix.contacts_of(GENES),
        lambda: matrix.chromsizes,
        lambda: matrix.resolutions,
        lambda: matrix.balance_used,
    ):
        opened.clear()
        read()
        assert len(opened) == 1


def test_single_cells_are_refused_and_one_may_be_named(write):
    path = write({"cells/A": 10_000, "cells/B": 10_000}, "a.scool")
    with pytest.raises(ValueError, match=r"a \.scool of 2 single cells.*a\.scool::cells/A$"):
        contacts(path)
    with pytest.raises(ValueError, match=r"a \.scool of 2 single cells"):
        InteractionTransformer(path).fit_transform(GENES)
    assert contacts(f"{path}::cells/B") == CONTACTS[10_000]


def test_matrix_of_both_directions_is_refused(write):
    path = write({"/": 10_000}, "a.cool", **{"storage-mode": "square"})
    with pytest.raises(ValueError, match=r"stored as 'square'.*cooler load -f coo"):
        contacts(path)


def test_bins_that_do_not_fit_the_stated_size_are_refused(write):
    path = write({"/": 10_000}, "a.cool", **{"bin-size": 20_000})
    with pytest.raises(ValueError, match="chromosomes and bins of 20000 bp do not fit together"):
        contacts(path)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["X", "obs", "var"], "an AnnData file"),
        (["intervals", "matrix", "nan_bins"], "HiCExplorer's own format: .*hicConvertFormat -m"),
        (["scaffolds", "bins", "matrix"], "the first version of cooler's format"),
        (["a", "b"], r"HDF5 file, but not a \.cool or \.mcool: .*\(it holds a, b\)"),
    ],
)
def test_other_hdf5_files_are_refused_by_name(tmp_path, names, message):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in names:
            file.create_group(name)
    with pytest.raises(ValueError, match=message) as caught:
        contacts(tmp_path / "a.h5")
    assert "fetch or write it again" not in str(caught.value)


def test_compressed_matrix_is_refused_with_the_command(write, tmp_path):
    packed = tmp_path / "a.cool.gz"
    with open(write({"/": 10_000}, "a.cool"), "rb") as file:
        packed.write_bytes(gzip.compress(file.read()))
    with pytest.raises(ValueError, match=r"cannot be used: it is compressed: .*gunzip -c"):
        contacts(packed)


def test_weights_whose_direction_is_not_known_are_refused(write):
    path = write({"/": 10_000}, "a.cool", **{"generated-by": "hic2cool-0.4.2"})
    with h5py.File(path, "r+") as file:
        for name in "own", "KR", "stated":
            file[f"bins/{name}"] = np.full(30, 2.0)
        file["bins/stated"].attrs["divisive_weights"] = False
    with pytest.raises(ValueError, match=r"weights 'own' divide or multiply is not known: set bal"):
        contacts(path, balance="own")
    with pytest.raises(ValueError, match=r"'KR' were written by hic2cool-0\.4\.2.*hic2cool update"):
        contacts(path)
    assert [row[2] for row in contacts(path, balance="stated")] == [32.0, 16.0, 12.0]
    with h5py.File(path, "r+") as file:
        file.attrs["generated-by"] = "hic2cool-0.8.3"
    assert [row[2] for row in contacts(path, balance="KR")] == [2.0, 1.0, 0.75]


@pytest.mark.parametrize("last", [False, True])
def test_index_that_lost_a_part_is_damaged(write, last):
    path = write({"/": 10_000}, "a.cool")
    with h5py.File(path, "r+") as file:
        file["indexes/bin1_offset"][20 if last else 3 :] = 0
    with pytest.raises(ValueError, match=r"the index of its contacts is damaged\): fetch or write"):
        contacts(path)


def shorten(name):
    def change(file):
        values = file[name][:-1]
        del file[name]
        file[name] = values

    return change


def put(name, place, value, kind=None):
    def change(file):
        values = file[name][:]
        values = values if kind is None else values.astype(kind)
        values[place] = value
        del file[name]
        file[name] = values

    return change


def weights(*values):
    def change(file):
        file["bins/weight"] = np.resize(np.array(values, dtype=float), 30)

    return change


# The pixels are (1, 5), (5, 9) and (5, 12).
DISAGREE = {
    "a row in the wrong place": (put("indexes/bin1_offset", slice(2, 6), 0), "the index of its"),
    "rows that are exchanged": (put("pixels/bin1_id", 1, 4), "the index of its contacts"),
    "a falling row": (put("pixels/bin1_id", slice(0, 2), [5, 1]), "the index of its contacts"),
    "a falling column": (put("pixels/bin2_id", slice(1, 3), [12, 9]), "are not in order"),
    "a column below the diagonal": (put("pixels/bin2_id", 1, 2), "are not in order"),
    "a bin behind the last": (put("pixels/bin2_id", 2, 30), "with bins that it does not have"),
    "a bin of another genome": (put("pixels/bin2_id", 2, 10**6), "with bins that it does not"),
    "a bin before the first": (put("pixels/bin2_id", 0, -1), "are not in order"),
    "bins in another order": (put("bins/start", slice(3, 5), [40_000, 30_000]), "its bins on chr1"),
    "bins of another size": (put("bins/start", slice(None), 7), "its bins on chr1 are not where"),
    "fewer counts": (shorten("pixels/count"), "the index of its contacts is damaged"),
    "fewer bins": (shorten("bins/start"), "do not fit together"),
    "NaN as a count": (
        put("pixels/count", 1, np.nan, float),
        "holds NaN or infinite counts on chr1",
    ),
    "an infinite count": (put("pixels/count", 1, np.inf, float), "holds NaN or infinite counts"),
    "a negative count": (put("pixels/count", 1, -2), "holds negative values on chr1"),
    "a negative weight": (weights(1, -0.5), "has negative weights 'weight' on chr1: balance the"),
    "weights of NaN": (weights(np.nan), "has weights 'weight' that mask all bins at 10000 bp"),
    "fewer weights": (lambda file: file.create_dataset("bins/weight", data=np.ones(29)), "one for"),
}


@pytest.mark.parametrize("case", DISAGREE)
@pytest.mark.parametrize("value", ["oe", "observed"])
def test_parts_that_disagree_are_refused(write, case, value):
    change, message = DISAGREE[case]
    path = write({"/": 10_000}, "a.cool")
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(ValueError, match=rf"a\.cool' .*{message}.*(again|balance=|needed)"):
        ContactMatrix(path, value=value, min_separation=0).contacts_of(GENES)


@pytest.mark.parametrize(
    "name", ["chroms/length", "bins/start", "bins/weight", "indexes/bin1_offset"]
)
def test_column_that_claims_to_be_huge_is_refused_before_it_is_read(write, name):
    path = write({"/": 10_000}, "a.cool")
    with h5py.File(path, "r+") as file:
        if name != "bins/weight":
            del file[name]
        file.create_dataset(name, shape=(1 << 40,), dtype="i4", chunks=(1 << 20,))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"a\.cool' .*(claims|fit together|one for each)"):
            contacts(path)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
