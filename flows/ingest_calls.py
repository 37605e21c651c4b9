"""Daily, and when Fellow's webhook says so: calls come in from Fellow, leads and outcomes from the CRM's exports.

What the webhook delivered only says that something is new: all that changed is read, and the deliveries are done.

Fellow's list of action items is not read: it knows no moment to read from, so that each run would fetch all there ever
were, and the recordings' AI notes, which are kept, say of each item its text, who has to do it and until when.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from prefect import flow, task

from database import inbox
from database.inbox import done_since
from database.sync import high_water, move_high_water
from flows.asking_again import may_help
from flows.environment import moment_of, prepare_stores, run_name
from intake.importing import FILES, Imported, import_text
from intake.mapping import Mapping, load_mapping
from intake.meetings import call_of, payload_of
from intake.store import queue_high_value, take_calls, take_leads
from ringback.clock import now
from ringback.records import Call, Payload, Rejected
from ringback.settings import settings
from scoring.arrivals import LEADS, arrivals_in, records_of
from vendors import crm, fellow
from warehouse.connect import query, reading, writing
from warehouse.landing import land_payloads

OVERLAP = timedelta(days=1)
"""Read again what changed in the last day before the mark: a vendor's clock and ours need not agree."""
LOOK_BACK = timedelta(days=30)
"""Deliveries of so long, which is how long they are kept, are looked at where none was before."""
PAGES_AT_ONCE = 10
MEETINGS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a run brought in."""

    new_calls: int
    rejected: int
    queued: int
    new_leads: int
    new_outcomes: int


@flow(name="ingest-calls", flow_run_name=run_name)
def ingest_calls(as_of: datetime | None = None) -> Ingested:
    """Bring in what changed at Fellow and in the CRM since the last run."""
    prepare_stores()
    moment, began = moment_of(as_of), now()
    delivered = take_delivered_leads(moment) + take_delivered_files(moment)  # first: Fellow may fail for days
    touched = read_fellow(moment)
    new_calls, rejected, queued = take_meetings(touched, moment)
    leads = import_export("leads", moment)
    outcomes = import_export("outcomes", moment)
    mark_read(moment)
    inbox.finish_waiting(fellow.SOURCE, began, now())
    new_leads = delivered + (leads.new if leads else 0)
    return Ingested(new_calls, rejected, queued, new_leads, outcomes.outcomes if outcomes else 0)


@task(retries=2, retry_delay_seconds=[5, 30], retry_condition_fn=may_help)
def read_fellow(moment: datetime) -> list[str]:
    """Keep what Fellow sends as it is; gives the ids of the recordings that it or their notes touched."""
    since = high_water(fellow.SOURCE, "recording")
    since = since - OVERLAP if since else None
    touched: dict[str, None] = {}
    with fellow.connect(settings()) as client:
        for kind, pages in (("note", fellow.notes(client, since)), ("recording", fellow.recordings(client, since))):
            for bodies in _some_pages(pages):
                payloads = [payload for body in bodies if (payload := payload_of(kind, body, moment))]
                touched |= dict.fromkeys(_recordings_of(kind, payloads, bodies))
                with writing() as warehouse:
                    land_payloads(warehouse, payloads)
    return list(touched)


@task
def take_meetings(touched: list[str], moment: datetime) -> tuple[int, int, int]:
    """Read the kept recordings and notes as calls; gives new calls, newly set aside, newly queued companies."""
    new = rejected = queued = 0
    for start in range(0, len(touched), MEETINGS_AT_ONCE):
        ids = touched[start : start + MEETINGS_AT_ONCE]
        with reading() as warehouse:
            meetings = query(warehouse, "meetings", {"ids": ids, "as_of": moment})
        read = [call_of(m["recording"], m["note"], m["known_at"], settings().own_domains) for m in meetings]
        calls = [one for one in read if isinstance(one, Call)]
        landed, aside = take_calls(calls, [one for one in read if isinstance(one, Rejected)])
        new, rejected, queued = new + landed.new, rejected + aside.new, queued + queue_high_value(calls, moment)
    return new, rejected, queued


@task
def take_delivered_leads(moment: datetime) -> int:
    """What webhooks told of leads goes to the warehouse too, of which models learn; gives how many were new.

    From the mark less an overlap, as Fellow is read; what is in the warehouse already changes nothing there.
    """
    mark = high_water(LEADS, "delivery")
    since = mark - OVERLAP if mark else moment - LOOK_BACK
    delivered = [
        records_of(arrival, f"{one.name.delivery_id}:{number}", one.received_at)
        for one in done_since(LEADS, since)
        for number, arrival in enumerate(arrivals_in(one.body))
    ]
    new = take_leads([lead for lead, _ in delivered], [facts for _, facts in delivered if facts]).new
    move_high_water(LEADS, "delivery", min(moment, now()))
    return new


@task
def take_delivered_files(moment: datetime) -> int:
    """Files of leads that came over HTTP are imported as they were recognised then; gives how many leads were new."""
    mark = high_water(FILES, "delivery")
    new = 0
    for one in done_since(FILES, mark - OVERLAP if mark else moment - LOOK_BACK):
        mapping = Mapping.model_validate_json(one.headers["mapping"])
        name = f"{one.name.delivery_id}.csv"
        at, rejects = one.received_at, settings().home / "rejects"
        new += import_text(one.body, mapping, name, at, rejects, present=at).new
    move_high_water(FILES, "delivery", min(moment, now()))
    return new


@task(retries=2, retry_delay_seconds=[5, 30], retry_condition_fn=may_help)
def import_export(kind: str, moment: datetime) -> Imported | None:
    """Import one of the CRM's scheduled exports; None where none is configured."""
    fetch, mapping = (
        (crm.leads_csv, settings().crm_leads_mapping)
        if kind == "leads"
        else (crm.outcomes_csv, settings().crm_outcomes_mapping)
    )
    text = fetch(settings())
    if text is None:
        return None
    rejects = settings().home / "rejects"
    return import_text(text, load_mapping(mapping), f"{kind}.csv", moment, rejects, present=max(moment, now()))


@task
def mark_read(moment: datetime) -> None:
    """Move the mark: everything up to this moment is kept; of a moment to come, only what is there by now."""
    move_high_water(fellow.SOURCE, "recording", min(moment, now()))


def _some_pages(pages: Iterable[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Several pages at once: a transaction for each would take longer than the reading."""
    pages = iter(pages)
    while some := list(islice(pages, PAGES_AT_ONCE)):
        yield [body for page in some for body in page]


def _recordings_of(kind: str, payloads: list[Payload], bodies: list[dict[str, Any]]) -> list[str]:
    if kind == "recording":
        return [payload.external_id for payload in payloads]
    return [str(recording) for body in bodies for recording in body.get("recording_ids") or []]
