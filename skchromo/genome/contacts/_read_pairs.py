"""Read pairs of a sequencer, recognised where a list of contacts is expected."""

import re

from ._formats import NUMBER

# Read names: of Illumina (instrument, run, flow cell, lane, tile, x, y), of the sequence archives,
# of MGI, of Oxford Nanopore (a UUID) and of PacBio
_READ_NAME = re.compile(
    r"(\S+?(:\d+){4}|[SED]RR\d+(\.\d+)+|[A-Z]+\d+L\dC\d{3}R\d{7,}"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|m\d+\w*/\d+/\w+)([#/ _].*)?"
)
# Most reads are not longer than this (bp), and few elements are shorter.
_READ_LENGTH = 310
_N_ROWS = 500
_ENDS = ((1, 2), (4, 5))
_NAME, _SCORE, _STRANDS = 6, 7, (8, 9)


def check_no_read_pairs(table, columns, unnamed):
    """Refuse the BEDPE of read pairs, whose scores are mapping qualities or edit distances.

    It is recognised by the names of its reads. Where the user has not named the score (`unnamed`),
    it is also recognised by intervals of a read's length with two strands, a name of their own and
    whole numbers as scores. `columns` comes from the table's `Layout`.
    """
    ends = [columns.get(role) for role in ("start1", "end1", "start2", "end2")]
    if ends != [1, 2, 4, 5] or len(table.first or ()) < 8:
        return
    rows = [row for row in table.sample(_N_ROWS) if len(row) > _SCORE]
    names = [row[_NAME] for row in rows]
    named = _most(_READ_NAME.fullmatch(name) for name in names)
    if named or (unnamed and columns.get("weight") == _SCORE and _are_reads(rows, names)):
        raise ValueError(
            f"{table.name} holds read pairs, not contacts: intervals of a read's length, a read's "
            f"name ({names[0]}) and a mapping quality ({rows[0][_SCORE]}) in each row. Read pairs "
            "must be binned into a matrix first, for example with cooler cload pairs; "
            "InteractionTransformer takes the .cool. If these are called loops, drop the names or "
            "pass score_column="
        )


def _are_reads(rows, names):
    """Return whether rows of BEDPE look like read pairs, whatever their names."""
    return (
        all(len(row) > max(_STRANDS) and row[at] in "+-." for row in rows for at in _STRANDS)
        and _most(row[at] in "+-" for row in rows for at in _STRANDS)
        and len(set(names)) == len(names)
        and all(row[_SCORE].lstrip("-").isdecimal() for row in rows)
        and _most(_length(row, *end) <= _READ_LENGTH for row in rows for end in _ENDS)
    )


def _length(row, start, end):
    """Return the length of an interval, 0 of the mate that was not mapped."""
    fields = row[start], row[end]
    if not all(NUMBER.fullmatch(field) for field in fields):
        return 0
    return float(fields[1]) - float(fields[0])


def _most(answers):
    """Return whether nine in ten answers are true."""
    answers = [bool(answer) for answer in answers]
    return len(answers) > 0 and sum(answers) >= 0.9 * len(answers)
