"""All leads as a file, sent as it is read."""

import csv
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, fields
from datetime import datetime
from io import StringIO
from typing import Annotated, Literal

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.moments import as_text
from api.security import require
from api.threads import LISTS
from database.lead_pages import ListedLead, all_leads
from intake.tables import guarded

router = APIRouter(prefix="/api/leads", tags=["leads"])
COLUMNS = [one.name for one in fields(ListedLead)]
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@router.get("/export", response_class=StreamingResponse, dependencies=[Depends(require("read"))], responses={
    200: {
        "description": "A lead on each line.",
        "content": {kind.split(";")[0]: {"schema": {"type": "string"}} for kind in TYPES.values()},
    },
})  # fmt: skip
async def export(format: Annotated[Literal["csv", "jsonl"], Query()] = "csv") -> StreamingResponse:
    """All leads with their last scores; a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    lines = _sent(_as_csv() if format == "csv" else _as_jsonl())
    named = {"Content-Disposition": f'attachment; filename="leads.{format}"'}
    return StreamingResponse(lines, media_type=TYPES[format], headers=named)


async def _sent(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The parts, each made in a thread of those for lists."""
    while (part := await to_thread.run_sync(next, parts, None, limiter=LISTS)) is not None:
        yield part


def _as_csv() -> Iterator[bytes]:
    yield _rows([COLUMNS])
    for some in all_leads():
        yield _rows([[_cell(value) for value in asdict(one).values()] for one in some])


def _as_jsonl() -> Iterator[bytes]:
    for some in all_leads():
        yield b"".join(
            orjson.dumps(asdict(one), option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z) + b"\n" for one in some
        )


def _rows(rows: list[list[str]]) -> bytes:
    out = StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _cell(value: object) -> str:
    text = as_text(value) if isinstance(value, datetime) else str(value)
    return "" if value is None else guarded(text)
