"""Thresholds are proposed from costs only where later answers, which had no say in them, show that they earn more."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from database.promotions import Promotion, promote
from monitoring.thresholds import ScoredAnswers, propose, scored_answers
from ringback.settings import settings
from scoring.costs import Thresholds
from scoring.policy import FILE, Costs, Policy, policy
from tests.flows.test_command import ringback
from tests.monitoring.weeks import World, a_call, a_prediction, an_outcome, land

START = datetime(2026, 3, 2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COSTS = Costs(
    ae_hour_usd=100, hours_per_call=2, deal_value_usd=4000, win_rate_after_progression=0.25, nurture_cost_usd=10,
    nurture_yield=0.0,
)  # fmt: skip
"""The best hand-over threshold is 20."""


def rules(handoff: int, costs: Costs = COSTS) -> Policy:
    return policy().model_copy(update={"ae_handoff_at": handoff, "nurture_at": handoff, "costs": costs})


def simulated(n: int, seed: int = 0, companies: int | None = None) -> ScoredAnswers:
    """Calibrated answers."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1.5, 2.5, n)
    names = [f"c{at % companies}" if companies else None for at in range(n)]
    return ScoredAnswers(
        np.round(100 * p).astype(np.int64), rng.random(n) < p, names, [START + at * HOUR for at in range(n)]
    )


def test_thresholds_that_are_far_off_are_changed() -> None:
    made = propose(simulated(1000), rules(60))
    assert made.is_change
    assert made.proposed.handoff == pytest.approx(20, abs=5)
    assert made.gain is not None
    assert made.earned_now is not None
    assert made.earned_found is not None
    assert made.gain.low > 0
    assert made.gain.mean == pytest.approx(made.earned_found.mean - made.earned_now.mean)
    assert (made.n, made.judged, made.judged_since) == (1000, 500, START + 500 * HOUR)


def test_the_best_thresholds_are_kept_in_nearly_all_worlds() -> None:
    changed = [propose(simulated(400, seed), rules(20)).is_change for seed in range(60)]
    assert sum(changed) <= 3


def test_what_the_early_half_asks_for_is_not_taken_where_the_later_half_does_not_bear_it_out() -> None:
    early, late = simulated(300), simulated(300, 1)
    never = ScoredAnswers(
        np.concatenate([early.score, late.score]),
        np.concatenate([early.happened, np.arange(300) % 10 == 0]),  # from then on one in ten, whatever the score
        [None] * 600,
        [START + at * HOUR for at in range(600)],
    )
    made = propose(never, rules(60))
    assert made.found is not None
    assert made.found.handoff < 40
    assert (made.proposed, made.is_change) == (Thresholds(60, 60), False)
    assert "not shown to earn more" in made.reason


def test_a_gain_that_may_be_chance_changes_nothing() -> None:
    made = propose(simulated(300, 2), rules(30))
    assert made.gain is not None
    assert made.gain.low < 0 < made.gain.mean
    assert "not shown to earn more" in made.reason
    assert not made.is_change


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (simulated(199), "not enough data: 199 matured answers, 200 needed"),
        (simulated(1000, companies=10), "not enough data: 10 companies, 20 needed"),
    ],
)
def test_too_little_changes_nothing(answers: ScoredAnswers, says: str) -> None:
    made = propose(answers, rules(60))
    assert (made.is_change, made.proposed) == (False, Thresholds(60, 60))
    assert says in made.reason
    assert made.said()[0].startswith("keep: ")


def test_leads_that_all_ended_alike_are_too_little_to_change_by() -> None:
    score = np.tile([90, 12, 88, 86], 100)
    ended = np.tile([True, False, True, True], 100)
    made = propose(ScoredAnswers(score, ended, [None] * 400, [START] * 400), rules(10))
    assert made.gain is not None
    assert made.gain.low > 0
    assert "0 leads that progressed and 50 that did not" in made.reason


def landed(calls: int = 300) -> datetime:
    """Two of three are told 0.45 and four of five of these progress, the others 0.1 and none does; an hour apart.

    Some calls were open already when the version first answered, and some ended sooner than calls do.
    """
    names = [f"n{at}" for at in range(calls)]
    known = {name: START + at * HOUR for at, name in enumerate(names)}
    likely = {name: at % 3 > 0 for at, name in enumerate(names)}
    end = START + (calls - 1) * HOUR + 30 * DAY
    world = World(
        calls=[a_call(name, known[name]) for name in names]
        + [a_call(f"open{at}", START - 9 * DAY) for at in range(5)]
        + [a_call(f"young{at}", end - 9 * DAY) for at in range(5)],
        predictions=[a_prediction(name, 0.45 if likely[name] else 0.1, known[name]) for name in names]
        + [a_prediction(f"open{at}", 0.45, START) for at in range(5)]
        + [a_prediction(f"young{at}", 0.45, end - 9 * DAY) for at in range(5)]
        + [a_prediction("n0", 0.99, START + 31 * DAY, progression_version="1")],
        outcomes=[
            an_outcome(name, likely[name] and at % 5 > 0, known[name] + 30 * DAY) for at, name in enumerate(names)
        ]
        + [an_outcome(f"open{at}", False, START + DAY) for at in range(5)]
        + [an_outcome(f"young{at}", True, end - 8 * DAY) for at in range(5)],
    )
    land(settings().warehouse, world)
    return end


def test_answers_are_of_whole_cohorts_and_from_before_the_outcome(home: Path) -> None:
    end = landed(60)
    found = scored_answers(end, "1", policy())
    assert found.score.tolist() == [45 if at % 3 else 10 for at in range(60)]
    assert found.happened.tolist() == [at % 3 > 0 and at % 5 > 0 for at in range(60)]
    assert len(scored_answers(end - 30 * HOUR, "1", policy()).score) == 30
    assert len(scored_answers(end, "2", policy()).score) == 0


def test_the_command_says_what_it_rests_on_and_writes_the_policy(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    end = landed()
    promote(Promotion("progression", START, "1", "xgboost", "first champion", {}))
    file, other = home / "chosen.toml", home / "other.txt"
    asked = ("models", "thresholds", "--as-of", end.isoformat(), "--write")
    assert ringback(monkeypatch, *asked, file) == 0
    said = capsys.readouterr().out
    assert "change: hand over from " in said
    assert "judged on 150 answers" in said
    assert "deal_value_usd 12000" in said
    assert f"written: {file}" in said
    chosen, lines = policy(file), file.read_text().splitlines()
    assert 10 < chosen.ae_handoff_at <= 45
    assert (lines[0][:3], "by 300 answers of progression version 1" in lines[1]) == ("#: ", True)
    kept = [line for line in lines if not line.startswith(("#:", "ae_handoff_at", "nurture_at"))]
    assert set(kept) <= set(FILE.read_text().splitlines())
    other.write_text("mine")
    assert ringback(monkeypatch, *asked, other) == 2
    assert other.read_text() == "mine"


def test_without_a_champion_the_command_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "models", "thresholds", "--as-of", "2026-03-02") != 0
    assert "progression has no champion as of 2026-03-02" in capsys.readouterr().err
