"""A profile holds the reference in bounded size: counts by week with bins of its own, and a sample of rows."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from features.encoding import learn_encoding
from monitoring.profile import OUTCOME, SCORE, Column, profile_from_json, profile_of
from ringback.errors import NotEnoughData
from ringback.records import Value
from warehouse.histograms import WeekCounts, rows_counted, table_of

MONDAY = datetime(2026, 3, 2)
Rows = list[dict[str, Value]]


def two_weeks() -> tuple[Rows, "np.ndarray[tuple[int], np.dtype[np.datetime64]]"]:
    """Forty calls, twenty a week; the last is at the end of the second week."""
    rows: Rows = [
        {"minutes": float(n % 10), "industry": "retail" if n % 2 else "travel", "tone": None if n < 10 else 0.5 * n}
        for n in range(40)
    ]
    at = np.array([MONDAY + timedelta(hours=8.4 * (n + 1)) for n in range(40)], dtype="datetime64[us]")
    return rows, at


def a_profile(**known: object) -> "object":
    rows, at = two_weeks()
    return profile_of(rows, learn_encoding(rows), at, np.arange(40) % 4 == 0, **known)  # type: ignore[arg-type]


def column(profile: object, name: str) -> Column:
    found = profile.column(name)  # type: ignore[attr-defined]
    assert isinstance(found, Column)
    return found


def test_weeks_are_counted_back_from_the_last_row() -> None:
    profile = a_profile()
    assert (profile.since, profile.until) == (  # type: ignore[attr-defined]
        MONDAY + timedelta(microseconds=1), MONDAY + timedelta(weeks=2),
    )  # fmt: skip
    assert [week.valued for week in column(profile, "minutes").weeks] == [20, 20]


def test_a_number_with_few_values_has_a_bin_for_each() -> None:
    minutes = column(a_profile(), "minutes")
    assert minutes.labels[:2] == ("at most 0", "0 to 1")
    assert [week.bins for week in minutes.weeks] == [(2,) * 10, (2,) * 10]


def test_missing_values_are_counted_apart() -> None:
    tone = column(a_profile(), "tone")
    assert [(week.valued, week.missing) for week in tone.weeks] == [(10, 10), (20, 0)]


def test_a_category_is_counted_by_its_values_and_the_others_together() -> None:
    industry = column(a_profile(), "industry")
    assert industry.labels == ("retail", "travel", "(other known values)")
    assert [week.bins for week in industry.weeks] == [(10, 10, 0), (10, 10, 0)]


def test_outcomes_are_a_column_and_calls_without_one_are_not_counted() -> None:
    rows, at = two_weeks()
    y = np.where(np.arange(40) < 30, np.arange(40) % 2, np.nan)
    outcome = column(profile_of(rows, learn_encoding(rows), at, y), OUTCOME)
    assert [week.bins for week in outcome.weeks] == [(10, 10), (5, 5)]


def test_scores_are_counted_where_they_are_honest() -> None:
    p = np.where(np.arange(40) >= 20, np.linspace(0, 1, 40), np.nan)
    assert [week.valued for week in column(a_profile(p=p), SCORE).weeks] == [0, 20]
    assert a_profile().column(SCORE) is None  # type: ignore[attr-defined]


def test_the_sample_is_bounded_and_spread_over_time() -> None:
    many: Rows = [{"minutes": float(n)} for n in range(12_000)]
    at = np.datetime64(MONDAY, "us") + np.arange(12_000).astype("timedelta64[m]")
    profile = profile_of(many, learn_encoding(many), at, np.zeros(12_000, dtype=bool))
    minutes = [row["minutes"] for row in profile.sample]
    assert (len(minutes), minutes[0], minutes[-1]) == (5_000, 0.0, 11_999.0)


def test_a_profile_is_read_back_as_it_was_written() -> None:
    profile = a_profile(p=np.linspace(0.1, 0.9, 40).round(3))
    assert profile_from_json(profile.to_json()) == profile  # type: ignore[attr-defined]


def test_without_rows_there_is_no_profile() -> None:
    rows, at = two_weeks()
    with pytest.raises(NotEnoughData, match="no rows to make a profile of"):
        profile_of([], learn_encoding(rows), at[:0], np.array([], dtype=bool))


def test_amounts_written_as_text_are_counted_as_numbers() -> None:
    rows: Rows = [{"budget": f"$ {n}k" if n % 4 else None} for n in range(1, 41)]
    _, at = two_weeks()
    encoding = learn_encoding(rows)
    assert dict(encoding.amounts) == {"budget": "."}
    profile = profile_of(rows, encoding, at, np.zeros(40))
    assert [(week.valued, week.missing) for week in column(profile, "budget").weeks] == [(15, 5), (15, 5)]
    assert (profile.sample[0]["budget"], profile.sample[3]["budget"]) == (1000.0, None)


def test_rows_before_the_first_week_have_a_number_below_0_and_nan_is_missing() -> None:
    at = np.array([MONDAY - timedelta(days=1), MONDAY, MONDAY + timedelta(days=8)], dtype="datetime64[us]")
    table = table_of([{"tone": 1.0}, {"tone": 2.0}, {"tone": float("nan")}], at, ["tone"], [])
    with rows_counted(table, MONDAY) as counting:
        assert counting.edges(["tone"]) == {"tone": (1.0, float("inf"))}
        counted = counting.numbers({"tone": (1.0, float("inf"))})["tone"]
    assert counted == {-1: WeekCounts((1, 0), 0), 0: WeekCounts((0, 1), 0), 1: WeekCounts((0, 0), 1)}
