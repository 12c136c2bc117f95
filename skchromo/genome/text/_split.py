"""A line of a table divided into its fields."""

import csv
import re

# chr1:100-200 (chromosome names may hold colons), chr1,100,200 of CHiCAGO, chr1.100.200 of covNorm
REGION = re.compile(
    r"\s*(?:(.+):(-?\d{1,15})-(-?\d{1,15})"
    r"|([^:,\s]+),(\d{1,15}),(\d{1,15})"
    r"|(\w+)\.(\d{1,15})\.(\d{1,15}))\s*"
)
# the fourth column of a longrange track: the other end and the score
TARGET = re.compile(r"\s*([^,\s]+:-?\d{1,15}--?\d{1,15}),(\S*)\s*")


def split_line(line):
    r"""Split a line of a table at tabs, else commas, else white space.

    Parameters
    ----------
    line : str
        One line of text.

    Returns
    -------
    fields : list of str
        The fields, without quotes and surrounding blanks.
    separator : str
        What pandas calls the separator that was found.

    Examples
    --------
    >>> split_line("chr1 100  200")
    (['chr1', '100', '200'], '\\s+')
    >>> split_line("chr1,100,200 chr1,500,600 6.9")
    (['chr1,100,200', 'chr1,500,600', '6.9'], '\\s+')
    """
    line = line.strip("\r\n")
    words = line.split()
    # commas inside regions separate nothing, where blanks do
    joined = len(words) > 2 and any(
        "," in word and (REGION.fullmatch(word) or TARGET.fullmatch(word)) for word in words
    )
    for separator in "\t", ",":
        if separator in line and not (separator == "," and joined):
            fields = _split_quoted(line, separator)
            return [field.strip() for field in fields], separator
    return [field.strip('"') for field in words], r"\s+"


def _split_quoted(line, separator):
    """Split a line at a separator, save within quotes."""
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error:  # a field that is longer than the module allows
        return line.split(separator)
