"""Telling the Prefect server that something happened, without Prefect: an event, on which its automations act."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any
from urllib.request import Request, urlopen
from uuid import NAMESPACE_URL, uuid4, uuid5

from ringback.errors import VendorUnavailable

PATIENCE_SECONDS = 5.0
CALL_DELIVERED = "call.delivered"
FELLOW = "ringback.vendor.fellow"


def emit(
    server: str, event: str, resource: str, payload: Mapping[str, Any], at: datetime, once: str | None = None
) -> None:
    """Tell the server (its URL without /api) of an event at a moment, UTC without zone.

    The same `once` makes one event, however often it is told.
    Tried once, for at most five seconds; raises VendorUnavailable where the server did not take it.
    """
    told = [
        {
            "id": str(uuid4() if once is None else uuid5(NAMESPACE_URL, once)),
            "occurred": at.replace(tzinfo=UTC).isoformat(),
            "event": event,
            "resource": {"prefect.resource.id": resource},
            "payload": dict(payload),
        }
    ]
    request = Request(  # noqa: S310  (the address is the installation's own setting)
        f"{server}/api/events", json.dumps(told).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urlopen(request, timeout=PATIENCE_SECONDS):  # noqa: S310
            return
    except (OSError, HTTPException, ValueError) as failure:
        raise VendorUnavailable(
            f"Prefect did not take an event at {server}: {failure}; is 'ringback up' running?"
        ) from failure
