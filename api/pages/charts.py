"""What a page's script draws a chart from, and the table behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from database.overview import WeekMeasure
from monitoring.measure import Measure

FEWEST_WEEKS = 3


@dataclass(frozen=True, slots=True)
class Series:
    """Values along a chart's labels; `low` and `high` are a 95 % interval around them."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None
    n: Sequence[int] | None = None


def chart(
    kind: str, labels: Sequence[str], series: Sequence[Series], unit: str = "", least: float | None = None,
    most: float | None = None,
) -> dict[str, object]:  # fmt: skip
    """A chart (`line` or `bars`) of series that are as long as the labels."""
    told: dict[str, object] = {"kind": kind, "labels": list(labels), "series": list(series), "unit": unit}
    ends = {"least": least, "most": most}
    return told | {name: end for name, end in ends.items() if end is not None}


def measure_chart(measure: Measure, weeks: Sequence[WeekMeasure]) -> Mapping[str, object] | None:
    """A measure over the weeks with its interval; weeks with too few observations are left out of the line."""
    enough = [one.value is not None and one.n >= measure.minimum_sample for one in weeks]
    if sum(enough) < FEWEST_WEEKS:
        return None
    scale = 100.0 if measure.kind == "share" else 1.0

    def column(name: str) -> list[float | None]:
        return [
            round(scale * value, 4) if good and (value := getattr(one, name)) is not None else None
            for one, good in zip(weeks, enough, strict=True)
        ]

    told = Series(measure.title, column("value"), column("low"), column("high"), [one.n for one in weeks])
    return chart("line", [f"{one.week:%-d %b}" for one in weeks], [told], "%" if measure.kind == "share" else "")
