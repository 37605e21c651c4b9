"""A change of score is split into what is new, what was corrected, and the model; the parts add up to it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from database.history import KeptAnswer
from features import build
from ringback.errors import UnknownModel
from ringback.records import Target, Value
from scoring.engine import Engine
from scoring.history import (
    LONGEST_TEXT,
    REST_WORDS,
    RULES_WORDS,
    UNCHANGED_WORDS,
    Change,
    Parts,
    change_between,
    history,
    plain,
)
from scoring.judging import Champions
from scoring.policy import Policy, policy
from scoring.scorer import answer_rows
from tests.factories import HOUR, NOON, a_prediction
from tests.scoring.engines import an_engine
from tests.training.synthetic import snapshots

Row = Mapping[str, Value]
QUIET: Row = {"sentiment": -0.4, "pricing_asked": 0.0, "employees": 4.0}
WARM: Row = {"sentiment": 0.6, "pricing_asked": 0.7, "employees": 4.0}


@cache
def engines() -> dict[tuple[Target, str], Engine]:
    """Version 1 of both targets, and a version 2 of progression that is half as sure of everything."""
    one = an_engine("progression", "1")
    half = replace(one.arrays, weights=0.5 * one.arrays.weights, intercept=one.arrays.intercept + 0.3)
    return {
        ("progression", "1"): one,
        ("progression", "2"): replace(one, version="2", arrays=half),
        ("voice_ai", "1"): replace(one, target="voice_ai", arrays=half),
    }


def load(target: Target, version: str) -> Engine:
    try:
        return engines()[target, version]
    except KeyError:
        raise UnknownModel(f"there is no version {version} of {target}") from None


def weighing(voice_ai_weight: float) -> Policy:
    return policy().model_copy(update={"voice_ai_weight": voice_ai_weight})


def an_answer(row: Row, versions: tuple[str, str] = ("1", "1"), weight: float = 0.3, **known: Any) -> KeptAnswer:
    """What was said of a row of features about the call `fellow:one`, in full."""
    who = Champions(None, None)
    if versions[0] != "rules":
        fit = None if versions[1] == "none" else load("voice_ai", versions[1])
        who = Champions(load("progression", versions[0]), fit)
    (answer,) = answer_rows([row], who, weighing(weight), explain=False)
    facts: dict[str, Any] = {
        "progression_version": versions[0], "voice_ai_version": versions[1], "points": answer.points,
        "voice_ai_weight": weight, "qualification_score": round(answer.points),
    }  # fmt: skip
    return KeptAnswer(a_prediction(**(facts | known)), row)


def change(before: KeptAnswer, after: KeptAnswer) -> Change:
    return change_between(before, after, load, policy())


def parts(before: KeptAnswer, after: KeptAnswer) -> Parts:
    told = change(before, after).parts
    assert told is not None
    return told


def rounded(told: Parts) -> tuple[float, float, float, float]:
    return round(told.features, 9), round(told.model, 9), round(told.correction, 9), round(told.code, 9)


def step(before: KeptAnswer, after: KeptAnswer) -> float:
    """The change in unrounded points."""
    return round((after.prediction.points or 0) - (before.prediction.points or 0), 9)


SIDES = [(("1", "1"), 0.3), (("2", "1"), 0.3), (("1", "none"), 0.3), (("2", "1"), 0.6), (("rules", "rules"), 0.3)]


def test_the_parts_add_up_to_the_change_whatever_changed() -> None:
    rows = [build(snapshot) for snapshot in snapshots()[:12]]
    for n, (row, other) in enumerate(pairwise(rows)):
        (versions, weight), (later, later_weight) = SIDES[n % 5], SIDES[n * 2 % 5]
        mixed = dict(other) | {name: row[name] for name in list(row)[::3]}
        a, b = an_answer(row, versions, weight), an_answer(mixed, later, later_weight)
        told = parts(a, b)
        whole = told.features + told.model + told.correction + told.code
        assert whole == pytest.approx(step(a, b), abs=1e-9)
        assert told.reproduced
        if "rules" not in (versions[0], later[0]):
            assert told.by_feature is not None
            by_feature = sum(one.points for one in told.by_feature)
            assert by_feature == pytest.approx(told.features + told.correction, abs=1e-9)


def test_the_same_answer_again_changes_nothing() -> None:
    told = change(an_answer(WARM), an_answer(WARM, at=NOON + HOUR))
    assert (told.score, told.points, told.models_changed, told.because) == (0, 0.0, (), None)
    assert told.parts == Parts(0.0, 0.0, 0.0, 0.0, True, ())


@pytest.mark.parametrize(
    ("later", "weight", "words"),
    [
        (("2", "1"), 0.3, "progression 1 → 2"),
        (("1", "1"), 0.6, "weight of Voice-AI fit 0.3 → 0.6"),
        (("rules", "rules"), 0.3, "progression 1 → rules, voice_ai 1 → rules"),
    ],
    ids=["another version", "another weight", "rules"],
)
def test_of_equal_features_all_of_the_change_is_the_model_s(later: tuple[str, str], weight: float, words: str) -> None:
    row: Row = {"sentiment": 0.6, "mentions_voice_ai": 1.0}
    a, b = an_answer(row), an_answer(row, later, weight, call_id="fellow:two")
    assert step(a, b) != 0
    assert rounded(parts(a, b)) == (0.0, step(a, b), 0.0, 0.0)
    assert ", ".join(change(a, b).models_changed) == words


def test_another_weight_of_what_no_model_answers_changes_nothing() -> None:
    told = change(an_answer(WARM, ("1", "none"), 0.3), an_answer(WARM, ("1", "none"), 0.6))
    assert (told.points, told.models_changed) == (0.0, ())


def test_what_was_restated_of_the_same_call_is_a_correction_and_all_of_it() -> None:
    a, b = an_answer(QUIET), an_answer(dict(QUIET) | {"sentiment": 0.6})
    told = parts(a, b)
    assert rounded(told) == (0.0, 0.0, step(a, b), 0.0)
    assert step(a, b) > 5
    assert told.by_feature is not None
    first, *others = told.by_feature
    assert (first.feature, first.kind, first.before, first.after) == ("sentiment", "correction", -0.4, 0.6)
    assert first.reason_before == "Tone of the call -0.40 (-1 hostile, +1 delighted)"
    assert [(one.feature, one.kind, one.reason) for one in others] == [(None, "unchanged", UNCHANGED_WORDS)]


def test_what_was_not_known_of_the_same_call_before_is_learned_and_what_was_taken_back_is_a_correction() -> None:
    less, more = {"pricing_asked": 0.7, "employees": 4.0}, WARM
    a, b = an_answer(less), an_answer(more)
    assert rounded(parts(a, b)) == (step(a, b), 0.0, 0.0, 0.0)
    assert kinds(parts(a, b))["sentiment"] == "learned"
    assert rounded(parts(b, a)) == (0.0, 0.0, step(b, a), 0.0)


def test_the_same_difference_between_two_calls_or_requests_is_new_and_corrects_nothing() -> None:
    a = an_answer(QUIET)
    for ids in (("fellow:one", "fellow:two"), ("request:one", "request:one")):
        before, after = an_answer(QUIET, call_id=ids[0]), an_answer(WARM, call_id=ids[1])
        assert rounded(parts(before, after)) == (step(before, after), 0.0, 0.0, 0.0)
        assert kinds(parts(before, after)) == {"sentiment": "changed", "pricing_asked": "changed"}
    assert kinds(parts(a, an_answer(WARM))) == {"sentiment": "correction", "pricing_asked": "correction"}


def test_how_calls_end_lately_is_news_and_that_a_company_is_known_now_is_learned() -> None:
    before = dict(QUIET) | {"recent_progression": -1.0, "knows_company": 0.0}
    after = dict(QUIET) | {"recent_progression": -0.5, "knows_company": 1.0}
    a, b = an_answer(before, ("rules", "rules")), an_answer(after, ("rules", "rules"))
    assert rounded(parts(a, b)) == (step(a, b), 0.0, 0.0, 0.0)
    assert kinds(parts(an_answer(before), an_answer(after))) == {"knows_company": "learned"}
    assert kinds(parts(an_answer(after), an_answer(before))) == {"knows_company": "correction"}


def test_a_correction_and_something_new_share_what_they_do_together() -> None:
    """By hand, of the rules: 100 x the mean over both orders of what tone and rate each add."""
    before: Row = {"sentiment": 0.0, "recent_progression": -1.0}
    after: Row = {"sentiment": 1.0, "recent_progression": 1.0}

    def by_rules(row: Row) -> KeptAnswer:
        return an_answer(row, ("rules", "rules"), weight=0.0)

    neither, tone, rate, both = (
        by_rules(row).prediction.points or 0.0
        for row in (before, {**before, "sentiment": 1.0}, {**before, "recent_progression": 1.0}, after)
    )
    told = parts(by_rules(before), by_rules(after))
    assert told.correction == pytest.approx(((tone - neither) + (both - rate)) / 2, abs=1e-8)
    assert told.features == pytest.approx(((rate - neither) + (both - tone)) / 2, abs=1e-8)


def test_where_rules_gave_an_answer_the_parts_are_told_without_features() -> None:
    a, b = an_answer(QUIET, ("rules", "rules")), an_answer(WARM, call_id="fellow:two")
    told = change(a, b)
    assert told.parts is not None
    assert (told.parts.by_feature, told.because) == (None, RULES_WORDS)
    assert told.parts.features > 5
    assert round(told.parts.features + told.parts.model, 9) == step(a, b)


def test_a_version_that_is_gone_is_said_and_nothing_is_made_up() -> None:
    gone = an_answer(QUIET)
    gone = replace(gone, prediction=replace(gone.prediction, progression_version="9", points=20.0))
    told = change(gone, replace(an_answer(WARM), prediction=replace(an_answer(WARM).prediction, points=50.0)))
    assert (told.parts, told.points, told.because) == (None, 30.0, "there is no version 9 of progression")


def test_an_answer_from_before_features_were_kept_is_not_explained() -> None:
    old = KeptAnswer(a_prediction(probability=0.3), None)
    told = change(old, an_answer(WARM, qualification_score=71))
    assert (told.score, told.points, told.parts) == (41, None, None)
    assert told.because is not None
    assert "older" in told.because


def test_what_other_code_answers_otherwise_is_a_part_of_its_own() -> None:
    a, b = an_answer(QUIET), an_answer(WARM, call_id="fellow:two")
    kept = replace(b, prediction=replace(b.prediction, points=(b.prediction.points or 0) + 3))
    told = parts(a, kept)
    assert rounded(told) == (step(a, b), 0.0, 0.0, 3.0)
    assert not told.reproduced
    assert rounded(parts(kept, a)) == (-step(a, b), 0.0, 0.0, -3.0)
    assert not parts(kept, a).reproduced


def test_the_strongest_features_come_first_and_the_rest_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = an_answer(dict(QUIET) | {"notes_length": 4.0}), an_answer(WARM, call_id="fellow:two")
    every = parts(a, b).by_feature or ()
    monkeypatch.setattr("scoring.history.MOST_CONTRIBUTIONS", 1)
    *shown, rest = parts(a, b).by_feature or ()
    changed = [one for one in every if one.kind == "changed"]
    assert [abs(one.points) for one in every] == sorted((abs(one.points) for one in every), reverse=True)
    assert [one.feature for one in shown if one.feature] == ["sentiment"] == [changed[0].feature]
    assert (rest.kind, rest.reason) == ("rest", REST_WORDS)
    assert rest.points == pytest.approx(changed[1].points + changed[2].points)


def test_a_history_tells_of_each_answer_what_changed_since_the_one_before() -> None:
    answers = [an_answer(row, at=NOON + n * HOUR) for n, row in enumerate((QUIET, WARM, WARM))][::-1]
    whole = history(answers, 5, load, policy())
    assert [told.since if told else None for _, told in whole] == [
        answers[1].prediction.prediction_id, answers[2].prediction.prediction_id, None,
    ]  # fmt: skip
    assert [told.points for _, told in whole if told] == [0.0, pytest.approx(step(answers[2], answers[1]))]
    assert history(answers, 2, load, policy()) == whole[:2]
    assert history([], 2, load, policy()) == []


def test_long_texts_are_shortened_where_they_are_told() -> None:
    a, b = an_answer({"notes_text": "no" * LONGEST_TEXT}), an_answer({"notes_text": "They asked about pricing."})
    (one,) = plain(b, change(a, b))["change"]["parts"]["by_feature"]
    assert (one["before"], one["after"]) == ("no" * (LONGEST_TEXT // 2) + "…", "They asked about pricing.")
    assert plain(a, None)["change"] is None


def test_an_answer_to_a_request_without_a_call_has_no_call() -> None:
    told = [plain(an_answer(WARM, call_id=call_id), None)["call_id"] for call_id in ("request:one", "fellow:one")]
    assert told == [None, "fellow:one"]


def kinds(told: Parts) -> dict[str, str]:
    return {one.feature: one.kind for one in told.by_feature or () if one.feature}
