"""How numbers are said: value with unit, interval and sample size, never one without the others."""

from collections.abc import Sequence

from improvement.members import Gap
from improvement.trends import Trend
from monitoring.measure import Measure, Measurement, pooled

NOT_ENOUGH = "not enough data"


def value_text(measure: Measure, value: float | None) -> str:
    """A value with its unit: `31 %`, `412 calls`, `0.18`."""
    if value is None:
        return NOT_ENOUGH
    if measure.kind == "share":
        return percent(value)
    if measure.kind == "count":
        return (
            f"{value:,.0f} {measure.unit}" if value == round(value) or value >= 100 else f"{value:,.1f} {measure.unit}"
        )
    if measure.unit == "points":
        return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"
    return f"{value:,.1f} {measure.unit}"


def range_text(measure: Measure, low: float | None, high: float | None) -> str:
    """A 95 % interval: `24 to 38 %`."""
    if low is None or high is None:
        return "no interval"
    if measure.kind == "share":
        return f"{_digits(low)} to {_digits(high)} %"
    if measure.kind == "count":
        return f"{low:,.0f} to {high:,.0f}"
    return f"{low:.2f} to {high:.2f}"


def sample_text(measurement: Measurement) -> str:
    """The sample: `n = 178 decided calls`."""
    return f"n = {measurement.n:,} {measurement.measure.sample}"


def evidence_text(measurement: Measurement) -> str:
    """Value, interval and sample in one line."""
    measure = measurement.measure
    interval = range_text(measure, measurement.low, measurement.high)
    sample = "" if measure.kind == "count" else f"; {sample_text(measurement)}"
    return f"{value_text(measure, measurement.value)} (95 % interval {interval}{sample})"


def difference_text(trend: Trend) -> str:
    """A difference with its interval: `+12 points (5 to 19)`; shares differ by percentage points."""
    if trend.difference is None:
        return NOT_ENOUGH
    return _apart(trend.measure, trend.difference, trend.low, trend.high)


def _apart(measure: Measure, difference: float, low: float | None, high: float | None) -> str:
    scale = 100 if measure.kind == "share" else 1
    unit = {"share": "points", "count": f"{measure.unit} a week"}.get(
        measure.kind, "" if measure.unit == "points" else measure.unit
    )
    digits = {"share": 1, "count": 0, "mean": 2 if measure.unit == "points" else 1}[measure.kind]
    number = f"{_signed(difference * scale, digits)} {unit}".strip()
    if low is None or high is None:
        return f"{number} (no interval)"
    return f"{number} ({_signed(low * scale, digits)} to {_signed(high * scale, digits)})"


def gap_text(gap: Gap) -> str:
    """How far a part is from the others: `−12 points (−19 to −5), adjusted p = 0.004`."""
    p_value = f"{gap.p_value:.3f}" if gap.p_value >= 0.001 else "under 0.001"
    return f"{_apart(gap.measure, gap.difference, gap.low, gap.high)}, adjusted p = {p_value}"


def against_text(trend: Trend) -> str:
    """What this week is compared with, and on how much: `18 % in the 4 weeks before (n = 560)`."""
    if trend.before is None or trend.before_value is None:
        return "no earlier weeks to compare with"
    weeks = "week" if trend.before.weeks == 1 else f"{trend.before.weeks} weeks"
    level = value_text(trend.measure, trend.before_value) + (" a week" if trend.measure.kind == "count" else "")
    return f"{level} in the {weeks} before (n = {trend.before.n_so_far:,})"


def moved_text(trend: Trend) -> str:
    """Which of a measure's movements was clear: this week's, a step some weeks ago, or one week by week.

    `rose to 31 % (n = 178 calls), from 24 % in the 12 weeks before (n = 2,040)`. What is said first is what was found
    to be more than chance; the newest week alone may have gone the other way.
    """
    moved = _moved(trend)
    sample = "" if trend.measure.kind == "count" else f" ({sample_text(trend.now)})"
    now = f"{value_text(trend.measure, trend.now.value)}{sample}"
    if trend.changed_in == trend.now.week:
        return f"{moved} to {now}, from {against_text(trend)}"
    if trend.changed_in is None:
        each = _apart(trend.measure, trend.slope or 0.0, trend.slope_low, trend.slope_high)
        return f"{moved} week by week, by {each} each, to {now} this week"
    usable = [week for week in trend.weeks if week.enough]
    since = _level_text(trend.measure, [week for week in usable if week.week >= trend.changed_in])
    before = _level_text(trend.measure, [week for week in usable if week.week < trend.changed_in])
    return f"{step_text(trend)}, to {since} since then from {before}; this week {now}"


def step_text(trend: Trend) -> str:
    """When a measure took the step that it took: `rose in the week of 7 September`."""
    return f"{_moved(trend)} in the week of {trend.changed_in or trend.now.week:%-d %B}"


def _moved(trend: Trend) -> str:
    return "rose" if trend.rose else "fell"


def _level_text(measure: Measure, weeks: Sequence[Measurement]) -> str:
    """The level of some weeks together: `31 % (n = 890)`; of a count how many a week."""
    together = pooled(weeks)
    if together is None:
        return NOT_ENOUGH
    if measure.kind == "count":
        return f"{value_text(measure, together.n_so_far / together.weeks)} a week"
    return f"{value_text(measure, together.value)} (n = {together.n:,})"


def percent(share: float) -> str:
    """A share as a percentage: `31.4 %`."""
    return f"{_digits(share)} %"


def _digits(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")


def _signed(number: float, digits: int) -> str:
    text = f"{number:+,.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return text if any(character in "123456789" for character in text) else text[1:]
