"""No key, no data; and whatever goes wrong is told in one form, without a word about the inside."""

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import APIRouter, Depends, Request
from starlette.routing import Route
from starlette.testclient import TestClient

from api.addresses import OPEN, OPEN_UNDER
from api.logs import JsonLines
from api.security import require
from ringback.clock import now
from ringback.errors import NotEnoughData, StoreError, UnknownModel

KeyFor = Callable[..., dict[str, str]]
HEAVY = ("mlflow", "sklearn", "xgboost", "pandas", "prefect", "duckdb")


def error_of(answer: Any) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    assert error.pop("request_id") == answer.headers["X-Request-ID"]
    return error


def test_no_route_answers_without_a_key(client: TestClient) -> None:
    asked = [
        (method, route.path) for route in client.app.routes if isinstance(route, Route)  # type: ignore[attr-defined]
        for method in route.methods or () if route.path not in OPEN and not route.path.startswith(OPEN_UNDER)
    ]  # fmt: skip
    assert len(asked) > 8
    answered = {
        (method, path, client.request(method, re.sub(r"{\w+}", "x", path)).status_code) for method, path in asked
    }
    assert {status for _, _, status in answered} == {401}


def test_every_open_address_is_known_to_be_open() -> None:
    assert frozenset({"/health", "/docs", "/openapi.json", "/sign-in"}) == OPEN
    assert OPEN_UNDER == ("/webhooks/", "/t/", "/assets/")


def test_who_has_no_valid_key_is_told_the_same_whatever_is_wrong_with_it(client: TestClient, key_for: KeyFor) -> None:
    expired = key_for("admin", expires_at=now() - timedelta(seconds=1))
    wrong: list[dict[str, str]] = [
        {}, {"X-API-Key": "rbk_a_b"}, {"X-API-Key": ""}, {"Authorization": "Basic eDp5"}, expired,
        {"X-API-Key": f"{expired['X-API-Key']}x"}, {"X-API-Key": "é".encode("latin-1").decode("latin-1")},
    ]  # fmt: skip
    answers = [client.get("/api/leads", headers=[(n.encode(), v.encode("latin-1")) for n, v in one.items()])
               for one in wrong]  # fmt: skip
    assert {(answer.status_code, str(error_of(answer))) for answer in answers} == {(401, str({
        "code": "no_valid_key", "message": "A valid API key is needed, as X-API-Key or as a bearer token.",
    }))}  # fmt: skip
    assert client.get("/nothing/here").status_code == 401


def test_a_key_comes_in_either_header(client: TestClient, key_for: KeyFor) -> None:
    key = key_for("read")
    assert client.get("/api/leads", headers=key).status_code == 200
    assert client.get("/api/leads", headers={"Authorization": f"Bearer {key['X-API-Key']}"}).status_code == 200


def test_a_key_without_the_role_is_told_which_it_needs(client: TestClient, key_for: KeyFor) -> None:
    answer = client.get("/api/leads", headers=key_for("score"))
    assert (answer.status_code, error_of(answer)["message"]) == (
        403, "This needs a key with the role read; this one has score.",
    )  # fmt: skip
    assert client.get("/api/leads", headers=key_for("write")).status_code == 200


def test_beyond_its_budget_a_key_is_told_when_it_may_ask_again(client: TestClient, key_for: KeyFor) -> None:
    key = key_for("read", per_minute=2)
    answers = [client.get("/nothing", headers=key) for _ in range(5)]
    statuses = [answer.status_code for answer in answers]
    if statuses.count(429) < 3:  # a minute ended between two of them
        answers = [client.get("/nothing", headers=key) for _ in range(3)]
        statuses = [answer.status_code for answer in answers]
    last = answers[-1]
    assert (statuses[0], statuses[-1], last.headers["X-RateLimit-Limit"], last.headers["X-RateLimit-Remaining"]) == (
        404, 429, "2", "0",
    )  # fmt: skip
    assert 1 <= int(last.headers["Retry-After"]) == int(last.headers["X-RateLimit-Reset"]) <= 60


def test_a_sane_request_id_is_taken_over_and_any_other_is_replaced(client: TestClient) -> None:
    def given(asked: str) -> str:
        return str(client.get("/health", headers={"X-Request-ID": asked}).headers["X-Request-ID"])

    assert given("order-7.b") == "order-7.b"
    for strange in ("two words", "x" * 65, "a\tb", ""):
        assert re.fullmatch(r"[0-9a-f]{24}", given(strange))


def test_an_unknown_address_and_a_wrong_method_are_told_as_such(client: TestClient, key_for: KeyFor) -> None:
    key = key_for("admin")
    missing, wrong = client.get("/nothing", headers=key), client.delete("/api/campaigns", headers=key)
    assert (missing.status_code, error_of(missing)["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.headers["Allow"], error_of(wrong)["code"]) == (
        405, "GET, POST", "method_not_allowed",
    )  # fmt: skip


def test_a_wrong_value_is_named(client: TestClient, key_for: KeyFor) -> None:
    key = key_for("admin")
    wrong = client.get("/api/leads?limit=201", headers=key)
    torn = client.post("/api/campaigns", content=b'{"torn', headers=key | {"Content-Type": "application/json"})
    assert (wrong.status_code, error_of(wrong)["field"]) == (422, "query.limit")
    assert (torn.status_code, error_of(torn)["code"]) == (422, "invalid")


def chunks() -> Iterator[bytes]:
    yield from [b"x" * 1_000] * 4


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(
    configured: Callable[..., None], client: TestClient, key_for: KeyFor
) -> None:
    from api.app import create_app

    configured(api_max_body_bytes="2000")
    small, key = TestClient(create_app()), key_for("admin") | {"Content-Type": "application/json"}
    for body in (b"x" * 2_001, chunks()):
        for path in ("/api/campaigns", "/webhooks/fellow"):
            answer = small.post(path, content=body, headers=key)
            assert (answer.status_code, error_of(answer)["message"], answer.headers["Connection"]) == (
                413, "The body is larger than the 2,000 bytes that are taken.", "close",
            )  # fmt: skip
            body = chunks() if not isinstance(body, bytes) else body
    assert small.post("/api/campaigns", content=b"x" * 2_000, headers=key).status_code == 422


@pytest.fixture
def broken(client: TestClient) -> TestClient:
    """An API with routes in which something goes wrong."""
    router = APIRouter()

    @router.get("/broken/{how}", dependencies=[Depends(require("read"))])
    async def broken(how: str, request: Request) -> None:
        raise {
            "inside": RuntimeError("the password is hunter2"),
            "store": StoreError("the file /secret/place is locked"),
            "data": NotEnoughData("124 labelled calls, 200 needed"),
            "model": UnknownModel("there is no version 9"),
        }[how]

    client.app.router.routes.extend(router.routes)  # type: ignore[attr-defined]
    return client


@pytest.mark.parametrize(
    ("how", "status", "message"),
    [
        ("inside", 500, "Something is wrong on our side; the log has the details under this request id."),
        ("store", 503, "The service cannot answer just now; try again in a moment."),
        ("data", 409, "124 labelled calls, 200 needed"),
        ("model", 404, "there is no version 9"),
    ],
)
def test_what_breaks_inside_is_in_the_log_and_what_the_client_can_mend_in_the_answer(
    how: str, status: int, message: str, broken: TestClient, key_for: KeyFor, caplog: pytest.LogCaptureFixture
) -> None:
    answer = broken.get(f"/broken/{how}", headers=key_for("read"))
    assert (answer.status_code, error_of(answer)["message"]) == (status, message)
    assert ("Traceback" in caplog.text) == (status >= 500)


def test_a_database_that_is_away_is_no_fault_of_the_request(
    client: TestClient, key_for: KeyFor, configured: Callable[..., None]
) -> None:
    key = key_for("read")
    assert client.get("/api/leads", headers=key).status_code == 200
    configured(database_url="postgresql://nobody@127.0.0.1:1/nothing")
    answer = client.get("/api/leads", headers=key)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert client.get("/health").json() == {"status": "unavailable"}


def test_the_log_has_a_line_for_each_request_and_neither_keys_nor_names(
    client: TestClient, key_for: KeyFor, caplog: pytest.LogCaptureFixture
) -> None:
    key = key_for("read")
    with caplog.at_level(logging.INFO, "ringback.api"):
        client.get("/api/leads/ana@acme.com?search=Ana", headers=key | {"X-Request-ID": "one"})
    record = next(record for record in caplog.records if record.message == "request")
    line = JsonLines().format(record)
    facts = record.__dict__["facts"]
    assert facts.pop("ms") > 0
    assert facts == {
        "request_id": "one", "method": "GET", "route": "/api/leads/{lead_id:path}", "status": 404,
        "key_id": key["X-API-Key"].split("_")[1],
    }  # fmt: skip
    assert re.match(r'{"at":"20\d\d-.*Z","level":"INFO","logger":"ringback.api","message":"request",', line)
    assert not re.search(f"{key['X-API-Key'][21:]}|ana|Ana|acme", line)


def test_answers_are_never_kept_sniffed_or_framed(client: TestClient) -> None:
    headers = client.get("/health").headers
    assert {name: headers[name] for name in ("X-Content-Type-Options", "Cache-Control", "Content-Security-Policy")} == {
        "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }  # fmt: skip


def test_the_service_needs_none_of_the_heavy_libraries() -> None:
    code = (
        "import sys; from api.app import create_app; create_app().openapi();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
