"""The drawings of the user guide."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Arc, FancyBboxPatch, Rectangle

BLUE, ORANGE, GREEN, GREY = "#4477aa", "#ee7733", "#228833", "#888888"
DARK = "#444444"


def draw_all(folder):
    """Write every drawing as SVG."""
    plt.switch_backend("agg")
    drawings = {
        "overview": draw_overview,
        "data_model": draw_data_model,
        "network": draw_network,
        "conditions": draw_conditions,
    }
    for name, draw in drawings.items():
        figure = draw()
        figure.savefig(folder / f"{name}.svg", bbox_inches="tight")
        plt.close(figure)


def draw_overview():
    """Draw the inputs, the steps of a Pipeline, and its results."""
    figure, ax = _canvas(10.8, 3.1)
    inputs = [("bigWig tracks", BLUE), ("contacts: list or matrix", ORANGE), ("gene table", GREY)]
    for row, (name, colour) in enumerate(inputs):
        _box(ax, 0.1, 2.05 - 0.75 * row, 2.1, 0.55, name, colour)
        _arrow(ax, (2.25, 2.3 - 0.75 * row), (2.8, 1.85 - 0.3 * row))
    _text(ax, 2.95, 2.75, "regions: promoter and pCREs", size=10)
    _gene(ax, 2.95, 0.75)
    _arrow(ax, (5.4, 1.55), (5.95, 1.55))
    _text(ax, 6.05, 2.75, "network", size=10)
    for row, name in enumerate(["Embedding", "Pairwise Interaction", "Regulation"]):
        _box(ax, 6.05, 2.05 - 0.75 * row, 1.75, 0.55, name, GREEN)
    for row, name in enumerate(["expression", "scores by chromosome", "which mark, bin, element"]):
        _box(ax, 8.45, 2.05 - 0.75 * row, 2.3, 0.55, name, GREY)
        _arrow(ax, (7.85, 1.85 - 0.3 * row), (8.4, 2.3 - 0.75 * row))
    return figure


def _gene(ax, x, y):
    """Draw a promoter with its signal and two elements in contact with it."""
    rng = np.random.default_rng(3)
    for at, n_bins, colour in [(x, 9, BLUE), (x + 1.1, 4, ORANGE), (x + 1.75, 5, ORANGE)]:
        heights = 0.05 + rng.uniform(0.15, 0.7, n_bins) * np.hanning(n_bins + 2)[1:-1]
        ax.bar(at + 0.1 * np.arange(n_bins), heights, 0.09, y, color=colour, align="edge")
        if colour == ORANGE:
            tss, middle = x + 0.45, at + 0.05 * n_bins
            centre, size = ((tss + middle) / 2, y + 0.75), 0.6 * (middle - tss)
            ax.add_patch(
                Arc(centre, middle - tss, 2 * size, theta1=0, theta2=180, color=ORANGE, lw=1.5)
            )
    ax.plot([x - 0.05, x + 2.3], [y, y], color=GREY, lw=1)
    _text(ax, x + 0.32, y - 0.22, "TSS", size=8)


def draw_data_model():
    """The files of two genes, the regions that they point to, and the bins that are stored."""
    figure, ax = _canvas(9.4, 6.4)
    files = ["annotation and expression", "contacts: list or matrix", "bigWig file of each track"]
    for x, width, name in zip((0.1, 3.2, 6.7), (2.5, 2.9, 2.6), files):
        _box(ax, x, 5.75, width, 0.5, name, GREY)
        _arrow(ax, (x + width / 2, 5.72), (x + width / 2, 5.3))
    for x, name in zip((0.1, 3.2, 6.7), ("gene table", "with the column pcres", "RegionArray")):
        _text(ax, x, 5.05, name, bold=True)
    for x, name in zip(
        (0.1, 3.2, 6.7),
        ("one row per gene", "region numbers (and weights)", "each region's bins, once"),
    ):
        _text(ax, x, 4.82, name, size=9.5)
    for row, name in enumerate(["A  chr1  tss 81,500  +", "B  chr1  tss 84,000  -"]):
        _box(ax, 0.1, 4.0 - 0.75 * row, 2.5, 0.55, name, GREY)
    _row_of_regions(ax, 3.2, 4.0, ["0", "1 (3.1)", "2 (2.0)"])
    _row_of_regions(ax, 3.2, 3.25, ["3", "2 (4.4)", "none"])
    _text(ax, 3.2, 2.9, "promoter, then pCREs in falling weight", size=9.5)
    _stored_bins(ax, 6.7, 4.1, [8, 5, 6, 8], [BLUE, ORANGE, ORANGE, BLUE])
    _text(ax, 6.7, 1.95, "region 2 is shared by A and B", size=9.5)
    _arrow(ax, (2.65, 3.9), (3.15, 3.9))
    _arrow(ax, (6.15, 3.9), (6.6, 3.9))
    _text(ax, 0.1, 2.3, "X[gene, region, bin, track]", bold=True)
    _text(ax, 0.1, 2.06, "reads as an array of genes; stored without padding", size=9.5)
    ax.plot([0.1, 9.3], [1.75, 1.75], color=GREY, lw=0.8)
    _text(ax, 0.1, 1.4, "Two conditions: X[gene, condition, region, bin, track]", bold=True)
    _box(ax, 0.1, 0.45, 2.5, 0.55, "A  sample_a  sample_b", GREY)
    _arrow(ax, (2.65, 0.78), (3.55, 0.98))
    _arrow(ax, (2.65, 0.66), (3.55, 0.4))
    for y, name, cells in [
        (0.75, "a", ["0", "1 (3.1)", "2 (2.0)"]),
        (0.1, "b", ["4", "5 (1.9)", "none"]),
    ]:
        _text(ax, 3.65, y + 0.18, name, size=9, bold=True)
        _row_of_regions(ax, 3.9, y, cells, height=0.5)
    _text(ax, 6.95, 0.62, "each condition has its own", size=9.5)
    _text(ax, 6.95, 0.4, "signal, pCREs and weights", size=9.5)
    return figure


def _row_of_regions(ax, x, y, cells, height=0.55):
    """Draw the region numbers of one gene."""
    for column, cell in enumerate(cells):
        colour = BLUE if column == 0 else GREY if cell == "none" else ORANGE
        _box(ax, x + 0.98 * column, y, 0.9, height, cell, colour)


def _stored_bins(ax, x, y, sizes, colours):
    """Draw the bins x tracks of some regions below each other."""
    rng = np.random.default_rng(0)
    for region, (n_bins, colour) in enumerate(zip(sizes, colours)):
        top = y - 0.6 * region
        _text(ax, x, top + 0.14, str(region), size=10)
        for at, height in enumerate(rng.uniform(0.15, 1, (n_bins, 2))):
            for track, alpha in enumerate(height):
                place = (x + 0.3 + 0.28 * at, top + 0.22 * track)
                ax.add_patch(Rectangle(place, 0.26, 0.2, color=colour, alpha=0.9 * alpha, lw=0))


def draw_network():
    """From the bins of a gene to its prediction, for one bin size and for all."""
    figure, ax = _canvas(8.7, 7.4)
    _box(ax, 0.2, 6.55, 2.5, 0.75, "promoter bins\nlog(1 + mean signal)", BLUE)
    _box(ax, 3.6, 6.55, 2.4, 0.75, "bins of each pCRE\nlog(1 + mean signal)", ORANGE)
    _box(ax, 6.5, 6.55, 2.0, 0.75, "contact weight\nof each pCRE", GREY)
    ax.add_patch(Rectangle((0.05, 1.55), 8.6, 4.6, fill=False, ls="--", color=GREY))
    sizes = "1 layer, 2 heads\nwidth 128 (d_model)\nfeed-forward 128"
    _box(ax, 0.2, 4.7, 2.5, 1.1, f"Embedding\n{sizes}", GREEN)
    sizes = "2 layers, 2 heads\nwidth 128 (d_model)\nfeed-forward 256"
    _box(ax, 3.6, 4.7, 2.4, 1.1, f"Pairwise Interaction\n{sizes}", GREEN)
    factor = "$\\gamma$ x weight\n$\\gamma$: one learned factor\nper head and layer"
    _box(ax, 6.5, 4.7, 2.0, 1.1, factor, GREY)
    sizes = "width 128 (d_model), attention width 256, feed-forward 256"
    _box(ax, 2.3, 2.75, 6.2, 1.05, f"Regulation\n6 layers, 8 heads, sigmoid gate\n{sizes}", GREEN)
    for x in (1.45, 4.8, 7.5):
        _arrow(ax, (x, 6.53), (x, 5.83))
    _arrow(ax, (2.73, 5.25), (3.57, 5.25))
    _text(ax, 2.92, 5.33, "query", size=9.5)
    _text(ax, 4.9, 5.9, "keys, values", size=9.5)
    for x in (2.5, 4.8, 7.5):
        _arrow(ax, (x, 4.67), (x, 3.83))
    _text(ax, 2.6, 4.2, "promoter token", size=9.5)
    _text(ax, 4.9, 4.2, "a token per pCRE", size=9.5)
    _text(ax, 7.6, 4.34, "added to", size=9.5)
    _text(ax, 7.6, 4.17, "promoter's", size=9.5)
    _text(ax, 7.6, 4.0, "logits", size=9.5)
    _plus(ax, 3.3, 2.15)
    _arrow(ax, (3.3, 2.72), (3.3, 2.31))
    ax.plot([0.7, 0.7], [4.67, 2.15], color=DARK, lw=1)
    _arrow(ax, (0.7, 2.15), (3.15, 2.15))
    _text(ax, 0.85, 2.23, "promoter embedding", size=9.5)
    _text(ax, 4.0, 1.7, "once for each bin size: 2,000, 500 and 100 bp", size=10)
    _arrow(ax, (3.3, 1.99), (3.3, 1.17))
    _box(ax, 1.9, 0.4, 2.8, 0.75, "bin sizes side by side\n3 x 128 = 384", GREY)
    _box(ax, 5.2, 0.4, 1.7, 0.75, "hidden layer\n128, ReLU", GREY)
    _box(ax, 7.4, 0.4, 1.1, 0.75, "output", GREY)
    _arrow(ax, (4.73, 0.775), (5.17, 0.775))
    _arrow(ax, (6.93, 0.775), (7.37, 0.775))
    return figure


def draw_conditions():
    """One network that reads a gene in two conditions, and three ways to join the readings."""
    figure, ax = _canvas(8.7, 3.6)
    for y, name in ((2.2, "a"), (0.7, "b")):
        _box(ax, 0.1, y, 2.1, 0.8, f"condition {name}: signal,\npCREs, weights", BLUE)
        _box(ax, 2.7, y, 1.5, 0.8, "network", GREEN)
        _box(ax, 4.7, y, 1.0, 0.8, f"$h_{name}$\n3 x 128", GREY)
        _arrow(ax, (2.23, y + 0.4), (2.67, y + 0.4))
        _arrow(ax, (4.23, y + 0.4), (4.67, y + 0.4))
    ax.plot([3.1, 3.1], [1.52, 2.18], color=GREEN, lw=1.5, ls=":")
    _text(ax, 3.2, 1.8, "the same weights", size=9.5)
    ways = [
        ("difference", "$f(h_b) - f(h_a)$"),
        ("concat", "$g(h_a, h_b)$"),
        ("both", "$f(h_b) - f(h_a) + g(h_a, h_b)$"),
    ]
    _text(ax, 6.3, 3.3, "combine=", size=9, bold=True)
    for row, (name, formula) in enumerate(ways):
        _box(ax, 6.3, 2.4 - 0.9 * row, 2.3, 0.75, f'"{name}"\n{formula}', GREY)
    ax.plot([5.73, 5.95, 5.95, 5.73], [2.6, 2.6, 1.1, 1.1], color=DARK, lw=1)
    _arrow(ax, (5.95, 1.85), (6.27, 1.85))
    heads = "f: the network's head.  g: a second head, which reads both conditions."
    _text(ax, 0.1, 0.2, heads, size=9.5)
    return figure


def _canvas(width, height):
    """Make an empty drawing, one unit per inch."""
    figure, ax = plt.subplots(figsize=(width, height), layout="constrained")
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")
    return figure, ax


def _box(ax, x, y, width, height, label, colour):
    """Draw a labelled box."""
    style = "round,pad=0,rounding_size=0.08"
    shape = FancyBboxPatch((x, y), width, height, boxstyle=style, fc=colour, ec="none", alpha=0.25)
    ax.add_patch(shape)
    ax.text(x + width / 2, y + height / 2, label, ha="center", va="center", fontsize=10)


def _arrow(ax, start, end):
    """Draw an arrow."""
    style = {"arrowstyle": "->", "color": DARK, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)


def _plus(ax, x, y):
    """Draw a sum."""
    ax.text(
        *(x, y, "+"),
        ha="center",
        va="center",
        fontsize=11,
        bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "ec": DARK},
    )


def _text(ax, x, y, text, size=10, bold=False):
    """Write text."""
    ax.text(x, y, text, fontsize=size, fontweight="bold" if bold else "normal")
