"""What OpenFunnel's stand-in lists: the workspace's accounts, signals and insights, with three styles of paging."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from fastapi import Response

from sandbox.directory import Directory, dice_for
from sandbox.fellow_records import JsonObject, iso
from sandbox.fellow_requests import Answered, answer
from sandbox.openfunnel_records import (
    COUNTRY_CODES,
    SIGNAL_IDS,
    account_id,
    discovered,
    insight,
    is_known,
    is_tracked,
    match,
    people_id,
)
from sandbox.records import Company

T = TypeVar("T")
MOST_PER_PAGE, MOST_MATCHES, MOST_NAMED = 500, 50, 500
SIGNALS = {number: kind for kind, number in SIGNAL_IDS.items()}
ICPS = ("Operations leaders", "Contact center leaders")
SORTED_BY: dict[str, Callable[[Company], tuple[int, str]]] = {
    "insights_count": lambda one: (one.open_jobs, one.domain),
    "employee_count": lambda one: (one.employees, one.domain),
    "domain": lambda one: (0, one.domain),
    "name": lambda one: (0, one.name),
}


class Lists:
    """The workspace: accounts that were there before and those enriched since."""

    def __init__(self, directory: Directory, enriched: set[str]) -> None:
        """Look at the world through `directory`; `enriched` grows as companies are bought."""
        self.directory, self.enriched = directory, enriched
        self._ids: dict[str, Company] = {}

    def has(self, company: Company) -> bool:
        """The company is an account of the workspace."""
        return company.domain in self.enriched or is_tracked(company)

    def workspace(self) -> list[Company]:
        """All accounts, in the order in which the world met them."""
        return [company for company in self.directory.companies() if self.has(company)]

    def by_id(self, asked: str) -> Company | None:
        """The known company with this account id."""
        companies = self.directory.companies()
        if len(companies) != len(self._ids):
            self._ids = {str(account_id(one.domain)): one for one in companies}
        return self._ids.get(asked)

    def fails(self, company: Company, rate: float) -> bool:
        """The company is one of those on which enrichment breaks."""
        return dice_for("openfunnel failures", company.domain).chance(rate)

    def account_list(self, body: JsonObject) -> Response:
        """Accounts by offset."""
        found = self.passing(body)
        shown, pagination = page_by_offset(found, body)
        accounts = [{"id": account_id(one.domain), "domain": one.domain} for one in shown]
        return answer({"accounts": accounts, "total_count": len(found), "pagination": pagination})

    def filtered(self, body: JsonObject) -> Response:
        """Account ids by page, the first of which is 0."""
        page = integer(body, "page", 0, 0, 1_000_000)
        size = integer(body, "page_size", 50, 1, MOST_PER_PAGE)
        key = str(body.get("sort_key") or "insights_count")
        if key not in SORTED_BY:
            raise invalid(f"sort_key must be one of {', '.join(SORTED_BY)}")
        found = sorted(self.passing(body), key=SORTED_BY[key], reverse=body.get("sort_direction") != "asc")
        ids = [account_id(one.domain) for one in found[page * size : (page + 1) * size]]
        paging = {"page": page, "page_size": size, "has_more": (page + 1) * size < len(found)}
        return answer({"account_ids": ids, "total_count": len(found), **paging})

    async def filters(self) -> Response:
        """What accounts can be filtered by."""
        stages = sorted({one.funding_stage for one in self.workspace()})
        options = {"funding_stages": stages, "hq_country_codes": sorted(COUNTRY_CODES.values())}
        return answer({"filters": [{"field_name": name, "type": "list", "required": False, "options": listed}
                                   for name, listed in options.items()]})  # fmt: skip

    def passing(self, body: JsonObject) -> list[Company]:
        """The accounts that pass the filters of a request."""
        filters = body.get("filters") or {}
        if not isinstance(filters, dict):
            raise invalid("filters must be an object")
        low = integer(filters, "min_employee_count", 0, 0, 10**9)
        high = integer(filters, "max_employee_count", 10**9, 0, 10**9)
        stages, codes = strings(filters, "funding_stages"), strings(filters, "hq_country_codes")
        kinds = {SIGNALS.get(int(one)) for one in strings(filters, "include_signal_ids") if one.isdecimal()}
        return [
            one
            for one in self.workspace()
            if low <= one.employees <= high
            and (not stages or one.funding_stage in stages)
            and (not codes or COUNTRY_CODES[one.country] in codes)
            and (not kinds or any(found.kind in kinds for found in discovered(one)))
        ]

    def search(self, body: JsonObject) -> Response:
        """Companies by a part of their name, or by domain; several matches need clarification."""
        query = str(body.get("query") or "").strip().lower()
        if not query:
            raise invalid("query is required")
        limit = integer(body, "limit", 10, 1, MOST_MATCHES)
        exact = self.directory.company(query)
        found = [exact] if exact else [one for one in self.directory.companies() if query in one.name.lower()]
        shown = [match(one) for one in found if is_known(one)][:limit]
        counts = {"total_matches": len(shown), "unique_domains": len(shown)}
        return answer({"query": query, "matches": shown, **counts, "needs_clarification": len(shown) > 1})

    def signal_list(self, body: JsonObject) -> Response:
        """The workspace's signals by offset, all or those of the kinds in `filters`."""
        kinds = strings(body, "filters")
        listed = [
            {"signal_id": number, "signal_name": kind.replace("_", " ").capitalize(), "signal_type": kind_said(kind)}
            for number, kind in SIGNALS.items()
            if not kinds or kind_said(kind) in kinds
        ]
        shown, pagination = page_by_offset(listed, body)
        return answer({"signals": shown, "total_count": len(listed), "pagination": pagination})

    def signal(self, body: JsonObject) -> Response:
        """One signal: where it found something from one day to before another, and the people there."""
        number = body.get("signal_id")
        kind = SIGNALS.get(number) if isinstance(number, int) else None
        if kind is None:
            return answer({"detail": "Signal not found"}, 404)
        filters = body.get("filters") or {}
        limits = filters if isinstance(filters, dict) else {}
        first, end = str(limits.get("date_from") or "0"), str(limits.get("date_to") or "9")
        found = [
            company
            for company in self.workspace()
            if any(one.kind == kind and first <= one.at.date().isoformat() < end for one in discovered(company))
        ]
        people = [people_id(person) for one in found for person in self.directory.staff(one)]
        return answer(
            {
                "signal_id": number, "signal_name": kind.replace("_", " ").capitalize(),
                "signal_type": kind_said(kind), "account_ids": [account_id(one.domain) for one in found],
                "total_accounts": len(found), "signal_people": people, "total_people": len(people),
            }
        )  # fmt: skip

    async def icps(self) -> Response:
        """The profiles of buyers."""
        icps = [{"id": number, "name": name, "target_roles": []} for number, name in enumerate(ICPS, start=1)]
        return answer({"icps": icps, "total_count": len(icps)})

    def feed(self, days: int, limit: int, offset: int) -> Response:
        """What was discovered in all accounts in the last days, newest first."""
        found = [insight(company, one) for company in self.workspace() for one in discovered(company)]
        recent = [one for one in newest_first(found, "alert_date") if str(one["alert_date"]) >= self.day_before(days)]
        return answer(
            {
                "total_insights": len(recent), "accounts_represented": len({str(one["account_id"]) for one in recent}),
                "has_more": offset + limit < len(recent), "insights": recent[offset : offset + limit],
            }
        )  # fmt: skip

    def timeline(self, company: Company, days: int, limit: int, offset: int) -> Response:
        """What was discovered of a company in the last days, newest first."""
        events: list[JsonObject] = [
            {"event_id": one.discovered_id, "event_type": kind_said(one.kind), "event_date": iso(one.at),
             "title": one.text, "description": one.text, "source": "openfunnel", "metadata": {}}
            for one in discovered(company)
            if one.at.date().isoformat() >= self.day_before(days)
        ]  # fmt: skip
        shown = newest_first(events, "event_date")[offset : offset + limit]
        pagination = {"limit": limit, "offset": offset, "has_more": offset + limit < len(events)}
        return answer({"account_id": account_id(company.domain), "account_name": company.name, "events": shown,
                       "total_events": len(events), "pagination": pagination})  # fmt: skip

    def day_before(self, days: int) -> str:
        """The day so many days ago."""
        return (self.directory.now() - timedelta(days=days)).date().isoformat()


def kind_said(kind: str) -> str:
    """How a signal's type is called: in the singular, unlike the key in an account."""
    return "job_change" if kind == "job_changes" else kind


def newest_first(found: list[JsonObject], when: str) -> list[JsonObject]:
    """In falling order of a date."""
    return sorted(found, key=lambda one: str(one[when]), reverse=True)


def page_by_offset(found: Sequence[T], body: JsonObject) -> tuple[Sequence[T], JsonObject]:
    """The records that `pagination` asks for, and what it is answered with."""
    asked = body.get("pagination") or {}
    if not isinstance(asked, dict):
        raise invalid("pagination must be an object")
    limit = integer(asked, "limit", 50, 1, MOST_PER_PAGE)
    offset = integer(asked, "offset", 0, 0, 10**9)
    more = offset + limit < len(found)
    return found[offset : offset + limit], {"limit": limit, "offset": offset, "has_more": more}


def strings(body: JsonObject, name: str, required: bool = False) -> list[str]:
    """A list of texts; raises Answered with 422 for something else, or more than 500."""
    value = body.get(name) or []
    if not isinstance(value, list) or (required and not value):
        raise invalid(f"{name} must be a list with at least one entry")
    if len(value) > MOST_NAMED:
        raise invalid(f"{name}: {len(value)} given, at most {MOST_NAMED} are allowed")
    return [str(one) for one in value]


def integer(body: JsonObject, name: str, otherwise: int, low: int, high: int) -> int:
    """A whole number; raises Answered with 422 outside its bounds."""
    value = body.get(name)
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid(f"{name} must be a whole number from {low} to {high}")
    return value


def invalid(detail: str) -> Answered:
    """422 with the reason."""
    return Answered(answer({"detail": detail}, 422))
