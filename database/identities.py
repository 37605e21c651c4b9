"""Which lead somebody is: recognised by address, profile or a vendor's id; those that turn out to be one are merged.

A lead with an e-mail address keeps its id, since calls name it so; what else there was of it moves over, and a trail
stays. A lead whose signals are being bought at the moment is merged the next time it is brought.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from database.campaign_merges import move_campaigns
from database.models import CampaignLead, Lead, LeadKey, MergedLead, Purchase, QueuedSubject, Signal, Statement
from database.session import in_parts, insert_new, insert_or_replace, reading
from ringback import records
from ringback.clock import LONG_AGO
from ringback.precedence import precedence

EMAIL = "email:"
PROFILE = re.compile(r"^(?:https?://)?(?:[a-z]{2,3}\.)?linkedin\.com/in/([^/?#]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Merge:
    """Two ids that are one lead, and how that was seen."""

    lead_id: str
    into: str
    because: str


def lead_of(key: str) -> str | None:
    """The lead that an id, an address (`email:…`), a profile (`linkedin:…`) or a vendor's id (`apollo:…`) leads to."""
    with reading() as connection:
        found = connection.scalar(select(LeadKey.lead_id).where(LeadKey.key == key))
        return found or connection.scalar(select(MergedLead.into_lead_id).where(MergedLead.lead_id == key))


def leads_of_keys(keys: Iterable[str]) -> dict[str, str]:
    """The same of many keys; those that lead to nobody are left out."""
    listed = list(keys)
    with reading() as connection:
        return _redirected(connection, listed) | _owners(connection, listed)


def trail() -> list[Merge]:
    """Every merge so far, the oldest first."""
    with reading() as connection:
        rows = connection.execute(select(MergedLead).order_by(MergedLead.merged_at, MergedLead.lead_id))
        return [Merge(row.lead_id, row.into_lead_id, row.because) for row in rows]


def keys_of(lead: records.Lead) -> list[str]:
    """What a lead can be recognised by, the strongest first.

    >>> lead = records.Lead("ana@acme.com", "apollo", datetime(2026, 3, 18), external_id="67bd", email="Ana@acme.com")
    >>> keys_of(lead)
    ['email:ana@acme.com', 'apollo:67bd']
    """
    is_sure = lead.confidence is None or lead.confidence >= precedence().enough_confidence
    keys = [f"{EMAIL}{lead.email.strip().lower()}"] if lead.email and is_sure else []
    if lead.linkedin_url and (profile := PROFILE.match(lead.linkedin_url.strip())):
        keys.append(f"linkedin:{profile[1].lower()}")
    return [*keys, *([f"{lead.source}:{lead.external_id}"] if lead.external_id else [])]


def kept_as(lead_ids: Iterable[str]) -> dict[str, str]:
    """The ids under which leads are kept by now, by the ids that they came with."""
    listed = list(lead_ids)
    with reading() as connection:
        moved = _redirected(connection, listed)
    return {lead_id: moved.get(lead_id, lead_id) for lead_id in listed}


def recognise(
    connection: Connection, leads: Sequence[records.Lead], held: Collection[str] = ()
) -> tuple[dict[str, str], list[Merge]]:
    """The id under which each lead is kept, by the id it came with, and what turned out to be one and must be moved.

    A lead that somebody works on at the moment is moved the next time, unless it is among those the caller `held`.
    """
    wanted: dict[str, list[str]] = {}
    for lead in leads:
        known = wanted.setdefault(lead.lead_id, [])
        known += [key for key in keys_of(lead) if key not in known]
    owned = _owners(connection, {key for keys in wanted.values() for key in keys})
    addresses = {key.removeprefix(EMAIL) for keys in wanted.values() for key in keys if key.startswith(EMAIL)}
    redirected = _redirected(connection, {*wanted, *addresses})
    owner = dict(owned)
    merges: dict[str, Merge] = {}
    for lead_id, keys in wanted.items():
        here = _end(redirected.get(lead_id, lead_id), merges)
        same = {_end(owner[key], merges): key for key in keys if key in owner}
        if "@" not in here:
            new = [key for key in keys if key.startswith(EMAIL) and key not in owner]
            same |= {_end(redirected.get(a, a), merges): f"{EMAIL}{a}" for a in (k.removeprefix(EMAIL) for k in new)}
        keeps = min({here, *same}, key=lambda one: ("@" not in one, one not in same, one))
        for other in {here, *same} - {keeps}:
            merges[other] = Merge(other, keeps, f"the same {_named(same.get(other) or same.get(keeps) or '')}")
        owner |= dict.fromkeys(keys, keeps)
    postponed = _worked_on(connection, merges.keys(), held)
    done = {lead_id: merge for lead_id, merge in merges.items() if lead_id not in postponed}
    final = {lead_id: _end(redirected.get(lead_id, lead_id), done) for lead_id in wanted}
    keys_now = {
        key: final[lead_id] for lead_id, keys in wanted.items() for key in keys
        if owned.get(key) not in postponed and lead_id not in postponed
    }  # fmt: skip
    insert_or_replace(connection, LeadKey, [{"key": key, "lead_id": lead_id} for key, lead_id in keys_now.items()])
    return final, [replace(merge, into=_end(merge.into, done)) for merge in done.values()]


def move(connection: Connection, merges: Iterable[Merge], at: datetime) -> None:
    """Move all that was kept under the old ids, and leave a trail."""
    for merge in merges:
        old, new = merge.lead_id, merge.into
        connection.execute(update(LeadKey).where(LeadKey.lead_id == old).values(lead_id=new))
        _move_statements(connection, old, new)
        _move_signals(connection, old, new)
        _move_waiting(connection, old, new)
        _move_memberships(connection, old, new)
        move_campaigns(connection, old, new, at)
        bought = update(Purchase).where(Purchase.entity_id == old)
        connection.execute(bought.values(entity_id=new, order_id=Purchase.order_id + f" of {old}"))
        connection.execute(delete(Lead).where(Lead.lead_id == old))
        connection.execute(update(MergedLead).where(MergedLead.into_lead_id == old).values(into_lead_id=new))
        row = {"lead_id": old, "into_lead_id": new, "merged_at": at, "because": merge.because}
        insert_or_replace(connection, MergedLead, [row])


def _move_statements(connection: Connection, old: str, new: str) -> None:
    """What each source said of the two; of a field that it said something of twice, the later."""
    of_new = {row.source: row.fields for row in _rows(connection, Statement, Statement.entity_id, new)}
    for row in _rows(connection, Statement, Statement.entity_id, old):
        both = dict(row.fields)
        for name, said in of_new.get(row.source, {}).items():
            if name not in both or said["known_at"] >= both[name]["known_at"]:
                both[name] = said
        insert_or_replace(connection, Statement, [{"entity_id": new, "source": row.source, "fields": both}])
    connection.execute(delete(Statement).where(Statement.entity_id == old))


def _move_signals(connection: Connection, old: str, new: str) -> None:
    """What was found of either is found; costs add up."""
    of_new = {row.signal: row for row in _rows(connection, Signal, Signal.entity_id, new)}
    for row in _rows(connection, Signal, Signal.entity_id, old):
        there = of_new.get(row.signal)
        if there is None:
            insert_new(connection, Signal, [dict(row._mapping) | {"entity_id": new}])
            continue
        values = {"cost": there.cost + row.cost}
        if row.state == "found" and there.state == "missed":
            values |= {
                name: value for name, value in row._mapping.items() if name not in ("entity_id", "signal", "cost")
            }
        mine = (Signal.entity_id == new, Signal.signal == row.signal)
        connection.execute(update(Signal).where(*mine).values(values))
    connection.execute(delete(Signal).where(Signal.entity_id == old))


def _move_waiting(connection: Connection, old: str, new: str) -> None:
    """The work on the old id goes on under the new one; what was done of the new one is looked at again."""
    waiting = connection.execute(select(QueuedSubject).where(QueuedSubject.subject_id == old)).first()
    there = connection.scalar(select(QueuedSubject.state).where(QueuedSubject.subject_id == new))
    if waiting is None:
        return
    if there is None:
        connection.execute(update(QueuedSubject).where(QueuedSubject.subject_id == old).values(subject_id=new))
        return
    connection.execute(delete(QueuedSubject).where(QueuedSubject.subject_id == old))
    if there == "done" and waiting.state != "done":
        again = update(QueuedSubject).where(QueuedSubject.subject_id == new)
        connection.execute(again.values(state="waiting", attempts=0, not_before=None, batch=waiting.batch))


def _move_memberships(connection: Connection, old: str, new: str) -> None:
    rows = _rows(connection, CampaignLead, CampaignLead.lead_id, old)
    insert_new(connection, CampaignLead, [dict(row._mapping) | {"lead_id": new} for row in rows])
    connection.execute(delete(CampaignLead).where(CampaignLead.lead_id == old))


def _rows(connection: Connection, model: Any, column: Any, value: str) -> Sequence[Any]:
    return connection.execute(select(model).where(column == value)).all()


def _owners(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    return _looked_up(connection, LeadKey.key, LeadKey.lead_id, keys)


def _redirected(connection: Connection, lead_ids: Iterable[str]) -> dict[str, str]:
    return _looked_up(connection, MergedLead.lead_id, MergedLead.into_lead_id, lead_ids)


def _looked_up(connection: Connection, key: Any, value: Any, keys: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in in_parts(keys):
        asked = select(key, value).where(key.in_(some))
        found.update(connection.execute(asked).tuples().all())
    return found


def _worked_on(connection: Connection, lead_ids: Iterable[str], held: Collection[str]) -> set[str]:
    """Those whose signals are being bought, or that somebody else has taken from the queue."""
    listed = sorted(lead_ids)
    bought = select(Signal.entity_id).where(
        Signal.entity_id.in_(listed), Signal.state == "claimed", Signal.claimed_until > LONG_AGO
    )
    taken = select(QueuedSubject.subject_id).where(
        QueuedSubject.subject_id.in_(listed), QueuedSubject.state == "leased"
    )
    return {*connection.scalars(bought), *(one for one in connection.scalars(taken) if one not in held)}


def _end(lead_id: str, merges: Mapping[str, Merge]) -> str:
    while lead_id in merges:
        lead_id = merges[lead_id].into
    return lead_id


def _named(key: str) -> str:
    kind = key.split(":", 1)[0]
    return {"email": "e-mail address", "linkedin": "LinkedIn profile"}.get(kind, f"contact at {kind}")
