"""pipe0's stand-in runs pipes over records as pipe0 does, over real HTTP, and counts what was bought."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from sandbox.directory import profile_url
from sandbox.fellow_records import JsonObject
from sandbox.pipe0 import API_KEY
from sandbox.server import SandboxServer
from tests.sandbox.vendor_controls import books, configure, reset

OVERVIEW = [{"pipe_id": "company:overview@2"}]
EVERY_PIPE = [
    {"pipe_id": "company:overview@1"}, {"pipe_id": "company:techstack:builtwith@1"},
    {"pipe_id": "company:newssummary:website@1"}, {"pipe_id": "company:funding:leadmagic@1"},
    {"pipe_id": "people:posts:crustdata@1"},
]  # fmt: skip


@pytest.fixture
def pipe0(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    reset(sandbox, "pipe0")
    headers = {"Authorization": f"Bearer {API_KEY}"}
    with httpx.Client(verify=False, base_url=f"{sandbox.url}/pipe0/v1/pipes", headers=headers) as client:
        yield client
    reset(sandbox, "pipe0")


def websites(sandbox: SandboxServer, count: int) -> list[JsonObject]:
    companies = sandbox.world.companies(sandbox.clock())[:count]
    return [{"id": number, "company_website_url": f"https://{one.domain}"} for number, one in enumerate(companies)]


def test_a_sync_run_gives_each_company_as_the_world_has_it(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    companies = sandbox.world.companies(sandbox.clock())[:40]
    run = pipe0.post("/run/sync", json={"pipes": OVERVIEW, "input": websites(sandbox, 40)}).json()
    assert (run["status"], run["errors"], run["order"]) == ("completed", [], list(range(40)))
    for number, company in enumerate(companies):
        fields = run["records"][str(number)]["fields"]
        assert fields["company_website_url"]["resolved_by"] == {"ref": "input"}
        assert fields["company_industry"]["value"] in (company.industry, None)
        assert str(fields["headcount"]["value"]) in (str(company.employees), "None")


def test_about_an_eighth_of_the_fields_is_missing_and_always_the_same(
    sandbox: SandboxServer, pipe0: httpx.Client
) -> None:
    asked = {"pipes": OVERVIEW, "input": websites(sandbox, 90)}
    statuses = [
        [field["status"] for record in run["records"].values() for field in record["fields"].values()]
        for run in (pipe0.post("/run/sync", json=asked).json() for _ in range(2))
    ]
    found = Counter(statuses[0])
    assert statuses[0] == statuses[1]
    assert 0.10 < (found["no_result"] + found["failed"]) / (6 * len(asked["input"])) < 0.18
    assert min(found["no_result"], found["failed"]) > 0


def test_all_five_pipes_answer_and_a_missing_input_is_skipped(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    people = sandbox.world.people(sandbox.clock())[:30]
    inputs = [
        {"id": p.person_id, "company_website_url": p.company.domain, "profile_url": profile_url(p)} for p in people
    ]
    inputs.append({"id": "bare", "company_website_url": people[0].company.domain, "profile_url": None})
    run = pipe0.post("/run/sync", json={"pipes": EVERY_PIPE, "input": inputs}).json()
    types = {name: one["type"] for r in run["records"].values() for name, one in r["fields"].items() if one["value"]}
    assert types["technology_stack"] == types["funding_history"] == types["crustdata_post_list"] == "json"
    assert types["company_news_summary"] == types["post_list_string"] == "string"
    posts = run["records"]["bare"]["fields"]["post_list_string"]
    assert (posts["status"], posts["reason"]["code"]) == ("skipped", "RequirementUnmet")


def test_an_unknown_company_has_no_result_and_costs_nothing(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    run = pipe0.post("/run/sync", json={"pipes": OVERVIEW, "input": [{"company_website_url": "nobody.test"}]}).json()
    [record] = run["records"].values()
    assert record["fields"]["company_website_url"]["value"] == "https://nobody.test"
    assert record["fields"]["headcount"]["status"] == "no_result"
    assert books(sandbox, "pipe0")["billed"] == {}


def test_an_async_run_goes_from_pending_to_completed(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    begun = pipe0.post("/run", json={"pipes": OVERVIEW, "input": websites(sandbox, 6)}).json()
    seen = [begun] + [pipe0.get(f"/check/{begun['id']}").json() for _ in range(4)]
    assert [one["status"] for one in seen] == ["pending", "pending", "processing", "completed", "completed"]
    filled = [
        sum(record["fields"]["company_industry"]["status"] in ("completed", "no_result", "failed")
            for record in one["records"].values())
        for one in seen
    ]  # fmt: skip
    assert filled == [0, 0, 3, 6, 6]


def test_buying_twice_is_counted_twice_and_the_sandbox_environment_is_free(
    sandbox: SandboxServer, pipe0: httpx.Client
) -> None:
    asked = {"pipes": OVERVIEW, "input": websites(sandbox, 2)}
    pipe0.post("/run/sync", json={**asked, "config": {"environment": "sandbox"}})
    assert books(sandbox, "pipe0")["billed"] == {}
    pipe0.post("/run/sync", json=asked)
    pipe0.post("/run", json={**asked, "input": asked["input"][:1]})
    bought = [f"{one['company_website_url']} company:overview@2" for one in asked["input"]]
    assert books(sandbox, "pipe0")["billed"] == {bought[0]: 2, bought[1]: 1}


def test_a_slow_sync_run_answers_408_and_is_found_by_its_id(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    configure(sandbox, "pipe0", sync_timeout_every=2)
    asked = {"pipes": OVERVIEW, "input": websites(sandbox, 1)}
    replies = [pipe0.post("/run/sync", json=asked) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 408]
    run_id = replies[1].json()["detail"].rpartition("/")[2]
    assert [pipe0.get(f"/check/{run_id}").json()["status"] for _ in range(3)][-1] == "completed"


def test_a_run_fails_when_the_credits_are_used_up_and_what_came_before_is_billed(
    sandbox: SandboxServer, pipe0: httpx.Client
) -> None:
    configure(sandbox, "pipe0", credits=3)
    run = pipe0.post("/run/sync", json={"pipes": OVERVIEW, "input": websites(sandbox, 5)}).json()
    assert (run["status"], run["errors"][0]["code"]) == ("failed", "InsufficientCredits")
    assert (books(sandbox, "pipe0")["credits_left"], run["records"]["4"]["fields"]["headcount"]["status"]) == (
        0, "failed")  # fmt: skip


def test_a_pending_run_can_be_canceled_for_its_money_and_a_later_one_not(
    sandbox: SandboxServer, pipe0: httpx.Client
) -> None:
    asked = {"pipes": OVERVIEW, "input": websites(sandbox, 1)}
    first, second = (pipe0.post("/run", json=asked).json()["id"] for _ in range(2))
    for _ in range(3):
        pipe0.get(f"/check/{second}")
    replies = [pipe0.post(f"/cancel/{run_id}").status_code for run_id in (first, second)]
    assert (replies, list(books(sandbox, "pipe0")["billed"].values())) == ([200, 409], [1])
    assert pipe0.get(f"/check/{first}").json()["status"] == "canceled"


ONE = [{"id": 1, "company_website_url": "acme.test"}]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pipes": [{"id": "company:overview@2"}], "input": ONE}, 422),
        ({"pipes": [], "input": ONE}, 422),
        ({"pipes": OVERVIEW, "input": []}, 422),
        ({"pipes": [{"pipe_id": "company:jobs@1"}], "input": ONE}, 400),
        ({"pipes": OVERVIEW, "input": ONE * 2}, 400),
        ({"pipes": OVERVIEW, "input": [{"id": n, "company_website_url": "a.test"} for n in range(101)]}, 400),
        ({"pipes": OVERVIEW, "input": [{"id": 1, "name": "Acme"}]}, 400),
        ({"pipes": [{"pipe_id": "company:overview@1"}, *OVERVIEW], "input": ONE}, 400),
        ([1], 400),
    ],
)
def test_what_cannot_run_is_refused_and_costs_nothing(
    sandbox: SandboxServer, pipe0: httpx.Client, body: object, status: int
) -> None:
    replies = [pipe0.post(path, json=body) for path in ("/run", "/run/sync", "/validate")]
    assert {reply.status_code for reply in replies} == {status}
    assert set(replies[0].json()) == {"type", "title", "status", "detail"}
    assert books(sandbox, "pipe0")["billed"] == {}


def test_pipes_that_wait_for_each_other_are_refused(pipe0: httpx.Client) -> None:
    pipes = [
        {"pipe_id": "company:newssummary:website@1",
         "config": {"output_fields": {"company_news_summary": {"enabled": True, "alias": "profile_url"}}}},
        {"pipe_id": "people:posts:crustdata@1",
         "config": {"output_fields": {"post_list_string": {"enabled": True, "alias": "company_website_url"}}}},
    ]  # fmt: skip
    reply = pipe0.post("/validate", json={"pipes": pipes, "input": [{"id": 1}]})
    assert (reply.status_code, reply.json()["type"]) == (400, "circular-pipes")


def test_unknown_and_expired_runs_are_404(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    run_id = pipe0.post("/run", json={"pipes": OVERVIEW, "input": ONE}).json()["id"]
    assert pipe0.get("/check/run_nobody").status_code == 404
    sandbox.set_now(sandbox.clock() + timedelta(days=22))
    assert pipe0.get(f"/check/{run_id}").status_code == 404


def test_without_the_key_nobody_gets_in(sandbox: SandboxServer) -> None:
    reply = httpx.post(f"{sandbox.url}/pipe0/v1/pipes/run", json={})
    assert (reply.status_code, reply.json()["status"]) == (401, 401)


def test_priority_falls_as_records_pass_through(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    asked = {"pipes": OVERVIEW, "input": websites(sandbox, 30)}
    headers = [pipe0.post("/run", json=asked).headers for _ in range(2)]
    assert [(one["X-Task-Priority"], one["X-P1-Capacity"], one["X-P2-Capacity"]) for one in headers] == [
        ("1", "20", "470"), ("2", "0", "440")]  # fmt: skip


def test_both_kinds_of_429(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    asked = {"pipes": OVERVIEW, "input": websites(sandbox, 3)}
    configure(sandbox, "pipe0", queue_limit=4)
    replies = [pipe0.post("/run", json=asked) for _ in range(2)]
    configure(sandbox, "pipe0", requests_per_minute=2)
    replies.append(pipe0.post("/validate", json=asked))
    assert [reply.status_code for reply in replies] == [200, 429, 429]
    assert [(r.json()["type"], "Retry-After" in r.headers) for r in replies[1:]] == [
        ("queue-limit-exceeded", False), ("org-rate-limited", True)]  # fmt: skip


def test_an_order_of_a_hundred_is_quick_and_every_check_quicker(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    people = sandbox.world.people(sandbox.clock())[:100]
    inputs = [
        {"id": p.person_id, "company_website_url": p.company.domain, "profile_url": profile_url(p)} for p in people
    ]
    configure(sandbox, "pipe0", checks_until_completed=2)
    begun = time.process_time()
    run = pipe0.post("/run", json={"pipes": EVERY_PIPE, "input": inputs}).json()
    replies = [pipe0.get(f"/check/{run['id']}") for _ in range(40)]
    spent = time.process_time() - begun
    assert (len(inputs), replies[-1].json()["status"]) == (100, "completed")
    assert spent / 41 < 0.03, f"{1000 * spent / 41:.1f} ms for each request, client and server"


def searches(pipe0: httpx.Client) -> str:
    return str(pipe0.base_url).removesuffix("pipes/") + "search"


SEARCH = {"search_id": "people:profiles:crustdata@2", "config": {"limit": 3, "filters": {"current_job_titles": ["VP"]}}}


def test_a_search_pages_through_everybody_by_its_next_page(sandbox: SandboxServer, pipe0: httpx.Client) -> None:
    found: list[str] = []
    asked: object = SEARCH
    while asked:
        page = pipe0.post(f"{searches(pipe0)}/run/sync", json={"search": asked}).json()
        found += [one["name"]["value"] for one in page["results"]]
        asked = page["next_page"]
    wanted = [one.full_name for one in sandbox.world.people(sandbox.clock()) if "vp" in one.title.lower()]
    assert (found, page["total_pages"]) == (wanted, -(-len(wanted) // 3))
    assert sum(books(sandbox, "pipe0")["billed"].values()) == page["total_pages"]


def test_a_search_can_be_checked_later(pipe0: httpx.Client) -> None:
    begun = pipe0.post(f"{searches(pipe0)}/run", json={"search": SEARCH}).json()
    checks = [pipe0.get(f"{searches(pipe0)}/check/{begun['id']}").json() for _ in range(3)]
    assert [(one["status"], len(one["results"])) for one in checks] == [
        ("pending", 0), ("processing", 0), ("completed", 3)]  # fmt: skip
    assert pipe0.get(f"{searches(pipe0)}/check/nothing").status_code == 404


@pytest.mark.parametrize(
    ("search", "status"),
    [
        ({}, 422), ({"search_id": "people:nobody@1"}, 400), ({**SEARCH, "config": {"filters": {}}}, 400),
        ({**SEARCH, "config": {"filters": {"shoe_size": ["44"]}}}, 400),
        ({**SEARCH, "config": {"limit": 0, "filters": {"current_job_titles": ["VP"]}}}, 400),
        ({**SEARCH, "config": {"filters": {"current_job_titles": ["VP"]}, "pagination": {"cursor": "guess"}}}, 400),
    ],
)  # fmt: skip
def test_a_search_that_cannot_be_meant_is_refused(
    sandbox: SandboxServer, pipe0: httpx.Client, search: dict[str, object], status: int
) -> None:
    reply = pipe0.post(f"{searches(pipe0)}/run", json={"search": search})
    assert (reply.status_code, books(sandbox, "pipe0")["billed"]) == (status, {})
