"""The reference package as oracle: its inputs written from bigWigs, its networks run on the CPU."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pyBigWig
import torch
from chromoformer.data import ChromoformerDataset
from chromoformer.net import ChromoformerClassifier, ChromoformerRegressor

# The order in which the published models take their tracks.
MARKS = ["H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3", "H3K27ac", "H3K9ac"]
BIN_SIZES = (2000, 500, 100)
NETS = {"classifier": ChromoformerClassifier, "regressor": ChromoformerRegressor}


def read_tables(folder):
    """Gene table and contacts of the real sample, as the reference would be given them."""
    genes = pd.read_csv(folder / "genes.tsv", sep="\t")
    contacts = pd.read_csv(folder / "interactions.tsv", sep="\t")
    return genes, contacts


def write_inputs(folder, output, **options):
    """Write one .npy a region and the metadata CSV; return the reference's dataset.

    skchromo is not used: signal comes from pyBigWig, contacts are sorted by pandas.
    """
    genes, contacts = read_tables(folder)
    handles = [pyBigWig.open(str(folder / f"{mark}.bw")) for mark in MARKS]

    def write(chrom, start, end):
        signal = np.stack([h.values(chrom, start, end, numpy=True) for h in handles])
        np.save(output / f"{chrom}:{start}-{end}.npy", np.nan_to_num(signal).astype(np.float16))
        return f"{chrom}:{start}-{end}"

    rows = []
    for gene in genes.itertuples():
        write(gene.chrom, gene.tss - 20_000, gene.tss + 20_000)
        mine = contacts[contacts.gene_id == gene.gene_id]
        mine = mine[(mine.start > gene.tss) | (mine.end <= gene.tss)]  # not the promoter's own
        mine = mine.sort_values("score", ascending=False, kind="stable").head(8)
        places = [write(*place) for place in zip(mine.chrom, mine.start, mine.end)]
        rows.append(
            {
                "gene_id": gene.gene_id,
                "label": 0,
                "expression": gene.expression,
                "chrom": gene.chrom,
                "start": gene.tss,
                "end": gene.tss + 1,
                "strand": gene.strand,
                "neighbors": ";".join(places) or None,
                "scores": ";".join(map(repr, mine.score)) or None,
            }
        )
    for handle in handles:
        handle.close()
    pd.DataFrame(rows).to_csv(output / "meta.csv", index=False)
    return ChromoformerDataset(output / "meta.csv", output, list(genes.gene_id), **options)


def collate(dataset, rows=None):
    """Genes of the reference's dataset, by default all, as one batch."""
    rows = range(len(dataset)) if rows is None else rows
    return torch.utils.data.default_collate([dataset[i] for i in rows])


def make(kind, sharpness=1.0, seed=42, dtype=torch.float32):
    """A reference network at its initial weights, queries, keys and values times `sharpness`."""
    network = NETS[kind](seed=seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.split(".")[-2] in ("att", "p_att", "c_att"):
                gate = len(parameter) // 4 if name.startswith("regulation") else 0
                parameter[: len(parameter) - gate] *= sharpness
    return network.to(dtype)


def run(network, batch, dtype=torch.float32):
    """Output of a reference network, (n_genes, n_outputs)."""

    def cast(part):
        if isinstance(part, dict):
            return {key: cast(value) for key, value in part.items()}
        return part.to(dtype) if part.is_floating_point() else part

    return network(
        cast(batch["promoter_feats"]),
        batch["promoter_pad_masks"],
        cast(batch["pcre_feats"]),
        batch["pcre_pad_masks"],
        batch["interaction_masks"],
        cast(batch["interaction_freq"]),
    )


@contextmanager
def nearest_kinks(network, batch):
    """Smallest distance from 0 of each gene's live ReLU inputs, (n_genes,), in runs within.

    Where an input is within rounding of 0 two correct programs may differ in its derivative.
    Dead rows (all but centre bins, absent pCREs, other regions in the last layer) do not count.
    """
    n_genes = len(batch["interaction_freq"])
    present = ~batch["interaction_masks"][2000][:, 0, 0]
    nearest = torch.full((n_genes,), torch.inf)

    def hook(name):
        def look(module, args, output):
            room = name.split(".")[0]
            distance = output.detach().abs().amin(dim=-1)
            if room == "embed":
                distance = distance[:, distance.shape[1] // 2]
            elif room == "pairwise_interaction":
                distance = distance[:, distance.shape[1] // 2].view(n_genes, -1)
                distance = distance.masked_fill(~present[:, 1:], torch.inf).amin(dim=1)
            elif room == "regulation":
                distance = distance.masked_fill(~present, torch.inf)
                last = ".layers.5." in name
                distance = distance[:, 0] if last else distance.amin(dim=1)
            nearest.copy_(torch.minimum(nearest, distance.float()))

        return look

    hooks = [
        module.register_forward_hook(hook(name))
        for name, module in network.named_modules()
        if name.endswith((".l1", "fc_head.0"))
    ]
    yield nearest
    for handle in hooks:
        handle.remove()
