"""An API on a home of its own, without what works beside the requests, and keys to ask it with."""

import base64
import hmac
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from database import keys
from ringback.clock import now
from ringback.settings import settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette would rather have its client's next library, which nobody else needs
    from starlette.testclient import TestClient

SECRET = base64.b64encode(b"a secret of the tests").decode()


@pytest.fixture
def client(home: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A client of an API that has not been asked anything yet, and at once knows keys that are made while it runs."""
    from api import gate
    from api.app import create_app

    monkeypatch.setattr(gate, "LOOK_FOR_NEW_AFTER_SECONDS", 0.0)
    return TestClient(create_app(), raise_server_exceptions=False)


@pytest.fixture
def key_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Makes a key with roles; gives the header that a request carries it in."""
    monkeypatch.setattr("api.gate.PATIENCE_SECONDS", 60.0)  # on a busy machine too, budgets are what is asked for here

    def make(*roles: str, per_minute: int = 1_000, expires_at: datetime | None = None) -> dict[str, str]:
        return {"X-API-Key": keys.create("test", roles, now(), "a test", per_minute, expires_at)}

    return make


@pytest.fixture
def configured(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets settings of this process: `configured(api_max_body_bytes="2000")`."""

    def configure(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"RINGBACK_{name.upper()}", value)
        settings.cache_clear()

    return configure


def svix_headers(body: bytes, delivery_id: str = "msg_1", secret: str = SECRET, seconds_ago: int = 0) -> dict[str, str]:
    """The headers of a delivery that was signed some seconds ago."""
    stated = str(int(now().replace(tzinfo=UTC).timestamp()) - seconds_ago)
    digest = hmac.digest(base64.b64decode(secret), f"{delivery_id}.{stated}.".encode() + body, "sha256")
    return {
        "svix-id": delivery_id, "svix-timestamp": stated, "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
        "content-type": "application/json",
    }  # fmt: skip
