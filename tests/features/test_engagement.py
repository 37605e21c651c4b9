"""What went before a call, and who is on it."""

from math import log

import pytest

from features import engagement as e
from features.engagement import ENGAGEMENT, MAILS
from tests.factories import a_snapshot, company_facts


@pytest.mark.parametrize(
    ("job_title", "level"),
    [
        ("CTO", "executive"), ("Chief Revenue Officer", "executive"), ("Founder & CEO", "executive"),
        ("President", "executive"), ("Vice President of Sales", "vice president"), ("VP Sales", "vice president"),
        ("Senior Vice President", "vice president"), ("Head of Support", "vice president"), ("IT Director", "director"),
        ("Product Manager", "manager"), ("Team Lead", "manager"), ("Engineer", "other"), ("", None), (None, None),
    ],
)  # fmt: skip
def test_seniority_is_read_from_the_job_title(job_title: str | None, level: str | None) -> None:
    assert e.seniority(a_snapshot(job_title=job_title)) == level


def test_history_with_a_company_counts() -> None:
    again = a_snapshot(
        company=company_facts(), earlier_calls=3, earlier_progressed=1, days_since_earlier_call=7.0, attendees=4
    )
    features = (e.earlier_calls, e.earlier_progressed, e.days_since_earlier_call, e.attendees, e.knows_company)
    assert [feature(again) for feature in features] == [3.0, 1.0, 7.0, 4.0, 1.0]


def test_without_a_company_there_is_no_history_to_know() -> None:
    stranger = a_snapshot()
    known = {feature.__name__: feature(stranger) for feature in ENGAGEMENT}
    assert {name: value for name, value in known.items() if value is not None} == {"knows_company": 0.0}


def test_mails_count_where_the_lead_was_sent_any() -> None:
    mailed = a_snapshot(mails_sent=3, mails_clicked=2, mails_replied=1, days_since_mail_reaction=4.5)
    assert [feature(mailed) for feature in MAILS] == [3.0, 2.0, 1.0, 4.5]


def test_a_lead_that_left_its_mails_alone_is_known_to_have_answered_none() -> None:
    assert [feature(a_snapshot(mails_sent=2)) for feature in MAILS] == [2.0, 0.0, 0.0, None]


def test_rates_become_log_odds() -> None:
    climate = a_snapshot(recent_progression_rate=0.2, long_progression_rate=0.5)
    assert e.recent_progression(climate) == pytest.approx(log(0.25))
    assert e.long_progression(climate) == 0.0
