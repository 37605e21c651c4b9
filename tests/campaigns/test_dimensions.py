"""A member's card: dimensions from what is known, groups from the dimensions, and the page that says what they are."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.dimensions import BY_GROUP, DIMENSIONS, Thresholds, card_of
from campaigns.dimensions_page import PAGE, page
from campaigns.facts import GROUPS, MemberFacts
from campaigns.qualify import missed_of
from tests.campaigns.members import facts
from tests.factories import DAY, NOON


def test_there_are_more_than_thirty_in_five_groups_each_named_once() -> None:
    assert tuple(BY_GROUP) == GROUPS
    assert len({one.name for one in DIMENSIONS}) == len(DIMENSIONS) >= 30


def test_the_page_of_dimensions_is_what_the_functions_say() -> None:
    assert PAGE.read_text() == page()


@pytest.mark.parametrize(
    ("name", "known", "points"),
    [
        ("replied", {"mails": {"sent": 3, "replied": 1}}, 100),
        ("replied", {"mails": {"sent": 3}}, 20),
        ("replied", {}, None),
        ("clicked", {"mails": {"sent": 3, "clicked": 2}}, 85),
        ("opened", {"mails": {"sent": 4, "opened": 1}}, 25),
        ("can_be_written_to", {"mails": {"unsubscribed": True}}, 0),
        ("engaged_lately", {"mails": {"sent": 1, "last_engaged_at": NOON - 14 * DAY}}, 50),
        ("spoke_with_us", {"calls": {"count": 2}}, 80),
        ("spoke_lately", {"calls": {"last_at": NOON - 60 * DAY}}, 25),
        ("tone_of_calls", {"calls": {"sentiment": 0.0}}, 50),
        ("likely_to_move_on", {"score": {"progression_probability": 0.42}}, 42),
        ("headcount_grows", {"company": {"headcount_growth": 0.05}}, 75),
        ("hires", {"company": {"open_jobs": 5.0, "employees": 100.0}}, 100),
        ("good_news", {"company": {"news": "It opened an office. It raised $20 million."}}, 85),
        ("good_news", {"company": {"news": "It is not hiring."}}, 40),
        ("no_bad_news", {"company": {"news": "It announced layoffs."}}, 35),
        ("revenue", {"company": {"annual_revenue": 1e8}}, 100),
        ("revenue", {"company": {"annual_revenue": 0.0}}, 0),
        ("money_raised", {"company": {"total_funding": 0.0}}, 30),
        ("stage_of_funding", {"company": {"funding_stage": "Series B"}}, 80),
        ("stage_of_funding", {"company": {"funding_stage": "crowd"}}, None),
        ("pays_for_tools", {"company": {"technologies": ("Salesforce", "Twilio", "React")}}, 80),
        ("pays_for_tools", {"company": {"technologies": ()}}, 30),
        ("say_over_budget", {"lead": {"job_title": "Director of IT"}}, 75),
        ("industry", {"company": {"industry": "Healthcare"}}, 100),
        ("size", {"company": {"employees": 20_000.0}}, 30),
        ("country", {"company": {"country": "Russia"}}, 0),
        ("country", {"lead": {"country": "Canada"}}, 100),
        ("established", {"company": {"founded_year": 2025.0}}, 30),
        ("company_address", {"lead": {"email": "ana@gmail.com"}}, 20),
        ("voice_ai_fit", {"score": {"voice_ai_fit": 70}}, 70),
        ("speaks_of_voice", {"company": {"description": "A contact center with voice agents."}}, 85),
        ("uses_competitor", {"company": {"technologies": ("Genesys",)}}, 90),
        ("talks_with_visitors", {"company": {"web_functions": ()}}, 40),
        ("takes_orders", {"company": {"web_functions": ("transactions",)}}, 80),
    ],
)  # fmt: skip
def test_a_dimension_gives_points_for_what_is_known(name: str, known: dict[str, Any], points: int | None) -> None:
    found = card_of(facts(**known)).dimensions.get(name)
    assert (found.points if found else None) == points


def test_a_group_of_which_too_little_is_known_has_no_points() -> None:
    one_fact = card_of(facts(company={"funding_stage": "Series B"}))
    assert one_fact.groups == dict.fromkeys(GROUPS)
    assert set(one_fact.dimensions) == {"stage_of_funding", "facts_are_fresh"}


def test_a_groups_points_are_the_mean_of_its_known_dimensions_by_weight() -> None:
    card = card_of(facts(score={"voice_ai_fit": 40}, company={"technologies": ("Genesys",)}))
    assert card.groups["need"] == round((4 * 40 + 2 * 90) / 6)


ANYTHING = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
NUMBER_FIELDS = ("employees", "annual_revenue", "total_funding", "founded_year", "open_jobs", "headcount_growth")


@given(st.fixed_dictionaries(dict.fromkeys(NUMBER_FIELDS, ANYTHING)), st.text(max_size=40), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_whatever_is_known_points_are_0_to_100_and_every_one_says_why(
    numbers: dict[str, float | None], text: str, mails: int
) -> None:
    company = numbers | {"industry": text, "country": text, "description": text, "news": text, "technologies": (text,)}
    known: MemberFacts = facts(company=company, lead={"job_title": text or None}, mails={"sent": mails, "opened": 2})
    card = card_of(known)
    assert all(0 <= one.points <= 100 and one.why for one in card.dimensions.values())
    assert all(points is None or 0 <= points <= 100 for points in card.groups.values())


@pytest.mark.parametrize(
    ("thresholds", "missed"),
    [
        (Thresholds(), {}),
        (Thresholds(need=60), {}),
        (Thresholds(need=61), {"need": (60, 61)}),
        (Thresholds(timing=10), {"timing": (None, 10)}),
        (Thresholds(timing=10, unknown="pass"), {}),
        (Thresholds(score=51, need=80), {"need": (60, 80), "score": (50, 51)}),
    ],
)
def test_thresholds_are_missed_with_fewer_points_or_where_too_little_is_known(
    thresholds: Thresholds, missed: dict[str, Any]
) -> None:
    assert missed_of(thresholds, facts(score={"points": 50}, points={"need": 60, "timing": None})) == missed
