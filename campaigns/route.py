"""Routing: which sequence a qualified lead is given, and whose it becomes; each choice with its alternatives.

The choice of a sequence is a rule over what is known of the lead. The choice of an owner depends on what everybody has
on the way, so it is made in the transaction that enrols (`database/routing.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from campaigns.team import Owner, Team

FITS_VOICE_AI_AT = 60
"""Points of Voice-AI fit, 0 to 100."""
PRODUCTS_BY_FUNCTION = {"authentication": "verify", "communication": "messaging", "messaging": "messaging"}
"""What a company whose web site does this could use, where Voice AI does not fit; an assumption."""
VOICE_AI = "voice ai"
PRODUCTS = (VOICE_AI, *sorted(set(PRODUCTS_BY_FUNCTION.values())))
"""All that a lead may be known to fit."""
Restriction = Literal["products", "territories", "languages", "priorities"]


@dataclass(frozen=True, slots=True)
class Routable:
    """A qualified member as routing sees it."""

    lead_id: str
    country: str | None = None
    language: str | None = None
    """As the lead states it; None for that of its country."""
    products: frozenset[str] = frozenset()
    """In lower case."""
    priority: str | None = None
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A sequence and whom it is for; a restriction that is left out fits every lead."""

    sequence: str
    hash: str
    products: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Alternative:
    """A sequence or owner that was looked at, and why it was not taken; empty for the one that was."""

    name: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Matched:
    """The sequence for a lead, and who may work it."""

    lead_id: str
    route: Route | None
    owners: tuple[Owner, ...]
    alternatives: tuple[Alternative, ...]

    @property
    def why_not(self) -> str:
        """Why the lead cannot be routed; empty where it can."""
        if self.route is None:
            return "no sequence fits"
        return "" if self.owners else "no owner fits"


def products_of(voice_ai_fit: int | None, web_functions: Iterable[str] = ()) -> frozenset[str]:
    """What a lead could use: Voice AI where the model says that it fits, and what its web site's functions speak of.

    >>> sorted(products_of(72, ["authentication"]))
    ['verify', 'voice ai']
    """
    by_function = {PRODUCTS_BY_FUNCTION[one] for one in web_functions if one in PRODUCTS_BY_FUNCTION}
    fits = voice_ai_fit is not None and voice_ai_fit >= FITS_VOICE_AI_AT
    return frozenset(by_function | {VOICE_AI} if fits else by_function)


def match(lead: Routable, routes: Sequence[Route], team: Team, day: date) -> Matched:
    """The sequence that fits a lead most closely, the first of equals, and the owners who may work it."""
    territories, language = team.territories_of(lead.country), team.language_of(lead.country, lead.language)
    told: list[Alternative] = []
    fitting: list[tuple[int, int, Route]] = []
    for at, route in enumerate(routes):
        why_not = _why_not(route, lead, territories, language)
        if why_not:
            told.append(Alternative(route.sequence, why_not))
        else:
            fitting.append((-_closeness(route), at, route))
    chosen = min(fitting)[2] if fitting else None
    told += [
        Alternative(route.sequence, f"fits less closely than {chosen.sequence}")
        for _, _, route in sorted(fitting)
        if chosen and route is not chosen
    ]
    owners = []
    for owner in team.owners:
        why_not = _why_no_owner(owner, lead, territories, language, day)
        if why_not:
            told.append(Alternative(owner.email, why_not))
        else:
            owners.append(owner)
    return Matched(lead.lead_id, chosen, tuple(owners), tuple(told))


def match_all(leads: Iterable[Routable], routes: Sequence[Route], team: Team, day: date) -> list[Matched]:
    """`match` for many leads; those of whom the same is known are looked at once."""
    known: dict[tuple[object, ...], Matched] = {}
    found = []
    for lead in leads:
        kind = (lead.country, lead.language, lead.products, lead.priority)
        if kind not in known:
            known[kind] = match(lead, routes, team, day)
        one = known[kind]
        found.append(Matched(lead.lead_id, one.route, one.owners, one.alternatives))
    return found


def capacities_of(owners: Iterable[Owner], on_the_way: Mapping[str, int]) -> dict[str, int]:
    """The capacity of each owner who has room for another lead."""
    return {one.email: one.capacity for one in owners if on_the_way.get(one.email, 0) < one.capacity}


def _why_not(route: Route, lead: Routable, territories: frozenset[str], language: str) -> str:
    if route.priorities and lead.priority not in route.priorities:
        return f"is for {_listed(route.priorities)}; priority is {lead.priority or 'not known'}"
    if route.products and not route.products & lead.products:
        return f"is for {_listed(route.products)}; what fits is {_listed(lead.products) or 'not known'}"
    if route.languages and language not in route.languages:
        return f"is in {_listed(route.languages)}; the lead is written to in {language}"
    if route.territories and not route.territories & territories:
        return f"is for {_listed(route.territories)}; the lead is in {lead.country or 'a country that is not known'}"
    return ""


def _why_no_owner(owner: Owner, lead: Routable, territories: frozenset[str], language: str, day: date) -> str:
    if owner.is_away(day):
        return f"is away on {day}"
    if owner.territories and not set(owner.territories) & territories:
        return f"works {_listed(owner.territories)}; the lead is in {lead.country or 'a country that is not known'}"
    if owner.languages and language not in owner.languages:
        return f"speaks {_listed(owner.languages)}; the lead is written to in {language}"
    if owner.products and not set(owner.products) & lead.products:
        return f"sells {_listed(owner.products)}; what fits is {_listed(lead.products) or 'not known'}"
    return ""


def _closeness(route: Route) -> int:
    """How many restrictions a route has: the more it asks for, the closer it fits whom it fits."""
    return sum(map(bool, (route.products, route.territories, route.languages, route.priorities)))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
