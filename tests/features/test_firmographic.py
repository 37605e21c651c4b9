"""What a company is, from the facts known of it; what is not known stays not known."""

from math import log

import pytest

from features import firmographic as f
from ringback.records import CompanyFacts, Snapshot, Value
from tests.factories import NOON, a_snapshot, company_facts


def known(**facts: object) -> Snapshot:
    return a_snapshot(company=company_facts(**facts))  # type: ignore[arg-type]


ACME = known(
    industry="Healthcare", employees=99.0, annual_revenue=990_000.0, funding_stage="Series B", founded_year=2016.0,
    country="USA", business_model="B2B", technologies=("AWS Lambda", "Twilio", "GitHub", "Python", "HubSpot"),
    web_functions=("User authentication", "Live chat / communication"), open_jobs=9.0, headcount_growth=0.1,
    description="Speech automation and an AI-powered voice agent for contact centers.", total_funding=9_999_999.0,
    news="They raised $5 million and opened a new office. There were no layoffs. A data breach hurt.",
)  # fmt: skip


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        (f.industry, "healthcare"), (f.regulated_industry, 1.0), (f.employees, log(100)),
        (f.annual_revenue, log(990_001)), (f.revenue_per_employee, log(10_001)), (f.funding_stage, "series b"),
        (f.company_age, 10.0), (f.country, "usa"), (f.business_model, "b2b"), (f.technology_count, 5.0),
        (f.competitor_technology, 1.0), (f.developer_tools, 2.0), (f.cloud_technology, 1.0), (f.crm_technology, 1.0),
        (f.web_authentication, 1.0), (f.web_transactions, 0.0), (f.web_communication, 1.0),
        (f.voice_ai_indicators, 5.0), (f.open_jobs, log(10)), (f.headcount_growth, 0.1),
        (f.web_ai, 0.0), (f.total_funding, log(10_000_000)), (f.news_growth, log(4)), (f.news_setbacks, log(2)),
        (f.ai_talk, 0.0),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_acme_reads_as_it_is(feature: object, value: Value) -> None:
    assert feature(ACME) == pytest.approx(value)  # type: ignore[operator]


@pytest.mark.parametrize("company", [None, company_facts()], ids=["no company", "a company of which nothing is known"])
def test_what_is_not_known_is_none(company: CompanyFacts | None) -> None:
    stranger = a_snapshot(company=company)
    assert {feature.__name__: feature(stranger) for feature in f.FIRMOGRAPHIC} == dict.fromkeys(
        [feature.__name__ for feature in f.FIRMOGRAPHIC]
    )


@pytest.mark.parametrize(("functions", "value"), [(("ai", "voice_ai"), 2.0), (("ai",), 1.0), (("email",), 0.0)])
def test_voice_ai_on_the_web_site_counts_more_than_any_ai(functions: tuple[str, ...], value: float) -> None:
    assert f.web_ai(known(web_functions=functions)) == value


def test_posts_of_the_contact_are_heard_with_their_denials() -> None:
    posts = a_snapshot(posts="We're hiring!\nWe are not expanding this year. Chatbots everywhere.")
    assert (f.posts_growth(posts), f.ai_talk(posts), f.news_growth(posts)) == (log(2), log(2), None)


def test_to_use_nothing_is_not_the_same_as_not_to_be_known() -> None:
    bare = known(technologies=(), web_functions=())
    assert (f.technology_count(bare), f.competitor_technology(bare), f.web_transactions(bare)) == (0.0, 0.0, 0.0)


def test_a_company_without_employees_has_no_revenue_per_head() -> None:
    assert f.revenue_per_employee(known(employees=0.0, annual_revenue=5.0)) is None


def test_a_company_founded_after_the_call_is_not_of_negative_age() -> None:
    assert f.company_age(known(founded_year=float(NOON.year + 2))) == 0.0


def test_numbers_below_zero_break_nothing() -> None:
    assert f.annual_revenue(known(annual_revenue=-5.0)) == 0.0
