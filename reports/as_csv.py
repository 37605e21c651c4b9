"""The report as one table: a row for each measure, week, dimension and member; no cell is run as a formula."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from improvement.trends import Trend
from monitoring.measure import Measurement
from reports.as_json import DIGITS
from reports.periods import AnyReport, PeriodFigure, PublishedReport, as_published
from reports.weekly import week_name

COLUMNS = (
    "report", "as_of", "synthetic", "measure", "title", "unit", "kind", "week", "weeks", "dimension", "member", "value",
    "low", "high", "n", "enough", "direction", "difference", "difference_low", "difference_high", "p_value_adjusted",
)  # fmt: skip
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets read as the beginning of a formula, also in full width."""
Cell = str | int | float | bool | None


def render_csv(report: AnyReport) -> str:
    """The report as CSV text (RFC 4180, UTF-8); shares are between 0 and 1, an empty cell is not known.

    `week` is a row's week or, where a whole month or quarter is pooled, its first; `weeks` says how many there are.
    Only a measure's newest week, and a whole period, have a direction and a difference (docs/trends.md).
    """
    published = as_published(report)
    text = StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows([guarded(cell) for cell in row] for row in _rows(published))
    return text.getvalue()


def guarded(cell: Cell) -> str:
    """A cell as text that no spreadsheet runs; numbers stay numbers.

    >>> guarded("=HYPERLINK(1)"), guarded(-0.5), guarded(None), guarded(True)
    ("'=HYPERLINK(1)", '-0.5', '', 'true')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return repr(round(cell, DIGITS) + 0.0)
    text = cell.replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(STARTS_A_FORMULA) else text


def _rows(published: PublishedReport) -> Iterator[Sequence[Cell]]:
    week = published.report
    about = (f"{published.period.kind}-{published.period.name}", week.as_of.isoformat(), week.synthetic)
    for figure in published.figures:
        if figure.now is not None:
            yield (*about, *_measured(figure.now), *_moved(figure))
    for name, series in week.series.items():
        for m in series[:-1]:
            yield (*about, *_measured(m), *(None,) * 5)
        yield (*about, *_measured(series[-1]), *_moved(week.trends[name]))
    for _, trends in sorted(week.members.items()):
        for trend in trends:
            for m in trend.weeks[:-1]:
                yield (*about, *_measured(m), *(None,) * 5)
            yield (*about, *_measured(trend.now), *_moved(trend))


def _measured(m: Measurement) -> tuple[Cell, ...]:
    measure = m.measure
    return (
        measure.name, measure.title, measure.unit, measure.kind, week_name(m.week), m.weeks, m.dimension, m.member,
        m.value, m.low, m.high, m.n, m.enough,
    )  # fmt: skip


def _moved(one: Trend | PeriodFigure) -> tuple[Cell, ...]:
    return one.direction, one.difference, one.low, one.high, one.p_value
