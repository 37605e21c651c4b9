"""Fellow's webhooks: an address is challenged when it registers, and told of meetings on demand.

Each delivery is tried once; the real one tries eight times in 27 hours, which a test does with its own requests.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from uuid import uuid4

from sandbox.deliveries import Delivery, address_of, signature_of, svix_headers, written
from sandbox.fellow_records import JsonObject, attendees, iso, markdown, spoken, summary
from sandbox.fellow_requests import Answered, answer, invalid
from sandbox.records import Meeting
from sandbox.timeline import has_transcript

EVENTS = ("ai_note.generated", "ai_note.shared_to_channel", "action_item.assigned", "action_item.completed")
CHALLENGE_SECONDS, ACKNOWLEDGED_IN_SECONDS = 10.0, 15.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registered address and the events it wants."""

    webhook_id: str
    url: str
    events: tuple[str, ...]
    secret: str
    is_active: bool


class Webhooks:
    """The registered addresses, and what each was sent last."""

    def __init__(self, meeting: Callable[[str], Meeting | None], now: Callable[[], datetime]) -> None:
        """Nobody is registered; `meeting` finds a recording that has appeared."""
        self._meeting, self._now = meeting, now
        self._registered: dict[str, Webhook] = {}
        self._sent: dict[str, Delivery] = {}

    def listed(self) -> list[JsonObject]:
        """Id, address and events of each; the secret was told once."""
        return [{"id": one.webhook_id, "url": one.url, "enabled_events": list(one.events)}
                for one in self._registered.values()]  # fmt: skip

    async def create(self, body: JsonObject) -> JsonObject:
        """Register an address; raises Answered with 400 for a wrong request, 502 where the challenge is not met."""
        events = body.get("enabled_events")
        if not isinstance(events, list) or not events or not set(events) <= set(EVENTS):
            raise invalid("enabled_events", f"Input should be some of {', '.join(EVENTS)}")
        try:
            url = address_of(body)
        except ValueError as wrong:
            raise invalid("url", str(wrong)) from None
        await challenge(url)
        secret = f"whsec_{base64.b64encode(token_bytes(24)).decode()}"
        is_active = body.get("status", "active") == "active"
        made = Webhook(f"wh_{uuid4().hex[:12]}", url, tuple(map(str, events)), secret, is_active)
        self._registered[made.webhook_id] = made
        return {
            "id": made.webhook_id, "url": url, "enabled_events": events, "description": body.get("description"),
            "status": "active" if is_active else "inactive", "secret": secret,
        }  # fmt: skip

    def delete(self, webhook_id: str) -> bool:
        """Forget an address; False where there is none."""
        return self._registered.pop(webhook_id, None) is not None

    async def deliver(self, body: JsonObject) -> JsonObject:
        """Tell every active webhook that wants it: `{"meeting_id", "event", "signature"}`, the last two optional.

        `signature` is `right`, `wrong`, `stale` (an hour old), or `replayed`: what the webhook was sent last, byte for
        byte and with the same id. Gives `{"deliveries": [{"webhook_id", "svix_id", "status"}]}`; a status of null is
        no answer. Raises ValueError for an unknown meeting or one without notes yet.
        """
        event, signature = str(body.get("event", EVENTS[0])), signature_of(body)
        if event not in EVENTS:
            raise ValueError(f"event must be one of {', '.join(EVENTS)}")
        meeting = self._meeting(str(body.get("meeting_id")))
        if meeting is None or not has_transcript(meeting, self._now()):
            raise ValueError(f"there are no notes of a meeting {body.get('meeting_id')} yet")
        told: list[JsonObject] = []
        for one in self._registered.values():
            if not one.is_active or event not in one.events:
                continue
            delivery = self._sent.get(one.webhook_id) if signature == "replayed" else None
            delivery = delivery or self._delivery(one, event, meeting, signature)
            self._sent[one.webhook_id] = delivery
            status, _ = await delivery.send()
            told.append({"webhook_id": one.webhook_id, "svix_id": delivery.headers["svix-id"], "status": status})
        return {"deliveries": told}

    def _delivery(self, to: Webhook, event: str, meeting: Meeting, signature: str) -> Delivery:
        content = written(payload(event, meeting, self._now()))
        headers = svix_headers(to.secret, f"msg_{uuid4().hex}", content, signature)
        return Delivery(to.url, content, headers, ACKNOWLEDGED_IN_SECONDS)


async def challenge(url: str) -> None:
    """Ask an address to repeat a word; raises Answered with 502 where it does not."""
    word = uuid4().hex
    content = written({"type": "url_verification", "challenge": word})
    status, text = await Delivery(url, content, {}, CHALLENGE_SECONDS).send()
    if status != 200 or text.strip() != word:
        raise Answered(answer({"detail": "The webhook URL did not answer the challenge"}, 502))


def payload(event: str, meeting: Meeting, now: datetime) -> JsonObject:
    """What a webhook is told of a meeting."""
    names = {meeting.seller.email: meeting.seller.full_name, **{one.email: one.full_name for one in meeting.people}}
    return {
        "event_type": event,
        "id": meeting.note_id or meeting.meeting_id,
        "event_id": meeting.event_guid,
        "event_title": meeting.title,
        "event_start": iso(meeting.started_at),
        "event_end": iso(meeting.ended_at),
        "recording_start": iso(meeting.started_at),
        "recording_end": iso(meeting.ended_at),
        "recap_url": f"https://sandbox.fellow.example/recap/{meeting.meeting_id}",
        "organizer_email": meeting.seller.email,
        "ai_notes": summary(meeting, now),
        "agenda_notes": markdown(meeting, now),
        "has_external_attendees": True,
        "transcript": "\n".join(spoken(one) for one in meeting.segments),
        "is_user_who_started_recording": True,
        "attendees": [{"name": names[email], "email": email} for email in attendees(meeting)],
    }
