"""make_epigenome: a simulated genome in the field's own files, with the truth."""

import numbers
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state, check_scalar

from ..._files import whole_file
from ._depth import TRACKS, depth_of, write_depth
from ._landscape import KINDS, draw_activity, draw_landscape, plant_effects, sum_by_gene

_LEAST_GENES = 10  # on a chromosome, so that each gene finds its elements


def make_epigenome(
    folder,
    *,
    n_genes=2_000,
    n_chroms=8,
    n_samples=1,
    tracks=TRACKS,
    distal_share=0.2,
    planted_r=0.85,
    changing=0.3,
    random_state=None,
):
    """Simulate a genome: write its files, and return the truth behind its expression.

    bigWig tracks, contacts, a gene table and an expression table, as a lab has them. Active
    promoters carry H3K4me3, H3K27ac and H3K9ac, with H3K4me1 beside them and H3K36me3 along the
    gene; many silent ones lie in broad H3K27me3; H3K9me3 means nothing. Expression follows
    the promoter and, by contact weight, those distal elements that are enhancers (H3K4me1 and
    H3K27ac) and in a contact above weight 1.5. Other elements are there to mislead: promoter-like
    ones with as much H3K27ac, enhancers in weaker contacts, enhancers without contact.

    Parameters
    ----------
    folder : str or Path
        Where the files go; made if it is not there.
    n_genes : int, default=2_000
        Genes, about 100 kb apart; at least 10 a chromosome.
    n_chroms : int, default=8
        Chromosomes ``chr1``, ``chr2``, ..., with the same number of genes each.
    n_samples : int, default=1
        Samples (cell types), named ``sample1``, ``sample2``, ...
    tracks : sequence of str, default=("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", \
            "H3K36me3", "H3K27ac", "H3K9ac")
        Marks to write, any of these seven. Expression does not depend on which are written.
    distal_share : float, default=0.2
        Share of the variance of the planted function that distal elements make, 0 to 1.
    planted_r : float, default=0.85
        Pearson's r between the planted function and log2(expression + 1): noise is added
        until nothing can be expected to predict better. Above 0, at most 1 (no noise).
    changing : float, default=0.3
        Probability that a gene, an element or the weight of a contact is drawn anew in the second
        and every further sample; 0 to 1.
    random_state : int, RandomState instance or None, default=None
        The same int gives the same files.

    Returns
    -------
    epigenome : Bunch
        Dictionary with these entries, which are attributes too:

        genes : DataFrame
            Gene table ``gene_id chrom tss strand``, with ``sample`` where there are several: a
            row for each gene in each sample.
        expression : Series
            Expression of each row of `genes`, 0 or more.
        tracks : dict of str to Path, or DataFrame
            bigWig file of each mark, or with several samples a table ``sample track path``. Values
            are read depths: small whole numbers, left out where they are 0.
        contacts : Path, or dict of str to Path
            BEDPE with header, or one for each sample; the first fragment holds the TSS.
        paths : dict of str to Path
            ``"genes"``: the gene table, each gene once; ``"expression"``: genes x samples; both
            tab-separated.
        truth : Bunch
            ``genes``: for each row of `genes` its ``gene_id``, ``sample``, the ``planted``
            function, which is the sum of ``promoter`` and ``distal`` parts, and ``noise``, on the
            scale of log2(expression + 1), which is ``planted + noise``.
            ``elements``: for each gene, sample and distal element ``gene_id sample chrom start end
            weight contact kind contribution``. ``contact`` is "used" (above 1.5), "weak" (below)
            or "none" (``weight`` is NaN); ``kind`` is what the element is; ``contribution`` is its
            part of ``distal``, 0 for all but enhancers in used contacts.

    Raises
    ------
    FileExistsError
        If a file to be written is there already: nothing is overwritten.
    ValueError
        If a parameter is out of range, or a track has another name.

    See Also
    --------
    skchromo.evaluation.shuffle_pcres : Control for the use of contacts.

    Notes
    -----
    Numbers follow the 100 genes of the published H1 demo (Lee, Yang and Kim, Nature
    Communications 2022, doi 10.1038/s41467-022-34152-5): 11 % of genes without pCRE, 8 % with
    one, 58 % with eight, fragments of 1.8 to 30.5 kb with median 5.3 kb, distances to the TSS with
    median 190 kb, weights of 1.5 to 12.3 with median 1.86. Fragments cover the
    chromosomes without overlap; one may be an element of several genes.

    Examples
    --------
    >>> import tempfile
    >>> from skchromo.datasets import make_epigenome
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = make_epigenome(folder, n_genes=40, n_chroms=2, random_state=0)
    >>> made.genes.shape, sorted(made.tracks)[:3], made.contacts.name
    ((40, 4), ['H3K27ac', 'H3K27me3', 'H3K36me3'], 'contacts.bedpe')
    >>> sorted(made.truth.elements["contact"].unique())
    ['none', 'used', 'weak']
    """
    _check_parameters(n_genes, n_chroms, n_samples, distal_share, planted_r, changing)
    tracks = _check_tracks(tracks)
    samples = [f"sample{i}" for i in range(1, n_samples + 1)]
    files = _Files(Path(folder), samples, tracks)
    seed = check_random_state(random_state).randint(2**31)
    rng = np.random.default_rng((seed, 0))
    landscape = draw_landscape(rng, n_genes, n_chroms)
    activities = [draw_activity(rng, landscape)]
    for _ in samples[1:]:
        activities.append(draw_activity(rng, landscape, activities[0], changing))
    rng = np.random.default_rng((seed, 1))
    parts = plant_effects(landscape, activities, distal_share)
    truth = Bunch(
        genes=_gene_truth(rng, landscape, samples, *parts, planted_r),
        elements=_element_truth(landscape, samples, activities, parts[1]),
    )
    for i, (sample, activity) in enumerate(zip(samples, activities)):
        _write_contacts(files.contacts[sample], landscape, activity)
        for track in tracks:
            # A stream of its own: leaving out a track changes no other.
            rng = np.random.default_rng((seed, 2, i, TRACKS.index(track)))
            depths = (
                (chrom, depth_of(rng, landscape, activity, track, chrom))
                for chrom in landscape.chromsizes
            )
            write_depth(files.bigwigs[sample, track], landscape.chromsizes, depths)
    return _write_tables(files, landscape, truth)


class _Files:
    """Paths of all files, refused if one exists; a sample's name leads where there are several."""

    def __init__(self, folder, samples, tracks):
        prefix = {sample: f"{sample}-" if len(samples) > 1 else "" for sample in samples}
        self.bigwigs = {(s, t): folder / f"{prefix[s]}{t}.bw" for s in samples for t in tracks}
        self.contacts = {s: folder / f"{prefix[s]}contacts.bedpe" for s in samples}
        self.tables = {name: folder / f"{name}.tsv" for name in ("genes", "expression")}
        for path in [*self.bigwigs.values(), *self.contacts.values(), *self.tables.values()]:
            if path.exists():
                raise FileExistsError(
                    f"{path} is there already: choose another folder, or an empty one"
                )
        folder.mkdir(parents=True, exist_ok=True)


def _check_parameters(n_genes, n_chroms, n_samples, distal_share, planted_r, changing):
    """Refuse a parameter that is out of range."""
    check_scalar(n_chroms, "n_chroms", numbers.Integral, min_val=1)
    check_scalar(n_samples, "n_samples", numbers.Integral, min_val=1)
    check_scalar(n_genes, "n_genes", numbers.Integral, min_val=_LEAST_GENES * n_chroms)
    check_scalar(distal_share, "distal_share", numbers.Real, min_val=0, max_val=1)
    check_scalar(changing, "changing", numbers.Real, min_val=0, max_val=1)
    limits = {"min_val": 0, "max_val": 1, "include_boundaries": "right"}
    check_scalar(planted_r, "planted_r", numbers.Real, **limits)


def _check_tracks(tracks):
    """Return tracks as a tuple; refuse one that cannot be simulated."""
    tracks = (tracks,) if isinstance(tracks, str) else tuple(tracks)
    unknown = [str(track) for track in tracks if track not in TRACKS]
    if unknown or not tracks or len(set(tracks)) < len(tracks):
        raise ValueError(
            f"tracks must be distinct names from {', '.join(TRACKS)}; got "
            f"{', '.join(map(str, tracks))}"
        )
    return tracks


def _gene_truth(rng, landscape, samples, promoter, contribution, planted_r):
    """Return the parts of each row's expression, on the scale of log2(expression + 1)."""
    distal = sum_by_gene(landscape, contribution)
    planted = promoter + distal
    sd = planted.std() * np.sqrt(1 / planted_r**2 - 1)
    noise = rng.normal(scale=sd, size=planted.shape)
    # The least expressed gene is at 0: expression cannot be negative, and nothing is cut off.
    shift = -(planted + noise).min()
    parts = {
        "planted": planted + shift,
        "promoter": promoter + shift,
        "distal": distal,
        "noise": noise,
    }
    table = {
        "gene_id": np.tile(landscape.genes["gene_id"], len(samples)),
        "sample": np.repeat(samples, len(landscape.genes)),
    }
    return pd.DataFrame(table | {name: part.ravel() for name, part in parts.items()})


def _element_truth(landscape, samples, activities, contribution):
    """Return every element of every gene in every sample, with its kind and its effect."""
    elements = landscape.elements
    gene = landscape.genes["gene_id"].to_numpy()[elements["gene"]]
    fragments = landscape.fragments.iloc[elements["fragment"]].reset_index(drop=True)
    kinds = np.array(KINDS)
    tables = []
    for sample, activity, part in zip(samples, activities, contribution):
        table = pd.DataFrame({"gene_id": gene, "sample": sample}).join(fragments)
        table["weight"] = activity.weight
        table["contact"] = elements["contact"]
        table["kind"] = kinds[activity.kind[elements["fragment"]]]
        table["contribution"] = part
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _write_contacts(path, landscape, activity):
    """Write the contacts as BEDPE, the gene's own fragment first."""
    elements = landscape.elements
    rows = np.flatnonzero(elements["contact"] != "none")
    own, other = (
        landscape.fragments.iloc[elements[side].iloc[rows]].reset_index(drop=True)
        for side in ("own", "fragment")
    )
    table = own.add_suffix("1").join(other.add_suffix("2"))
    table["name"] = "."
    table["score"] = activity.weight[rows]
    _write_table(path, table, index=False)


def _write_table(path, table, index):
    with whole_file(path) as file:
        table.to_csv(file, sep="\t", index=index)


def _write_tables(files, landscape, truth):
    """Write genes and expression, and return all that was made."""
    genes = landscape.genes.drop(columns="body")
    samples = list(files.contacts)
    expression = np.maximum(2 ** (truth.genes["planted"] + truth.genes["noise"]) - 1, 0)
    _write_table(files.tables["genes"], genes, index=False)
    wide = expression.to_numpy().reshape(len(samples), len(genes)).T
    wide = pd.DataFrame(wide, index=genes["gene_id"], columns=samples)
    _write_table(files.tables["expression"], wide, index=True)
    if len(samples) == 1:
        tracks = {track: path for (_, track), path in files.bigwigs.items()}
        contacts = files.contacts[samples[0]]
    else:
        rows = [(sample, track, path) for (sample, track), path in files.bigwigs.items()]
        tracks = pd.DataFrame(rows, columns=["sample", "track", "path"])
        contacts = files.contacts
        genes = pd.concat([genes] * len(samples), ignore_index=True)
        genes["sample"] = truth.genes["sample"]
    return Bunch(
        genes=genes,
        expression=expression.rename("expression"),
        tracks=tracks,
        contacts=contacts,
        paths=files.tables,
        truth=truth,
    )
