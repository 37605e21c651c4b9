"""Pages that show how things stand: overview, models, drift, improvement, tickets, reports and health."""

from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from api.errors import ApiError
from api.pages import drift, files, improvement, models, overview, runs, system, tickets
from api.pages.forms import sent_by_us, text_of
from api.pages.rendering import back_to, show
from api.routers.campaign_pages import RUN, RunId, run_shown
from api.routers.lead_pages import who
from api.routers.tickets import TicketId, moved
from api.security import require
from api.threads import LISTS, LOOK_UPS, WRITES
from database.tickets import State
from reports.pages import p_text, page
from reports.periods import Kind
from reports.words import errs_of
from ringback.clock import now
from ringback.forms import Form
from ringback.records import Target

router = APIRouter(include_in_schema=False, dependencies=[Depends(require("read"))])
WRITE, ADMIN = Depends(require("write")), Depends(require("admin"))
Fields = Annotated[dict[str, str], Depends(sent_by_us)]
SAFE = {"Content-Security-Policy": files.POLICY}
Name = Annotated[
    str, Path(), Form(r"^[0-9]{4}-(W[0-9]{2}|[0-9]{2}|Q[1-4])$", "a year with a week, month or quarter", "2026-W12")
]
CHANGE, TRAIN = "change-champion/change-champion", "train/train"


@router.get("/")
async def first(request: Request) -> HTMLResponse:
    """How things stand."""
    return show(request, "overview.html", facts=await to_thread.run_sync(overview.overview, limiter=LISTS))


@router.get("/models")
async def all_models(request: Request, run: RunId = None) -> HTMLResponse:
    """Versions side by side."""
    facts = await to_thread.run_sync(models.all_models, now(), limiter=LISTS)
    return show(request, "models.html", models=facts, metrics=models.METRICS, run=await run_shown(run, "/models"))


@router.get("/models/runs/{run_id}")
async def run_part(request: Request, run_id: Annotated[str, Path(), RUN]) -> Response:
    """How far a run is that a page asked for; once it is over, the page is loaded anew to show what it did."""
    found = await to_thread.run_sync(runs.run, run_id, "/models", limiter=LOOK_UPS)
    shown = show(request, "run.html", run=found)
    if found.is_over:
        shown.headers["HX-Refresh"] = "true"
    return shown


@router.post("/models/train", dependencies=[ADMIN])
async def train(request: Request, _fields: Fields) -> Response:
    """Let Prefect train now."""
    begin = partial(runs.start, TRAIN, {"because": f"asked for by {who(request)}"})
    return back_to(f"/models?run={await to_thread.run_sync(begin, limiter=WRITES)}")


@router.post("/models/{target}/champion", dependencies=[ADMIN])
async def promote(request: Request, target: Target, fields: Fields) -> Response:
    """Let a version decide; it is tried first, and the ledger keeps who and why."""
    version, because = text_of(fields, "version", 20), text_of(fields, "because", 1_000)
    return await _change(request, target, because, {"version": version, "kind": "promotion"})


@router.post("/models/{target}/rollback", dependencies=[ADMIN])
async def roll_back(request: Request, target: Target, fields: Fields) -> Response:
    """Go back to the champion before."""
    return await _change(request, target, text_of(fields, "because", 1_000), {"kind": "rollback"})


@router.get("/drift")
async def drifting(request: Request) -> HTMLResponse:
    """What the daily checks found."""
    return show(request, "drift.html", facts=await to_thread.run_sync(drift.drifting, limiter=LISTS))


@router.get("/drift/{name}")
async def drift_page(name: Annotated[str, Path(max_length=40)]) -> FileResponse:
    """Evidently's page of a day, shut in."""
    path = await to_thread.run_sync(files.drift_file, name, limiter=LOOK_UPS)
    headers = {"Content-Security-Policy": files.DRIFT_POLICY}
    return FileResponse(path, media_type=files.TYPES[path.suffix], headers=headers)


@router.get("/improvement")
async def improving(request: Request) -> HTMLResponse:
    """Trends, what to do, and what waits."""
    return show(
        request, "improvement.html", facts=await to_thread.run_sync(improvement.improving, now(), limiter=LISTS)
    )


@router.get("/tickets")
async def all_tickets(
    request: Request, state: Annotated[State | None, Query(description="Only tickets in this state.")] = None
) -> HTMLResponse:
    """The tickets: what was recommended, and what became of it."""
    facts = await to_thread.run_sync(tickets.listed, now(), state, limiter=LISTS)
    return show(request, "tickets.html", facts=facts, state=state, errs=errs_of(is_period=False), say=tickets.WORDS)


@router.get("/tickets/{ticket_id}")
async def ticket(request: Request, ticket_id: TicketId) -> HTMLResponse:
    """One ticket with its evidence, its history and what was measured."""
    told: dict[str, Any] = await to_thread.run_sync(tickets.facts_of, ticket_id, now(), limiter=LOOK_UPS)
    return show(request, "ticket.html", p_text=p_text, **told)


@router.post("/tickets/{ticket_id}/accept", dependencies=[WRITE])
async def accept(request: Request, ticket_id: TicketId, fields: Fields) -> Response:
    """Say that it will be done."""
    return await _move(request, ticket_id, "accepted", fields.get("note") or None, None)


@router.post("/tickets/{ticket_id}/implement", dependencies=[WRITE])
async def implement(request: Request, ticket_id: TicketId, fields: Fields) -> Response:
    """Say since when it is done."""
    try:
        on = date.fromisoformat(text_of(fields, "on"))
    except ValueError:
        raise ApiError(422, "This is no day; write 2026-03-18.", field="on") from None
    return await _move(request, ticket_id, "implemented", fields.get("note") or None, on)


@router.post("/tickets/{ticket_id}/reject", dependencies=[WRITE])
async def reject(request: Request, ticket_id: TicketId, fields: Fields) -> Response:
    """Say why it will not be done."""
    return await _move(request, ticket_id, "rejected", text_of(fields, "because"), None)


@router.get("/archive")
async def reports_of_all_kinds(request: Request) -> HTMLResponse:
    """Every report that is kept."""
    return show(request, "archive.html", kinds=await to_thread.run_sync(improvement.archive, limiter=LISTS))


@router.get("/system")
async def health(request: Request) -> HTMLResponse:
    """How each part is, and what is wrong."""
    return show(request, "system.html", facts=await to_thread.run_sync(system.system, limiter=LISTS))


@router.get("/reports")
async def reports() -> RedirectResponse:
    """The archive's address ends with a slash: its links are relative."""
    return RedirectResponse("reports/", 307)


@router.get("/reports/", response_model=None)
async def archive() -> FileResponse | HTMLResponse:
    """The archive."""
    try:
        return await _file("index.html")
    except ApiError:
        return HTMLResponse(page("index.html", kinds={}), headers=SAFE)


@router.get("/reports/{name}")
async def index(name: Literal["index.html", "dashboard.html"]) -> FileResponse:
    """The archive's index, and the key numbers across weeks."""
    return await _file(name)


@router.get("/reports/{kind}/{name}/{file}")
async def report(kind: Kind, name: Name, file: str) -> FileResponse:
    """A file of a report, as it was written."""
    path = await to_thread.run_sync(files.report_file, kind, name, file, limiter=LOOK_UPS)
    return FileResponse(path, media_type=files.TYPES[path.suffix], headers=SAFE)


async def _change(request: Request, target: Target, because: str, asked: dict[str, str]) -> Response:
    told = {"target": target, "because": because, "by": who(request), **asked}
    begin = partial(runs.start, CHANGE, told)
    return back_to(f"/models?run={await to_thread.run_sync(begin, limiter=WRITES)}")


async def _move(request: Request, ticket_id: str, to: State, note: str | None, on: date | None) -> Response:
    await to_thread.run_sync(moved, ticket_id, to, who(request), note, on, limiter=WRITES)
    return back_to(f"/tickets/{ticket_id}", f"The ticket is {to} now.")


async def _file(name: str) -> FileResponse:
    path = await to_thread.run_sync(files.index_file, name, limiter=LOOK_UPS)
    return FileResponse(path, media_type=files.TYPES[path.suffix], headers=SAFE)
