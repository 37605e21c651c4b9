"""The steps of campaigns as Prefect runs them, each a batch over all that is due, and what they work with."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from prefect import get_run_logger, task

from campaigns.conduct import Conduct
from campaigns.deliver import Delivered, Post, campaign_sender, deliver_all
from campaigns.fold import Folded, escalate, fold
from campaigns.judging import decide_tests as decide_due
from campaigns.letters import letterhead
from campaigns.nurture import Office, Written
from campaigns.qualify import Qualified
from campaigns.routing import RoutedMembers, playing, route_members
from campaigns.rules import rules_file
from campaigns.sequences import MailSequence, refuse_strange_territories, sequences
from campaigns.team import Team, team
from database import campaigns as stored
from database.campaigns import Planned
from database.experiments import verdicts
from database.incidents import close_incident, open_incident
from flows.environment import whole
from flows.mail_writing import write_all
from flows.member_qualifying import qualify_members
from flows.member_scoring import score_members
from flows.score_leads import champions_as_of
from ringback.clock import now
from ringback.errors import RingbackError, WrongUsage
from ringback.settings import settings
from ringback.side_by_side import made_ahead

PLAYBOOK = "playbook"
"""Incidents of campaigns that cannot go on."""


@dataclass(frozen=True, slots=True)
class Playbook:
    """What campaigns are run by, as it was when the run began."""

    sequences: Mapping[str, MailSequence]
    team: tuple[Team, str]

    @property
    def owner_names(self) -> dict[str, str]:
        """By address."""
        return {owner.email: owner.name for owner in self.team[0].owners}


def open_playbook() -> Playbook:
    """Read the playbook, with the winners of A/B tests in place; raises BadPlaybook with every mistake."""
    won = {name: kept.winner for name, kept in verdicts().items() if kept.winner is not None}
    known = {name: one.with_winners(won) for name, one in sequences(settings()).items()}
    people = team(settings().playbook)
    refuse_strange_territories(known, list(people[0].territories))
    return Playbook(known, people)


def active_campaigns(campaign_id: str | None) -> list[Planned]:
    """The campaigns of a run; raises WrongUsage for one that is not there or not active."""
    if campaign_id is None:
        return [one for one in stored.campaigns() if one.state == "active"]
    found = stored.campaign(campaign_id)
    if found is None:
        raise WrongUsage(f"there is no campaign {campaign_id!r}; 'ringback campaigns list' shows them")
    if found.state != "active":
        raise WrongUsage(f"{campaign_id} is {found.state}: 'ringback campaigns resume {campaign_id}'")
    return [found]


@contextmanager
def alone(campaign_id: str, held_up: dict[str, str], moment: datetime) -> Iterator[None]:
    """What keeps one campaign from going on is said, opens an incident once, and holds up no other."""
    try:
        yield
    except RingbackError as failure:
        held_up[campaign_id] = str(failure)
        open_incident(PLAYBOOK, campaign_id, str(failure), moment)
        get_run_logger().error("campaign %s cannot go on: %s", campaign_id, failure)
    else:
        close_incident(PLAYBOOK, campaign_id, moment)


@task
def follow_events(playbook: Playbook, moment: datetime) -> Folded:
    """Let what people did with mails end or hand over their enrolments."""
    escalate(moment, lambda _owner: playbook.team[0].escalate_to)
    return fold(playbook.sequences, moment)


def score(campaign: Planned, moment: datetime) -> int:
    """Score the members that nobody has scored yet; gives how many."""
    return _score(campaign.campaign_id, moment)


def qualify(campaign: Planned, moment: datetime) -> Qualified:
    """Decide about the members of whom something changed."""
    return _qualify(campaign.campaign_id, Conduct.read(campaign.conduct), moment)


def route(campaign: Planned, playbook: Playbook, moment: datetime) -> RoutedMembers:
    """Enrol the qualified members who can be."""
    return _route(campaign.campaign_id, Conduct.read(campaign.conduct), whole(playbook), moment)


def write_mails(playbook: Playbook, moment: datetime) -> Written:
    """Write the mails whose step is due into the outbox."""
    return _write_mails(whole(playbook), moment)


def send_mails(playbook: Playbook, moment: datetime) -> Delivered:
    """Send what is in the outbox and due, each mail at most once."""
    return _send_mails(whole(playbook), moment)


@task
def decide_tests(playbook: Playbook, moment: datetime) -> tuple[str, ...]:
    """Keep the verdicts of A/B tests that are decided; gives what they say."""
    return tuple(f"{one.name}: {one.standing.said}" for one in decide_due(playbook.sequences.values(), moment))


@task(name="score")
def _score(campaign_id: str, moment: datetime) -> int:
    return score_members(campaign_id, champions_as_of(moment), moment)


@task(name="qualify")
def _qualify(campaign_id: str, conduct: Conduct, moment: datetime) -> Qualified:
    rules = rules_file(settings().playbook, conduct.rules)
    return qualify_members(campaign_id, rules, conduct.thresholds, moment)


@task(name="route")
def _route(campaign_id: str, conduct: Conduct, playbook: Playbook, moment: datetime) -> RoutedMembers:
    game = playing(campaign_id, conduct, playbook.sequences, playbook.team, settings().zone)
    return route_members(game, moment, made_ahead)


@task(name="write-mails")
def _write_mails(playbook: Playbook, moment: datetime) -> Written:
    return write_all(Office(playbook.sequences, letterhead(settings()), playbook.owner_names), moment)


@task(name="send-mails")
def _send_mails(playbook: Playbook, moment: datetime) -> Delivered:
    post = Post(campaign_sender(settings()), playbook.sequences, letterhead(settings()))
    worker = f"{socket.gethostname()}:{os.getpid()}:{now():%H%M%S}"
    return deliver_all(post, moment, worker)
