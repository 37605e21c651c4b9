"""The searches pipe0's stand-in has: people and companies of the world, page by page behind a cursor.

Bodies as the vendor's documentation of its search operations shows them (its public repository, `search/advanced`).
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.directory import Directory, profile_url
from sandbox.fellow_records import JsonObject
from sandbox.pipe0_runs import a_field, problem
from sandbox.records import Company, Person

MOST_RESULTS, USUAL_RESULTS = 1_000, 100
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Search:
    """One search: the filters it knows, and the rows of all who pass them."""

    search_id: str
    filters: tuple[str, ...]
    find: Callable[[Directory, dict[str, list[str]]], list[Row]]


@dataclass(frozen=True, slots=True)
class Sought:
    """A checked request for a page of a search."""

    search: Search
    filters: JsonObject
    limit: int
    offset: int
    is_sandbox: bool

    @classmethod
    def read(cls, body: JsonObject | None) -> "Sought":
        """Read a request; raises Answered with 422 for a wrong form and 400 for a wrong meaning."""
        asked = (body or {}).get("search")
        if not isinstance(asked, dict) or not isinstance(asked.get("search_id"), str):
            raise problem(422, "validation-error", "search.search_id is required")
        search = SEARCHES.get(asked["search_id"])
        if search is None:
            raise problem(400, "unknown-search", f"There is no search {asked['search_id']}")
        config = part(asked, "config")
        filters = config.get("filters")
        if not isinstance(filters, dict) or not filters:
            raise problem(400, "validation-error", "search.config.filters: at least one filter is required")
        unknown = sorted(set(filters) - set(search.filters))
        if unknown or not all(isinstance(one, list) for one in filters.values()):
            raise problem(400, "validation-error", f"search.config.filters: cannot use {', '.join(unknown) or 'these'}")
        paging = part(config, "pagination")
        limit = paging.get("limit", config.get("limit", USUAL_RESULTS))
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_RESULTS:
            raise problem(400, "validation-error", f"search.config.limit must be from 1 to {MOST_RESULTS}")
        is_sandbox = part(body or {}, "config").get("environment") == "sandbox"
        return cls(search, filters, limit, place_of(paging.get("cursor")), is_sandbox)


def part(body: JsonObject, name: str) -> JsonObject:
    """An object within a body; empty where there is none."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def found(sought: Sought, directory: Directory) -> tuple[list[Row], int]:
    """The rows of the page, and how many pages there are."""
    wanted = {name: [str(one).lower() for one in value] for name, value in sought.filters.items()
              if isinstance(value, list)}  # fmt: skip
    rows = sought.search.find(directory, wanted)
    return rows[sought.offset : sought.offset + sought.limit], -(-len(rows) // sought.limit)


def shown(search_run_id: str, sought: Sought, status: str, rows: list[Row], pages: int, failure: str) -> JsonObject:
    """A search in pipe0's envelope; results and the next page come when it is completed."""
    is_done = status == "completed"
    more = is_done and sought.offset + sought.limit < pages * sought.limit
    key = sought.search.search_id
    resolved_by: JsonObject = {
        "ref": key, "config_hash": "000", "input_hash": "00000000",
        "environment": "sandbox" if sought.is_sandbox else "production",
    }  # fmt: skip
    following = {"limit": sought.limit, "cursor": cursor_of(sought.offset + sought.limit)}
    return {
        "id": search_run_id,
        "status": status,
        "search_id": key,
        "organization_id": "org_sandbox",
        "errors": [{"code": "InsufficientCredits", "message": failure}] if status == "failed" else [],
        "total_pages": pages if is_done else None,
        "pagination_type": "cursor",
        "next_page": {"search_id": key, "config": {"filters": sought.filters, "pagination": following}}
        if more
        else None,
        "results": [
            {name: a_field(value, "no_result" if value is None else "completed", None, resolved_by)
             for name, value in row.items()}
            for row in (rows if is_done else [])
        ],
    }  # fmt: skip


def cursor_of(offset: int) -> str:
    """A place in the results, so that nobody is tempted to read it."""
    return base64.urlsafe_b64encode(f"from {offset}".encode()).decode()


def place_of(cursor: object) -> int:
    """The place a cursor stands for; raises Answered with 400 for one that was never given."""
    if cursor is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(cursor).encode()).decode().removeprefix("from "))
    except (binascii.Error, ValueError):
        raise problem(400, "validation-error", "search.config.pagination.cursor is not one of ours") from None


def people(directory: Directory, wanted: dict[str, list[str]]) -> list[Row]:
    """People with one of the job titles, at one of the companies."""
    return [person_row(one) for one in directory.people() if is_such(one, wanted)]


def is_such(person: Person, wanted: dict[str, list[str]]) -> bool:
    """The person passes the filters; each that is given must fit."""
    titles, domains = wanted.get("current_job_titles"), wanted.get("current_employers_website_urls")
    return (not titles or any(title in person.title.lower() for title in titles)) and (
        not domains or any(person.company.domain in domain for domain in domains)
    )


def person_row(person: Person) -> Row:
    """A person as a search gives them."""
    return {
        "name": person.full_name, "job_title": person.title, "profile_url": profile_url(person),
        "company_name": person.company.name, "company_website_url": f"https://{person.company.domain}",
    }  # fmt: skip


def companies(directory: Directory, wanted: dict[str, list[str]]) -> list[Row]:
    """Companies in one of the industries."""
    industries = wanted.get("industries", [])
    return [company_row(one) for one in directory.companies() if not industries or one.industry.lower() in industries]


def company_row(company: Company) -> Row:
    """A company as a search gives it."""
    return {
        "company_name": company.name, "company_website_url": f"https://{company.domain}",
        "company_industry": company.industry, "headcount": company.employees,
    }  # fmt: skip


SEARCHES = {
    search.search_id: search
    for search in (
        Search("people:profiles:crustdata@2", ("current_job_titles", "current_employers_website_urls"), people),
        Search("companies:profiles:crustdata@2", ("industries",), companies),
    )
}
