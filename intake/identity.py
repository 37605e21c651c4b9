"""Who a company and a lead are: one identity however a vendor writes the name."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tldextract import TLDExtract

GENERIC_PROVIDERS = frozenset((
    "aol", "fastmail", "freemail", "gmail", "gmx", "googlemail", "hey", "hotmail", "icloud", "inbox", "laposte",
    "libero", "live", "mac", "mail", "me", "msn", "orange", "outlook", "pm", "proton", "protonmail", "qq", "t-online",
    "wanadoo", "web", "webmail", "yahoo", "yandex", "ymail", "zoho",
))  # fmt: skip
"""First label of the registered domain, whatever the country: hotmail.co.uk, yahoo.fr."""
PAGES_OF_OTHERS = frozenset((
    "about.me", "bit.ly", "blogspot.com", "business.site", "canva.site", "carrd.co", "facebook.com", "fb.com", "fb.me",
    "godaddysites.com", "goo.gl", "google.com", "hubspotpagebuilder.com", "instagram.com", "jimdo.com", "jimdofree.com",
    "jimdosite.com", "line.me", "linkedin.com", "linktr.ee", "lnkd.in", "medium.com", "pinterest.com", "site123.me",
    "snapchat.com", "squarespace.com", "strikingly.com", "t.co", "t.me", "telegram.me", "threads.net", "tiktok.com",
    "tumblr.com", "twitter.com", "vimeo.com", "vk.com", "wa.me", "webnode.com", "webnode.page", "weebly.com",
    "whatsapp.com", "wix.com", "wixsite.com", "wordpress.com", "x.com", "xing.com", "youtu.be", "youtube.com",
))  # fmt: skip
"""Social networks, links and site builders where a company has a page: they are nobody's own domain.

Builders that give each customer a name of its own in the public suffix list (acme.wixsite.com) are told apart by it.
"""

MEETING_WORDS = re.compile(
    r"\b(?:intro(?:duction|ductory)?|discovery|call|chat|demo|meeting|sync|weekly|monthly|catch[- ]?up|follow[- ]?up|"
    r"kick[- ]?off|touch ?base|check[- ]?in|session|deep dive|review|with|and|the|re|first|next|steps?|technical|"
    r"pricing|quick|sales|product|overview|evaluation|voice|ai|team|standup|planning|internal|call with \w+|"
    r"zoom|teams|google|meet|webex|huddle|impromptu|untitled|recording|room|conference)\b",
    re.IGNORECASE,
)
CHECKSUM_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
"""Salesforce's: each letter says which of five characters are capitals."""
DOMAINS_REMEMBERED = 10_000
SEPARATORS = re.compile(r"\s+(?:/|<>|<->|\||[-\u2013\u2014]|x|meets)\s+|:\s+")


@lru_cache(maxsize=DOMAINS_REMEMBERED)
def registered_domain(text: str | None) -> str | None:
    """The registered domain in a host, URL or e-mail address, by the public suffix list; None where there is none.

    >>> registered_domain("https://www.shop.acme.co.uk/pricing"), registered_domain("ana@mail.acme.com")
    ('acme.co.uk', 'acme.com')
    """
    if not text or "." not in text:
        return None
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower()).rsplit("@", 1)[-1]
    host = re.split(r"[/?#:]", host, maxsplit=1)[0]
    found = _suffixes()(host)
    if found.domain and found.suffix:
        return f"{found.domain}.{found.suffix}"
    labels = [label for label in host.split(".") if label]
    return ".".join(labels[-2:]) if len(labels) >= 2 and not host.replace(".", "").isdigit() else None


def company_domain(email: str | None) -> str | None:
    """The company behind an e-mail address; None for a generic mail provider."""
    if not email or "@" not in email:
        return None
    domain = registered_domain(email)
    return None if domain is None or domain.split(".")[0] in GENERIC_PROVIDERS else domain


def website_domain(text: str | None) -> str | None:
    """The domain of a company's own in a host, URL or address; None where it is one that many companies share.

    Those are mail providers, social networks and site builders: by their domain unrelated companies would be one.

    >>> website_domain("https://acme.com/en"), website_domain("https://www.facebook.com/acme"), website_domain("gmx.de")
    ('acme.com', None, None)
    """
    domain = registered_domain(text)
    is_shared = domain is None or domain in PAGES_OF_OTHERS or domain.split(".")[0] in GENERIC_PROVIDERS
    return None if is_shared else domain


def company_id_of(domain: str | None, name: str | None) -> str | None:
    """The company's identity: its registered domain, else a slug of its name.

    >>> company_id_of(None, "Müller & Söhne GmbH")
    'name:müller-söhne-gmbh'
    """
    if domain:
        return domain
    slug = re.sub(r"[\W_]+", "-", name.lower()).strip("-") if name else ""
    return f"name:{slug}" if slug else None


def company_in_title(
    title: str | None, own_names: Collection[str] = ("ringback",), people: Collection[str] = ()
) -> str | None:
    """The company that a meeting's title names, or None where it names none; `people` are who was there, by name.

    >>> company_in_title("Acme Corp / Intro Call"), company_in_title("Weekly sync")
    ('Acme Corp', None)
    >>> company_in_title("Ana / Acme Corp", people=["Ana Lopez"]), company_in_title("Discovery call with Acme Corp")
    ('Acme Corp', 'Acme Corp')
    """
    names = {name for person in people for name in (person.lower(), person.lower().partition(" ")[0])}
    for part in SEPARATORS.split(title or ""):
        words = part.strip(" -\u2013\u2014.,")
        before, _, after = words.partition(" with ")
        if after and not MEETING_WORDS.sub("", before).strip() and not _names_a_person(words):
            words = after
        if not words or words.lower() in own_names or words.lower() in names:
            continue
        if MEETING_WORDS.sub("", words).strip(" -&.,()0123456789"):
            if _names_a_person(words):
                continue
            return words
    return None


def company_of_attendees(emails: Sequence[str], own_domains: Collection[str]) -> tuple[str | None, str | None]:
    """The company domain that most outside attendees share, and the address of the first who is of it.

    Where all outside attendees use generic mail providers the domain is None and the address is the first of them.
    """
    outside = [e.strip().lower() for e in emails if "@" in e and registered_domain(e) not in own_domains]
    domains = Counter(domain for email in outside if (domain := company_domain(email)))
    if not domains:
        return None, next(iter(outside), None)
    domain = domains.most_common(1)[0][0]
    return domain, next(email for email in outside if company_domain(email) == domain)


def own_among(
    speakers: Sequence[str],
    emails: Sequence[str],
    own_domains: Collection[str],
    named: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """The speakers who are ours, as far as that can be told, in their order; a speaker in doubt is not among them.

    A name is ours by the address that is known of it (`named`, by name), else by the attendee whose address reads like
    it: the whole name before a first name alone, and a first name only where nobody else could be meant.

    >>> own_among(["Bo Berg", "Ana Lopez"], ["bo@us.com", "ana.lopez@acme.com"], ["us.com"])
    ('Bo Berg',)
    >>> own_among(["Ana Berg", "Ana Lopez"], ["ana@us.com"], ["us.com"])
    ()
    """
    surely = {name: registered_domain(email) in own_domains for name, email in (named or {}).items()}
    addresses = [email.strip().lower() for email in emails if "@" in email]
    first_names = Counter(_name_parts(speaker)[0] for speaker in speakers if _name_parts(speaker))

    def is_own(speaker: str) -> bool:
        if speaker in surely:
            return surely[speaker]
        parts = _name_parts(speaker)
        for forms in (_whole_name_forms(parts), _first_name_forms(parts, first_names)):
            like = [registered_domain(one) in own_domains for one in addresses if _local_part(one) in forms]
            if like:
                return all(like)
        return False

    return tuple(speaker for speaker in dict.fromkeys(speakers) if is_own(speaker))


def _name_parts(name: str) -> list[str]:
    """The words of a name as addresses write them: lower case, without accents.

    >>> _name_parts("Jos\u00e9 D'Arc-Müller")
    ['jose', 'darcmuller']
    """
    plain = unicodedata.normalize("NFKD", name.lower())
    return [word for part in plain.split() if (word := re.sub(r"[^a-z0-9]", "", part))]


def _local_part(email: str) -> str:
    return re.sub(r"[^a-z0-9]", "", email.split("@", 1)[0].split("+", 1)[0])


def _whole_name_forms(parts: Sequence[str]) -> frozenset[str]:
    """How addresses write a first and a last name: bo.berg, bberg, bob, berg.bo, bergb."""
    if len(parts) < 2:
        return frozenset()
    first, last = parts[0], parts[-1]
    return frozenset({first + last, first[0] + last, first + last[0], last + first, last + first[0], "".join(parts)})


def _first_name_forms(parts: Sequence[str], first_names: Mapping[str, int]) -> frozenset[str]:
    return frozenset({parts[0]}) if parts and first_names[parts[0]] == 1 else frozenset()


def lead_id_of(email: str | None, company_id: str | None, call_id: str) -> str:
    """The lead's identity: the e-mail address, else the company, else the call alone."""
    if email:
        return email.strip().lower()
    return f"company:{company_id}" if company_id else f"call:{call_id}"


def contact_id_of(email: str | None, is_a_person: bool, company_id: str | None, source_id: str) -> str:
    """The identity of a contact in a file: the e-mail address, else the person's id there, else the company.

    Two people of one company without addresses stay two, while a row about a company alone is that company's lead.
    `source_id` is the source with its id for the row, `hubspot:123`.
    """
    if not email and (is_a_person or company_id is None):
        return f"contact:{source_id}"
    return lead_id_of(email, company_id, source_id)


def record_id(text: str) -> str:
    """A record's id as its source counts it: Salesforce's 18 characters are its 15 with a checksum behind them.

    >>> record_id("00Q5g00000AbCdEEAV"), record_id("00Q5g00000AbCdE"), record_id("other")
    ('00Q5g00000AbCdE', '00Q5g00000AbCdE', 'other')
    """
    if len(text) != 18 or not (text.isascii() and text.isalnum()):
        return text
    checksum = "".join(
        CHECKSUM_LETTERS[sum(letter.isupper() << n for n, letter in enumerate(text[start : start + 5]))]
        for start in (0, 5, 10)
    )
    return text[:15] if checksum == text[15:].upper() else text


def _names_a_person(words: str) -> bool:
    """Whether the part is like "Call with Ana"."""
    return bool(re.search(r"\b(?:call|chat|sync|meeting) with \w+$", words, re.IGNORECASE))


@lru_cache(maxsize=1)
def _suffixes() -> "TLDExtract":
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
