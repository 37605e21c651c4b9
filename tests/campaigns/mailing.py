"""Leads that are enrolled, a sequence to send them, and what it is sent with: each call names only what matters."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from campaigns.deliver import Post
from campaigns.letters import Letterhead
from campaigns.nurture import Office
from campaigns.sequences import MailSequence, read_sequence
from campaigns.tracking import Tokens
from database.campaign_models import Enrolment as Row
from database.outbox import Message
from database.people import publish_companies, publish_leads
from database.session import insert_new, writing
from ringback.records import CompanyFacts, Lead
from vendors.mail import Mail, Sender

TUESDAY = datetime(2026, 3, 17, 15)
"""Ten in the morning in Chicago."""
ZONE = "America/Chicago"
LETTERHEAD = Letterhead(
    "https://t.example", Tokens(b"a secret of the tests"), "Ringback <hello@ours.example>", "1 Road"
)
SEQUENCE = """
name: A test
for: {languages: [en]}
window: {days: [mon, tue, wed, thu, fri], from: 09:00, to: 17:00, holidays: true}
cap: {mails: 3, per_days: 7}
graduate: {when: [clicked, replied], opens: 3}
steps:
  - step: first
    mail: first
  - step: second
    wait: 2 days
    unless: [clicked]
    mail: second
mails:
  first:
    subject: "A question about {{ company | default('your company') }}"
    text: |
      Hi {{ first_name | default('there') }},

      {{ link('https://ours.example/voice', 'How it works') }}
      {{ link('https://ours.example/prices', 'What it costs') }}
  second:
    subject: "Once more"
    text: |
      Hi {{ first_name | default('there') }}, {{ link('https://ours.example/voice', 'how it works') }}
"""


def a_sequence(folder: Path, text: str = SEQUENCE, name: str = "test") -> MailSequence:
    """A sequence file of this text."""
    file = folder / f"{name}.yaml"
    file.write_text(text)
    return read_sequence(file)


def an_office(sequence: MailSequence, **known: Any) -> Office:
    """What its mails are written from."""
    return Office({sequence.sequence_id: sequence}, LETTERHEAD, **known)


def a_post(sequence: MailSequence, sender: Sender, **known: Any) -> Post:
    """What its mails are sent with."""
    return Post(sender, {sequence.sequence_id: sequence}, LETTERHEAD, **known)


def enrol(names: Iterable[str], due_at: datetime = TUESDAY, **known: Any) -> list[str]:
    """Leads NAME@acme.com of a company, enrolled in the sequence `test` as `e-NAME`; gives the enrolments' ids."""
    listed = list(names)
    publish_companies([CompanyFacts("acme.com", "crm", TUESDAY, name="Acme", industry="Retail", country="US")])
    publish_leads(
        Lead(f"{name}@acme.com", "crm", TUESDAY, name=f"{name.title()} Smith", first_name=name.title(),
             last_name="Smith", email=f"{name}@acme.com", company_id="acme.com")
        for name in listed
    )  # fmt: skip
    usual: dict[str, Any] = {
        "campaign_id": "c1", "sequence": "test", "sequence_hash": "h", "owner": "jo.miller@ours.example", "zone": ZONE,
        "enrolled_at": due_at, "step": 0, "due_at": due_at, "folded_to": due_at,
    }  # fmt: skip
    rows = [{**usual, "enrolment_id": f"e-{name}", "lead_id": f"{name}@acme.com", **known} for name in listed]
    with writing() as connection:
        insert_new(connection, Row, rows)
    return [row["enrolment_id"] for row in rows]


class Kept:
    """A sender that keeps what it is given, or fails as it is told to, by recipient."""

    def __init__(self, **failures: Exception) -> None:
        self.mails: list[Mail] = []
        self.failures = failures

    def send(self, mail: Mail) -> None:
        """Take a mail."""
        failure = self.failures.get(mail.to.partition("@")[0])
        if failure is not None:
            raise failure
        self.mails.append(mail)


def states(messages: Iterable[Message]) -> dict[str, str]:
    """By enrolment and step how far its mail is."""
    return {f"{one.enrolment_id}:{one.step}": one.state for one in messages}
