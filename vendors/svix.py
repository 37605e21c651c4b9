"""Svix: whether a webhook's delivery was really sent by whom we gave the address (Fellow, Resend).

The sender signs the delivery's id, the moment and the raw bytes with a secret that was told once, when the webhook was
made. While a secret is being changed there are several signatures, of which one that is right is enough. The id is
given back because the same delivery can come more than once: whoever acts on it remembers the ids.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import SecretStr

from ringback.errors import VendorRefused

TOLERANCE_SECONDS = 300
ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "svix-id", "svix-timestamp", "svix-signature"
DELIVERY_ID = re.compile(r"[!-\-/-~]{1,256}")
"""Anything that can be read but the full stop, which separates what is signed."""
UNIX_SECONDS = re.compile(r"[0-9]{1,12}")


def verify(headers: Mapping[str, str], raw_body: bytes, secret: SecretStr, now: datetime) -> str:
    """Give the delivery's id, where one of its signatures is right and it is at most 300 seconds old or early.

    `headers` may be spelled in any case; `raw_body` is what came over the line, not what was read from it; `secret` is
    base64, with or without `whsec_` in front; `now` is UTC without zone.
    Raises VendorRefused that says what is wrong: the delivery must not be acted on.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    delivery_id, stated = _header(sent, ID_HEADER), _header(sent, TIMESTAMP_HEADER)
    if not DELIVERY_ID.fullmatch(delivery_id):
        raise VendorRefused(f"a webhook's delivery has an unreadable {ID_HEADER}")
    if not UNIX_SECONDS.fullmatch(stated):
        raise VendorRefused(f"a webhook's delivery has a {TIMESTAMP_HEADER} that is not in unix seconds")
    signatures = _signatures(_header(sent, SIGNATURE_HEADER))
    expected = hmac.digest(_key(secret), f"{delivery_id}.{stated}.".encode() + raw_body, "sha256")
    if not any(hmac.compare_digest(expected, signature) for signature in signatures):
        raise VendorRefused(f"the webhook's delivery {delivery_id} is not signed with our secret")
    age = now.replace(tzinfo=UTC).timestamp() - int(stated)
    if abs(age) > TOLERANCE_SECONDS:
        raise VendorRefused(
            f"the webhook's delivery {delivery_id} was signed {when(age)}, "
            f"at most {TOLERANCE_SECONDS} either way are taken: is it a replay, or a clock that is wrong?"
        )
    return delivery_id


def when(age: float) -> str:
    """How long ago something was signed, by its age in seconds, in words.

    >>> when(400), when(-400)
    ('400 seconds ago', '400 seconds in the future')
    """
    return f"{age:.0f} seconds ago" if age > 0 else f"{-age:.0f} seconds in the future"


def is_secret(secret: SecretStr) -> bool:
    """Whether a secret can be read, so that deliveries can be verified with it."""
    return bool(_decoded(secret.get_secret_value().strip().removeprefix("whsec_")))


def _header(sent: Mapping[str, str], name: str) -> str:
    if not sent.get(name):
        raise VendorRefused(f"a webhook's delivery lacks the header {name}")
    return sent[name]


def _signatures(listed: str) -> list[bytes]:
    """The readable signatures of the one version we know; others stand there for newer readers."""
    found = []
    for one in listed.split():
        version, _, encoded = one.partition(",")
        signature = _decoded(encoded)
        if version == "v1" and signature:
            found.append(signature)
    if not found:
        raise VendorRefused(f"a webhook's delivery has no readable v1 signature in {SIGNATURE_HEADER}")
    return found


def _key(secret: SecretStr) -> bytes:
    """An empty secret is none: everybody could sign with it."""
    key = _decoded(secret.get_secret_value().strip().removeprefix("whsec_"))
    if not key:
        raise VendorRefused("the webhook's secret is not base64: set the whole secret that came when it was made")
    return key


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
