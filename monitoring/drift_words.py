"""Drift in sentences: what moved, how much, since when, and whether it costs accuracy; the costliest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from monitoring.checks import Distance
from monitoring.drift import Judgement, Move
from monitoring.drift_cost import Cost, cost_of
from monitoring.profile import NAMES, Column, Profile
from warehouse.histograms import WeekCounts


@dataclass(frozen=True, slots=True)
class Finding:
    """A move with its distance, its likely cost, and the sentence that a person reads."""

    move: Move
    distance: Distance
    cost: Cost | None
    words: str


def findings_of(
    profile: Profile,
    later: Mapping[str, Sequence[WeekCounts]],
    judgement: Judgement,
    handed_over_from: float,
    new_values: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Finding, ...]:
    """A finding for each move: those likely to cost most precision first, those whose cost is not known last."""
    made = []
    for move in judgement.moves:
        column = profile.column(move.feature)
        assert column is not None  # noqa: S101  (moves are of the profile's columns)
        weeks = later[move.feature][-move.weeks :]
        cost = cost_of(profile, column, weeks, handed_over_from)
        distance = judgement.distances[move.feature]
        words = f"{_moved(move, column, weeks, (new_values or {}).get(move.feature, ()))}; {_cost(cost, column)}"
        made.append(Finding(move, distance, cost, words))
    return tuple(sorted(made, key=lambda one: (one.cost is None, one.cost.change if one.cost else 0.0)))


def _moved(move: Move, column: Column, later: Sequence[WeekCounts], new: Sequence[str]) -> str:
    name = NAMES.get(move.feature, move.feature)
    weeks = "the last week" if move.weeks == 1 else f"the last {move.weeks} weeks"
    since = f"since {move.since:%Y-%m-%d}" + (" or earlier" if move.since_earlier else "")
    shares = f"{move.now:.1%} of {move.rows:,} in {weeks}, {move.before:.1%} in the reference"
    if move.kind == "location":
        values = f"median {_median(column, column.weeks)} before, {_median(column, later)} in {weeks}"
        how = f"went {'up' if move.now > move.before else 'down'} by {abs(move.now - move.before):.2f} deviations"
        return f"{name} {how} ({values}, {move.rows:,} rows) {since}"
    if move.kind == "spread":
        return f"{name} {'spreads wider' if move.now > move.before else 'lies closer together'} ({weeks}) {since}"
    if move.kind == "missing":
        return f"{name} is missing {'more' if move.now > move.before else 'less'} often ({shares}) {since}"
    if move.kind == "new":
        named = f", such as {', '.join(repr(value) for value in new)}" if new else ""
        return f"{name} has values never seen before{named} ({shares}) {since}"
    if column.kind == "outcome":
        return f"calls end well {'more' if move.now > move.before else 'less'} often ({shares}) {since}"
    return f"{name}: {'more' if move.now > move.before else 'fewer'} rows with '{move.bin}' ({shares}) {since}"


def _cost(cost: Cost | None, column: Column) -> str:
    if column.kind == "outcome":
        return "see performance for what it does to the scores"
    if cost is None:
        return "whether it costs precision at hand-over: not enough data"
    points, low, high = (f"{100 * value:+.1f}" for value in (cost.change, cost.low, cost.high))
    figures = (
        f"{cost.before:.1%} → {cost.now:.1%}, {points} points [{low}, {high}], {cost.handed_over:,} reference calls"
    )
    if cost.is_shown:
        return f"it is likely to cost precision at hand-over ({figures})"
    return f"no loss of precision at hand-over is shown ({figures})"


def _median(column: Column, weeks: Sequence[WeekCounts]) -> str:
    """Interpolated within its bin; at an open end the edge is given with its sign."""
    counts = [sum(week.bins[at] for week in weeks) for at in range(len(column.edges))]
    half, before = sum(counts) / 2, 0.0
    for at, count in enumerate(counts):
        if before + count >= half and count:
            low = column.edges[at - 1] if at else float("-inf")
            high = column.edges[at]
            if not isfinite(low):
                return f"at most {high:.4g}"
            if not isfinite(high):
                return f"above {low:.4g}"
            return f"{low + (high - low) * (half - before) / count:.4g}"
        before += count
    return "not known"
