"""Rules decide in order, say by which values, and do not decide on what is not known."""

from typing import Any

import pytest

from campaigns.facts import MemberFacts
from campaigns.rules import NO, UNKNOWN, YES, decide, read_rules
from tests.campaigns.members import ENTERPRISE, STANDARD, book, facts, judged
from tests.factories import DAY, NOON

BIG = {"fact": "company.employees", "at_least": 50}
RUSSIAN = {"fact": "lead.country", "is": "Russia"}
SOFTWARE = {"fact": "company.industry", "is": "software"}


def holds(when: dict[str, Any], known: MemberFacts) -> int:
    return decide(book(("one", "qualify", when)), known).tried[0].holds


KNOWN: dict[str, Any] = {
    "lead": {"email": "ana@acme.com", "country": "Germany"},
    "company": {"name": "Straße & Söhne", "employees": 50.0, "technologies": ("Salesforce Cloud", "React"),
                "industry": "Software"},
    "custom": {"seats": "12", "plan": "Gold", "renewal date": "2026-04-10"},
    "calls": {"last_at": NOON - 10 * DAY},
}  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "comparison", "operand", "state"),
    [
        ("company.employees", "is", 50, YES), ("company.employees", "is_not", 50, NO),
        ("company.employees", "in", [40, 50], YES), ("company.employees", "not_in", [40, 50], NO),
        ("company.employees", "at_least", 50, YES), ("company.employees", "at_most", 49, NO),
        ("company.employees", "more_than", 50, NO), ("company.employees", "less_than", 50.5, YES),
        ("company.employees", "between", [50, 60], YES), ("company.employees", "between", [10, 49.9], NO),
        ("company.annual_revenue", "at_least", 1, UNKNOWN), ("company.annual_revenue", "is_not", 1, UNKNOWN),
        ("company.annual_revenue", "known", False, YES), ("company.annual_revenue", "known", True, NO),
        ("company.employees", "known", True, YES),
        ("company.name", "is", "STRASSE & SÖHNE", YES), ("company.name", "is", "Strasse & So\u0308hne", YES),
        ("company.name", "contains", "söhne", YES), ("company.name", "starts_with", "strasse", YES),
        ("company.name", "contains_any", ["x", "&"], YES), ("company.name", "contains_all", ["x", "&"], NO),
        ("company.name", "matches", "^str.*ne$", YES), ("company.name", "not_in", ["acme"], YES),
        ("company.technologies", "contains", "salesforce", YES), ("company.technologies", "contains", "reac", NO),
        ("company.technologies", "contains_all", ["react", "cloud"], YES),
        ("company.technologies", "contains_all", ["react", "aws"], NO),
        ("company.technologies", "starts_with", "sales", YES), ("company.technologies", "matches", "^rea", YES),
        ("company.web_functions", "contains", "ai", UNKNOWN),
        ("lead.has_company_address", "is", True, YES), ("lead.has_company_address", "is_not", True, NO),
        ("call.last_at", "before", "2026-03-08", NO), ("call.last_at", "before", "2026-03-09", YES),
        ("call.last_at", "after", "2026-03-08", NO), ("call.last_at", "after", "2026-03-07", YES),
        ("call.last_at", "within_days", 10, YES), ("call.last_at", "older_than_days", 10, NO),
        ("call.last_at", "older_than_days", 9.5, YES),
        ("custom.seats", "at_least", 12, YES), ("custom.seats", "is", "12", YES),
        ("custom.plan", "at_least", 1, UNKNOWN),
        ("custom.plan", "in", ["gold", "silver"], YES), ("custom.renewal date", "within_days", 30, YES),
        ("custom.renewal date", "after", "2026-04-10", NO), ("custom.plan", "before", "2026-04-10", UNKNOWN),
        ("custom.nothing", "known", True, NO), ("custom.plan", "known", True, YES),
    ],
)  # fmt: skip
def test_a_comparison_holds_or_not_or_is_unknown(fact: str, comparison: str, operand: object, state: int) -> None:
    assert holds({"fact": fact, comparison: operand}, facts(**KNOWN)) == state


@pytest.mark.parametrize(
    ("when", "state"),
    [
        ({"all": [BIG, SOFTWARE]}, UNKNOWN), ({"all": [BIG, SOFTWARE, RUSSIAN]}, NO), ({"any": [BIG, SOFTWARE]}, YES),
        ({"any": [RUSSIAN, SOFTWARE]}, UNKNOWN), ({"any": [RUSSIAN]}, NO), ({"not": RUSSIAN}, YES),
        ({"not": SOFTWARE}, UNKNOWN), ({"not": {"all": [SOFTWARE, RUSSIAN]}}, YES),
        ({"all": [BIG, {"not": {"any": [RUSSIAN, {"not": BIG}]}}]}, YES),
    ],
)  # fmt: skip
def test_what_is_not_known_is_carried_through_all_any_and_not(when: dict[str, Any], state: int) -> None:
    assert holds(when, facts(lead={"country": "Canada"}, company={"employees": 80.0})) == state


def test_the_first_rule_that_holds_decides_and_the_decision_says_by_which_values() -> None:
    rules = book(
        ("russian", "disqualify", RUSSIAN), ("software", "qualify", {"all": [SOFTWARE, BIG]}), ("big", "review", BIG)
    )
    decided = decide(rules, facts(lead={"country": "Canada"}, company={"employees": 80.0}))
    assert (decided.then, decided.rule) == ("review", "big")
    assert [one.as_json() for one in decided.tried] == [
        {"rule": "russian", "holds": False,
         "by": [{"fact": "lead.country", "value": "Canada", "is": "is Russia", "holds": False}]},
        {"rule": "software", "holds": None,
         "by": [{"fact": "company.industry", "value": None, "is": "is software", "holds": None}]},
        {"rule": "big", "holds": True,
         "by": [{"fact": "company.employees", "value": 80, "is": "at least 50", "holds": True}]},
    ]  # fmt: skip


def test_a_rule_whose_condition_is_unknown_does_not_decide() -> None:
    decided = decide(book(("software", "disqualify", SOFTWARE), otherwise="qualify"), facts())
    assert (decided.then, decided.rule, decided.because) == ("qualify", "otherwise", "No rule holds.")


def test_a_rule_without_a_condition_decides_about_all_that_are_left() -> None:
    assert decide(book(("the rest", "disqualify", None)), facts()).rule == "the rest"


def test_no_pattern_takes_long_whatever_the_text() -> None:
    evil = {"fact": "company.description", "matches": "(a+)+(b|a)*c$"}
    assert holds(evil, facts(company={"description": "a" * 100_000 + "!"})) == NO


@pytest.mark.parametrize(
    ("known", "outcome", "rule"),
    [
        ({}, "disqualify", "cannot be reached"),
        ({"lead": {"email": "a@acme.com"}}, "review", "otherwise"),
        ({"lead": {"email": "a@acme.com"}, "mails": {"unsubscribed": True, "replied": 1}}, "disqualify",
         "wants no mails"),
        ({"lead": {"email": "a@acme.com"}, "mails": {"sent": 1, "replied": 1}}, "qualify", "answered"),
        ({"lead": {"email": "a@gmail.com"}}, "disqualify", "private address"),
        ({"lead": {"email": "a@acme.com"}, "company": {"employees": 4.0}}, "disqualify", "very small"),
        ({"lead": {"email": "a@acme.com"}, "company": {"country": "Belarus"}}, "disqualify", "not served"),
        ({"lead": {"email": "a@acme.com"}, "score": {"points": 55, "confidence": 0.7}}, "qualify", "the score says so"),
        ({"lead": {"email": "a@acme.com"}, "score": {"points": 20}}, "disqualify", "the score says no"),
        ({"lead": {"email": "a@acme.com", "job_title": "CTO"}, "company": {"technologies": ("Genesys",)}}, "qualify",
         "uses a competitor"),
    ],
)  # fmt: skip
def test_the_standard_rules_decide_as_a_salesperson_would(known: dict[str, Any], outcome: str, rule: str) -> None:
    decided = decide(read_rules(STANDARD), judged(facts(**known)))
    assert (decided.then, decided.rule) == (outcome, rule)


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({}, "review"),
        ({"custom": {"renewal date": "2026-06-01"}}, "qualify"),
        ({"company": {"employees": 300.0, "annual_revenue": 5e9}}, "review"),
        ({"company": {"employees": 300.0}}, "disqualify"),
        ({"calls": {"last_at": NOON - 5 * DAY, "sentiment": -0.6}}, "review"),
        ({"calls": {"last_at": NOON - 5 * DAY}}, "qualify"),
        ({"lead": {"job_title": "Clerk"}}, "disqualify"),
    ],
)
def test_the_enterprise_rules_leave_what_is_not_known_to_people(known: dict[str, Any], outcome: str) -> None:
    assert decide(read_rules(ENTERPRISE), judged(facts(**known))).then == outcome


def test_only_the_bytes_of_a_file_make_its_hash() -> None:
    assert read_rules(STANDARD).hash == read_rules(STANDARD).hash != read_rules(ENTERPRISE).hash
