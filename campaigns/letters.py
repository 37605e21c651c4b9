"""A step's mail for one lead: words from the sequence's templates, tracked links, and a way to leave the list.

Under each mail stand why and from where it comes, and one click that ends it; the same click is in the headers for mail
programs (RFC 8058).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from markupsafe import escape

from campaigns.sequences import MailSequence
from campaigns.templates import clean, in_paragraphs, render, render_html
from campaigns.tracking import CLICK, OPEN, UNSUBSCRIBE, Kind, Tokens, Tracked, tokens
from ringback.settings import Settings

NO_ADDRESS = "(the sender's postal address: set RINGBACK_POSTAL_ADDRESS)"
PAGE = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{subject}</title></head>\n'
    '<body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#222">\n{body}\n'
    '<p style="font-size:12px;color:#666">{address}<br>\n'
    '<a href="{leave}">Unsubscribe</a>: one click, and we write no more.</p>\n'
    '<img src="{pixel}" width="1" height="1" alt="">\n</body></html>\n'
)
PLAIN_FOOT = "\n--\n{address}\nUnsubscribe, and we write no more: {leave}\n"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all our mails have in common."""

    links: str
    """Base address of links."""
    tokens: Tokens
    mail_from: str
    postal_address: str | None = None

    @property
    def address(self) -> str:
        """The bare address that mails come from."""
        return _bare(self.mail_from)

    def url(self, kind: Kind, message_id: str, number: int = 0) -> str:
        """Where a link of a mail points to."""
        ending = ".gif" if kind == OPEN else ""
        return f"{self.links}/t/{kind}/{self.tokens.make(Tracked(message_id, kind, number))}{ending}"

    def leave_by_mail(self, message_id: str) -> str:
        """`mailto:` for mail programs that know no one-click."""
        token = self.tokens.make(Tracked(message_id, UNSUBSCRIBE))
        return f"mailto:{quote(self.address, safe='@+')}?subject=unsubscribe%20{token}"


@dataclass(frozen=True, slots=True)
class Written:
    """A mail, ready to be kept in the outbox."""

    subject: str
    text: str
    html: str
    links: tuple[str, ...]
    """Targets by number."""
    variants: Mapping[str, str] = field(default_factory=dict)

    def kept(self, to_name: str, reply_to: str, country: str | None) -> dict[str, Any]:
        """What of it the outbox's row holds."""
        return {
            "subject": self.subject, "text": self.text, "html": self.html, "to_name": to_name, "reply_to": reply_to,
            "country": country,
        }  # fmt: skip


@lru_cache(maxsize=8)
def _bare(mail_from: str) -> str:
    return parseaddr(mail_from)[1]


def letterhead(settings: Settings) -> Letterhead:
    """As the settings say."""
    return Letterhead(settings.links, tokens(settings), settings.mail_from, settings.postal_address)


def message_id_of(enrolment_id: str, step: int, letterhead: Letterhead) -> str:
    """The id of the one message of a step: whoever writes it again writes the same."""
    domain = letterhead.address.rpartition("@")[2] or "localhost"
    return f"{sha256(f'{enrolment_id}:{step}'.encode()).hexdigest()[:24]}@{domain}"


def write(
    sequence: MailSequence, mail: str, lead_id: str, message_id: str,
    fields: Mapping[str, str | None], letterhead: Letterhead,
) -> Written:  # fmt: skip
    """The mail of a step for a lead, of which `fields` are known (`campaigns.templates.FIELDS`)."""
    letter, variants = sequence.letter(mail, lead_id)
    targets: list[str] = []

    def link(url: str, _words: str = "") -> str:
        if url not in targets:
            targets.append(url)
        return letterhead.url(CLICK, message_id, targets.index(url))

    subject = " ".join(render(letter.subject, fields).split())
    text = render(letter.text, fields, lambda url, words: f"{words}: {link(url)}" if words != url else link(url))
    body = in_paragraphs(letter.text, fields, link) if letter.html is None else render_html(letter.html, fields, link)
    address = letterhead.postal_address or NO_ADDRESS
    leave = letterhead.url(UNSUBSCRIBE, message_id)
    html = PAGE.format(
        subject=escape(subject), body=body, address=escape(address), leave=escape(leave),
        pixel=escape(letterhead.url(OPEN, message_id)),
    )  # fmt: skip
    foot = PLAIN_FOOT.format(address=address, leave=leave)
    return Written(subject, text.rstrip() + "\n" + foot, html, tuple(targets), variants)


def name_of(owner: str, names: Mapping[str, str]) -> str:
    """An owner's name; made of the address where nobody says it.

    >>> name_of("jo.miller@ours.example", {})
    'Jo Miller'
    """
    local = owner.partition("@")[0].replace(".", " ").replace("_", " ").replace("-", " ")
    return names.get(owner) or clean(local.title()) or owner
