"""A row of a table gets exactly what the service would say of that lead alone, and what cannot be scored says why."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from database.company_calls import note_progressed
from database.engagement import keep_events
from database.people import publish_calls, publish_companies, publish_leads
from database.prediction_log import Logged, keep_features
from database.predictions import keep_predictions
from database.published import publish
from scoring.bulk import Bulk, BulkScores, outcomes
from scoring.bulk_columns import Rejected
from scoring.judging import Champions
from scoring.lead import NOTHING, LeadRequest, Stored
from scoring.policy import policy
from scoring.service import Service
from scoring.stored import BASE_RATES, StoredOfTable, present_rates, stored_about
from tests.campaigns.events import an_event
from tests.database.test_lead_mails import keep as keep_mails
from tests.factories import DAY, NOON, a_call, a_lead, a_prediction, company_facts
from tests.scoring.leads import RATES, Plain, both, leads_of_every_kind

NOBODY = Champions(None, None)
TOLD = ("qualification_score", "voice_ai_fit", "progression_probability", "recommendation", "priority", "tier",
        "confidence")  # fmt: skip


def table_of(leads: Sequence[Plain]) -> pa.Table:
    names = list(dict.fromkeys(name for lead in leads for name in lead))
    columns = {name: [lead.get(name) for lead in leads] for name in names}
    if "employees" in columns:
        columns["employees"] = [None if one is None else str(one) for one in columns["employees"]]
    return pa.table(columns)


def all_said(scores: BulkScores, rows: int) -> list[tuple[Any, ...]]:
    assert scores.reasons is not None
    told = outcomes(scores, policy())
    columns = [told[name] for name in TOLD]
    return list(zip(*columns, scores.points.tolist(), scores.reasons, strict=True))


def said_alone(leads: Sequence[Plain], champions: Champions, stored: Sequence[Stored]) -> list[tuple[Any, ...]]:
    service = Service(champions, NOBODY, policy())
    told = []
    for lead, known in zip(leads, stored, strict=True):
        scored = service.score(LeadRequest.model_validate(lead), known, NOON)
        reply = service.told(scored)
        told.append((*(reply[name] for name in TOLD), scored.answer.points, scored.answer.reasons))
    return told


def score(leads: Sequence[Plain], champions: Champions | None = None, **facts: Any) -> BulkScores:
    return Bulk(champions or both(), policy(), NOON, **facts).score(table_of(leads), explain=True)


@pytest.mark.parametrize("rates", [NOTHING, RATES])
def test_a_row_gets_to_the_last_bit_what_the_service_says_of_that_lead_alone(rates: Stored) -> None:
    leads = leads_of_every_kind(400, seed=5)
    scores = score(leads, rates=rates)
    assert (len(scores.rows), scores.rejected) == (400, [])
    assert all_said(scores, 400) == said_alone(leads, both(), [rates] * 400)


def test_the_rules_say_of_a_row_what_they_say_of_that_lead_alone() -> None:
    leads = leads_of_every_kind(100, seed=6)
    assert all_said(score(leads, NOBODY, rates=RATES), 100) == said_alone(leads, NOBODY, [RATES] * 100)


def test_one_row_gets_the_bits_that_it_gets_among_others() -> None:
    leads = leads_of_every_kind(60, seed=7)
    together = score(leads).points.tolist()
    assert [score([lead]).points[0] for lead in leads[:20]] == together[:20]


def test_without_reasons_the_points_are_the_same() -> None:
    leads = leads_of_every_kind(60, seed=8)
    quick = Bulk(both(), policy(), NOON).score(table_of(leads))
    assert quick.reasons is None
    assert quick.points.tolist() == score(leads).points.tolist()


@pytest.fixture
def some_stored(home: object) -> None:
    """Companies by domain and by name, leads with all that may be stored of them, a merged one, and rates."""
    publish_companies(
        [
            company_facts("acme.com", industry="Healthcare", employees=900.0, technologies=("AWS", "Docker")),
            company_facts("name:acme-corp", industry="Retail", country="Germany"),
            company_facts("name:öko", industry="Mining"),
            company_facts("example.co.uk", funding_stage="Seed", news="They raised $5m"),
        ]
    )
    publish_leads(
        [
            a_lead("ana@acme.com", company_id="acme.com", job_title="CTO"),
            a_lead("ed@acme.com", company_id="acme.com", linkedin_url="linkedin.com/in/ed"),
            a_lead("edward@acme.com", source="apollo", linkedin_url="linkedin.com/in/ed"),
            a_lead("crm:77", email=None, external_id="77", company_id="example.co.uk"),
        ]
    )
    row = {"sentiment": 0.7, "employees": 3.0, "earlier_calls": 4.0, "notes_text": "legal review", "custom.seats": 90.0}
    prediction = a_prediction(lead_id="ana@acme.com", features_hash="f1", at=NOON - DAY)
    keep_features([Logged(prediction, row)])
    keep_predictions([prediction])
    keep_mails(("m1", NOON - 9 * DAY), ("m2", NOON - 2 * DAY))
    keep_events([an_event("a", "clicked", NOON - 8 * DAY, "m1"), an_event("b", "replied", NOON - DAY, "m2")])
    companies = ("acme.com", "acme.com", "example.co.uk", "name:acme-corp")
    publish_calls([a_call(str(n), NOON - (9 - n) * DAY, company_id=one) for n, one in enumerate(companies)])
    note_progressed({"fellow:0": NOON - 5 * DAY})
    publish(BASE_RATES, {"recent_progression_rate": 0.35, "long_progression_rate": 0.3, "outcomes": 9}, NOON)


@pytest.mark.usefixtures("some_stored")
def test_what_is_stored_counts_for_a_row_as_for_that_lead_alone() -> None:
    rng = Random(9)
    leads = [
        lead | {"lead_id": said} if (said := rng.choice([None, None, "crm:77", "ana@acme.com", "nobody"])) else lead
        for lead in leads_of_every_kind(300, seed=9)
    ]
    leads = [lead | ({"call_id": said} if (said := rng.choice([None, "fellow:1", "new"])) else {}) for lead in leads]
    leads += [{"company_name": "Acme Corp", "email": address} for address in ("edward@acme.com", "Ed@ACME.com")]
    rates = present_rates()
    stored = [stored_about(LeadRequest.model_validate(lead), rates) for lead in leads]
    kinds = [(one.lead_id is not None, bool(one.company), bool(one.features)) for one in stored]
    assert set(kinds) == {(False, False, False), (False, True, False), (True, True, False), (True, True, True)}
    assert {len(one.mails) for one in stored} == {0, 2}
    pasts = {(one.earlier_calls, one.earlier_progressed, one.called_at is None) for one in stored}
    assert pasts == {(0, 0, True), (1, 0, True), (1, 0, False), (2, 1, True)}
    scores = score(leads, rates=rates, stored_of=StoredOfTable(rates))
    assert all_said(scores, len(leads)) == said_alone(leads, both(), stored)


@pytest.mark.usefixtures("some_stored")
@pytest.mark.parametrize(
    "lead",
    [
        {"company_name": "Acme Corp", "email": "bo@gmail.com"},
        {"company_name": "Acme Corp", "domain": "facebook.com"},
        {"company_name": "Acme Corp", "domain": "intranet"},
        {"company_name": "Acme Corp", "domain": "10.0.0.1"},
        {"company_name": "Öko!"},
        {"company_name": "x", "domain": "WWW.Acme.com."},
        {"company_name": "x", "domain": "https://shop.example.co.uk/a"},
        {"company_name": "x", "email": "new@mail.acme.com"},
    ],
)
def test_a_known_company_is_found_for_a_row_however_it_is_named(lead: Plain) -> None:
    expected = stored_about(LeadRequest.model_validate(lead), NOTHING)
    assert expected.company
    others = [{"company_name": "Nobody", "domain": "nobody.org", "email": "a@nobody.org"}, lead]
    found: dict[int, Stored] = {}

    def look(columns: Any, rows: int) -> dict[int, Stored]:
        found.update(StoredOfTable(NOTHING)(columns, rows))
        return found

    score(others, stored_of=look)
    assert found == {1: expected}


@pytest.mark.usefixtures("some_stored")
def test_a_file_may_have_more_columns_and_longer_names_than_a_request_may() -> None:
    wide = {f"field {n}": str(n) for n in range(250)} | {"y" * 150: "long", "cls": "x", "self": "y"}
    scores = score([{"company_name": "Acme", "email": "ana@acme.com"} | wide], stored_of=StoredOfTable(NOTHING))
    assert scores.rejected == []
    alone = stored_about(LeadRequest(company_name="Acme", email="ana@acme.com"), NOTHING)
    expected = said_alone([{"company_name": "Acme", "email": "ana@acme.com"}], both(), [alone])
    assert all_said(scores, 1) == expected


def test_rows_that_cannot_be_scored_say_where_and_why_and_the_others_keep_their_order() -> None:
    leads = [
        {"company_name": "One"},
        {"company_name": " N/A "},
        {"company_name": "Two", "urgency_level": "9"},
        {"company_name": "Three", "minutes": "about 3"},
        {"company_name": "Four", "seats": "many"},
        {"company_name": "Five", "employees": "a few"},
        {"company_name": "Six", "email": "no address"},
        {"company_name": "Seven", "urgency_level": "yes"},
        {"company_name": "Eight", "seats": "1,200", "urgency_level": "4.0", "minutes": "30"},
    ]
    scores = score(leads)
    assert scores.rows.tolist() == [0, 8]
    assert [(one.row, one.column) for one in scores.rejected] == [
        (1, "company_name"), (2, "urgency_level"), (3, "minutes"), (4, "seats"), (5, "employees"), (6, "email"),
        (7, "urgency_level"),
    ]  # fmt: skip
    assert scores.rejected[0] == Rejected(1, "company_name", "is empty, and every row needs it")
    assert scores.rejected[2].because == "'about 3' is not a number"
    alone = [{"company_name": "One"}, {"company_name": "Eight", "seats": 1200.0, "urgency_level": 4, "minutes": 30.0}]
    assert all_said(scores, 2) == said_alone(alone, both(), [NOTHING] * 2)


def test_no_rows_no_scores_and_all_rejected_is_no_failure() -> None:
    for leads in ([], [{"company_name": ""}, {"company_name": None, "minutes": "x"}]):
        table = pa.table({"company_name": pa.array([one["company_name"] for one in leads], pa.string())})
        scores = Bulk(both(), policy(), NOON).score(table)
        assert (len(scores.points), scores.reasons, len(scores.rejected)) == (0, None, len(leads))


def test_columns_of_every_type_that_a_parquet_file_may_have_are_read() -> None:
    odd = pa.table(
        {
            "company_name": pa.array(["Acme", "Beta", None]).dictionary_encode(),
            "lead_id": pa.array([17.0, float("nan"), 3.0]),
            "call_id": pa.array([17, None, 3]),
            "minutes": pa.array([Decimal("30.50"), None, Decimal("1.00")]),
            "employees": pa.array([75, None, 3], pa.int32()),
            "open_jobs": pa.array([5, 6, 7], pa.uint8()),
            "annual_revenue": pa.array([1.5, 2.5, 0.0]).cast(pa.float16()),
            "technologies": pa.array([["AWS", None, "Docker"], [], None]),
            "renewal": pa.array([datetime(2026, 5, 1), None, None]),
            "region": pa.array(["north", "south", "west"], pa.large_string()),
            "seats": pa.array([True, False, None]),
            "tags": pa.array([["a", "b"], None, []]),
            "address": pa.array([{"city": "Bonn"}, None, {"city": "Ulm"}]),
            "parts": pa.array([[{"n": 1}], None, []]),
            "since": pa.array([date(2020, 1, 1), None, None]),
            "nothing": pa.nulls(3),
            "raw": pa.array([b"x", None, b"y"]),
        }
    )
    scores = Bulk(both(), policy(), NOON).score(odd, explain=True)
    assert [(one.row, one.column) for one in scores.rejected] == [(2, "company_name")]
    same = [
        {"company_name": "Acme", "minutes": 30.5, "employees": 75, "open_jobs": 5, "annual_revenue": 1.5,
         "technologies": ["AWS", "Docker"], "renewal": "2026-05-01T00:00:00", "region": "north", "seats": True},
        {"company_name": "Beta", "open_jobs": 6, "annual_revenue": 2.5, "technologies": [], "region": "south",
         "seats": False},
    ]  # fmt: skip
    assert all_said(scores, 2) == said_alone(same, both(), [NOTHING] * 2)


def test_a_lead_s_id_that_is_a_number_finds_the_lead() -> None:
    seen: list[Any] = []

    def look(columns: Any, rows: int) -> dict[int, Stored]:
        seen.extend(columns["lead_id"].of(row) for row in range(rows))
        return {}

    table = pa.table({"company_name": ["A", "B", "C"], "lead_id": [17.0, None, 3.0]})
    Bulk(both(), policy(), NOON, stored_of=look).score(table)
    assert seen == ["17", None, "3"]


@pytest.mark.parametrize("kind", [{"a": 1}, ["a"], True])
def test_what_is_no_text_is_no_company_name(kind: Any) -> None:
    scores = Bulk(both(), policy(), NOON).score(pa.table({"company_name": pa.array([kind])}))
    assert [(one.row, one.column) for one in scores.rejected] == [(0, "company_name")]


def test_a_column_with_more_categories_than_its_index_can_count_is_read() -> None:
    names = pa.DictionaryArray.from_arrays(pa.array([0, 126, None], pa.int8()), [f"c{n}" for n in range(127)])
    scores = Bulk(both(), policy(), NOON).score(pa.table({"company_name": names}))
    assert (scores.rows.tolist(), scores.rejected[0].row) == ([0, 1], 2)
    full = pa.DictionaryArray.from_arrays(pa.array([0, 127, None], pa.int8()), [f"c{n}" for n in range(128)])
    assert Bulk(both(), policy(), NOON).score(pa.table({"company_name": full})).rows.tolist() == [0, 1]


@pytest.mark.parametrize(
    "blank",
    [
        {"call_notes": ""}, {"call_notes": "n/a"}, {"job_title": "none"}, {"industry": " N/A "}, {"description": ""},
        {"call_notes": "  They asked about pricing. \n"}, {"email": ""}, {"employees": " "}, {"custom": "null"},
    ],
)  # fmt: skip
def test_what_says_nothing_is_not_known_in_a_request_as_in_a_file(blank: Plain) -> None:
    lead = {"company_name": " Acme "} | blank
    assert all_said(score([lead]), 1) == said_alone([lead], both(), [NOTHING])
    if not any(str(value).strip().startswith("They") for value in blank.values()):
        assert said_alone([lead], both(), [NOTHING]) == said_alone([{"company_name": "Acme"}], both(), [NOTHING])


def test_a_number_that_is_written_as_text_is_that_number_in_a_request_as_in_a_file() -> None:
    lead = {"company_name": "Acme", "seats": " 1,200 "}
    expected = said_alone([lead | {"seats": 1200}], both(), [NOTHING])
    assert said_alone([lead], both(), [NOTHING]) == all_said(score([lead]), 1) == expected
