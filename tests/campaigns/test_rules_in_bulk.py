"""Rules over a table decide exactly as rules one by one, whatever the rules and whatever is known."""

from datetime import datetime
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.facts import Company, MemberFacts, Person
from campaigns.rules import decide, read_rules
from campaigns.rules_in_bulk import decide_all, table_of
from database.member_facts import Calls, Mails
from tests.campaigns.members import ENTERPRISE, STANDARD, a_score, book, facts, judged
from tests.factories import DAY, NOON

NUMBERS = st.sampled_from([None, nan, inf, -1.0, 0.0, 0.5, 10.0, 50.0, 1e12])
WORDS = ["", "a", "A", "straße", "STRASSE", "Söhne", "So\u0308hne", "ab ba", "İstanbul", "ﬁn", "日本", "a.b", "😀"]
SAID = st.sampled_from([word for word in WORDS if word])
TEXTS = st.one_of(st.none(), SAID)
LISTS = st.one_of(st.none(), st.lists(SAID, max_size=3).map(tuple))
MOMENTS = st.sampled_from(
    [NOON - 400 * DAY, NOON - 30 * DAY, NOON - 1.5 * DAY, NOON, NOON + 20 * DAY, datetime(1900, 1, 1)]
)
CUSTOM = st.dictionaries(
    st.sampled_from(["x", "y"]), st.sampled_from(["5", "5.0", "nan", "a", "2026-03-20", "1e999", 5.0, 0.5, "日本"])
)
PEOPLE = st.builds(Person, st.just("l"), TEXTS.map(lambda text: text or "crm"), MOMENTS, TEXTS, TEXTS, TEXTS, TEXTS)
COMPANIES = st.builds(
    Company, name=TEXTS, employees=NUMBERS, annual_revenue=NUMBERS, technologies=LISTS, web_functions=LISTS
)
CALLS = st.one_of(st.none(), st.builds(Calls, st.integers(1, 3), MOMENTS, NUMBERS, NUMBERS))
MAILS = st.builds(
    Mails, st.integers(0, 3), st.integers(0, 3), bounced=st.booleans(), last_engaged_at=st.one_of(st.none(), MOMENTS)
)
SCORES = st.one_of(
    st.none(), st.builds(a_score, points=st.integers(0, 100), voice_ai_fit=st.one_of(st.none(), st.integers(0, 100)))
)
MEMBERS = st.builds(
    MemberFacts, st.sampled_from([NOON, NOON + DAY]), PEOPLE, COMPANIES, SCORES, CALLS, MAILS, CUSTOM,
    st.dictionaries(st.sampled_from(["need", "timing"]), st.one_of(st.none(), st.integers(0, 100))),
)  # fmt: skip

A_NUMBER = st.sampled_from([-1, 0, 0.5, 5, 10, 50, 100, 1e12])
NUMBER_TESTS = st.one_of(
    *(A_NUMBER.map(lambda n, name=name: {name: n})
      for name in ("is", "is_not", "at_least", "at_most", "more_than", "less_than")),
    st.lists(A_NUMBER, min_size=1, max_size=3).flatmap(lambda some: st.sampled_from([{"in": some}, {"not_in": some}])),
    st.tuples(A_NUMBER, A_NUMBER).map(lambda pair: {"between": sorted(pair)}),
)  # fmt: skip
SOME_WORDS = st.lists(SAID, min_size=1, max_size=3)
SEARCHES = st.one_of(
    *(SAID.map(lambda word, name=name: {name: word}) for name in ("contains", "starts_with")),
    *(SOME_WORDS.map(lambda words, name=name: {name: words}) for name in ("contains_any", "contains_all")),
    st.sampled_from(["a", "^str", "s.+e$", "日", "(a|b)+", "\\bba"]).map(lambda pattern: {"matches": pattern}),
)
TEXT_TESTS = st.one_of(
    SEARCHES,
    *(SAID.map(lambda word, name=name: {name: word}) for name in ("is", "is_not")),
    *(SOME_WORDS.map(lambda words, name=name: {name: words}) for name in ("in", "not_in")),
)
DAYS = st.sampled_from([0, 1.5, 30, 400])
DATE_TESTS = st.one_of(
    st.sampled_from(["2025-01-01", "2026-03-18", "2026-03-20"]).flatmap(
        lambda day: st.sampled_from([{"before": day}, {"after": day}])
    ),
    DAYS.flatmap(lambda days: st.sampled_from([{"within_days": days}, {"older_than_days": days}])),
)
KNOWN = st.booleans().map(lambda wanted: {"known": wanted})


def about(names: list[str], tests: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(st.sampled_from(names), st.one_of(tests, KNOWN)).map(lambda both: {"fact": both[0], **both[1]})


LEAVES = st.one_of(
    about(["company.employees", "company.annual_revenue", "score.points", "score.voice_ai_fit", "need.points",
           "call.count", "call.days_since_last", "call.sentiment", "mail.opened"], NUMBER_TESTS),
    about(["lead.name", "lead.email", "lead.job_title", "lead.source", "company.name"], TEXT_TESTS),
    about(["company.technologies", "company.web_functions"], SEARCHES),
    about(["lead.known_at", "call.last_at", "mail.last_engaged_at"], DATE_TESTS),
    about(["mail.bounced", "lead.has_company_address"], st.booleans().map(lambda wanted: {"is": wanted})),
    about(["custom.x", "custom.y"], st.one_of(NUMBER_TESTS, TEXT_TESTS, DATE_TESTS)),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).flatmap(lambda some: st.sampled_from([{"all": some}, {"any": some}])),
        parts.map(lambda part: {"not": part}),
    ),
    max_leaves=8,
)
BOOKS = st.lists(TREES, min_size=1, max_size=4, unique_by=repr).map(
    lambda trees: book(
        *((f"rule {n}", ("qualify", "disqualify", "review")[n % 3], tree) for n, tree in enumerate(trees))
    )
)


@given(BOOKS, st.lists(MEMBERS, max_size=8))
@settings(max_examples=250, deadline=None)
def test_a_table_is_decided_like_its_members_one_by_one(rules: Any, members: list[MemberFacts]) -> None:
    together = decide_all(rules, table_of(rules, members))
    one_by_one = [(told.then, told.rule) for told in (decide(rules, member) for member in members)]
    assert list(zip(together.thens, together.rules, strict=True)) == one_by_one


@pytest.mark.parametrize("file", [STANDARD, ENTERPRISE])
def test_the_files_of_the_playbook_decide_the_same_both_ways(file: Any) -> None:
    rules = read_rules(file)
    members = [
        judged(facts(lead={"email": email, "job_title": title}, company={"employees": employees, "technologies": some},
                     score={"points": points, "confidence": 0.7}))
        for email in (None, "a@gmail.com", "a@acme.com") for title in (None, "CTO", "Clerk")
        for employees in (None, 5.0, 80.0, 5_000.0) for some in (None, ("Twilio",)) for points in (10, 40, 60)
    ]  # fmt: skip
    together = decide_all(rules, table_of(rules, members))
    assert together.rules == [decide(rules, one).rule for one in members]
