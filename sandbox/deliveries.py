"""What vendors send to us: signed requests to a webhook of ours, right or wrong on purpose.

Timestamps are the real clock's, whatever moment the sandbox shows: the receiver compares them with its own.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from ringback.clock import now as real_now
from sandbox.fellow_records import JsonObject

SIGNATURES = ("right", "wrong", "stale", "replayed")
STALE_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request to a webhook: where to, with what, and how long it waits for the answer."""

    url: str
    body: bytes
    headers: dict[str, str]
    timeout_seconds: float = 10.0

    async def send(self) -> tuple[int | None, str]:
        """Status and text of the answer; None and the reason where there is none. Redirects are not followed."""
        return await asyncio.to_thread(self._send)

    def _send(self) -> tuple[int | None, str]:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout_seconds)
        try:
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request("POST", path, self.body, {"Content-Type": "application/json", **self.headers})
            answer = connection.getresponse()
            return answer.status, answer.read(10_000).decode("utf-8", errors="replace")
        except (OSError, HTTPException) as failure:
            return None, type(failure).__name__
        finally:
            connection.close()


def address_of(body: JsonObject) -> str:
    """The `url` of a request that registers one; raises ValueError where it is none."""
    url = str(body.get("url") or "")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("url must be an http or https address")
    return url


def signature_of(body: JsonObject) -> str:
    """How a delivery is to be signed; raises ValueError for what cannot be meant."""
    wanted = str(body.get("signature", "right"))
    if wanted not in SIGNATURES:
        raise ValueError(f"signature must be one of {', '.join(SIGNATURES)}")
    return wanted


def written(content: JsonObject) -> bytes:
    """The content as the bytes that are signed and sent."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def stamp(signature: str) -> str:
    """Seconds since 1970 as a text; an hour ago where the delivery is to be stale."""
    seconds = int(real_now().replace(tzinfo=UTC).timestamp())
    return str(seconds - STALE_SECONDS if signature == "stale" else seconds)


def svix_headers(secret: str, message_id: str, body: bytes, signature: str = "right") -> dict[str, str]:
    """The headers of the Svix scheme, which Fellow uses; a wrong signature is of other bytes.

    `secret` is `whsec_` and base64.
    """
    timestamp = stamp(signature)
    signed = f"{message_id}.{timestamp}.".encode() + (b"tampered" if signature == "wrong" else body)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"svix-id": message_id, "svix-timestamp": timestamp, "svix-signature": f"v1,{digest}"}


def openfunnel_headers(secret: str, body: bytes, signature: str = "right") -> dict[str, str]:
    """OpenFunnel's headers: an HMAC of timestamp, dot and body."""
    timestamp = stamp(signature)
    signed = f"{timestamp}.".encode() + (b"tampered" if signature == "wrong" else body)
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"X-OpenFunnel-Timestamp": timestamp, "X-OpenFunnel-Signature": f"sha256={digest}"}
