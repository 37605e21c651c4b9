"""OpenFunnel's stand-in lists, enriches by jobs and sends webhooks, over real HTTP."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import httpx
import pytest

from ringback.clock import now
from sandbox.openfunnel import API_KEY
from sandbox.openfunnel_records import MOST_JOBS_SHOWN, is_known, is_tracked
from sandbox.records import Company
from sandbox.server import SandboxServer
from tests.sandbox.receiver import a_receiver
from tests.sandbox.vendor_controls import books, configure, reset

HEADERS = {"X-API-Key": API_KEY, "X-User-ID": "ana@ringback-customer.example"}


@pytest.fixture
def openfunnel(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    reset(sandbox, "openfunnel")
    with httpx.Client(verify=False, base_url=f"{sandbox.url}/openfunnel/api", headers=HEADERS) as client:
        yield client
    reset(sandbox, "openfunnel")


def companies(sandbox: SandboxServer) -> list[Company]:
    return sandbox.world.companies(sandbox.clock())


def finished(client: httpx.Client, what: str, body: dict[str, object]) -> tuple[list[str], dict[str, Any]]:
    """The statuses seen on the way, and the job at its end."""
    begun = client.post(f"/v1/enrich/{what}", json=body)
    assert begun.status_code == 200, begun.text
    seen = [begun.json()["status"]]
    while True:
        job: dict[str, Any] = client.get(f"/v1/enrich/{what}/{begun.json()['job_id']}").json()
        seen.append(job["status"])
        if job["status"] in ("completed", "failed"):
            return seen, job


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401), ({"X-API-Key": API_KEY}, 401), ({"X-User-ID": "ana@a.example"}, 401),
        ({"X-API-Key": "guessed", "X-User-ID": "ana@a.example"}, 403), ({**HEADERS, "X-User-ID": "ana"}, 403),
    ],
)  # fmt: skip
def test_without_key_and_user_nobody_gets_in(sandbox: SandboxServer, headers: dict[str, str], status: int) -> None:
    reply = httpx.get(f"{sandbox.url}/openfunnel/api/v1/icp/list", headers=headers)
    assert (reply.status_code, "detail" in reply.json()) == (status, True)


def test_the_account_list_pages_by_offset_and_gives_each_account_once(
    sandbox: SandboxServer, openfunnel: httpx.Client
) -> None:
    found: list[str] = []
    more = True
    while more:
        asked = {"pagination": {"limit": 7, "offset": len(found)}, "filters": {}}
        page = openfunnel.post("/v1/account/get-account-list", json=asked).json()
        found += [one["domain"] for one in page["accounts"]]
        more = page["pagination"]["has_more"]
    expected = [one.domain for one in companies(sandbox) if is_tracked(one)]
    assert (found, page["total_count"]) == (expected, len(expected))


def test_filtered_accounts_page_from_nought_sorted_and_filtered(
    sandbox: SandboxServer, openfunnel: httpx.Client
) -> None:
    asked = {"page_size": 5, "filters": {"min_employee_count": 100}, "sort_key": "employee_count",
             "sort_direction": "desc"}  # fmt: skip
    ids: list[str] = []
    for page in range(100):
        got = openfunnel.post("/v2/account/filtered-accounts", json={**asked, "page": page}).json()
        ids += got["account_ids"]
        if not got["has_more"]:
            break
    accounts = openfunnel.post("/v1/account/batch", json={"account_ids": ids}).json()["accounts"]
    size_of = {one.domain: one.employees for one in companies(sandbox)}
    sizes = [size_of[one["domain"]] for one in accounts]
    assert len(ids) == got["total_count"] == sum(is_tracked(o) and o.employees >= 100 for o in companies(sandbox))
    assert sizes == sorted(sizes, reverse=True)


def test_the_second_version_inlines_a_hiring_signal_for_each_open_position(
    sandbox: SandboxServer, openfunnel: httpx.Client
) -> None:
    tracked = [one for one in companies(sandbox) if is_tracked(one)]
    asked = {"account_domains": [one.domain for one in tracked]}
    accounts = openfunnel.post("/v2/account/batch", json=asked).json()["accounts"]
    hiring = {account["domain"]: len(account["hiring"]) for account in accounts}
    assert hiring == {one.domain: min(one.open_jobs, MOST_JOBS_SHOWN) for one in tracked}
    key, signal = next(iter(next(account["hiring"] for account in accounts if account["hiring"]).items()))
    assert {"job_title", "job_posting", "job_posted_at", "context", "people"} <= set(signal)
    assert key == str(signal["discovered_signal_id"])


def test_people_of_an_account_page_from_one(sandbox: SandboxServer, openfunnel: httpx.Client) -> None:
    staffed = [one.company for one in sandbox.world.people(sandbox.clock())]
    company = next(one for one in staffed if staffed.count(one) > 1 and is_tracked(one))
    pages = [
        openfunnel.post(
            "/v2/account/batch",
            json={"account_domains": [company.domain], "icp_people_page": page, "icp_people_page_size": 1},
        ).json()["accounts"][0]
        for page in range(1, staffed.count(company) + 1)
    ]
    names = [one["name"] for page in pages for one in page["icp_people"]]
    assert names == [p.full_name for p in sandbox.world.people(sandbox.clock()) if p.company == company]
    assert [page["icp_people_has_more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    refused = openfunnel.post("/v2/account/batch", json={"account_domains": ["a.test"], "icp_people_page": 0})
    assert refused.status_code == 422


def test_a_company_is_found_by_a_part_of_its_name_or_by_domain(
    sandbox: SandboxServer, openfunnel: httpx.Client
) -> None:
    company = next(one for one in companies(sandbox) if is_known(one))
    search = "/v1/account/search-by-name-or-domain"
    by_domain = openfunnel.post(search, json={"query": company.domain}).json()
    by_name = openfunnel.post(search, json={"query": company.name[:6]}).json()
    assert ([one["domain"] for one in by_domain["matches"]], by_domain["needs_clarification"]) == (
        [company.domain], False)  # fmt: skip
    assert company.domain in [one["domain"] for one in by_name["matches"]]


def test_a_job_goes_from_pending_to_completed_with_a_status_for_each_company(
    sandbox: SandboxServer, openfunnel: httpx.Client
) -> None:
    configure(sandbox, "openfunnel", failing_rate=0.1)
    domains = [one.domain for one in companies(sandbox)] + ["nobody.test"]
    seen, job = finished(openfunnel, "accounts", {"domains": domains})
    statuses = {one["status"] for one in job["result"]}
    assert seen == ["pending", "pending", "running", "completed"]
    assert statuses == {"created", "updated", "failed"}
    assert job["result"][-1]["status"] == "failed"
    assert [one["domain"] for one in job["result"]] == domains
    new = sum(one["is_new_account"] for one in job["result"])
    assert (job["progress"]["total"], job["progress"]["new_accounts"], 0 < new < len(domains)) == (
        len(domains), new, True)  # fmt: skip


def test_what_is_bought_twice_is_billed_twice_and_what_is_not_found_never(
    sandbox: SandboxServer, openfunnel: httpx.Client
) -> None:
    configure(sandbox, "openfunnel", failing_rate=0)
    one, other = [one.domain for one in companies(sandbox) if is_known(one)][:2]
    finished(openfunnel, "accounts", {"domains": [one, other, one, "nobody.test"]})
    again = openfunnel.post("/v1/enrich/account", json={"domain": one}).json()
    assert (again["is_new_account"], again["fields_updated"]) == (False, [])
    assert books(sandbox, "openfunnel")["billed"] == {one: 2, other: 1}
    assert openfunnel.post("/v1/account/batch", json={"account_domains": [one, other]}).json()["total_count"] == 2


def test_a_job_fails_when_the_credits_are_used_up(sandbox: SandboxServer, openfunnel: httpx.Client) -> None:
    configure(sandbox, "openfunnel", credits=3, failing_rate=0)
    domains = [one.domain for one in companies(sandbox) if is_known(one)][:5]
    _, job = finished(openfunnel, "accounts", {"domains": domains})
    assert (job["status"], "credits" in job["error_message"], len(job["result"])) == ("failed", True, 3)
    assert books(sandbox, "openfunnel")["credits_left"] == 0
    assert openfunnel.post("/v1/enrich/account", json={"domain": domains[4]}).status_code == 402


def test_addresses_are_billed_once_and_the_job_tells_what_it_used(
    sandbox: SandboxServer, openfunnel: httpx.Client
) -> None:
    people = [str(int(one.person_id)) for one in sandbox.world.people(sandbox.clock())[:60]] + ["99999999"]
    runs = [finished(openfunnel, "people", {"people_ids": people, "enrich_emails": True})[1] for _ in range(2)]
    found = [one["person_id"] for one in runs[0]["result"] if one["status"] == "enriched"]
    assert {one["status"] for one in runs[0]["result"]} == {"enriched", "not_found", "no_linkedin_url"}
    assert {one["status"] for one in runs[1]["result"]} == {"already_enriched", "not_found", "no_linkedin_url"}
    assert [run["credits_used"]["total"] for run in runs] == [len(found), 0]
    shown = openfunnel.post("/v1/people/batch", json={"people_ids": found[:1]}).json()["people"]
    assert "@" in shown[0]["email"]


def test_people_of_an_account_are_found_within_the_given_credits(
    sandbox: SandboxServer, openfunnel: httpx.Client
) -> None:
    staffed = [one.company for one in sandbox.world.people(sandbox.clock())]
    company = next(one for one in staffed if staffed.count(one) > 1)
    [match] = openfunnel.post("/v1/account/search-by-name-or-domain", json={"query": company.domain}).json()["matches"]
    _, job = finished(openfunnel, "fast-people-enrichment", {"account_id": match["id"], "max_credit_limit": 1})
    assert (job["status"], len(job["people_ids"]), job["total_found"]) == ("completed", 1, staffed.count(company))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/enrich/accounts", {"domains": [f"{n}.test" for n in range(501)]}),
        ("/v1/enrich/accounts", {"domains": []}),
        ("/v1/enrich/people", {"people_ids": ["p"] * 501}),
        ("/v2/account/batch", {"account_ids": ["a"] * 501}),
        ("/v2/account/filtered-accounts", {"page_size": 501}),
        ("/v1/account/get-account-list", {"pagination": {"limit": 501}}),
        ("/v1/account/search-by-name-or-domain", {"query": "a", "limit": 51}),
        ("/v1/enrich/account", {}),
    ],
)
def test_what_is_too_much_or_nothing_is_422(openfunnel: httpx.Client, path: str, body: dict[str, object]) -> None:
    assert openfunnel.post(path, json=body).status_code == 422


def test_signals_insights_and_timelines_tell_the_same(sandbox: SandboxServer, openfunnel: httpx.Client) -> None:
    signals = openfunnel.post("/v1/signal/get-signal-list", json={"pagination": {"limit": 1, "offset": 0}}).json()
    hiring = next(one["signal_id"] for one in signals["signals"] if one["signal_type"] == "hiring")
    ids = openfunnel.post("/v1/signal/", json={"signal_id": hiring}).json()["account_ids"]
    feed = openfunnel.get("/v1/insights/feed", params={"limit": 500, "days": 90}).json()["insights"]
    newest = [one["alert_date"] for one in feed]
    assert newest == sorted(newest, reverse=True)
    assert {one["account_id"] for one in feed if "is hiring" in one["alert_text"]} <= set(ids)
    timeline = openfunnel.get(f"/v1/account/{feed[0]['account_id']}/timeline", params={"days": 365}).json()
    assert feed[0]["discovered_signal_id"] in [one["event_id"] for one in timeline["events"]]
    deep = openfunnel.post("/v1/enrich/deep-enrich", json={"domain": feed[0]["account_domain"]}).json()
    assert (signals["pagination"]["has_more"], deep["status"]) == (True, "accepted")
    assert openfunnel.get("/v1/icp/list").json()["icps"]


@pytest.mark.parametrize("signature", ["right", "wrong", "stale"])
def test_a_webhook_is_signed_over_timestamp_and_body(sandbox: SandboxServer, signature: str) -> None:
    with a_receiver() as receiver:
        asked = {"url": receiver.url, "secret": "s3cret", "signature": signature}
        reply = httpx.post(f"{sandbox.url}/_sandbox/openfunnel/webhook", json=asked).json()
    stamp = receiver.headers[0]["x-openfunnel-timestamp"]
    expected = hmac.new(b"s3cret", stamp.encode() + b"." + receiver.bodies[0], hashlib.sha256).hexdigest()
    is_right = receiver.headers[0]["x-openfunnel-signature"] == f"sha256={expected}"
    is_stale = now().replace(tzinfo=UTC).timestamp() - int(stamp) > 300
    assert (reply, is_right, is_stale) == ({"attempts": [200]}, signature != "wrong", signature == "stale")
    told = json.loads(receiver.bodies[0])
    assert (told["event_type"], len(told["accounts"])) == ("insights.new", 3)


@pytest.mark.parametrize(
    ("statuses", "attempts"), [((500, 503), [500, 503, 200]), ((500,) * 4, [500] * 3), ((404,), [404])]
)
def test_a_webhook_is_tried_three_times_but_never_again_after_a_4xx(
    sandbox: SandboxServer, statuses: tuple[int, ...], attempts: list[int]
) -> None:
    configure(sandbox, "openfunnel", retry_seconds=0)
    with a_receiver(*statuses) as receiver:
        asked = {"url": receiver.url, "secret": "s3cret"}
        reply = httpx.post(f"{sandbox.url}/_sandbox/openfunnel/webhook", json=asked).json()
    reset(sandbox, "openfunnel")
    assert reply == {"attempts": attempts}


@pytest.mark.parametrize("body", [{}, {"url": "file:///x", "secret": "s"}, {"url": "http://a.test"}])
def test_a_webhook_that_cannot_be_sent_says_so(sandbox: SandboxServer, body: dict[str, str]) -> None:
    reply = httpx.post(f"{sandbox.url}/_sandbox/openfunnel/webhook", json=body)
    assert (reply.status_code, bool(reply.json()["detail"])) == (400, True)
