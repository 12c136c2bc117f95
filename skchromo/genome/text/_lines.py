"""Lines of text: comments, and fields that are split and read as positions and regions."""

import csv
import re

# How comments begin, and the lines by which genome browsers configure a track.
COMMENTS = ("#", "track ", "track\t", "browser ", "browser\t")

# chr1:100-200 (chromosome names may hold colons), chr1,100,200 of CHiCAGO, chr1.100.200 of covNorm
REGION = re.compile(
    r"\s*(?:(.+):(-?\d{1,15})-(-?\d{1,15})"
    r"|([^:,\s]+),(\d{1,15}),(\d{1,15})"
    r"|(\w+)\.(\d{1,15})\.(\d{1,15}))\s*"
)
# The fourth column of a longrange track: the other end and the score.
TARGET = re.compile(r"\s*([^,\s]+:-?\d{1,15}--?\d{1,15}),(\S*)\s*")


def text_of(line):
    """Return a line as text without its end; bytes that are not UTF-8 are replaced."""
    return line.decode("utf-8", "replace").rstrip("\r\n")


def is_comment(text):
    """Return whether a line holds no record: blank, a comment or for a genome browser."""
    return not text.strip() or text.startswith(COMMENTS)


def split_line(line):
    """Return the fields of a line, and the separator that divides them as pandas names it.

    The separator is a tab, else a comma, else white space; commas within regions separate nothing.
    Fields are returned without quotes and surrounding blanks.
    """
    line = line.strip("\r\n")
    words = line.split()
    joined = len(words) > 2 and any(
        "," in word and (REGION.fullmatch(word) or TARGET.fullmatch(word)) for word in words
    )
    for separator in "\t", ",":
        if separator in line and not (separator == "," and joined):
            fields = _split_quoted(line, separator)
            return [field.strip() for field in fields], separator
    return [field.strip('"') for field in words], r"\s+"


def _split_quoted(line, separator):
    """Split a line at the separators that stand outside quotes."""
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error:  # a field that is longer than the module allows
        return line.split(separator)


def whole_number(text):
    """Return a position, which is written in digits alone; None where it is not one."""
    text = text.strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 18 else None
