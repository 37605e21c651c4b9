"""Leads from a file of somebody else, over HTTP: recognised and set aside as `ringback import leads` does it.

The API never opens the warehouse. It keeps the file as a delivery that is done and publishes its leads to the database;
the next ingest imports the file into the warehouse, with the rows that were set aside.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from api.campaign_shapes import CAMPAIGN
from api.errors import ApiError
from api.finding import open_campaign
from api.security import require
from api.threads import WRITES
from campaigns.harvest import join
from database import campaigns, inbox, people
from database.identities import kept_as
from database.inbox import Name
from intake.columns import DateOrder
from intake.files import Read, read_file
from intake.importing import FILES
from intake.mapping import SOURCE
from intake.recognition import Recognised
from intake.suggest import recognise
from intake.tables import decoded, table_of
from ringback.clock import now
from ringback.errors import BadMapping
from ringback.records import Rejected

router = APIRouter(prefix="/api/leads", tags=["leads"])
CSV, JSON = "text/csv", "application/json"
MOST_SHOWN = 100
NAMED = "leads.csv"
Cell = str | int | float | bool | None


class SetAside(BaseModel):
    """A row that was not taken, or a value that was left out of one, and why."""

    row: str = Field(description="Its own id, or which row it is.")
    field: str
    reason: str


class ImportedLeads(BaseModel):
    """What became of the rows: rows = kept + set_aside."""

    rows: int
    kept: int
    new: int = Field(description="Leads among them that nobody knew.")
    joined: int | None = Field(description="Of them, how many are new in the campaign; null without one.")
    set_aside: int
    reasons: dict[str, int] = Field(description="Why rows were set aside, and how many each.")
    rows_set_aside: list[SetAside] = Field(description=f"The first {MOST_SHOWN}.")
    values_left_out: list[SetAside] = Field(description=f"Of rows that were kept; the first {MOST_SHOWN}.")
    columns: dict[str, str] = Field(description="By our name the column that was taken for it.")
    custom: dict[str, str] = Field(description="Columns that are kept as fields of your own, with their types.")
    doubts: list[str] = Field(description="What a person should look at.")


@dataclass(frozen=True, slots=True)
class _Asked:
    campaign_id: str | None
    source: str | None
    order: DateOrder | None


@router.post("/import", response_model=ImportedLeads, dependencies=[Depends(require("write"))], openapi_extra={
    "requestBody": {"required": True, "content": {
        CSV: {"schema": {"type": "string"}},
        JSON: {"schema": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
    }},
})  # fmt: skip
async def import_leads(
    request: Request,
    campaign: Annotated[
        Annotated[str, CAMPAIGN] | None, Query(description="The campaign that these leads join.")
    ] = None,
    source: Annotated[
        Annotated[str, SOURCE, StringConstraints(max_length=40)] | None,
        Query(description="Whose file it is; else recognised."),
    ] = None,
    dates: Annotated[DateOrder | None, Query(description="Where both fit.")] = None,
) -> ImportedLeads:
    """Import contacts with the facts of their companies: a CSV file with a first line, or a JSON list of flat objects.

    What its columns mean is recognised by their names and values. The same file again changes nothing.
    """
    kind, raw = request.headers.get("content-type", "").partition(";")[0].strip().lower(), await request.body()
    if kind not in (CSV, JSON):
        raise ApiError(415, f"The body must be {CSV} or {JSON}, and say so.", field="Content-Type")
    asked = _Asked(campaign, source, dates)
    return await to_thread.run_sync(_imported, raw, kind, asked, now(), limiter=WRITES)


def _imported(raw: bytes, kind: str, asked: _Asked, at: datetime) -> ImportedLeads:
    if asked.campaign_id is not None:
        open_campaign(asked.campaign_id)
    text, found, read = _read(raw, kind, asked, at)
    delivery_id = sha256(f"{found.mapping.model_dump_json()}\0{text}".encode()).hexdigest()[:32]
    inbox.keep_done(Name(FILES, delivery_id), text, {"mapping": found.mapping.model_dump_json()}, at)
    new = _published(read)
    joined = join(read.leads, asked.campaign_id, at)[0] if asked.campaign_id is not None else None
    aside = len(read.rejected)
    return ImportedLeads(
        rows=read.rows, kept=read.rows - aside, new=new, joined=joined, set_aside=aside,
        reasons=dict(Counter(_why(one) for one in read.rejected).most_common()),
        rows_set_aside=_shown(read.rejected), values_left_out=_shown(read.left_out),
        columns=found.mapping.columns, custom=dict(found.mapping.custom), doubts=list(found.doubts),
    )  # fmt: skip


def _read(raw: bytes, kind: str, asked: _Asked, at: datetime) -> tuple[str, Recognised, Read]:
    try:
        text = decoded(raw, "the body") if kind == CSV else _as_csv(raw)
        if "\x00" in text:
            raise BadMapping("the body has NUL characters, which no text has")
        table = table_of(text)
        found = recognise(table, "leads", "the body", source=asked.source, order=asked.order)
        return text, found, read_file(table, found.mapping, at, present=at)
    except (BadMapping, csv.Error) as failure:
        raise ApiError(422, f"{failure}.", field="body") from failure


def _as_csv(raw: bytes) -> str:
    """Objects as the rows of a table; raises ApiError 400 for what is no JSON, BadMapping for what is no table."""
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError as failure:
        raise ApiError(400, f"The body is no JSON: {failure}.", field="body") from None
    if not isinstance(told, list) or not told or not all(isinstance(one, dict) for one in told):
        raise BadMapping("the body is no list of objects")
    columns = list(dict.fromkeys(name for one in told for name in one))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for number, one in enumerate(told):
        writer.writerow([_cell(number, name, one.get(name)) for name in columns])
    return out.getvalue()


def _cell(number: int, name: str, value: Any) -> Cell:
    if isinstance(value, list) and all(isinstance(one, Cell) for one in value):
        return ";".join(str(one) for one in value)
    if isinstance(value, Cell):
        return value
    raise BadMapping(f"{number}.{name[:100]} is neither a word, a number, yes or no, null, nor a list of them")


def _published(read: Read) -> int:
    """Keep leads and companies in the database; gives how many leads are new.

    A crash before this loses nothing: the ingest, which reads the kept file, publishes as well.
    """
    known = campaigns.known_ids(kept_as(one.lead_id for one in read.leads).values())
    people.publish_companies(read.facts)
    kept = people.publish_leads(read.leads).kept_as
    return len(set(kept.values()) - known)


def _shown(records: Iterable[Rejected]) -> list[SetAside]:
    listed = list(records)[:MOST_SHOWN]
    return [SetAside(row=one.external_id, field=one.field, reason=one.reason) for one in listed]


def _why(one: Rejected) -> str:
    return ": ".join(filter(None, (one.field, one.reason)))
