"""OpenFunnel: accounts enriched at once or as a job, with hiring signals and people, and lists of accounts and signals.

It pages in three ways: by offset (accounts, signals), by pages from 0 (filtered accounts) and by pages from 1 (the
people of accounts). Doubtful: the bodies of errors, rate limits (none is kept, a 429 is honoured), how being out of
credit looks (`is_out_of_credit`), and what a batch of accounts may hold (as many as a job is assumed). What may cost
is never asked twice where an answer may have been lost.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from ringback.clock import parse_time
from ringback.errors import VendorRefused, VendorUnreadable
from ringback.settings import Settings
from vendors.http import Client
from vendors.openfunnel_records import Account, EnrichedAccount, Job
from vendors.tolerant import Flag, Record, domain_of, ending, in_path, listed, record_in, text

SOURCE = "openfunnel"
SANDBOX_KEY = "sandbox-openfunnel-key"
PAGE_SIZE = 500
PEOPLE_PAGE_SIZE = 100
MOST_DOMAINS = 500
POLL_SECONDS = 5.0
"""Between two questions whether a job is done."""
SIGNATURE_VALID_SECONDS = 300.0
MILLISECONDS_FROM = 100_000_000_000
"""A timestamp from here on counts milliseconds: as seconds it would lie in the year 5138."""


def connect(settings: Settings) -> Client:
    """A client with the configured key and user, or for the sandbox where no key is set."""
    key = settings.openfunnel_key.get_secret_value() if settings.openfunnel_key else SANDBOX_KEY
    sandbox = f"http://127.0.0.1:{settings.sandbox_port}/openfunnel"
    return Client(
        vendor="OpenFunnel",
        base_url=settings.openfunnel_url or ("https://api.openfunnel.dev" if settings.openfunnel_key else sandbox),
        headers={"X-API-Key": key, "X-User-ID": settings.openfunnel_user},
    )


def enrich_account(client: Client, domain: str) -> EnrichedAccount:
    """Enrich the account of one domain while we wait; never asked twice."""
    return EnrichedAccount.read(
        client.post_json("/api/v1/enrich/account", {"domain": domain_of(domain) or domain}, repeatable=False)
    )


def enrich_accounts(client: Client, domains: Sequence[str]) -> Job:
    """Order the accounts of 1 to 500 domains; keep the job's id, and ask `check_job` for it. Never asked twice."""
    cleaned = _cleaned(domains)
    return Job.read(client.post_json("/api/v1/enrich/accounts", {"domains": cleaned}, repeatable=False))


def check_job(client: Client, job_id: str) -> Job:
    """How far a job is, with what it did for each domain."""
    return Job.read({**client.get_json(f"/api/v1/enrich/accounts/{in_path(job_id)}"), "job_id": job_id})


def accounts_in_full(client: Client, domains: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """Accounts as sent, with signals and the first 100 people each; then those with more people again, page by page.

    Read them with `Account.read`. An account that OpenFunnel does not know is not in the reply. 1 to 500 domains.
    """
    return ending(_in_full(client, _cleaned(domains)), "OpenFunnel's people of accounts", _account_and_people)


def _in_full(client: Client, domains: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    whose: dict[str, Any] = {"account_domains": domains}
    page = 1
    while True:
        paging = {"icp_people_page": page, "icp_people_page_size": PEOPLE_PAGE_SIZE}
        accounts = listed(
            client.post_json("/api/v2/account/batch", {**whose, **paging}), "accounts", "OpenFunnel's batch of accounts"
        )
        if page > 1 and not accounts:
            raise VendorUnreadable("OpenFunnel said that accounts have more people, and sent none of the accounts")
        if accounts:
            yield accounts
        with_more = [one for one in accounts if Account.read(one).icp_people_has_more]
        if not with_more:
            return
        whose = {"account_ids": [one.get("account_id", one.get("id")) for one in with_more]}
        page += 1


def _account_and_people(sent: dict[str, Any]) -> tuple[str | None, list[str | None]]:
    account = Account.read(sent)
    return account.account_id, [person.person_id or person.name for person in account.icp_people]


def list_accounts(client: Client, filters: Mapping[str, Any] | None = None) -> Iterator[list[dict[str, Any]]]:
    """Pages of at most 500 accounts as sent, each with id and domain only.

    Filters as OpenFunnel names them, such as `{"min_employee_count": 50, "hq_country_codes": ["US"]}`.
    """
    body = {"filters": dict(filters)} if filters else {}
    return _by_offset(client, "/api/v1/account/get-account-list", "accounts", body)


def signals(client: Client, kinds: Sequence[str] = ()) -> Iterator[list[dict[str, Any]]]:
    """Pages of at most 500 signals as sent, all or those of some kinds; read them with `Signal.read`.

    The first page also shows whether OpenFunnel can be reached and takes the key.
    """
    body = {"filters": list(kinds)} if kinds else {}
    return _by_offset(client, "/api/v1/signal/get-signal-list", "signals", body)


def _by_offset(client: Client, path: str, key: str, body: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    def pages() -> Iterator[list[dict[str, Any]]]:
        offset = 0
        while True:
            answer = client.post_json(path, {**body, "pagination": {"limit": PAGE_SIZE, "offset": offset}})
            page = listed(answer, key, f"OpenFunnel's list of {key}")
            if page:
                yield page
            if not _has_more(record_in(answer.get("pagination")), len(page)):
                return
            offset += len(page)

    return ending(pages(), f"OpenFunnel's list of {key}", lambda one: one.get("id") or one.get("signal_id"))


def filtered_accounts(
    client: Client, filters: Mapping[str, Any], sort_key: str | None = None, descending: bool = True
) -> Iterator[list[str]]:
    """Pages of at most 500 account ids that pass the filters, whose names `GET /api/v2/account/filters` gives."""
    body: dict[str, Any] = {"filters": dict(filters), "page_size": PAGE_SIZE}
    if sort_key:
        body |= {"sort_key": sort_key, "sort_direction": "desc" if descending else "asc"}
    name: Callable[[str], str] = str
    return ending(_filtered(client, body), "OpenFunnel's filtered accounts", name)


def _filtered(client: Client, body: Mapping[str, Any]) -> Iterator[list[str]]:
    page = 0
    while True:
        answer = client.post_json("/api/v2/account/filtered-accounts", {**body, "page": page})
        sent = answer.get("account_ids")
        if not isinstance(sent, list):
            raise VendorUnreadable("OpenFunnel's filtered accounts answered without a list of account_ids")
        if sent:
            yield [one for one in map(text, sent) if one]
        if not _has_more(answer, len(sent)):
            return
        page += 1


class _More(Record):
    vendor = "OpenFunnel"
    has_more: Flag = None


def _has_more(said: Mapping[str, Any], length: int) -> bool:
    """As said, else because the page is full; raises VendorUnreadable where it is said of an empty page."""
    more = _More.read(dict(said)).has_more
    if more and not length:
        raise VendorUnreadable("OpenFunnel says that a list goes on, and sent an empty page of it")
    return length >= PAGE_SIZE if more is None else more


def _cleaned(domains: Sequence[str]) -> list[str]:
    """Bare domains, each once, as OpenFunnel asks for them."""
    cleaned = list(dict.fromkeys(filter(None, map(domain_of, domains))))
    if not 1 <= len(cleaned) <= MOST_DOMAINS:
        raise VendorRefused(
            f"{len(cleaned)} domains in one order, OpenFunnel takes 1 to {MOST_DOMAINS}; order in parts"
        )
    return cleaned


def is_out_of_credit(refusal: VendorRefused) -> bool:
    """Whether a refusal means that credits are used up; not documented: 402, or words that speak of credits."""
    return refusal.status == 402 or "credit" in refusal.said.lower()


def verify_webhook(headers: Mapping[str, str], raw_body: bytes, secret: str, now: datetime) -> bool:
    """Whether a delivery is OpenFunnel's and not older (or newer) than five minutes; `now` is UTC without zone.

    `X-OpenFunnel-Signature` is `sha256=` and the hexadecimal HMAC-SHA256 of the timestamp header, a dot and the raw
    body, under the webhook's secret. Compared in constant time; an empty secret trusts nothing.
    """
    given = {name.lower(): value for name, value in headers.items()}
    timestamp = given.get("x-openfunnel-timestamp", "")
    sent_at = _sent_at(timestamp)
    if not secret or sent_at is None or abs((now - sent_at).total_seconds()) > SIGNATURE_VALID_SECONDS:
        return False
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + raw_body, sha256).hexdigest()
    signature = given.get("x-openfunnel-signature", "")
    return hmac.compare_digest(f"sha256={expected}".encode(), signature.lower().encode())


def _sent_at(timestamp: str) -> datetime | None:
    """Unix seconds, or, since the unit is said nowhere, milliseconds or ISO 8601."""
    with suppress(ValueError, OverflowError, OSError):
        if not timestamp.isdecimal():
            return parse_time(timestamp)
        count = int(timestamp)
        seconds = count / 1000 if count >= MILLISECONDS_FROM else count
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return None
