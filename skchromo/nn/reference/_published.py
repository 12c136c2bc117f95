"""The published checkpoints: found on figshare by cell type and fold, downloaded once and kept."""

import contextlib
import io
import json
import re
import zipfile
import zlib

from ..._fetch import fetch_file, get_data_home, how_to_fetch_again, join_url
from ..._files import RemoteFile, whole_file
from ..._words import check_choice, name_some, printable

# Version 4 of figshare's item 19424807. Version 1 has the classifier alone, and version 4 corrected
# the weights of the regressor.
PUBLISHED_ADDRESS = "https://api.figshare.com/v2/articles/19424807/versions/4"
PUBLISHED_DOI = "https://doi.org/10.6084/m9.figshare.19424807.v4"
_FOLDER = "figshare-19424807-v4"

# Roadmap's number of each cell type that there are models of, and its name.
CELL_TYPES = {
    "E003": "H1",
    "E004": "H1-derived mesendoderm",
    "E005": "H1-derived trophoblast",
    "E006": "H1-derived mesenchymal stem cells",
    "E007": "H1-derived neuronal progenitors",
    "E016": "HUES64",
    "E066": "liver",
    "E087": "pancreatic islets",
    "E114": "A549",
    "E116": "GM12878",
    "E118": "HepG2",
}
PUBLISHED_FOLDS = (1, 2, 3, 4)
# What the published models were trained on; the window is in bp.
PUBLISHED_TRACKS = (
    *("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3"),
    *("H3K27ac", "H3K9ac"),
)
PUBLISHED_WINDOW = 40_000

_NAMES = {
    "classifier": "chromoformer-reproduction-{}-conf1-fold{}.pt",
    "regressor": "chromoformer-reg-reproduction-{}-conf1-fold{}.pt",
}
_OF_REGRESSOR = re.compile(r"(?<![a-z])reg", re.IGNORECASE)
# Bytes: what is unpacked at a time, and the fixed part of the header of a file in a zip archive.
_PIECE, _ZIP_HEADER = 1 << 20, 30


def fetch_published(kind, cell_type, fold, *, data_home=None, base_url=None, progress=True):
    """Return the path of a published checkpoint, and download it first where it is not there.

    `kind` is "classifier" or "regressor". The list of files at the address is kept as well. The
    checkpoint is a file of that list, or of a zip archive in it, of which no more is read than the
    directory and the checkpoint.
    """
    check_choice("fold", fold, PUBLISHED_FOLDS)
    base_url = base_url or PUBLISHED_ADDRESS
    folder = get_data_home(data_home) / "models" / _FOLDER
    path = folder / cell_type / _NAMES[kind].format(cell_type, fold)
    if not path.is_file():
        with _by_hand(path):
            files = _list_files(base_url, folder / "files.json")
            _fetch_one(files, path, (kind, cell_type, fold), progress)
    return fetch_file(base_url, path)  # compares it with the checksum of its first download


@contextlib.contextmanager
def _by_hand(path):
    """Add to errors of a connection which file is missing, and where it can be put by hand."""
    try:
        yield
    except (ConnectionError, FileNotFoundError, PermissionError, io.UnsupportedOperation) as error:
        kinds = (ConnectionError, FileNotFoundError, PermissionError, ValueError)
        kind = next(kind for kind in kinds if isinstance(error, kind))
        raise kind(
            f"{path.name} is not here yet, and was not downloaded: {error}. Without a connection, "
            f"take it from {PUBLISHED_DOI} elsewhere and put it at {path}"
        ) from error


def _list_files(base_url, path):
    """Return name, address and MD5 of each file of a version, as figshare's API lists them."""
    fetch_file(join_url(base_url, "files?page_size=1000"), path, progress=False)
    try:
        files = json.loads(path.read_bytes())
        found = [(file["name"], file["download_url"], file["computed_md5"]) for file in files]
        if all(url.startswith(("http://", "https://")) for _, url, _ in found):
            return found
        reason = "an address in it is not of the web"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {printable(error)[:200]}"
    raise ValueError(
        f"{path} is not a list of files from figshare ({reason}): {how_to_fetch_again(path)}"
    )


def _fetch_one(files, path, wanted, progress):
    """Download the checkpoint that is wanted, from the list of files or an archive in it."""
    for name, url, md5 in files:
        if _is_wanted(name, *wanted):
            fetch_file(url, path, checksum=f"md5:{md5}" if md5 else None, progress=progress)
            return
    archives = [file for file in files if file[0].lower().endswith(".zip")]
    archives.sort(key=lambda file: wanted[1] not in file[0])  # the cell type's own first
    for name, url, _ in archives:
        archive = RemoteFile(url)
        for member in _members(name, archive):
            if _is_wanted(f"{name}/{member.filename}", *wanted):
                _fetch_member(url, archive, member, path, progress)
                return
    raise FileNotFoundError(
        f"among the published files is none with this name: {name_some(file[0] for file in files)}"
    )


def _is_wanted(name, kind, cell_type, fold):
    """Return whether a name, with its folders, is that of a checkpoint."""
    is_one = re.search(rf"\b{cell_type}\b.*\bfold{fold}\.pt$", name.replace("_", "-"))
    return bool(is_one) and bool(_OF_REGRESSOR.search(name)) == (kind == "regressor")


def _members(name, archive):
    """Return what a zip archive at an address lists."""
    try:
        with zipfile.ZipFile(_Seekable(archive)) as listed:
            return listed.infolist()
    # zipfile raises the second for a newer version of the format, which damage can claim too
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{name} is not a zip archive ({printable(error)}): try again") from error


def _fetch_member(url, archive, member, path, progress):
    """Download the bytes of a file in a zip archive, and unpack them."""
    header = archive.read_at(member.header_offset, _ZIP_HEADER)
    lengths = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    start = member.header_offset + _ZIP_HEADER + sum(lengths)
    packed = path.with_name(f"{path.name}.packed")
    fetch_file(url, packed, span=(start, start + member.compress_size), progress=progress)
    try:
        _unpack(packed, member, path)
    finally:
        for used in (packed, packed.with_name(f"{packed.name}.sha256")):
            used.unlink(missing_ok=True)


def _unpack(packed, member, path):
    """Write what is packed, up to the size and with the checksum that the archive claims."""
    is_stored = member.compress_type == zipfile.ZIP_STORED
    inflate = None if is_stored else zlib.decompressobj(-zlib.MAX_WBITS)
    n_left, checksum = member.file_size, 0
    with open(packed, "rb") as source, whole_file(path) as file:
        try:
            while content := (inflate and inflate.unconsumed_tail) or source.read(_PIECE):
                piece = inflate.decompress(content, _PIECE) if inflate else content
                n_left, checksum = n_left - len(piece), zlib.crc32(piece, checksum)
                if n_left < 0:
                    break
                file.write(piece)
        except zlib.error:  # also of another kind of compression
            checksum = None
        if n_left or checksum != member.CRC:
            raise ValueError(
                f"{path.name} arrived damaged, or packed in an unknown way: try again, or take it "
                f"from {PUBLISHED_DOI} and put it at {path}"
            )


class _Seekable(io.RawIOBase):
    """A remote file as zipfile reads it."""

    def __init__(self, file):
        self._file, self._at = file, 0

    def seekable(self):
        """Return True."""
        return True

    def readable(self):
        """Return True."""
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        """Set the place of the next read, and return it."""
        self._at = (0, self._at, self._file.size)[whence] + offset
        return self._at

    def readinto(self, buffer):
        """Read to a buffer and return the number of bytes, 0 at the end."""
        content = self._file.read_at(self._at, len(buffer))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
