"""What a caller says of a lead is taken as the schema says it, and its own words come before what is stored."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.cells import people
from scoring.arrivals import Arrival, records_of
from scoring.lead import NOTHING, LeadRequest, Stored, features_of_lead, lead_id_of_request, snapshot_of_lead
from tests.factories import DAY, NOON

CUSTOMERS = {
    "company_name": "Acme Corp", "domain": "acme.com", "industry": "SaaS", "employees": "50-100",
    "description": "AI-powered customer service platform", "call_notes": "Discussed Voice AI integration needs...",
    "urgency_level": 4,
}  # fmt: skip
STORED = Stored(
    lead_id="ana@acme.com",
    company_id="acme.com",
    job_title="CTO",
    company={"industry": "Retail", "country": "Germany", "technologies": ["AWS"], "employees": 9.0},
    features={
        "earlier_calls": 2.0, "days_since_earlier_call": 90.0, "earlier_progressed": 0.0, "knows_company": 0.0,
        "sentiment": 0.5, "industry": "mining", "custom.seats": 7.0,
    },
    recent_progression_rate=0.5,
    earlier_calls=3,
    last_called_at=NOON - 2 * DAY,
    earlier_progressed=1,
)  # fmt: skip


def a_request(**said: Any) -> LeadRequest:
    return LeadRequest.model_validate({"company_name": "Acme"} | said)


def takes(name: str, value: Any) -> bool:
    try:
        LeadRequest.model_validate({"company_name": "Acme", name: value})
    except ValidationError as refused:
        return refused.errors()[0]["loc"][0] != name
    return True


def test_the_customer_s_example_becomes_what_was_known_of_the_call() -> None:
    snapshot = snapshot_of_lead(LeadRequest.model_validate(CUSTOMERS), NOTHING, NOON)
    assert snapshot.company is not None
    assert (snapshot.company.employees, snapshot.company.domain, snapshot.company_id) == (75.0, "acme.com", "acme.com")
    assert (snapshot.notes, snapshot.urgency_level, snapshot.lead_id) == (
        "Discussed Voice AI integration needs...", 4, "company:acme.com",
    )  # fmt: skip
    assert features_of_lead(LeadRequest.model_validate(CUSTOMERS), NOTHING, NOON)["mentions_voice_ai"] == pytest.approx(
        0.693, abs=0.001
    )


@pytest.mark.parametrize(
    "name",
    ["employees", "urgency_level", "sentiment", "minutes", "attendees", "annual_revenue", "total_funding",
     "founded_year", "open_jobs", "headcount_growth"],
)  # fmt: skip
def test_a_number_is_a_number_and_no_yes_and_no_word(name: str) -> None:
    good = {"sentiment": 0.5, "founded_year": 1999, "urgency_level": 4}.get(name, 7)
    assert (takes(name, good), takes(name, None)) == (True, True)
    for wrong in (True, False, [1], {"a": 1}, "many", float("nan"), float("inf"), -2.0):
        assert not takes(name, wrong), wrong


def test_whole_numbers_may_be_written_as_json_writes_them() -> None:
    assert (takes("urgency_level", 4.0), takes("urgency_level", 4.5), takes("urgency_level", 6)) == (True, False, False)
    assert a_request(urgency_level=4.0).urgency_level == 4


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (True, 1.0),
        (False, 0.0),
        (7, 7.0),
        (10**20, 1e20),
        ("7", "7"),
        ("", None),
        (" n/a", None),
        (None, None),
        (-1e300, -1e300),
    ],
)
def test_a_custom_field_is_a_number_a_text_or_not_known(said: Any, kept: Any) -> None:
    assert (a_request(seats=said).__pydantic_extra__, takes("seats", said)) == ({"seats": kept}, True)


@pytest.mark.parametrize("said", [1e301, 10**301, float("nan"), "x" * 2001, "a\x00b", [1], {"a": 1}])
def test_a_custom_field_is_nothing_else(said: Any) -> None:
    assert not takes("seats", said)


@pytest.mark.parametrize("name", ["", " ", "\n\t", "\x00", "a\x00", "x" * 501, None, 5, True])
def test_a_company_s_name_says_something(name: Any) -> None:
    assert not takes("company_name", name)


def test_two_hundred_fields_are_taken_and_not_one_more() -> None:
    fields = {f"field {n}": n for n in range(199)}
    assert len(a_request(**fields).__pydantic_extra__) == 199
    with pytest.raises(ValidationError, match="more than 200 fields"):
        a_request(**fields, more=1)
    for name in ("x" * 101, "a\x00b"):
        with pytest.raises(ValidationError, match="the name of a custom field"):
            a_request(**{name: 1})


PEOPLE = st.from_regex(r"\A\s*[0-9][0-9,]{0,11}\s*(-\s*[0-9][0-9,]{0,11}|\+)?\s*\Z")


@given(PEOPLE)
@settings(max_examples=60, deadline=None)
def test_every_size_that_is_taken_is_a_number_of_people(said: str) -> None:
    assert people(said) >= 0


def test_a_size_is_the_middle_of_its_range_or_where_it_begins() -> None:
    assert [people(said) for said in ("50-100", " 1,000 +\r", "75", 12, "5+\x0b", "10 - 20")] == [
        75.0, 1000.0, 75.0, 12.0, 5.0, 15.0,
    ]  # fmt: skip


def test_the_request_s_own_words_come_before_what_is_stored() -> None:
    snapshot = snapshot_of_lead(a_request(industry="SaaS", job_title="Intern"), STORED, NOON)
    assert snapshot.company is not None
    assert (snapshot.company.industry, snapshot.company.country, snapshot.job_title) == ("SaaS", "Germany", "Intern")
    assert (snapshot.company.technologies, snapshot.company.employees, snapshot.company_id) == (
        ("AWS",), 9.0, "acme.com",
    )  # fmt: skip


def test_what_a_request_does_not_say_is_taken_from_what_the_lead_was_last_scored_with() -> None:
    row = features_of_lead(a_request(industry="SaaS", seats=None), STORED, NOON)
    assert {name: row[name] for name in ("industry", "sentiment", "earlier_calls", "custom.seats")} == {
        "industry": "saas", "sentiment": 0.5, "earlier_calls": 3.0, "custom.seats": 7.0,
    }  # fmt: skip
    assert features_of_lead(a_request(sentiment=-0.5, seats=9), STORED, NOON)["custom.seats"] == 9.0
    assert features_of_lead(a_request(call_notes="terrible"), STORED, NOON)["sentiment"] == -1.0


def test_the_past_with_the_company_is_counted_anew_and_never_taken_from_before_the_last_call() -> None:
    names = ("earlier_calls", "days_since_earlier_call", "earlier_progressed", "knows_company")
    row = features_of_lead(a_request(), STORED, NOON)
    assert [row[name] for name in names] == [3.0, 2.0, 1.0, 1.0]
    unsaid = features_of_lead(a_request(), replace(STORED, earlier_progressed=None), NOON)
    assert [unsaid[name] for name in names] == [3.0, 2.0, None, 1.0]
    of_call = features_of_lead(a_request(), replace(STORED, called_at=NOON - DAY), NOON)
    assert of_call["days_since_earlier_call"] == 1.0
    none = features_of_lead(a_request(), replace(STORED, earlier_calls=0, last_called_at=None), NOON)
    assert none["days_since_earlier_call"] is None


@pytest.mark.parametrize(
    ("said", "lead_id"),
    [
        ({}, "company:name:acme"),
        ({"domain": "www.acme.com"}, "company:acme.com"),
        ({"domain": "gmail.com"}, "company:name:acme"),
        ({"domain": "https://www.facebook.com/acme"}, "company:name:acme"),
        ({"email": " Ana@Acme.com".strip()}, "ana@acme.com"),
        ({"lead_id": "crm:7", "email": "ana@acme.com"}, "crm:7"),
        ({"company_name": "..."}, "call:..."),
        ({"company_name": "...", "call_id": "c1"}, "call:c1"),
    ],
)
def test_a_lead_is_known_by_its_id_else_its_address_else_its_company(said: dict[str, Any], lead_id: str) -> None:
    assert lead_id_of_request(a_request(**said)) == lead_id
    assert lead_id_of_request(a_request(**said), STORED) == "ana@acme.com"


@pytest.mark.parametrize("website", ["gmail.com", "https://www.linkedin.com/company/foo"])
def test_what_companies_share_makes_them_no_one_company_where_leads_are_delivered(website: str) -> None:
    told = [Arrival(company_name=name, website=website) for name in ("Foo Ltd", "Bar GmbH")]
    read = [records_of(one, str(n), NOON)[0] for n, one in enumerate(told)]
    assert [(one.lead_id, one.company_id) for one in read] == [
        ("company:name:foo-ltd", "name:foo-ltd"), ("company:name:bar-gmbh", "name:bar-gmbh"),
    ]  # fmt: skip


def test_the_tone_is_read_from_the_words_where_it_is_not_said() -> None:
    notes = "They loved it, a great demo."
    assert (features_of_lead(a_request(call_notes=notes), NOTHING, NOON)["sentiment"] or 0) > 0.5  # type: ignore[operator]
    assert features_of_lead(a_request(call_notes=notes, sentiment=-1), NOTHING, NOON)["sentiment"] == -1.0
