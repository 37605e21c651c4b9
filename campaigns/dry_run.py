"""What other rules or thresholds would change, before anybody is touched by them: nothing is written."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.dimensions import Thresholds, card_of
from campaigns.facts import MemberFacts, facts_of
from campaigns.qualify import OUTCOME, Verdict, missed_of, verdict_on
from campaigns.rules import RuleBook
from campaigns.rules_in_bulk import decide_all, table_of
from database import cards, decisions, overrides
from database.member_facts import members_of
from database.overrides import Override

NOT_LOOKED_AT = "not looked at"
"""The outcome of a member that has no card."""


@dataclass(frozen=True, slots=True)
class Example:
    """A member of whom something else would be decided."""

    lead_id: str
    name: str | None
    company: str | None
    before: str
    after: str
    why_before: Mapping[str, Any] | None
    """As its last decision says; None where there was none."""
    why_after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What qualifying all members by these rules would change."""

    campaign_id: str
    members: int
    before: Mapping[str, int]
    """Members by outcome as they are now."""
    after: Mapping[str, int]
    moves: Mapping[tuple[str, str], int]
    """How many members would go from an outcome to another."""
    examples: tuple[Example, ...]
    """Of each move the first few members by id."""


def dry_run(campaign_id: str, book: RuleBook, thresholds: Thresholds, at: datetime, examples: int = 5) -> DryRun:
    """What would be decided about all members at a moment; `examples` is how many of each move are explained."""
    before, after = Counter[str](), Counter[str]()
    moves = Counter[tuple[str, str]]()
    shown: list[Example] = []
    for facts, forced in _batches(campaign_id, book, thresholds, at):
        now = cards.outcomes_of(campaign_id, [one.lead.id for one in facts])
        picked: list[tuple[MemberFacts, str]] = []
        for one, outcome in zip(facts, _outcomes(book, thresholds, facts, forced), strict=True):
            was = now.get(one.lead.id, NOT_LOOKED_AT)
            before[was] += 1
            after[outcome] += 1
            if was != outcome:
                moves[was, outcome] += 1
                if moves[was, outcome] <= examples:
                    picked.append((one, was))
        shown += _explained(campaign_id, book, thresholds, picked, forced)
    ordered = sorted(shown, key=lambda one: (one.before, one.after, one.lead_id))
    return DryRun(
        campaign_id, before.total(), dict(sorted(before.items())), dict(sorted(after.items())),
        dict(moves.most_common()), tuple(ordered),
    )  # fmt: skip


def _batches(
    campaign_id: str, book: RuleBook, thresholds: Thresholds, at: datetime
) -> Iterator[tuple[list[MemberFacts], Mapping[str, Override]]]:
    """Members with the points that rules or thresholds ask for, and what people decided about them."""
    asks_for_points = book.reads_points or bool(thresholds.asked)
    for some in members_of(campaign_id, at):
        facts = [facts_of(one, at) for one in some]
        if asks_for_points:
            facts = [one.with_points(card_of(one).groups) for one in facts]
        active = overrides.active(campaign_id, [one.lead.id for one in facts], at)
        yield facts, {lead_id: one for (lead_id, kind), one in active.items() if kind == "qualification"}


def _outcomes(
    book: RuleBook, thresholds: Thresholds, facts: Sequence[MemberFacts], forced: Mapping[str, Override]
) -> Iterator[str]:
    for one, then in zip(facts, decide_all(book, table_of(book, facts)).thens, strict=True):
        if one.lead.id in forced or (then == "qualify" and missed_of(thresholds, one)):
            yield verdict_on(book, thresholds, one, forced.get(one.lead.id)).outcome
        else:
            yield OUTCOME[then]


def _explained(
    campaign_id: str, book: RuleBook, thresholds: Thresholds, picked: Sequence[tuple[MemberFacts, str]],
    forced: Mapping[str, Override],
) -> Iterator[Example]:  # fmt: skip
    last = decisions.last_about(campaign_id, [one.lead.id for one, _ in picked]) if picked else {}
    for one, was in picked:
        verdict: Verdict = verdict_on(book, thresholds, one, forced.get(one.lead.id))
        before = last.get(one.lead.id)
        yield Example(
            one.lead.id, one.lead.name, one.company.name, was, verdict.outcome, before.because if before else None,
            verdict.because,
        )  # fmt: skip
