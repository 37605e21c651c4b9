"""Dropcontact's stand-in enriches batches a while later, over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.dropcontact import TOKEN
from sandbox.fellow_records import JsonObject
from sandbox.server import SandboxServer
from tests.sandbox.vendor_controls import books, configure, reset


@pytest.fixture
def dropcontact(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    reset(sandbox, "dropcontact")
    with httpx.Client(
        verify=False, base_url=f"{sandbox.url}/dropcontact/v1", headers={"X-Access-Token": TOKEN}
    ) as client:
        yield client
    reset(sandbox, "dropcontact")


def batch(sandbox: SandboxServer, count: int) -> list[JsonObject]:
    people = sandbox.world.people(sandbox.clock())[:count]
    return [
        {"first_name": p.first_name, "last_name": p.last_name, "website": p.company.domain,
         "custom_fields": {"lead_id": p.person_id}}
        for p in people
    ]  # fmt: skip


def test_a_batch_is_not_ready_then_there_and_paid_for_addresses_found(
    sandbox: SandboxServer, dropcontact: httpx.Client
) -> None:
    request_id = dropcontact.post("/enrich/all", json={"data": batch(sandbox, 60)}).json()["request_id"]
    first, second = (dropcontact.get(f"/enrich/all/{request_id}").json() for _ in range(2))
    assert (first["success"], first["error"], "not ready" in first["reason"]) == (False, False, True)
    emails = {person.person_id: person.email for person in sandbox.world.people(sandbox.clock())}
    found = [one for one in second["data"] if "email" in one]
    assert 40 < len(found) < 60
    assert all(one["email"][0]["email"] == emails[one["custom_fields"]["lead_id"]] for one in found)
    assert second["credits_left"] == books(sandbox, "dropcontact")["credits_left"] == 100_000 - len(found)


def test_an_unknown_batch_is_never_ready(dropcontact: httpx.Client) -> None:
    assert [dropcontact.get("/enrich/all/nobody").json()["success"] for _ in range(3)] == [False] * 3


def test_results_can_be_forced_in_part_and_in_french(sandbox: SandboxServer, dropcontact: httpx.Client) -> None:
    asked = {"data": batch(sandbox, 20), "language": "fr"}
    request_id = dropcontact.post("/enrich/all", json=asked).json()["request_id"]
    data = dropcontact.get(f"/enrich/all/{request_id}?forceResults=true").json()["data"]
    kinds = {one["email"][0]["qualification"].split("@")[0] for one in data if "email" in one}
    assert (len(data), kinds) == (10, {"nominatif"})


def test_an_error_can_come_with_200(sandbox: SandboxServer, dropcontact: httpx.Client) -> None:
    configure(sandbox, "dropcontact", error_in_200=True, checks_until_ready=0)
    request_id = dropcontact.post("/enrich/all", json={"data": batch(sandbox, 1)}).json()["request_id"]
    reply = dropcontact.get(f"/enrich/all/{request_id}")
    assert (reply.status_code, reply.json()["error"]) == (200, True)


@pytest.mark.parametrize(
    ("data", "status"), [([], 400), ([{}] * 251, 400), ([{"job": "x" * 15_001}], 400), ([{}] * 9, 403)]
)
def test_what_cannot_be_taken_is_refused(
    sandbox: SandboxServer, dropcontact: httpx.Client, data: list[JsonObject], status: int
) -> None:
    configure(sandbox, "dropcontact", credits=8)
    assert dropcontact.post("/enrich/all", json={"data": data}).status_code == status
    assert httpx.get(f"{sandbox.url}/dropcontact/v1/account/credits").status_code == 401


def test_verifying_a_given_address_costs_a_credit_also_where_nobody_has_it(
    sandbox: SandboxServer, dropcontact: httpx.Client
) -> None:
    data = [
        {"email": "nobody@nowhere.test", "custom_fields": {"lead_id": "41"}},
        {"first_name": "No", "last_name": "Body", "website": "nowhere.test", "custom_fields": {"lead_id": "42"}},
        {"email": "somebody@nowhere.test"},
    ]
    dropcontact.post("/enrich/all", json={"data": data})
    kept = books(sandbox, "dropcontact")
    assert (kept["billed"], kept["credits_left"]) == ({"41": 1, "somebody@nowhere.test": 1}, 99_998)


def test_an_unknown_input_is_reported(dropcontact: httpx.Client) -> None:
    asked = {"data": [{"website": "nowhere.test", "lead_score": 3}]}
    request_id = dropcontact.post("/enrich/all", json=asked).json()["request_id"]
    [one] = dropcontact.get(f"/enrich/all/{request_id}?forceResults=true").json()["data"]
    assert one["unexpected_field"] == ["lead_score"]


def test_the_old_host_refuses_everything(sandbox: SandboxServer) -> None:
    reply = httpx.post(f"{sandbox.url}/dropcontact-io/batch", headers={"X-Access-Token": TOKEN}, json={})
    assert (reply.status_code, reply.json()) == (403, {"message": "Missing Authentication Token"})
