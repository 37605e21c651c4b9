"""The simulated world is repeatable, plausible, and neither hopeless nor trivial to learn from."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sandbox.industries import DECIDERS
from sandbox.records import Meeting
from sandbox.timeline import LAST_CHANGE_AFTER, updated_at
from sandbox.world import BOLD, World

START = datetime(2026, 1, 5)
FOR_EVER = timedelta(days=10_000)


@pytest.fixture(scope="module")
def meetings() -> list[Meeting]:
    """About 4,200 calls in 38 weeks."""
    return World(seed=7, start=START, calls_per_week=110).meetings(START + timedelta(weeks=38) - timedelta(seconds=1))


def test_same_seed_gives_the_same_world_whatever_was_asked_before() -> None:
    eager, patient = World(seed=3, calls_per_week=30), World(seed=3, calls_per_week=30)
    for day in range(28):
        patient.people(START + timedelta(days=day))
    assert eager.meetings(START + timedelta(days=28)) == patient.meetings(START + timedelta(days=28))


def test_another_seed_gives_another_world() -> None:
    until = START + timedelta(days=5)
    assert World(seed=1, calls_per_week=10).meetings(until) != World(seed=2, calls_per_week=10).meetings(until)


def test_world_begins_on_a_monday() -> None:
    with pytest.raises(ValueError, match="not a Monday"):
        World(start=datetime(2026, 1, 6))


def test_meetings_have_started_and_stand_in_order() -> None:
    until = datetime(2026, 1, 14, 18)
    starts = [meeting.started_at for meeting in World(calls_per_week=50).meetings(until)]
    assert starts == sorted(starts)
    assert starts[-1] <= until


def test_calls_are_on_working_days_and_in_working_hours_of_chicago(meetings: list[Meeting]) -> None:
    chicago = ZoneInfo("America/Chicago")
    local = [m.started_at.replace(tzinfo=ZoneInfo("UTC")).astimezone(chicago) for m in meetings]
    assert {day.weekday() for day in local} == {0, 1, 2, 3, 4}
    assert {day.hour for day in local} == set(range(9, 17))


def test_base_rates_are_as_promised(meetings: list[Meeting]) -> None:
    assert 0.33 < np.mean([m.outcome.progressed for m in meetings]) < 0.39
    assert 0.21 < np.mean([m.outcome.voice_ai for m in meetings]) < 0.29
    assert 0.06 < np.mean([m.outcome.decided_at is None for m in meetings]) < 0.10
    assert 0.22 < np.mean([m.is_follow_up for m in meetings]) < 0.28
    assert 0.012 < np.mean([m.note_id is None for m in meetings]) < 0.028
    assert 0.002 < np.mean([bool(m.malformed) for m in meetings]) < 0.009


def test_deals_are_decided_in_5_to_35_days_and_wins_sooner(meetings: list[Meeting]) -> None:
    days: dict[bool, list[float]] = {True: [], False: []}
    for m in meetings:
        if m.outcome.decided_at:
            days[m.outcome.progressed].append((m.outcome.decided_at - m.ended_at) / timedelta(days=1))
    assert min(days[True] + days[False]) >= 4.99
    assert max(days[True] + days[False]) <= 35
    assert np.median(days[True]) + 5 < np.median(days[False])
    assert np.percentile(days[True], 95) > np.percentile(days[False], 5)


def test_health_care_logistics_and_voice_ai_grow_over_the_weeks(meetings: list[Meeting]) -> None:
    early, late = meetings[:1000], meetings[-1000:]
    assert share_of_growing(late) > share_of_growing(early) + 0.04
    assert share_of_voice_ai(late) > share_of_voice_ai(early) + 0.04


def share_of_growing(meetings: list[Meeting]) -> float:
    return float(np.mean([m.company.industry in ("Healthcare", "Logistics") for m in meetings]))


def share_of_voice_ai(meetings: list[Meeting]) -> float:
    return float(np.mean(["Voice AI" in m.said.products for m in meetings]))


def test_transcripts_have_8_to_20_segments_in_order(meetings: list[Meeting]) -> None:
    assert all(8 <= len(m.segments) <= 20 for m in meetings)
    assert all(
        one.start < one.end <= two.start for m in meetings for one, two in zip(m.segments, m.segments[1:], strict=False)
    )


def test_nobody_in_it_can_exist(meetings: list[Meeting]) -> None:
    assert all(m.company.domain.endswith((".example", ".test")) for m in meetings)
    mailed = {person.email for m in meetings for person in m.people if not person.email.endswith(m.company.domain)}
    assert mailed
    assert all("_" in email and email.endswith("@gmail.com") for email in mailed)  # Gmail gives no name with "_"


def test_names_hold_the_hard_things_of_life(meetings: list[Meeting]) -> None:
    names = {m.company.name for m in meetings}
    assert BOLD in names
    for hard in ("'", "ü", "&", ",", '"'):
        assert any(hard in name for name in names)


def test_nothing_changes_later_than_the_last_change(meetings: list[Meeting]) -> None:
    assert all(updated_at(m, m.started_at + FOR_EVER) - m.started_at < LAST_CHANGE_AFTER for m in meetings)


def test_visible_signals_tell_progression_well_but_not_surely(meetings: list[Meeting]) -> None:
    some = meetings[:2000]
    seen = np.array([signals(meeting) for meeting in some])
    progressed = np.array([m.outcome.progressed for m in some], dtype=float)
    weights = logistic(seen[:1400], progressed[:1400])
    assert 0.72 < auc(progressed[1400:], seen[1400:] @ weights) < 0.88


def signals(meeting: Meeting) -> list[float]:
    said = meeting.said
    decides = any(person.title in DECIDERS for person in meeting.people)
    return [1.0, meeting.company.fit, decides, meeting.is_follow_up, said.need, said.urgency, said.no_rush,
            said.timeline == "near", said.timeline == "far", said.pricing, said.budget, said.no_budget,
            said.next_meeting, said.technical_depth, said.integration, said.sentiment]  # fmt: skip


def logistic(seen: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Weights of a lightly ridged logistic regression, by Newton's method."""
    weights = np.zeros(seen.shape[1])
    for _ in range(12):
        chance = 1 / (1 + np.exp(-seen @ weights))
        slope = seen.T @ (truth - chance) - weights
        curve = (seen * (chance * (1 - chance))[:, None]).T @ seen + np.eye(len(weights))
        weights = weights + np.linalg.solve(curve, slope)
    return weights


def auc(truth: np.ndarray, score: np.ndarray) -> float:
    """How often a call that progressed scores above one that did not."""
    return float(np.mean(score[truth == 1][:, None] > score[truth == 0][None, :]))
