"""How the people of the simulated world answer mails: by how well we fit, what a mail is about, how tired they are.

What somebody does with a mail depends on the person and the mail alone, never on when it is asked: a simulation that
is cut short and played again goes the same way. Mail gateways of some companies follow every link within seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sandbox.dice import KeyedDraws
from sandbox.records import Person

Did = Literal["opened", "clicked", "replied", "unsubscribed", "complained", "bounced"]
GATEWAY_RATE = 0.25
"""Companies whose mail gateway looks at all links."""
BOUNCE_RATE = 0.02
"""Addresses that are wrong."""
TIRED_BY_EACH = 0.35
"""Log-odds that each further mail of the last month costs."""
LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Received:
    """A mail that somebody got."""

    message_id: str
    recipient: str
    sent_at: datetime
    sequence: str
    template: str
    step: int
    variants: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Reaction:
    """What came of a mail."""

    message_id: str
    recipient: str
    did: Did
    at: datetime
    link: int | None = None
    by_machine: bool = False


@dataclass(frozen=True, slots=True)
class Taste:
    """How well mails of a sequence, template or variant are received, in log-odds; what is left out changes nothing."""

    sequences: Mapping[str, float] = field(default_factory=dict)
    templates: Mapping[str, float] = field(default_factory=dict)
    variants: Mapping[str, float] = field(default_factory=dict)


class Audience:
    """The people of a world as readers of mails."""

    def __init__(self, seed: int, people: Mapping[str, Person], taste: Taste | None = None) -> None:
        """`people` by address in small letters; whoever is not among them reads like anybody."""
        self._seed, self._people, self._taste = seed, people, taste or Taste()

    def reactions(self, mail: Received, earlier: Iterable[datetime] = ()) -> list[Reaction]:
        """All that comes of a mail, in order; `earlier` are moments at which the same person got others."""
        person = self._people.get(mail.recipient)
        dice = KeyedDraws(f"{self._seed}|{mail.recipient}|{mail.sequence}|{mail.step}")
        if KeyedDraws(f"{self._seed}|{mail.recipient}|address").chance(BOUNCE_RATE):
            return [self._at(mail, "bounced", timedelta(seconds=40))]
        found = self._gateway(mail)
        leaning = self._leaning(mail, person, earlier)
        opens, clicks, replies = dice.leans(0.2 + leaning), dice.leans(-1.6 + leaning), dice.leans(-2.6 + leaning)
        tired = sum(mail.sent_at - LOOK_BACK <= one < mail.sent_at for one in earlier)
        leaves = dice.leans(-5.0 + 0.6 * tired - 0.5 * leaning)
        opened = timedelta(minutes=dice.between(20, 60 * 30))
        if opens:
            found.append(self._at(mail, "opened", opened))
        if opens and clicks and mail.links:
            link = dice.integer(0, len(mail.links) - 1)
            found.append(self._at(mail, "clicked", opened + timedelta(minutes=dice.between(1, 12)), link))
        if opens and replies:
            found.append(self._at(mail, "replied", opened + timedelta(minutes=dice.between(15, 60 * 24))))
        if leaves:
            did: Did = "complained" if dice.chance(0.08) else "unsubscribed"
            found.append(self._at(mail, did, opened + timedelta(minutes=2)))
        return sorted(found, key=lambda one: (one.at, one.did))

    def _leaning(self, mail: Received, person: Person | None, earlier: Iterable[datetime]) -> float:
        """How ready somebody is to do something with this mail, in log-odds."""
        tired = sum(mail.sent_at - LOOK_BACK <= one < mail.sent_at for one in earlier)
        liked = self._taste.sequences.get(mail.sequence, 0.0) + self._taste.templates.get(mail.template, 0.0)
        liked += sum(self._taste.variants.get(variant, 0.0) for variant in mail.variants.values())
        if person is None:
            return liked - TIRED_BY_EACH * tired
        company = person.company
        about_voice = mail.sequence.startswith("voice")
        suits = 0.5 if about_voice == company.wants_voice_ai else -0.4
        return 0.45 * company.fit + 0.6 * company.appetite + suits + liked - TIRED_BY_EACH * tired

    def _gateway(self, mail: Received) -> list[Reaction]:
        """What the gateway of the company does, seconds after the mail came."""
        domain = mail.recipient.rpartition("@")[2]
        if not KeyedDraws(f"{self._seed}|{domain}|gateway").chance(GATEWAY_RATE):
            return []
        return [
            Reaction(mail.message_id, mail.recipient, "clicked", mail.sent_at + timedelta(seconds=3 + number),
                     number, by_machine=True)
            for number in range(len(mail.links))
        ]  # fmt: skip

    def _at(self, mail: Received, did: Did, after: timedelta, link: int | None = None) -> Reaction:
        return Reaction(mail.message_id, mail.recipient, did, mail.sent_at + after, link)
