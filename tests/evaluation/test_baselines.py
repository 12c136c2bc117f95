"""The shuffled control; tests/features/test_samples.py has the baseline of gene means."""

import numpy as np
import pandas as pd
import pytest

from skchromo import InteractionTransformer
from skchromo.evaluation import shuffle_pcres


@pytest.fixture
def genes():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "gene_id": [f"G{i}" for i in range(40)],
            "chrom": np.repeat(["chr1", "chr2"], 20),
            "tss": np.arange(40) * 100_000 + 500,
            "strand": "+",
            "sample": np.tile(["A", "B"], 20),
        },
        index=rng.permutation(40),
    )
    contacts = pd.DataFrame(
        {
            "gene_id": table["gene_id"],
            "chrom": table["chrom"],
            "start": np.arange(40) * 1_000 + 20_000,
            "end": np.arange(40) * 1_000 + 21_000,
            "score": 2.0,
        }
    )
    contacts = {sample: contacts[(table["sample"] == sample).to_numpy()] for sample in ("A", "B")}
    return InteractionTransformer(contacts).fit_transform(table)


def test_shuffling_moves_whole_sets_within_chromosome_and_sample(genes):
    before = genes["pcres"].tolist()
    shuffled = shuffle_pcres(genes, random_state=0)
    assert genes["pcres"].tolist() == before, "the given table is not changed"
    pd.testing.assert_frame_equal(shuffled.drop(columns="pcres"), genes.drop(columns="pcres"))
    moved = [a is not b for a, b in zip(shuffled["pcres"], before)]
    assert np.mean(moved) > 0.7
    for key, rows in genes.groupby(["chrom", "sample"]).groups.items():
        starts = [
            sorted(int(cell.start[0]) for cell in table.loc[rows, "pcres"])
            for table in (genes, shuffled)
        ]
        assert starts[0] == starts[1], key
    again = shuffle_pcres(genes, random_state=0)
    assert again["pcres"].tolist() == shuffled["pcres"].tolist()
    other = shuffle_pcres(genes, random_state=1)
    assert other["pcres"].tolist() != shuffled["pcres"].tolist()


def test_shuffling_without_pcres_is_refused(genes):
    with pytest.raises(ValueError, match="column pcres: see InteractionTransformer"):
        shuffle_pcres(genes.drop(columns="pcres"))
