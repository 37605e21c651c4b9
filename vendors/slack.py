"""Slack: messages to one channel by an incoming webhook, whose address is the secret.

Slack answers in bare words: `ok`, or why not. A message that Slack may have taken is never posted again, since it would
stand there twice: only a 429, or a connection that was never made, is tried again. A 5xx is a VendorUnavailable that is
in doubt, every other word is final and is the `said` of a VendorRefused.

Texts are escaped here, so callers pass plain words; Slack's light markup (`*bold*`, `_italic_`) still works in them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ringback.errors import AddressRefused, VendorRefused
from ringback.settings import Settings
from vendors.http import KEY_SHOWN, Client
from vendors.limits import per_second

HOST = "hooks.slack.com"
MOST_BLOCKS, LONGEST_SECTION, LONGEST_TEXT = 50, 3_000, 40_000
LONGEST_ENTITY = len("&amp;")


@dataclass(frozen=True, slots=True)
class Section:
    """Some lines of text, as long as they are: Slack's limit of 3,000 letters is kept by several blocks."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A line that leads to a web page."""

    label: str
    url: str


Block = Section | Link


def connect(settings: Settings) -> Client | None:
    """A client of the configured webhook, of the sandbox's where none is set, and None where then calls are real.

    Raises AddressRefused where the address is none of Slack's; this machine's own addresses are taken as a stand-in's.
    """
    if settings.slack_url:
        return client_of(settings.slack_url.get_secret_value())
    if settings.uses_sandbox:
        return client_of(f"http://127.0.0.1:{settings.sandbox_port}/slack/services/T000/B000/sandbox")
    return None


def client_of(webhook: str) -> Client:
    """A client of the webhook at this address, of which only what precedes the last `/` is ever shown."""
    front, _, key = webhook.strip().rpartition("/")
    try:
        address = urlsplit(front)
        scheme, host, has_port = address.scheme, address.hostname or "", address.port is not None
    except ValueError:
        raise AddressRefused("RINGBACK_SLACK_URL is not a web address") from None
    is_slacks = scheme == "https" and host == HOST and not has_port
    if not (is_slacks or (scheme in ("http", "https") and is_this_machine(host))):
        raise AddressRefused(f"RINGBACK_SLACK_URL leads to {scheme}://{host}; only https://{HOST} is posted to")
    if "@" in address.netloc or "/services/" not in f"{address.path}/" or not key.isascii() or not key.isalnum():
        raise AddressRefused(f"RINGBACK_SLACK_URL is not of the form https://{HOST}/services/T…/B…/…")
    return Client(vendor="Slack", base_url=front, headers={}, key_in_path=key, limits=(per_second(1),))


def is_this_machine(host: str) -> bool:
    """Whether the host is this machine's own address.

    >>> is_this_machine("127.0.0.1"), is_this_machine("hooks.slack.com")
    (True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def post(client: Client, text: str, blocks: Sequence[Block] = ()) -> None:
    """Post a message; `text` is what notifications show, and all there is where there are no blocks.

    Raises VendorRefused with Slack's word where it does not take it, and before anything is sent where the message is
    too long (more than 50 blocks, or 40,000 letters of text, which Slack would cut off); VendorUnavailable where Slack
    failed, `is_in_doubt` where the message may stand there all the same; VendorUnreadable where a web page came back.
    """
    shown, sent = escaped(text), [made for block in blocks for made in _blocks(block)]
    if len(sent) > MOST_BLOCKS:
        raise VendorRefused(f"a Slack message of {len(sent)} blocks, at most {MOST_BLOCKS} are taken; post in parts")
    if len(shown) > LONGEST_TEXT:
        raise VendorRefused(f"a Slack text of {len(shown)} letters, at most {LONGEST_TEXT} are shown; post in parts")
    body = {"text": shown, "blocks": sent} if sent else {"text": shown}
    said = client.without_secrets(client.post_for_text(f"/{KEY_SHOWN}", body, repeatable=False))
    if said != "ok":
        raise VendorRefused(f"Slack answered {said!r} where 'ok' was expected", said=said)


def escaped(text: str) -> str:
    """The text with the three letters escaped that steer Slack.

    >>> escaped("R&D <b>")
    'R&amp;D &lt;b&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(block: Block) -> Iterator[dict[str, object]]:
    if isinstance(block, Link):
        address = escaped(block.url).replace("|", "%7C")
        pieces = [f"<{address}|{escaped(block.label)}>"]
        if len(pieces[0]) > LONGEST_SECTION:
            raise VendorRefused(f"a Slack link of {len(pieces[0])} letters, at most {LONGEST_SECTION} are taken")
    else:
        pieces = parts(escaped(block.text))
    for piece in pieces:
        yield {"type": "section", "text": {"type": "mrkdwn", "text": piece}}


def parts(text: str, longest: int = LONGEST_SECTION) -> list[str]:
    """An escaped text in parts of at most `longest` letters, cut where a line ends, else between words, else anywhere.

    Only the white space at the cuts and at both ends is lost, and no escaped letter is cut in two.

    >>> parts("one two three", longest=9)
    ['one two', 'three']
    """
    found, left = [], text.strip()
    while len(left) > longest:
        cut = _cut(left, longest)
        found.append(left[:cut].rstrip())
        left = left[cut:].lstrip()
    return [*found, left] if left else found


def _cut(text: str, longest: int) -> int:
    for separator in ("\n", " "):
        if (place := text.rfind(separator, 1, longest + 1)) > 0:
            return place
    entity = text.rfind("&", longest - LONGEST_ENTITY, longest)
    return entity if entity > 0 and ";" not in text[entity:longest] else longest
