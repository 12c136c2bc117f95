"""Upper panels of GeneDisplay: contacts as arcs, and the regions below them."""

import numpy as np

from ._base import FAINT, effect_colours, keep_sides, signed

_SCALE_WIDTH = 0.16  # of the colour bar, as a share of the axis
_WIDTHS = 0.4, 2.4  # of arcs in points, from weight 0 to the largest


def draw_contacts(ax, layout, X, importance, scale):
    """Draw an arc to each pCRE of a GeneLayout; return them in falling weight, and the colour bar.

    `importance` has shape (max_pcres,), or is None for grey arcs without a colour bar. `scale` is
    the importance of full colour, see `effect_colours`.
    """
    from matplotlib.patches import PathPatch, Rectangle

    near, far, middle, tss = _positions(layout)
    ax.set_xlim(*_limits(near, far))
    ax.set_ylim(-0.1, 1.12)
    ax.axhline(0, color="0.3", linewidth=0.5, zorder=0)
    largest = X.weights.max(initial=0)
    reach = max(np.abs(middle - tss).max(), 1)
    colours = None if importance is None else effect_colours(importance, scale)
    arcs = []
    for at in np.argsort(layout.region)[1:]:
        region = layout.region[at]
        strength = X.weights[0, region - 1] / largest if largest else 0
        colour = "0.5" if colours is None else colours.to_rgba(importance[region - 1])
        path = _arc(tss, middle[at], 0.25 + 0.75 * abs(middle[at] - tss) / reach)
        look = {"edgecolor": colour, "linewidth": _width(strength)}
        arc = PathPatch(path, fill=False, linestyle="solid" if layout.cis[at] else "dashed", **look)
        arcs.append(ax.add_patch(arc))
        box = (near[at], -0.06), far[at] - near[at], 0.12
        ax.add_patch(Rectangle(*box, facecolor="0.2", edgecolor="0.2", linewidth=0.8))
    keep_sides(ax, "top")
    ax.set_yticks([])
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    if layout.chrom:
        _write_positions(ax.xaxis, layout.chrom, np.ptp(ax.get_xlim()))
    else:
        ax.set_xticks([])
    has_scale = colours is not None and len(arcs) > 0
    _legend(ax, X.weights[0, X.index[0, 1:] >= 0], 0.97 - 2 * _SCALE_WIDTH if has_scale else 1)
    return arcs, _draw_scale(ax, colours, importance) if has_scale else None


def _positions(layout):
    """Return ends and middles of regions, and the TSS, on the axis of contacts.

    Without coordinates they are the places of the regions below. A region of another chromosome
    is at the right end.
    """
    if not layout.chrom:
        near, far = layout.left, layout.left + layout.drawn
        return near, far, (near + far) / 2, layout.from_tss(0)
    near, far = layout.start.astype(float), layout.end.astype(float)
    end = _limits(near[layout.cis], far[layout.cis])[1]
    near[~layout.cis] = far[~layout.cis] = end
    return near, far, (near + far) / 2, layout.tss


def _limits(near, far):
    """Return the ends of the axis: all regions and a margin."""
    low, high = near.min(), far.max()
    margin = 0.02 * (high - low)
    return low - margin, high + margin


def _width(share):
    """Return the width of an arc, given its share of the largest weight."""
    return _WIDTHS[0] + share * (_WIDTHS[1] - _WIDTHS[0])


def _arc(start, end, height):
    """Return the path from one position to another that rises to `height`."""
    from matplotlib.path import Path

    top = 4 / 3 * height
    points = [(start, 0), (start, top), (end, top), (end, 0)]
    return Path(points, [Path.MOVETO, *[Path.CURVE4] * 3])


def _write_positions(axis, chrom, span):
    """Write ticks in Mb, or in kb where the axis spans less than 100 kb, and the chromosome."""
    unit, size = ("Mb", 1_000_000) if span >= 100_000 else ("kb", 1_000)

    def text(x, _):
        return f"{x / size:,.{_n_digits(axis.get_majorticklocs() / size)}f}"

    axis.set_major_formatter(text)
    axis.set_label_text(f"{chrom} ({unit})")


def _n_digits(ticks):
    """Return the fewest digits behind the point that show all ticks as they are."""
    return next(n for n in range(10) if np.allclose(ticks, np.round(ticks, n), rtol=0, atol=1e-9))


def _legend(ax, weights, right):
    """Write the meaning of the widths of arcs, up to a place on the axis from 0 to 1."""
    from matplotlib.lines import Line2D

    if not weights.max(initial=0) > 0:
        return
    handles = []
    for weight in sorted({weights.min(), weights.max()}):
        look = {"linewidth": _width(weight / weights.max()), "color": "0.4"}
        handles.append(Line2D([], [], label=f"contact weight {weight:.3g}", **look))
    ax.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(right, 1.33),
        borderaxespad=0,
        ncols=len(handles),
        handlelength=1.4,
        columnspacing=1.2,
        fontsize="small",
    )


def _draw_scale(ax, colours, values):
    """Draw the scale of the colours of arcs above the axes, and return the colour bar."""
    low, high = colours.get_clim()
    bar_ax = ax.inset_axes([1 - _SCALE_WIDTH, 1.4, _SCALE_WIDTH, 0.06])
    beyond = np.nanmax(np.abs(values)) > high
    bar = ax.figure.colorbar(
        colours, cax=bar_ax, orientation="horizontal", extend="both" if beyond else "neither"
    )
    bar.set_ticks([low, 0, high], labels=[signed(tick) for tick in (low, 0, high)])
    bar_ax.xaxis.tick_top()
    bar_ax.tick_params(pad=1)
    bar.outline.set_linewidth(0.4)
    beside = {"ha": "right", "va": "center", "size": "small", "transform": bar_ax.transAxes}
    bar_ax.text(-0.06, 0.5, "importance of the pCRE", **beside)
    return bar


def draw_map(ax, layout, contact_ax):
    """Draw the regions as blocks, joined to their places in the panel above."""
    from matplotlib.patches import Polygon, Rectangle

    ax.set_xlim(0, layout.width)
    ax.set_ylim(0, 1)
    ax.set_xticks([])
    ax.set_yticks([])
    keep_sides(ax)
    low, high = contact_ax.get_xlim()
    for at, (left, width) in enumerate(zip(layout.left, layout.drawn)):
        if layout.chrom and layout.cis[at]:
            above = (np.array([layout.end[at], layout.start[at]]) - low) / (high - low)
            corners = [(left, 0.45), (left + width, 0.45), *((x * layout.width, 1) for x in above)]
            ax.add_patch(Polygon(corners, facecolor=FAINT, edgecolor="0.8", linewidth=0.3))
    for left, width, region, cis in zip(layout.left, layout.drawn, layout.region, layout.cis):
        ax.add_patch(Rectangle((left, 0.12), width, 0.33, color="0.2" if region else "k"))
        label = "promoter" if layout.promoter_share > 0.1 else "P"
        if region:
            label = f"{region}" if cis else f"{region}*"
        centred = {"ha": "center", "va": "center_baseline"}
        ax.text(left + width / 2, 0.27, label, color="w", size="small", **centred)
    _draw_strand(ax, layout)


def _draw_strand(ax, layout):
    """Draw a bent arrow at the TSS, in the direction of transcription."""
    tss, reach = layout.from_tss(0), 0.035 * layout.width * (-1 if layout.flipped else 1)
    ax.plot([tss, tss], [0.45, 0.75], color="k", linewidth=1)
    ax.annotate(
        "",
        xy=(tss + reach, 0.75),
        xytext=(tss, 0.75),
        arrowprops={"arrowstyle": "-|>", "color": "k", "linewidth": 1, "shrinkA": 0, "shrinkB": 0},
    )
