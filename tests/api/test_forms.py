"""What has another form than is wanted is told in words with an example, never as a regular expression."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from api.bodies import parsed
from api.errors import FORMS, ApiError
from api.routers.tickets import Reason
from scoring.arrivals import Arrival
from scoring.lead import NO_NUL

KeyFor = Callable[..., dict[str, str]]
NOT_EMPTY = (NO_NUL, NO_NUL.replace("*", "+"), Reason.__metadata__[0].pattern)
"""What fits none of these is blank or has NUL characters, and is told so."""
CAMPAIGN = "up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first, such as spring-2026"
NEW = {"campaign_id": "spring", "name": "Spring", "source": "csv"}


@pytest.mark.parametrize(
    ("method", "address", "body", "said"),
    [
        ("GET", "/api/campaigns/!spring", None, f"path.campaign_id: must be {CAMPAIGN}"),
        ("POST", "/api/campaigns", NEW | {"campaign_id": "a b"}, f"campaign_id: must be {CAMPAIGN}"),
        ("POST", "/api/campaigns", NEW | {"conduct": {"schedule": "hourly!!!"}},
         "must be five fields as cron writes them, such as 0 9 * * 1-5"),
        ("POST", "/api/leads/import?source=Hub%20Spot", "a,b", "such as hubspot"),
        ("POST", "/api/leads/import?campaign=!", "a,b", f"query.campaign: must be {CAMPAIGN}"),
        ("GET", "/api/tickets/17", None, "path.ticket_id: must be the id of a ticket, such as T-1a2b3c4d"),
        ("POST", "/api/tasks/17/done", {"outcome": "met"}, "path.task_id: must be the id of a task, such as 5f0c"),
        ("DELETE", "/api/campaigns/spring/overrides/17", None, "must be the id of an override, such as 5f0c"),
        ("POST", "/models/reload/best", None, "path.version: must be the number of a version, or champion, such as 3"),
        ("GET", "/reports/weekly/latest/report.html", None, "must be a year with a week, month or quarter, such as 20"),
        ("GET", "/models?run=17", None, "must be the id of a run at Prefect, such as 0197d3c4"),
        ("GET", "/leads?search=%00", None, "query.search: must not have NUL characters"),
    ],
)  # fmt: skip
def test_it_is_told_in_words(
    client: TestClient, key_for: KeyFor, method: str, address: str, body: Any, said: str
) -> None:
    keys = key_for("read", "write", "admin")
    if isinstance(body, str):
        answer = client.request(method, address, content=body, headers=keys | {"Content-Type": "text/csv"})
    else:
        answer = client.request(method, address, json=body, headers=keys)
    assert answer.status_code == 422
    told = answer.json()["error"]["message"]
    assert said in told
    assert not [sign for sign in ("^", "pattern", "{0,") if sign in told]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "ana"}, "email: must be an e-mail address, such as ana@acme.com"),
        ({"company_name": "\x01"}, "company_name: must say something"),
        ({"domain": "a\x00b"}, "domain: must not have NUL characters"),
        ({"source": "My CRM"}, "source: must be up to 40 small letters, digits, hyphens and underscores, such as crm"),
    ],
)
def test_of_a_lead_it_is_told_in_words(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ApiError) as told:
        parsed(Arrival, orjson.dumps({"company_name": "Acme"} | wrong))
    assert str(told.value) == said


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")  # of links in mails, which are in no description
def test_every_pattern_of_every_route_has_words(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [route for route in client.app.routes if isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    for route in routes:
        monkeypatch.setattr(route, "include_in_schema", True)  # pages, too
    document = get_openapi(title="all", version="1", routes=routes)
    bare = {schema["pattern"] for schema in patterned(document) if "examples" not in schema}
    assert bare - FORMS.keys() - set(NOT_EMPTY) == set()


def patterned(part: Any) -> Iterator[dict[str, Any]]:
    """The schemas in a document that have a pattern."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part
        part = list(part.values())
    for one in part if isinstance(part, list) else ():
        yield from patterned(one)
