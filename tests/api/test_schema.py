"""Every operation does what its description says, to requests that fit it and to requests that do not; some of each.

A longer run of the same kind, against a live server: `st run http://127.0.0.1:8000/openapi.json -H "X-API-Key: ..."`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from api.app import create_app
from database.people import publish_companies, publish_leads
from database.promotions import Promotion, promote
from ringback.clock import now
from ringback.records import TARGETS
from scoring.engine import compiled
from tests.factories import a_lead, company_facts
from tests.scoring.leads import wide_model

pytestmark = pytest.mark.long
schemathesis.openapi.format("time-zone", st.sampled_from(["America/Chicago", "Europe/Lisbon", "UTC"]))
schemathesis.openapi.format("cron", st.sampled_from(["0 9 * * 1-5", "*/15 8-18 * * mon,wed", "30 6 1 1,7 *"]))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection, positive_data_acceptance,
]  # fmt: skip
EXAMPLES = 8
"""Of each operation; some fit its description and some do not."""
ASKS_OTHERS = frozenset({
    "POST /api/leads/{lead_id}/enrich", "POST /api/campaigns/{campaign_id}/runs",
    "PUT /api/campaigns/{campaign_id}/schedule",
})  # fmt: skip
"""Vendors or Prefect answer, or do not: what is said then is tested beside each."""
READS_FILES = frozenset({"POST /api/leads/import"})
"""What the columns of somebody's file mean is recognised; no schema says which files can be."""
TAKES_SECONDS = frozenset({"POST /models/reload/{version}"})
"""A version that is not there is looked for by a process of its own (tests/api/test_models.py)."""


def operations() -> list[Any]:
    document = schemathesis.openapi.from_dict(create_app().openapi())
    found = (one.ok() for one in document.get_all_operations())
    return [one for one in found if one.label not in ASKS_OTHERS | READS_FILES | TAKES_SECONDS]


@pytest.fixture
def ask(client: TestClient, key_for: Callable[..., dict[str, str]]) -> Iterator[Callable[[Any], Any]]:
    """Sends a case to a service that has champions and knows a lead."""
    for target in TARGETS:
        compiled(wide_model(target))
        promote(Promotion(target, now(), "1", "blend", "better", {}))
    publish_companies([company_facts("acme.com", industry="Healthcare")])
    publish_leads([a_lead("ana@acme.com", company_id="acme.com")])
    key = key_for("admin", "score", per_minute=1_000_000)

    def send(case: Any) -> Any:
        asked = case.as_transport_kwargs(base_url="http://testserver", headers=key)
        del asked["cookies"]
        if isinstance(asked.get("data"), (bytes, str)):
            asked["content"] = asked.pop("data")
        return client.request(**asked)

    with client:
        yield send


def test_every_operation_does_what_its_description_says(ask: Callable[[Any], Any]) -> None:
    """One running service for all of them: to start one takes longer than to ask it."""

    def holds(case: Any) -> None:
        case.validate_response(ask(case), checks=CHECKS)

    drawn = settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for operation in operations():
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode])
        seed(7)(drawn(given(case=cases)(holds)))()
