"""Signatures of webhooks that are not Svix's (`svix.py`): SendGrid signs, Postmark knows a password.

Neither names its delivery; the raw bytes do: the same bytes again are the same delivery.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import SecretStr

from ringback.errors import VendorRefused
from vendors.svix import TOLERANCE_SECONDS, UNIX_SECONDS, when

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

SENDGRID_SIGNATURE = "x-twilio-email-event-webhook-signature"
SENDGRID_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
BASIC = "basic "


def delivery_id_of(raw_body: bytes) -> str:
    """A name for a delivery whose sender gives it none.

    >>> delivery_id_of(b"[]")[:12]
    'body-4f53cda'
    """
    return f"body-{sha256(raw_body).hexdigest()}"


def verify_sendgrid(headers: Mapping[str, str], raw_body: bytes, public_key: str, now: datetime) -> str:
    """Give a name for the delivery, where SendGrid signed it at most 300 seconds ago.

    `headers` are in small letters; `raw_body` is what came over the line; `public_key` is base64 of DER, as SendGrid's
    settings show it; `now` is UTC without zone. ECDSA on P-256 with SHA-256 over timestamp and bytes.
    Raises VendorRefused that says what is wrong: the delivery must not be acted on.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    stated, signature = headers.get(SENDGRID_TIMESTAMP, ""), _decoded(headers.get(SENDGRID_SIGNATURE, ""))
    if not UNIX_SECONDS.fullmatch(stated) or signature is None:
        raise VendorRefused("an event webhook's delivery has no readable signature and timestamp")
    try:
        _sendgrid_key(public_key).verify(signature, stated.encode() + raw_body, ECDSA(SHA256()))
    except InvalidSignature:
        raise VendorRefused("the event webhook's delivery is not signed with SendGrid's key") from None
    age = now.replace(tzinfo=UTC).timestamp() - int(stated)
    if abs(age) > TOLERANCE_SECONDS:
        raise VendorRefused(
            f"the delivery was signed {when(age)}, at most {TOLERANCE_SECONDS} seconds either way are taken"
        )
    return delivery_id_of(raw_body)


def verify_basic(headers: Mapping[str, str], raw_body: bytes, user: str, password: SecretStr) -> str:
    """Give a name for the delivery, where it came with the right user and password; raises VendorRefused."""
    sent = headers.get("authorization", "")
    credentials = _decoded(sent[len(BASIC) :]) if sent.lower().startswith(BASIC) else None
    expected = f"{user}:{password.get_secret_value()}".encode()
    if credentials is None or not hmac.compare_digest(sha256(credentials).digest(), sha256(expected).digest()):
        raise VendorRefused("the webhook's delivery did not come with our user and password")
    return delivery_id_of(raw_body)


@lru_cache(maxsize=2)
def _sendgrid_key(text: str) -> "EllipticCurvePublicKey":
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    der = _decoded(text.strip())
    try:
        key = load_der_public_key(der or b"")
    except ValueError:
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise VendorRefused("SendGrid's key is not base64 of a P-256 key: set what its settings show as it is")
    return key


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None
