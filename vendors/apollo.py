"""Apollo: people and organizations, their job postings, and what a waterfall of sources finds later.

A search is free and gives neither e-mail nor last name; a match costs a credit. What comes back from a match may be in
another order, shorter, and hold nulls: it is matched back by what is known of the person. Apollo knows no idempotency
keys, so nothing that costs is asked twice where an answer may have been lost.

Doubtful: the names of the filters for locations and keywords (from public clients), the largest page of job postings,
whether the bulk request about organizations says what it cost, and how being out of credit looks (`is_out_of_credit`).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ringback.errors import VendorRefused, VendorUnreadable
from ringback.settings import Settings
from vendors.apollo_records import (
    LateReply,
    LateResult,
    Organization,
    OrganizationsFound,
    PeopleMatched,
    PeopleQuery,
    Person,
    PersonAsked,
    match_back,
)
from vendors.http import Client
from vendors.limits import Limit
from vendors.tolerant import domain_of, ending, in_path, listed, records_in, text, whole

SOURCE = "apollo"
SANDBOX_KEY = "sandbox-apollo-key"
MOST_AT_ONCE = 10
PAGE_SIZE = 100
MOST_PAGES = 500
MOST_PEOPLE = PAGE_SIZE * MOST_PAGES
MOST_POSTINGS = 10_000
USUAL_PAGE_SIZES = frozenset({10, 20, 25, 50, 100})
"""A page of job postings of such a length may be full, whatever size we asked for."""
ASK_AGAIN_AFTER_SECONDS = 10.0
MINUTE_SECONDS = 60.0
HOUR_SECONDS = 3600.0


def connect(settings: Settings) -> Client:
    """A client with the configured key, or for the sandbox where none is set."""
    key = settings.apollo_key.get_secret_value() if settings.apollo_key else SANDBOX_KEY
    sandbox = f"http://127.0.0.1:{settings.sandbox_port}/apollo/api/v1"
    return Client(
        vendor="Apollo",
        base_url=settings.apollo_url or ("https://api.apollo.io/api/v1" if settings.apollo_key else sandbox),
        headers={"x-api-key": key},
        limits=_limits(settings.apollo_requests_per_minute, settings.apollo_requests_per_hour),
    )


def _limits(a_minute: int, an_hour: int) -> tuple[Limit, ...]:
    """Both limits; one alone where it implies the other, which the limiter would not take."""
    if an_hour <= a_minute:
        return (Limit(HOUR_SECONDS, an_hour),)
    if an_hour >= a_minute * HOUR_SECONDS / MINUTE_SECONDS:
        return (Limit(MINUTE_SECONDS, a_minute),)
    return (Limit(MINUTE_SECONDS, a_minute), Limit(HOUR_SECONDS, an_hour))


def api_profile(client: Client) -> dict[str, Any]:
    """Whose key it is, as sent: asks whether Apollo can be reached and takes the key."""
    return client.get_json("/users/api_profile")


def search_people(client: Client, query: PeopleQuery, most: int) -> Iterator[list[dict[str, Any]]]:
    """Pages of at most 100 people as sent, `most` in all; read them with `Person.read`. Free of charge.

    Raises VendorRefused where `most` is more than the 50,000 that Apollo shows of one search, before anything is
    sent, and where its 500 pages end before `most` or the end of the list is reached: nothing is cut off silently.
    """
    if most > MOST_PEOPLE:
        raise VendorRefused(
            f"{most:,} people of one search, Apollo shows at most {MOST_PEOPLE:,}; narrow the query or search in parts"
        )
    return ending(_people(client, query, most), "Apollo's people search", lambda person: person.get("id"))


def _people(client: Client, query: PeopleQuery, most: int) -> Iterator[list[dict[str, Any]]]:
    given = 0
    for page in range(1, MOST_PAGES + 1):
        if given >= most:
            return
        body = client.post_json("/mixed_people/api_search", {**_filters(query), "page": page, "per_page": PAGE_SIZE})
        people = listed(body, "people", "Apollo's people search")[: most - given]
        given += len(people)
        if people:
            yield people
        total = whole(body.get("total_entries"))
        if not people or (len(people) < PAGE_SIZE if total is None else given >= total):
            return
    if given < most:
        raise VendorRefused(
            f"Apollo shows no more than {MOST_PAGES} pages of one search, which held {given:,} people; narrow the query"
        )


def _filters(query: PeopleQuery) -> dict[str, Any]:
    filters: dict[str, Any] = {
        "person_titles": list(query.titles),
        "person_seniorities": list(query.seniorities),
        "q_organization_domains_list": list(query.domains),
        "organization_num_employees_ranges": list(query.employee_ranges),
        "person_locations": list(query.locations),
        "q_keywords": query.keywords,
    }
    return {name: value for name, value in filters.items() if value}


def match_people(client: Client, details: Sequence[PersonAsked], with_waterfall: bool = False) -> PeopleMatched:
    """Look up 1 to 10 people in full, a credit for each found; never asked twice.

    `with_waterfall` lets Apollo go on looking for e-mail addresses elsewhere: then the reply has a `request_id` for
    `late_result`. Raises VendorRefused for more than 10, or where Apollo says that it failed.
    """
    _check_number(details, "people")
    asked = tuple(dict.fromkeys(details))
    params = {"run_waterfall_email": True} if with_waterfall else None
    body = client.post_json(
        "/people/bulk_match", {"details": [_detail(one) for one in asked]}, repeatable=False, params=params
    )
    _check_success(body)
    sent = _paid_for(body, "matches")
    people = tuple(Person.read(one) for one in sent if text(one.get("id")))
    found = match_back(asked, people)
    taken = {person.id for person in found.values()}
    reply = LateReply.read(body)
    return PeopleMatched(
        found=found,
        missing=tuple(one for one in asked if one not in found),
        unmatched=tuple(one for one in sent if text(one.get("id")) not in taken),
        credits_consumed=whole(body.get("credits_consumed")),
        request_id=reply.request_id,
        body=body,
    )


def _detail(asked: PersonAsked) -> dict[str, str]:
    known = {
        "id": asked.id,
        "email": asked.email,
        "first_name": asked.first_name,
        "last_name": asked.last_name,
        "domain": asked.domain,
        "organization_name": asked.organization_name,
        "linkedin_url": asked.linkedin_url,
    }
    return {name: value for name, value in known.items() if value}


def organizations(client: Client, domains: Sequence[str]) -> OrganizationsFound:
    """Look up the organizations of 1 to 10 domains, a credit for each found; never asked twice.

    Raises VendorRefused for more than 10, or where Apollo says that it failed.
    """
    _check_number(domains, "domains")
    asked = tuple(dict.fromkeys(domains))
    body = client.post_json("/organizations/bulk_enrich", {}, repeatable=False, params={"domains[]": list(asked)})
    _check_success(body)
    sent = _paid_for(body, "organizations")
    read = [Organization.read(one) for one in sent if text(one.get("id"))]
    by_domain = {domain: one for one in reversed(read) for domain in one.domains}
    found = {domain: by_domain[bare] for domain in asked if (bare := domain_of(domain)) in by_domain and bare}
    taken = {one.id for one in found.values()}
    return OrganizationsFound(
        found=found,
        missing=tuple(domain for domain in asked if domain not in found),
        unmatched=tuple(one for one in sent if text(one.get("id")) not in taken),
        credits_consumed=whole(body.get("credits_consumed")),
        body=body,
    )


def job_postings(client: Client, organization_id: str) -> Iterator[list[dict[str, Any]]]:
    """Pages of an organization's job postings as sent; read them with `JobPosting.read`.

    Each page that is taken from the iterator costs a credit: stop when it is enough. No page is asked for twice.
    Raises VendorRefused where an organization has more than the 10,000 that Apollo shows.
    """
    return ending(_postings(client, organization_id), "Apollo's list of job postings", lambda one: one.get("id"))


def _postings(client: Client, organization_id: str) -> Iterator[list[dict[str, Any]]]:
    path = f"/organizations/{in_path(organization_id)}/job_postings"
    given = 0
    for page in range(1, MOST_POSTINGS + 1):
        body = client.get_json(path, params={"page": page, "per_page": PAGE_SIZE}, repeatable=False)
        postings = listed(body, "organization_job_postings", "Apollo's list of job postings")
        if postings:
            yield postings
        given += len(postings)
        if len(postings) not in USUAL_PAGE_SIZES:
            return
        if given >= MOST_POSTINGS:
            raise VendorRefused(f"Apollo shows no more than {MOST_POSTINGS:,} job postings of an organization")


def late_result(client: Client, request_id: int) -> LateResult:
    """What a waterfall found, by the `request_id` of the match; free of charge, so it may be asked again and again."""
    try:
        body = client.get_json(f"/webhook_result/{request_id}")
    except VendorRefused as refusal:
        return _no_result(refusal)
    reply = LateReply.read(body)
    match (reply.webhook_status or "").lower():
        case "in_progress":
            return LateResult("pending", ask_again_after_seconds=ASK_AGAIN_AFTER_SECONDS)
        case "success":
            return LateResult("done", result=reply.webhook_result)
        case "failed":
            return LateResult("failed", reason=reply.failure_reason)
        case other:
            raise VendorUnreadable(f"Apollo says of the request {request_id} that it is {other or 'nothing'!r}")


def _no_result(refusal: VendorRefused) -> LateResult:
    if refusal.status == 410:
        return LateResult("expired")
    if refusal.status == 404 and "result_pending" in refusal.said:
        stated = re.search(r'"retry_after_seconds"\s*:\s*(\d+)', refusal.said)
        return LateResult("pending", ask_again_after_seconds=float(stated[1]) if stated else ASK_AGAIN_AFTER_SECONDS)
    if refusal.status == 404 and "request_id_unknown" in refusal.said:
        return LateResult("unknown")
    raise refusal


def is_out_of_credit(refusal: VendorRefused) -> bool:
    """Whether a refusal means that credits are used up.

    Apollo does not document how it says so: 402 is taken for it, and 403 and 422 where the words speak of credits. A
    403 about the key's rights or the plan does not.
    """
    return refusal.status == 402 or (refusal.status in (403, 422) and "credit" in refusal.said.lower())


def _check_number(asked: Sequence[object], what: str) -> None:
    if not 1 <= len(asked) <= MOST_AT_ONCE:
        raise VendorRefused(
            f"{len(asked)} {what} in one question to Apollo, 1 to {MOST_AT_ONCE} are taken; ask in parts"
        )


def _check_success(body: dict[str, Any]) -> None:
    """A failure of the whole that came with status 200."""
    if str(body.get("status")).lower() == "failed":
        said = f"{body.get('error_code') or ''} {body.get('error_message') or ''}".strip()
        raise VendorRefused(f"Apollo answered that it failed: {said}"[:300], 200, said)


def _paid_for(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a reply that costs: a null for the list is none found, only its absence is not understood."""
    if key not in body:
        raise VendorUnreadable(f"Apollo answered a question that costs without {key}")
    return records_in(body[key])
