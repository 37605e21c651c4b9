"""Fellow's stand-in ticks off action items and sends webhooks that are signed, or not as they should be."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC

import httpx
import pytest

from ringback.clock import now
from sandbox.fellow_records import JsonObject
from sandbox.records import Meeting
from sandbox.server import SandboxServer
from sandbox.timeline import has_transcript
from tests.sandbox.receiver import Receiver, a_receiver
from tests.sandbox.vendor_controls import books, reset


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as one:
        yield one


@pytest.fixture(autouse=True)
def fresh(sandbox: SandboxServer) -> Iterator[None]:
    reset(sandbox, "fellow")
    yield
    reset(sandbox, "fellow")


def a_meeting(sandbox: SandboxServer) -> Meeting:
    moment = sandbox.clock()
    return next(m for m in sandbox.world.meetings(moment) if has_transcript(m, moment) and m.lists_attendees)


def registered(fellow: httpx.Client, receiver: Receiver, *events: str) -> JsonObject:
    asked = {"url": receiver.url, "enabled_events": list(events) or ["ai_note.generated"], "status": "active"}
    reply = fellow.post("/webhook", json=asked)
    assert reply.status_code == 200, reply.text
    made: JsonObject = reply.json()["webhook"]
    return made


def deliver(sandbox: SandboxServer, **body: object) -> httpx.Response:
    return httpx.post(f"{sandbox.url}/_sandbox/fellow/deliver", verify=False, json=body)


def is_signed(receiver: Receiver, number: int, secret: object) -> bool:
    """Whether a delivery fits its signature, as the Svix scheme has it."""
    headers = receiver.headers[number]
    signed = f"{headers['svix-id']}.{headers['svix-timestamp']}.".encode() + receiver.bodies[number]
    key = base64.b64decode(str(secret).removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return headers["svix-signature"] == f"v1,{expected}"


def test_an_action_item_is_completed_reopened_and_archived(fellow: httpx.Client) -> None:
    def listed(**filters: bool) -> list[str]:
        page = fellow.post("/action_items", json={"filters": filters}).json()["action_items"]
        return [one["id"] for one in page["data"]]

    item = listed()[0]
    statuses = [
        fellow.post(f"/action_item/{item}/complete", json={"completed": is_done}).json()["action_item"]["status"]
        for is_done in (True, False, True)
    ]
    assert statuses == ["Complete", "Incomplete", "Complete"]
    assert (listed(completed=True), item in listed(completed=False)) == ([item], False)
    assert fellow.post(f"/action_item/{item}/archive").json()["action_item"]["status"] == "Archived"
    assert (item in listed(), listed(archived=True)) == (False, [item])
    assert fellow.post("/action_item/ai_00000000_9/archive").status_code == 404
    assert fellow.post(f"/action_item/{item}/complete", json={}).status_code == 400


def test_a_webhook_is_challenged_told_and_deleted(
    sandbox: SandboxServer, fellow: httpx.Client, receiver: Receiver
) -> None:
    webhook, meeting = registered(fellow, receiver), a_meeting(sandbox)
    [told] = deliver(sandbox, meeting_id=meeting.meeting_id).json()["deliveries"]
    assert (told["status"], is_signed(receiver, 0, webhook["secret"])) == (200, True)
    content = json.loads(receiver.bodies[0])
    assert (content["event_type"], content["attendees"][1]["email"]) == ("ai_note.generated", meeting.people[0].email)
    assert [one["id"] for one in books(sandbox, "fellow")["webhooks"]] == [webhook["id"]]
    assert fellow.delete(f"/webhook/{webhook['id']}").status_code == 200
    assert fellow.delete(f"/webhook/{webhook['id']}").status_code == 404
    assert deliver(sandbox, meeting_id=meeting.meeting_id).json() == {"deliveries": []}


def test_deliveries_can_be_wrong_stale_or_replayed(
    sandbox: SandboxServer, fellow: httpx.Client, receiver: Receiver
) -> None:
    webhook, meeting = registered(fellow, receiver), a_meeting(sandbox)
    for signature in ("right", "replayed", "wrong", "stale"):
        deliver(sandbox, meeting_id=meeting.meeting_id, signature=signature).raise_for_status()
    ids = [one["svix-id"] for one in receiver.headers]
    ages = [now().replace(tzinfo=UTC).timestamp() - int(one["svix-timestamp"]) for one in receiver.headers]
    assert [is_signed(receiver, number, webhook["secret"]) for number in range(4)] == [True, True, False, True]
    assert (ids[0] == ids[1], len(set(ids)), receiver.bodies[0] == receiver.bodies[1]) == (True, 3, True)
    assert [age > 300 for age in ages] == [False, False, False, True]


def test_only_wanted_events_are_told(sandbox: SandboxServer, fellow: httpx.Client, receiver: Receiver) -> None:
    registered(fellow, receiver, "action_item.completed")
    assert deliver(sandbox, meeting_id=a_meeting(sandbox).meeting_id).json() == {"deliveries": []}


def test_an_address_that_does_not_meet_the_challenge_is_not_registered(
    fellow: httpx.Client, receiver: Receiver
) -> None:
    receiver.answers_challenges = False
    asked = {"url": receiver.url, "enabled_events": ["ai_note.generated"]}
    assert fellow.post("/webhook", json=asked).status_code == 502
    assert fellow.post("/webhook", json={**asked, "url": "nowhere"}).status_code == 400
    assert fellow.post("/webhook", json={**asked, "enabled_events": ["earthquake"]}).status_code == 400


@pytest.mark.parametrize("body", [{"meeting_id": "rec_99999999"}, {"signature": "forged"}, {"event": "earthquake"}])
def test_a_delivery_that_cannot_be_meant_says_so(sandbox: SandboxServer, body: dict[str, str]) -> None:
    reply = deliver(sandbox, **{"meeting_id": a_meeting(sandbox).meeting_id, **body})
    assert (reply.status_code, bool(reply.json()["detail"])) == (400, True)
