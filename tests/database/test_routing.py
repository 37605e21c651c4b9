"""Enrolling is fair and exclusive, whoever does it at the same time, and says why a lead is left out."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from database.campaign_models import Enrolment, Suppression
from database.campaigns import change
from database.decisions import decisions_about
from database.routing import Routed, enrolment_id_of
from database.session import reading, writing
from ringback.settings import CHECKOUT
from tests.campaigns.enrolling import CAPACITIES, a_campaign, enrol, wanted
from tests.factories import NOON


@pytest.fixture(autouse=True)
def _in_a_home(home: Path) -> None:
    """Every test has stores of its own."""


def owners() -> dict[str, int]:
    asked = select(Enrolment.owner, func.count()).where(Enrolment.ended_at.is_(None)).group_by(Enrolment.owner)
    with reading() as connection:
        return dict(connection.execute(asked).tuples().all())


def end(lead_id: str, ended_as: str, days_ago: int) -> None:
    ended = update(Enrolment).where(Enrolment.lead_id == lead_id)
    with writing() as connection:
        connection.execute(ended.values(ended_at=NOON - timedelta(days=days_ago), ended_as=ended_as))


def test_a_lead_is_enrolled_with_an_owner_and_the_decision_says_of_whom() -> None:
    a_campaign(leads=["one@acme.example"])
    assert enrol("spring", wanted("one@acme.example")) == [Routed("one@acme.example", "ana@us.example")]
    (decided,) = decisions_about("one@acme.example")
    assert (decided.kind, decided.outcome) == ("routing", "intro / ana@us.example")
    assert decided.because == {"sequence": "intro", "owner": "ana@us.example", "of": sorted(CAPACITIES)}


def test_who_is_on_the_way_is_in_no_second_campaign() -> None:
    a_campaign(leads=["one@acme.example"])
    a_campaign("summer", leads=["one@acme.example"])
    enrol("spring", wanted("one@acme.example"))
    for campaign in ("summer", "spring"):
        assert enrol(campaign, wanted("one@acme.example"))[0].why_not == "is on its way in campaign spring"
    assert sum(owners().values()) == 1


@pytest.mark.parametrize(
    ("ended_as", "days_ago", "why_not"),
    [
        ("finished", 29, "rests after campaign spring"),
        ("finished", 31, ""),
        ("unsubscribed", 400, "left campaign spring for good: unsubscribed"),
    ],
)
def test_who_left_rests_or_stays_away(ended_as: str, days_ago: int, why_not: str) -> None:
    a_campaign(leads=["one@acme.example"])
    a_campaign("summer", leads=["one@acme.example"])
    enrol("spring", wanted("one@acme.example"))
    end("one@acme.example", ended_as, days_ago)
    assert enrol("summer", wanted("one@acme.example"))[0].why_not == why_not


def test_a_suppressed_or_missing_address_is_not_enrolled() -> None:
    a_campaign(leads=["One@acme.example", "name:two"])
    with writing() as connection:
        connection.execute(insert(Suppression).values(
            address="one@acme.example", reason="bounced", since=NOON, source="test"
        ))  # fmt: skip
        from database.models import Lead

        connection.execute(update(Lead).where(Lead.lead_id == "name:two").values(email=None))
    routed = enrol("spring", wanted("One@acme.example"), wanted("name:two"))
    assert [one.why_not for one in routed] == [
        "its address is suppressed: bounced", "no e-mail address is known"
    ]  # fmt: skip


def test_a_full_owner_gets_nobody_and_a_person_s_choice_gets_through() -> None:
    leads = [f"lead{number}@acme.example" for number in range(4)]
    a_campaign(leads=leads)
    one = {"ana@us.example": 2}
    routed = enrol("spring", *(wanted(lead, one) for lead in leads[:3]), wanted(leads[3], one, is_forced=True))
    assert [bool(lead.owner) for lead in routed] == [True, True, False, True]
    assert routed[2].why_not == "nobody who fits has room"


def test_a_paused_campaign_enrols_nobody() -> None:
    a_campaign(leads=["one@acme.example"])
    change("spring", {"state": "paused"}, NOON)
    assert enrol("spring", wanted("one@acme.example"))[0].why_not == "the campaign is not active"
    change("spring", {"state": "active"}, NOON)
    assert enrol("spring", wanted("one@acme.example"))[0].owner == "ana@us.example"


def test_the_same_reason_is_noted_once() -> None:
    a_campaign(leads=["one@acme.example"])
    for _ in range(3):
        enrol("spring", wanted("one@acme.example", {}))
    assert len(decisions_about("one@acme.example")) == 1


def test_processes_that_enrol_at_once_share_fairly_and_enrol_each_lead_once(home: Path) -> None:
    leads = [f"lead{number}@acme.example" for number in range(60)]
    a_campaign(leads=leads)
    a_campaign("summer", leads=leads)
    parts = [("spring", "0", "40"), ("summer", "20", "60"), ("spring", "10", "60")]
    environment = os.environ | {"RINGBACK_HOME": str(home)}
    processes = [
        subprocess.Popen([sys.executable, "-m", "tests.campaigns.enrolling", *part], cwd=CHECKOUT, env=environment)
        for part in parts
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert owners() == {"ana@us.example": 30, "ben@us.example": 20, "cem@us.example": 10}


def test_an_enrolment_is_known_by_campaign_lead_and_sequence() -> None:
    assert enrolment_id_of("a", "b", "c") == enrolment_id_of("a", "b", "c") != enrolment_id_of("a", "b", "d")
