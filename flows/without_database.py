"""Telling of the database when it takes nothing: what was told is kept in a small file until it can be asked again.

The file is the incident: it is made before anybody is told, says of each channel that it is being told before that is
done, and is taken over by the database as soon as that takes anything. Nobody is told twice.
"""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from logging import getLogger
from pathlib import Path
from typing import Any, get_args

from database import notices
from database.away import is_of_database
from database.incidents import HEALTH, escalate_incident, name_of, open_incident, open_incidents
from database.notices import Notice, Outcome, Telling
from flows.telling import send
from ringback.clock import parse_time
from ringback.errors import RingbackError, VendorUnavailable
from ringback.health import Finding
from ringback.settings import settings

log = getLogger("ringback.health")
SENDING = "sending"
SENT: Outcome = "sent"
DOUBT: Outcome = "in_doubt"
SKIPPED: Outcome = "skipped"


def away_file() -> Path:
    """Where it is noted that the database takes nothing."""
    return settings().home / "health" / "database-away.json"


def finding_of(found: Sequence[Finding], failure: BaseException) -> Finding:
    """What is wrong with the database: as a check found it, else as writing to it failed."""
    wrong = [one for one in found if one.component == "database" and one.is_wrong]
    said = " ".join(str(getattr(failure, "orig", None) or failure).split())[:300]
    usual = Finding("database", "can be written", "critical", f"nothing can be kept in the database: {said}")
    return next((one for one in wrong if one.status == "critical"), usual)


def tell_without_database(finding: Finding, at: datetime, tell: Sequence[Telling], prefect: str | None) -> int:
    """Tell of it wherever that is due and was not done yet; gives how many were told now."""
    path = away_file()
    if not path.exists() and _is_told(finding.subject):
        return 0
    if not path.exists():
        _write(path, {"subject": finding.subject, "words": finding.words, "at": at.isoformat(), "told": {}})
    noted = json.loads(path.read_text())
    noted["tell"] = [[one.channel, one.recipient] for one in tell]
    sent = 0
    for one in tell:
        key = f"{one.channel} {one.recipient}"
        if key in noted["told"] or one.due_at > at:
            continue
        noted["told"][key] = SENDING
        _write(path, noted)
        outcome = _told(_notice(noted, one), prefect)
        if outcome is None:
            del noted["told"][key]
        else:
            noted["told"][key] = outcome
        _write(path, noted)
        sent += outcome == SENT
    return sent


def take_over() -> bool:
    """Move the incident that was told without the database into it; False where there was none. Twice is as once."""
    path = away_file()
    if not path.exists():
        return False
    noted = json.loads(path.read_text())
    at, subject, words = parse_time(noted["at"]), noted["subject"], noted["words"]
    told: dict[tuple[str, str], Outcome] = {}
    for key, outcome in noted["told"].items():
        channel, _, recipient = key.partition(" ")
        told[channel, recipient] = outcome if outcome in get_args(Outcome) else DOUBT
    left = [Telling(channel, at, to) for channel, to in noted.get("tell", ()) if (channel, to) not in told]
    if open_incident(HEALTH, subject, words, at, "critical", left):
        notices.take_over(name_of(HEALTH, subject, at), words, at, told)
    else:
        escalate_incident(HEALTH, subject, words, at)
    path.unlink()
    return True


def _is_told(subject: str) -> bool:
    """Whether a critical incident about it is open already, as far as the database can be read."""
    try:
        known = open_incidents()
    except Exception as failure:
        if not is_of_database(failure):
            raise
        return False
    return any((one.kind, one.subject, one.severity) == (HEALTH, subject, "critical") for one in known)


def _told(notice: Notice, prefect: str | None) -> Outcome | None:
    """What came of it; None where it surely did not go out, so that the next check tries again."""
    try:
        return SENT if send(notice, prefect) else SKIPPED
    except VendorUnavailable as failure:
        log.warning("that the database takes nothing could not be told: %s", failure)
        return DOUBT if failure.is_in_doubt else None
    except (RingbackError, OSError) as failure:
        log.warning("that the database takes nothing could not be told: %s", failure)
        return None


def _notice(noted: dict[str, Any], one: Telling) -> Notice:
    at, subject = parse_time(noted["at"]), noted["subject"]
    return Notice(
        name_of(HEALTH, subject, at), "opened", one.channel, one.recipient, noted["words"], at, 0, HEALTH, subject,
        "critical",
    )  # fmt: skip


def _write(path: Path, noted: dict[str, Any]) -> None:
    """Whole or not at all, and on the disk before anything is said."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        json.dump(noted, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
