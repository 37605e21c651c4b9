"""Reading what was counted of logged decisions: sums that are exact, as they were known at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal

from warehouse.connect import query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GROWTH = 1.05
"""Each bin of seconds ends at so many times its begin."""
Dimension = Literal["", "method", "template", "industry", "campaign", "model_version", "system"]


@dataclass(frozen=True, slots=True)
class DecisionCount:
    """The decisions of one day or week, kind and member of a dimension."""

    start: date
    """The day, or the week's Monday (UTC)."""
    log_type: str
    member: str
    """Empty where no dimension was asked for; `other` holds what is not among a file's 200 most frequent."""
    n: int
    successes: int
    labelled: int
    """Decisions that somebody judged."""
    approved: int
    quality_n: int
    quality_sum: int
    """In thousandths of a point of 100."""
    quality_squares: int
    """Of those thousandths."""
    seconds_n: int
    seconds_sum: int
    """In microseconds."""
    seconds_squares: int
    """Of those microseconds."""
    seconds_bins: Mapping[int, int]
    """Decisions by bin: bin b holds 1.05^b up to 1.05^(b+1) seconds."""

    @property
    def success_rate(self) -> float:
        """Share of decisions that succeeded."""
        return self.successes / self.n

    @property
    def approval_rate(self) -> float | None:
        """Share of the judged decisions that were approved; None where none was judged."""
        return self.approved / self.labelled if self.labelled else None

    @property
    def mean_quality(self) -> float | None:
        """Points of 100; None where none are stated."""
        return self.quality_sum / 1000 / self.quality_n if self.quality_n else None

    @property
    def quality_deviation(self) -> float | None:
        """Sample standard deviation in points; None for fewer than two scores."""
        return _deviation(self.quality_n, self.quality_sum, self.quality_squares, 1000)

    @property
    def mean_seconds(self) -> float | None:
        """None where none are stated."""
        return self.seconds_sum / 1_000_000 / self.seconds_n if self.seconds_n else None

    @property
    def seconds_deviation(self) -> float | None:
        """Sample standard deviation in seconds; None for fewer than two."""
        return _deviation(self.seconds_n, self.seconds_sum, self.seconds_squares, 1_000_000)

    def seconds_within(self, share: float) -> float | None:
        """So many seconds suffice for a share of the decisions, to 2.5 %: the middle of the bin it falls into.

        None where no seconds are stated.
        """
        seen = 0
        for at, n in sorted(self.seconds_bins.items()):
            seen += n
            if seen >= share * self.seconds_n:
                return float(GROWTH ** (at + 0.5))
        return None


@dataclass(frozen=True, slots=True)
class DecisionQuality:
    """What became of the lines of the files that landed: lines = kept + duplicates + rejected."""

    files: int
    lines: int
    kept: int
    duplicates: int
    rejected: int
    lost: int
    """Entries that loggers had to drop, by their own count: no line tells of them."""
    reasons: Mapping[str, int]
    """Lines that were set aside by reason, the most frequent first."""


def decision_counts(
    connection: "DuckDBPyConnection",
    since: datetime,
    until: datetime,
    as_of: datetime,
    by: Literal["day", "week"] = "day",
    dimension: Dimension = "",
    log_type: str | None = None,
) -> list[DecisionCount]:
    """Decisions made on the days in [since, until), by day or week, kind and member, ordered so; files known by then.

    With a dimension only decisions count that state a member of it. What a logger had to drop (`log_loss`) is there as
    a kind of its own where no `log_type` is asked for.
    """
    asked = {
        "since": since, "until": until, "as_of": as_of, "by": by, "dimension": dimension, "log_type": log_type,
    }  # fmt: skip
    return [_count(row) for row in query(connection, "decision_days", asked)]


def decision_quality(connection: "DuckDBPyConnection", as_of: datetime, since: datetime) -> DecisionQuality:
    """The sums of the files that landed from `since` up to `as_of`, both included."""
    asked = {"as_of": as_of, "since": since}
    sums = query(connection, "decision_quality", asked)[0]
    return DecisionQuality(
        **sums, reasons={row["reason"]: row["n"] for row in query(connection, "decision_reasons", asked)}
    )


def _count(row: Mapping[str, Any]) -> DecisionCount:
    bins = {one["bin"]: one["n"] for one in row["seconds_bins"] or ()}
    exact = {name: int(row[name]) for name in ("quality_sum", "quality_squares", "seconds_sum", "seconds_squares")}
    return DecisionCount(**{**row, **exact, "seconds_bins": bins})


def _deviation(n: int, total: int, squares: int, unit: int) -> float | None:
    """From exact sums: (n Σx² - (Σx)²) / (n (n - 1)), without cancellation since they are integers."""
    return sqrt((n * squares - total * total) / (n * (n - 1))) / unit if n > 1 else None
