"""fetch_encode: any file of the ENCODE portal by its accession."""

import json
import re

from ..._fetch import fetch_file, get_data_home, how_to_fetch_again, join_url

_BASE_URL = "https://www.encodeproject.org"
_MEANING = {
    "archived": "a newer file has taken its place",
    "revoked": "ENCODE found it to be wrong",
    "replaced": "it was submitted again under another accession",
    "deleted": "it was taken back",
}


def fetch_encode(
    accession,
    *,
    assembly=None,
    any_status=False,
    data_home=None,
    base_url=_BASE_URL,
    progress=True,
):
    """Fetch a file of the ENCODE portal by its accession.

    ENCODE's record of the file is kept beside it at the first call (``<accession>.json``), and the
    MD5 of the file is compared with it at every call.

    Parameters
    ----------
    accession : str
        Accession of a file, such as ``"ENCFF356LFX"``; not of an experiment (``ENCSR...``).
    assembly : str or None, default=None
        Assembly that the file must be of, such as ``"GRCh38"`` or ``"hg19"``; None takes any.
    any_status : bool, default=False
        Take files that are not released too: those archived or revoked.
    data_home : str, os.PathLike or None, default=None
        Where files are kept, in the folder ``encode``; see :func:`get_data_home`.
    base_url : str, default="https://www.encodeproject.org"
        Address of the portal, or of a mirror.
    progress : bool, default=True
        Show a bar.

    Returns
    -------
    path : Path
        The file, named as on the portal: ``ENCFF356LFX.bed.gz``.

    Raises
    ------
    ValueError
        If `accession` is wrong, the file is not released, not available or of another assembly, or
        its checksum is wrong.
    FileNotFoundError
        If ENCODE has no such file.
    PermissionError
        If it is not open to the public.
    ConnectionError
        If there is no connection; the message names where to put the file by hand.

    Notes
    -----
    ENCODE data are free to use (https://www.encodeproject.org/help/citing-encode).

    Examples
    --------
    >>> from skchromo.datasets import fetch_encode
    >>> fetch_encode("ENCSR000EMT")
    Traceback (most recent call last):
        ...
    ValueError: 'ENCSR000EMT' is an experiment: open https://www.encodeproject.org/ENCSR000EMT and
        choose one of its files (ENCFF...)
    >>> path = fetch_encode("ENCFF356LFX", assembly="GRCh38")  # doctest: +SKIP
    """
    accession = _check_accession(accession, base_url)
    folder = get_data_home(data_home) / "encode"
    page = join_url(base_url, f"files/{accession}/")
    try:
        path = fetch_file(f"{page}?format=json", folder / f"{accession}.json", progress=False)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"ENCODE has no file {accession}: {error}") from error
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        status, checksum = record["status"], f"md5:{record['md5sum']}"
        href = record.get("href", "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} is not ENCODE's record of a file: {how_to_fetch_again(path)}"
        ) from error
    if status != "released" and not any_status:
        meaning = f" ({_MEANING[status]})" if status in _MEANING else ""
        raise ValueError(
            f"{accession} is {status}{meaning}: see {page} for a file that is released, or pass "
            "any_status=True"
        )
    if record.get("no_file_available") or record.get("restricted") or not href:
        why = "access to it is restricted" if record.get("restricted") else "it has no file"
        raise ValueError(f"{accession} cannot be downloaded: {why}; see {page}")
    if assembly is not None and record.get("assembly") != assembly:
        raise ValueError(
            f"{accession} is of assembly {record.get('assembly', 'unknown')}, not {assembly}: see "
            f"{page} for the experiment's files of {assembly}"
        )
    name = href.rpartition("/")[2]
    return fetch_file(
        join_url(base_url, href.lstrip("/")), folder / name, checksum=checksum, progress=progress
    )


def _check_accession(accession, base_url):
    """Return the accession in capitals; refuse one that is not of a file."""
    given = str(accession).strip().upper()
    if re.fullmatch(r"ENCSR\d{3}[A-Z]{3}", given):
        raise ValueError(
            f"{accession!r} is an experiment: open {join_url(base_url, given)} and choose one of "
            "its files (ENCFF...)"
        )
    if not re.fullmatch(r"ENCFF\d{3}[A-Z]{3}", given):
        raise ValueError(
            f"accession must be that of an ENCODE file, such as 'ENCFF356LFX', got {accession!r}"
        )
    return given
