"""What is stored about a campaign's members, many at a time, and which of them have no card or an old one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from orjson import loads
from sqlalchemy import ColumnElement, Connection, Text, and_, cast, distinct, exists, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from database.campaign_models import LeadCard, Message, Override, Suppression
from database.lead_mails import BY_PEOPLE
from database.models import Call, CampaignLead, Company, EngagementEvent, LastScore, Lead, Prediction
from database.session import borders_of, in_parts, reading

AT_ONCE = 2_500
KNOWN_LATE = timedelta(minutes=10)
"""What is known since a moment may be committed a little later: a card made in between is made again."""
KEPT_FOR = timedelta(days=1)
"""Days pass for every lead: an older card is made again."""
SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """The last answer about a lead that counts for it."""

    prediction_id: str
    predicted_at: datetime
    points: int
    recommendation: str
    priority: str
    voice_ai_fit: int | None
    progression_probability: float | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Calls:
    """What there was of calls with a lead."""

    count: int
    last_at: datetime
    minutes: float | None
    """In all calls whose length is known."""
    sentiment: float | None
    """Their mean polarity, -1 to 1."""


@dataclass(frozen=True, slots=True)
class Mails:
    """What came of mails to a lead: how many it opened, clicked in or replied to itself, not how often."""

    sent: int = 0
    opened: int = 0
    clicked: int = 0
    replied: int = 0
    bounced: bool = False
    unsubscribed: bool = False
    """Or complained, or stands on the list of addresses that nothing is sent to."""
    last_engaged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """What is stored about a member: values by field, as sources said them."""

    lead_id: str
    company_id: str | None
    source: str
    known_at: datetime
    lead: Mapping[str, Any]
    company: Mapping[str, Any]
    company_known_at: datetime | None
    answer: LastAnswer | None = None
    calls: Calls | None = None
    mails: Mails = Mails()


def members_of(campaign_id: str, at: datetime) -> Iterator[list[Member]]:
    """All members of a campaign by id, some at a time; nothing is held open between."""
    after = ""
    while ids := _ids_after(campaign_id, after):
        yield members(ids, at)
        after = ids[-1]


def members(lead_ids: Iterable[str], at: datetime, with_history: bool = True) -> list[Member]:
    """What was known about leads at a moment, by id; of values that sources corrected since, the correction.

    `with_history` says whether calls and mails are looked at, too.
    """
    with reading() as connection:
        rows = [row for some in in_parts(lead_ids) for row in connection.execute(_leads_in(some))]
        companies = _companies(connection, {row.company_id for row in rows if row.company_id})
        asked = rows if with_history else []
        calls = _calls(connection, [row.lead_id for row in asked], at)
        mails = _mails(connection, {row.lead_id: row.address for row in asked}, at)
    nothing: tuple[Mapping[str, Any], None] = ({}, None)
    return [
        Member(
            row.lead_id, row.company_id, row.source, row.known_at, _slim(row) | _values(row.chosen),
            *companies.get(row.company_id, nothing), _answer(row, at), calls.get(row.lead_id),
            mails.get(row.lead_id, Mails()),
        )
        for row in rows
    ]  # fmt: skip


def stale_members(
    campaign_id: str, made_by: str, at: datetime, after_lead_id: str = "", at_most: int = AT_ONCE,
    until: str | None = None,
) -> list[str]:  # fmt: skip
    """Members after one and up to another, by id, whose card is to be made: none is, or something became known since.

    It was made by other rules, or longer ago than cards are kept, or a person has decided or what somebody decided has
    ended. Whoever goes on after the last one given ends, whatever he has done of it.
    """
    asked = (
        select(CampaignLead.lead_id)
        .join(Lead, Lead.lead_id == CampaignLead.lead_id)
        .outerjoin(LeadCard, and_(LeadCard.campaign_id == campaign_id, LeadCard.lead_id == CampaignLead.lead_id))
        .outerjoin(Company, Company.company_id == Lead.company_id)
        .outerjoin(LastScore, LastScore.lead_id == CampaignLead.lead_id)
        .where(CampaignLead.campaign_id == campaign_id, CampaignLead.lead_id > after_lead_id)
        .where(or_(LeadCard.made_at.is_(None), LeadCard.made_by != made_by, _is_outdated(at)))
        .order_by(CampaignLead.lead_id)
        .limit(at_most)
    )
    if until is not None:
        asked = asked.where(CampaignLead.lead_id <= until)
    with reading() as connection:
        return list(connection.scalars(asked))


def borders_without_card(campaign_id: str, made_by: str, many: int, parts: int) -> list[str]:
    """The members between equal parts of those without a card by these rules; none where fewer than so many are."""
    asked = (
        select(CampaignLead.lead_id)
        .outerjoin(LeadCard, and_(LeadCard.campaign_id == campaign_id, LeadCard.lead_id == CampaignLead.lead_id))
        .where(CampaignLead.campaign_id == campaign_id)
        .where(or_(LeadCard.made_by.is_(None), LeadCard.made_by != made_by))
    )
    with reading() as connection:
        return borders_of(connection, asked, many, parts)


def _is_outdated(at: datetime) -> ColumnElement[bool]:
    """Whether something is known since a card was made; the card may be as old as its moment says."""
    address = func.lower(Lead.email)
    told = (
        exists().where(EngagementEvent.recipient == address, _since(EngagementEvent.received_at)),
        exists().where(Suppression.address == address, _since(Suppression.since)),
        exists().where(Call.lead_id == Lead.lead_id, _since(Call.known_at)),
        exists().where(Message.lead_id == Lead.lead_id, _since(Message.sent_at)),
        exists().where(
            Override.campaign_id == CampaignLead.campaign_id, Override.lead_id == CampaignLead.lead_id,
            or_(_since(Override.made_at), _since(Override.withdrawn_at),
                and_(Override.until > LeadCard.made_at, Override.until <= at)),
        ),
    )  # fmt: skip
    known = (Lead.known_at, Company.known_at, LastScore.predicted_at)
    return or_(LeadCard.made_at < at - KEPT_FOR, *(_since(moment) for moment in known), *told)


class _Earlier(FunctionElement[datetime]):
    """A moment less `KNOWN_LATE`; databases count time differently."""

    inherit_cache = True


@compiles(_Earlier, "sqlite")
def _earlier_on_sqlite(element: _Earlier, compiler: Any, **kw: Any) -> str:
    moment = compiler.process(element.clauses, **kw)
    return f"strftime('%Y-%m-%d %H:%M:%f000', {moment}, '-{KNOWN_LATE.seconds} seconds')"


@compiles(_Earlier)
def _earlier_elsewhere(element: _Earlier, compiler: Any, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} - interval '{KNOWN_LATE.seconds} seconds')"


def _since(moment: Any) -> ColumnElement[bool]:
    """Whether a moment is later than a card's, or so near before it that it may have been committed after it."""
    since: ColumnElement[bool] = moment > _Earlier(LeadCard.made_at)
    return since


def _ids_after(campaign_id: str, after: str) -> list[str]:
    asked = (
        select(CampaignLead.lead_id)
        .join(Lead, Lead.lead_id == CampaignLead.lead_id)
        .where(CampaignLead.campaign_id == campaign_id, CampaignLead.lead_id > after)
        .order_by(CampaignLead.lead_id)
        .limit(AT_ONCE)
    )
    with reading() as connection:
        return list(connection.scalars(asked))


def _leads_in(lead_ids: Sequence[str]) -> Any:
    """Leads with their last answers; JSON comes as text, since most of it is to be left out."""
    return (
        select(
            Lead.lead_id, Lead.company_id, Lead.source, Lead.known_at, Lead.name, Lead.email, Lead.job_title,
            func.lower(Lead.email).label("address"), cast(Lead.chosen, Text).label("chosen"),
            LastScore.prediction_id, LastScore.predicted_at, LastScore.qualification_score, LastScore.recommendation,
            LastScore.priority, Prediction.voice_ai_fit, Prediction.progression_probability, Prediction.confidence,
        )
        .outerjoin(LastScore, LastScore.lead_id == Lead.lead_id)
        .outerjoin(Prediction, Prediction.prediction_id == LastScore.prediction_id)
        .where(Lead.lead_id.in_(lead_ids))
        .order_by(Lead.lead_id)
    )  # fmt: skip


def _slim(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", "email", "job_title") if getattr(row, name)}


def _values(chosen: str | None) -> dict[str, Any]:
    return {name: one["value"] for name, one in (loads(chosen) or {}).items()} if chosen else {}


def _answer(row: Any, at: datetime) -> LastAnswer | None:
    if row.prediction_id is None or row.predicted_at > at:
        return None
    return LastAnswer(
        row.prediction_id, row.predicted_at, row.qualification_score, row.recommendation, row.priority,
        row.voice_ai_fit, row.progression_probability, row.confidence,
    )  # fmt: skip


def _companies(
    connection: Connection, company_ids: Iterable[str]
) -> dict[str, tuple[Mapping[str, Any], datetime | None]]:
    c, found = Company, dict[str, tuple[Mapping[str, Any], datetime | None]]()
    for some in in_parts(company_ids):
        asked = select(c.company_id, c.name, c.domain, c.known_at, cast(c.chosen, Text).label("chosen"))
        for row in connection.execute(asked.where(c.company_id.in_(some))):
            slim = {name: value for name, value in (("name", row.name), ("domain", row.domain)) if value}
            found[row.company_id] = (slim | _values(row.chosen), row.known_at)
    return found


def _calls(connection: Connection, lead_ids: Sequence[str], at: datetime) -> dict[str, Calls]:
    found: dict[str, Calls] = {}
    for some in in_parts(lead_ids):
        asked = (
            select(Call.lead_id, func.count(), func.max(Call.called_at), func.sum(Call.minutes),
                   func.avg(Call.sentiment))
            .where(Call.lead_id.in_(some), func.coalesce(Call.first_known_at, Call.known_at) <= at)
            .group_by(Call.lead_id)
        )  # fmt: skip
        found |= {lead_id: Calls(*told) for lead_id, *told in connection.execute(asked)}
    return found


def _mails(connection: Connection, addresses: Mapping[str, str | None], at: datetime) -> dict[str, Mails]:
    """By lead; a lead that nothing was sent to and that nothing is known of is left out."""
    sent = _sent(connection, addresses, at)
    events = _events(connection, {address for address in addresses.values() if address}, at)
    return {
        lead_id: _mails_of(sent.get(lead_id, 0), events.get(address or "", {}))
        for lead_id, address in addresses.items()
        if lead_id in sent or address in events
    }


def _mails_of(sent: int, events: Mapping[str, tuple[int, datetime]]) -> Mails:
    opened, clicked, replied = (events[kind][0] if kind in events else 0 for kind in BY_PEOPLE)
    told = max((events[kind][0] for kind in ("sent", "delivered", *BY_PEOPLE) if kind in events), default=0)
    engaged = max((events[kind][1] for kind in BY_PEOPLE if kind in events), default=None)
    refused = any(kind in events for kind in ("unsubscribed", "complained", SUPPRESSED))
    return Mails(max(sent, told), opened, clicked, replied, "bounced" in events, refused, engaged)


def _sent(connection: Connection, lead_ids: Iterable[str], at: datetime) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in in_parts(lead_ids):
        asked = select(Message.lead_id, func.count()).where(Message.lead_id.in_(some), Message.sent_at <= at)
        found.update(connection.execute(asked.group_by(Message.lead_id)).tuples().all())
    return found


def _events(
    connection: Connection, addresses: Iterable[str], at: datetime
) -> dict[str, dict[str, tuple[int, datetime]]]:
    """By address and kind: in how many messages, and when last."""
    e, found = EngagementEvent, dict[str, dict[str, tuple[int, datetime]]]()
    for some in in_parts(addresses):
        asked = (
            select(e.recipient, e.kind, func.count(distinct(func.coalesce(e.message_id, e.event_id))),
                   func.max(e.happened_at))
            .where(e.recipient.in_(some), e.received_at <= at)
            .group_by(e.recipient, e.kind)
        )  # fmt: skip
        for recipient, kind, messages, last_at in connection.execute(asked):
            found.setdefault(recipient, {})[kind] = (messages, last_at)
        suppressed = select(Suppression.address, Suppression.since).where(Suppression.address.in_(some))
        for address, since in connection.execute(suppressed.where(Suppression.since <= at)):
            found.setdefault(address, {})[SUPPRESSED] = (0, since)
    return found
