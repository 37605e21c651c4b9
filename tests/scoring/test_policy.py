"""From probabilities to a score, a recommendation, a priority and a tier, at the thresholds of the policy."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringback.errors import WrongUsage
from ringback.settings import settings
from scoring.policy import (
    FILE,
    Policy,
    points,
    policy,
    policy_failure,
    priority,
    qualification_score,
    recommendation,
    tier,
)

RULES = Policy(
    voice_ai_weight=0.3, ae_handoff_at=60, nurture_at=30, high_voice_ai_at=70, high_at=70, medium_at=45, alert_at=80
)
SHARE = st.floats(0, 1)


@pytest.mark.parametrize(
    ("score", "advice"),
    [
        (100, "AE_HANDOFF"), (60, "AE_HANDOFF"), (59, "NURTURE_TRACK"), (30, "NURTURE_TRACK"), (29, "SELF_SERVICE"),
        (0, "SELF_SERVICE"),
    ],
)  # fmt: skip
def test_a_score_recommends_what_the_thresholds_say(score: int, advice: str) -> None:
    assert recommendation(score, RULES) == advice


@pytest.mark.parametrize(
    ("score", "fit", "level"),
    [
        (45, 70, "HIGH_VOICE_AI"), (44, 100, "LOW"), (45, 69, "MEDIUM"), (70, None, "HIGH"), (70, 0, "HIGH"),
        (90, 70, "HIGH_VOICE_AI"), (69, None, "MEDIUM"), (44, None, "LOW"),
    ],
)  # fmt: skip
def test_a_good_fit_for_voice_ai_comes_first(score: int, fit: int | None, level: str) -> None:
    assert priority(score, fit, RULES) == level


@pytest.mark.parametrize(
    ("probability", "letter"),
    [(1.0, "A"), (0.6, "A"), (0.5999, "B"), (0.4, "B"), (0.3999, "C"), (0.2, "C"), (0.1999, "D"), (0.0, "D")],
)
def test_a_tier_begins_at_a_fixed_probability(probability: float, letter: str) -> None:
    assert tier(probability, RULES) == letter


@given(SHARE, st.none() | SHARE)
def test_a_score_is_its_points_rounded(progression: float, voice_ai: float | None) -> None:
    assert qualification_score(progression, voice_ai, RULES) == round(points(progression, voice_ai, RULES))


@given(SHARE, SHARE)
def test_a_score_lies_between_its_parts(progression: float, voice_ai: float) -> None:
    score = qualification_score(progression, voice_ai, RULES)
    assert round(100 * min(progression, voice_ai)) - 1 <= score <= round(100 * max(progression, voice_ai)) + 1


@given(SHARE, SHARE, st.none() | SHARE)
def test_a_likelier_progression_never_scores_lower(one: float, other: float, voice_ai: float | None) -> None:
    low, high = (qualification_score(p, voice_ai, RULES) for p in sorted((one, other)))
    assert low <= high


def test_the_policy_in_force_can_be_read() -> None:
    assert policy().alert_at >= policy().ae_handoff_at


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("nurture_at = 25", "nurture_at = 99", "nurture_at must not be above ae_handoff_at"),
        ("medium_at = 40", "medium_at = 99", "medium_at must not be above high_at"),
        ("alert_at = 80", "alert_at = 180", "alert_at"),
        ("alert_at = 80", "alarm_at = 80", "alarm_at"),
        ("alert_at = 80", "alert_at = ", "policy.toml"),
        ("b = 0.40", "b = 0.70", "tier a must begin above b"),
        ("nurture_yield = 0.15", "nurture_yield = 1.5", "costs.nurture_yield"),
    ],
)
def test_a_wrong_policy_names_the_key(right: str, wrong: str, says: str, tmp_path: Path) -> None:
    assert right in FILE.read_text()
    path = tmp_path / "policy.toml"
    path.write_text(FILE.read_text().replace(right, wrong))
    with pytest.raises(WrongUsage, match=says):
        policy(path)


def test_a_policy_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(FILE.read_text())
    assert policy(path) == policy(FILE)
    path.write_text(FILE.read_text().replace("alert_at = 80", "alert_at = 90"))
    os.utime(path, ns=(1, 1))
    assert policy(path).alert_at == 90


def test_a_policy_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"none\.toml cannot be read"):
        policy(tmp_path / "none.toml")


def test_a_fingerprint_changes_with_what_decides_a_score_and_not_with_costs() -> None:
    known = RULES.model_dump()
    same = Policy.model_validate(known | {"costs": {"ae_hour_usd": 1}})
    others = [known | {"nurture_at": 31}, known | {"tiers": {"a": 0.61}}, known | {"voice_ai_weight": 0.31}]
    assert same.fingerprint == RULES.fingerprint
    assert len({RULES.fingerprint, *(Policy.model_validate(other).fingerprint for other in others)}) == 4


def test_a_process_keeps_the_policy_it_has_where_its_file_is_broken_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(FILE.read_text())
    monkeypatch.setenv("RINGBACK_POLICY", str(file))
    settings.cache_clear()
    before = policy()
    file.write_text("voice_ai_weight = 7")
    assert (policy(), "voice_ai_weight" in (policy_failure() or "")) == (before, True)
    file.write_text(FILE.read_text())
    assert (policy(), policy_failure()) == (before, None)
    settings.cache_clear()
