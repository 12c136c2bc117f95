"""Base of the displays: figures of journal size, the choice of a gene, panels, colours."""

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


class Display:
    """Result of an inspection that is drawn on given axes, or on a new figure."""

    def plot(self, *, ax=None):
        """Draw the result.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure of one column's width (89 mm).

        Returns
        -------
        display : Display
            The display itself, with all that was drawn.

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install matplotlib``.
        ValueError
            If there is nothing to draw.
        """
        self._check()
        with self._canvas(ax, SINGLE, self._height()) as ax:
            self._draw(ax)
        return self

    def _check(self):
        """Refuse a result without anything to draw."""

    def _choose(self, places, gene, name, of_several):
        """Set the rows to draw, the gene's or all, and the title."""
        n_genes = len(places.genes["gene_id"])
        self.is_one = gene is not None or n_genes == 1
        self.rows = np.array([places.row(gene)]) if self.is_one else np.arange(n_genes)
        own = places.name(self.rows[0]) if self.is_one else of_several.format(n_genes)
        self.name = own if name is None else name

    @contextmanager
    def _canvas(self, ax, width, height):
        """Yield the given axes, in their own style, or the axes of a new figure (in inches)."""
        try:
            import matplotlib.pyplot as plt
            from matplotlib.axes import Axes
        except ImportError as error:
            raise ImportError(
                f"{type(self).__name__}.plot needs matplotlib: pip install matplotlib"
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
        self.ax_, self.figure_ = ax, ax.figure


def stacked(ax, heights, gap=0.0):
    """Return axes one above the other in `ax`, whose own frame is removed, from the top down."""
    ax.set_axis_off()
    whole = sum(heights) + gap * (len(heights) - 1)
    bottoms = whole - np.cumsum(heights) - gap * np.arange(len(heights))
    boxes = zip(bottoms / whole, np.asarray(heights) / whole)
    return [ax.inset_axes([0, bottom, 1, height]) for bottom, height in boxes]


def keep_sides(ax, *kept):
    """Hide the frame of axes except for some sides."""
    for side, spine in ax.spines.items():
        spine.set_visible(side in kept)


def effect_colour(value):
    """Return the colour of an effect: whether it raises or lowers the prediction."""
    return RAISES if value > 0 else LOWERS


def effect_colours(values, scale=None):
    """Return a ScalarMappable from -scale, which lowers, over grey to scale, which raises.

    None is 1, or where a value is larger the next of 2, 5, 10, 20, ...: a scale that can be read,
    and on which effects of nearly 0 stay pale.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    if scale is None:
        largest = float(np.nanmax(np.abs(values), initial=0))
        tens = 10.0 ** max(0, np.floor(np.log10(max(largest, 1))))
        scale = next(step * tens for step in (1, 2, 5, 10) if step * tens >= largest)
    colours = LinearSegmentedColormap.from_list("effects", [LOWERS, "0.85", RAISES])
    return ScalarMappable(Normalize(-scale, scale, clip=True), colours)


def signed(value):
    """Return the text of a number with its sign: ``'+0.5'``, ``'0'``."""
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0"


def check_names(name, values, known):
    """Return one name or several as a list, all of the `known` for None; refuse any other."""
    values = known if values is None else values
    values = [values] if isinstance(values, str) else list(values)
    if not values or not set(values) <= set(known):
        raise ValueError(f"{name} must name some of {', '.join(known)}, got {', '.join(values)}")
    return values


def kb_from_tss(kb, _=None):
    """Return the text of a tick: ``'+5'``, or ``'TSS'`` for 0."""
    return signed(kb) if kb else "TSS"
