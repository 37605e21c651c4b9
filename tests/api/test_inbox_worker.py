"""What is done about deliveries once they are acknowledged, whoever dies meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from json import dumps
from typing import Any

import pytest

from api.inbox_worker import InboxWorker, tell_prefect
from database import inbox, incidents, people
from database.campaign_models import Message as Row
from database.campaign_performance import by_template
from database.engagement import Engagement, events_of, keep_events
from database.inbox import LEASE, MOST_ATTEMPTS, Name
from database.session import insert_new, writing
from ringback.errors import VendorUnavailable
from scoring.lead import LeadRequest
from tests.campaigns.events import a_message
from tests.factories import DAY, HOUR, NOON
from tests.vendors.scripted import Answer, a_server

pytestmark = pytest.mark.usefixtures("home")
MINUTE = timedelta(minutes=1)
ANA = {
    "company_name": "Acme", "domain": "acme.com", "email": "Ana@acme.com", "name": "Ana Lima", "employees": "50-100",
    "call_notes": "pricing", "region": "EMEA",
}  # fmt: skip


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


class Office:
    """A worker with what it does noted down, on a clock of the test's."""

    def __init__(self, scores: bool = True, failure: Exception | None = None) -> None:
        self.clock, self.failure = Clock(), failure
        self.scored: list[dict[str, Any]] = []
        self.came: list[datetime] = []
        self.told: list[datetime] = []
        self.worker = InboxWorker(self._score if scores else None, self.clock, self._tell)

    def _score(self, lead: dict[str, Any], came: datetime) -> None:
        if self.failure:
            raise self.failure
        self.scored.append(lead)
        self.came.append(came)

    def _tell(self, at: datetime) -> None:
        if self.failure:
            raise self.failure
        self.told.append(at)


def deliver(source: str, delivery_id: str, content: object, at: datetime = NOON) -> None:
    inbox.keep(Name(source, delivery_id), dumps(content), {}, at)


def test_a_delivered_lead_is_kept_with_its_company_and_scored_with_all_that_was_said() -> None:
    office = Office()
    deliver("leads", "1", {"leads": [ANA]})
    assert office.worker.work() == 1
    lead = people.leads_by_id(["ana@acme.com"])["ana@acme.com"]
    company = people.companies_by_id(["acme.com"])["acme.com"]
    assert (lead.known["name"], lead.known["custom.region"], lead.company_id) == ("Ana Lima", "EMEA", "acme.com")
    assert (company.name, company.known["employees"]) == ("Acme", 75.0)
    asked = LeadRequest.model_validate(office.scored[0])
    assert (asked.lead_id, asked.call_notes, asked.__pydantic_extra__) == (
        "ana@acme.com",
        "pricing",
        {"region": "EMEA"},
    )
    assert (office.worker.work(), inbox.backlog()) == (0, {"done": 1})


def test_a_lead_that_is_known_already_is_scored_under_the_id_it_is_kept_under() -> None:
    office = Office()
    deliver("leads", "1", ANA | {"linkedin_url": "https://www.linkedin.com/in/ana-lima"})
    deliver("leads", "2", {"company_name": "Acme", "name": "Ana Lima", "domain": "acme.com", "id": "7",
                           "linkedin_url": "https://www.linkedin.com/in/ana-lima"})  # fmt: skip
    office.worker.work()
    assert [lead["lead_id"] for lead in office.scored] == ["ana@acme.com", "ana@acme.com"]


def test_where_nobody_can_score_leads_wait() -> None:
    deliver("leads", "1", ANA)
    assert Office(scores=False).worker.work() == 0
    assert Office().worker.work() == 1


def test_what_fails_is_tried_again_and_in_the_end_given_up_and_said_once() -> None:
    office = Office(failure=RuntimeError("no model"))
    for number in range(2):
        deliver("leads", str(number), ANA)
    for _ in range(MOST_ATTEMPTS):
        assert office.worker.work() == 2
        office.clock.at += DAY
    assert office.worker.work() == 0
    assert {letter.failed_because for letter in inbox.dead_letters()} == {"RuntimeError: no model"}
    assert [(one.kind, one.subject) for one in incidents.open_incidents()] == [("dead_letter", "inbox leads")]
    assert list(people.leads_by_id(["ana@acme.com"])) == ["ana@acme.com"]


def test_one_delivery_that_fails_keeps_no_other_waiting() -> None:
    office = Office(failure=RuntimeError("no model"))
    deliver("leads", "1", ANA)
    deliver("sendgrid", "1", [{"email": "a@x.test", "event": "open", "timestamp": 1600112492, "sg_event_id": "e1"}])
    office.worker.work()
    assert [one.kind for one in events_of("a@x.test")] == ["opened"]
    assert inbox.backlog() == {"waiting": 1, "done": 1}


def test_a_mail_that_the_server_refused_came_back_without_having_been_sent() -> None:
    refused = a_message(message_id="m1@ours", recipient="ana@acme.com", state="failed", taken_at=NOON)
    with writing() as connection:
        insert_new(connection, Row, [asdict(refused)])
    keep_events([Engagement("smtp:m1@ours:bounced", "smtp", "bounced", "ana@acme.com", NOON, NOON, "m1@ours")])
    (told,) = by_template("c1")
    assert (told.sent, told.bounced, told.opened) == (0, 1, 0)


def test_what_a_provider_tells_under_its_own_name_of_a_mail_counts_for_that_mail() -> None:
    mail = a_message(recipient="ana@acme.com", state="sent", taken_at=NOON, sent_at=NOON)
    with writing() as connection:
        insert_new(connection, Row, [asdict(mail)])
    moment = f"{NOON + HOUR:%Y-%m-%dT%H:%M:%SZ}"
    deliver("postmark", "1", {"RecordType": "Bounce", "ID": 4, "Type": "HardBounce", "Email": "ana@acme.com",
                              "MessageID": "883953f4-6105", "BouncedAt": moment}, NOON + DAY)  # fmt: skip
    deliver("postmark", "2", {"FromFull": {"Email": "ana@acme.com"}, "MessageID": "in-1", "Headers": [],
                              "Date": "Wed, 18 Mar 2026 13:00:00 +0000"}, NOON + DAY)  # fmt: skip
    deliver("resend", "3", {"type": "email.clicked", "created_at": moment,
                            "data": {"email_id": "56761188-7520", "to": ["ana@acme.com"]}}, NOON + DAY)  # fmt: skip
    Office().worker.work()
    (told,) = by_template("c1")
    assert (told.sent, told.bounced, told.replied, told.clicked) == (1, 1, 1, 1)


def test_what_a_dead_worker_held_is_done_by_another_without_doing_it_twice() -> None:
    deliver("leads", "1", ANA)
    inbox.take("the dead one", ["leads"], 10, NOON)
    office = Office()
    assert office.worker.work() == 0
    office.clock.at += LEASE
    assert office.worker.work() == 1
    assert len(office.scored) == 1


def test_prefect_is_told_of_calls_at_most_once_a_minute_by_all_processes_together() -> None:
    one, other = Office(), Office()
    for half in range(4):
        at = NOON + half * MINUTE / 2
        for number in range(3):
            deliver("fellow", f"{half}.{number}", {}, at)
            for office in (one, other):
                office.clock.at = at
                office.worker.work()
        inbox.finish_waiting("fellow", at + MINUTE, at)
    assert sorted(one.told + other.told) == [NOON, NOON + MINUTE]


def test_while_the_ingest_has_not_done_what_it_was_told_of_it_is_not_told_of_more() -> None:
    office = Office()
    for minute in range(10):
        office.clock.at = NOON + minute * MINUTE
        deliver("fellow", str(minute), {}, office.clock.at)
        office.worker.work()
    inbox.finish_waiting("fellow", NOON + MINUTE / 2, office.clock.at)
    for _ in range(3):
        office.clock.at += MINUTE
        office.worker.work()
    assert [(at - NOON) // MINUTE for at in office.told] == [0, 10]


def test_fellow_s_deliveries_wait_until_a_run_has_read_everything_and_prefect_is_told_again_if_none_does() -> None:
    office = Office()
    deliver("fellow", "1", {})
    office.worker.work()
    assert (office.told, inbox.backlog()) == ([NOON], {"waiting": 1})
    office.clock.at += timedelta(minutes=15)
    office.worker.work()
    assert len(office.told) == 2
    assert inbox.finish_waiting("fellow", office.clock.at, office.clock.at) == 1
    office.clock.at += DAY
    assert office.worker.work() == 0


def test_while_prefect_is_away_the_delivery_waits_however_long_it_takes() -> None:
    office = Office(failure=VendorUnavailable("Prefect did not take an event"))
    deliver("fellow", "1", {})
    for _ in range(3 * MOST_ATTEMPTS):
        assert office.worker.work() == 1
        office.clock.at += MINUTE
    office.failure = None
    assert (office.worker.work(), len(office.told)) == (1, 1)


def test_past_budgets_and_old_deliveries_are_forgotten() -> None:
    from database import keys

    office = Office()
    keys.take_share("a", NOON, 1, 10)
    deliver("leads", "1", ANA)
    office.worker.work()
    office.clock.at += 31 * DAY
    office.worker.work()
    assert (keys.take_share("a", NOON, 10, 10).granted, inbox.backlog()) == (10, {})


@pytest.mark.parametrize("is_called", [True, False])
def test_a_worker_in_a_running_process_takes_up_what_came_in_and_stops_when_it_is_told(
    is_called: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.inbox_worker.LOOK_AGAIN_SECONDS", 5.0 if is_called else 0.05)
    office = Office()

    async def serve() -> None:
        office.worker.start()
        await asyncio.sleep(0.05)
        deliver("leads", "1", ANA)
        if is_called:
            office.worker.call()
        async with asyncio.timeout(4):
            while not office.scored:
                await asyncio.sleep(0.01)
        await office.worker.stop()

    asyncio.run(serve())
    assert inbox.backlog() == {"done": 1}


def test_prefect_is_told_in_its_own_form_and_its_silence_is_an_error_of_its_own(
    configured: Callable[..., None],
) -> None:
    from prefect.events import Event

    with a_server(Answer(204, "")) as server:
        configured(prefect_url=server.url)
        tell_prefect(NOON)
    request = server.received[0]
    event = Event.model_validate(request.json[0])
    assert (request.method, request.path, event.event) == ("POST", "/api/events", "call.delivered")
    assert (event.resource.id, event.occurred.isoformat()) == ("ringback.vendor.fellow", "2026-03-18T12:00:00+00:00")
    with pytest.raises(VendorUnavailable, match="is 'ringback up' running"):
        tell_prefect(NOON)


def test_one_lead_that_cannot_be_scored_sinks_no_other_and_is_kept_with_its_reason() -> None:
    office = Office()
    score = office._score

    def score_all_but_bo(lead: dict[str, Any], came: datetime) -> None:
        if lead.get("email") == "bo@acme.com":
            raise ValueError("words that nobody can read")
        score(lead, came)

    office.worker._score_lead = score_all_but_bo
    others = [ANA | {"email": f"{name}@acme.com"} for name in ("bo", "cy")]
    deliver("leads", "1", [ANA, *others, {"company_name": "Acme", "name": "Di"}])
    for _ in range(1 + MOST_ATTEMPTS):
        office.worker.work()
        office.clock.at += DAY
    assert [lead["lead_id"] for lead in office.scored] == ["ana@acme.com", "cy@acme.com", "contact:webhook:1:3"]
    assert office.came == [NOON] * 3  # whenever it is done, it is the same score of the same delivery
    assert inbox.backlog() == {"done": 1, "dead": 1}
    (letter,) = inbox.dead_letters()
    assert (letter.name.delivery_id, letter.failed_because) == ("1:1", "ValueError: words that nobody can read")
    office.worker._score_lead = score
    inbox.requeue([letter.name])
    office.worker.work()
    assert (office.scored[-1]["lead_id"], office.scored[-1]["region"]) == ("bo@acme.com", "EMEA")


def test_leads_that_cannot_be_kept_together_are_kept_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    office, publish = Office(), people.publish_leads

    def publish_all_but_bo(leads: list[Any]) -> Any:
        if any(lead.email == "bo@acme.com" for lead in leads):
            raise ValueError("no such lead")
        return publish(leads)

    monkeypatch.setattr(people, "publish_leads", publish_all_but_bo)
    deliver("leads", "1", [ANA, ANA | {"email": "bo@acme.com"}])
    office.worker.work()
    assert ([lead["lead_id"] for lead in office.scored], inbox.backlog()) == (
        ["ana@acme.com"], {"done": 1, "waiting": 1},
    )  # fmt: skip


def test_a_lead_whose_sender_calls_it_by_a_very_long_name_is_kept_and_scored_under_a_shorter_one() -> None:
    office = Office()
    for end in "ab":
        deliver("leads", end, {"company_name": "Acme", "name": "Di", "id": "x" * 499 + end})
    office.worker.work()
    ids = [LeadRequest.model_validate(lead).lead_id or "" for lead in office.scored]
    assert ([len(one) for one in ids], len(set(ids)), inbox.backlog()) == ([500, 500], 2, {"done": 2})
    assert sorted(people.leads_by_id(ids)) == sorted(ids)
