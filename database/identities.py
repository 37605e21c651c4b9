"""Which lead somebody is: recognised by address, profile or a vendor's id; those that turn out to be one are merged.

A lead with an e-mail address keeps its id, since calls name it so; what else there was of it moves over, and a trail
stays. A lead whose signals are being bought at the moment is merged the next time it is brought.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from database.models import CampaignLead, Lead, LeadKey, MergedLead, Purchase, Signal, Statement
from database.session import insert_new, insert_or_replace, reading
from ringback import records
from ringback.clock import LONG_AGO

AT_ONCE = 500  # keys in one condition
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
    keys = [f"email:{lead.email.strip().lower()}"] if lead.email else []
    if lead.linkedin_url and (profile := PROFILE.match(lead.linkedin_url.strip())):
        keys.append(f"linkedin:{profile[1].lower()}")
    return [*keys, *([f"{lead.source}:{lead.external_id}"] if lead.external_id else [])]


def recognise(connection: Connection, leads: Sequence[records.Lead]) -> tuple[dict[str, str], list[Merge]]:
    """The id under which each lead is kept, by the id it came with, after merging what turned out to be one."""
    wanted = {lead.lead_id: keys_of(lead) for lead in leads}
    owned = _owners(connection, {key for keys in wanted.values() for key in keys})
    owner = dict(owned)
    redirected = _redirected(connection, wanted.keys())
    merges: dict[str, Merge] = {}
    kept: dict[str, str] = {}
    for lead in leads:
        own = redirected.get(lead.lead_id, lead.lead_id)
        same = {_end(owner[key], merges): key for key in wanted[lead.lead_id] if key in owner}
        here = _end(own, merges)
        if lead.email and "@" not in here:
            same.setdefault(_end(lead.email.strip().lower(), merges), wanted[lead.lead_id][0])
        keeps = min({here, *same}, key=lambda one: ("@" not in one, one not in same, one))
        for other in {here, *same} - {keeps}:
            merges[other] = Merge(other, keeps, f"the same {_named(same.get(other) or same.get(keeps) or '')}")
        owner |= dict.fromkeys(wanted[lead.lead_id], keeps)
        kept[lead.lead_id] = keeps
    postponed = _being_bought(connection, merges.keys())
    done = [merge for merge in merges.values() if merge.lead_id not in postponed]
    final = {lead_id: lead_id if lead_id in postponed else _end(into, merges) for lead_id, into in kept.items()}
    keys = {
        key: final[lead.lead_id] for lead in leads for key in wanted[lead.lead_id] if owned.get(key) not in postponed
    }
    insert_or_replace(connection, LeadKey, [{"key": key, "lead_id": lead_id} for key, lead_id in keys.items()])
    return final, done


def move(connection: Connection, merges: Iterable[Merge], at: datetime) -> None:
    """Move all that was kept under the old ids, and leave a trail."""
    for merge in merges:
        old, new = merge.lead_id, merge.into
        connection.execute(update(LeadKey).where(LeadKey.lead_id == old).values(lead_id=new))
        _move_rows(connection, Statement, Statement.entity_id, old, new)
        _move_rows(connection, CampaignLead, CampaignLead.lead_id, old, new)
        _move_rows(connection, Signal, Signal.entity_id, old, new)
        _move_rows(connection, Purchase, Purchase.entity_id, old, new)
        connection.execute(delete(Lead).where(Lead.lead_id == old))
        connection.execute(update(MergedLead).where(MergedLead.into_lead_id == old).values(into_lead_id=new))
        row = {"lead_id": old, "into_lead_id": new, "merged_at": at, "because": merge.because}
        insert_or_replace(connection, MergedLead, [row])


def _move_rows(connection: Connection, model: Any, column: Any, old: str, new: str) -> None:
    """Give rows another lead; where it has such a row already, its own stays."""
    rows = connection.execute(select(model).where(column == old)).mappings().all()
    if rows:
        insert_new(connection, model, [dict(row) | {column.key: new} for row in rows])
        connection.execute(delete(model).where(column == old))


def _owners(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    return _looked_up(connection, LeadKey.key, LeadKey.lead_id, keys)


def _redirected(connection: Connection, lead_ids: Iterable[str]) -> dict[str, str]:
    return _looked_up(connection, MergedLead.lead_id, MergedLead.into_lead_id, lead_ids)


def _looked_up(connection: Connection, key: Any, value: Any, keys: Iterable[str]) -> dict[str, str]:
    listed = sorted(set(keys))
    found: dict[str, str] = {}
    for start in range(0, len(listed), AT_ONCE):
        asked = select(key, value).where(key.in_(listed[start : start + AT_ONCE]))
        found.update(connection.execute(asked).tuples().all())
    return found


def _being_bought(connection: Connection, lead_ids: Iterable[str]) -> set[str]:
    counted = select(Signal.entity_id, func.count()).where(
        Signal.entity_id.in_(sorted(lead_ids)), Signal.state == "claimed", Signal.claimed_until > LONG_AGO
    )
    return {row[0] for row in connection.execute(counted.group_by(Signal.entity_id))}


def _end(lead_id: str, merges: Mapping[str, Merge]) -> str:
    while lead_id in merges:
        lead_id = merges[lead_id].into
    return lead_id


def _named(key: str) -> str:
    kind = key.split(":", 1)[0]
    return {"email": "e-mail address", "linkedin": "LinkedIn profile"}.get(kind, f"contact at {kind}")
