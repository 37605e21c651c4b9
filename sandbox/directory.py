"""What data vendors can know of the simulated world: the same company for each, with gaps of their own."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from sandbox.companies import slug
from sandbox.dice import KeyedDraws
from sandbox.records import Company, Person
from sandbox.world import World

GAP_RATE = 0.12
RAISED_BY_STAGE = {"Seed": 2, "Series A": 12, "Series B": 35, "Series C": 90, "Private Equity": 60, "Public": 200}
"""Millions of US dollars raised in all, about; a bootstrapped company raised nothing."""


class Directory:
    """The companies and people known at the present moment, by what a request may name them with."""

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Look at `world` as of `now()`."""
        self.world, self.now = world, now
        self._known_until: tuple[datetime, datetime] | None = None
        self._companies: dict[str, Company] = {}
        self._people: dict[str, Person] = {}
        self._by_email: dict[str, Person] = {}
        self._by_name: dict[tuple[str, str], Person] = {}

    def companies(self) -> list[Company]:
        """All companies, in the order of their first call."""
        self._look()
        return list(self._companies.values())

    def people(self) -> list[Person]:
        """All people, in the order of their first call."""
        self._look()
        return list(self._people.values())

    def staff(self, company: Company) -> list[Person]:
        """The people of a company, in the order of their first call."""
        self._look()
        known = (self._people.get(one.person_id) for one in self.world.staff(company))
        return [person for person in known if person]

    def company(self, address: object) -> Company | None:
        """The company with this domain or website."""
        self._look()
        return self._companies.get(domain_of(address))

    def person(self, email: object = None, profile: object = None, person_id: object = None) -> Person | None:
        """The person with this address, profile or id."""
        self._look()
        if person_id is not None:
            return self._people.get(str(person_id))
        if profile:
            wanted = str(profile).rstrip("/").rpartition("/")[2]
            person = self._people.get(wanted.rpartition("-")[2])
            return person if person and profile_url(person).endswith(f"/{wanted}") else None
        return self._by_email.get(str(email or "-").strip().lower())

    def named(self, first_name: object, last_name: object, address: object) -> Person | None:
        """The person of this name at the company with this domain or website."""
        self._look()
        return self._by_name.get((f"{first_name} {last_name}".lower(), domain_of(address)))

    def _look(self) -> None:
        """Learn what is known by now, unless nothing has changed since the last look."""
        now = self.now()
        if self._known_until and self._known_until[0] <= now < self._known_until[1]:
            return
        self._companies = {company.domain: company for company in self.world.companies(now)}
        self._people = {person.person_id: person for person in self.world.people(now)}
        self._by_email, self._by_name = {}, {}
        for person in self._people.values():
            self._by_email.setdefault(person.email, person)
            self._by_name.setdefault((person.full_name.lower(), person.company.domain), person)
        self._known_until = now, self.world.next_arrival(now)


@lru_cache(maxsize=200_000)
def _bare(text: str) -> str:
    return re.sub(r"^(https?://)?w{3,4}\.|^https?://|^[^@]*@", "", text).partition("/")[0]


def domain_of(address: object) -> str:
    """The bare domain of a domain, website or e-mail address.

    >>> domain_of("https://www.Acme.example/about"), domain_of("ana@acme.example"), domain_of(None)
    ('acme.example', 'acme.example', '')
    """
    return _bare(str(address or "").strip().lower())


def profile_url(person: Person) -> str:
    """The person's professional profile."""
    return f"https://www.linkedin.com/in/{slug(person.first_name)}-{slug(person.last_name)}-{person.person_id}"


def company_profile_url(company: Company) -> str:
    """The company's professional profile."""
    return f"https://www.linkedin.com/company/{company.domain.replace('.', '-')}"


def dice_for(vendor: str, key: str) -> KeyedDraws:
    """The draws that belong to one vendor's view of one subject."""
    return KeyedDraws(f"{vendor}|{key}")


def gaps(vendor: str, key: str, names: Iterable[str], rate: float = GAP_RATE) -> frozenset[str]:
    """Which of these facts this vendor has not found out about the subject; always the same."""
    dice = dice_for(vendor, key)
    return frozenset([name for name in names if dice.chance(rate)])


JOB_TITLES = ("Software Engineer", "Customer Support Agent", "Sales Manager", "Operations Lead")


def job_title(number: int) -> str:
    """What the `number`-th open position of any company is called, whichever vendor tells of it."""
    return JOB_TITLES[number % len(JOB_TITLES)]


def funding_rounds(company: Company) -> list[tuple[str, str, int]]:
    """Stage, ISO date and US dollars of each round, oldest first; none for a bootstrapped company."""
    reached = list(RAISED_BY_STAGE)
    if company.funding_stage not in reached:
        return []
    dice, rounds = dice_for("funding", company.domain), []
    for number, stage in enumerate(reached[: reached.index(company.funding_stage) + 1]):
        year = min(2025, company.founded_year + 1 + 2 * number)
        amount = round(RAISED_BY_STAGE[stage] * dice.between(0.5, 1.5), 1)
        rounds.append((stage, f"{year}-{dice.integer(1, 12):02d}-15", int(amount * 1_000_000)))
    return rounds


def funding_total(company: Company) -> int:
    """US dollars raised in all rounds."""
    return sum(amount for _, _, amount in funding_rounds(company))
