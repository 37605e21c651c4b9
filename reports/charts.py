"""Small charts as inline SVG that take the page's colours and come out byte for byte the same."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from improvement.wording import evidence_text
from monitoring.measure import Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CHARTS = 4
FEWEST_WEEKS = 3
CHARTED = ("live_accuracy", "rejection_rate", "progression_rate", "calls_held", "voice_ai_precision", "sentiment",
           "brier_score", "text_coverage")  # fmt: skip

INK = "#010203"
ACCENT = "#010204"
_PAINT = {INK: "currentColor", ACCENT: "var(--accent)"}


@dataclass(frozen=True, slots=True)
class Chart:
    """One measure over the weeks."""

    title: str
    described: str
    """For people who cannot see it."""
    svg: str
    series: Sequence[Measurement]


def chosen(names: Sequence[str], series: Mapping[str, Sequence[Measurement]]) -> list[str]:
    """The first measures worth a chart: those with values in enough weeks."""
    drawable = [n for n in names if sum(m.value is not None for m in series.get(n, ())) >= FEWEST_WEEKS]
    return drawable[:MOST_CHARTS]


def draw(series: Sequence[Measurement], lines: Sequence[tuple[str, float]] = ()) -> Chart:
    """A line over the weeks with its 95 % band; weeks with too little data are hollow; `lines` are levels to beat."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    measure = series[-1].measure
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": measure.name, "font.size": 11}):
        figure = Figure(figsize=(4.6, 2.3), layout=None)
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.12, 0.15, 0.865, 0.8))
        _paint(axes, series, lines)
        page = StringIO()
        figure.savefig(
            page, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Type": None, "Format": None}
        )
    now = series[-1]
    return Chart(
        title=measure.title,
        described=f"{measure.title}, {len(series)} weeks. This week: "
        + (evidence_text(now) if now.value is not None else "nothing observed")
        + ".",
        svg=_for_page(page.getvalue(), measure.name),
        series=series,
    )


def _paint(axes: "Axes", series: Sequence[Measurement], lines: Sequence[tuple[str, float]]) -> None:
    from matplotlib.ticker import MaxNLocator

    scale = 100.0 if series[-1].measure.kind == "share" else 1.0
    known = [(i, m) for i, m in enumerate(series) if m.value is not None]
    at, values = [i for i, _ in known], [scale * (m.value or 0.0) for _, m in known]
    banded = [(i, m.low, m.high) for i, m in known if m.low is not None and m.high is not None]
    axes.fill_between(
        [i for i, *_ in banded],
        [scale * low for _, low, _ in banded],
        [scale * high for *_, high in banded],
        color=ACCENT,
        alpha=0.18,
        linewidth=0,
    )
    axes.plot(at, values, color=ACCENT, linewidth=1.8)
    for enough, fill in ((True, ACCENT), (False, "none")):
        some = [(i, v) for (i, m), v in zip(known, values, strict=True) if m.enough is enough]
        if some:
            axes.plot(*zip(*some, strict=True), "o", color=ACCENT, markerfacecolor=fill, markersize=4, linewidth=0)
    for label, level in lines:
        axes.axhline(scale * level, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(
            label, (len(series) - 0.55, scale * level), (0, 2), textcoords="offset points", ha="right", color=INK
        )
    axes.set_xlim(-0.5, len(series) - 0.5)
    if series[-1].measure.kind == "count" or lines:
        axes.set_ylim(bottom=0)
    shown = range(len(series) - 1, -1, -4)
    axes.set_xticks(list(shown), [f"{series[i].week:%-d %b}" for i in shown])
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(colors=INK, length=3, width=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_edgecolor(INK)
        spine.set_linewidth(0.6)


def _for_page(svg: str, name: str) -> str:
    """Leave the drawing alone: no prologue, no metadata, no name that another chart on the page has too."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true" focusable="false">', svg, count=1
    )
    svg = re.sub(r' id="(?:[a-z]+[0-9a-z.]*_\d+|[a-z]+\.[a-z_]+_\d+)"', "", svg)
    svg = re.sub(r'( id="|xlink:href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font: [^;\"]*'[^;\"]*;?", "", svg)
    for placeholder, colour in _PAINT.items():
        svg = svg.replace(placeholder, colour)
    return re.sub(r"\n\s*", "\n", svg).strip()
