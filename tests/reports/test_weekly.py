"""Gathering the week, from a real warehouse to what the report says of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from json import loads
from pathlib import Path

import pytest

from reports.gathering import gather, headline
from reports.render import render_html, render_json, render_technical
from reports.weekly import ModelFacts, WeeklyReport, week_name
from ringback.errors import NotMigrated
from ringback.records import Rejected
from ringback.settings import settings
from tests.improvement.weeks import a_count, a_week, dated, series_of
from tests.monitoring.weeks import AFTER, SUNDAY, TUESDAY, WEEK, WEEK_12, World, a_call, a_prediction, an_outcome, land
from tests.reports.conftest import CHAMPION, ZONE, a_busy_quarter, report


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RINGBACK_HOME", str(tmp_path / "var"))
    settings.cache_clear()
    yield settings().warehouse
    settings.cache_clear()


def test_the_headline_says_what_got_worse_with_its_samples(busy: WeeklyReport) -> None:
    assert busy.headline == (
        "Hand-offs rejected rose to 100 % (n = 25 handed-off and decided calls), "
        "from 0 % in the 11 weeks before (n = 275). That is worse."
    )


def test_the_week_is_gathered_as_it_stood(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    before = render_json(report(as_of=SUNDAY))
    later = SUNDAY + timedelta(hours=1)
    land(
        warehouse,
        World(
            [a_call("late", TUESDAY, known_at=later)],
            [an_outcome("w0c0", True, later)],
            [a_prediction("w0c0", 0.99, later)],
            rejected=[Rejected("fellow", "recording", "x", "1", later, "started_at", "no time", "{}")],
        ),
    )
    assert render_json(report(as_of=SUNDAY)) == before


def test_too_few_calls_are_said_to_be_not_enough(warehouse: Path) -> None:
    land(warehouse, World([a_call("a", notes="Hi")], [an_outcome("a", True)]))
    gathered = report()
    assert gathered.headline == "1 call was held; there is not enough data yet to say what changed."
    assert "not enough data</span>: at least 20 needed" in render_html(gathered).replace("\N{NO-BREAK SPACE}", " ")


def test_an_empty_warehouse_gives_a_report_that_says_so(warehouse: Path) -> None:
    land(warehouse, World())
    gathered = report(models=())
    html = render_html(gathered)
    assert gathered.headline == "No calls have come in yet, so there is nothing to report."
    assert gathered.recommendations == ()
    assert "<svg" not in html
    assert "The warehouse holds no call" in html


def test_calls_without_names_text_predictions_or_voice_ai_read_well(warehouse: Path) -> None:
    weeks = range(13)
    calls = [a_call(f"{w}-{i}", TUESDAY - w * WEEK) for w in weeks for i in range(30)]
    outcomes = [an_outcome(f"{w}-{i}", i % 3 == 0, TUESDAY - w * WEEK) for w in weeks for i in range(30)]
    land(warehouse, World(calls, outcomes))
    gathered = report(models=())
    html = render_html(gathered)
    assert gathered.keys == ("progression_rate", "calls_held")
    assert [h for h in ("By industry", "Against the old rules") if h in html] == []
    assert "No lead has been scored yet" in html
    assert "none is known for Voice AI fit" in html


def test_without_a_warehouse_the_way_out_is_named(warehouse: Path) -> None:
    with pytest.raises(NotMigrated, match="ringback migrate"):
        report()


def test_weeks_are_named_by_iso() -> None:
    assert [week_name(datetime(*day)) for day in ((2026, 3, 16), (2024, 12, 30))] == ["2026-W12", "2025-W01"]


def test_what_was_tried_and_does_not_decide_is_said_with_its_reason(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    tried = ModelFacts("progression", "4", "xgboost", datetime(2026, 3, 9), reason="nothing to learn here: no better")
    gathered = gather(WEEK_12, AFTER, [], False, ZONE, None, attempts=[tried])
    html = render_html(gathered)
    assert "No model has been promoted yet, so leads are scored by fixed rules." in html
    assert "Progression version 4 (xgboost)" in html
    assert "does not decide: nothing to learn here: no better." in html
    assert loads(render_json(gathered))["attempts"][0]["reason"] == "nothing to learn here: no better"


def test_what_was_expected_stands_beside_what_turned_out(warehouse: Path) -> None:
    from monitoring.estimate import estimates_as_of

    land(warehouse, a_busy_quarter())
    version = "1"
    expected = [one for one in estimates_as_of(AFTER, version, 2) if one.expected[0].value is not None]
    html = render_technical(gather(WEEK_12, AFTER, [CHAMPION], False, ZONE, None, estimates=expected))
    assert expected
    assert f"{expected[0].expected[0].value:.3f} (95 % interval" in html
    assert "right as far as they are calibrated" in html


def test_a_step_of_long_ago_is_no_news() -> None:
    rejected = [40, 41, 39, 40, 42, 38, 40, 41]
    calls = [a_count("calls_held", 100) for _ in range(13)]

    def said(since: list[int]) -> str:
        return headline(a_week(*dated(calls), *series_of("rejection_rate", [*rejected, *since])))

    assert said([16, 12, 15, 17]).startswith("Hand-offs rejected fell in the week of 23 February, to 15 %")
    assert said([16, 12, 15, 17, 14]) == (
        "100 calls were held; no measure moved beyond what chance explains since Hand-offs rejected fell in the week "
        "of 16 February."
    )
