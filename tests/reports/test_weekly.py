"""The weekly report, from a real warehouse to the page and the JSON that people and machines get."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from json import loads
from pathlib import Path

import pytest

from reports.archive import archived
from reports.gathering import gather
from reports.publish import publish
from reports.render import render_html, render_json
from reports.weekly import ModelFacts, WeeklyReport, week_name
from ringback.errors import NotMigrated
from ringback.records import CompanyFacts, Rejected
from ringback.settings import settings
from tests.monitoring.weeks import AFTER, SUNDAY, TUESDAY, WEEK, WEEK_12, World, a_call, a_prediction, an_outcome, land

ZONE = "America/Chicago"
CHAMPION = ModelFacts("progression", "7", "xgboost", datetime(2026, 3, 9), 0.81, 0.77, 0.85, 420, "better on 420 calls")
HOSTILE = "<b>Bold</b> & Sons"


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RINGBACK_HOME", str(tmp_path / "var"))
    settings.cache_clear()
    yield settings().warehouse
    settings.cache_clear()


def report(
    as_of: datetime = AFTER, models: tuple[ModelFacts, ...] = (CHAMPION,), synthetic: bool = False
) -> WeeklyReport:
    return gather(WEEK_12, as_of, models, synthetic, ZONE, "flow-run-1")


def a_busy_quarter() -> World:
    """Thirteen weeks of 40 calls, scored when held and decided a week later; this week every hand-off was rejected."""
    calls, outcomes, predictions = [], [], []
    for week in range(13):
        at = TUESDAY - week * WEEK
        for i in range(40):
            name, handed = f"w{week}c{i}", i < 25
            calls.append(a_call(name, at, company_id="bold", company_name=HOSTILE, lead_name=f"Pat {i}", notes="Hi"))
            probability, recommendation = (0.9, "AE_HANDOFF") if handed else (0.1, "NURTURE_TRACK")
            predictions.append(
                a_prediction(name, probability, at + timedelta(hours=1), recommendation, reasons=("A <i>budget</i>",))
            )
            if week > 0:
                outcomes.append(an_outcome(name, handed and week > 1, at + WEEK))
    return World(calls, outcomes, predictions, [CompanyFacts("bold", "crm", TUESDAY - 20 * WEEK, industry="R&D <x>")])


class _Outside(HTMLParser):
    """Collects what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.fetched += [
            value
            for name, value in attrs
            if name in ("src", "href", "xlink:href", "action", "srcset", "data") and value and not value.startswith("#")
        ]


def parsed(html: str) -> _Outside:
    outside = _Outside()
    outside.feed(html)
    return outside


def test_the_headline_says_what_got_worse_with_its_samples(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    assert report().headline == (
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


def test_the_page_is_whole_and_asks_nobody_for_anything(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    html = render_html(report())
    page = parsed(html)
    assert page.fetched == []
    assert not page.tags & {"script", "link", "iframe", "img", "object", "base"}
    assert not re.search(r"@import|url\((?!#)|https?://", html)
    assert len(page.ids) == len(set(page.ids))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html)) <= {
        pair for name in page.ids for pair in ((name, ""), ("", name))
    }
    assert len(html) < 1_000_000


def test_names_from_outside_are_text(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    html = render_html(report())
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Sons" in html
    assert not {"b", "i", "x"} & parsed(html).tags


def test_the_page_says_when_numbers_are_synthetic(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    banners = ["Synthetic data." in render_html(report(synthetic=synthetic)) for synthetic in (True, False)]
    assert banners == [True, False]


def test_every_number_names_its_definition_model_and_flow_run(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    html = render_html(report())
    wanted = [
        "monitoring/measures/live_accuracy.toml",
        "FROM foretold_calls_as_of($as_of)",
        "2026-03-23T00:00:00 UTC",
        "progression version 7",
        "flow-run-1",
    ]
    assert [text for text in wanted if text not in html] == []


def test_times_are_shown_in_the_customers_zone(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    assert "as of Sun 22 Mar 2026, 09:00 CDT" in render_html(report(as_of=SUNDAY))


def test_targets_are_called_the_customers(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    html = render_html(report()).replace("\N{NO-BREAK SPACE}", " ")
    assert "Customer&#39;s target" in html or "Customer's target" in html
    assert [
        text for text in ("38.8 %", "61.2 %", "at least 85 %", "under 15 %", "at least 60 %") if text not in html
    ] == []


def test_the_same_report_gives_the_same_bytes(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    one, other = report(), report()
    assert (render_json(one), render_html(one)) == (render_json(other), render_html(other))


def test_the_json_has_the_published_shape(warehouse: Path) -> None:
    land(warehouse, a_busy_quarter())
    facts = json.loads(render_json(report()))
    assert {"report_metadata", "performance_metrics", "trends", "recommendations", "system_health"} <= set(facts)
    assert facts["report_metadata"]["generated_at"] == "2026-03-23T00:00:00"
    assert facts["performance_metrics"]["rejection_rate"]["value"] == 1.0
    assert facts["performance_metrics"]["rejection_rate"]["n"] == 25
    trend = next(t for t in facts["trends"] if t["metric_name"] == "rejection_rate")
    assert (trend["trend_direction"], trend["significance"], trend["before"]["n"]) == ("declining", "high", 275)


def test_too_few_calls_are_said_to_be_not_enough(warehouse: Path) -> None:
    land(warehouse, World([a_call("a", notes="Hi")], [an_outcome("a", True)]))
    gathered = report()
    assert gathered.headline == "1 call was held; there is not enough data yet to say what changed."
    assert "not enough data</strong>: at least 20 needed" in render_html(gathered)


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


def test_publishing_writes_the_page_the_numbers_and_the_index(warehouse: Path, tmp_path: Path) -> None:
    land(warehouse, a_busy_quarter())
    place = publish(report(), tmp_path / "reports")
    written = sorted(str(file.relative_to(tmp_path / "reports")) for file in (tmp_path / "reports").rglob("*.*"))
    assert place == tmp_path / "reports/weekly/2026-W12/report.html"
    assert [name for name in written if name != "weekly/2026-W12"] == [
        "index.html",
        "weekly/2026-W12/report.html",
        "weekly/2026-W12/report.json",
    ]


def test_the_archive_lists_weeks_newest_first_and_survives_a_broken_one(warehouse: Path, tmp_path: Path) -> None:
    land(warehouse, a_busy_quarter())
    folder = tmp_path / "reports"
    publish(gather(WEEK_12 - WEEK, AFTER - WEEK, [CHAMPION], False, ZONE, None), folder)
    (folder / "weekly/2026-W11/report.json").write_text("{")
    publish(report(), folder)
    listed = archived(folder)
    assert [(week.week, len(week.numbers)) for week in listed] == [("2026-W12", 5), ("2026-W11", 0)]
    assert parsed((folder / "index.html").read_text()).fetched == [week.link for week in listed]


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(warehouse, a_busy_quarter())
    place = publish(report(), tmp_path / "reports")
    old = place.read_text()

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        publish(report(synthetic=True), tmp_path / "reports")
    assert place.read_text() == old
    assert [file for file in place.parent.iterdir() if file.name.startswith(".")] == []


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
    html = render_html(gather(WEEK_12, AFTER, [CHAMPION], False, ZONE, None, estimates=expected))
    assert expected
    assert f"{expected[0].expected[0].value:.3f} (95 % interval" in html
    assert "right as far as they are calibrated" in html
