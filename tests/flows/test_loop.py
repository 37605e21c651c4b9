"""The whole loop through the real flows: calls in, models, scores, drift, reports; the same again changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import loads
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import forget_home
from tests.flows.small_world import found_small_world, free_port

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Loop:
    """What two weeks of the loop left, and what playing them again left."""

    home: Path
    weeks: list[datetime]
    counts: dict[str, int]
    counts_again: dict[str, int]
    results: dict[str, Any]
    reports: dict[str, bytes]
    """The numbers of each report when it was first made."""


@pytest.fixture(scope="module")
def loop(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """Two weeks of the small world, played twice."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("loop")
        patch.setenv("RINGBACK_HOME", str(home))
        patch.setenv("RINGBACK_SANDBOX_PORT", str(free_port()))
        patch.setenv("RINGBACK_FELLOW_REQUESTS_PER_SECOND", "100000")
        forget_home()
        weeks = found_small_world(home)
        results, counts = _play(weeks)
        reports = _reports(home)
        _, counts_again = _play(weeks)
        yield Loop(home, weeks, counts, counts_again, results, reports)
    forget_home()


def _play(weeks: list[datetime]) -> tuple[dict[str, Any], dict[str, int]]:
    from flows.check_drift import check_drift
    from flows.demo import count_everything
    from flows.environment import prepare_stores, quick_flows
    from flows.ingest_calls import ingest_calls
    from flows.sandboxed import sandbox_beside, world_of_home
    from flows.score_leads import score_leads
    from flows.train import train
    from flows.weekly_report import weekly_report

    prepare_stores()
    results: dict[str, Any] = {}
    with sandbox_beside(world_of_home()) as server, quick_flows():
        assert server is not None
        friday = weeks[0] - timedelta(days=1, hours=22)  # 17:00 UTC, in the middle of a working day
        server.set_now(friday)
        ingest_calls(as_of=friday)
        for number, moment in enumerate(weeks):
            server.set_now(moment)
            results["ingest"] = ingest_calls(as_of=moment)
            if number == 0:
                results["train"] = train(as_of=moment)
            results["score"] = score_leads(as_of=moment)
            results["report"] = weekly_report(as_of=moment)
        results["drift"] = check_drift(as_of=weeks[-1])
    return results, count_everything()


def test_playing_the_same_weeks_again_changes_no_count(loop: Loop) -> None:
    assert loop.counts_again == loop.counts


def test_calls_that_were_edited_or_came_late_are_versions_not_duplicates(loop: Loop) -> None:
    assert loop.counts["database calls"] < loop.counts["warehouse calls"]


def test_records_that_cannot_be_read_are_set_aside(loop: Loop) -> None:
    from warehouse.connect import reading, rows

    with reading(loop.home / "warehouse.duckdb") as warehouse:
        aside = rows(warehouse, "SELECT field, reason FROM quarantine")
    assert aside
    assert all(row["field"] and row["reason"] for row in aside)


def test_both_targets_have_a_champion_with_its_reason(loop: Loop) -> None:
    versions = loop.results["train"]
    assert [(v.target, v.aliases) for v in versions] == [("progression", ("champion",)), ("voice_ai", ("champion",))]
    assert all(v.metrics["test_roc_auc_low"] > 0.5 and v.reason for v in versions)


def test_open_calls_of_the_week_are_scored_by_the_champions_with_reasons(loop: Loop) -> None:
    from sqlalchemy import select

    from database.models import Prediction
    from database.session import reading

    with reading(f"sqlite:///{loop.home / 'database.sqlite'}") as database:
        predictions = database.execute(select(Prediction)).all()
    assert len(predictions) == loop.counts["database predictions"] > 60
    assert {(p.progression_version, p.voice_ai_version) for p in predictions} == {("1", "1")}
    assert all(p.reasons for p in predictions)
    assert all(0 <= p.qualification_score <= 100 for p in predictions)


def test_a_score_is_never_given_after_the_outcome_is_known(loop: Loop) -> None:
    from warehouse.connect import reading, rows

    late = """SELECT count(*) AS n FROM predictions AS p JOIN outcomes AS o USING (call_id)
              WHERE o.target = 'progression' AND o.known_at <= p.predicted_at"""
    with reading(loop.home / "warehouse.duckdb") as warehouse:
        assert rows(warehouse, late) == [{"n": 0}]


def test_the_report_says_that_its_calls_are_simulated(loop: Loop) -> None:
    page = loop.results["report"].read_text()
    assert "Synthetic data" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_past_report_made_again_is_the_same_to_the_byte(loop: Loop) -> None:
    assert len(loop.reports) == 2
    assert _reports(loop.home) == loop.reports


def _reports(home: Path) -> dict[str, bytes]:
    return {file.parent.name: file.read_bytes() for file in (home / "reports" / "weekly").glob("*/report.json")}


def test_the_drift_report_is_a_page_and_data(loop: Loop) -> None:
    drift = loop.results["drift"]
    assert drift.report.stat().st_size > 100_000
    assert loads(drift.report.with_suffix(".json").read_text())["metrics"]
    assert drift.psi
