"""What is stored that helps to score a lead, for one or for a table of them: the same look-ups, by the same keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from database.known import Asked, Known, all_lead_keys, keys_of_lead, known_lead, known_leads
from database.people import companies_by_id, company_ids, state_of_people
from database.published import published
from features.columnar import Coded
from intake.identity import GENERIC_PROVIDERS, company_domain, company_id_of, registered_domain
from scoring.lead import LeadRequest, Stored

BASE_RATES = "base_rates"
"""Under this name the scoring flow publishes how calls have been ending lately."""
ODD_SIGNS = frozenset("/:?# ")
MOST_KEYS = 500_000
"""With more of them the database is asked about every lead of a table that has an address."""


def present_rates() -> Stored:
    """How calls have been ending lately, and nothing else."""
    told = published(BASE_RATES)
    rates = told[0] if told else {}
    return Stored(
        recent_progression_rate=rates.get("recent_progression_rate"),
        long_progression_rate=rates.get("long_progression_rate"),
    )


def company_id_of_lead(lead: LeadRequest) -> str | None:
    """By what the lead's company would be known."""
    return company_id_of(registered_domain(lead.domain) or company_domain(lead.email), lead.company_name)


def stored_about(lead: LeadRequest, rates: Stored) -> Stored:
    """What is stored about a lead: all of a known one, else of its company; beside the rates."""
    known = known_lead(lead.lead_id, lead.email) if lead.lead_id or lead.email else None
    if known is not None:
        return _of_known(known, rates)
    company_id = company_id_of_lead(lead)
    found = companies_by_id([company_id]).get(company_id) if company_id else None
    return replace(rates, company=dict(found.known)) if found else rates


def _of_known(known: Known, rates: Stored) -> Stored:
    return replace(
        rates,
        lead_id=known.lead_id,
        company_id=known.company_id,
        job_title=known.known.get("job_title"),
        company=dict(known.company.known) if known.company else {},
        features=known.features,
    )


@dataclass(frozen=True)
class KnownByHeart:
    """By what leads and companies can be known, so that the database is asked only about those that it can know."""

    state: object = None
    """Of the tables, when this was read."""
    companies: frozenset[str] | None = frozenset()
    leads: frozenset[str] | None = frozenset()
    """Ids, addresses and former ids; None, of either, for too many to remember: then all are asked about."""

    def renewed(self) -> "KnownByHeart":
        """The same where nothing has changed, else as it is now."""
        state = state_of_people()
        if state == self.state:
            return self
        companies = company_ids(MOST_KEYS)
        return KnownByHeart(state, frozenset(companies) if companies is not None else None, all_lead_keys(MOST_KEYS))

    def has(self, lead: LeadRequest) -> bool:
        """Whether the lead or its company may be known."""
        if (lead.lead_id or lead.email) and self.has_lead(lead.lead_id, lead.email):
            return True
        return self.companies is None or (bool(self.companies) and company_id_of_lead(lead) in self.companies)

    def has_lead(self, lead_id: str | None, email: str | None) -> bool:
        """Whether a lead may be known by one of these."""
        return self.leads is None or not self.leads.isdisjoint(keys_of_lead(lead_id, email))


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
        found = self._leads(columns, rows)
        candidates = [row for row in self._may_be_known(columns, rows) if row not in found]
        ids = {row: self._company_id(columns, row) for row in candidates}
        facts = companies_by_id({one for one in ids.values() if one})
        for row, company_id in ids.items():
            if company_id in facts:
                found[row] = replace(self.rates, company=dict(facts[company_id].known))
        return found

    def _leads(self, columns: Mapping[str, Coded], rows: int) -> dict[int, Stored]:
        """Rows of known leads."""
        asked: dict[int, Asked] = {}
        lead_id, email = columns.get("lead_id"), columns.get("email")
        if lead_id is None and email is None:
            return {}
        for row in range(rows):
            key = (lead_id.of(row) if lead_id else None, email.of(row) if email else None)
            if key != (None, None) and self.known.has_lead(*key):
                asked[row] = key
        known = known_leads(asked.values())
        return {row: _of_known(known[key], self.rates) for row, key in asked.items() if key in known}

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
        return (
            self._tails is None
            or not said.isascii()
            or any(sign in said for sign in "/:?# ")
            or _tail(said) in self._tails
        )

    def _company_id(self, columns: Mapping[str, Coded], row: int) -> str | None:
        domain, email, name = (
            columns[one].of(row) if one in columns else None for one in ("domain", "email", "company_name")
        )
        return company_id_of_lead(LeadRequest.model_construct(company_name=name or "", domain=domain, email=email))


def _may_be_no_domain(said: str) -> bool:
    """Whether an address or domain may lead to no company's domain, so that its name is what it is known by."""
    labels = _labels(said)
    is_plain = said.isascii() and ODD_SIGNS.isdisjoint(said)
    return not is_plain or len(labels) < 2 or "".join(labels).isdigit() or not GENERIC_PROVIDERS.isdisjoint(labels)


def _tail(host: str) -> str:
    """The last two labels of a host or an address."""
    return ".".join(_labels(host)[-2:])


def _labels(host: str) -> list[str]:
    return [label for label in host.strip().lower().rsplit("@", 1)[-1].split(".") if label]
