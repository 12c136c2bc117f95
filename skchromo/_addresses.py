"""Addresses (http, s3, ftp, ...): recognised, sent as browsers do, shown without their secrets."""

import functools
import operator
import re
from urllib.parse import quote

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PARTS = re.compile(r"([a-z][a-z0-9+.-]*://)([^/?#]*@)?([^/?#]*)(.*)", re.IGNORECASE)
_PATH_OF = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
# A login ends at the last @ before the path; one with a / or # in it, at the last @ of all. An
# address that was made a Path has lost a slash.
_LOGIN = re.compile(
    r"\A([a-z][a-z0-9+.-]+:/+)(?:[^/?#]*@|[^/?#:\[]*:(?!\d*(?:[/?#]|$)).*@)", re.IGNORECASE
)
# Fields of a query that hold what stands for a login: ?token=, &X-Amz-Signature=, &sig=.
_TOKEN = re.compile(
    r"([?&][^=&#]*(?:token|sig|secret|password|credential|api_?key|accesskey)[^=&#]*=)[^&#]+",
    re.IGNORECASE,
)
# What browsers send as it stands; they quote blanks and whatever is not ASCII.
_SENT = "".join(map(chr, range(0x21, 0x7F)))
# Addresses with their logins, by the same without: logins of this process, see `Address`.
_logins = {}


def is_url(path):
    """Return whether a path is an address: ``http://...`` or any other scheme."""
    return isinstance(path, str) and _URL.match(path) is not None


def scheme_of(url):
    """Return the scheme of an address, such as http."""
    return url.partition("://")[0].lower()


def without_login(path):
    """Return an address without name and password; a path as it is."""
    return _LOGIN.sub(r"\1", plain(path)) if isinstance(path, str) else path


def shown(path):
    """Return an address without login, and without the tokens of its query, for messages."""
    path = without_login(path)
    return _TOKEN.sub(r"\1***", path) if isinstance(path, str) and _PATH_OF.match(path) else path


def shown_in(text):
    """Return a text, such as the message of a library, with its addresses `shown`."""
    return re.sub(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]+", lambda found: shown(found[0]), text)


def plain(path):
    """Return an address as a str that prints all of it, for libraries; a path as it is."""
    return str.__str__(path) if isinstance(path, Address) else path


def quoted(url):
    """Return an address as browsers send it: blanks and accents quoted, hosts in ASCII.

    What is ASCII stays as it stands, because an address may be signed.
    """
    url = re.sub(r"[\t\r\n]", "", plain(url).strip())
    scheme, login, host, rest = _PARTS.fullmatch(url).groups("")
    if not host.isascii():
        host = host.encode("idna").decode()
    login, rest = (quote(part, safe=_SENT, errors="surrogateescape") for part in (login, rest))
    return scheme + login + host + rest


class Address(str):
    """An address that prints, and pickles, without its login, which requests use nevertheless.

    Where it is unpickled in the process that it was pickled in, the login is there again. Other
    processes ask without one.
    """

    __slots__ = ()

    def __str__(self):
        return shown(self)

    def __repr__(self):
        return repr(shown(self))

    def __format__(self, form):
        return format(shown(self), form)

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        bare = without_login(self)
        _logins[bare] = plain(self)
        return _revived, (bare,)


def _revived(bare):
    """Return an unpickled address, with its login if this process knows it."""
    return Address(_logins.get(bare, bare))


def hide_logins(value):
    """Return a parameter whose addresses with secrets are of `Address`; itself if it has none.

    Addresses are looked for in mappings, lists, tuples and tables.
    """
    if isinstance(value, str):
        return value if isinstance(value, Address) or shown(value) == value else Address(value)
    if isinstance(value, dict):
        return _hidden(value, value.values(), lambda new: dict(zip(value, new)))
    if type(value) in (list, tuple):
        return _hidden(value, value, type(value))
    if not hasattr(value, "assign") or "path" not in value:
        return value
    column = value["path"]
    # pandas makes plain text of a column of another type.
    new_column = functools.partial(type(column), index=value.index, dtype=object)
    return _hidden(value, column, lambda new: value.assign(path=new_column(new)))


def _hidden(value, parts, make):
    """Return the value with its parts hidden by `make`; itself where there is nothing to hide."""
    parts = list(parts)
    new = [hide_logins(part) for part in parts]
    return make(new) if any(map(operator.is_not, new, parts)) else value
