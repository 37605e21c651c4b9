"""Orders at pipe0: paid once, fetched when done, each signal found or missed with the reason."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import pytest

from ringback.errors import VendorRefused, VendorUnavailable
from ringback.settings import Settings
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.vendors.scripted import Answer, a_vendor
from vendors import pipe0
from vendors.http import Client
from vendors.pipe0 import PIPES, Run, check, order, validate

COMPANY_PIPES = [pipe for pipe in PIPES if pipe.needs == "company_website_url"]
NOW = datetime(2026, 3, 2)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World(seed=7, start=datetime(2026, 1, 5), calls_per_week=60), now=lambda: NOW) as running:
        yield running


@pytest.fixture
def client(server: SandboxServer, tmp_path: Path) -> Iterator[Client]:
    with pipe0.connect(Settings(home=tmp_path, pipe0_url=f"{server.url}/pipe0")) as connected:
        connected.state_folder = tmp_path
        yield connected


def companies(server: SandboxServer, number: int) -> list[dict[str, str | None]]:
    known = server.world.companies(NOW)[:number]
    return [{"id": str(n), "company_website_url": f"https://{company.domain}"} for n, company in enumerate(known)]


def finished(client: Client, run_id: str) -> Run:
    until = monotonic() + 20
    while not (run := check(client, run_id, COMPANY_PIPES)).is_over and monotonic() < until:
        sleep(0.02)
    return run


def test_the_pipes_exist(client: Client) -> None:
    validate(client, COMPANY_PIPES)


def test_each_signal_of_each_company_is_found_or_missed_with_the_reason(server: SandboxServer, client: Client) -> None:
    run = finished(client, order(client, COMPANY_PIPES, companies(server, 30)))
    assert run.status == "completed"
    assert len(run.answers) == 30 * len(COMPANY_PIPES)
    assert {answer.outcome for answer in run.answers} >= {"found", "missed"}
    assert all((answer.value is None) == (answer.outcome != "found") for answer in run.answers)
    assert all(answer.reason for answer in run.answers if answer.outcome != "found")


def test_more_than_a_hundred_inputs_are_refused_before_anything_is_sent(client: Client) -> None:
    inputs = [{"id": str(n), "company_website_url": None} for n in range(101)]
    with pytest.raises(VendorRefused, match="order in parts"):
        order(client, COMPANY_PIPES, inputs)
    assert client.requests_sent == 0


def test_a_wrong_key_is_refused(server: SandboxServer, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, pipe0_url=f"{server.url}/pipe0", pipe0_key="made-up-wrong-key")
    with pipe0.connect(settings) as connected:
        connected.state_folder = tmp_path
        with pytest.raises(VendorRefused, match="401"):
            order(connected, COMPANY_PIPES, companies(server, 1))


def test_an_order_that_may_have_been_billed_is_not_repeated() -> None:
    with a_vendor(Answer(500), Answer(200, '{"id": "run-2"}')) as client:
        with pytest.raises(VendorUnavailable, match="not repeated"):
            order(client, COMPANY_PIPES, [{"id": "1", "company_website_url": "https://acme.test"}])
        assert client.requests_sent == 1


def test_an_order_that_was_told_to_wait_is_asked_again() -> None:
    with a_vendor(Answer(429), Answer(200, '{"id": "run-1"}')) as client:
        assert order(client, COMPANY_PIPES, [{"id": "1", "company_website_url": "https://acme.test"}]) == "run-1"


def test_being_out_of_credit_is_told_from_finding_nothing() -> None:
    broke = '{"id": "r", "status": "failed", "records": {}, "errors": [{"message": "Insufficient credits"}]}'
    with a_vendor(Answer(200, broke)) as client:
        run = check(client, "r", COMPANY_PIPES)
    assert run.is_over
    assert run.is_out_of_credit
