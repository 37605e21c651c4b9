"""Drift is found where there is some, seldom where there is none, and told with since when and at what cost."""

import importlib
from datetime import datetime, timedelta
from json import loads
from pathlib import Path

import numpy as np
import pytest

from benchmarks.drift_quiet import planted, quiet
from benchmarks.drift_world import Ordinary
from database.incidents import open_incident
from features.encoding import Encoding, learn_encoding
from monitoring.drift import SAFE_BY, Judgement, judge, later_counts, level_of
from monitoring.drift_cost import cost_of
from monitoring.drift_report import Sentences, write_findings, write_page
from monitoring.drift_words import Finding, findings_of
from monitoring.expectation import weighted_holm
from monitoring.profile import Profile, profile_of, short
from ringback.records import Value

START = datetime(2026, 1, 5)
WEEKS, ROWS = 20, 100
AS_OF = START + timedelta(weeks=WEEKS + 8)
LEVEL = level_of(2)
Rows = list[dict[str, Value]]
Moments = "np.ndarray[tuple[int], np.dtype[np.datetime64]]"


def calls(seed: int, first_week: int, weeks: int) -> tuple[Rows, "Moments"]:
    """A hundred calls a week that are alike but for chance; tone is missing in every tenth."""
    rng = np.random.default_rng(seed)
    n = weeks * ROWS
    at = np.datetime64(START + timedelta(weeks=first_week), "us") + ((np.arange(n) + 0.5) * 7 * 86400e6 / ROWS).astype(
        "timedelta64[us]"
    )
    rows: Rows = [
        {
            "tone": float(rng.normal()) if rng.random() < 0.9 else None,
            "employees": float(np.exp(rng.normal(4, 1))),
            "industry": str(rng.choice(["retail", "healthcare", "travel"], p=[0.5, 0.3, 0.2])),
        }
        for _ in range(n)
    ]
    return rows, at


@pytest.fixture(scope="module")
def profile() -> Profile:
    """Twenty weeks; the louder the tone, the likelier a call ends well, and the score knows it."""
    rows, at = calls(1, 0, WEEKS)
    tone = np.array([float(row["tone"] or 0.0) for row in rows])
    p = 1 / (1 + np.exp(-tone))
    y = np.random.default_rng(2).random(len(rows)) < np.where(tone > 1, 0.5, p)  # wrong about loud calls
    return profile_of(rows, learn_encoding(rows), at, y, p)


@pytest.fixture(scope="module")
def encoding() -> Encoding:
    return learn_encoding(calls(1, 0, WEEKS)[0])


def judged(profile: Profile, rows: Rows, at: "Moments") -> tuple[Judgement, tuple[Finding, ...]]:
    columns = [column for column in profile.columns if column.kind in ("number", "category")]
    later = later_counts(columns, rows, at, AS_OF)
    judgement = judge(columns, profile.since, later, AS_OF, LEVEL)
    return judgement, findings_of(profile, later, judgement, 0.6)


def from_last_weeks(weeks: int) -> "Moments":
    """Which of the eight recent weeks' rows are of the last so many weeks."""
    return np.arange(8 * ROWS) >= (8 - weeks) * ROWS


def test_a_quiet_month_has_no_finding(profile: Profile) -> None:
    judgement, findings = judged(profile, *calls(3, WEEKS, 8))
    assert (findings, judgement.not_judged) == ((), ())
    assert max(one.psi for one in judgement.distances.values()) < 0.1


def test_a_shift_is_named_with_its_size_since_when_and_its_cost(profile: Profile) -> None:
    rows, at = calls(3, WEEKS, 8)
    for row, moved in zip(rows, from_last_weeks(3), strict=True):
        if moved and row["tone"] is not None:
            row["tone"] = float(row["tone"]) + 1.0
    judgement, (finding,) = judged(profile, rows, at)
    assert (finding.move.feature, finding.move.kind) == ("tone", "location")
    assert "tone" in judgement.unsettled
    assert finding.move.since == AS_OF - timedelta(weeks=3)
    assert finding.cost is not None
    assert finding.cost.is_shown
    assert finding.words.startswith("tone went up by ")
    assert "it is likely to cost precision at hand-over" in finding.words


def test_a_value_never_seen_before_is_named(profile: Profile) -> None:
    rows, at = calls(3, WEEKS, 8)
    for at_row in np.flatnonzero(from_last_weeks(1))[::10]:
        rows[at_row]["industry"] = "space"
    _, (finding,) = judged(profile, rows, at)
    assert (finding.move.feature, finding.move.kind, finding.move.now) == ("industry", "new", 0.1)
    assert finding.words.startswith("industry has values never seen before (10.0% of 100 in the last week, 0.0%")


def test_values_that_go_missing_are_found_on_their_own(profile: Profile) -> None:
    rows, at = calls(3, WEEKS, 8)
    for at_row in np.flatnonzero(from_last_weeks(2))[::3]:
        rows[at_row]["employees"] = None
    _, (finding,) = judged(profile, rows, at)
    assert (finding.move.feature, finding.move.kind) == ("employees", "missing")
    assert finding.words.startswith("employees is missing more often (3")


def test_costlier_moves_come_first(profile: Profile) -> None:
    rows, at = calls(3, WEEKS, 8)
    for row, moved in zip(rows, from_last_weeks(2), strict=True):
        if moved:
            row["tone"] = None if row["tone"] is None else float(row["tone"]) + 0.8
            row["employees"] = 20 * float(row["employees"] or 0)  # by far the surer move, but it decides nothing
    _, findings = judged(profile, rows, at)
    assert [finding.move.feature for finding in findings] == ["tone", "employees"]
    assert findings[0].move.p > findings[1].move.p


def test_too_few_rows_are_said_and_not_raised(profile: Profile) -> None:
    rows, at = calls(3, WEEKS, 8)
    judgement, findings = judged(profile, rows[-10:], at[-10:])
    assert (findings, judgement.checks) == ((), 0)
    assert "tone: not enough rows (10 in the last 4 weeks, 20 needed)" in judgement.not_judged


def test_a_slow_trend_in_the_reference_is_not_drift_when_it_goes_on() -> None:
    def rising(rows: Rows, at: "Moments") -> Rows:
        weeks = (at - np.datetime64(START, "us")) / np.timedelta64(7, "D")
        return [row | {"tone": float(row["tone"] or 0) + 0.05 * w} for row, w in zip(rows, weeks, strict=True)]

    reference, moments = calls(1, 0, WEEKS)
    reference = rising(reference, moments)
    trending = profile_of(reference, learn_encoding(reference), moments, np.arange(len(reference)) % 2 == 0)
    rows, at = calls(3, WEEKS, 8)
    assert judged(trending, rising(rows, at), at)[1] == ()


def test_the_cost_is_not_told_from_too_few_handed_over(profile: Profile) -> None:
    column = profile.column("tone")
    assert column is not None
    assert cost_of(profile, column, column.weeks, handed_over_from=0.99) is None
    same = cost_of(profile, column, column.weeks, handed_over_from=0.6)
    assert same is not None
    assert same.change == pytest.approx(0, abs=0.01)


def test_the_level_of_a_run_keeps_a_week_of_runs_in_the_budget() -> None:
    assert 1 - (1 - level_of(2, checks_a_week=7) / SAFE_BY) ** 7 == pytest.approx(2 / 52)


def test_holm_shares_the_level_by_weight() -> None:
    p, weights = np.array([0.02, 0.011, 0.9]), np.array([0.5, 0.25, 0.25])
    assert weighted_holm(p, weights, 0.05).tolist() == [True, True, False]  # 0.02 <= .05 x .5, 0.011 <= .05 x .25 / .5
    assert weighted_holm(p, weights[::-1], 0.05).tolist() == [False, True, False]


def test_quiet_simulated_weeks_seldom_alarm_and_planted_drift_is_found() -> None:
    """A small one of `benchmarks.drift_quiet`, where the figures that count are."""
    ordinary = Ordinary(300)
    tally = quiet(1, 10, ordinary, weeks=3)
    assert (tally.weeks, tally.ours) == (3, 0)
    assert planted(1, 10, ordinary, "category").ours == 1


def test_evidently_draws_a_page_and_our_findings_stand_beside(
    profile: Profile, encoding: Encoding, tmp_path: Path
) -> None:
    rows, at = calls(3, WEEKS, 8)
    for row in rows:
        row["industry"] = "space"
    judgement, findings = judged(profile, rows, at)
    path = tmp_path / "drift" / "2026-07-20"
    page = write_page(profile.sample, rows, encoding, ["tone", "industry", "never"], path)
    assert page is not None
    assert "industry" in page.read_text()
    assert loads(page.with_suffix(".json").read_text())["metrics"]
    kept = loads(write_findings(path, AS_OF, judgement, findings, {"champion": "3"}).read_text())
    assert (kept["champion"], kept["findings"][0]["move"]["feature"]) == ("3", "industry")


def test_what_was_kept_with_fewer_digits_is_drawn_as_the_same(tmp_path: Path) -> None:
    rows: Rows = [{"timeline": float(np.log1p(n % 2)), "industry": "retail" if n % 3 else "travel"} for n in range(300)]
    encoding = learn_encoding(rows)
    kept: Rows = [row | {"timeline": short(row["timeline"])} for row in rows]
    page = write_page(kept, rows, encoding, ["timeline", "industry"], tmp_path / "page")
    assert page is not None
    drifts = [
        one["value"] for one in loads(page.with_suffix(".json").read_text())["metrics"] if "ValueDrift" in str(one)
    ]
    assert len(drifts) == 2
    assert max(drifts) < 0.01


def test_without_rows_enough_to_draw_there_is_no_page(profile: Profile, encoding: Encoding, tmp_path: Path) -> None:
    assert write_page(profile.sample, calls(3, WEEKS, 8)[0][:5], encoding, ["tone"], tmp_path / "page") is None


def test_without_a_champion_there_is_nothing_to_compare_with(home: Path) -> None:
    from flows.check_drift import check_drift

    said = check_drift.fn(as_of=AS_OF)
    assert said.champion == "none yet as of 2026-07-20, so nothing to compare with; 'ringback run train' makes one"
    assert (str(said.moved), said.report) == ("nothing", None)


@pytest.mark.usefixtures("home")
def test_an_old_incident_is_told_again_as_old_and_under_its_own_event(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str, list[str]]] = []
    flow = importlib.import_module("flows.check_drift")
    monkeypatch.setattr(flow, "champion_as_of", lambda *_: "a champion")
    monkeypatch.setattr(flow, "compare", lambda *_: flow.Drift("version 1"))
    monkeypatch.setattr(flow, "tell", lambda event, because, _, words: told.append((event, because, list(words))))
    open_incident("performance", "progression v1", "accuracy 0.718 on 581 calls", AS_OF - timedelta(days=3))
    flow.check_drift.fn(as_of=AS_OF)
    said = (
        "told again, for nothing was trained since 2026-07-17 00:00 UTC, when it was said: accuracy 0.718 on 581 calls"
    )
    assert told == [("performance.declined", said, [said])]


def test_sentences_print_one_a_line() -> None:
    assert str(Sentences(["tone went up", "employees went down"])) == "\n  tone went up\n  employees went down"
