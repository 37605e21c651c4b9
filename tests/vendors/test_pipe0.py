"""Orders at pipe0: paid once, fetched when done, each signal found or missed with the reason."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from ringback.errors import VendorRefused, VendorUnavailable, VendorUnreadable
from ringback.settings import Settings
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.vendors.scripted import Answer, Received, a_server, a_vendor
from vendors import pipe0
from vendors.http import Client
from vendors.pipe0 import PIPES, Run, check, order, run_id_in, run_now, validate

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


def runs_made(server: SandboxServer) -> int:
    return int(httpx.get(f"{server.url}/_sandbox/state").json()["vendors"]["pipe0"]["runs"])


def test_a_few_inputs_are_answered_at_once(server: SandboxServer, client: Client) -> None:
    run = run_now(client, COMPANY_PIPES, companies(server, 9))
    assert run.is_over
    assert len(run.answers) == 9 * len(COMPANY_PIPES)
    assert any(answer.outcome == "found" for answer in run.answers)
    assert client.requests_sent == 1


def test_a_run_that_takes_too_long_is_followed_and_not_ordered_again(server: SandboxServer, client: Client) -> None:
    url = f"{server.url}/_sandbox/settings?vendor=pipe0"
    httpx.post(url, json={"sync_timeout_every": 1}).raise_for_status()
    before = runs_made(server)
    run = run_now(client, COMPANY_PIPES, companies(server, 2))
    httpx.post(url, json={"sync_timeout_every": 0}).raise_for_status()
    assert (run.is_over, run.answers, runs_made(server) - before, client.requests_sent) == (False, (), 1, 1)
    done = finished(client, run.run_id)
    assert (done.status, len(done.answers)) == ("completed", 2 * len(COMPANY_PIPES))


def test_the_same_is_asked_at_once_and_later(tmp_path: Path) -> None:
    received: list[Received] = []
    inputs = [{"id": "1", "company_website_url": "https://acme.test"}]
    with a_vendor(Answer(body='{"id": "r", "status": "completed", "records": {}}'), received=received) as client:
        run_now(client, COMPANY_PIPES, inputs)
        order(client, COMPANY_PIPES, inputs)
    at_once, later = received
    assert (at_once.path, later.path) == ("/v1/pipes/run/sync", "/v1/pipes/run")
    assert at_once.json == later.json


def test_ten_inputs_are_not_run_at_once(client: Client) -> None:
    inputs = [{"id": str(n), "company_website_url": None} for n in range(10)]
    with pytest.raises(VendorRefused, match="use an order"):
        run_now(client, COMPANY_PIPES, inputs)
    assert client.requests_sent == 0


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(408, '{"detail": "took too long"}'), Answer(408, '{"detail": null}'), Answer(408, "<html>", "text/html"),
        Answer(408, ""), Answer(408, "[]"), Answer(500), Answer(504, "<html>", "text/html"),
    ],
    ids=lambda answer: f"{answer.status} {answer.body}",
)  # fmt: skip
def test_a_run_without_an_answer_or_an_id_is_in_doubt_and_not_ordered_again(trouble: Answer) -> None:
    with a_vendor(trouble, Answer(200, '{"id": "run-2", "status": "completed", "records": {}}')) as client:
        with pytest.raises(VendorUnavailable) as raised:
            run_now(client, COMPANY_PIPES, [{"id": "1", "company_website_url": "https://acme.test"}])
        assert raised.value.is_in_doubt
        assert client.requests_sent == 1


@pytest.mark.parametrize("body", ['{"status": "completed", "records": {}}', '{"id": "r", "status": "completed"}', "{}"])
def test_an_answer_without_id_or_records_is_unreadable(body: str) -> None:
    with a_vendor(Answer(body=body)) as client, pytest.raises(VendorUnreadable, match="pipe0 answered the run"):
        run_now(client, COMPANY_PIPES, [{"id": "1", "company_website_url": "https://acme.test"}])


def test_a_run_is_waited_for_longer_than_other_answers(tmp_path: Path) -> None:
    late = Answer(body='{"id": "r", "status": "completed", "records": {}}', after_seconds=0.3)
    with a_server(late) as server, Client("pipe0", server.url, {}, state_folder=tmp_path, timeout_seconds=0.1) as hasty:
        assert run_now(hasty, COMPANY_PIPES, [{"id": "1", "company_website_url": "https://acme.test"}]).is_over


@pytest.mark.parametrize(
    ("detail", "run_id"),
    [
        ("The run run_1f0a takes longer than 3 minutes; check it with /v1/pipes/check/run_1f0a", "run_1f0a"),
        ("Run timed out after 180 seconds. Run ID: xgvKdlwqPz", "xgvKdlwqPz"),
        (
            "Timed out (run_id=8d1c0b1e-5b1a-4f0e-9a58-0d6d5a3d2f11), it continues",
            "8d1c0b1e-5b1a-4f0e-9a58-0d6d5a3d2f11",
        ),
        ("Request timed out after 180000ms at 2026-10-01T12:00:00Z; run xgv81b2cq9 continues", "xgv81b2cq9"),
        ('The run "xgvabcdefgh" is still processing', "xgvabcdefgh"),
        ('The run id is "xgvabcdefgh"', "xgvabcdefgh"),
        ("Request timed out after 180000ms at 2026-10-01T12:00:00Z", None),
        ("The run id can be found in the dashboard", None),
        ("xgv81b2cq9 waits for xgv81b2cq8", None),
        ("", None),
    ],
)
def test_the_run_id_is_found_in_whatever_words(detail: str, run_id: str | None) -> None:
    assert run_id_in(detail) == run_id


@pytest.mark.parametrize(
    "body",
    [
        '{"status": "completed", "records": {"x": null}}',
        '{"status": "completed", "records": {"x": {"fields": [1]}}}',
        '{"status": "completed", "records": {"x": {"fields": {"technology_stack": {"status": ["a"]}}}}}',
        '{"status": "failed", "records": {}, "errors": 5}',
    ],
)
def test_records_that_are_not_what_they_should_be_are_failures_and_no_crash(body: str) -> None:
    with a_vendor(Answer(body=body)) as client:
        run = check(client, "run-1", PIPES)
    assert {answer.outcome for answer in run.answers} <= {"failed"}
