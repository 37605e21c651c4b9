"""The companies' web sites: what a careful visitor reads there is what the world says."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.industries import BOLD
from sandbox.records import Company
from sandbox.server import SandboxServer
from sandbox.web_pages import SCRIPTS, is_on_the_phone
from tests.sandbox.vendor_controls import configure, reset
from vendors.website import WebsiteSignals, read_website
from vendors.website_fetch import Answer

ALL_UP = {"down_rate": 0, "www_rate": 0, "forbidding_rate": 0, "partly_forbidding_rate": 0, "slow_rate": 0}


@pytest.fixture
def web(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    reset(sandbox, "web")
    configure(sandbox, "web", **ALL_UP)
    with httpx.Client(verify=False, base_url=f"{sandbox.url}/web") as client:
        yield client
    reset(sandbox, "web")


def read(web: httpx.Client, domain: str) -> WebsiteSignals:
    """Read a site as the product does, from the sandbox instead of the world."""

    def fetch(url: str, seconds: float) -> Answer:
        address = url.partition("://")[2]
        reply = web.get(f"/{address}" if "/" in address else f"/{address}/", timeout=seconds)
        return Answer(url, reply.status_code, reply.text, reply.headers.get("location"))

    return read_website(domain, fetch)


def companies(sandbox: SandboxServer) -> list[Company]:
    return sandbox.world.companies(sandbox.clock())[:60]


def test_a_reader_finds_the_tools_and_functions_of_each_company(sandbox: SandboxServer, web: httpx.Client) -> None:
    for company in companies(sandbox):
        seen = read(web, company.domain)
        tools = {signal.value for signal in seen.signals if signal.name == "technology"} - {"Salesforce Pardot"}
        assert (seen.failed_because, seen.unread) == (None, ())
        assert tools == set(company.technologies) & set(SCRIPTS) - {"Salesforce"}
        forms = {
            "authentication": "login form", "transactions": "payment form", "communication": "contact form"
        }  # fmt: skip
        shown = {name for name, form in forms.items() if any(one.value == form for one in seen.signals)}
        assert shown == set(company.web_functions)


def test_sites_of_those_who_take_many_calls_speak_of_voice_ai(sandbox: SandboxServer, web: httpx.Client) -> None:
    speaking = {one.domain: read(web, one.domain).best("voice_ai") is not None for one in companies(sandbox)}
    assert speaking == {one.domain: is_on_the_phone(one) for one in companies(sandbox)}
    assert 0 < sum(speaking.values()) < len(speaking)


def test_a_site_is_always_the_same_and_its_links_lead_to_its_pages(sandbox: SandboxServer, web: httpx.Client) -> None:
    company = next(one for one in companies(sandbox) if len(one.web_functions) < 3)
    assert web.get(f"/{company.domain}/").text == web.get(f"/www.{company.domain}/").text
    assert 'href="product"' in web.get(f"/{company.domain}/").text
    assert web.get(f"/{company.domain}/product").status_code == 200
    assert web.get(f"/{company.domain}/wp-admin").status_code == 404
    assert web.get("/nobody.test/").status_code == 404


def test_a_name_with_markup_is_text(sandbox: SandboxServer, web: httpx.Client) -> None:
    company = next(one for one in companies(sandbox) if one.name == BOLD)
    text = web.get(f"/{company.domain}/").text
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Sons" in text
    assert "<b>" not in text


def test_a_site_that_is_down_or_forbids_reading_gives_a_reason(sandbox: SandboxServer, web: httpx.Client) -> None:
    domain = companies(sandbox)[0].domain
    reasons = []
    for name in ("down_rate", "forbidding_rate"):
        configure(sandbox, "web", **{**ALL_UP, name: 1})
        reasons.append(read(web, domain).failed_because or "")
    assert ("503" in reasons[0], "robots.txt asks" in reasons[1]) == (True, True)


def test_a_bare_host_leads_to_www_where_the_site_is(sandbox: SandboxServer, web: httpx.Client) -> None:
    domain = companies(sandbox)[0].domain
    configure(sandbox, "web", **{**ALL_UP, "www_rate": 1})
    assert web.get(f"/{domain}/pricing").headers["location"] == f"https://www.{domain}/pricing"
    assert all(page.startswith(f"https://www.{domain}/") for page in read(web, domain).pages)


def test_a_forbidden_page_is_left_and_a_slow_site_gives_its_front_page_alone(
    sandbox: SandboxServer, web: httpx.Client
) -> None:
    domain = companies(sandbox)[0].domain
    configure(sandbox, "web", **{**ALL_UP, "partly_forbidding_rate": 1})
    assert len(read(web, domain).unread) == 1
    configure(sandbox, "web", **{**ALL_UP, "slow_rate": 1})
    assert len(read(web, domain).pages) == 1


def test_some_sites_of_the_world_are_difficult(sandbox: SandboxServer, web: httpx.Client) -> None:
    reset(sandbox, "web")
    statuses = [web.get(f"/{one.domain}/").status_code for one in sandbox.world.companies(sandbox.clock())]
    assert set(statuses) == {200, 301, 503}
    assert statuses.count(200) > len(statuses) / 2
