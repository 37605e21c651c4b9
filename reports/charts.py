"""Small charts as inline SVG that take the page's colours and come out byte for byte the same.

The geometry (`plot`) is shared by the page and the PDF; a point is in the chart's own units, `WIDTH` by `HEIGHT`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

from improvement.wording import evidence_text
from monitoring.measure import Measurement

MOST_CHARTS = 4
FEWEST_WEEKS = 3
CHARTED = ("live_accuracy", "rejection_rate", "progression_rate", "calls_held", "decision_approval",
           "decision_success", "voice_ai_precision", "sentiment", "brier_score", "text_coverage")  # fmt: skip

WIDTH, HEIGHT = 340.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 38.0, 6.0, 10.0, 22.0
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_TICKS = 4
WEEKS_BETWEEN_LABELS = 4

Point = tuple[float, float]
Level = tuple[str, float]
"""A label and a value to beat."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Where everything of a chart is drawn."""

    band: tuple[tuple[Point, ...], ...]
    """Closed shapes: the 95 % interval, one for each run of weeks that have one."""
    lines: tuple[tuple[Point, ...], ...]
    dots: tuple[tuple[Point, bool], ...]
    """Each week with a value, and whether it has enough observations."""
    levels: tuple[tuple[str, float], ...]
    """Levels to beat: what they are called, and how high."""
    across: tuple[tuple[str, float], ...]
    """Labels under the weeks."""
    up: tuple[tuple[str, float], ...]
    """Labels beside the values."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One measure over the weeks."""

    title: str
    described: str
    """For people who cannot see it."""
    svg: str
    plot: Plot
    series: Sequence[Measurement]


def chosen(names: Sequence[str], series: Mapping[str, Sequence[Measurement]]) -> list[str]:
    """The first measures worth a chart: those with values in enough weeks."""
    drawable = [n for n in names if sum(m.value is not None for m in series.get(n, ())) >= FEWEST_WEEKS]
    return drawable[:MOST_CHARTS]


def draw(series: Sequence[Measurement], levels: Sequence[Level] = ()) -> Chart:
    """A line over the weeks with its 95 % band; weeks with too little data are hollow; `levels` are to be beaten."""
    measure, now = series[-1].measure, series[-1]
    scale = 100.0 if measure.kind == "share" else 1.0
    from_nought = measure.kind == "count" or bool(levels)
    plotted = plot(
        [m.week.strftime("%-d %b") for m in series],
        [None if m.value is None else scale * m.value for m in series],
        [None if m.low is None or m.high is None else (scale * m.low, scale * m.high) for m in series],
        [m.enough for m in series],
        [(label, scale * level) for label, level in levels],
        from_nought,
    )
    said = evidence_text(now) if now.value is not None else "nothing observed"
    described = f"{measure.title}, {len(series)} weeks. This week: {said}."
    return Chart(measure.title, described, svg_of(plotted), plotted, series)


def plot(
    labels: Sequence[str],
    values: Sequence[float | None],
    intervals: Sequence[tuple[float, float] | None],
    enough: Sequence[bool],
    levels: Sequence[Level] = (),
    from_nought: bool = False,
) -> Plot:
    """Lay out one value a week, oldest first; a week without a value is a gap in band and line."""
    shown = [v for v in values if v is not None]
    ends = [end for interval in intervals if interval for end in interval]
    ticks = _ticks([*shown, *ends, *(level for _, level in levels)], from_nought)
    low, high = ticks[0], ticks[-1]
    step = (WIDTH - LEFT - RIGHT) / max(len(values), 1)

    def x(at: int) -> float:
        return round(LEFT + (at + 0.5) * step, 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    line_runs = _runs([v is not None for v in values])
    band_runs = _runs([v is not None and i is not None for v, i in zip(values, intervals, strict=True)])
    bands = [[(at, interval) for at in run if (interval := intervals[at]) is not None] for run in band_runs]
    return Plot(
        band=tuple(
            (*((x(at), y(top)) for at, (_, top) in run), *((x(at), y(bottom)) for at, (bottom, _) in reversed(run)))
            for run in bands
        ),
        lines=tuple(tuple((x(at), y(values[at] or 0.0)) for at in run) for run in line_runs),
        dots=tuple(((x(at), y(value)), enough[at]) for at, value in enumerate(values) if value is not None),
        levels=tuple((label, y(level)) for label, level in levels),
        across=tuple((labels[at], x(at)) for at in range(len(labels) - 1, -1, -_every(len(labels)))),
        up=tuple((_number(tick), y(tick)) for tick in ticks),
    )


def svg_of(plotted: Plot) -> str:
    """The drawing; `aria-hidden`, for its description stands beside it."""
    parts = [f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" aria-hidden="true" focusable="false">']
    for label, at in plotted.up:
        parts.append(f'<path class="grid" d="M{LEFT:g} {at:g}H{WIDTH - RIGHT:g}"/>')
        parts.append(f'<text x="{LEFT - 5:g}" y="{at + 4:g}" text-anchor="end">{escape(label)}</text>')
    for label, at in plotted.across:
        parts.append(f'<text x="{at:g}" y="{HEIGHT - 6:g}" text-anchor="middle">{escape(label)}</text>')
    parts += [f'<path class="{"band" if len(one) > 2 else "whisker"}" d="{_path(one)}Z"/>' for one in plotted.band]
    for label, at in plotted.levels:
        parts.append(f'<path class="level" d="M{LEFT:g} {at:g}H{WIDTH - RIGHT:g}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT:g}" y="{at - 4:g}" text-anchor="end">{escape(label)}</text>')
    parts += [f'<path class="line" d="{_path(line)}"/>' for line in plotted.lines if len(line) > 1]
    for (x, y), enough in plotted.dots:
        parts.append(f'<circle class="{"dot" if enough else "dot few"}" cx="{x:g}" cy="{y:g}" r="2.6"/>')
    return "\n".join([*parts, "</svg>"])


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _runs(there: Sequence[bool]) -> list[list[int]]:
    runs: list[list[int]] = []
    for at, known in enumerate(there):
        if not known:
            continue
        if runs and runs[-1][-1] == at - 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _every(weeks: int) -> int:
    return max(WEEKS_BETWEEN_LABELS, ceil(weeks / 5))


def _ticks(values: Sequence[float], from_nought: bool) -> list[float]:
    """Round numbers around all values, at most `MOST_TICKS` + 1 of them, the lowest first."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_nought:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-9:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    size = 10.0 ** floor(log10((high - low) / MOST_TICKS))
    step = next(size * one for one in STEPS if _count(low, high, size * one) <= MOST_TICKS or one == STEPS[-1])
    first = floor(low / step + 1e-9)
    return [round((first + at) * step, 10) for at in range(_count(low, high, step) + 1)]


def _count(low: float, high: float, step: float) -> int:
    return ceil(high / step - 1e-9) - floor(low / step + 1e-9)


def _number(tick: float) -> str:
    text = f"{tick:,.10f}".rstrip("0").rstrip(".") or "0"
    return text.replace("-", "\N{MINUS SIGN}")
