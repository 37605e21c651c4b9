"""The team file: who works leads, where, in which languages, for which products, and how many at once."""

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from campaigns.playbook import Mistaken, Part, nearest, read
from ringback.forms import Form
from ringback.settings import settings

FILE = "team.yaml"
DEFAULT_LANGUAGE = "en"


def _folded(words: object) -> object:
    return words.strip().casefold() if isinstance(words, str) else words


Word = Annotated[str, BeforeValidator(_folded), StringConstraints(min_length=1, max_length=100)]
Address = Annotated[
    str,
    BeforeValidator(_folded),
    StringConstraints(max_length=320),
    Form(r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$", "an e-mail address", "maya@ours.com"),
]
Language = Annotated[str, BeforeValidator(_folded), Form(r"^[a-z]{2,3}$", "a language in two or three letters", "de")]


class Away(Part):
    """Days on which an owner is given no leads, both ends included."""

    since: date = Field(alias="from")
    until: date

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Away":
        if self.until < self.since:
            raise Mistaken(f"ends on {self.until}, before it begins on {self.since}", "until")
        return self


class Owner(Part):
    """An account executive; what is left out fits every lead."""

    email: Address
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    capacity: int = Field(ge=1, le=100_000)
    territories: tuple[Word, ...] = ()
    languages: tuple[Language, ...] = ()
    products: tuple[Word, ...] = ()
    away: tuple[Away, ...] = ()

    def is_away(self, day: date) -> bool:
        """Whether a day is one of those on which no leads are given."""
        return any(one.since <= day <= one.until for one in self.away)


class Team(Part):
    """All owners, and what countries belong to which territory and speak which language."""

    owners: tuple[Owner, ...] = Field(min_length=1)
    escalate_to: Address
    territories: dict[Word, tuple[Word, ...]] = Field(default_factory=dict)
    languages: dict[Language, tuple[Word, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_what_is_there(self) -> "Team":
        seen: set[str] = set()
        for at, owner in enumerate(self.owners):
            if owner.email in seen:
                raise Mistaken(f"{owner.email} stands twice; an owner is one entry", "owners", at, "email")
            seen.add(owner.email)
            for number, territory in enumerate(owner.territories):
                if territory not in self.territories:
                    known = nearest(territory, list(self.territories))
                    raise Mistaken(f"{territory!r} is no territory{known}", "owners", at, "territories", number)
        return self

    @cached_property
    def territory_of_country(self) -> dict[str, frozenset[str]]:
        """By country the territories that it belongs to."""
        found: dict[str, set[str]] = {}
        for territory, countries in self.territories.items():
            for country in countries:
                found.setdefault(country, set()).add(territory)
        return {country: frozenset(names) for country, names in found.items()}

    @cached_property
    def language_of_country(self) -> dict[str, str]:
        """By country the language in which its people are written to."""
        return {country: language for language, countries in self.languages.items() for country in countries}

    def territories_of(self, country: str | None) -> frozenset[str]:
        """The territories of a country; none where it is not known or in none."""
        return self.territory_of_country.get((country or "").strip().casefold(), frozenset())

    def language_of(self, country: str | None, stated: str | None = None) -> str:
        """The language of a lead: as it states it, else that of its country, else English."""
        if stated:
            return stated.strip().casefold()
        return self.language_of_country.get((country or "").strip().casefold(), DEFAULT_LANGUAGE)

    def named(self, email: str) -> Owner | None:
        """The owner of an address."""
        return next((one for one in self.owners if one.email == email.casefold()), None)


def team(folder: Path | None = None) -> tuple[Team, str]:
    """The team of the playbook, with the hash of its file; raises BadPlaybook naming line and key."""
    made, text = read((folder or settings().playbook) / FILE, Team)
    return made, text.hash
