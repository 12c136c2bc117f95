"""The public names: the root's and each room's, written out, so that a new one is a decision."""

import ast
import importlib
from pathlib import Path

import pytest

import skchromo

ROOMS = {
    "regions": """DenseRegions RegionArray""",
    "genome": """
        CandidateElements ContactMatrix check_genes choose_pcres join_expression list_tracks
        mean_signal read_bins read_blacklist read_chromsizes read_contacts read_expression
        read_genes
    """,
    "features": """BigWigTransformer InteractionTransformer WindowSummary""",
    "nn": """
        ChromoformerNetwork DeviceRegions PairNetwork attention_maps checkpoint_sizes
        load_checkpoint load_reference_state read_checkpoint reference_state save_checkpoint
    """,
    "estimators": """
        ChromoformerClassifier ChromoformerDiffRegressor ChromoformerRegressor load_model
    """,
    "inspection": """
        AttentionDisplay CRISPRiDisplay ChromoformerEmbedding GeneDisplay LearningHistoryDisplay
        MarkImportanceDisplay PCREImportanceDisplay Perturbation attention attributions
        count_saturation element_effects embeddings mark_importance pcre_importance perturb
        randomisation_check to_bedgraph to_bedpe to_bigwig to_crispr_comparison to_interact
        weight_saturation
    """,
    "evaluation": """
        check_data chromoformer_folds crispri_scores gene_mean_baseline high_low match_elements
        pearson_r pearson_scorer shuffle_pcres
    """,
    "datasets": """
        clear_data_home fetch_chromoformer_demo fetch_contacts fetch_crispri fetch_encode
        fetch_roadmap get_data_home make_epigenome
    """,
}
# These are also at the root.
FIRST = """
    BigWigTransformer CandidateElements ChromoformerClassifier ChromoformerDiffRegressor
    ChromoformerEmbedding ChromoformerRegressor ContactMatrix InteractionTransformer RegionArray
    WindowSummary load_model
"""


def room_of(name):
    (room,) = (room for room, names in ROOMS.items() if name in names.split())
    return room


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_of_room_are_as_listed(room):
    face = importlib.import_module(f"skchromo.{room}")
    assert face.__all__ == ROOMS[room].split()
    assert all(hasattr(face, name) for name in face.__all__)


def test_public_names_of_root_are_as_listed():
    assert set(skchromo.__all__) == {"__version__", "show_versions", *FIRST.split(), *ROOMS}
    assert dir(skchromo) == sorted(skchromo.__all__)


def test_public_names_are_at_most_eighty():
    assert len({name for names in ROOMS.values() for name in names.split()}) <= 80


@pytest.mark.parametrize("name", FIRST.split())
def test_name_at_root_is_that_of_its_room(name):
    room = importlib.import_module(f"skchromo.{room_of(name)}")
    assert getattr(skchromo, name) is getattr(room, name)


@pytest.mark.parametrize("room", ROOMS)
def test_room_is_found_without_an_import_of_its_own(room):
    assert skchromo.__getattr__(room) is importlib.import_module(f"skchromo.{room}")


def test_unknown_name_at_root_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Chromoformer'"):
        _ = skchromo.Chromoformer


def test_imports_for_editors_are_the_names_at_root():
    tree = ast.parse(Path(skchromo.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    homes = {name.name: node.module for node in block.body for name in node.names}
    rooms = {name: room_of(name) for name in FIRST.split()}
    assert homes == {**dict.fromkeys(ROOMS), **rooms, "show_versions": "_versions"}
