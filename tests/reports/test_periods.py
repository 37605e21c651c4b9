"""Weeks, months and quarters: which weeks they have, and when a difference between them is called one."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitoring.measure import Kind, Measure, Measurement
from reports.gathering import gather
from reports.periods import compared, gather_period, headline, judged, period_named, period_of, period_with
from reports.publish import publish
from reports.render import render_html, render_json, render_technical
from ringback.settings import settings
from tests.monitoring.weeks import TUESDAY, WEEK, World, a_call, an_outcome, land
from tests.reports.conftest import ZONE

MONDAY = datetime(2026, 1, 5)


def a_measure(kind: Kind = "share") -> Measure:
    return Measure(
        name="m", title="Calls that progressed", why="w", unit="%" if kind == "share" else "calls", sample="calls",
        direction="higher_is_better", owner="o", minimum_sample=0 if kind == "count" else 20, kind=kind, sql="$as_of",
    )  # fmt: skip


def weeks(values: list[float], n: int = 100, kind: Kind = "share") -> list[Measurement]:
    measure = a_measure(kind)
    return [
        Measurement(measure, MONDAY + at * WEEK, v, None, None, int(v) if kind == "count" else n, None,
                    int(v) if kind == "count" else n, v)
        for at, v in enumerate(values)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "moment", "name", "first", "count"),
    [
        ("weekly", datetime(2026, 3, 22, 14), "2026-W12", datetime(2026, 3, 16), 1),
        ("weekly", datetime(2026, 3, 21, 14), "2026-W11", datetime(2026, 3, 9), 1),
        ("monthly", datetime(2026, 3, 29, 14), "2026-03", datetime(2026, 3, 2), 4),
        ("monthly", datetime(2026, 3, 28, 14), "2026-02", datetime(2026, 2, 2), 4),
        ("monthly", datetime(2026, 5, 3, 14), "2026-04", datetime(2026, 3, 30), 5),
        ("quarterly", datetime(2026, 3, 29, 14), "2026-Q1", datetime(2025, 12, 29), 13),
        ("quarterly", datetime(2027, 1, 3, 14), "2026-Q4", datetime(2026, 9, 28), 14),
    ],
)
def test_the_last_whole_period_has_the_weeks_whose_thursday_lies_in_it(kind, moment, name, first, count) -> None:  # type: ignore[no-untyped-def]  # rows of the table above
    period = period_of(kind, moment)
    assert (period.name, period.first_week, period.weeks) == (name, first, count)
    assert period_named(kind, name) == period


def test_periods_follow_each_other_without_gap_or_overlap() -> None:
    for kind in ("weekly", "monthly", "quarterly"):
        period = period_with(kind, datetime(2029, 1, 1))
        for _ in range(60):
            assert period.previous.ends == period.first_week
            period = period.previous


def test_a_clear_rise_is_improving_with_an_interval_that_holds_it() -> None:
    rise = compared(weeks([0.5, 0.52, 0.48, 0.5]), weeks([0.3, 0.32, 0.28, 0.3]))
    (figure,) = judged([rise])
    assert figure.direction == "improving"
    assert figure.difference == pytest.approx(0.2)
    assert figure.low is not None
    assert figure.high is not None
    assert 0.1 < figure.low < 0.2 < figure.high < 0.3


def test_a_count_is_compared_by_the_week() -> None:
    figure = compared(weeks([100.0] * 5, kind="count"), weeks([100.0] * 4, kind="count"))
    assert figure.difference == 0
    assert figure.now is not None
    assert figure.now.value == 500


def test_weeks_that_vary_much_leave_room_for_chance() -> None:
    calm = compared(weeks([0.5] * 4), weeks([0.3] * 4))
    restless = compared(weeks([0.2, 0.8, 0.3, 0.7]), weeks([0.1, 0.5, 0.05, 0.55]))
    assert calm.difference == restless.difference == pytest.approx(0.2)
    assert calm.p_value is not None
    assert restless.p_value is not None
    assert calm.p_value < 0.01 < 0.05 < restless.p_value


@pytest.mark.parametrize(("now", "before"), [([0.5], [0.3] * 4), ([0.5] * 4, []), ([0.5, 0.5], [0.3, 0.3])])
def test_few_weeks_are_not_enough(now: list[float], before: list[float]) -> None:
    assert judged([compared(weeks(now), weeks(before))])[0].direction == "not enough data"


def test_quiet_months_are_seldom_said_to_have_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.measure.intervals", lambda _kind, values, *_: [(None, None)] * len(values))
    rng, false = np.random.default_rng(7), 0
    for _ in range(100):
        figures = []
        for _ in range(10):
            shares = [hits / 100 for hits in rng.binomial(100, np.clip(rng.normal(0.4, 0.05, 8), 0, 1))]
            figures.append(compared(weeks(shares[4:]), weeks(shares[:4])))
        false += any(figure.direction != "stable" for figure in judged(figures))
    assert false <= 8


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two quarters of 30 decided calls a week; in the second two of three progress, in the first one of three."""
    path = tmp_path_factory.mktemp("quarter") / "warehouse.duckdb"
    calls, outcomes = [], []
    for week in range(27):
        at = TUESDAY - week * WEEK + WEEK
        for i in range(30):
            calls.append(a_call(f"{week}-{i}", at))
            outcomes.append(an_outcome(f"{week}-{i}", i % 3 < (2 if week < 13 else 1), at))
    return land(path, World(calls, outcomes))


def test_a_quarter_is_pooled_held_against_the_last_and_charted_over_both(
    quarter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBACK_HOME", str(quarter.parent))
    settings.cache_clear()
    as_of = datetime(2026, 3, 30)
    period = period_of("quarterly", as_of)
    report = gather_period(gather(period.last_week, as_of, [], False, ZONE, None), period)
    settings.cache_clear()
    rate = report.figure("progression_rate")
    assert rate is not None
    assert rate.now is not None
    assert (rate.now.n, rate.direction, len(report.charted["progression_rate"])) == (13 * 30, "improving", 26)
    assert headline(report) == (
        "Quarter 1 of 2026: Calls that progressed rose to 66.7 % (n = 390), from 33.3 % in Quarter 4 of 2025. "
        "That is better."
    )
    html = render_html(report).replace("\N{NO-BREAK SPACE}", " ")
    assert "33.3 % in Quarter 4 of 2025 (n = 390)" in html
    assert '"report_id": "quarterly-2026-Q1"' in render_json(report)
    assert "Quarter 1 of 2026 against Quarter 4 of 2025" in render_technical(report)
    assert publish(report, tmp_path).parent == tmp_path / "quarterly/2026-Q1"
    assert "quarterly/2026-Q1/report.html" in (tmp_path / "index.html").read_text()
    csv = (tmp_path / "quarterly/2026-Q1/report.csv").read_text()
    assert "share,2026-W01,13,,,0.666667," in csv


def test_a_period_that_is_not_over_says_so(quarter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_HOME", str(quarter.parent))
    settings.cache_clear()
    sunday = datetime(2026, 3, 29, 14)
    period = period_of("monthly", sunday)
    report = gather_period(replace(gather(period.last_week, sunday, [], False, ZONE, None)), period)
    settings.cache_clear()
    assert (period.name, report.is_over) == ("2026-03", False)
    assert period.ends - sunday < timedelta(days=1)
    assert "it is not over" in render_html(report)
