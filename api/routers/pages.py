"""Pages for browsers under /reports and /tickets; a key with the role read, also as the password of HTTP Basic."""

from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from api import pages
from api.errors import ApiError
from api.security import require
from api.threads import LISTS, LOOK_UPS
from database.tickets import State
from reports.pages import page
from reports.periods import Kind
from ringback.clock import now

router = APIRouter(include_in_schema=False, dependencies=[Depends(require("read"))])
SAFE = {"Content-Security-Policy": pages.POLICY}
Name = Annotated[str, Path(pattern=r"^\d{4}-(W\d{2}|\d{2}|Q[1-4])$")]
TicketId = Annotated[str, Path(pattern=r"^T-[0-9a-f]{8,64}$")]


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
    path = await to_thread.run_sync(pages.report_file, kind, name, file, limiter=LOOK_UPS)
    return FileResponse(path, media_type=pages.TYPES[path.suffix], headers=SAFE)


@router.get("/tickets")
async def tickets(
    state: Annotated[State | None, Query(description="Only tickets in this state.")] = None,
) -> HTMLResponse:
    """The tickets: what was recommended, and what became of it."""
    return HTMLResponse(await to_thread.run_sync(pages.tickets_page, now(), state, limiter=LISTS), headers=SAFE)


@router.get("/tickets/{ticket_id}")
async def ticket(ticket_id: TicketId) -> HTMLResponse:
    """One ticket with its evidence, its history and what was measured."""
    return HTMLResponse(await to_thread.run_sync(pages.ticket_page, ticket_id, now(), limiter=LOOK_UPS), headers=SAFE)


async def _file(name: str) -> FileResponse:
    path = await to_thread.run_sync(pages.index_file, name, limiter=LOOK_UPS)
    return FileResponse(path, media_type=pages.TYPES[path.suffix], headers=SAFE)
