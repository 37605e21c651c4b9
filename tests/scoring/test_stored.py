"""What is stored about a lead is found by its id, its address, a former id, or its company, and nothing else is."""

from dataclasses import replace
from pathlib import Path

import pytest

from database.people import publish_calls, publish_companies, publish_leads
from database.prediction_log import Logged, keep_features
from database.predictions import keep_predictions
from database.published import publish
from scoring import stored
from scoring.lead import NOTHING, LeadRequest, Stored, features_of_lead
from scoring.stored import BASE_RATES, KnownByHeart, present_rates, stored_about
from tests.factories import DAY, HOUR, NOON, a_call, a_lead, a_prediction, company_facts

pytestmark = pytest.mark.usefixtures("home")
MINUTE = HOUR / 60
RATES = Stored(recent_progression_rate=0.4, long_progression_rate=0.3)


def asked(**said: str | None) -> LeadRequest:
    return LeadRequest.model_validate({"company_name": "Acme Corp"} | said)


@pytest.fixture
def ana(home: Path) -> None:
    publish_companies([company_facts("acme.com", industry="Healthcare", technologies=("AWS",))])
    publish_leads([a_lead("ana@acme.com", company_id="acme.com", job_title="CTO", linkedin_url="linkedin.com/in/ana")])


def test_rates_are_those_that_the_flow_published() -> None:
    assert present_rates() == NOTHING
    publish(BASE_RATES, {"recent_progression_rate": 0.4, "long_progression_rate": 0.3}, NOON)
    assert present_rates() == RATES


@pytest.mark.usefixtures("ana")
def test_a_lead_is_found_by_its_id_its_address_and_the_id_it_had_before_it_was_merged() -> None:
    publish_leads([a_lead("apollo:67", source="apollo", email=None, external_id="67", linkedin_url=None)])
    publish_leads(
        [a_lead("ana2", source="apollo", email=None, external_id="67", linkedin_url="https://linkedin.com/in/Ana/")]
    )
    expected = replace(
        RATES, lead_id="ana@acme.com", company_id="acme.com", job_title="CTO",
        company={"industry": "Healthcare", "technologies": ["AWS"]},
    )  # fmt: skip
    for said in ({"lead_id": "ana@acme.com"}, {"email": " Ana@ACME.com ".strip()}, {"lead_id": "ana2"},
                 {"lead_id": "apollo:67"}, {"lead_id": "unknown", "email": "ana@acme.com"}):  # fmt: skip
        assert stored_about(asked(**said), RATES) == expected, said
        assert KnownByHeart().renewed().has(asked(**said))


@pytest.mark.usefixtures("home")
def test_custom_fields_that_came_with_a_lead_count_unless_the_request_says_otherwise() -> None:
    publish_leads([a_lead("ana@acme.com", custom={"Seats": 40.0, "Lead Source": "Fair"})])
    about_ana = stored_about(asked(email="ana@acme.com"), RATES)
    assert about_ana.custom == {"Seats": 40.0, "Lead Source": "Fair"}
    row = features_of_lead(asked(email="ana@acme.com", **{"Lead Source": "Web", "Seats": None}), about_ana, NOON)
    assert (row["custom.Seats"], row["custom.Lead Source"]) == (40.0, "Web")


@pytest.mark.usefixtures("ana")
def test_an_unknown_lead_of_a_known_company_takes_what_is_known_of_that() -> None:
    expected = Stored(company={"industry": "Healthcare", "technologies": ["AWS"]}, recent_progression_rate=0.4,
                      long_progression_rate=0.3)  # fmt: skip
    for said in (
        {"email": "bo@mail.acme.com"},
        {"domain": "https://www.acme.com/x"},
        {"lead_id": "no", "domain": "acme.com"},
    ):
        assert stored_about(asked(**said), RATES) == expected
        assert KnownByHeart().renewed().has(asked(**said))


@pytest.mark.usefixtures("ana")
def test_a_known_company_comes_with_its_calls_however_the_lead_is_named() -> None:
    publish_calls([a_call(str(n), NOON + n * DAY, company_id="acme.com") for n in range(4)])
    for rates, progressed in ((RATES, None), (replace(RATES, knows_outcomes=True), 0)):
        for said in ({"email": "bo@acme.com"}, {"lead_id": "ana@acme.com"}, {"domain": "acme.com", "call_id": "other"}):
            told = stored_about(asked(**said), rates)
            assert (told.earlier_calls, told.last_called_at, told.earlier_progressed) == (
                4, NOON + 3 * DAY, progressed,
            )  # fmt: skip
    kept = stored_about(asked(domain="acme.com", call_id="fellow:2"), RATES)
    assert (kept.earlier_calls, kept.last_called_at, kept.called_at) == (2, NOON + DAY, NOON + 2 * DAY)


@pytest.mark.usefixtures("ana")
def test_of_somebody_unknown_there_are_only_the_rates_and_the_database_need_not_be_asked() -> None:
    for said in ({}, {"email": "bo@gmail.com"}, {"domain": "other.com"}, {"lead_id": "acme.com"}):
        assert stored_about(asked(**said), RATES) == RATES
        assert not KnownByHeart().renewed().has(asked(**said))


@pytest.mark.usefixtures("ana")
def test_the_features_are_those_of_the_last_flow_that_scored_the_lead() -> None:
    predictions = [
        a_prediction(str(n), lead_id="ana@acme.com", at=NOON + hours * HOUR, features_hash=f"f{n}", source=source)
        for n, (hours, source) in enumerate([(0, "flow"), (2, "flow"), (3, "api"), (1, "flow")])
    ]
    keep_features([Logged(one, {"minutes": float(n)}) for n, one in enumerate(predictions)])
    keep_predictions(predictions)
    assert stored_about(asked(email="ana@acme.com"), RATES).features == {"minutes": 1.0}


@pytest.mark.usefixtures("ana")
def test_what_is_known_by_heart_is_read_again_when_somebody_has_come_to_be_known() -> None:
    known = KnownByHeart().renewed()
    assert known.renewed() is known
    publish_companies([company_facts("name:acme-corp", known_at=NOON + DAY, industry="Retail")])
    assert (known.has(asked()), known.renewed().has(asked())) == (False, True)


@pytest.mark.usefixtures("ana")
def test_of_too_many_to_know_by_heart_everybody_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MOST_KEYS", 0)
    known = KnownByHeart().renewed()
    assert (known.companies, known.leads, known.has(asked(domain="other.com"))) == (None, None, True)


@pytest.mark.usefixtures("ana")
def test_of_those_known_by_heart_only_what_is_new_is_read_and_all_where_that_is_too_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[object] = []
    look = stored.keys_since
    monkeypatch.setattr(stored, "keys_since", lambda since, most: looks.append(since) or look(since, most))
    known = KnownByHeart().renewed()
    publish_leads([a_lead("bo@acme.com", NOON, email="bo@acme.com")])
    known = known.renewed()
    assert (known.has(asked(email="bo@acme.com")), looks) == (True, [None, NOON - 30 * DAY - 10 * MINUTE])
    publish_leads([a_lead("cy@acme.com", NOON - DAY, email="cy@acme.com")])  # told of late: the counts do not add up
    known = known.renewed()
    assert (known.has(asked(email="cy@acme.com")), looks[2:]) == (True, [NOON - 10 * MINUTE, None])
    publish_leads([a_lead("cy2", NOON + DAY, source="apollo", email=None, external_id="6", linkedin_url=None)])
    publish_leads([a_lead("cy2", NOON + DAY, source="apollo", email="cy@acme.com", external_id="6")])  # they are one
    known = known.renewed()
    assert (known.has(asked(lead_id="cy2")), looks[4:]) == (True, [NOON - 10 * MINUTE])
    assert known.renewed() is known
