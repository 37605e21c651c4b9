"""Why a lead's score changed from one answer to another, in points that add up: features, corrections and the model.

Let S(f, m) be the points that the models m (a pair of versions, and the policy's weight of that time) give to the
features f. Between two answers A and B the model's part is the mean of S(f, mB) - S(f, mA) over both answers' features,
and that of all features the mean of S(fB, m) - S(fA, m) over both answers' models: the Shapley values of the two
(Shapley 1953, "A value for n-person games"). Features that were corrected and those that are new share theirs in the
same way, as two players within one (Owen 1977, "Values of games with a priori unions"). So the parts add up to the
change, and what did not change gets nothing.

By feature: with fixed models points are a base plus contributions (scoring/judging.py), so that the part of a feature
is the mean over both models of how much its contribution moved. A contribution also moves where the feature stayed the
same and others changed beside it; those are told as one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

from database.history import KeptAnswer
from database.prediction_log import REQUEST
from ringback.errors import NoModel, UnknownModel
from ringback.records import Prediction, Target, Value
from scoring.engine import Engine
from scoring.explain import reason_of
from scoring.fallback import VERSION
from scoring.judging import NO_MODEL, Champions
from scoring.policy import Policy
from scoring.scorer import Answer, answer_rows
from scoring.service import MOST_CONTRIBUTIONS

OF_THE_TIME = frozenset({"recent_progression", "long_progression"})
"""Features that move with the calendar: another value is news, not a correction of what was recorded of a call."""
KNOWS_COMPANY = "knows_company"
REPRODUCED_WITHIN = 1e-6
"""Points; an answer that comes out further from what was kept was given by other code."""
LONGEST_TEXT = 200
"""Characters of a text that are told of it."""
UNCHANGED_WORDS = "what stayed the same, beside what changed"
REST_WORDS = "all else together"
RULES_WORDS = "fixed rules gave an answer: they have no contributions by feature"

Load = Callable[[Target, str], Engine]
"""Gives the engine of a version; raises NoModel or UnknownModel where it cannot be loaded any more."""
Kind = Literal["correction", "learned", "changed", "unchanged", "rest"]
"""Of the same call another value than was recorded, or one where none was; of another call or request; the same; all
further ones."""


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """What one feature did to the change; `feature` is None for several together."""

    feature: str | None
    kind: Kind
    before: Value
    after: Value
    points: float
    reason_before: str
    reason: str


class Told(Protocol):
    """What is said of a feature's part in a change."""

    @property
    def feature(self) -> str | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def before(self) -> Value: ...
    @property
    def reason_before(self) -> str: ...
    @property
    def reason(self) -> str: ...


def sentence(one: Told) -> str:
    """What a feature is now and, where that is something else, what it was."""
    if one.feature is None or one.reason == one.reason_before:
        return one.reason
    if one.before is None:
        return f"{one.reason} (not known before)"
    return f"{one.reason} ({'corrected, was' if one.kind == 'correction' else 'was'}: {one.reason_before})"


@dataclass(frozen=True, slots=True)
class Parts:
    """The change in points, split: the four add up to it."""

    features: float
    """Of what is new: another call or request, or what was not known before."""
    model: float
    """Of other versions, or another weight of Voice-AI fit."""
    correction: float
    """Of what was restated of the same call."""
    code: float
    """Of code that answers otherwise than then; 0 where both answers come out as they were kept."""
    reproduced: bool
    by_feature: tuple[FeatureChange, ...] | None
    """The strongest first, adding up to `features` and `correction` together; None where rules gave an answer."""


@dataclass(frozen=True, slots=True)
class Change:
    """How an answer differs from an earlier one, and why."""

    since: str
    """The earlier answer's `prediction_id`."""
    score: int
    points: float | None
    """Before rounding; None where they were not kept."""
    models_changed: tuple[str, ...]
    parts: Parts | None
    because: str | None
    """Why it is not split or not split further, where it is not."""


def history(
    answers: Sequence[KeptAnswer], at_most: int, load: Load, rules: Policy
) -> list[tuple[KeptAnswer, Change | None]]:
    """At most so many answers about one lead, the newest first as given, each with its change since the one before."""
    befores = [*answers[1:], None]
    return [
        (after, change_between(before, after, load, rules) if before else None)
        for after, before in zip(answers[:at_most], befores, strict=False)
    ]


def change_between(before: KeptAnswer, after: KeptAnswer, load: Load, rules: Policy) -> Change:
    """Why the later of two answers about a lead differs from the earlier; never more than can be worked out again."""
    a, b = before.prediction, after.prediction
    told = Change(
        since=a.prediction_id,
        score=b.qualification_score - a.qualification_score,
        points=None if a.points is None or b.points is None else b.points - a.points,
        models_changed=_models_changed(a, b),
        parts=None,
        because=None,
    )
    try:
        old, new = _asked_again(before, load, rules), _asked_again(after, load, rules)
    except (NoModel, UnknownModel) as failure:
        return replace(told, because=str(failure))
    if old is None or new is None:
        return replace(told, because="an answer is older than the keeping of features and unrounded points")
    parts = _parts(old, new)
    return replace(told, parts=parts, because=RULES_WORDS if parts.by_feature is None else None)


def plain(answer: KeptAnswer, change: Change | None) -> dict[str, Any]:
    """An answer with its change as JSON's values (moments stay moments); long texts are shortened."""
    p = answer.prediction
    return {
        "prediction_id": p.prediction_id,
        "predicted_at": p.predicted_at,
        "call_id": None if p.call_id.startswith(REQUEST) else p.call_id,
        "source": p.source,
        "answered_by": p.answered_by,
        "models": {"progression": p.progression_version, "voice_ai": p.voice_ai_version},
        "qualification_score": p.qualification_score,
        "points": p.points,
        "reasons": list(p.reasons),
        "change": _plain_change(change) if change else None,
    }


def _plain_change(change: Change) -> dict[str, Any]:
    told = asdict(change)
    for one in (told["parts"] or {}).get("by_feature") or ():
        one |= {"before": _short(one["before"]), "after": _short(one["after"])}
    return told


def _short(value: Value) -> Value:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    return value


@dataclass(frozen=True, slots=True)
class _Asked:
    """An answer that can be worked out again: what was asked, of whom, and what was said."""

    call_id: str
    row: Mapping[str, Value]
    champions: Champions
    rules: Policy
    """With the weight of then."""
    points: float

    def answers(self, rows: Sequence[Mapping[str, Value]]) -> list[Answer]:
        """What those who answered say of any rows."""
        return list(answer_rows(rows, self.champions, self.rules))

    def asked_the_same_as(self, other: "_Asked") -> bool:
        """Whether the models and the policy's weight are the same."""
        return (self.champions.versions, self.rules) == (other.champions.versions, other.rules)


def _asked_again(answer: KeptAnswer, load: Load, rules: Policy) -> _Asked | None:
    """An answer with who gave it; None where too little of it was kept. Raises NoModel and UnknownModel."""
    p = answer.prediction
    if answer.row is None or p.points is None or p.voice_ai_weight is None:
        return None
    then = rules.model_copy(update={"voice_ai_weight": p.voice_ai_weight})
    if p.progression_version in (VERSION, NO_MODEL):
        return _Asked(p.call_id, answer.row, Champions(None, None), then, p.points)
    fit = None if p.voice_ai_version == NO_MODEL else load("voice_ai", p.voice_ai_version)
    return _Asked(p.call_id, answer.row, Champions(load("progression", p.progression_version), fit), then, p.points)


def _parts(old: _Asked, new: _Asked) -> Parts:
    """The split of a change."""
    was, now, kinds = old.row, new.row, _kinds(old, new)
    corrected = {name: now.get(name) for name, kind in kinds.items() if kind == "correction"}
    news = {name: now.get(name) for name, kind in kinds.items() if kind != "correction"}
    rows = [was, now]
    if corrected and news:
        rows += [{**was, **corrected}, {**was, **news}]
    by_old = old.answers(rows)
    by_new = by_old if new.asked_the_same_as(old) else new.answers(rows)
    features, correction = 0.0, 0.0
    for told in (by_old, by_new):
        start, end, *between = (one.points for one in told)
        with_corrected, with_news = between or ((end, start) if corrected else (start, end))
        correction += ((with_corrected - start) + (end - with_news)) / 4
        features += ((with_news - start) + (end - with_corrected)) / 4
    old_gap, new_gap = old.points - by_old[0].points, new.points - by_new[1].points
    by_feature = None
    if old.champions.progression and new.champions.progression:
        by_feature = _by_feature(was, now, kinds, [(by_old[0], by_old[1]), (by_new[0], by_new[1])])
    return Parts(
        features=features,
        model=((by_new[0].points - by_old[0].points) + (by_new[1].points - by_old[1].points)) / 2,
        correction=correction,
        code=new_gap - old_gap,
        reproduced=max(abs(old_gap), abs(new_gap)) <= REPRODUCED_WITHIN,
        by_feature=by_feature,
    )


def _kinds(old: _Asked, new: _Asked) -> dict[str, Kind]:
    """The features that have another value now, and what that is."""
    was, now = old.row, new.row
    is_same_call = old.call_id == new.call_id and not old.call_id.startswith(REQUEST)
    names = [name for name in dict.fromkeys((*was, *now)) if was.get(name) != now.get(name)]
    return {name: _kind(name, was.get(name), now.get(name)) if is_same_call else "changed" for name in names}


def _kind(name: str, was: Value, now: Value) -> Kind:
    """What another value of a feature of the same call is; one that was taken back is a correction too."""
    if name in OF_THE_TIME:
        return "changed"
    if was is None or (name == KNOWS_COMPANY and now):
        return "learned"
    return "correction"


def _by_feature(
    was: Mapping[str, Value],
    now: Mapping[str, Value],
    kinds: Mapping[str, Kind],
    both: Sequence[tuple[Answer, Answer]],
) -> tuple[FeatureChange, ...]:
    """The strongest changes; `both` are the answers to the earlier and the later features by each pair of models."""
    moved: dict[str, float] = {}
    for start, end in both:
        for name in dict.fromkeys((*start.contributions, *end.contributions)):
            step = end.contributions.get(name, 0.0) - start.contributions.get(name, 0.0)
            moved[name] = moved.get(name, 0.0) + step / 2
    changed = sorted((name for name in moved if name in kinds), key=lambda name: -abs(moved[name]))
    beside = sum(points for name, points in moved.items() if name not in kinds)
    told = [
        FeatureChange(
            name, kinds[name], was.get(name), now.get(name), moved[name],
            reason_of(name, was.get(name)), reason_of(name, now.get(name)),
        )
        for name in changed[:MOST_CONTRIBUTIONS]
    ]  # fmt: skip
    if beside:
        told.append(_together("unchanged", beside, UNCHANGED_WORDS))
    told.sort(key=lambda one: -abs(one.points))
    if rest := changed[MOST_CONTRIBUTIONS:]:
        told.append(_together("rest", sum(moved[name] for name in rest), REST_WORDS))
    return tuple(told)


def _together(kind: Kind, points: float, words: str) -> FeatureChange:
    return FeatureChange(None, kind, None, None, points, words, words)


def _models_changed(a: Prediction, b: Prediction) -> tuple[str, ...]:
    """What of the models and the policy's weight is another."""
    versions: tuple[tuple[Target, str, str], ...] = (
        ("progression", a.progression_version, b.progression_version),
        ("voice_ai", a.voice_ai_version, b.voice_ai_version),
    )
    words = [f"{target} {was} \N{RIGHTWARDS ARROW} {now}" for target, was, now in versions if was != now]
    counts = any(one.voice_ai_version != NO_MODEL for one in (a, b))
    old, new = a.voice_ai_weight, b.voice_ai_weight
    if counts and old is not None and new is not None and old != new:
        words.append(f"weight of Voice-AI fit {old:g} \N{RIGHTWARDS ARROW} {new:g}")
    return tuple(words)
