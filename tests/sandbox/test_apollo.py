"""Apollo's stand-in enriches and searches as Apollo does, over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.apollo import API_KEY
from sandbox.server import SandboxServer
from tests.sandbox.vendor_controls import books, configure, reset


@pytest.fixture
def apollo(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    reset(sandbox, "apollo")
    with httpx.Client(verify=False, base_url=f"{sandbox.url}/apollo/api/v1", headers={"x-api-key": API_KEY}) as client:
        yield client
    reset(sandbox, "apollo")


def test_an_organization_is_the_company_of_the_world_with_gaps(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    shown = []
    for company in sandbox.world.companies(sandbox.clock())[:40]:
        one = apollo.get("/organizations/enrich", params={"domain": company.domain}).json()["organization"]
        assert (one["name"], one["estimated_num_employees"]) in (
            (company.name, company.employees), (company.name, None))  # fmt: skip
        shown += [one[name] for name in ("industry", "annual_revenue", "country", "short_description")]
    assert 0.05 < shown.count(None) / len(shown) < 0.20


def test_bulk_enrichment_counts_the_missing_and_the_credits(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    domains = [one.domain for one in sandbox.world.companies(sandbox.clock())[:3]]
    body = apollo.post("/organizations/bulk_enrich", params={"domains[]": [*domains, "nobody.test"]}).json()
    counts = (body["total_requested_domains"], body["unique_enriched_records"], body["missing_records"])
    assert (counts, books(sandbox, "apollo")["credits_used"]) == ((4, 3, 1), 3)


def test_people_are_found_without_address_and_enriched_by_id(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    found = apollo.post("/mixed_people/api_search", json={"person_titles": ["VP"], "per_page": 3}).json()
    assert "pagination" not in found
    assert all("email" not in one and "***" in one["last_name_obfuscated"] for one in found["people"])
    details = [{"id": one["id"]} for one in found["people"]] + [{"first_name": "No", "last_name": "Body"}]
    body = apollo.post("/people/bulk_match", json={"details": details}).json()
    assert [one and one["id"] for one in body["matches"]] == [*(one["id"] for one in found["people"]), None]
    assert (body["credits_consumed"], body["missing_records"]) == (3, 1)


def test_company_search_pages_through_every_company_once(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    first = apollo.post("/mixed_companies/search", json={"per_page": 50}).json()
    pages = range(2, first["pagination"]["total_pages"] + 1)
    more = [apollo.post("/mixed_companies/search", json={"per_page": 50, "page": page}).json() for page in pages]
    domains = [one["primary_domain"] for body in (first, *more) for one in body["organizations"]]
    assert sorted(domains) == sorted(one.domain for one in sandbox.world.companies(sandbox.clock()))


def test_job_postings_are_the_open_jobs(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    company = next(one for one in sandbox.world.companies(sandbox.clock()) if 1 < one.open_jobs < 20)
    one = apollo.get("/organizations/enrich", params={"domain": company.domain}).json()["organization"]
    jobs = apollo.get(f"/organizations/{one['id']}/job_postings").json()["organization_job_postings"]
    assert len(jobs) == company.open_jobs


def test_a_late_result_is_pending_then_there(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    person = sandbox.world.people(sandbox.clock())[0]
    asked = {"details": [{"email": person.email}]}
    request_id = apollo.post("/people/bulk_match?run_waterfall_email=true", json=asked).json()["request_id"]
    replies = [apollo.get(f"/webhook_result/{request_id}") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [404, 404, 200]
    assert (replies[0].json()["error_code"], replies[2].json()["request_id"]) == ("result_pending", request_id)
    assert apollo.get("/webhook_result/1").json()["error_code"] == "request_id_unknown"
    assert apollo.get("/webhook_result/x").status_code == 400


def test_refusals_have_the_vendors_shapes(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    keyless = httpx.get(f"{sandbox.url}/apollo/api/v1/organizations/enrich?domain=a.test")
    assert (keyless.status_code, keyless.headers["content-type"].split(";")[0]) == (401, "text/plain")
    assert "x-rate-limit-minute" not in keyless.headers
    eleven = apollo.post("/people/bulk_match", json={"details": [{"id": "x"}] * 11})
    assert (eleven.status_code, eleven.json()["error_code"]) == (400, "RECORD_LIMIT_EXCEEDED")
    assert apollo.post("/mixed_people/api_search", json={"person_titles": "ceo"}).status_code == 422
    assert apollo.post("/mixed_people/api_search", json={"page": 501}).status_code == 422
    configure(sandbox, "apollo", forbidden="mixed_companies")
    assert apollo.post("/mixed_companies/search", json={}).json()["error_code"] == "API_INACCESSIBLE"


def test_the_limit_is_told_and_kept(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    configure(sandbox, "apollo", per_minute=2)
    replies = [apollo.get("/organizations/enrich?domain=a.test") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert [reply.headers["x-minute-requests-left"] for reply in replies] == ["1", "0", "0"]
    assert 0 < int(replies[2].headers["retry-after"]) <= 60


def test_each_endpoint_has_its_own_limit_and_what_is_refused_does_not_count(
    sandbox: SandboxServer, apollo: httpx.Client
) -> None:
    configure(sandbox, "apollo", per_minute=1, per_hour=2)
    found = [apollo.get("/organizations/enrich?domain=a.test") for _ in range(3)]
    other = apollo.get("/users/api_profile")
    assert ([reply.status_code for reply in found], other.status_code) == ([200, 429, 429], 200)
    assert found[2].headers["x-hourly-usage"] == "1"
    assert "organizations/enrich is 1 times per minute" in found[1].json()["message"]


def test_an_unlimited_window_has_an_empty_limit_and_no_usage(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    configure(sandbox, "apollo", per_day=0)
    headers = apollo.get("/organizations/enrich?domain=a.test").headers
    assert (headers["x-rate-limit-24-hour"], "x-24-hour-usage" in headers, headers["x-minute-usage"]) == (
        "", False, "1")  # fmt: skip


def test_what_is_bought_stands_in_the_books(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    company = sandbox.world.companies(sandbox.clock())[0]
    person = sandbox.world.people(sandbox.clock())[0]
    for _ in range(2):
        apollo.get("/organizations/enrich", params={"domain": company.domain})
    shown = apollo.post("/people/match", json={"email": person.email}).json()["person"]
    apollo.post("/people/match", json={"email": "nobody@nowhere.test"})
    assert books(sandbox, "apollo")["billed"] == {company.domain: 2, shown["id"]: 1}


def test_news_profile_and_usage_are_told(sandbox: SandboxServer, apollo: httpx.Client) -> None:
    company = sandbox.world.companies(sandbox.clock())[0]
    one = apollo.get("/organizations/enrich", params={"domain": company.domain}).json()["organization"]
    news = apollo.post("/news_articles/search", json={"organization_ids": [one["id"]]}).json()
    assert [article["organization_ids"] for article in news["news_articles"]] == [[one["id"]]]
    assert apollo.post("/news_articles/search", json={}).status_code == 422
    assert "@" in apollo.get("/users/api_profile").json()["email"]
    stats = apollo.post("/usage_stats/api_usage_stats").json()
    assert stats['["api/v1/organizations", "enrich"]']["day"] == {
        "limit": 50_000, "consumed": 1, "left_over": 49_999}  # fmt: skip
