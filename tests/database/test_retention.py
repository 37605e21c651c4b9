"""Words of old mails go, what is counted stays; marks go with their files."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from database import retention
from database.campaign_models import Message
from database.models import LogMark
from database.outbox import message
from database.session import writing
from tests.factories import DAY, NOON


def a_mail(name: str, state: str, settled_days_ago: float | None) -> dict[str, object]:
    settled = None if settled_days_ago is None else NOON - settled_days_ago * DAY
    return {
        "message_id": name, "enrolment_id": name, "step": 1, "campaign_id": "spring", "lead_id": "one", "sequence": "s",
        "template": "t", "variants": {}, "recipient": "one@acme.com", "links": ["https://a.example"], "state": state,
        "mail": {"subject": "Hello", "text": "Dear Jo", "html": "<p>", "to_name": "Jo", "country": "US"},
        "written_at": NOON - 200 * DAY, "due_at": NOON - 200 * DAY, "attempts": 1, "settled_at": settled,
    }  # fmt: skip


@pytest.mark.usefixtures("home")
def test_only_words_of_mails_that_were_settled_long_ago_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    old = [f"old{number}" for number in range(5)]
    with writing() as connection:
        connection.execute(insert(Message), [a_mail(name, "sent", 100) for name in old])
        connection.execute(insert(Message), [a_mail("young", "sent", 80), a_mail("waits", "waiting", None)])
    assert (retention.empty_mails(NOON - 90 * DAY), retention.empty_mails(NOON - 90 * DAY)) == (5, 0)
    kept = message("old3")
    assert kept is not None
    assert (kept.mail, kept.recipient, kept.links) == ({"country": "US"}, "one@acme.com", ["https://a.example"])
    assert all((found := message(name)) and found.mail["text"] == "Dear Jo" for name in ("young", "waits"))


def test_marks_of_files_that_are_there_or_were_read_lately_stay(home: Path) -> None:
    with writing() as connection:
        connection.execute(insert(LogMark), [
            {"file": "gone.jsonl", "read_to": 1, "at": NOON - 100 * DAY},
            {"file": "there.jsonl", "read_to": 1, "at": NOON - 100 * DAY},
            {"file": "young.jsonl", "read_to": 1, "at": NOON},
        ])  # fmt: skip
    assert home.exists()
    assert retention.forget_marks(NOON - 90 * DAY, {"there.jsonl"}) == 1
    assert retention.forget_marks(NOON - 90 * DAY, set()) == 1
