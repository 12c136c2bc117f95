"""The API reference: which page describes which public name, and how these pages are written."""

import inspect
import re
import shutil
from collections import Counter
from importlib import import_module
from pathlib import Path

# Of each room the title of its page and, under each heading, names in the order of the work.
PAGES = {
    "skchromo": {
        "Transformers and estimators": """
            InteractionTransformer BigWigTransformer WindowSummary ChromoformerClassifier
            ChromoformerRegressor ChromoformerDiffRegressor ChromoformerEmbedding load_model
        """,
        "Signal of genes": "RegionArray regions.DenseRegions",
        "Versions": "show_versions",
    },
    "skchromo.genome": {
        "Readers of files": """
            read_genes read_expression join_expression list_tracks mean_signal read_contacts
            ContactMatrix CandidateElements read_blacklist read_bins read_chromsizes check_genes
            choose_pcres
        """,
    },
    "skchromo.nn": {
        "The network (PyTorch modules)": """
            ChromoformerNetwork DeviceRegions PairNetwork attention_maps
        """,
        "Checkpoints of the reference implementation": """
            load_checkpoint save_checkpoint read_checkpoint checkpoint_sizes load_reference_state
            reference_state
        """,
    },
    "skchromo.inspection": {
        "Inspection": """
            embeddings attention attributions perturb Perturbation pcre_importance element_effects
            mark_importance count_saturation weight_saturation randomisation_check
        """,
        "Results": "Attention Attributions Effects PCREImportance MarkImportance Saturation",
        "Displays": """
            GeneDisplay AttentionDisplay MarkImportanceDisplay PCREImportanceDisplay
            LearningHistoryDisplay CRISPRiDisplay
        """,
        "Files for genome browsers and benchmarks": """
            to_bigwig to_bedgraph to_bedpe to_interact to_crispr_comparison
        """,
    },
    "skchromo.evaluation": {
        "Checks of data, labels, folds, scores and controls": """
            check_data DataReport high_low chromoformer_folds gene_mean_baseline shuffle_pcres
            pearson_r pearson_scorer
        """,
        "CRISPRi screens": "crispri_scores match_elements",
    },
    "skchromo.datasets": {
        "Data, simulated and public": "make_epigenome",
        "Public data": """
            fetch_chromoformer_demo fetch_roadmap fetch_encode fetch_contacts fetch_crispri
            get_data_home clear_data_home
        """,
    },
}


def full_names():
    """List every name of the reference with its room."""
    return [
        f"{room}.{name}"
        for room, sections in PAGES.items()
        for names in sections.values()
        for name in names.split()
    ]


def get(name):
    """Import what a full name stands for."""
    room, _, name = name.rpartition(".")
    return getattr(import_module(room), name)


def file_names():
    """Name the pages that a file system without upper and lower case would mix up."""
    names = full_names()
    times = Counter(name.lower() for name in names)
    return {
        name: f"{name}-function"
        for name in names
        if times[name.lower()] > 1 and inspect.isfunction(get(name))
    }


def foreign_names():
    """Return a pattern of the references that may lead nowhere: names of other packages."""
    public = "|".join({re.escape(name.rpartition(".")[2]) for name in full_names()})
    return rf"(?!skchromo\b)(?!({public})$).*"


def write_pages(folder):
    """Write a page for each room and the page that lists them; remove the pages of old names."""
    shutil.rmtree(folder / "api", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    listing = f"{_headed('API reference')}\nEach name, and what it is for, by room.\n"
    for room, sections in PAGES.items():
        file, title = f"api-{room.replace('.', '-')}", next(iter(sections))
        (folder / f"{file}.rst").write_text(page_of(room), encoding="utf-8")
        names = " ".join(sections.values()).split()
        entries = "".join(f"   {name}\n" for name in names)
        listing += f"\n{_headed(title, '-')}\n.. toctree::\n   :hidden:\n\n   {title} <{file}>\n"
        listing += f"\n.. currentmodule:: {room}\n\n.. autosummary::\n\n{entries}"
    (folder / "api.rst").write_text(listing, encoding="utf-8")


def page_of(room):
    """Return the page of a room; each name has a page of its own, values stand on this one."""
    parts = []
    for heading, names in PAGES[room].items():
        parts.append(_headed(heading, "-" if parts else "="))
        if len(parts) == 1:
            parts.append(f".. module:: {room}\n\n{inspect.getdoc(import_module(room))}\n")
        values = [name for name in names.split() if not is_described(f"{room}.{name}")]
        entries = "\n".join(f"   {name}" for name in names.split() if name not in values)
        parts.append(f".. autosummary::\n   :toctree: api\n\n{entries}\n")
        parts += [_value(room, name) for name in values]
    return "\n".join(parts)


def is_described(name):
    """Return whether a full name is a class or function, and not an instance."""
    return inspect.isclass(get(name)) or inspect.isfunction(get(name))


def _value(room, name):
    """Describe a value by the comment before it, which starts with ``#:``."""
    value, folder = get(f"{room}.{name}"), Path(import_module(room).__file__).parent
    comment = rf"((?:^#: .*\n)+){name} = "
    found = [re.search(comment, p.read_text("utf-8"), re.MULTILINE) for p in folder.glob("*.py")]
    (text,) = (match[1].replace("#: ", "   ") for match in found if match)
    gallery = f"   .. minigallery:: {room}.{name}\n"
    return f".. data:: {name}\n   :value: {value!r}\n\n{text}\n{gallery}"


def _headed(title, line="="):
    return f"{title}\n{line * len(title)}\n"
