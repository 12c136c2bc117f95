"""Displays: the drawn values, their places and colours, and texts that can be read."""

import itertools
import sys
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, MaxNLocator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from small_models import TINY, changed, make_located

from skchromo import (
    BigWigTransformer,
    ChromoformerClassifier,
    ChromoformerRegressor,
    InteractionTransformer,
    RegionArray,
)
from skchromo.inspection import (
    AttentionDisplay,
    CRISPRiDisplay,
    GeneDisplay,
    LearningHistoryDisplay,
    MarkImportanceDisplay,
    PCREImportanceDisplay,
    attention,
    attributions,
    element_effects,
    mark_importance,
    pcre_importance,
)

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RAISES, LOWERS = "#D55E00", "#0072B2"


@pytest.fixture(scope="module")
def X():
    return make_located()


@pytest.fixture(autouse=True)
def no_figures_left():
    """Every test begins without figures, and leaves settings as they were."""
    plt.close("all")
    settings = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == settings
    plt.close("all")


def blocks(display):
    """Left end, width and region (0 is the promoter) of each block, as drawn from the left."""
    boxes = [patch for patch in display.map_ax_.patches if isinstance(patch, Rectangle)]
    labels = [text.get_text() for text in display.map_ax_.texts if text.get_text()]
    regions = [0 if label[0] in "pP" else int(label.rstrip("*")) for label in labels]
    return [(box.get_x(), box.get_width(), region) for box, region in zip(boxes, regions)]


def draw_screen(fitted, X, **ax):
    """Curves of a screen that silenced each first pCRE, a third of them with an effect."""
    genes = np.flatnonzero(X.index[:, 1] >= 0)
    parts = {name: getattr(X, name)[X.index[genes, 1]] for name in ("chrom", "start", "end")}
    pairs = pd.DataFrame({"gene_id": X.genes["gene_id"][genes], **parts})
    pairs["Regulated"] = np.arange(len(pairs)) % 3 == 0
    scores = {"ABC": np.arange(len(pairs)) % 7, "H3K27ac/distance": np.arange(len(pairs)) % 5}
    effects = element_effects(fitted, X, pairs, n_background=0)
    pairs["distance"], scores["effect"] = effects["distance"], -effects["effect"]
    return CRISPRiDisplay.from_scores(pairs, scores, **ax)


ALL = {
    "gene": lambda fitted, X, **ax: GeneDisplay.from_estimator(fitted, X, "GENE7", **ax),
    "gene near its TSS": lambda fitted, X, **ax: GeneDisplay.from_estimator(
        fitted, X, "GENE7", window=200, **ax
    ),
    "gene without model": lambda fitted, X, **ax: GeneDisplay(X, "GENE7").plot(**ax),
    "regulation": lambda fitted, X, **ax: AttentionDisplay.from_estimator(fitted, X, **ax),
    "embedding": lambda fitted, X, **ax: AttentionDisplay.from_estimator(
        fitted, X, level="embedding", **ax
    ),
    "pairwise": lambda fitted, X, **ax: AttentionDisplay.from_estimator(
        fitted, X, 7, level="pairwise", **ax
    ),
    "pcres of a gene": lambda fitted, X, **ax: PCREImportanceDisplay.from_estimator(
        fitted, X, "GENE7", **ax
    ),
    "pcres of all": lambda fitted, X, **ax: PCREImportanceDisplay.from_estimator(fitted, X, **ax),
    "marks": lambda fitted, X, **ax: MarkImportanceDisplay.from_estimator(
        fitted, X, np.arange(len(X)), random_state=0, **ax
    ),
    "screen": draw_screen,
    "history": lambda fitted, X, **ax: LearningHistoryDisplay.from_estimator(fitted, **ax),
}


def boxes_of_text(display, monkeypatch):
    """Texts that are drawn, and their boxes in pixels."""
    drawn, draw = {}, Text.draw

    def recorded(self, renderer):
        if self.get_visible() and self.get_text().strip():
            drawn[id(self)] = self.get_text(), self.get_window_extent(renderer)
        draw(self, renderer)

    monkeypatch.setattr(Text, "draw", recorded)
    display.figure_.canvas.draw()
    return list(drawn.values())


@pytest.mark.parametrize("name", ALL)
def test_new_figure_has_journal_size_and_texts_apart(name, fitted, X, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *args, **kwargs: pytest.fail("opened a window"))
    display = ALL[name](fitted, X)
    assert plt.get_fignums() == [display.figure_.number]
    width = display.figure_.get_figwidth() * 25.4
    assert width == pytest.approx(89) or width == pytest.approx(183)
    for text in display.figure_.findobj(Text):
        assert 5 <= text.get_fontsize() <= 9 or not text.get_text()
    texts = boxes_of_text(display, monkeypatch)
    assert len(texts) > 3
    for (one, box), (other, beside) in itertools.combinations(texts, 2):
        wide = min(box.x1, beside.x1) - max(box.x0, beside.x0)
        high = min(box.y1, beside.y1) - max(box.y0, beside.y0)
        assert wide < 1 or high < 1, f"{one!r} lies over {other!r}"


@pytest.mark.parametrize("name", ALL)
def test_given_axes_keep_their_style(name, fitted, X):
    figure, ax = plt.subplots()
    size = ax.xaxis.label.get_size()
    display = ALL[name](fitted, X, ax=ax)
    assert (display.ax_, display.figure_) == (ax, figure)
    assert plt.get_fignums() == [figure.number]
    assert ax.xaxis.label.get_size() == size
    figure.canvas.draw()


def test_missing_matplotlib_is_named(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"LearningHistoryDisplay.plot .* pip install matplotlib"):
        LearningHistoryDisplay.from_estimator(fitted)


def test_arcs_join_tss_and_pcres(fitted, X):
    display = GeneDisplay.from_estimator(fitted, X, "GENE7")
    tss = X.genes["tss"][7]
    assert len(display.arcs_) == 3
    widths = [arc.get_linewidth() for arc in display.arcs_]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < widths[0] <= 3
    for pcre, arc in enumerate(display.arcs_):
        region = X.index[7, pcre + 1]
        (first, *_, last) = arc.get_path().vertices[:, 0]
        assert (first, last) == (tss, (X.start[region] + X.end[region]) / 2)
    low, high = display.contact_ax_.get_xlim()
    used = X.index[7]
    assert low < X.start[used].min()
    assert high > X.end[used].max()
    assert display.contact_ax_.get_xlabel() == "chr7 (kb)"


def test_arcs_have_the_colours_of_a_stated_scale(fitted, X):
    importance = pcre_importance(fitted, X)
    values = importance.importance[7]
    drawn = GeneDisplay(X, 7, importance=importance).plot()
    assert drawn.colorbar_.ax.get_xticks().tolist() == [-1, 0, 1]
    # effects of nearly 0 are pale, however they compare with each other
    assert np.abs(values).max() < 0.1
    assert all(np.ptp(to_rgb(arc.get_edgecolor())) < 0.1 for arc in drawn.arcs_)
    full = np.abs(values).max()
    drawn = GeneDisplay(X, 7, importance=importance).plot(scale=full)
    strongest = drawn.arcs_[np.argmax(np.abs(values))]
    colour = RAISES if values[np.argmax(np.abs(values))] > 0 else LOWERS
    assert to_rgb(strongest.get_edgecolor()) == pytest.approx(to_rgb(colour), abs=0.01)
    for arc, value in zip(drawn.arcs_, values):
        red, _, blue = to_rgb(arc.get_edgecolor())
        assert np.sign(red - blue) == np.sign(value) or abs(value) < 0.01 * full
    large = replace(importance, importance=importance.importance * 12 / full)
    drawn = GeneDisplay(X, 7, importance=large).plot()
    assert drawn.colorbar_.ax.get_xticks().tolist() == [-20, 0, 20]
    assert GeneDisplay(X, 7).plot().colorbar_ is None
    with pytest.raises(ValueError, match="scale=0 must be above 0"):
        drawn.plot(scale=0)


def number_in(text):
    """Return the number that the label of a tick shows."""
    return 0 if text == "TSS" else float(text.replace("\u2212", "-").replace(",", ""))


def test_distances_and_scale_of_a_gene_are_where_their_labels_say(fitted, X):
    display = GeneDisplay.from_estimator(fitted, X, 7)
    last = display.track_axes_[-1]
    (left, width) = next((x, width) for x, width, region in blocks(display) if region == 0)
    kb = np.array([number_in(label.get_text()) for label in last.get_xticklabels()])
    assert len(kb) > 2
    np.testing.assert_allclose(last.get_xticks(), left + (kb * 1_000 + 800) / 1_600 * width)
    bar = display.colorbar_.ax
    assert [number_in(label.get_text()) for label in bar.get_xticklabels()] == [-1, 0, 1]


@pytest.mark.parametrize("name", ALL)
def test_labels_of_ticks_are_their_positions(name, fitted, X):
    display = ALL[name](fitted, X)
    display.figure_.canvas.draw()
    n_checked = 0
    for axes in display.figure_.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            if not isinstance(axis.get_major_locator(), (MaxNLocator, LogLocator)):
                continue  # names
            unit = 1_000 if axis.get_label_text().endswith("(kb)") and name[:4] == "gene" else 1
            ticks = axis.get_majorticklocs()
            for at, text in zip(ticks, axis.get_major_formatter().format_ticks(ticks)):
                value = number_in(text) * unit
                assert value == pytest.approx(at, abs=1e-9), (axis.get_label_text(), text)
                n_checked += 1
            assert not axis.get_offset_text().get_text()
    assert n_checked > 2


@pytest.mark.parametrize(
    ("low", "span"), [(0, 1e6), (14_010_000, 1.3e6), (250_000, 4e5), (3e6, 6e6), (8_123_456, 1.1e5)]
)
def test_positions_have_the_digits_that_their_step_needs(X, low, span):
    far = changed(X, start=X.start * 20, end=X.start * 20 + X.lengths)
    ax = GeneDisplay(far, 7).plot().contact_ax_
    assert ax.get_xlabel() == "chr7 (Mb)"
    ax.set_xlim(low, low + span)
    ticks = ax.get_xticks()
    texts = ax.xaxis.get_major_formatter().format_ticks(ticks)
    np.testing.assert_allclose([float(text) * 1e6 for text in texts], ticks, atol=1e-3)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("gene", [6, 7])
def test_signal_runs_along_the_chromosome(X, gene):
    display = GeneDisplay(X, gene).plot()
    regions = [region for _, _, region in blocks(display)]
    there = np.flatnonzero(X.index[gene] >= 0)
    middles = (X.start + X.end)[X.index[gene, there]]
    np.testing.assert_array_equal(regions, there[np.argsort(middles)])
    for track, filled in enumerate(display.signal_):
        numbers = X.index[gene, regions]
        signal = [X.signal[X.offsets[r] : X.offsets[r + 1], track] for r in numbers]
        top = max(part.max() for part in signal)
        for (left, length, region), part in zip(blocks(display), signal):
            part = part[::-1] if region == 0 and X.genes["strand"][gene] == "-" else part
            for number, value in enumerate(part):
                x = left + min(number * 100 + 50, (number * 100 + length) / 2)
                assert _height_at(filled, x) == pytest.approx(value / top, abs=1e-6)
        assert f"{top:.3g}]" in display.track_axes_[track].get_ylabel()


def _height_at(filled, x):
    """Height of a filled outline at a place, between the corners around it."""
    for path in filled.get_paths():
        corners = path.vertices
        if corners[:, 0].min() < x < corners[:, 0].max():
            upper = corners[: len(corners) // 2]
            return np.interp(x, *upper[upper[:, 1] >= 0].T)
    return 0.0


@pytest.mark.parametrize("gene", [6, 7])
def test_window_is_drawn_as_wide_as_the_promoter(X, gene):
    whole, part = (GeneDisplay(X, gene).plot(window=w, tracks="ATAC") for w in (None, 800))
    heights = []
    for display, scale in ((whole, 1), (part, 2)):
        (ax,), (signal,) = display.track_axes_, display.signal_
        tss, top = ax.lines[0].get_xdata()[0], float(ax.get_ylabel().split("\u2013")[1][:-1])
        assert [width for _, width, region in blocks(display) if region == 0] == [1600]
        heights.append([_height_at(signal, tss + scale * x) * top for x in range(-350, 400, 100)])
    np.testing.assert_allclose(*heights, atol=1e-5)
    for window in (900, 0, 2000, 800.5):
        with pytest.raises(ValueError, match=f"window={window} must be at most 1600, the promoter"):
            whole.plot(window=window)


@pytest.mark.parametrize(("gene", "sign"), [(6, 1), (7, -1)])
def test_arrow_has_the_direction_of_the_strand(X, gene, sign):
    (arrow,) = (text for text in GeneDisplay(X, gene).plot().map_ax_.texts if not text.get_text())
    assert np.sign(arrow.xy[0] - arrow.xyann[0]) == sign


def test_attribution_lanes_have_one_scale(fitted, X):
    display = GeneDisplay.from_estimator(fitted, X, 7)
    values = attributions(fitted, X[7]).values
    assert display.attribution_scale_ == pytest.approx(np.nanmax(np.abs(values)), rel=1e-5)
    assert len(display.raising_) == len(display.lowering_) == len(display.signal_) == 2
    heights = []
    for raising, lowering in zip(display.raising_, display.lowering_):
        outlines = [p.vertices[:, 1] for c in (raising, lowering) for p in c.get_paths()]
        heights.append(max(abs(y + 0.75).max() for y in outlines))
    expected = np.nanmax(np.abs(values[0]), axis=(0, 1))
    np.testing.assert_allclose(heights, 0.62 * expected / expected.max(), rtol=1e-4)


def test_gene_is_chosen_by_id_or_number(fitted, X):
    by_id = GeneDisplay.from_estimator(fitted, X, "GENE7", tracks="ATAC")
    assert len(by_id.track_axes_) == 1
    table = pd.DataFrame({"row": np.arange(len(X))}, index=X.genes["gene_id"])
    seen = []

    def regions(table):
        seen.append(len(table))
        return X[table["row"].to_numpy()]

    pipe = make_pipeline(FunctionTransformer(regions), fitted)
    for gene in ("GENE7", 7, np.int64(7), -17):
        for display in (GeneDisplay, AttentionDisplay, PCREImportanceDisplay):
            drawn = display.from_estimator(pipe, table, gene)
            assert drawn.name == "GENE7"
            plt.close("all")
    assert set(seen) == {1}
    results = {"attributions": attributions(fitted, X), "importance": pcre_importance(fitted, X)}
    computed = GeneDisplay(X, "GENE7", **results)
    np.testing.assert_allclose(computed.attribution, by_id.attribution, atol=1e-6)
    np.testing.assert_allclose(computed.importance, by_id.importance, atol=1e-6)


def test_unknown_gene_is_refused(fitted, X):
    with pytest.raises(ValueError, match="there is no gene 'SOX2' among the 24 genes GENE0, "):
        GeneDisplay(X, "SOX2")
    with pytest.raises(ValueError, match="there are 24 genes: name one, as gene='GENE0' or by row"):
        GeneDisplay.from_estimator(fitted, X)
    with pytest.raises(IndexError, match="gene=7157 is out of range for 24 genes; an id that"):
        AttentionDisplay.from_estimator(fitted, X, 7157)
    with pytest.raises(TypeError, match=r"gene must be an id .* got 1.5"):
        PCREImportanceDisplay.from_estimator(fitted, X, 1.5)
    with pytest.raises(ValueError, match="'GENE7' stands in rows 7, 31: give one of these"):
        GeneDisplay(RegionArray.concatenate([X, X]), "GENE7")


@pytest.fixture(scope="module")
def named(X):
    """Genes with versioned ids and symbols; two share one, and one has none."""
    ids = np.array([f"ENSG{row:011d}.{row + 1}" for row in range(len(X))], dtype=object)
    symbols = np.array([f"SYM{row}" for row in range(len(X))], dtype=object)
    symbols[[3, 4, 5]] = "TWIN", "TWIN", np.nan
    return changed(X, genes={**X.genes, "gene_id": ids, "gene_name": symbols})


@pytest.mark.parametrize(
    ("gene", "column"),
    [
        ("SYM7", "gene_name"),
        ("SYM7", "gene_symbol"),
        ("ENSG00000000007", "symbol"),
        ("ENSG00000000007.8", "gene_name"),
    ],
)
def test_gene_is_named_by_symbol_and_by_id_of_any_version(fitted, named, gene, column):
    genes = {column if name == "gene_name" else name: v for name, v in named.genes.items()}
    X = changed(named, genes=genes)
    table = pd.DataFrame(genes)
    pipe = make_pipeline(FunctionTransformer(lambda rows: X[rows.index.to_numpy()]), fitted)
    for found in (
        GeneDisplay(X, gene),
        PCREImportanceDisplay(pcre_importance(fitted, X), gene),
        AttentionDisplay.from_estimator(pipe, table, gene, level="embedding"),
    ):
        assert found.name == "SYM7"
    assert GeneDisplay(X, gene).X.genes["gene_id"].tolist() == ["ENSG00000000007.8"]
    assert GeneDisplay(X, "ENSG00000000005").name == "ENSG00000000005.6"
    frame = pcre_importance(fitted, X).to_frame()
    assert set(frame.loc[frame["gene_id"] == "ENSG00000000007.8", "gene_name"]) == {"SYM7"}
    assert set(frame.loc[frame["gene_id"] == "ENSG00000000005.6", "gene_name"]) == {""}


def test_symbol_of_several_genes_is_refused_with_their_ids(named):
    ids = "ENSG00000000003.4 or ENSG00000000004.5"
    with pytest.raises(ValueError, match=f"gene 'TWIN' is one of several: give the id, {ids}"):
        GeneDisplay(named, "TWIN")
    with pytest.raises(ValueError, match=r"no gene 'sym7' .*: did you mean 'SYM7'\?"):
        GeneDisplay(named, "sym7")


def test_symbols_are_saved_with_genes(named, tmp_path):
    named.save(tmp_path / "X.npz")
    assert GeneDisplay(RegionArray.load(tmp_path / "X.npz"), "SYM7").name == "SYM7"


def test_gene_display_refuses_what_does_not_fit_X(fitted, X):
    with pytest.raises(TypeError, match=r"X must be a RegionArray, as pipe.* got ndarray"):
        GeneDisplay(np.ones((3, 4)), 0)
    with pytest.raises(ValueError, match="PCREImportance given is of other genes than X holds"):
        GeneDisplay(X, 0, importance=pcre_importance(fitted, X[::-1]))
    other = changed(X, tracks=("a", "b"))
    with pytest.raises(ValueError, match="attributions are of other tracks or bins"):
        GeneDisplay(other, 0, attributions=attributions(fitted, X))
    with pytest.raises(ValueError, match="tracks must name some of H3K4me3, ATAC, got H3K9ac"):
        GeneDisplay(X, 0).plot(tracks=["H3K9ac"])
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("gene", "options", "message"),
    [
        (None, {"level": "heads"}, "level must be 'regulation', 'embedding' or 'pairwise'"),
        (None, {"bin_sizes": 500}, r"bin_sizes must name some of \(400, 100\), got 500"),
        (None, {"level": "pairwise"}, "pairwise attention is drawn for one gene: name it"),
        (0, {"level": "pairwise"}, "GENE0 has no pCREs"),
    ],
)
def test_attention_display_refuses_what_it_cannot_draw(fitted, X, gene, options, message):
    with pytest.raises(ValueError, match=message):
        AttentionDisplay.from_estimator(fitted, X, gene, **options)
    assert plt.get_fignums() == []


def test_pcre_display_refuses_a_gene_without_pcres(fitted, X):
    with pytest.raises(ValueError, match="GENE0: no pCREs to draw"):
        PCREImportanceDisplay.from_estimator(fitted, X, 0)
    assert plt.get_fignums() == []


def test_gene_without_contacts_or_places_is_drawn(fitted, X):
    assert GeneDisplay.from_estimator(fitted, X, 0).arcs_ == []
    rng = np.random.default_rng(0)
    promoters = rng.poisson(3.0, (12, 16, 2))
    alone = ChromoformerClassifier(**TINY).fit(promoters, np.arange(12) % 2)
    display = GeneDisplay.from_estimator(alone, promoters, 3, class_of_interest=0)
    assert display.arcs_ == []
    assert display.ax_.get_title(loc="left").startswith("row 3, prediction")
    display.figure_.canvas.draw()
    dense = RegionArray.from_dense(rng.poisson(3.0, (2, 3, 8, 1)), [[2.0, 1.0], [1.0, 0.0]])
    display = GeneDisplay(dense, 1).plot()
    widths = [arc.get_linewidth() for arc in display.arcs_]
    assert widths[0] > widths[1]
    assert display.contact_ax_.get_xlabel() == ""
    silent = RegionArray.from_dense(np.zeros((1, 2, 8, 1)))
    GeneDisplay(silent).plot().figure_.canvas.draw()


def test_pcre_of_another_chromosome_is_marked(fitted, X):
    chrom = X.chrom.copy()
    chrom[X.index[7, 2]] = "chr9"
    far = changed(X, chrom=chrom)
    display = GeneDisplay.from_estimator(fitted, far, 7)
    assert [arc.get_linestyle() for arc in display.arcs_] == ["solid", "dashed", "solid"]
    assert "2*" in {text.get_text() for text in display.map_ax_.texts}
    bars = PCREImportanceDisplay.from_estimator(fitted, far, 7)
    assert bars.ax_.get_yticklabels()[1].get_text().startswith("2: chr9, weight")
    points = PCREImportanceDisplay.from_estimator(fitted, far)
    assert [text.get_text() for text in points.ax_.texts] == ["1 on other chromosomes not shown"]
    assert len(points.points_.get_offsets()) == (X.index[:, 1:] >= 0).sum() - 1


def test_attention_display_draws_the_maps(fitted, X):
    maps, full = attention(fitted, X), attention(fitted, X, full=True)
    display = AttentionDisplay(maps, "GENE7").plot(bin_sizes=100)
    expected = maps.regulation[100][7].reshape(-1, 4)
    np.testing.assert_allclose(display.images_[0].get_array(), expected)
    mean = AttentionDisplay(maps).plot()
    expected = np.nanmean(maps.regulation[400], axis=0).reshape(-1, 4)
    np.testing.assert_allclose(mean.images_[0].get_array(), expected, rtol=1e-6)
    assert len(mean.images_) == len(mean.axes_) == 2
    whole = AttentionDisplay(full).plot()
    np.testing.assert_allclose(whole.images_[1].get_array(), mean.images_[1].get_array(), atol=1e-6)

    lines = AttentionDisplay(maps, 7).plot("embedding").lines_
    again = AttentionDisplay(full, 7).plot("embedding").lines_
    assert len(lines) == 4
    for line, other, head in zip(lines[2:], again[2:], maps.embedding[100][7, 0]):
        np.testing.assert_allclose(line.get_ydata()[:-1], head)
        np.testing.assert_allclose(other.get_ydata()[:-1], head, atol=1e-6)
        np.testing.assert_allclose(line.get_xdata(), np.arange(-0.8, 0.81, 0.1), atol=1e-9)
    image = AttentionDisplay(maps, 7).plot("pairwise").images_[1].get_array()
    there = ~np.ma.getmaskarray(np.ma.masked_invalid(image))
    np.testing.assert_array_equal(there.sum(axis=1), -(-X.lengths[X.index[7, 1:]] // 100))
    np.testing.assert_allclose([row.compressed().mean() for row in np.ma.array(image)], 1)


def test_mean_attention_is_nan_where_no_gene_has_a_pcre(fitted, X):
    shown = AttentionDisplay.from_estimator(fitted, X[[0, 1, 5]]).images_[0].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown)).sum(axis=0).tolist() == [0, 0, 2, 2]


def test_pcre_display_draws_the_importances(fitted, X):
    importance = pcre_importance(fitted, X)
    bars = PCREImportanceDisplay(importance, "GENE7").plot()
    values = importance.importance[7]
    np.testing.assert_array_equal([bar.get_width() for bar in bars.bars_], values)
    for bar, value in zip(bars.bars_, values):
        assert to_rgb(bar.get_facecolor()) == to_rgb(RAISES if value > 0 else LOWERS)
    region = X.index[7, 1]
    distance = (X.start[region] + X.end[region]) // 2 - X.genes["tss"][7]
    label = f"1: {distance / 1000:+.0f} kb, weight {X.weights[7, 0]:.3g}".replace("-", "\u2212")
    assert bars.ax_.get_yticklabels()[0].get_text() == label
    points = PCREImportanceDisplay(importance).plot().points_
    there = X.index[:, 1:] >= 0
    np.testing.assert_allclose(points.get_offsets()[:, 1], importance.importance[there])
    np.testing.assert_allclose(points.get_array(), X.weights[there])
    dense = RegionArray.from_dense(np.ones((24, 4, 16, 2)), X.weights, tracks=X.tracks)
    placeless = PCREImportanceDisplay.from_estimator(fitted, dense)
    assert placeless.ax_.get_xlabel() == "Contact weight"


def test_marks_are_drawn_in_falling_importance(fitted, X, y):
    display = MarkImportanceDisplay.from_estimator(fitted, X, y, n_repeats=3, random_state=3)
    result = mark_importance(fitted, X, y, n_repeats=3, random_state=3)
    np.testing.assert_array_equal(display.importance.importances, result.importances)
    order = np.argsort(-result.importances_mean)
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == [X.tracks[track] for track in order]
    widths = [bar.get_width() for bar in display.bars_]
    np.testing.assert_allclose(widths, result.importances_mean[order])
    values, rows = display.points_.get_offsets().T
    np.testing.assert_allclose(values, result.importances[order].ravel())
    np.testing.assert_array_equal(rows, np.repeat([0, 1], 3))


def test_history_display_draws_the_losses(fitted, X):
    display = LearningHistoryDisplay.from_estimator(fitted)
    (line,) = display.lines_
    assert line.get_xdata().tolist() == [1, 2]
    assert line.get_ydata().tolist() == [epoch["train_loss"] for epoch in fitted.history_]
    pipe = make_pipeline(FunctionTransformer(lambda rows: X[rows]), fitted)
    both = LearningHistoryDisplay.from_estimator(pipe, name="again", ax=display.ax_)
    assert both.ax_.get_legend_handles_labels()[1] == ["training", "again training"]
    colours = {line.get_color() for line in both.ax_.get_lines()}
    assert len(colours) == 2
    seconds = LearningHistoryDisplay(fitted.history_).plot(keys="dur")
    assert seconds.ax_.get_ylabel() == "Value"
    with pytest.raises(ValueError, match=r"keys must name some of .*train_loss.*, got valid_loss"):
        LearningHistoryDisplay.from_estimator(fitted, keys="valid_loss")
    with pytest.raises(ValueError, match="the history has no epochs"):
        LearningHistoryDisplay([]).plot()
    with pytest.raises(TypeError, match="inspection needs a fitted Chromoformer"):
        LearningHistoryDisplay.from_estimator(FunctionTransformer())


def test_real_gene_is_drawn(h1_e003):
    genes = pd.read_csv(h1_e003 / "genes.tsv", sep="\t")
    tracks = {path.stem: path for path in sorted(h1_e003.glob("*.bw"))}
    pipe = make_pipeline(
        InteractionTransformer(h1_e003 / "interactions.tsv"),
        BigWigTransformer(tracks),
        ChromoformerRegressor.small_data(max_epochs=1, random_state=0),
    )
    pipe.fit(genes, np.log2(genes["expression"] + 1))
    display = GeneDisplay.from_estimator(pipe, genes, "ENSG00000116731", n_steps=8)
    assert len(display.track_axes_) == 7
    assert len(display.arcs_) == 7
    assert display.contact_ax_.get_xlabel() == "chr1 (Mb)"
    display.figure_.canvas.draw()
    ticks = [t.label2.get_text() for t in display.contact_ax_.xaxis.get_major_ticks()]
    assert "14.1" in ticks
    assert "14.0" in ticks
