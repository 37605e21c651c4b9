"""Route a campaign's qualified members: what is known of each is matched, and who can be enrolled is.

Members come by score, some at a time; each time is one transaction, so a run that is killed goes on where it was.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, TypeAlias

from campaigns.conduct import Conduct
from campaigns.facts import MemberFacts, facts_of
from campaigns.nurture import first_due
from campaigns.places import zone_of
from campaigns.route import Alternative, Matched, Routable, Route, match_all, products_of
from campaigns.sequences import MailSequence, sequence_of
from campaigns.team import Owner, Team
from campaigns.turns import next_owner, pool_of
from database import overrides, routing
from database.member_facts import members
from database.routing import Routed, Wanted
from ringback.clock import shown_in

AT_ONCE = 4_000
FirstDue: TypeAlias = tuple[str, datetime]
"""A zone, and a moment."""


@dataclass(frozen=True, slots=True)
class RoutedMembers:
    """What routing a campaign came to."""

    campaign_id: str
    enrolled: int
    not_routed: Mapping[str, int]
    """By reason."""


@dataclass(frozen=True, slots=True)
class Playing:
    """What a campaign's members are matched with."""

    campaign_id: str
    conduct: Conduct
    sequences: Mapping[str, MailSequence]
    routes: tuple[Route, ...]
    team: Team
    team_hash: str
    zone: str
    """Of leads whose own is not known."""


@dataclass(frozen=True, slots=True)
class MatchedMembers:
    """Members that are to be enrolled, and those that nothing fits, with what the choice was made from."""

    wanted: Sequence[Wanted]
    unroutable: Sequence[tuple[str, dict[str, Any]]]


Matching: TypeAlias = Callable[[Callable[[Sequence[str]], MatchedMembers], list[list[str]]], Iterable[MatchedMembers]]


def playing(
    campaign_id: str, conduct: Conduct, known: Mapping[str, MailSequence], team: tuple[Team, str], zone: str
) -> Playing:
    """A campaign with its sequences in order; raises WrongUsage for a sequence that the playbook does not have."""
    chosen = conduct.sequences or tuple(sorted(known))
    routes = tuple(route_of(sequence_of(known, name)) for name in chosen)
    return Playing(campaign_id, conduct, known, routes, team[0], team[1], conduct.zone or zone)


def route_of(sequence: MailSequence) -> Route:
    """Whom a sequence is for, as routing reads it."""
    told = sequence.file.matches
    return Route(
        sequence.sequence_id, sequence.hash, _folded(told.products), _folded(told.territories), _folded(told.languages),
        frozenset(told.priorities),
    )  # fmt: skip


def route_members(game: Playing, at: datetime, matched: Matching = map) -> RoutedMembers:
    """Enrol all qualified members of a campaign who can be; the others are looked at again the next time.

    `matched` is how members are matched some at a time, in order: matching reads only, so it may run ahead.
    """
    enrolled, reasons = 0, dict[str, int]()
    waiting = routing.unrouted(game.campaign_id)
    some = [waiting[start : start + AT_ONCE] for start in range(0, len(waiting), AT_ONCE)]
    for found in matched(partial(match_some, game, at), some):
        for routed in enrol_some(game, found, at):
            if routed.owner is not None:
                enrolled += 1
            else:
                kind = routed.why_not.split(":")[0]
                reasons[kind] = reasons.get(kind, 0) + 1
    return RoutedMembers(game.campaign_id, enrolled, dict(sorted(reasons.items())))


def match_some(game: Playing, at: datetime, lead_ids: Sequence[str]) -> MatchedMembers:
    """What fits these members by what is known of them now, in their order."""
    facts = {one.lead_id: facts_of(one, at) for one in members(lead_ids, at, with_history=False)}
    present = [facts[lead_id] for lead_id in lead_ids if lead_id in facts]
    day = shown_in(at, game.zone).date()
    matched = match_all(map(routable_of, present), game.routes, game.team, day)
    forced = overrides.active(game.campaign_id, lead_ids, at)
    wanted, unroutable = [], []
    first = lru_cache(maxsize=None)(partial(_first_due, game, at))
    for one, known in zip(matched, present, strict=True):
        told = _forced(game, one, forced.get((one.lead_id, "sequence")), forced.get((one.lead_id, "owner")))
        if told.why_not or told.route is None:
            unroutable.append((one.lead_id, _because(game, told) | {"why_not": told.why_not}))
        else:
            is_forced = (one.lead_id, "owner") in forced
            wanted.append(_wanted(game, told, told.route, known, first, is_forced))
    return MatchedMembers(wanted, unroutable)


def enrol_some(game: Playing, found: MatchedMembers, at: datetime) -> list[Routed]:
    """Enrol matched members, in their order, where that can be, and note why others are not."""
    decided_by = f"routing:{game.team_hash}"
    routing.note_unroutable(game.campaign_id, found.unroutable, at, decided_by)
    rest = timedelta(days=game.conduct.rest_days)
    routed = routing.enrol(game.campaign_id, found.wanted, at, decided_by, rest, next_owner, pool_of)
    return [*routed, *(Routed(lead_id, None, str(because["why_not"])) for lead_id, because in found.unroutable)]


def routable_of(facts: MemberFacts) -> Routable:
    """What routing looks at of a member."""
    language = facts.custom.get("language")
    score = facts.score
    return Routable(
        lead_id=facts.lead.id,
        country=facts.lead.country or facts.company.country,
        language=language if isinstance(language, str) else None,
        products=products_of(score.voice_ai_fit if score else None, facts.company.web_functions or ()),
        priority=score.priority if score else None,
        score=score.points if score else None,
    )


def _forced(game: Playing, one: Matched, sequence: Any, owner: Any) -> Matched:
    """What a person decided about sequence and owner, instead of what was matched."""
    route, owners, told = one.route, one.owners, one.alternatives
    if sequence is not None:
        route = next((known for known in game.routes if known.sequence == sequence.outcome), route)
        told = (*told, Alternative(sequence.outcome, ""))
    if owner is not None:
        named = game.team.named(owner.outcome)
        owners = (named,) if named else owners
    return Matched(one.lead_id, route, owners, told)


def _first_due(game: Playing, at: datetime, sequence: str, country: str | None, state: str | None) -> FirstDue:
    """In which zone a lead of a place is, and when its first step is due: looked up once for all of the place."""
    zone = zone_of(country, state, game.zone)
    return zone, first_due(game.sequences[sequence], at, zone, country)


def _wanted(
    game: Playing, one: Matched, route: Route, facts: MemberFacts,
    first: Callable[[str, str | None, str | None], FirstDue], is_forced: bool,
) -> Wanted:  # fmt: skip
    state = facts.custom.get("state")
    country = facts.lead.country or facts.company.country
    capacities = {owner.email: owner.capacity for owner in _among(game, one.owners)}
    zone, due_at = first(route.sequence, country, state if isinstance(state, str) else None)
    return Wanted(
        one.lead_id, route.sequence, route.hash, zone, capacities, due_at, _because(game, one), is_forced
    )  # fmt: skip


def _among(game: Playing, owners: Iterable[Owner]) -> list[Owner]:
    """Of the owners those whom the campaign names, where it names any."""
    named = {address.casefold() for address in game.conduct.owners}
    return [owner for owner in owners if not named or owner.email in named]


def _because(game: Playing, one: Matched) -> dict[str, Any]:
    return {
        "sequence": one.route.sequence if one.route else None,
        "alternatives": [[other.name, other.why_not] for other in one.alternatives],
        "sequences": {route.sequence: route.hash for route in game.routes},
    }


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in words)
