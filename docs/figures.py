"""The drawings of the user guide."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch, Rectangle

BLUE, ORANGE, GREEN, GREY = "#4477aa", "#ee7733", "#228833", "#888888"


def draw_all(folder):
    """Write every drawing as SVG."""
    plt.switch_backend("agg")
    for name, draw in {"data_model": draw_data_model, "network": draw_network}.items():
        figure = draw()
        figure.savefig(folder / f"{name}.svg", bbox_inches="tight")
        plt.close(figure)


def draw_data_model():
    """Two genes, the regions that they point to, and the bins that are stored."""
    figure, ax = _canvas(10, 4.6)
    _text(ax, 0.2, 4.3, "gene table: one row a gene", bold=True)
    for row, name in enumerate(["A   chr1  tss 81,500  +", "B   chr1  tss 84,000  -"]):
        _box(ax, 0.2, 3.3 - row, 2.6, 0.6, name, GREY)
    _text(ax, 3.7, 4.3, "region numbers and weights", bold=True)
    numbers = [["0", "1 (3.1)", "2 (2.0)"], ["3", "2 (4.4)", "none"]]
    for row, cells in enumerate(numbers):
        for column, cell in enumerate(cells):
            colour = BLUE if column == 0 else GREY if cell == "none" else ORANGE
            _box(ax, 3.7 + 0.95 * column, 3.3 - row, 0.88, 0.6, cell, colour)
    _text(ax, 3.7, 1.85, "promoter, then pCREs in falling weight", size=8)
    _text(ax, 7.3, 4.3, "signal: bins x tracks, each region once", bold=True)
    rng = np.random.default_rng(0)
    for region, (n_bins, colour) in enumerate([(8, BLUE), (5, ORANGE), (6, ORANGE), (8, BLUE)]):
        y = 3.5 - 0.65 * region
        _text(ax, 7.3, y + 0.2, str(region), size=9)
        for at, height in enumerate(rng.uniform(0.15, 1, (n_bins, 2))):
            for track, alpha in enumerate(height):
                place = (7.6 + 0.28 * at, y + 0.22 * track)
                ax.add_patch(Rectangle(place, 0.26, 0.2, color=colour, alpha=0.9 * alpha, lw=0))
    _text(ax, 7.3, 1.0, "region 2 is shared by A and B", size=8)
    _arrow(ax, (2.85, 3.1), (3.6, 3.1))
    _arrow(ax, (6.55, 3.1), (7.2, 3.1))
    _text(ax, 0.2, 0.4, "X[gene, region, bin, track] is what it means; nothing of it is padding.")
    return figure


def draw_network():
    """From the bins of a gene to its prediction, for one bin size and for all."""
    figure, ax = _canvas(10, 5.2)
    _box(ax, 0.1, 3.9, 2.1, 0.8, "promoter bins\nlog(1 + mean)", BLUE)
    _box(ax, 0.1, 1.9, 2.1, 0.8, "bins of each pCRE:\nkeys and values", ORANGE)
    _box(ax, 0.1, 0.5, 2.1, 0.7, "contact weights", GREY)
    _box(ax, 2.8, 3.9, 2.1, 0.8, "Embedding\n1 layer, 2 heads", GREEN)
    _box(ax, 2.8, 1.9, 2.1, 0.8, "Pairwise Interaction\n2 layers, 2 heads", GREEN)
    _box(ax, 5.5, 1.9, 2.1, 0.8, "Regulation\n6 layers, 8 heads, gated", GREEN)
    _box(ax, 8.2, 2.9, 1.7, 0.9, "128 ReLU, head\nof all bin sizes", GREY)
    _arrow(ax, (2.2, 4.3), (2.8, 4.3))
    _arrow(ax, (2.2, 2.3), (2.8, 2.3))
    _arrow(ax, (3.85, 3.9), (3.85, 2.7), "query: the bin at the TSS")
    _arrow(ax, (4.9, 2.3), (5.5, 2.3))
    _text(ax, 4.8, 2.78, "a token a pCRE", size=7)
    _arrow(ax, (4.9, 4.1), (6.4, 2.7), "promoter token")
    _arrow(ax, (2.2, 0.85), (6.5, 1.9))
    _text(ax, 4.6, 1.2, "learned factor x weight, added to the promoter's logits", size=7)
    _arrow(ax, (7.6, 2.4), (8.2, 3.1))
    _arrow(ax, (4.9, 4.4), (8.8, 3.8), "plus the promoter's embedding")
    ax.add_patch(Rectangle((2.6, 1.55), 5.2, 3.4, fill=False, ls="--", color=GREY))
    _text(ax, 2.65, 5.05, "once for each bin size: 2,000, 500 and 100 bp", size=9)
    return figure


def _canvas(width, height):
    """Make an empty drawing, one unit an inch."""
    figure, ax = plt.subplots(figsize=(width, height))
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")
    return figure, ax


def _box(ax, x, y, width, height, label, colour):
    """Draw a labelled box."""
    style = "round,pad=0,rounding_size=0.08"
    shape = FancyBboxPatch((x, y), width, height, boxstyle=style, fc=colour, ec="none", alpha=0.25)
    ax.add_patch(shape)
    ax.text(x + width / 2, y + height / 2, label, ha="center", va="center", fontsize=9)


def _arrow(ax, start, end, label=""):
    """Draw an arrow, and its label at the middle."""
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "#444444"})
    x, y = np.mean([start, end], axis=0)
    ax.text(x + 0.03, y + 0.08, label, fontsize=7, color="#444444")


def _text(ax, x, y, text, size=10, bold=False):
    """Write text."""
    ax.text(x, y, text, fontsize=size, fontweight="bold" if bold else "normal")
