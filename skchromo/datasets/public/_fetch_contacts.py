"""fetch_contacts: promoter-capture contacts of 3DIV, GEO and others."""

import bz2
import gzip
import hashlib
import pickle
import re
from urllib.parse import unquote, urlsplit

from ..._addresses import hide_logins, without_login
from ..._fetch import fetch_file, get_data_home, how_to_fetch_again, join_url
from ..._files import whole_file

_TISSUES_URL = "https://dohlee-bioinfo.sgp1.digitaloceanspaces.com/chromoformer-data"
_GEO_URL = "https://ftp.ncbi.nlm.nih.gov/geo"
# Tissue whose contacts stand for a Roadmap sample in the paper's annotations.
_TISSUE_OF = {
    "E003": "H1",
    "E004": "ME",
    "E005": "TB",
    "E006": "MSC",
    "E007": "NPC",
    "E016": "H1",
    "E066": "LI11",
    "E087": "PA",
    "E114": "LG",
    "E116": "GM",
    "E118": "LI11",
}
# Errors of a damaged pickle, or of one of something else.
_NO_PAIRS = (ValueError, TypeError, AttributeError, LookupError)
_TISSUES = tuple(dict.fromkeys(_TISSUE_OF.values()))

# A bzip2 file may unpack into so many bytes, and so many times its own size: text takes a tenth.
_ALWAYS_UNPACKED, _MOST_PACKED = 1 << 26, 200


def fetch_contacts(source, *, data_home=None, base_url=None, progress=True):
    """Fetch a list of promoter-capture contacts that `InteractionTransformer` reads.

    Parameters
    ----------
    source : str
        One of

        - a tissue of the paper: ``"H1"``, ``"ME"``, ``"TB"``, ``"MSC"``, ``"NPC"``, ``"LI11"``
          (liver), ``"PA"`` (pancreas), ``"LG"`` (lung) or ``"GM"``, or the Roadmap sample that it
          stands for in the paper, such as ``"E003"``: promoter-capture Hi-C frequencies as 3DIV
          normalises them (hg19), which the default ``weight_threshold=1.5`` fits;
        - the name of a supplementary file in GEO, which begins with its series or sample:
          ``"GSE86189_LG.po.all.txt.bz2"``;
        - an http or https address.
    data_home : str, os.PathLike or None, default=None
        Where files are kept, in the folder ``contacts``; see :func:`get_data_home`.
    base_url : str or None, default=None
        Address of a mirror: of the folder with ``<tissue>_pair2score.pickle``, or of GEO's folders
        ``series`` and ``samples``. None takes the publisher's.
    progress : bool, default=True
        Show a bar.

    Returns
    -------
    path : Path
        A text file, gzipped or not, for `InteractionTransformer` and
        :func:`skchromo.genome.read_contacts`; a bzip2 file is compressed anew by gzip. A file of
        GEO with several columns of numbers needs ``score_column=``. One with several tissues must
        be cut to one first.

    Raises
    ------
    ValueError
        If `source` is none of these, or a file is damaged.
    FileNotFoundError
        If there is no such file.
    ConnectionError
        If there is no connection; the message names where to put the file by hand.

    Notes
    -----
    Tissues are served by the authors of Chromoformer as pickles of a dictionary. They are read by
    an unpickler that makes no objects but texts and numbers, and written as a table. The contacts
    come from Jung et al., Nature Genetics 2019, doi 10.1038/s41588-019-0494-8 (GEO GSE86189),
    normalised by 3DIV (Yang et al., Nucleic Acids Research 2018, doi 10.1093/nar/gkx1017). Nobody
    publishes checksums: the SHA256 of the first download is kept beside each file.

    Examples
    --------
    >>> from skchromo import InteractionTransformer
    >>> from skchromo.datasets import fetch_contacts
    >>> InteractionTransformer(fetch_contacts("E003"))  # doctest: +SKIP
    >>> fetch_contacts("H9")
    Traceback (most recent call last):
        ...
    ValueError: source must be a tissue (H1, ME, TB, MSC, NPC, LI11, PA, LG, GM), a Roadmap sample
        of the paper (E003, E004, E005, E006, E007, E016, E066, E087, E114, E116, E118), a file of
        GEO (GSE... or GSM...) or an http address, got 'H9'
    """
    folder, source = get_data_home(data_home) / "contacts", hide_logins(source)
    tissue = _TISSUE_OF.get(source, source) if isinstance(source, str) else None
    if tissue in _TISSUES:
        made = folder / f"3div_{tissue}.tsv.gz"
        if not made.exists():
            name = f"{tissue}_pair2score.pickle"
            url = join_url(base_url or _TISSUES_URL, name)
            _write_pairs(fetch_file(url, folder / name, progress=progress), made)
        return made
    url = _address(source, base_url)
    name = unquote(urlsplit(url).path.rpartition("/")[2]).replace("/", "-")
    if source == url:
        # Files of one name may stand at many addresses.
        bare = without_login(url)
        name = f"{hashlib.sha256(bare.encode()).hexdigest()[:12]}-{name}"
    return _without_bzip2(fetch_file(url, folder / name, progress=progress))


def _address(source, base_url):
    """Return the address of a source that is not a tissue."""
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        try:
            name = urlsplit(source).path.rpartition("/")[2]
        except ValueError:
            raise ValueError(f"{source}: this is not a web address: check it") from None
        if not name:
            raise ValueError(f"{source} names a folder: give the address of a file")
        return source
    found = re.fullmatch(r"(GSE|GSM)(\d+)_[^/\s]+", source) if isinstance(source, str) else None
    if found is None:
        raise ValueError(
            f"source must be a tissue ({', '.join(_TISSUES)}), a Roadmap sample of the paper "
            f"({', '.join(_TISSUE_OF)}), a file of GEO (GSE... or GSM...) or an http address, got "
            f"{source!r}"
        )
    kind, number = found.groups()
    folder = "series" if kind == "GSE" else "samples"
    # GEO keeps a thousand accessions in a folder: GSE86189 in GSE86nnn, GSE189 in GSEnnn.
    path = f"{folder}/{kind}{number[:-3]}nnn/{kind}{number}/suppl/{source}"
    return join_url(base_url or _GEO_URL, path)


def _write_pairs(path, target):
    """Write a dictionary of fragment pairs and scores as a table that `read_contacts` takes."""
    try:
        with open(path, "rb") as file:
            pairs = _PlainUnpickler(file).load()
        rows = [(one, other, float(score)) for (one, other), score in pairs.items()]
    except (pickle.UnpicklingError, EOFError, *_NO_PAIRS) as error:
        raise ValueError(
            f"{path} is not a dictionary of fragment pairs and scores ({error}): "
            f"{how_to_fetch_again(path)}"
        ) from error
    with whole_file(target) as file, _packing(file) as out:
        out.write(b"fragment1\tfragment2\tscore\n")
        out.writelines(f"{one}\t{other}\t{score!r}\n".encode() for one, other, score in rows)


def _packing(file):
    """Return a gzip file to write; without a time, which may be none that gzip can hold."""
    return gzip.GzipFile(fileobj=file, filename="", mode="wb", compresslevel=6, mtime=0)


class _PlainUnpickler(pickle.Unpickler):
    """Unpickler of dictionaries of texts and numbers; a file from elsewhere gets nothing more."""

    _ALLOWED = frozenset(
        [("collections", "defaultdict"), ("builtins", "float"), ("numpy", "dtype")]
        + [(f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core")]
    )

    def find_class(self, module, name):
        """Refuse everything but plain containers and numbers."""
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it needs the Python object {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _without_bzip2(path):
    """Return a gzip file beside a bzip2 file; any other file as it is."""
    with open(path, "rb") as file:
        if file.read(3) != b"BZh":
            return path
    target = path.with_name(path.name.removesuffix(".bz2") + ".gz")
    if not target.exists():
        most = _ALWAYS_UNPACKED + _MOST_PACKED * path.stat().st_size
        with (
            bz2.open(path) as packed,
            whole_file(target) as file,
            _packing(file) as out,
        ):
            for part in iter(lambda: packed.read(1 << 20), b""):
                out.write(part)
                if packed.tell() > most:
                    raise ValueError(
                        f"{path} unpacks into more than {most} bytes, as no table does: "
                        f"{how_to_fetch_again(path)}"
                    )
    return target
