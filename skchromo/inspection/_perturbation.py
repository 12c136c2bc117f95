"""Perturbation: one change of marks, positions, regions or contacts."""

import numbers
from dataclasses import dataclass

import numpy as np

_SIGNAL = ("knock_out", "scale", "set", "add", "peak")
_WEIGHT = ("scale_weight", "set_weight")
_ACTIONS = (*_SIGNAL, *_WEIGHT, "remove")
_WITHOUT_VALUE = ("knock_out", "remove")


@dataclass(frozen=True)
class Perturbation:
    """One change of a gene's signal or contacts, for :func:`perturb`.

    Parameters
    ----------
    action : {"knock_out", "scale", "set", "add", "peak", "scale_weight", "set_weight", "remove"}
        What is done. To signal, which is mean signal and not logged: "knock_out" sets it to 0,
        "scale" multiplies it by `value`, "set" sets it to `value`, "add" adds `value`, "peak" adds
        a bell-shaped peak over the whole of `window` that is `value` high in its middle. To
        contacts: "scale_weight" and "set_weight" change contact weights, "remove" takes pCREs away.
    value : float, default=None
        See `action`; 0 or more but for "set_weight" and "scale_weight". None for "knock_out" and
        "remove", which need none.
    tracks : str or sequence of str, default=None
        Names of the tracks whose signal is changed; None means all.
    regions : {"all", "promoter", "pcres"} or int, default=None
        Which of a gene's regions: k means the k-th pCRE, counted from 1 in falling contact weight.
        None means pCREs for an action on contacts, the promoter where `window` is given, else all.
    window : (int, int), default=None
        Only bins in ``[window[0], window[1])``, in bp relative to the middle of each region: for a
        promoter the TSS, along the strand of the gene; for a pCRE its middle, along the
        chromosome. Bins that are partly in it are changed in part. None means whole regions.
    locus : (str, int, int), default=None
        Only bins in ``chrom, start, end`` (bp, 0-based, half-open), in whatever region of whatever
        gene they lie. Not with `window`.

    Raises
    ------
    ValueError, TypeError
        If the parts do not fit together; the message names the part.

    Examples
    --------
    >>> from skchromo.inspection import Perturbation
    >>> str(Perturbation("knock_out", tracks="H3K27ac", regions="pcres"))
    'knock_out H3K27ac in pcres'
    >>> str(Perturbation("scale", 0.5, window=(-1000, 1000)))
    'scale 0.5 all tracks in promoter [-1000, 1000)'
    >>> str(Perturbation("remove", regions=2))
    'remove pCRE 2'
    """

    action: str
    value: float | None = None
    tracks: str | tuple | None = None
    regions: str | int | None = None
    window: tuple | None = None
    locus: tuple | None = None

    def __post_init__(self):
        if self.action not in _ACTIONS:
            raise ValueError(f"action must be one of {', '.join(_ACTIONS)}, got {self.action!r}")
        self._check_value()
        self._check_positions()
        tracks = (self.tracks,) if isinstance(self.tracks, str) else self.tracks
        if tracks is not None:
            if self.on_contacts:
                raise ValueError(f"action={self.action!r} is on contacts: leave tracks None")
            tracks = tuple(tracks)
            if not tracks:
                raise ValueError("tracks is empty: name at least one, or give None for all")
        regions = self.regions
        if regions is None:
            regions = "pcres" if self.on_contacts else "promoter" if self.window else "all"
        _check_regions(regions, self)
        object.__setattr__(self, "tracks", tracks)
        object.__setattr__(self, "regions", regions)

    @property
    def on_contacts(self):
        """Whether it changes contacts rather than signal, bool."""
        return self.action not in _SIGNAL

    def _check_value(self):
        """Refuse a value that the action cannot use."""
        if self.action in _WITHOUT_VALUE:
            if self.value is not None:
                raise ValueError(f"action={self.action!r} takes no value, got {self.value!r}")
            return
        real = isinstance(self.value, numbers.Real) and not isinstance(self.value, bool)
        if not real or not np.isfinite(self.value):
            raise ValueError(f"action={self.action!r} needs a finite value, got {self.value!r}")
        if self.value < 0 and not self.on_contacts:
            raise ValueError(
                f"value={self.value} would make signal negative: give 0 or more, and lower signal "
                "by action='scale' with a value below 1"
            )

    def _check_positions(self):
        """Refuse a window or locus that is none."""
        window, locus = self.window, self.locus
        if window is not None and locus is not None:
            raise ValueError("give window or locus, not both")
        if self.on_contacts and (window is not None or locus is not None):
            raise ValueError(f"action={self.action!r} is on whole pCREs: leave window, locus None")
        if self.action == "peak" and window is None and locus is None:
            raise ValueError("action='peak' needs the window, or the locus, that the peak spans")
        if window is not None and not (_has_length(window, 2) and window[0] < window[1]):
            raise ValueError(f"window must be (start, end) with start < end, got {window!r}")
        if locus is not None and not (
            _has_length(locus, 3) and isinstance(locus[0], str) and locus[1] < locus[2]
        ):
            raise ValueError(f"locus must be (chrom, start, end) with start < end, got {locus!r}")

    def __str__(self):
        regions = f"pCRE {self.regions}" if _is_number(self.regions) else self.regions
        where = regions
        if self.window is not None:
            where = f"{regions} [{self.window[0]}, {self.window[1]})"
        elif self.locus is not None:
            where = "{}:{}-{}".format(*self.locus)
        what = self.action if self.value is None else f"{self.action} {self.value:g}"
        if self.on_contacts:
            return f"{what} {where}"
        return f"{what} {', '.join(self.tracks) if self.tracks else 'all tracks'} in {where}"


def _has_length(value, length):
    """Whether value is a tuple or list of some length."""
    return isinstance(value, (tuple, list)) and len(value) == length


def _is_number(regions):
    """Whether regions is the number of a pCRE."""
    return isinstance(regions, numbers.Integral) and not isinstance(regions, bool)


def _check_regions(regions, perturbation):
    """Refuse what names no regions, or no pCREs where contacts are to be changed."""
    named = isinstance(regions, str) and regions in ("all", "promoter", "pcres")
    if not named and not (_is_number(regions) and regions >= 1):
        raise ValueError(
            "regions must be 'all', 'promoter', 'pcres' or the number of a pCRE from 1 on, got "
            f"{regions!r}"
        )
    if perturbation.on_contacts and regions in ("all", "promoter"):
        raise ValueError(
            f"action={perturbation.action!r} is on contacts: regions must be 'pcres' or the number "
            f"of a pCRE, got {regions!r}"
        )
