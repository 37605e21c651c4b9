"""Qualify a campaign's members: what is known of each becomes its card, and rules say what becomes of it.

The campaign's thresholds stand above the rules, and what a person decided stands above both. Members come by id, some
at a time, those alone of whom something changed; each time is one transaction, so a run that is killed goes on where it
was, and several at once write the same rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from campaigns.dimensions import Card, Thresholds, card_of
from campaigns.facts import MemberFacts, facts_of
from campaigns.rules import OTHERWISE, Decided, RuleBook, Seen, decide
from database import cards, decisions, overrides
from database.cards import KeptCard
from database.member_facts import members, stale_members
from database.overrides import Override

CODE_VERSION = 1
"""To be raised when dimensions or rules come to something else for the same facts: then all cards are made anew."""
OUTCOME = {"qualify": "qualified", "disqualify": "disqualified", "review": "review"}
OVERRIDE, THRESHOLDS = "override", "thresholds"


@dataclass(frozen=True, slots=True)
class Qualified:
    """What qualifying a campaign came to."""

    campaign_id: str
    looked_at: int
    """Members of whom something had changed."""
    decided: int
    """Of them, those of whom something else is decided than before."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Of those looked at."""

    def and_also(self, other: "Qualified") -> "Qualified":
        """Both together, of one campaign."""
        outcomes = Counter(self.outcomes) + Counter(other.outcomes)
        return Qualified(
            self.campaign_id, self.looked_at + other.looked_at, self.decided + other.decided,
            dict(sorted(outcomes.items())),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a member, and why."""

    outcome: str
    """qualified, disqualified or review."""
    rule: str | None
    because: dict[str, Any]
    """The rule with its reason, and `tried`: each rule up to it, with the values that decided."""
    decided_by: str
    """`rules:HASH`, or a person."""
    grounds: str
    """A hash of outcome, rule and the values that decided; those that only fade as days pass are left out."""


def qualify(
    campaign_id: str, book: RuleBook, thresholds: Thresholds, at: datetime, after: str = "", until: str | None = None
) -> Qualified:  # fmt: skip
    """Make the cards of all members of whom something changed, and decide about them.

    With `after` and `until` only of those whose ids are behind the one and no further than the other.
    """
    made_by = hash_of(book, thresholds)
    decided, outcomes = 0, Counter[str]()
    for lead_ids in _stale(campaign_id, made_by, at, after, until):
        facts = {one.lead_id: facts_of(one, at) for one in members(lead_ids, at)}
        forced = overrides.active(campaign_id, facts, at)
        kept = (
            _judged(campaign_id, book, thresholds, one, forced.get((lead_id, "qualification")), made_by)
            for lead_id, one in facts.items()
        )
        decided += len(cards.keep(_counted(kept, outcomes)))
    return Qualified(campaign_id, outcomes.total(), decided, dict(sorted(outcomes.items())))


def hash_of(book: RuleBook, thresholds: Thresholds) -> str:
    """By what cards are made: with another hash they are made anew."""
    said = f"{book.hash} {thresholds.model_dump_json()} {CODE_VERSION}"
    return blake2b(said.encode(), digest_size=6).hexdigest()


def verdict_on(book: RuleBook, thresholds: Thresholds, facts: MemberFacts, override: Override | None = None) -> Verdict:
    """What becomes of a member whose facts have the points of its card."""
    decided = decide(book, facts)
    verdict = _by_rules(book, decided)
    if decided.then == "qualify" and (missed := missed_of(thresholds, facts)):
        verdict = _by_thresholds(book, decided, missed, thresholds)
    return _by_person(override, verdict) if override else verdict


def missed_of(thresholds: Thresholds, facts: MemberFacts) -> dict[str, tuple[int | None, int]]:
    """By group (or `score`) the points and the least that is wanted, where there are fewer, or too little is known."""
    missed: dict[str, tuple[int | None, int]] = {}
    for name, wanted in thresholds.asked.items():
        points = facts.points.get(name) if name != "score" else facts.score.points if facts.score else None
        if points is None and thresholds.unknown == "pass":
            continue
        if points is None or points < wanted:
            missed[name] = (points, wanted)
    return missed


def _stale(campaign_id: str, made_by: str, at: datetime, after: str, until: str | None) -> Iterator[list[str]]:
    while lead_ids := stale_members(campaign_id, made_by, at, after, until=until):
        yield lead_ids
        after = lead_ids[-1]


def _counted(
    judged: Iterable[tuple[KeptCard, decisions.Decided]], outcomes: Counter[str]
) -> Iterator[tuple[KeptCard, decisions.Decided]]:
    """The same, counted by outcome as they go by: none is held for longer than it takes to make its row."""
    for card, decided in judged:
        outcomes[card.outcome] += 1
        yield card, decided


def _judged(
    campaign_id: str, book: RuleBook, thresholds: Thresholds, facts: MemberFacts, override: Override | None,
    made_by: str,
) -> tuple[KeptCard, decisions.Decided]:  # fmt: skip
    card = card_of(facts)
    verdict = verdict_on(book, thresholds, facts.with_points(card.groups), override)
    return _kept(campaign_id, facts, card, verdict, made_by), decisions.Decided(
        "qualification", campaign_id, facts.lead.id, facts.at, verdict.outcome, verdict.because, verdict.decided_by,
        verdict.grounds,
    )  # fmt: skip


def _kept(campaign_id: str, facts: MemberFacts, card: Card, verdict: Verdict, made_by: str) -> KeptCard:
    score = facts.score
    dimensions = {name: tuple(one) for name, one in card.dimensions.items()}
    return KeptCard(
        campaign_id, facts.lead.id, card.made_at, made_by, score.prediction_id if score else None,
        score.points if score else None, card.groups, dimensions, verdict.outcome, verdict.rule,
    )  # fmt: skip


def _by_rules(book: RuleBook, decided: Decided) -> Verdict:
    outcome = OUTCOME[decided.then]
    because = _because(decided.rule, decided.because, decided)
    rule = None if decided.rule == OTHERWISE else decided.rule
    grounds = _grounds(outcome, decided.rule, [_said(seen) for one in decided.deciding for seen in one.seen])
    return Verdict(outcome, rule, because, f"rules:{book.hash}", grounds)


def _by_thresholds(
    book: RuleBook, decided: Decided, missed: Mapping[str, tuple[int | None, int]], thresholds: Thresholds
) -> Verdict:
    is_known = any(points is not None for points, _ in missed.values())
    then = thresholds.below if is_known or thresholds.unknown == "pass" else thresholds.unknown
    told = [
        f"{name} is {points}, below {wanted}" if points is not None else f"too little is known for {name}"
        for name, (points, wanted) in missed.items()
    ]
    because = _because(THRESHOLDS, f"{'; '.join(told)}.", decided) | {"qualified_by": decided.rule}
    outcome = OUTCOME[then]
    grounds = _grounds(outcome, THRESHOLDS, [(name, points is None, low) for name, (points, low) in missed.items()])
    return Verdict(outcome, THRESHOLDS, because, f"rules:{book.hash}", grounds)


def _by_person(override: Override, verdict: Verdict) -> Verdict:
    until = override.until.isoformat(timespec="seconds") if override.until else None
    because = verdict.because | {
        "rule": OVERRIDE, "because": override.because, "override": override.override_id, "by": override.made_by,
        "until": until, "otherwise": verdict.outcome,
    }  # fmt: skip
    grounds = _grounds(override.outcome, OVERRIDE, [override.override_id])
    return Verdict(override.outcome, OVERRIDE, because, override.made_by, grounds)


def _because(rule: str, because: str, decided: Decided) -> dict[str, Any]:
    return {"rule": rule, "because": because, "tried": [one.as_json() for one in decided.tried]}


def _said(seen: Seen) -> tuple[str, Any, str]:
    return seen.fact.name, None if seen.fact.fades else seen.value, seen.told


def _grounds(outcome: str, rule: str, values: Sequence[Any]) -> str:
    return blake2b(repr((outcome, rule, values)).encode(), digest_size=12).hexdigest()
