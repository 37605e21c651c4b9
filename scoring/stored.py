"""What is stored that helps to score a lead, for one or for a table of them: the same look-ups, by the same keys."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from database.company_calls import Before, CompanyAndCall, calls_before
from database.known import Asked, Known, keys_of_lead, keys_since, known_lead, known_leads
from database.people import companies_by_id, state_of_people
from database.published import published
from features.columnar import Coded
from features.custom import PREFIX
from intake.identity import GENERIC_PROVIDERS, PAGES_OF_OTHERS, company_domain, company_id_of, website_domain
from scoring.lead import LeadRequest, Stored

BASE_RATES = "base_rates"
"""Under this name the scoring flow publishes how calls have been ending lately."""
ODD_SIGNS = frozenset("/:?# ")
LATE_BY = timedelta(minutes=10)
"""Sources tell of what they knew a while ago; what is older than this is found by counting."""
MOST_KEYS = 500_000
"""With more of them the database is asked about every lead of a table that has an address."""


def present_rates() -> Stored:
    """How calls have been ending lately, and nothing else."""
    told = published(BASE_RATES)
    rates = told[0] if told else {}
    return Stored(
        recent_progression_rate=rates.get("recent_progression_rate"),
        long_progression_rate=rates.get("long_progression_rate"),
        knows_outcomes="outcomes" in rates,  # who publishes that has said before which calls have progressed
    )


def company_id_of_lead(lead: LeadRequest) -> str | None:
    """By what the lead's company would be known."""
    return company_id_of(website_domain(lead.domain) or company_domain(lead.email), lead.company_name)


def request_about(known: Known) -> LeadRequest:
    """A request about a known lead that states nothing of its own."""
    return LeadRequest(company_name=known.company_name, lead_id=known.lead_id)


def stored_about(lead: LeadRequest, rates: Stored, known: Known | None = None) -> Stored:
    """What is stored about a lead: all of a known one, else of its company; beside the rates.

    With `known` the lead is not looked up once more.
    """
    if known is None and (lead.lead_id or lead.email):
        known = known_lead(lead.lead_id, lead.email)
    company_id = (known.company_id if known else None) or company_id_of_lead(lead)
    if known is None:
        found = companies_by_id([company_id]).get(company_id) if company_id else None
        if found is None:
            return rates
        return _with_calls(rates, (company_id, lead.call_id), company=dict(found.known))
    return _with_calls(rates, (company_id, lead.call_id), **_of_known(known))


def stored_of_known(known: Known, before: Before | None, rates: Stored) -> Stored:
    """What is stored about a known lead, with what went before with its company and the rates."""
    return replace(rates, **_of_known(known), **_of_calls(before, rates))


def _of_known(known: Known) -> dict[str, Any]:
    """What is stored about a known lead, by the names of Stored."""
    return {
        "lead_id": known.lead_id,
        "company_id": known.company_id,
        "job_title": known.known.get("job_title"),
        "company": dict(known.company.known) if known.company else {},
        "custom": {name.removeprefix(PREFIX): said for name, said in known.known.items() if name.startswith(PREFIX)},
        "features": known.features,
        "mails": known.mails,
    }


def _with_calls(rates: Stored, asked: tuple[str | None, str | None], **facts: Any) -> Stored:
    """Facts, rates, and what went before the call with the company, if both or the latter are known."""
    company_id, call_id = asked
    before = calls_before([(company_id, call_id)]).get((company_id, call_id)) if company_id else None
    return replace(rates, **facts, **_of_calls(before, rates))


def _of_calls(before: Before | None, rates: Stored) -> dict[str, Any]:
    """What went before with a company, by the names of Stored; of one without calls there is nothing to say."""
    if before is None:
        return {}
    return {
        "earlier_calls": before.calls,
        "last_called_at": before.last_called_at,
        "earlier_progressed": before.progressed if rates.knows_outcomes or not before.calls else None,
        "called_at": before.called_at,
        "call_known_at": before.known_at,
    }


@dataclass(frozen=True)
class KnownByHeart:
    """By what leads and companies can be known, so that the database is asked only about those that it can know."""

    state: tuple[object, ...] | None = None
    """Of the tables, when this was read."""
    latest: datetime | None = None
    """When the last of them came to be known."""
    companies: AbstractSet[str] | None = frozenset()
    leads: AbstractSet[str] | None = frozenset()
    """Ids, addresses and former ids; None, of either, for too many to remember: then all are asked about."""

    def renewed(self) -> "KnownByHeart":
        """The same where nothing has changed, else as it is now: what is new is read, and all where that is too little.

        Whoever still has the former one finds what is new in it as well.
        """
        if self.state is not None and state_of_people() == self.state:
            return self
        return self._with_new() or _all_known()

    def _with_new(self) -> "KnownByHeart | None":
        """With what came to be known since the last look; None where the counts say that this is not all."""
        if self.latest is None or not isinstance(self.companies, set) or not isinstance(self.leads, set):
            return None
        before = self._beyond(self.state or ())
        seen = keys_since(self.latest - LATE_BY, MOST_KEYS)
        if seen.companies is None or seen.leads is None:
            return None
        self.companies.update(seen.companies)
        self.leads.update(seen.leads)
        known = KnownByHeart(seen.counts, seen.latest, self.companies, self.leads)
        return known if known._beyond(seen.counts) == before else None

    def _beyond(self, counts: tuple[Any, ...]) -> tuple[int, int]:
        """How many rows there are more than different keys: the same as long as none is missed."""
        return counts[0] - len(self.companies or ()), sum(counts[1:]) - len(self.leads or ())

    def has(self, lead: LeadRequest) -> bool:
        """Whether the lead or its company may be known."""
        if (lead.lead_id or lead.email) and self.has_lead(lead.lead_id, lead.email):
            return True
        return self.companies is None or (bool(self.companies) and company_id_of_lead(lead) in self.companies)

    def has_lead(self, lead_id: str | None, email: str | None) -> bool:
        """Whether a lead may be known by one of these."""
        return self.leads is None or not self.leads.isdisjoint(keys_of_lead(lead_id, email))


def _all_known() -> KnownByHeart:
    seen = keys_since(None, MOST_KEYS)
    return KnownByHeart(seen.counts, seen.latest, seen.companies, seen.leads)


@dataclass
class StoredOfTable:
    """Look-ups for tables: asks the database only about rows that can be known."""

    rates: Stored
    known: KnownByHeart = field(default_factory=lambda: KnownByHeart().renewed())

    def __post_init__(self) -> None:
        """A company's id ends like every address of it."""
        companies = self.known.companies
        self._tails = None if companies is None else frozenset(map(_tail, companies))
        self._knows_names = companies is None or any(one.startswith("name:") for one in companies)

    def __call__(self, columns: Mapping[str, Coded], rows: int) -> dict[int, Stored]:
        """What is stored about rows of a table, by row; nothing of the others."""
        leads = self._leads(columns, rows)
        candidates = [row for row in self._may_be_known(columns, rows) if row not in leads]
        ids = {row: self._company_id(columns, row) for row in candidates}
        companies = companies_by_id({one for one in ids.values() if one})
        facts: dict[int, dict[str, Any]] = {row: _of_known(known) for row, known in leads.items()}
        facts |= {row: {"company": dict(companies[one].known)} for row, one in ids.items() if one in companies}
        ids |= {row: known.company_id or self._company_id(columns, row) for row, known in leads.items()}
        call_id = columns.get("call_id")
        asked: dict[int, CompanyAndCall] = {
            row: (company_id, call_id.of(row) if call_id else None) for row in facts if (company_id := ids[row])
        }
        before = calls_before(asked.values())
        return {
            row: replace(self.rates, **said, **_of_calls(before.get(asked[row]) if row in asked else None, self.rates))
            for row, said in facts.items()
        }

    def _leads(self, columns: Mapping[str, Coded], rows: int) -> dict[int, Known]:
        """Known leads, by row."""
        asked: dict[int, Asked] = {}
        lead_id, email = columns.get("lead_id"), columns.get("email")
        if lead_id is None and email is None:
            return {}
        for row in range(rows):
            key = (lead_id.of(row) if lead_id else None, email.of(row) if email else None)
            if key != (None, None) and self.known.has_lead(*key):
                asked[row] = key
        known = known_leads(asked.values())
        return {row: known[key] for row, key in asked.items() if key in known}

    def _may_be_known(self, columns: Mapping[str, Coded], rows: int) -> list[int]:
        """Rows whose company may be among those that are known, by a look that is cheap and never misses one."""
        import numpy as np

        domain, email = columns.get("domain"), columns.get("email")
        maybe = np.zeros(rows, dtype=bool)
        nameable = np.ones(rows, dtype=bool)
        for column in (domain, email):
            if column is not None:
                likely = np.array([value is not None and self._is_likely(value) for value in column.values])
                maybe |= likely[column.codes]
                domainless = np.array([value is None or _may_be_no_domain(value) for value in column.values])
                nameable &= domainless[column.codes]
        if self._knows_names:
            maybe |= nameable
        return [int(row) for row in np.flatnonzero(maybe)]

    def _is_likely(self, said: str) -> bool:
        """Whether an address or domain may lead to a known company; odd ones may."""
        return self._tails is None or not said.isascii() or not ODD_SIGNS.isdisjoint(said) or _tail(said) in self._tails

    def _company_id(self, columns: Mapping[str, Coded], row: int) -> str | None:
        domain, email, name = (
            columns[one].of(row) if one in columns else None for one in ("domain", "email", "company_name")
        )
        return company_id_of_lead(LeadRequest.model_construct(company_name=name or "", domain=domain, email=email))


def _may_be_no_domain(said: str) -> bool:
    """Whether an address or domain may lead to no company's domain, so that its name is what it is known by."""
    labels = _labels(said)
    is_plain = said.isascii() and ODD_SIGNS.isdisjoint(said)
    is_shared = not GENERIC_PROVIDERS.isdisjoint(labels) or ".".join(labels[-2:]) in PAGES_OF_OTHERS
    return not is_plain or len(labels) < 2 or "".join(labels).isdigit() or is_shared


def _tail(host: str) -> str:
    """The last two labels of a host or an address."""
    return ".".join(_labels(host)[-2:])


def _labels(host: str) -> list[str]:
    return [label for label in host.strip().lower().rsplit("@", 1)[-1].split(".") if label]
