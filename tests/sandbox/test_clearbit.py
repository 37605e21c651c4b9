"""Clearbit's stand-in finds companies, sometimes on the second request, over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.clearbit import ALWAYS_QUEUED, API_KEY
from sandbox.server import SandboxServer
from tests.sandbox.vendor_controls import books, configure, reset

FIND = "/v2/companies/find"


@pytest.fixture
def clearbit(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    reset(sandbox, "clearbit")
    with httpx.Client(verify=False, base_url=f"{sandbox.url}/clearbit", auth=(API_KEY, "")) as client:
        yield client
    reset(sandbox, "clearbit")


def test_every_company_is_found_on_the_second_request_at_last(sandbox: SandboxServer, clearbit: httpx.Client) -> None:
    companies = sandbox.world.companies(sandbox.clock())[:30]
    first = [clearbit.get(FIND, params={"domain": one.domain}).status_code for one in companies]
    second = [clearbit.get(FIND, params={"domain": one.domain}).json() for one in companies]
    assert set(first) == {200, 202}
    assert [one["name"] for one in second] == [one.name for one in companies]
    sizes = [one["metrics"]["employees"] for one in second]
    assert all(size in (one.employees, None) for size, one in zip(sizes, companies, strict=True))
    assert 0 < sizes.count(None) < 12


def test_a_domain_can_stay_queued_and_cached_and_stream_do_not_wait(clearbit: httpx.Client) -> None:
    asked = {"domain": ALWAYS_QUEUED}
    assert [clearbit.get(FIND, params=asked).status_code for _ in range(3)] == [202] * 3
    assert clearbit.get(FIND, params={**asked, "cached": "true"}).json()["error"]["type"] == "unknown_record"
    assert clearbit.get(f"/stream{FIND}", params=asked).status_code == 404


def test_both_kinds_of_401_tell_the_rate(sandbox: SandboxServer) -> None:
    url = f"{sandbox.url}/clearbit{FIND}?domain=a.test"
    replies = [httpx.get(url), httpx.get(url, headers={"Authorization": "Bearer guessed"})]
    assert [(r.status_code, r.json()["error"]["type"]) for r in replies] == [
        (401, "auth_required"), (401, "invalid_api_key")]  # fmt: skip
    assert all("x-ratelimit-reset" in reply.headers for reply in replies)


def test_the_limit_tells_its_reset_and_no_wait(sandbox: SandboxServer, clearbit: httpx.Client) -> None:
    configure(sandbox, "clearbit", per_minute=1)
    replies = [clearbit.get(FIND, params={"domain": "nobody.test", "cached": "true"}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [404, 429]
    assert ("Retry-After" in replies[1].headers, replies[1].headers["x-ratelimit-remaining"]) == (False, "0")


def test_a_person_comes_with_the_company_and_a_name_gives_a_domain(
    sandbox: SandboxServer, clearbit: httpx.Client
) -> None:
    person = next(p for p in sandbox.world.people(sandbox.clock()) if p.email.endswith(p.company.domain))
    both = clearbit.get("/v2/combined/find", params={"email": person.email}).json()
    assert (both["person"]["name"]["fullName"], both["company"]["domain"]) == (person.full_name, person.company.domain)
    colleague = clearbit.get("/v2/combined/find", params={"email": f"nobody@{person.company.domain}"}).json()
    assert (colleague["person"], colleague["company"]["name"]) == (None, person.company.name)
    assert clearbit.get("/v2/combined/find", params={"email": "nobody@nowhere.test"}).status_code == 404
    by_name = clearbit.get("/v1/domains/find", params={"name": person.company.name.upper()}).json()
    assert by_name["domain"] == person.company.domain
    assert clearbit.get("/v1/domains/find", params={"name": "Nobody & Sons"}).status_code == 404


def test_what_was_given_stands_in_the_books(sandbox: SandboxServer, clearbit: httpx.Client) -> None:
    domain = sandbox.world.companies(sandbox.clock())[0].domain
    for asked in (domain, domain, "nobody.test"):
        clearbit.get(FIND, params={"domain": asked, "cached": "true"})
    assert books(sandbox, "clearbit")["billed"] == {domain: 2}
