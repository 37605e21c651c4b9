"""What is stored about a member becomes facts of the right kind, or is not known."""

from datetime import datetime
from math import inf, nan
from typing import Any

import pytest

from campaigns.facts import FACTS, facts_of
from database.member_facts import Member
from tests.campaigns.members import facts
from tests.factories import DAY, NOON


def a_member(lead: dict[str, Any] | None = None, company: dict[str, Any] | None = None) -> Member:
    return Member("ana@acme.com", "acme.com", "crm", NOON, lead or {}, company or {}, None)


def read(name: str, **known: Any) -> Any:
    return next(fact for fact in FACTS if fact.name == name).read(facts(**known))


@pytest.mark.parametrize(
    ("field", "said", "known"),
    [
        ("employees", 50, 50.0), ("employees", "about 50", None), ("employees", True, None), ("employees", nan, None),
        ("employees", inf, None), ("industry", "  Real \n Estate ", "Real Estate"), ("industry", "  ", None),
        ("industry", 7, None), ("technologies", [" AWS ", "", 7], ("AWS",)), ("technologies", [], ()),
        ("technologies", "AWS", None), ("technologies", None, None),
    ],
)  # fmt: skip
def test_a_value_that_is_not_of_its_fields_kind_is_not_known(field: str, said: object, known: object) -> None:
    assert getattr(facts_of(a_member(company={field: said}), NOON).company, field) == known


def test_custom_fields_come_under_their_own_names_and_empty_ones_are_not_known() -> None:
    said = {"custom.plan": "gold", "custom.seats": 5, "custom.note": " ", "custom.rate": nan, "country": "Canada"}
    assert facts_of(a_member(said), NOON).custom == {"plan": "gold", "seats": 5}


@pytest.mark.parametrize(
    ("title", "seniority", "department"),
    [
        ("VP Customer Care", "vice president", "customer service"),
        ("Chief Operating Officer", "executive", "operations"),
        ("IT Director", "director", "information technology"),
        ("Accountant", "other", "finance and purchasing"),
        ("Astronaut", "other", "other"),
        (None, None, None),
    ],
)
def test_a_job_title_says_level_and_department(title: str | None, seniority: str, department: str) -> None:
    lead = {"job_title": title}
    assert (read("lead.seniority", lead=lead), read("lead.department", lead=lead)) == (seniority, department)


@pytest.mark.parametrize(
    ("email", "is_at_work"),
    [("ana@acme.com", True), ("ana@GMAIL.com", False), ("ana@yahoo.co.uk", False), ("ana", None), (None, None)],
)
def test_an_address_at_a_general_provider_is_none_at_work(email: str | None, is_at_work: bool | None) -> None:
    assert read("lead.has_company_address", lead={"email": email}) is is_at_work


def test_a_lead_without_calls_mails_or_score_has_none_and_nothing_is_known_of_them() -> None:
    told = {fact.name: fact.read(facts()) for fact in FACTS if fact.name.startswith(("call.", "mail.", "score."))}
    assert {name: value for name, value in told.items() if value is not None} == {
        "call.count": 0, "mail.sent": 0, "mail.opened": 0, "mail.clicked": 0, "mail.replied": 0,
        "mail.bounced": False, "mail.unsubscribed": False,
    }  # fmt: skip


def test_days_are_counted_up_to_the_moment_of_the_facts() -> None:
    assert read("call.days_since_last", calls={"last_at": NOON - 3 * DAY}) == 3.0
    assert read("mail.days_since_engaged", mails={"last_engaged_at": datetime(2026, 3, 19)}) == 0.0
