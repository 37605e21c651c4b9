"""Counts of how things stand: calls by day, the spread of scores, the best companies and industries, measures."""

from datetime import date

import pytest

from database import models
from database.lead_pages import page_of_leads
from database.overview import (
    CallDay,
    CompanyScore,
    IndustryScore,
    Scored,
    WeekMeasure,
    calls_by_day,
    counted,
    followed_up,
    industries,
    measures_since,
    scores,
    top_companies,
)
from database.people import publish_calls, publish_companies, publish_leads
from database.predictions import keep_predictions
from database.session import insert_new, writing
from tests.factories import DAY, HOUR, NOON, a_call, a_lead, a_prediction, company_facts

pytestmark = pytest.mark.usefixtures("home")


def scored(
    lead_id: str, probability: float, company_id: str | None = None, recommendation: str = "NURTURE_TRACK"
) -> None:
    publish_leads([a_lead(lead_id, company_id=company_id)])
    facts = {"lead_id": lead_id, "call_id": f"fellow:{lead_id}", "recommendation": recommendation}
    keep_predictions([a_prediction(lead_id, probability, **facts)])


def test_calls_are_counted_by_day_with_the_mean_of_the_sentiments_that_are_known() -> None:
    publish_calls([
        a_call("early", NOON - 9 * DAY), a_call("a", NOON - DAY, sentiment=0.25), a_call("b", NOON - DAY + HOUR),
        a_call("c", NOON - DAY + 11 * HOUR, sentiment=0.75), a_call("d", NOON + 12 * HOUR),
    ])  # fmt: skip
    assert calls_by_day(NOON - 2 * DAY) == [
        CallDay(date(2026, 3, 17), 3, 0.5), CallDay(date(2026, 3, 19), 1, None)
    ]  # fmt: skip


def test_a_call_is_followed_up_by_the_next_with_the_lead_within_thirty_days_once_those_are_over() -> None:
    held = {"first": 100, "second": 80, "third": 45, "too new": 10}
    calls = [a_call(name, NOON - days * DAY, lead_id="ana@acme.com") for name, days in held.items()]
    publish_calls([*calls, a_call("of another lead", NOON - 75 * DAY)])
    assert followed_up(NOON - 200 * DAY, NOON) == (1, 4)  # the first, by the second
    assert followed_up(NOON - 90 * DAY, NOON) == (0, 3)


def test_last_scores_are_spread_over_ten_bands() -> None:
    for lead_id, probability, recommendation in (
        ("a@x.com", 0.0, "NURTURE_TRACK"), ("b@x.com", 0.09, "NURTURE_TRACK"), ("c@x.com", 0.1, "REVIEW"),
        ("d@x.com", 1.0, "AE_HANDOFF"),
    ):  # fmt: skip
        scored(lead_id, probability, recommendation=recommendation)
    assert scores() == Scored(
        4, (2, 1, 0, 0, 0, 0, 0, 0, 0, 1), {"NURTURE_TRACK": 2, "REVIEW": 1, "AE_HANDOFF": 1}, {"MEDIUM": 4}
    )


def test_without_scores_every_band_is_empty() -> None:
    assert scores() == Scored(0, (0,) * 10, {}, {})


def test_companies_stand_by_their_best_lead_then_by_their_leads_then_by_id() -> None:
    publish_companies([company_facts("b.com", name="B")])
    scored("one@b.com", 0.4, "b.com")
    scored("two@b.com", 0.9, "b.com")
    scored("one@a.com", 0.9, "a.com")
    scored("one@c.com", 0.9, "c.com")
    scored("nobody's", 0.95)
    assert top_companies() == [
        CompanyScore("b.com", "B", 90, 2), CompanyScore("a.com", None, 90, 1), CompanyScore("c.com", None, 90, 1),
    ]  # fmt: skip
    assert [one.company_id for one in top_companies(1)] == ["b.com"]


def test_an_industry_needs_five_scored_leads_and_the_one_with_most_comes_first() -> None:
    publish_companies([
        company_facts("a.com", industry="Software"), company_facts("b.com", industry="Banking"),
        company_facts("c.com", industry="Farming"), company_facts("d.com"),
    ])  # fmt: skip
    for company, leads in {"a.com": 6, "b.com": 5, "c.com": 4, "d.com": 9}.items():
        for number in range(leads):
            recommendation = "AE_HANDOFF" if number < 2 else "NURTURE_TRACK"
            scored(f"{number}@{company}", number / 10, company, recommendation)
    assert industries() == [IndustryScore("Software", 6, 25.0, 2), IndustryScore("Banking", 5, 20.0, 2)]
    assert [one.industry for one in industries(1)] == ["Software"]


def test_measures_of_all_leads_come_by_week_and_a_measure_without_weeks_is_empty() -> None:
    week = {"measure": "calls", "dimension": "", "member": "", "low": None, "high": 2.0, "n": 7, "as_of": NOON}
    with writing() as connection:
        insert_new(connection, models.Measure, [
            week | {"week": NOON, "value": 1.5}, week | {"week": NOON - 7 * DAY, "value": None},
            week | {"week": NOON - 70 * DAY, "value": 9.0},
            week | {"week": NOON, "value": 3.0, "dimension": "owner", "member": "ana"},
        ])  # fmt: skip
    assert measures_since(("calls", "mails"), NOON - 30 * DAY) == {
        "calls": [
            WeekMeasure("calls", NOON - 7 * DAY, None, None, 2.0, 7), WeekMeasure("calls", NOON, 1.5, None, 2.0, 7)
        ],
        "mails": [],
    }  # fmt: skip


def test_what_is_known_is_counted() -> None:
    assert counted() == {"leads": 0, "companies": 0, "calls": 0, "signals": 0, "waiting": 0}
    scored("one@a.com", 0.4)
    publish_calls([a_call("a", lead_id="one@a.com"), a_call("b", lead_id="two@a.com")])
    assert counted() == {"leads": 2, "companies": 0, "calls": 2, "signals": 0, "waiting": 0}


@pytest.mark.parametrize(
    ("order", "is_descending", "listed"),
    [
        ("name", False, ["Abel", "ana", "Zoe", None]),
        ("name", True, ["Zoe", "ana", "Abel", None]),
        ("score", True, ["Zoe", "ana", "Abel", None]),
        ("score", False, ["ana", "Zoe", "Abel", None]),
    ],
)
def test_leads_are_sorted_alike_whatever_the_database_with_what_is_missing_last(
    order: str, is_descending: bool, listed: list[str | None]
) -> None:
    for lead_id, name, probability in (
        ("3@x.com", "Zoe", 0.7), ("2@x.com", "ana", 0.3), ("1@x.com", "Abel", None), ("4@x.com", None, None),
    ):  # fmt: skip
        publish_leads([a_lead(lead_id, name=name)])
        if probability is not None:
            keep_predictions([a_prediction(lead_id, probability, lead_id=lead_id)])
    page = page_of_leads("", order, is_descending, 9, 0)  # type: ignore[arg-type]
    assert ([lead.name for lead in page.leads], page.total) == (listed, 4)
    assert [one.lead_id for one in page_of_leads("ZOE", "name", False, 9, 0).leads] == ["3@x.com"]
