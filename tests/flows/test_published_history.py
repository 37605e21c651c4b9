"""What a request is told of its company's past and of how calls have been ending is what training counts."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from database.people import publish_calls, publish_leads
from database.published import published
from features.batches import build_all
from flows.score_leads import publish_rates, too_old
from ringback.records import Call, Outcome, Value
from scoring.lead import LeadRequest, features_of_lead
from scoring.stored import BASE_RATES, present_rates, stored_about
from tests.factories import DAY, HOUR, NOON, a_call, a_lead, an_outcome
from warehouse.connect import writing
from warehouse.landing import land_calls, land_outcomes

pytestmark = pytest.mark.usefixtures("home")
HISTORY = (
    "earlier_calls", "days_since_earlier_call", "earlier_progressed", "knows_company", "recent_progression",
    "long_progression",
)  # fmt: skip
MOMENT = NOON + 60 * DAY
EDITED = a_call("two", NOON + DAY, company_id="acme.com", known_at=NOON + 2 * DAY)
CALLS = (
    a_call("one", company_id="acme.com"),
    replace(EDITED, company_id="other.com"),
    replace(EDITED, content_hash="second", known_at=NOON + 5 * DAY),
    a_call("three", NOON + 3 * DAY, company_id="acme.com"),
    a_call("four", NOON + 4 * DAY, company_id="acme.com", lead_id="ana@acme.com"),
    a_call("alien", NOON + 6 * DAY, company_id="other.com"),
    a_call("nobody", NOON + 6 * DAY),
)
OUTCOMES = (
    an_outcome("one"),
    an_outcome("one", happened=False, known_at=NOON + 12 * DAY),  # a correction: the first word counts
    an_outcome("two", happened=False),
    an_outcome("two", known_at=NOON + 12 * DAY),
    an_outcome("three", known_at=NOON + 2 * DAY),  # stated before the call was known
    an_outcome("alien"),
    an_outcome("four", target="voice_ai"),
)


def keep(calls: Sequence[Call] = CALLS, outcomes: Sequence[Outcome] = OUTCOMES) -> None:
    with writing() as warehouse:
        land_calls(warehouse, calls)
        land_outcomes(warehouse, outcomes)
    publish_calls(calls)


def of_request(**said: str) -> dict[str, Value]:
    lead = LeadRequest.model_validate({"company_name": "Acme"} | said)
    row = features_of_lead(lead, stored_about(lead, present_rates()), MOMENT)
    return {name: row[name] for name in HISTORY}


def of_training(call_id: str) -> dict[str, Value]:
    (row,) = (call.row for call in build_all(MOMENT + HOUR, processes=1) if call.call_id == call_id)
    return {name: row[name] for name in HISTORY}


def test_a_new_colleague_of_a_known_company_has_the_past_that_training_would_give_that_call() -> None:
    keep()
    publish_rates(MOMENT)
    told = of_request(email="new@acme.com")
    assert [told[name] for name in HISTORY[:4]] == [4.0, 56.0, 2.0, 1.0]
    keep([a_call("new", MOMENT, company_id="acme.com")], ())
    assert told == of_training("fellow:new")


def test_a_kept_call_that_is_asked_about_has_before_it_what_came_before_it() -> None:
    keep([call for call in CALLS if call.call_id != EDITED.call_id])
    later = a_call("later", NOON + 20 * DAY, company_id="acme.com", known_at=NOON + 21 * DAY)
    keep([later, replace(later, content_hash="second", known_at=NOON + 50 * DAY)], [an_outcome("later")])
    keep([a_call("last", NOON + 30 * DAY, company_id="acme.com")])
    publish_rates(MOMENT)
    for name, calls in (("one", 0.0), ("three", 1.0), ("four", 2.0), ("later", 3.0), ("last", 4.0)):
        told, learned = of_request(domain="acme.com", call_id=f"fellow:{name}"), of_training(f"fellow:{name}")
        assert told["earlier_calls"] == calls
        assert {one: told[one] for one in HISTORY[:4]} == {one: learned[one] for one in HISTORY[:4]}, name


def test_where_nobody_has_said_which_calls_progressed_it_is_not_known_how_many() -> None:
    publish_leads([a_lead("ana@acme.com", company_id="acme.com"), a_lead("eve@new.com", company_id="new.com")])
    keep(outcomes=())
    assert [of_request(lead_id="ana@acme.com")[name] for name in HISTORY[:3]] == [4.0, 56.0, None]
    assert of_request(lead_id="eve@new.com")["earlier_progressed"] == 0.0
    publish_rates(MOMENT)
    assert of_request(lead_id="ana@acme.com")["earlier_progressed"] == 0.0


def test_rates_are_told_though_no_call_is_open_and_are_of_the_source_with_most_of_the_last_outcomes() -> None:
    imported = [
        replace(a_call(f"c{n}", NOON + n * HOUR), call_id=f"csv:{n}", source="csv", external_id=str(n))
        for n in range(200)
    ]
    ends = [replace(an_outcome(happened=n % 4 == 0, known_at=NOON + n * HOUR), call_id=f"csv:{n}") for n in range(200)]
    keep([*CALLS, *imported], [*OUTCOMES, *ends])
    publish_rates(MOMENT)
    told = published(BASE_RATES)
    assert told is not None
    assert told[0] == {
        "source": "csv", "outcomes": 200, "recent_progression_rate": 26 / 102, "long_progression_rate": 51 / 202,
    }  # fmt: skip


def test_what_was_told_of_a_later_moment_stays() -> None:
    keep()
    publish_rates(MOMENT)
    told = of_request(email="new@acme.com")
    publish_rates(NOON)
    assert (of_request(email="new@acme.com"), published(BASE_RATES)[1]) == (told, MOMENT)  # type: ignore[index]


def test_a_statement_that_was_taken_back_counts_no_more() -> None:
    keep()
    publish_rates(MOMENT)
    keep((), [an_outcome("three", happened=False, known_at=NOON)])  # came late, and was known first
    publish_rates(MOMENT + HOUR)
    assert of_request(email="new@acme.com")["earlier_progressed"] == 1.0


def test_open_calls_that_are_too_old_to_be_scored_are_counted() -> None:
    ages = {"young": 59, "old": 61, "ended": 90, "ends": 91}
    keep(
        [a_call(name, NOON - days * DAY) for name, days in ages.items()],
        [an_outcome("ended", known_at=NOON - DAY), an_outcome("ends", known_at=NOON + DAY)],
    )
    assert too_old(NOON) == 2
