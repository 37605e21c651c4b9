"""What webhooks told of leads reaches the warehouse, however late it was worked off, and is not looked at for ever."""

from datetime import datetime
from json import dumps

import pytest

from database import inbox
from database.inbox import Name
from flows import ingest_calls
from flows.ingest_calls import take_delivered_leads
from scoring.arrivals import LEADS
from tests.dying import die
from tests.factories import DAY, HOUR, NOON

pytestmark = pytest.mark.usefixtures("home")


def worked_off(name: str, came: datetime, done: datetime) -> None:
    inbox.keep(Name(LEADS, name), dumps({"company_name": "Acme", "email": f"{name}@acme.com"}), {}, came)
    inbox.finish("w", [one.name for one in inbox.take("w", [LEADS], 1, done)], done)


def test_a_lead_that_was_worked_off_long_after_it_came_is_landed() -> None:
    worked_off("ana", NOON - DAY, NOON - DAY)
    assert take_delivered_leads.fn(NOON) == 1
    worked_off("bob", NOON - 20 * DAY, NOON + HOUR)
    assert take_delivered_leads.fn(NOON + DAY) == 1


def test_what_was_landed_days_ago_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_off("ana", NOON - 9 * DAY, NOON - 9 * DAY)
    assert [take_delivered_leads.fn(at) for at in (NOON, NOON)] == [1, 0]
    seen: list[int] = []
    take = ingest_calls.take_leads
    monkeypatch.setattr(ingest_calls, "take_leads", lambda leads, facts: seen.append(len(leads)) or take(leads, facts))
    worked_off("bob", NOON, NOON + HOUR)
    assert (take_delivered_leads.fn(NOON + 5 * DAY), seen) == (1, [1])


def test_a_run_that_dies_leaves_what_it_looked_at_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_off("ana", NOON - 9 * DAY, NOON - 9 * DAY)
    with monkeypatch.context() as killed:
        killed.setattr(ingest_calls, "take_leads", die)
        with pytest.raises(KeyboardInterrupt):
            take_delivered_leads.fn(NOON)
    assert take_delivered_leads.fn(NOON + 5 * DAY) == 1
