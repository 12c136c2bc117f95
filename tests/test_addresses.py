"""Addresses: sent as browsers do, redirected once or refused, and shown without their secrets."""

import base64
import pickle
import re
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyBigWig
import pytest
from local_server import serving
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skchromo import (
    BigWigTransformer,
    CandidateElements,
    ContactMatrix,
    InteractionTransformer,
    _addresses,
)
from skchromo._addresses import quoted, shown
from skchromo.datasets import fetch_contacts
from skchromo.genome import list_tracks, read_bins, read_contacts
from skchromo.genome.bigwig import BigWigFile, BinCache

SECRET = "s3cr3t"


pytestmark = pytest.mark.usefixtures("pauses")


@pytest.fixture
def server(tmp_path):
    path = str(tmp_path / "a.bw")
    with pyBigWig.open(path, "w") as file:
        file.addHeader([("chr1", 10_000)])
        file.addEntries("chr1", 0, values=[1.0] * 100, span=100, step=100)
    with serving() as server:
        server.files["a.bw"] = Path(path).read_bytes()
        yield server


@pytest.fixture
def genes():
    index = pd.Index(["g1", "g2"], name="gene_id")
    return pd.DataFrame({"chrom": "chr1", "tss": [3_000, 5_000], "strand": "+"}, index=index)


def first_bins(url):
    return read_bins(url, ["chr1"], [0], [300], 100)[0].tolist()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("http://h.org/é b.bw?x=ö%20#a", "http://h.org/%C3%A9%20b.bw?x=%C3%B6%20#a"),
        ("http://h.org/a%20b%2Fc?sig=a%3D+b", "http://h.org/a%20b%2Fc?sig=a%3D+b"),
        (" https://bücher.example:80/a\n", "https://xn--bcher-kva.example:80/a"),
        ("http://ü:ß@h.org/", "http://%C3%BC:%C3%9F@h.org/"),
        ("http://h.org/\udce9", "http://h.org/%E9"),
        ("http://[::1]:8000/a@b", "http://[::1]:8000/a@b"),
    ],
)
def test_address_is_sent_as_browsers_do(given, sent):
    assert quoted(given) == sent


@pytest.mark.parametrize("name", ["é.bw", "a b.bw", "%41 {x}|y.bw", "染色体/a+b.bw", '"a".bw'])
def test_accents_and_blanks_are_read(server, name):
    server.files[_unquoted(name)] = server.files["a.bw"]
    assert first_bins(f"{server.url}/{name}") == [1, 1, 1]
    server.redirects["moved.bw"] = name
    if name.isascii():
        assert first_bins(f"{server.url}/moved.bw") == [1, 1, 1]


def _unquoted(name):
    return name.replace("%41", "A")


@pytest.mark.parametrize("url", ["http://[::1/a.bw", "http://h:99999/a.bw", "http:///a.bw"])
def test_what_is_not_an_address_is_an_error_that_names_it(url, tmp_path):
    with pytest.raises(ValueError, match=f"^{re.escape(url)}: this is not a web address: check it"):
        first_bins(url)
    with pytest.raises(ValueError, match="this is not a web address"):
        fetch_contacts(url, data_home=tmp_path, progress=False)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://[::1", "'http://[::1', which is not an address"),
        ("http://[v1.x]:x/", "which is not an address"),
        ("http://h:99999/", "which is not an address"),
        ("", "nowhere (no Location)"),
        (None, "nowhere (no Location)"),
        ("ftp://127.0.0.1/a.bw", "ftp://127.0.0.1/a.bw, but only redirects to http and https"),
        ("file:///etc/passwd", "only redirects to http and https"),
        ("/away.bw", "/away.bw, in a circle"),
        (f"http://me:{SECRET}@[", "http://[', which is not an address"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_broken_redirect_is_one_error_at_once(server, pauses, location, words, status):
    server.faults = [f"status:{status}"] * 9
    if location is not None:
        server.headers["Location"] = location
    url = f"{server.url}/away.bw"
    with pytest.raises(ValueError, match=f"^{url}: the server redirects to ") as caught:
        first_bins(url)
    said = str(caught.value)
    assert words in said
    assert said.endswith("check the address, or download the file and give its path")
    assert SECRET not in said
    assert (len(server.requests), pauses) == (1, [])


def test_endless_redirects_are_one_error(server):
    server.redirects = {f"{n}": f"{n + 1}" for n in range(50)}
    with pytest.raises(ValueError, match=r"/0: the server redirects to .*, in a circle"):
        first_bins(f"{server.url}/0")
    assert len(server.requests) < 15


def logged_in(server):
    """Let the server need a login, and return the address of a.bw with it."""
    server.login = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    return server.url.replace("://", f"://me:{SECRET}@") + "/a.bw"


def test_login_goes_to_its_own_host_alone(server):
    logged_in(server)
    url = server.url.replace("://", f"://me:{SECRET}@")
    server.redirects["moved.bw"] = "a.bw"
    assert first_bins(f"{url}/moved.bw") == [1, 1, 1]
    with serving() as other:
        other.files = server.files
        server.url = other.url  # of the address in Location
        assert first_bins(f"{url}/moved.bw") == [1, 1, 1]
        assert "Authorization" not in other.requests[-1][1]


def test_login_is_used_and_in_nothing_that_is_shown_or_kept(server, genes, tmp_path):
    url = logged_in(server)
    tracks = {"K4": [url], "K27": url.replace("/a.bw", "/a.bw?x=1")}
    signal = BigWigTransformer(tracks, window=2_000, memory=tmp_path / "cache")
    assert tracks["K4"] == [url]
    X = signal.fit_transform(genes)
    assert set(np.unique(X.signal)) == {1.0}
    assert clone(signal).fit_transform(genes).equals(X)
    pipe = make_pipeline(InteractionTransformer(f"https://me:{SECRET}@h.org/a.bedpe"), signal)
    joblib.dump(pipe, tmp_path / "pipe.joblib")
    X.save(tmp_path / "cache" / "X.npz")
    for shows in (repr, str, lambda model: model._repr_html_(), lambda model: str(vars(model))):
        for model in (pipe, signal, clone(signal), signal.set_params(tracks=tracks)):
            assert SECRET not in shows(model)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 3
    for path in written:
        assert SECRET not in str(path)
        assert SECRET.encode() not in path.read_bytes()
    assert SECRET.encode() not in pickle.dumps([signal, BigWigFile(url), X])
    # The process that wrote the pickle still knows the login.
    assert joblib.load(tmp_path / "pipe.joblib")[1].transform(genes).equals(X)


def test_login_is_not_in_a_pickle_and_comes_from_netrc(server, genes, tmp_path, monkeypatch):
    signal = BigWigTransformer({"K4": logged_in(server)}, window=2_000)
    X = signal.fit_transform(genes)
    saved = pickle.dumps(signal)
    monkeypatch.setattr(_addresses, "_logins", {})  # as in another process
    loaded = pickle.loads(saved)
    with pytest.raises(PermissionError, match=r"K4 \(http://127.*other processes find one in"):
        loaded.transform(genes)
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert loaded.transform(genes).equals(X)
    assert signal.transform(genes).equals(X)


def test_sources_of_contacts_show_no_login():
    url = f"https://me:{SECRET}@h.org/a"
    elements = CandidateElements("a.bed", activity={"H3K27ac": f"{url}.bw"})
    for source in (elements, ContactMatrix(url), ContactMatrix("a").set_params(path=url)):
        model = InteractionTransformer(source)
        assert SECRET not in repr(source) + repr(model) + model._repr_html_()
        assert SECRET.encode() not in pickle.dumps(model)
    assert ContactMatrix(url).path == url


@pytest.mark.parametrize(
    "act",
    [
        lambda url, folder: first_bins(url),
        lambda url, folder: BinCache(folder, url, 100),
        lambda url, folder: fetch_contacts(url, data_home=folder, progress=False),
        lambda url, folder: fetch_contacts(url[:-4], data_home=folder, progress=False),
        lambda url, folder: read_contacts(url),
        lambda url, folder: read_contacts(Path(url)),
        lambda url, folder: list_tracks(url),
        lambda url, folder: BigWigTransformer({"a": [url, url]}).fit(None),
        lambda url, folder: BigWigTransformer({"a": Path(url)}).fit(None),
        lambda url, folder: first_bins(url.replace("http", "nowhere")),
    ],
)
@pytest.mark.parametrize("login", [f"me:{SECRET}@", f"me:{SECRET}/#x@", ""])
def test_secrets_are_in_no_message(server, tmp_path, act, login):
    server.files.clear()
    query = "" if login else f"?Access_Token={SECRET}&x=1"
    url = server.url.replace("://", f"://{login}") + f"/a.bw{query}"
    with pytest.raises((OSError, ValueError, TypeError)) as caught:
        act(url, tmp_path)
    error = caught.value
    while error:
        assert SECRET not in str(error)
        error = error.__cause__ if error.__suppress_context__ else error.__context__


def test_ordinary_addresses_and_paths_are_shown_whole():
    for path in ("http://h.org/a@b.bw?id=7&part=2", "C:/me@home/a.bw", "/data/a:b@c", Path("/a")):
        assert shown(path) == path
