"""What all displays share: figures at journal size, colours, panels, and axes in Mb and kb."""

from contextlib import contextmanager

import numpy as np

# Widths of one and of two columns of a journal, in inches (89 and 183 mm: Nature's).
SINGLE, DOUBLE = 89 / 25.4, 183 / 25.4

# Okabe and Ito, Color Universal Design, https://jfly.uni-koeln.de/color
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
LOWERS, RAISES = COLOURS[:2]
SIGNAL, FAINT = "0.45", "0.92"

_JOURNAL = {
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "legend.frameon": False,
    "figure.dpi": 150,
    "savefig.dpi": 300,
}


@contextmanager
def canvas(display, ax, width, height):
    """Axes to draw on: the given ones, in their own style, or new ones at journal size.

    Parameters
    ----------
    display : object
        Gets ``ax_`` and ``figure_``.
    ax : matplotlib Axes or None
    width, height : float
        Of a new figure, in inches.

    Yields
    ------
    ax : matplotlib Axes

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    try:
        import matplotlib.pyplot as plt
        from matplotlib.axes import Axes
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__}.plot needs matplotlib: pip install matplotlib"
        ) from error
    if ax is not None:
        yield ax
    else:
        with plt.rc_context(_JOURNAL | {"axes.prop_cycle": plt.cycler(color=COLOURS)}):
            figure, ax = plt.subplots(figsize=(width, height), layout="constrained")
            yield ax
            # Ticks are made when the figure is drawn, in the style of that time.
            for axes in figure.findobj(Axes):
                axes.tick_params(labelsize=6, length=2, width=0.6)
    display.ax_, display.figure_ = ax, ax.figure


def stacked(ax, heights, width=1.0, gap=0.0):
    """Axes one above the other inside of `ax`, whose own frame is taken away.

    Parameters
    ----------
    ax : matplotlib Axes
    heights : sequence of float
        Of the panels from the top on, in any unit.
    width : float, default=1.0
        Share of the width of `ax`.
    gap : float, default=0.0
        Between panels, in the unit of `heights`.

    Returns
    -------
    panels : list of matplotlib Axes
    """
    ax.set_axis_off()
    whole = sum(heights) + gap * (len(heights) - 1)
    bottoms = whole - np.cumsum(heights) - gap * np.arange(len(heights))
    boxes = zip(bottoms / whole, np.asarray(heights) / whole)
    return [ax.inset_axes([0, bottom, width, height]) for bottom, height in boxes]


def bare(ax, *kept):
    """Take away the frame of axes but for some sides."""
    for side, spine in ax.spines.items():
        spine.set_visible(side in kept)


def signed_colours(values):
    """Colour of each number by what it does to the prediction."""
    return [RAISES if value > 0 else LOWERS for value in values]


def in_bp(bp):
    """Text of a distance: ``'+1.2 Mb'``, ``'-190 kb'``, ``'+25 bp'``."""
    for unit, size in (("Mb", 1_000_000), ("kb", 1_000)):
        if abs(bp) >= size:
            text = f"{bp / size:+.3g} {unit}" if unit == "Mb" else f"{bp / size:+.0f} {unit}"
            return text.replace("-", "\N{MINUS SIGN}")
    return f"{bp:+d} bp".replace("-", "\N{MINUS SIGN}")


def kb_from_tss(kb, _=None):
    """Text of a tick: ``'+5'``, or ``'TSS'`` for 0."""
    return f"{kb:+g}".replace("-", "\N{MINUS SIGN}") if kb else "TSS"


def position_axis(axis, chrom, span):
    """Ticks of positions on a chromosome in Mb, or in kb where the axis spans less than 100 kb."""
    unit, size = ("Mb", 1_000_000) if span >= 100_000 else ("kb", 1_000)

    def text(x, _):
        step = np.diff(axis.get_majorticklocs()).min(initial=size) / size
        return f"{x / size:,.{max(0, int(np.ceil(-np.log10(step) - 1e-6)))}f}"

    axis.set_major_formatter(text)
    axis.set_label_text(f"{chrom} ({unit})")
