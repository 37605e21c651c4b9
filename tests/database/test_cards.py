"""Cards are kept with their decisions, the later over the earlier, and come in pages."""

from typing import Any

import pytest

from database.cards import KeptCard, card_of_member, cards_in, keep, outcomes_in, outcomes_of
from database.decisions import Decided, decisions_in
from tests.factories import HOUR, NOON

pytestmark = pytest.mark.usefixtures("home")


def a_card(lead_id: str = "ana", score: int | None = None, outcome: str = "qualified", hours: int = 0) -> KeptCard:
    dimensions: dict[str, Any] = {"revenue": [70, 1e6, "US$ 1.0 million"], "size": [100, "naïve", "\N{PILE OF POO}"]}
    return KeptCard(
        "spring",
        lead_id,
        NOON + hours * HOUR,
        "1",
        None,
        score,
        {"need": 60, "timing": None},
        dimensions,
        outcome,
        "big",
    )


def kept(*some: KeptCard) -> int:
    """How many new decisions came with these cards."""
    return len(keep(
        (one, Decided("qualification", one.campaign_id, one.lead_id, one.made_at, one.outcome, {}, "rules:1"))
        for one in some
    ))  # fmt: skip


def test_a_card_is_read_as_it_was_kept() -> None:
    kept(a_card())
    assert card_of_member("spring", "ana") == a_card()
    assert card_of_member("spring", "ben") is None


def test_a_later_card_replaces_an_earlier_and_is_not_replaced_by_it() -> None:
    new = [
        kept(a_card(outcome=outcome, hours=hours))
        for outcome, hours in (("review", 1), ("qualified", 2), ("disqualified", 1))
    ]
    assert new == [1, 1, 0]
    assert card_of_member("spring", "ana") == a_card(hours=2)
    assert [one.outcome for one in decisions_in("spring")] == ["qualified", "review"]


def test_cards_come_by_score_or_by_lead_in_pages() -> None:
    kept(a_card("a", 10), a_card("b", None), a_card("c", 90), a_card("d", 10, "review"), a_card("e", 10))
    first = cards_in("spring", 2, "qualified")
    assert [one.lead_id for one in (*first, *cards_in("spring", 9, "qualified", after=first[-1]))] == [
        "c",
        "a",
        "e",
        "b",
    ]
    first = cards_in("spring", 3, order="lead")
    assert [one.lead_id for one in (*first, *cards_in("spring", 9, order="lead", after=first[-1]))] == list("abcde")


def test_outcomes_are_counted_and_looked_up() -> None:
    kept(a_card("a"), a_card("b", outcome="review"), a_card("c"))
    assert outcomes_in("spring") == {"qualified": 2, "review": 1}
    assert outcomes_of("spring", ["a", "b", "z"]) == {"a": "qualified", "b": "review"}
