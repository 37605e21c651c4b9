"""Five times a day: look at everything, keep how it stands, and tell of what went wrong and of what is well again."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from logging import getLogger
from urllib.parse import urlsplit

from prefect import flow

from database import health, incidents, notices, published
from database.away import is_of_database
from flows.environment import moment_of, prepare_stores, run_name
from flows.ports import listens
from flows.telling import tell_due
from flows.telling_others import note_others
from flows.without_database import finding_of, take_over, tell_without_database
from monitoring.health import judge
from monitoring.health_facts import Facts
from monitoring.health_gathering import LAST_CLOCK, gather
from monitoring.health_limits import Rules, load_rules
from monitoring.incidents import Change, changes, recovery_tellings, tellings
from ringback.clock import now
from ringback.errors import RingbackError
from ringback.health import Finding, Status, worst
from ringback.settings import settings
from vendors.prefect_health import EndedRun, PrefectSigns, run_again

log = getLogger("ringback.health")
PAST = timedelta(minutes=1)
"""A moment that lies longer ago is of the past, which can only be read and not looked at."""
AGAIN_WITHIN = timedelta(days=1)
SELF = "check-health"


class Lines(tuple[str, ...]):
    """Sentences, a line each."""

    __slots__ = ()

    def __str__(self) -> str:
        return "".join(f"\n  {line}" for line in self) or "none"


class Looked(tuple[Finding, ...]):
    """What all checks found."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{len(self)} things"


@dataclass(slots=True)
class Health:
    """How everything is, and what was done about it."""

    status: Status
    as_of: datetime
    wrong: Lines
    opened: Lines = field(default_factory=Lines)
    escalated: Lines = field(default_factory=Lines)
    recovered: Lines = field(default_factory=Lines)
    run_again: Lines = field(default_factory=Lines)
    """Flows whose last run crashed."""
    told: int = 0
    """Messages that went out."""
    looked_at: Looked = field(default_factory=Looked)


@flow(name="check-health", flow_run_name=run_name)
def check_health(as_of: datetime | None = None) -> Health:
    """Look at everything; each incident is told once when it opens, escalates and recovers. Of the past it is read."""
    moment = moment_of(as_of)
    if moment < now() - PAST:
        return as_found(health.found_at(moment), moment)
    return look(moment, load_rules(settings().health), prefect_url())


def look(moment: datetime, rules: Rules, prefect: str | None) -> Health:
    """Gather the facts of a moment and act on them."""
    prepared()
    facts = gather(moment, prefect)
    return act(facts, rules, prefect)


def act(facts: Facts, rules: Rules, prefect: str | None) -> Health:
    """Judge the facts, keep it, and tell of it; where the database takes nothing, that is told without it."""
    findings, moment = judge(facts, rules.limits), facts.at
    found = as_found(findings, moment)
    try:
        take_over()
        changed = keep(findings, facts, rules)
        found.told = tell_due(moment, prefect).sent
    except Exception as failure:
        if not is_of_database(failure):
            raise
        log.exception("nothing can be kept in the database")
        wrong, tell = (
            finding_of(findings, failure),
            tellings("critical", moment, rules, settings().zone, settings().alert_to),
        )
        found.status, found.told = "critical", tell_without_database(wrong, moment, tell, prefect)
        return found
    for step in ("opened", "escalated", "recovered"):
        setattr(found, step, Lines(f"{one.subject}: {one.words}" for one in changed if one.step == step))
    found.run_again = Lines(run_crashed_again(facts.prefect.value, moment, prefect))
    return found


def keep(findings: Sequence[Finding], facts: Facts, rules: Rules) -> list[Change]:
    """Keep how everything stands and what becomes of incidents, with what is to be told; gives what became."""
    moment = facts.at
    health.keep_findings(findings, moment)
    changed = [
        one
        for one in changes(health.standings(), incidents.open_incidents(), moment, rules.incidents)
        if _kept(one, moment, rules)
    ]
    note_others(moment, rules)
    if facts.clock.value is not None:
        clock = facts.clock.value
        told = {"boot": clock.boot, "seconds": clock.seconds, "at": clock.now.isoformat()}
        published.replace(LAST_CLOCK, told, moment)
    return changed


def run_crashed_again(signs: PrefectSigns | None, at: datetime, prefect: str | None) -> list[str]:
    """Let each deployment whose last run crashed run once more; one that stood in for a crash is not repeated."""
    if signs is None or prefect is None:
        return []
    under_way = {run.flow for run in signs.running}
    again = []
    for name, last in signs.last.items():
        if last and name not in {SELF, *under_way} and _is_to_be_repeated(last[0], at):
            try:
                run_again(prefect, last[0])
            except RingbackError as failure:
                log.warning("%s crashed and could not be run again: %s", name, failure)
            else:
                again.append(f"{name}: {last[0].words or 'crashed'}")
    return again


def as_found(findings: Sequence[Finding], moment: datetime) -> Health:
    """Findings as a whole."""
    wrong = Lines(f"{one.status.replace('_', ' ')}: {one.subject}: {one.words}" for one in findings if one.is_wrong)
    return Health(worst([one.status for one in findings]), moment, wrong, looked_at=Looked(findings))


def prepared() -> None:
    """Bring both stores to this code's shape where that can be done; where not, the checks find out why."""
    try:
        prepare_stores()
    except (RingbackError, OSError) as failure:
        log.warning("the stores could not be prepared: %s", failure)
    except Exception as failure:
        if not is_of_database(failure):
            raise
        log.warning("the database could not be prepared: %s", type(failure).__name__)


def prefect_url() -> str | None:
    """Prefect's server (without /api) where one is in use here: stated by the worker or the settings, or listening."""
    stated = os.environ.get("PREFECT_API_URL", "").rstrip("/").removesuffix("/api") or settings().prefect_url
    if stated:
        return stated.rstrip("/")
    place = urlsplit(settings().prefect)
    return settings().prefect if listens(place.port or 80, place.hostname or "127.0.0.1") else None


def _kept(one: Change, at: datetime, rules: Rules) -> bool:
    """Make the change, with what is to be told of it; False where somebody else made it."""
    zone, kind = settings().zone, incidents.HEALTH
    if one.step == "recovered":
        told = recovery_tellings(notices.told_at(one.incident_id), one.severity, at, rules, zone)
        return incidents.close_incident(kind, one.subject, at, one.words, told)
    tell = tellings(one.severity, at, rules, zone, settings().alert_to)
    if one.step == "escalated":
        return incidents.escalate_incident(kind, one.subject, one.words, at, tell)
    return incidents.open_incident(kind, one.subject, one.words, at, one.severity, tell)


def _is_to_be_repeated(run: EndedRun, at: datetime) -> bool:
    is_young = run.began_at is not None and run.began_at > at - AGAIN_WITHIN
    return run.state == "CRASHED" and not run.is_again and is_young
