"""Links of our mails: the pixel, the links that lead on, and one click that ends all mails (RFC 8058).

No key is asked for: a token names one message and is signed. A link leads only where the message's row says. Looking at
the page to leave changes nothing, because scanners follow every link; leaving takes a POST.
"""

from base64 import b64decode
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qs

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from starlette.background import BackgroundTask

from api.errors import ApiError
from api.mail_pages import page_of_mail
from api.threads import LOOK_UPS, WRITES
from campaigns import tracking
from campaigns.tracking import CLICK, OPEN, PROVIDER, UNSUBSCRIBE, Asker, Kind, Tracked
from database import engagement, outbox, suppressions
from database.engagement import Engagement
from database.outbox import Message
from database.suppressions import Suppressed
from ringback.clock import now
from ringback.settings import settings

router = APIRouter(prefix="/t", include_in_schema=False)
PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one dot."""
ONE_CLICK = ("List-Unsubscribe", "One-Click")
LONGEST_FORM = 4_096
LOOKING = ["GET", "HEAD"]
ASK = Markup(
    "<p>We will write no more mails to {address}.</p>\n"
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    '<button type="submit">Unsubscribe</button></form>'
)
DONE = Markup("<p>We write no more mails to {address}.</p>")


@router.api_route("/o/{token}.gif", methods=LOOKING)
async def pixel(token: str, request: Request) -> Response:
    """The picture that says a mail was opened."""
    message, _ = await _named(token, OPEN)
    event = tracking.opened(message, _asker(request), now())
    return Response(PIXEL, media_type="image/gif", background=BackgroundTask(_keep, event))


@router.api_route("/c/{token}", methods=LOOKING)
async def link(token: str, request: Request) -> Response:
    """A link of a mail: leads on to where the mail's row says."""
    message, named = await _named(token, CLICK)
    if not 0 <= named.number < len(message.links):
        raise ApiError(404)
    event = tracking.clicked(message, named.number, _asker(request), now())
    return RedirectResponse(message.links[named.number], 302, background=BackgroundTask(_keep, event))


@router.api_route("/u/{token}", methods=LOOKING)
async def ask_to_leave(token: str) -> Response:
    """A page with a button; nothing changes by looking at it."""
    message, _ = await _named(token, UNSUBSCRIBE)
    return page_of_mail("Unsubscribe", ASK.format(address=_shortened(message.recipient)))


@router.post("/u/{token}")
async def leave(token: str, request: Request) -> Response:
    """End all mails to an address: for people who pressed the button, and for mail programs' one click."""
    message, _ = await _named(token, UNSUBSCRIBE)
    if not is_one_click(request.headers.get("content-type", ""), await request.body()):
        raise ApiError(400, "The body has to be List-Unsubscribe=One-Click, as a form.")
    await to_thread.run_sync(_leave, message, limiter=WRITES)
    return page_of_mail("You are unsubscribed", DONE.format(address=_shortened(message.recipient)))


def is_one_click(content_type: str, body: bytes) -> bool:
    """Whether a form, of either kind, says what RFC 8058 section 3.2 asks for."""
    if len(body) > LONGEST_FORM:
        return False
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return parse_qs(body.decode("latin-1")).get(ONE_CLICK[0]) == [ONE_CLICK[1]]
    if kind != "multipart/form-data" or any(letter in content_type for letter in "\r\n"):
        return False
    form = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode("latin-1") + body)
    said = [
        (part.get_param("name", header="content-disposition"), str(part.get_payload()).strip())
        for part in form.walk() if not part.is_multipart()
    ]  # fmt: skip
    return said == [ONE_CLICK]


async def _named(token: str, kind: Kind) -> tuple[Message, Tracked]:
    """The message of a token; raises ApiError 404 where nobody signed it, or for another kind of link."""
    named = tracking.tokens(settings()).read(token)
    if named is None or named.kind != kind:
        raise ApiError(404)
    message = await to_thread.run_sync(outbox.message, named.message_id, limiter=LOOK_UPS)
    if message is None:
        raise ApiError(404)
    return message, named


async def _keep(event: Engagement) -> None:
    """Keep an event after the answer went out: nobody waits for it."""
    await to_thread.run_sync(engagement.keep_events, [event], limiter=WRITES)


def _leave(message: Message) -> None:
    """Suppress the address, also where it had been lifted since the first time."""
    event = tracking.left(message, now())
    engagement.keep_events([event])
    suppressions.suppress([Suppressed(message.recipient, "unsubscribed", event.happened_at, PROVIDER, event.event_id)])


def _asker(request: Request) -> Asker:
    agent = request.headers.get("user-agent", "")
    return Asker(request.method, agent, request.client.host if request.client else "")


def _shortened(address: str) -> str:
    """An address that its owner recognises, and nobody else who was forwarded the mail can read in full."""
    local, _, domain = address.partition("@")
    return f"{local[:2]}…@{domain}"
