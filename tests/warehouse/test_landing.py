"""Records land once, however often they are brought; what changed stands beside what was."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ringback.records import Rejected
from tests.factories import DAY, NOON, a_call, a_lead, a_payload, a_prediction, an_outcome, company_facts
from warehouse import landing
from warehouse.connect import Rows, reading, rows, writing
from warehouse.landing import Landed

pytestmark = pytest.mark.usefixtures("home")

Land = Callable[..., Landed]

UNREADABLE = Rejected("fellow", "recording", "one", "first", NOON, "started_at", "Field required", "{}")


def land(how: Land, *records: object) -> Landed:
    with writing() as warehouse:
        return how(warehouse, records)


def stored(sql: str, **parameters: Any) -> Rows:
    with reading() as warehouse:
        return rows(warehouse, sql, parameters)


@pytest.mark.parametrize(
    ("how", "two"),
    [
        (landing.land_payloads, [a_payload("one"), a_payload("two")]),
        (landing.land_calls, [a_call("one"), a_call("two")]),
        (landing.land_company_facts, [company_facts("acme.com"), company_facts("globex.com")]),
        (landing.land_lead_facts, [a_lead("one@acme.com"), a_lead("two@acme.com")]),
        (landing.land_outcomes, [an_outcome("one"), an_outcome("two", happened=False)]),
        (landing.land_rejected, [UNREADABLE, replace(UNREADABLE, external_id="two")]),
        (landing.land_predictions, [a_prediction("one"), a_prediction("two")]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_the_same_again_changes_nothing(how: Land, two: Iterable[object]) -> None:
    assert land(how, *two) == Landed(new=2, same=0)
    assert land(how, *two) == Landed(new=0, same=2)


def test_a_record_twice_in_one_load_lands_once() -> None:
    assert land(landing.land_calls, a_call(), a_call()) == Landed(new=1, same=1)


def test_nothing_lands_as_nothing() -> None:
    assert land(landing.land_calls) == Landed(0, 0)


def call_as_of(moment: datetime) -> Rows:
    return stored("SELECT notes, first_known_at FROM calls_as_of($moment)", moment=moment)


def test_an_edited_call_becomes_a_second_version() -> None:
    land(landing.land_calls, a_call(notes="Draft"))
    land(landing.land_calls, a_call(notes="Final", content_hash="second", known_at=NOON + DAY))
    assert call_as_of(NOON) == [{"notes": "Draft", "first_known_at": NOON}]
    assert call_as_of(NOON + DAY) == [{"notes": "Final", "first_known_at": NOON}]


def test_a_call_edited_back_is_known_in_its_old_words_again() -> None:
    land(landing.land_calls, a_call(notes="A", content_hash="a"))
    land(landing.land_calls, a_call(notes="B", content_hash="b", known_at=NOON + DAY))
    land(landing.land_calls, a_call(notes="A", content_hash="a", known_at=NOON + 2 * DAY))
    assert [call_as_of(NOON + days * DAY)[0]["notes"] for days in (0, 1, 2)] == ["A", "B", "A"]


def test_a_statement_that_repeats_the_last_is_not_news() -> None:
    land(landing.land_outcomes, an_outcome(happened=True))
    assert land(landing.land_outcomes, an_outcome(happened=True, known_at=NOON + 20 * DAY)) == Landed(0, 1)
    assert land(landing.land_outcomes, an_outcome(happened=False, known_at=NOON + 30 * DAY)) == Landed(1, 0)


def test_company_facts_that_change_and_change_back_are_three_statements() -> None:
    statements = [
        company_facts(employees=n, known_at=NOON + days * DAY) for days, n in ((0, 50.0), (1, 60.0), (2, 50.0))
    ]
    land(landing.land_company_facts, *statements)
    assert land(landing.land_company_facts, *statements) == Landed(0, 3)
    assert [row["employees"] for row in stored("SELECT employees FROM company_facts ORDER BY known_at")] == [50, 60, 50]


def test_the_same_content_has_the_same_fingerprint_in_any_order() -> None:
    assert landing.content_hash({"a": 1, "b": [2]}) == landing.content_hash({"b": [2], "a": 1})
    assert landing.content_hash({"a": 1}) != landing.content_hash({"a": 2})
