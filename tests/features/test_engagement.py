"""What went before a call, and who is on it."""

from math import log

import pytest

from features import engagement as e
from features.engagement import ENGAGEMENT
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
    assert [feature(stranger) for feature in ENGAGEMENT] == [None, None, None, None, None, 0.0, None, None]


def test_rates_become_log_odds() -> None:
    climate = a_snapshot(recent_progression_rate=0.2, long_progression_rate=0.5)
    assert e.recent_progression(climate) == pytest.approx(log(0.25))
    assert e.long_progression(climate) == 0.0
