"""OpenFunnel: three ways of paging, jobs whose parts may fail, and deliveries that must be genuine."""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from json import dumps, loads
from typing import Any

import httpx
import pytest

from ringback.errors import VendorRefused, VendorUnavailable, VendorUnreadable
from ringback.settings import Settings
from tests.vendors.scripted import Answer, a_vendor
from vendors import openfunnel
from vendors.http import Client
from vendors.openfunnel import (
    accounts_in_full,
    check_job,
    enrich_account,
    enrich_accounts,
    filtered_accounts,
    is_out_of_credit,
    list_accounts,
    signals,
    verify_webhook,
)
from vendors.openfunnel_records import Account, Signal

NOW = datetime(2026, 3, 2, 12)
SECRET = "whsec-made-up"
BODY = '{"event_type":"insights.new","summary":"Zoë"}'.encode()


def answer(body: Mapping[str, Any]) -> Answer:
    return Answer(body=dumps(body))


def sent_by(client: Client) -> list[httpx.Request]:
    seen: list[httpx.Request] = []
    client._http.event_hooks = {"request": [seen.append]}
    return seen


def bodies(sent: list[httpx.Request]) -> list[Any]:
    return [loads(request.content) for request in sent]


def accounts(*ids: int, has_more: bool | None) -> Answer:
    return answer({"accounts": [{"id": n, "domain": f"{n}.test"} for n in ids], "pagination": {"has_more": has_more}})


def test_accounts_are_listed_by_offset() -> None:
    with a_vendor(accounts(1, 2, has_more=True), accounts(3, has_more=False)) as client:
        sent = sent_by(client)
        pages = list(list_accounts(client, {"min_employee_count": 50}))
    assert [[one["id"] for one in page] for page in pages] == [[1, 2], [3]]
    assert {request.url.path for request in sent} == {"/api/v1/account/get-account-list"}
    assert bodies(sent) == [
        {"filters": {"min_employee_count": 50}, "pagination": {"limit": 500, "offset": 0}},
        {"filters": {"min_employee_count": 50}, "pagination": {"limit": 500, "offset": 2}},
    ]


def test_filtered_accounts_are_paged_from_zero() -> None:
    with a_vendor(
        answer({"account_ids": [1, 2], "has_more": True}), answer({"account_ids": ["3"], "has_more": False})
    ) as client:
        sent = sent_by(client)
        assert list(filtered_accounts(client, {"x": 1}, sort_key="insights_count")) == [["1", "2"], ["3"]]
    assert {request.url.path for request in sent} == {"/api/v2/account/filtered-accounts"}
    same = {"filters": {"x": 1}, "page_size": 500, "sort_key": "insights_count", "sort_direction": "desc"}
    assert bodies(sent) == [{**same, "page": 0}, {**same, "page": 1}]


def test_people_of_accounts_are_paged_from_one_and_only_where_there_are_more() -> None:
    big = {"id": 7, "domain": "big.test", "icp_people": [{"person_id": 1}], "icp_people_has_more": True}
    rest = {"id": 7, "domain": "big.test", "icp_people": [{"person_id": 2}], "icp_people_has_more": False}
    with a_vendor(answer({"accounts": [big, {"id": 8}]}), answer({"accounts": [rest]})) as client:
        sent = sent_by(client)
        pages = list(accounts_in_full(client, ["https://www.Big.test/", "big.test", "small.test"]))
    assert [[(one.account_id, len(one.icp_people)) for one in map(Account.read, page)] for page in pages] == [
        [("7", 1), ("8", 0)],
        [("7", 1)],
    ]
    assert bodies(sent) == [
        {"account_domains": ["big.test", "small.test"], "icp_people_page": 1, "icp_people_page_size": 100},
        {"account_ids": [7], "icp_people_page": 2, "icp_people_page_size": 100},
    ]


def test_signals_are_listed_by_kind() -> None:
    with a_vendor(answer({"signals": [{"signal_id": 5, "signal_type": "hiring"}], "total_count": 1})) as client:
        sent = sent_by(client)
        pages = list(signals(client, ["hiring"]))
    assert [Signal.read(one).signal_id for one in pages[0]] == ["5"]
    assert bodies(sent) == [{"filters": ["hiring"], "pagination": {"limit": 500, "offset": 0}}]


def all_accounts(client: Client) -> list[Any]:
    return list(list_accounts(client))


def all_filtered(client: Client) -> list[Any]:
    return list(filtered_accounts(client, {}))


def all_in_full(client: Client) -> list[Any]:
    return list(accounts_in_full(client, ["big.test"]))


@pytest.mark.parametrize(
    ("endless", "read"),
    [
        (accounts(1, has_more=True), all_accounts),
        (accounts(has_more=True), all_accounts),
        (answer({"account_ids": [1], "has_more": True}), all_filtered),
        (answer({"account_ids": [], "has_more": True}), all_filtered),
        (answer({"accounts": [{"id": 7, "icp_people": [{"name": "Ana"}], "icp_people_has_more": True}]}), all_in_full),
    ],
)
def test_a_list_that_never_ends_is_unreadable(endless: Answer, read: Callable[[Client], list[Any]]) -> None:
    with a_vendor(endless) as client, pytest.raises(VendorUnreadable, match=r"never end|goes on"):
        read(client)


def test_people_that_were_promised_and_do_not_come_are_missed() -> None:
    first = answer({"accounts": [{"id": 7, "icp_people_has_more": True}]})
    with a_vendor(first, answer({"accounts": []})) as client, pytest.raises(VendorUnreadable, match="more people"):
        list(accounts_in_full(client, ["big.test"]))


@pytest.mark.parametrize("read", [all_accounts, all_filtered, all_in_full])
def test_a_reply_without_its_list_is_unreadable(read: Callable[[Client], list[Any]]) -> None:
    with a_vendor(answer({})) as client, pytest.raises(VendorUnreadable, match="without a list of"):
        read(client)


@pytest.mark.parametrize(
    "sent",
    [
        {"hiring": {"1001": {"job_title": "VP", "job_posting": "long", "job_posted_at": "2026-02-19"}}},
        {"hiring": [{"discovered_signal_id": 1001, "job_title": "VP", "job_posted_at": "2026-02-19"}, None]},
        {"signals": {"hiring": {"1001": {"job_title": "VP", "job_posted_at": "2026-02-19"}}}, "hiring": None},
    ],
    ids=["under their ids", "a list", "in a part"],
)
def test_hiring_signals_are_read_wherever_they_stand(sent: dict[str, Any]) -> None:
    account = Account.read({"id": 1, **sent})
    assert [(one.discovered_signal_id, one.job_title, one.job_posted_at) for one in account.hiring] == [
        ("1001", "VP", datetime(2026, 2, 19))
    ]


def test_firmographics_are_read_from_the_account_or_its_part() -> None:
    account = Account.read(
        {"id": 1, "firmographics": {"employee_count": "250", "industry": "Tools"}, "employee_count": None}
    )
    assert (account.employee_count, account.industry, account.hiring) == (250, "Tools", ())


def test_an_account_is_enriched_while_we_wait() -> None:
    reply = {"account_id": 9, "is_new_account": True, "fields_updated": ["name"], "firmographics": None}
    with a_vendor(answer(reply)) as client:
        sent = sent_by(client)
        account = enrich_account(client, "https://www.acme.test")
    assert bodies(sent) == [{"domain": "acme.test"}]
    assert (account.account_id, account.is_new_account, account.fields_updated) == ("9", True, ("name",))


def test_a_job_is_over_although_some_of_its_domains_failed() -> None:
    result = [
        {"domain": "Acme.test", "account_id": 1, "status": "created"},
        {"domain": "beta.test", "account_id": None, "status": "failed"},
        {"domain": "gamma.test", "account_id": 3, "status": None},
        None,
    ]
    with a_vendor(
        answer({"job_id": 12, "status": "pending", "total_accounts": 3}),
        answer({"status": "running", "progress": {"total": 3, "completed": 1}, "result": None}),
        answer({"status": "completed", "progress": None, "result": result}),
    ) as client:
        sent = sent_by(client)
        ordered = enrich_accounts(client, ["acme.test", "beta.test", "gamma.test"])
        running = check_job(client, ordered.job_id)
        finished = check_job(client, ordered.job_id)
    assert [request.url.path for request in sent] == [
        "/api/v1/enrich/accounts", "/api/v1/enrich/accounts/12", "/api/v1/enrich/accounts/12"
    ]  # fmt: skip
    assert [job.is_over for job in (ordered, running, finished)] == [False, False, True]
    assert running.progress.completed == 1
    assert {domain: item.is_enriched for domain, item in finished.by_domain.items()} == {
        "acme.test": True,
        "beta.test": False,
        "gamma.test": True,
    }


@pytest.mark.parametrize(("words", "is_out"), [("Not enough credits", True), ("Timed out", False), (None, False)])
def test_a_job_that_failed_says_whether_credits_were_the_reason(words: str | None, is_out: bool) -> None:
    with a_vendor(answer({"status": "failed", "error_message": words})) as client:
        job = check_job(client, "12")
    assert (job.is_over, job.is_failed, job.is_out_of_credit) == (True, True, is_out)


@pytest.mark.parametrize("number", [0, 501])
def test_a_wrong_number_of_domains_is_refused_before_anything_is_sent(number: int) -> None:
    with a_vendor(answer({})) as client:
        with pytest.raises(VendorRefused, match=f"{number} domains"):
            enrich_accounts(client, [f"{n}.test" for n in range(number)])
        assert client.requests_sent == 0


@pytest.mark.parametrize(
    "order", [lambda c: enrich_account(c, "acme.test"), lambda c: enrich_accounts(c, ["acme.test"])], ids=["one", "job"]
)
def test_what_may_cost_is_not_asked_twice(order: Any) -> None:
    with a_vendor(Answer(500), answer({"job_id": "1", "account_id": 1})) as client:
        with pytest.raises(VendorUnavailable, match="not repeated"):
            order(client)
        assert client.requests_sent == 1


@pytest.mark.parametrize(
    ("status", "said", "is_out"),
    [(402, "", True), (400, '{"detail":"Insufficient credits"}', True), (403, '{"detail":"Forbidden"}', False)],
)
def test_being_out_of_credit_is_told_from_other_refusals(status: int, said: str, is_out: bool) -> None:
    assert is_out_of_credit(VendorRefused("OpenFunnel refused", status, said)) == is_out


def signed(
    at: datetime = NOW, body: bytes = BODY, secret: str = SECRET, timestamp: str | None = None
) -> dict[str, str]:
    said = timestamp or str(int(at.replace(tzinfo=UTC).timestamp()))
    digest = hmac.new(secret.encode(), said.encode() + b"." + body, sha256).hexdigest()
    return {"x-openfunnel-TIMESTAMP": said, "X-OpenFunnel-Signature": f"sha256={digest}"}


@pytest.mark.parametrize(
    "headers",
    [
        signed(),
        signed(NOW - timedelta(seconds=300)),
        signed(NOW + timedelta(seconds=300)),
        signed(timestamp="1772452800000"),
        signed(timestamp="2026-03-02T12:00:00Z"),
    ],
    ids=["now", "five minutes old", "five minutes ahead", "milliseconds", "ISO"],
)
def test_a_delivery_that_openfunnel_signed_is_genuine(headers: dict[str, str]) -> None:
    assert verify_webhook(headers, BODY, SECRET, NOW)


@pytest.mark.parametrize(
    "headers",
    [
        signed(NOW - timedelta(seconds=301)),
        signed(NOW + timedelta(seconds=301)),
        signed(body=BODY + b" "),
        signed(secret="another"),
        {**signed(), "x-openfunnel-TIMESTAMP": "1772452801"},
        {**signed(), "X-OpenFunnel-Signature": ""},
        {**signed(), "X-OpenFunnel-Signature": "sha256=é"},
        {**signed(), "X-OpenFunnel-Signature": signed()["X-OpenFunnel-Signature"].removeprefix("sha256=")},
        {"X-OpenFunnel-Signature": signed()["X-OpenFunnel-Signature"]},
        signed(timestamp="soon"),
        signed(timestamp="9" * 30),
        {},
    ],
)
def test_a_delivery_that_is_old_changed_or_unsigned_is_not(headers: dict[str, str]) -> None:
    assert not verify_webhook(headers, BODY, SECRET, NOW)


def test_an_empty_secret_trusts_nothing() -> None:
    assert not verify_webhook(signed(secret=""), BODY, "", NOW)


@pytest.mark.parametrize(
    ("given", "url", "key"),
    [
        ({}, "http://127.0.0.1:4780/openfunnel", "sandbox-openfunnel-key"),
        ({"openfunnel_key": "mine"}, "https://api.openfunnel.dev", "mine"),
        ({"openfunnel_key": "mine", "openfunnel_url": "http://x.test"}, "http://x.test", "mine"),
    ],
)
def test_without_a_key_the_sandbox_is_spoken_to(given: dict[str, Any], url: str, key: str) -> None:
    with openfunnel.connect(Settings(sandbox_port=4780, openfunnel_user="ana@us.test", **given)) as client:
        assert (client.base_url, client.headers) == (url, {"X-API-Key": key, "X-User-ID": "ana@us.test"})
