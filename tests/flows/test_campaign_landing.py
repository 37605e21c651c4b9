"""Decisions of campaigns are logged where they are landed: each once, whoever is killed and whatever changes."""

import json
from datetime import datetime, timedelta

import pytest

from campaigns.dimensions import Thresholds
from campaigns.qualify import qualify
from database import decisions, outbox, sending
from database.campaign_landing import decisions_to_land
from database.decisions import Decided
from database.people import publish_companies
from database.sending import Attempt
from flows import campaign_landing
from flows.campaign_landing import land_campaigns
from ringback.clock import now
from ringback.errors import StoreError
from tests.campaigns.mailing import TUESDAY
from tests.campaigns.qualifying import RULES, some_members
from tests.database.test_outbox import take_all, written
from tests.dying import die
from tests.factories import DAY, NOON, company_facts
from warehouse.connect import reading, rows
from warehouse.decisions import LandedDecisions, decisions_folder, land_decisions, landing_folder

pytestmark = pytest.mark.usefixtures("home", "prefect")

LEAD = "lead0@c0.example"


def land(moment: datetime = NOON) -> int:
    return land_campaigns.fn(moment)["lead_decisions"]


def logged(done: LandedDecisions) -> tuple[int, int, int]:
    """Lines kept, repeated and set aside."""
    return done.kept, done.duplicates, done.rejected


def test_decisions_of_every_kind_are_logged_and_landed_once() -> None:
    some_members([80.0])
    qualify("spring", RULES, Thresholds(), NOON)
    decisions.keep(Decided(kind, "spring", LEAD, NOON, kind, {}, "x") for kind in ("routing", "stop", "graduation"))
    assert [land(), land(NOON + DAY)] == [4, 0]
    assert logged(land_decisions(now())) == (4, 0, 0)
    with reading() as warehouse:
        told = rows(
            warehouse, "SELECT log_type, method, entry FROM read_parquet($files) ORDER BY ALL",
            {"files": str(decisions_folder() / "day=*" / "*.parquet")},
        )  # fmt: skip
    assert [(one["log_type"], one["method"]) for one in told] == [
        ("nurture_decision", "graduation"), ("nurture_decision", "stop"), ("qualification_decision", "big"),
        ("routing_decision", "routing"),
    ]  # fmt: skip
    assert {json.loads(one["entry"])["lead_identifier"]["company"] for one in told} == {"Company 0"}
    assert not [one for one in told if "@" in one["entry"]]


@pytest.mark.parametrize("killed_at", ["_log", "mark_decisions"])
def test_a_run_that_is_killed_is_made_good_by_the_next_though_the_name_changed(
    killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_members([80.0])
    qualify("spring", RULES, Thresholds(), NOON)

    with monkeypatch.context() as ended:
        ended.setattr(campaign_landing, killed_at, die)
        with pytest.raises(KeyboardInterrupt):
            land()
    publish_companies([company_facts("c0.example", name="Renamed", known_at=NOON + DAY)])
    land(NOON + DAY)
    assert logged(land_decisions(now())) == (1, 1 if killed_at == "mark_decisions" else 0, 0)
    assert decisions_to_land(NOON + DAY, 9) == []


def test_what_cannot_be_logged_is_not_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    some_members([80.0])
    qualify("spring", RULES, Thresholds(), NOON)
    landing_folder().parent.mkdir(parents=True, exist_ok=True)
    landing_folder().write_text("no folder")
    monkeypatch.setattr(campaign_landing, "LOGGED_WITHIN_SECONDS", 0.1)
    with pytest.raises(StoreError, match="cannot be logged"):
        land()
    assert len(decisions_to_land(NOON, 9)) == 1


def test_a_mail_that_is_settled_after_its_doubt_is_landed_as_sent_too() -> None:
    written("ana", "bob")
    held = outbox.take("w", TUESDAY, 2, take_all).messages
    outbox.give_up(TUESDAY + timedelta(hours=1))
    assert mails_landed(TUESDAY + DAY) == [("ana@acme.com", "in_doubt"), ("bob@acme.com", "in_doubt")]
    sending.settle([Attempt(held[0].message_id, 1, TUESDAY + DAY, "w", "accepted")])
    assert mails_landed(TUESDAY + 2 * DAY)[:2] == [("ana@acme.com", "in_doubt"), ("ana@acme.com", "sent")]
    with reading() as warehouse:
        sent = [rows(warehouse, "SELECT lead_id FROM mails_as_of($moment)", {"moment": TUESDAY + days * DAY})
                for days in (1, 2)]  # fmt: skip
    assert sent == [[], [{"lead_id": "ana@acme.com"}]]
    assert land_campaigns.fn(TUESDAY + 3 * DAY)["sent_mails"] == 0


def mails_landed(moment: datetime) -> list[tuple[str, str]]:
    land_campaigns.fn(moment)
    with reading() as warehouse:
        found = rows(warehouse, "SELECT lead_id, state FROM sent_mails ORDER BY lead_id, state")
    return [(row["lead_id"], row["state"]) for row in found]
