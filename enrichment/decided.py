"""What enrichment decided about each subject, for the decision log: by what means, in what time, what was found."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from hashlib import sha256

from database import signals
from database.queue import Taken
from database.wanted import Known
from enrichment.subjects import Subject, subjects_of
from ringback.decision_log import DecisionLog
from warehouse.decisions import landing_folder

NOBODY = "nobody could be asked"
Asked = tuple[str, str, datetime]
"""About whom, for what, and when it was answered."""


def open_log(session: str) -> DecisionLog:
    """The log of a worker."""
    return DecisionLog(landing_folder(), "ringback", session_id=session)


def asked_before(subjects: Sequence[Taken], at: datetime) -> frozenset[Asked]:
    """What is known of subjects already, before anybody is asked."""
    return frozenset(_asked(one) for one in signals.known([one.subject_id for one in subjects], at))


def log_finished(log: DecisionLog, finished: Sequence[Taken], before: Set[Asked], at: datetime, seconds: float) -> None:
    """Log an enrichment decision for each subject about which something was asked that was not known `before`.

    It succeeded where something is found. Who is finished because all was known before decided nothing; so a worker
    that takes a finished subject over logs no second one. `seconds` is how long the subjects were worked on, together.
    Names and the company go into the log, no address and nothing of what was found.
    """
    known: dict[str, list[Known]] = {}
    for one in signals.known([one.subject_id for one in finished], at):
        known.setdefault(one.wanted.entity_id, []).append(one)
    for subject in subjects_of(finished):
        mine = known.get(subject.subject_id, [])
        if asked := [one for one in mine if _asked(one) not in before]:
            _log(log, subject, asked, seconds)


def _asked(one: Known) -> Asked:
    return one.wanted.entity_id, one.wanted.signal, one.fetched_at


def _log(log: DecisionLog, subject: Subject, asked: Sequence[Known], seconds: float) -> None:
    found = [one for one in asked if one.value is not None]
    log.decision(
        "enrichment_decision",
        method="+".join(sorted({one.source for one in found or asked if one.source})) or NOBODY,
        success=bool(found),
        lead=_names(subject),
        input={"kind": subject.kind, "signals": sorted(one.wanted.signal for one in asked)},
        output={"found": sorted(one.wanted.signal for one in found)},
        seconds=seconds,
        entry_id=_identity(subject, asked),
        at=max(one.fetched_at for one in asked),
        campaign_id=subject.campaign_id,
    )


def _names(subject: Subject) -> Mapping[str, str | None]:
    name = " ".join(filter(None, (subject.first_name, subject.last_name)))
    return {"name": name or None, "company": subject.company_name}


def _identity(subject: Subject, asked: Sequence[Known]) -> str:
    """The same for the same questions about the same subject, however often they are come across."""
    told = [f"{one.wanted.signal} {one.source} {one.fetched_at.isoformat()}" for one in asked]
    return sha256("\n".join([subject.subject_id, *sorted(told)]).encode()).hexdigest()[:32]
