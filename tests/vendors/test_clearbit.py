"""Clearbit: a company, a promise of one, or none; and the HTTP client's patience with the moment it names."""

from datetime import UTC
from time import monotonic
from typing import Any

import httpx
import pytest

from ringback.clock import now
from ringback.errors import VendorRefused, VendorUnreadable
from ringback.settings import Settings
from tests.vendors.scripted import Answer, a_vendor
from vendors import clearbit
from vendors.clearbit import Company, Pending, find_company, is_out_of_credit
from vendors.http import Client
from vendors.limits import Limit

ACME = Answer(
    body='{"id":"c1","name":"Acme","legalName":null,"domainAliases":["acme.example"],"foundedYear":"1999",'
    '"category":{"sector":null,"subIndustry":"Tools"},"geo":null,"emailProvider":false,"tech":["x",null],'
    '"metrics":{"employees":"1,200","employeesRange":"1K-5K","annualRevenue":null,"estimatedAnnualRevenue":"$10M"},'
    '"parent":{"domain":null},"tags":null,"brandNew":1}'
)


def sent_by(client: Client) -> list[httpx.Request]:
    seen: list[httpx.Request] = []
    client._http.event_hooks = {"request": [seen.append]}
    return seen


def test_a_company_of_which_little_is_known_is_read() -> None:
    with a_vendor(ACME) as client:
        sent = sent_by(client)
        company = find_company(client, "acme.test")
    assert sent[0].url.raw_path == b"/companies/find?domain=acme.test"
    assert isinstance(company, Company)
    assert (company.name, company.legal_name, company.domain_aliases) == ("Acme", None, ("acme.example",))
    assert (company.category.sub_industry, company.geo.country, company.parent.domain) == ("Tools", None, None)
    assert (company.metrics.employees, company.metrics.estimated_annual_revenue) == (1200, "$10M")
    assert (company.founded_year, company.email_provider, company.tech, company.tags) == (1999, False, ("x",), ())
    assert company.body["brandNew"] == 1


@pytest.mark.parametrize("body", ["", '{"error":{"type":"queued"}}', "later"])
def test_a_company_that_is_looked_up_is_pending_whatever_the_body(body: str) -> None:
    with a_vendor(Answer(202, body), ACME) as client:
        assert find_company(client, "acme.test") == Pending("acme.test")
        assert isinstance(find_company(client, "acme.test"), Company)
        assert client.requests_sent == 2


def test_what_clearbit_has_can_be_asked_for_at_once() -> None:
    with a_vendor(ACME) as client:
        sent = sent_by(client)
        find_company(client, "acme.test", cached=True)
    assert sent[0].url.raw_path == b"/companies/find?domain=acme.test&cached=true"


def test_a_domain_that_clearbit_does_not_know_has_no_company() -> None:
    with a_vendor(Answer(404, '{"error":{"type":"unknown_record","message":"Unknown"}}')) as client:
        assert find_company(client, "acme.test") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, "unknown_route"), (401, "auth_required"), (401, "invalid_api_key"), (402, "over_quota"), (422, "invalid")],
)
def test_a_wrong_address_key_or_quota_is_refused(status: int, kind: str) -> None:
    with a_vendor(Answer(status, f'{{"error":{{"type":"{kind}"}}}}')) as client:
        with pytest.raises(VendorRefused, match=f"{status}.*{kind}") as raised:
            find_company(client, "acme.test")
        assert client.requests_sent == 1
    assert is_out_of_credit(raised.value) == (status == 402)


def test_a_web_page_is_no_company() -> None:
    with a_vendor(Answer(200, "<html>", "text/html")) as client, pytest.raises(VendorUnreadable, match="web page"):
        find_company(client, "acme.test")


def test_after_a_429_the_moment_of_the_reset_counts_and_not_our_own_patience() -> None:
    reset = int(now().replace(tzinfo=UTC).timestamp()) + 1
    with a_vendor(Answer(429, "", headers={"x-ratelimit-reset": str(reset)}), ACME) as client:
        client.first_wait_seconds = 60.0
        began = monotonic()
        find_company(client, "acme.test")
        assert monotonic() - began < 5
    assert now().replace(tzinfo=UTC).timestamp() >= reset


@pytest.mark.parametrize("reset", ["1", "soon", "-5", "1.5"])
def test_a_reset_that_is_past_or_unreadable_is_left_to_our_own_patience(reset: str) -> None:
    throttled = Answer(429, "", headers={"x-ratelimit-reset": reset})
    with a_vendor(throttled, throttled, ACME) as client:
        assert isinstance(find_company(client, "acme.test"), Company)
        assert client.requests_sent == 3


def test_the_reset_that_comes_with_another_failure_is_not_waited_for() -> None:
    an_hour_on = int(now().replace(tzinfo=UTC).timestamp()) + 3600
    with a_vendor(Answer(500, "", headers={"x-ratelimit-reset": str(an_hour_on)}), ACME) as client:
        began = monotonic()
        find_company(client, "acme.test")
        assert monotonic() - began < 5


def test_clearbit_is_off_unless_it_is_turned_on() -> None:
    assert not Settings().clearbit_enabled


@pytest.mark.parametrize(
    ("given", "url", "key"),
    [
        ({}, "http://127.0.0.1:4780/clearbit/v2", "sandbox-clearbit-key"),
        ({"clearbit_key": "mine"}, "https://company.clearbit.com/v2", "mine"),
        ({"clearbit_key": "mine", "clearbit_url": "http://x.test"}, "http://x.test", "mine"),
    ],
)
def test_without_a_key_the_sandbox_is_spoken_to(given: dict[str, Any], url: str, key: str) -> None:
    with clearbit.connect(Settings(sandbox_port=4780, clearbit_requests_per_hour=7, **given)) as client:
        assert (client.base_url, client.headers) == (url, {"Authorization": f"Bearer {key}"})
        assert client.limits == (Limit(3600, 7),)
