"""What other systems decided: taken into this process's own landing file, and counted when that lands."""

import re
from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import Annotated, Any, Literal

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from api.errors import ApiError, by_place, listed
from api.security import require
from api.threads import WRITES
from ringback.clock import as_utc, now
from ringback.decision_log import DecisionFile
from ringback.errors import StoreError
from ringback.forms import Form
from warehouse.decision_lines import LONGEST_LINE
from warehouse.decisions import AHEAD, landing_folder

router = APIRouter(tags=["logs"])
MOST_ENTRIES = 1_000
NDJSON = "application/x-ndjson"
EARLIEST = datetime(2000, 1, 1)
SECONDS_OF_A_YEAR = 31_536_000
NUMERAL = r"^[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?$"
"""As landing has it (`is_numeral` in warehouse/queries/decision_words.sql)."""
WRITTEN_SECONDS = {"type": "string", "pattern": r"^[0-9]{1,7}(\.[0-9]{1,20})?$", "examples": ["1.25"]}
"""For programs: what is surely less than a year."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?)?")


def _is_a_moment(text: str) -> str:
    if MOMENT.fullmatch(text) is None or _moment(text) is None:
        raise ValueError("is no moment in ISO 8601")
    return text


def _moment(text: str) -> datetime | None:
    """In UTC; None for what is none, and for the very first and last ones of the calendar."""
    try:
        return as_utc(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        return None


def _is_a_duration(value: float | str | None) -> float | str | None:
    if value is not None and float(value) > SECONDS_OF_A_YEAR:
        raise ValueError("is more than a year")
    return value


Moment = Annotated[
    str, AfterValidator(_is_a_moment),
    Field(description="ISO 8601; UTC where no zone is said.", json_schema_extra={"format": "date-time"}),
]  # fmt: skip
Word = str | int | float
"""As in a file of entries, which knows no difference between a text and a number here."""
NOT_BLANK = "[^ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
"""Any character but Unicode's spaces, which are what DuckDB's trim takes away when entries land."""
Needed = Annotated[str, Form(NOT_BLANK, "a text that is not blank, or a number", "web_scraper")] | int | float
"""What is blank names nothing."""
Level = Literal["high", "medium", "low"]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class LeadIdentifier(_Part):
    """Whom a decision was about."""

    name: Word | None = None
    company: Word | None = None
    industry: Word | None = None


class DecisionReasoning(_Part):
    """How a decision was made."""

    method_used: Needed
    success: bool
    confidence_level: Level | None = None
    processing_time: Annotated[
        Annotated[float, Field(ge=0, le=SECONDS_OF_A_YEAR)]
        | Annotated[str, Form(NUMERAL, "a number of seconds", "1.25"), WithJsonSchema(WRITTEN_SECONDS)]
        | None,
        AfterValidator(_is_a_duration),
    ] = Field(None, description="Seconds, at most a year.")


class TrainingLabels(_Part):
    """What somebody thought of a decision."""

    quality_score: Annotated[float, Field(ge=0, le=100)] | None = None
    success_indicator: bool | None = None
    improvement_potential: Level | None = None


class LogEntry(_Part):
    """One decision of any system; fields that are not listed are kept with it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "log_type": "website_analysis", "session_id": "run-17", "timestamp": "2026-03-18T09:30:00Z",
        "lead_identifier": {"company": "Acme Corp"},
        "decision_reasoning": {"method_used": "crawler", "success": True, "processing_time": 1.2},
    }]})  # fmt: skip

    log_type: Literal[
        "campaign_generation", "enrichment_decision", "website_analysis", "airtable_operation", "scoring_decision",
        "qualification_decision", "routing_decision", "nurture_decision", "log_loss",
    ]  # fmt: skip
    session_id: Needed
    timestamp: Moment
    decision_reasoning: DecisionReasoning
    lead_identifier: LeadIdentifier | None = None
    input_data: dict[str, Any] | None = None
    output_data: dict[str, Any] | None = None
    training_labels: TrainingLabels | None = None
    entry_id: Word | None = Field(None, description="The same of the same system counts once.")
    system: Word | None = None
    template: Word | None = None
    campaign_id: Word | None = None
    model_version: Word | None = None


class Doubt(BaseModel):
    """An entry that was taken, and will be set aside when it lands."""

    entry: int = Field(description="Its place in the request, from 0.")
    field: str
    because: str


class TakenEntries(BaseModel):
    """What became of a request's entries."""

    taken: int = Field(description="Written to the landing file; what was sent before is found when it lands.")
    doubts: list[Doubt] = Field(description="Of them, what will be set aside with its reason: moments far off.")


_lock = Lock()
_file: list[DecisionFile] = []
"""This process's, once there was something to write."""


@router.post("/logs", status_code=202, response_model=TakenEntries, dependencies=[Depends(require("score"))],
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": [
        {"$ref": "#/components/schemas/LogEntry"},
        {"type": "array", "items": {"$ref": "#/components/schemas/LogEntry"}, "maxItems": MOST_ENTRIES, "minItems": 1},
    ]}}}}},
)  # fmt: skip
async def log_decisions(request: Request) -> Response:
    """Log decisions: one, a list of at most 1,000, or one a line as `application/x-ndjson`.

    All entries of a request are taken, or none: what is wrong is told by its place and field. They are in the landing
    file before the answer; sending them again does no harm.
    """
    entries = _entries(request.headers.get("content-type", ""), await request.body())
    doubts = _checked(entries)
    lines = b"".join(line + b"\n" for line in _as_lines(entries))
    await to_thread.run_sync(_append, lines, limiter=WRITES)
    taken = TakenEntries(taken=len(entries), doubts=doubts)
    return Response(taken.model_dump_json(), 202, media_type="application/json")


def _entries(content_type: str, raw: bytes) -> Sequence[Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in ("application/json", NDJSON):
        raise ApiError(415, f"The body must be JSON, as application/json or {NDJSON}.", field="Content-Type")
    try:
        sent = _lines(raw) if kind == NDJSON else orjson.loads(raw)
    except orjson.JSONDecodeError as failure:
        raise ApiError(400, f"The body is no JSON: {failure}.", field="body") from None
    entries = sent if isinstance(sent, list) else [sent]
    if not 1 <= len(entries) <= MOST_ENTRIES:
        raise ApiError(422, f"{len(entries):,} entries in one request; 1 to {MOST_ENTRIES:,} are taken")
    return entries


def _lines(raw: bytes) -> list[Any]:
    """The entries of lines; raises ApiError 400 naming the first line that is none."""
    entries = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            entries += [orjson.loads(line)] if line.strip() else []
        except orjson.JSONDecodeError as failure:
            said = f"Line {number} of the body is no JSON: {failure.msg}, at column {failure.colno}."
            raise ApiError(400, said, field="body") from None
    return entries


def _checked(entries: Sequence[Any]) -> list[Doubt]:
    """What landing will set aside though it is well formed; raises ApiError 422 where something is not."""
    problems: dict[str, str] = {}
    doubts: list[Doubt] = []
    for n, sent in enumerate(entries):
        try:
            doubts += _doubt(n, LogEntry.model_validate(sent).timestamp)
        except ValidationError as failure:
            problems |= by_place(failure.errors(include_url=False), within=(n,))
    if problems:
        raise ApiError(422, f"{listed(problems)}. Nothing of the request was kept.", field=next(iter(problems)))
    return doubts


def _as_lines(entries: Sequence[Any]) -> list[bytes]:
    """Each as a line of the landing file; raises ApiError 422 naming one that is longer than landing takes."""
    lines = [orjson.dumps(entry) for entry in entries]
    for n, line in enumerate(lines):
        if len(line) > LONGEST_LINE:
            said = f"{n}: is longer than 1 MiB as a line of JSON. Nothing of the request was kept."
            raise ApiError(422, said, field=str(n))
    return lines


def _doubt(n: int, timestamp: str) -> list[Doubt]:
    at = _moment(timestamp)
    if at is None or at > now() + AHEAD:
        return [Doubt(entry=n, field="timestamp", because="lies more than a day ahead")]
    if at < EARLIEST:
        return [Doubt(entry=n, field="timestamp", because="is before the year 2000")]
    return []


def _append(lines: bytes) -> None:
    """Hand the lines to the kernel; raises StoreError where it did not take them all: then none is there."""
    with _lock:
        if not _file or _file[0].folder != landing_folder():
            _file[:] = [DecisionFile(landing_folder(), "api")]
        try:
            _file[0].append(lines)
        except OSError as failure:
            raise StoreError(f"the decision log cannot be written ({failure.strerror})") from failure
