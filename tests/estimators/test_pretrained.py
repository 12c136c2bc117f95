"""Published models by cell type and fold, and saved ones from folders and addresses."""

import functools
import hashlib
import io
import json
import shutil
import sys
import zipfile

import fsspec
import numpy as np
import pytest
import reference
import torch
from local_server import closed_port, serving
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from small_models import changed, make_regions

from skchromo import ChromoformerClassifier, ChromoformerRegressor, load_model

CLASSES = {"classifier": ChromoformerClassifier, "regressor": ChromoformerRegressor}
NAMES = {
    "classifier": "chromoformer-reproduction-{}-conf1-fold{}.pt",
    "regressor": "chromoformer-reg-reproduction-{}-conf1-fold{}.pt",
}
SIZES = {
    "d_emb": 8,
    "d_head": 8,
    "embed_kws": {"n_layers": 1, "n_heads": 2, "d_ff": 8},
    "pairwise_interaction_kws": {"n_layers": 1, "n_heads": 2, "d_model": 8, "d_ff": 8},
    "regulation_kws": {"n_layers": 1, "n_heads": 2, "d_model": 8, "d_ff": 8},
}
NAMINGS = {
    "oldest": {"embed": "embed{}_a", "pairwise_interaction": "embed{}_b", "regulation": "{}"},
    "first release": {
        "embed": "embed{}",
        "pairwise_interaction": "pw_int{}",
        "regulation": "reg{}",
    },
    "current": {},
}


def in_names(naming, state):
    """The tensors of a network in the names of one of the three kinds of file."""
    renamed = {}
    for name, tensor in state.items():
        stage, bin_size, rest = [*name.split(".", 2), "", ""][:3]
        if stage in NAMINGS[naming]:
            name = f"{NAMINGS[naming][stage].format(bin_size)}.{rest}"
        if naming == "oldest":
            name = name.replace("lin_proj_pcre.", "lin_proj_c.")
            name = name.replace(f"{bin_size}.transformer.", f"transformer{bin_size}.", 1)
        renamed[name] = tensor
    assert len(renamed) == len(state)
    return renamed


@functools.cache
def published(kind, naming="current", seed=1):
    """A file as the publisher's training script writes it."""
    network = reference.NETS[kind](n_feats=7, seed=seed, **SIZES)
    content = {
        "net": in_names(naming, network.state_dict()),
        "optimizer": torch.optim.AdamW(network.parameters()).state_dict(),
        "epoch": 9,
        "last_val_loss": 0.5,
        "last_val_auc": np.float64(0.9),
        "val_score": np.linspace(0, 1, 5, dtype=np.float32),
        "val_label": np.array([0, 1, 1, 0, 1]),
    }
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def publish(server, files):
    """Let a server list files by name, and send them, as figshare's API does."""
    listed = []
    for number, (name, content) in enumerate(files.items()):
        server.files[f"files/{number}"] = content
        md5, url = hashlib.md5(content).hexdigest(), f"{server.url}/files/{number}"
        listed.append({"id": number, "name": name, "download_url": url, "computed_md5": md5})
    server.files["files"] = json.dumps(listed).encode()


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    """The bytes of a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def server(pauses):
    with serving() as server:
        yield server


@pytest.fixture
def get(server, tmp_path):
    def get(kind="classifier", source="E003", fold=2, **options):
        options = {"data_home": tmp_path, "base_url": server.url, "progress": False} | options
        return CLASSES[kind].from_pretrained(source, fold=fold, **options)

    return get


@pytest.fixture(scope="module")
def genes():
    """Genes with signal of the seven marks in windows of 40 kb."""
    return make_regions(6, 3, 400, tracks=tuple(reference.MARKS))


def outputs(model, X):
    return model.net_.forward(X).numpy()


@pytest.mark.parametrize(
    ("naming", "layout"),
    [("oldest", "flat"), ("first release", "one archive"), ("current", "an archive each, stored")],
)
@pytest.mark.parametrize("kind", CLASSES)
def test_published_model_predicts_as_its_checkpoint(
    kind, naming, layout, server, get, genes, tmp_path
):
    of = {"E003": ["classifier", "regressor"], "E004": [kind]}
    files = {
        f"{cell_type}/{NAMES[each].format(cell_type, fold)}": published(each, naming, seed=fold)
        for cell_type, kinds in of.items()
        for each in kinds
        for fold in (1, 2)
    }
    wanted = files[f"E003/{NAMES[kind].format('E003', 2)}"]
    if layout == "flat":
        publish(server, {name.partition("/")[2]: content for name, content in files.items()})
    elif layout == "one archive":
        publish(server, {"README.md": b"weights", "weights.zip": zipped(files)})
    else:
        some = {one: {name: files[name] for name in files if name.startswith(one)} for one in of}
        stored = {one: zipped(some[one], zipfile.ZIP_STORED) for one in ("E004", "E003")}
        publish(server, {f"{one}.zip": content for one, content in stored.items()})
    model = get(kind)
    path = tmp_path / "by_hand.pt"
    path.write_bytes(wanted)
    expected = CLASSES[kind].from_checkpoint(path, tracks=reference.MARKS)
    np.testing.assert_array_equal(outputs(model, genes), outputs(expected, genes))
    assert (model.tracks_, model.window_) == (tuple(reference.MARKS), 40_000)
    about = model.metadata_["about"]
    assert (about["cell_type"], about["held_out"][:6]) == ("E003 (H1)", "fold 1")
    kept = {path.name for path in (tmp_path / "models").rglob("*") if path.is_file()}
    name = NAMES[kind].format("E003", 2)
    assert kept == {"files.json", "files.json.sha256", name, f"{name}.sha256"}


@pytest.fixture
def flat(server):
    """A server with one classifier and one regressor of each fold of E003."""
    publish(
        server,
        {
            NAMES[kind].format("E003", fold): published(kind, seed=fold)
            for kind in CLASSES
            for fold in (1, 2, 3, 4)
        },
    )
    return server


def test_published_model_is_downloaded_once_and_compared_with_the_first_download(
    flat, get, tmp_path
):
    get()
    assert len({path for path, _ in flat.requests}) == 2
    flat.requests.clear()
    get(base_url=closed_port())
    assert flat.requests == []
    (path,) = tmp_path.rglob("*fold2.pt")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.with_name(f"{path.name}.sha256").read_text().startswith(digest)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ValueError, match=r"fold2\.pt is damaged or was changed"):
        get()


def test_download_that_is_not_what_was_published_is_refused(flat, get, tmp_path):
    flat.files["files/1"] = flat.files["files/1"][:-1] + b"x"
    with pytest.raises(ValueError, match=r"does not have the checksum of chromo.*from its publish"):
        get()
    assert not list(tmp_path.rglob("*.pt"))


@pytest.mark.parametrize("is_zipped", [True, False])
def test_interrupted_download_is_continued(is_zipped, server, get, genes, tmp_path):
    name, content = NAMES["regressor"].format("E118", 4), published("regressor")
    noise = np.random.default_rng(0).bytes(5_000_000)
    with zipfile.ZipFile(file := io.BytesIO(content), "a") as archive:
        archive.writestr("archive/data/noise", noise)
    content = file.getvalue()
    publish(
        server, {"weights.zip": zipped({f"E118/{name}": content})} if is_zipped else {name: content}
    )
    get("regressor", "E118", 4)
    sizes = [
        stop - start if path == "files/0" else 0
        for (path, _), (start, stop) in zip(server.requests, server.places_read(), strict=True)
    ]
    shutil.rmtree(tmp_path / "models")
    server.faults = [*[""] * (sizes.index(2 << 20) + 1), *["status:500"] * 50]
    with pytest.raises(ConnectionError, match=r"2097152 bytes are kept and continued by the next"):
        get("regressor", "E118", 4)
    server.faults = []
    shutil.copytree(tmp_path / "models", tmp_path / "spoilt" / "models")
    assert get("regressor", "E118", 4).predict(genes).shape == (6,)
    (part,) = (tmp_path / "spoilt").rglob("*.part")
    part.write_bytes(b"x" + part.read_bytes()[1:])
    with pytest.raises(ValueError, match=r"arrived damaged|does not have the checksum"):
        get("regressor", "E118", 4, data_home=tmp_path / "spoilt")


def test_missing_connection_is_reported_with_file_address_and_place(get, genes, tmp_path, pauses):
    address = closed_port()
    with pytest.raises(ConnectionError) as caught:
        get(base_url=address)
    said = str(caught.value)
    name = NAMES["classifier"].format("E003", 2)
    place = tmp_path / "models" / "figshare-19424807-v4" / "E003" / name
    for part in (f"{name} is not here yet", address, "10.6084/m9.figshare.19424807.v4", str(place)):
        assert part in said, said
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(published("classifier"))
    assert get(base_url=address).predict(genes).shape == (6,)


def test_address_is_pinned_to_a_version(monkeypatch, tmp_path):
    asked = []

    def note(url, path, **_):
        asked.append(url)
        raise ConnectionError(url)

    monkeypatch.setattr("skchromo.nn.reference._published.fetch_file", note)
    with pytest.raises(ConnectionError, match=r"api\.figshare\.com"):
        ChromoformerClassifier.from_pretrained("E003", fold=1, data_home=tmp_path)
    start = "https://api.figshare.com/v2/articles/19424807/versions/4/files"
    assert [url.partition("?")[0] for url in asked] == [start]


def test_list_that_lacks_the_file_or_is_something_else_is_refused(server, get):
    publish(server, {"notes.txt": b"x", "weights.zip": zipped({"E003/other.pt": b"y"})})
    with pytest.raises(
        FileNotFoundError, match=r"is none with this name: notes\.txt, weights\.zip"
    ):
        get()


@pytest.mark.parametrize(
    "listed",
    [
        b"not json",
        b"[1]",
        b'{"files": []}',
        b'[{"name": "a", "download_url": "file:///etc/passwd", "computed_md5": ""}]',
    ],
    ids=range(4),
)
def test_list_of_another_kind_is_refused(listed, server, get):
    server.files["files"] = listed
    with pytest.raises(ValueError, match=r"files\.json is not a list of files from figshare"):
        get()


def test_archive_that_lies_about_its_content_is_refused(server, get, tmp_path):
    name = f"E003/{NAMES['classifier'].format('E003', 2)}"
    archive = zipped({name: b"A" * 1000})
    content = zipfile.ZipFile(io.BytesIO(archive)).infolist()[0]
    forged = archive.replace(content.CRC.to_bytes(4, "little"), b"\0\0\0\0")
    bomb = archive.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    for false in (forged, bomb):
        shutil.rmtree(tmp_path / "models", ignore_errors=True)
        publish(server, {"weights.zip": false})
        with pytest.raises(ValueError, match=r"fold2\.pt arrived damaged, or packed"):
            get()
        assert not list(tmp_path.rglob("*.pt*"))
    shutil.rmtree(tmp_path / "models")
    publish(server, {"weights.zip": b"no archive"})
    with pytest.raises(ValueError, match=r"weights\.zip is not a zip archive"):
        get()


def test_published_model_refuses_other_tracks_orders_and_windows(flat, get, genes):
    model = get("regressor")
    with pytest.raises(ValueError, match="in another order"):
        model.predict(changed(genes, tracks=genes.tracks[::-1]))
    with pytest.raises(ValueError, match="H3K4me2"):
        model.predict(changed(genes, tracks=("H3K4me2", *genes.tracks[1:])))
    with pytest.raises(ValueError, match="window"):
        model.predict(make_regions(6, 3, 200, tracks=genes.tracks))


def test_folds_vote_without_a_fit_of_their_own(flat, get, genes):
    X = genes
    members = [(f"fold{i}", FrozenEstimator(get(fold=i))) for i in (1, 2, 3, 4)]
    voting = VotingClassifier(members, voting="soft").fit(X[:2], [0, 1])
    each = [model.predict_proba(X) for _, model in members]
    assert not np.allclose(each[0], each[1])
    np.testing.assert_allclose(voting.predict_proba(X), np.mean(each, axis=0), rtol=1e-6)
    members = [(f"fold{i}", FrozenEstimator(get("regressor", fold=i))) for i in (1, 2, 3, 4)]
    voting = VotingRegressor(members).fit(X[:1], [0.0])
    each = [model.predict(X) for _, model in members]
    np.testing.assert_allclose(voting.predict(X), np.mean(each, axis=0), rtol=1e-6)


def test_mistaken_names_and_folds_are_named(get, tmp_path):
    with pytest.raises(ValueError, match=r"fold=None: there are four models of E003"):
        get(fold=None)
    with pytest.raises(ValueError, match="fold must be 1, 2, 3 or 4, got 0"):
        get(fold=0)
    with pytest.raises(ValueError, match=r"'E001' is not a cell type .*E003 H1, .*E116 GM12878"):
        get(source="E001")
    with pytest.raises(FileNotFoundError, match=r"GM12878 is neither a file .*E116 GM12878"):
        get(source="GM12878", fold=None)


def test_model_is_loaded_from_folders_and_addresses(X, model, path, server, tmp_path):
    expected = model.predict_proba(X)
    content = path.read_bytes()
    server.files["models/h1.safetensors"] = content
    with fsspec.open("memory://models/h1.safetensors", "wb") as file:
        file.write(content)
    for source in (
        path.parent,
        f"{server.url}/models/h1.safetensors",
        "memory://models/h1.safetensors",
    ):
        again = load_model(source, device="cpu")
        np.testing.assert_array_equal(again.predict_proba(X), expected)
        again = ChromoformerClassifier.from_pretrained(source)
        np.testing.assert_array_equal(again.predict_proba(X), expected)
    server.ranges = False
    again = load_model(f"{server.url}/models/h1.safetensors")
    np.testing.assert_array_equal(again.predict_proba(X), expected)
    with pytest.raises(ValueError, match="holds a ChromoformerClassifier, not a ChromoformerRegr"):
        ChromoformerRegressor.from_pretrained(path)


def test_folder_without_one_model_is_refused(path, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty is a folder with 0 files \*\.safetensors: give"):
        load_model(tmp_path / "empty")
    shutil.copy(path, path.with_name("k562.safetensors"))
    with pytest.raises(ValueError, match=r"2 files .*: h1\.safetensors, k562\.safetensors: give"):
        load_model(path.parent)


def test_errors_of_addresses_name_them_without_logins(server, path, monkeypatch):
    server.files["cut"] = path.read_bytes()[:-10]
    host = server.url.partition("://")[2]
    with pytest.raises(ValueError, match=rf"^http://{host}/cut is not a file that save") as caught:
        load_model(f"http://me:secret@{host}/cut")
    assert "secret" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match=rf"{host}/absent: the server has no such file"):
        load_model(f"{server.url}/absent")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match="hf:// need huggingface_hub: pip install hugg"):
        load_model("hf://lab/models/h1.safetensors")
