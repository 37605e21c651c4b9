"""The CRM's exports hold what the CRM knows by then, and are proper CSV."""

import csv
from datetime import datetime, timedelta
from io import StringIO

import httpx
import pytest

from sandbox.crm import LEADS, OUTCOMES, iso, leads_csv, outcomes_csv
from sandbox.server import CRM_KEY, SandboxServer
from sandbox.world import BOLD, World

NOW = datetime(2026, 2, 16, 12)


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, calls_per_week=80)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


@pytest.mark.parametrize(("name", "header"), [("leads.csv", LEADS), ("outcomes.csv", OUTCOMES)])
def test_exports_need_the_key_and_have_their_header(sandbox: SandboxServer, name: str, header: tuple[str, ...]) -> None:
    url = f"{sandbox.url}/crm/{name}"
    assert httpx.get(url).status_code == 401
    reply = httpx.get(url, headers={"Authorization": f"Bearer {CRM_KEY}"})
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert tuple(next(csv.reader(StringIO(reply.text)))) == header


def test_everybody_on_a_call_is_a_lead_created_before_it(world: World) -> None:
    created = {row["Record ID"]: row["Create Date"] for row in rows(leads_csv(world, NOW))}
    assert max(created.values()) <= iso(NOW)
    for meeting in world.meetings(NOW):
        assert all(created[person.person_id] < iso(meeting.started_at) for person in meeting.people)


def test_leads_are_known_before_their_first_call(world: World) -> None:
    known = {row["Record ID"] for row in rows(leads_csv(world, world.start))}
    assert known
    assert not world.meetings(world.start)


def test_about_8_percent_of_company_values_are_missing_until_somebody_fills_them(world: World) -> None:
    leads = rows(leads_csv(world, NOW))
    missing = sum(row[column] == "" for row in leads for column in ("Industry", "Annual Revenue", "Open Jobs"))
    assert 0.05 < missing / (3 * len(leads)) < 0.10
    before, after = (
        {row["Record ID"]: row for row in rows(leads_csv(world, when))} for when in (NOW - timedelta(days=20), NOW)
    )
    filled = [key for key, row in before.items() if row != after[key]]
    assert filled
    assert all(before[key]["Last Modified Date"] < after[key]["Last Modified Date"] for key in filled)


def test_hard_names_survive_the_csv(world: World) -> None:
    names = {row["Company name"] for row in rows(leads_csv(world, NOW + timedelta(weeks=20)))}
    assert BOLD in names
    assert any("," in name for name in names)


def test_outcomes_are_open_until_decided(world: World) -> None:
    by_meeting = {row["Meeting ID"]: row for row in rows(outcomes_csv(world, NOW))}
    for meeting in world.meetings(NOW):
        outcome, row = meeting.outcome, by_meeting.get(meeting.meeting_id)
        if outcome.created_at > NOW:
            assert row is None
        elif outcome.decided_at is None or outcome.decided_at > NOW:
            assert row is not None
            assert (row["Deal Stage"], row["Voice AI Fit"]) == ("Open", "")
        else:
            assert row is not None
            progressed = row["Deal Stage"] in ("Moved to evaluation", "Closed Won")
            shown = (progressed, row["Voice AI Fit"], row["Stage Date"])
            assert shown == (outcome.progressed, str(outcome.voice_ai).lower(), iso(outcome.decided_at))
