"""Who answers a request, and what it is told: one immutable object, so that an answer is of one pair of models.

A challenger answers beside the champion, in the shadow, or itself for a stated share of leads: always the same leads,
by a hash of their id. Whoever of the two did not answer is logged beside the one who did.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any

from features.custom import PREFIX, custom_fields
from ringback.laps import Laps
from ringback.records import AnsweredBy, AskedBy, Prediction, Snapshot, Target, Value
from scoring.explain import reason_of
from scoring.judging import Champions
from scoring.lead import LeadRequest, Stored, as_number, features_of_lead, lead_id_of_request, number_or_none
from scoring.policy import Policy, tier, tier_meaning
from scoring.scorer import Answer, Subject, answer_rows, prediction_of

MOST_CONTRIBUTIONS = 8
"""Of the features that moved the score most; the rest is given as one sum."""
BUCKETS = 2**64


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer to a request: what is kept, and what it was made from."""

    prediction: Prediction
    row: Mapping[str, Value]
    answer: Answer
    missing: tuple[str, ...]
    """Features that the models learned from and that nobody said."""
    unused: tuple[str, ...]
    """Custom fields of the request that no model learned from."""


@dataclass(frozen=True)
class Service:
    """Who answers."""

    champions: Champions
    challengers: Champions
    rules: Policy
    challenger_share: float = 0.0
    pinned: frozenset[Target] = frozenset()
    """Targets whose version was chosen by hand; an answer is said to be of a pinned version where progression's is."""

    @cached_property
    def features(self) -> frozenset[str]:
        """The features that any of the champions learned from; none where the rules answer."""
        if self.champions.progression is None:
            return frozenset()
        pair = (self.champions.progression, self.champions.voice_ai)
        return frozenset(name for engine in pair if engine for name in engine.features)

    @cached_property
    def instead(self) -> Champions:
        """The pair with the challengers in it, where there are any."""
        return Champions(
            self.challengers.progression or self.champions.progression,
            self.challengers.voice_ai or self.champions.voice_ai,
        )

    @property
    def has_challenger(self) -> bool:
        return bool(self.challengers.progression or self.challengers.voice_ai)

    def gives_to_challenger(self, lead_id: str) -> bool:
        """Whether the challenger answers about a lead; always the same for the same lead, none where one is pinned."""
        if not self.has_challenger or self.champions.progression is None or self.pinned or self.challenger_share <= 0:
            return False
        bucket = int.from_bytes(blake2b(lead_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
        return bucket < self.challenger_share * BUCKETS

    def score(
        self,
        lead: LeadRequest,
        stored: Stored,
        at: datetime,
        source: AskedBy = "api",
        explain: bool = True,
        laps: Laps | None = None,
        identity: str | None = None,
    ) -> Scored:
        """Score a lead at a moment; an `identity` makes it the same answer however often it is asked.

        Raises Unreadable, naming the custom field, for words where the models learned a number.
        """
        row = self._with_numbers(features_of_lead(lead, stored, at), lead.__pydantic_extra__)
        explain = explain or bool(lead.call_id or identity)  # what may be asked again is kept with its reasons
        lead_id = lead_id_of_request(lead, stored)
        tries = self.gives_to_challenger(lead_id)
        who, other = (self.instead, self.champions) if tries else (self.champions, self.instead)
        (answer,) = answer_rows([row], who, self.rules, explain, laps)
        by: AnsweredBy = "challenger" if tries else "rules" if who.progression is None else "champion"
        if by == "champion" and "progression" in self.pinned:
            by = "pinned"
        subject = Subject(row, lead_id, lead.company_name, lead.call_id, identity)
        prediction = prediction_of(subject, answer, who.versions, self.rules, at, source, by)
        if self.has_challenger and self.champions.progression is not None:
            prediction = replace(prediction, challenger=_beside(row, who, other))
        missing = tuple(sorted(name for name in self.features if row.get(name) is None))
        extra = lead.__pydantic_extra__.items()
        unused = tuple(sorted(name for name, said in extra if not self._learned(name, said, at)))
        return Scored(prediction, row, answer, missing, unused)

    def _learned(self, name: str, said: Value, at: datetime) -> bool:
        """Whether a model learned from a custom field as it is said, a date of which becomes several features."""
        if said is None:
            return PREFIX + name in self.custom_names
        if not isinstance(said, str):
            return PREFIX + name in self.features
        alone = Snapshot("", "", "", judged_at=at, called_at=at, custom={name: said})
        return not self.features.isdisjoint(custom_fields(alone))

    @cached_property
    def custom_names(self) -> frozenset[str]:
        """What the models learned from of custom fields, and what stands before the parts of a date."""
        custom = [name for name in self.features if name.startswith(PREFIX)]
        return frozenset(custom) | {name.rsplit(" (", 1)[0] for name in custom}

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Custom fields that any of the champions learned as numbers."""
        pair = (self.champions.progression, self.champions.voice_ai)
        return frozenset(
            name for engine in pair if engine for name in engine.encoding.numbers if name.startswith(PREFIX)
        )

    def _with_numbers(self, row: dict[str, Value], said: Mapping[str, Any]) -> dict[str, Value]:
        """Words as numbers where models learned numbers; stored ones that are none count as not known."""
        for name in self.numbers:
            words, plain = row.get(name), name.removeprefix(PREFIX)
            if isinstance(words, str):
                row[name] = as_number(words, plain) if plain in said else number_or_none(words, plain)
        return row

    def told(self, scored: Scored, explain: bool = True) -> dict[str, Any]:
        """The reply, as JSON's values; without reasons where nobody wants them."""
        p, answer = scored.prediction, scored.answer
        progression = self._engine_of(p.progression_version)
        horizon_days = progression.horizon_days if progression else None
        letter = tier(p.progression_probability, self.rules)
        return {
            "prediction_id": p.prediction_id,
            "lead_id": p.lead_id,
            "company_name": p.company_name,
            "qualification_score": p.qualification_score,
            "voice_ai_fit": p.voice_ai_fit,
            "progression_probability": p.progression_probability,
            "recommendation": p.recommendation,
            "priority": p.priority,
            "confidence": p.confidence,
            "tier": letter,
            "tier_means": tier_meaning(letter, self.rules, horizon_days),
            "horizon_days": horizon_days,
            "reasons": p.reasons if explain else (),
            "points": answer.points,
            "base_points": answer.base_points if explain else None,
            "contributions": _strongest(answer, scored.row) if explain else [],
            "missing": scored.missing,
            "unused": scored.unused,
            "answered_by": p.answered_by,
            "models": {"progression": p.progression_version, "voice_ai": p.voice_ai_version},
            "predicted_at": p.predicted_at,
        }

    def _engine_of(self, version: str) -> Any:
        for one in (self.champions.progression, self.challengers.progression):
            if one and one.version == version:
                return one
        return None


def _strongest(answer: Answer, row: Mapping[str, Value]) -> list[dict[str, Any]]:
    """The contributions in points, the strongest first and the rest as one: with the base they add up to the points."""
    ordered = sorted(answer.contributions.items(), key=lambda one: -abs(one[1]))
    told: list[dict[str, Any]] = [
        {"feature": name, "value": row.get(name), "points": value, "reason": reason_of(name, row.get(name))}
        for name, value in ordered[:MOST_CONTRIBUTIONS]
    ]
    rest = ordered[MOST_CONTRIBUTIONS:]
    if rest:
        told.append({"feature": None, "value": None, "points": sum(v for _, v in rest), "reason": "all else together"})
    return told


def _beside(row: Mapping[str, Value], who: Champions, other: Champions) -> dict[str, dict[str, str | float]]:
    """What the other side says, of each target where it is another version."""
    pairs = ((who.progression, other.progression), (who.voice_ai, other.voice_ai))
    return {
        theirs.target: {"version": theirs.version, "probability": round(theirs.probability_of(row), 6)}
        for ours, theirs in pairs
        if theirs and theirs is not ours
    }
