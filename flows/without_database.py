"""Telling of the database when it takes nothing: what was told is kept in a small file until it can be asked again.

The file is the incident: it is made before anybody is told, says of each channel that it is being told before that is
done, and is taken over by the database as soon as that takes anything. Nobody is told twice.

Often the database takes nothing because its disk is full; then the home takes no file either, and the note goes over to
memory (`/dev/shm`), else to the system's temporary folder, and stays there until it is taken over. A machine that is
started anew in between forgets it and tells again; where no place takes it every check tells, rather than none.
"""

import json
import os
import sqlite3
import stat
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
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
ELSEWHERE = (Path("/dev/shm"), Path("/tmp"))  # noqa: S108  (a folder of ours alone in it, or none: see _is_ours)
"""Where the note goes when the home takes no file, in this order."""
SENDING = "sending"
SENT: Outcome = "sent"
DOUBT: Outcome = "in_doubt"
SKIPPED: Outcome = "skipped"


def away_file() -> Path:
    """Where it is noted that the database takes nothing."""
    return settings().home / "health" / "database-away.json"


def away_folders() -> list[Path]:
    """Folders outside of the home that stand in for it where it takes no file; each is made when it is needed."""
    name = f"ringback-{os.geteuid()}-{sha256(str(settings().home.resolve()).encode()).hexdigest()[:12]}"
    return [place / name for place in ELSEWHERE if place.is_dir()]


def finding_of(found: Sequence[Finding], failure: BaseException) -> Finding:
    """What is wrong with the database: as a check found it, else as writing to it failed."""
    wrong = [one for one in found if one.component == "database" and one.is_wrong]
    said = " ".join(str(getattr(failure, "orig", None) or failure).split())[:300]
    usual = Finding("database", "can be written", "critical", f"nothing can be kept in the database: {said}")
    return next((one for one in wrong if one.status == "critical"), usual)


def tell_without_database(finding: Finding, at: datetime, tell: Sequence[Telling], prefect: str | None) -> int:
    """Tell of it wherever that is due and was not done yet; gives how many were told now."""
    path = _kept_in()
    if path is None and _is_told(finding.subject):
        return 0
    fresh: dict[str, Any] = {"subject": finding.subject, "words": finding.words, "at": at.isoformat(), "told": {}}
    noted = json.loads(path.read_text()) if path else fresh
    noted["tell"] = [[one.channel, one.recipient, one.due_at.isoformat()] for one in tell]
    _keep(noted)
    sent = 0
    for one in tell:
        key = f"{one.channel} {one.recipient}"
        if key in noted["told"] or one.due_at > at:
            continue
        noted["told"][key] = SENDING
        _keep(noted)
        outcome = _told(_notice(noted, one), prefect)
        if outcome is None:
            del noted["told"][key]
        else:
            noted["told"][key] = outcome
        _keep(noted)
        sent += outcome == SENT
    return sent


def take_over() -> bool:
    """Move the incident that was told without the database into it; False where there was none. Twice is as once."""
    path = _kept_in()
    if path is None:
        return False
    noted = json.loads(path.read_text())
    at, subject, words = parse_time(noted["at"]), noted["subject"], noted["words"]
    told: dict[tuple[str, str], Outcome] = {}
    for key, outcome in noted["told"].items():
        channel, _, recipient = key.partition(" ")
        told[channel, recipient] = outcome if outcome in get_args(Outcome) else DOUBT
    left = [
        Telling(channel, parse_time(due[0]) if due else at, to)  # one of an earlier version has no moment
        for channel, to, *due in noted.get("tell", ())
        if (channel, to) not in told
    ]
    if not open_incident(HEALTH, subject, words, at, "critical", left):
        escalate_incident(HEALTH, subject, words, at, left)
    name = name_of(HEALTH, subject, at)
    ids = [one.incident_id for one in open_incidents() if (one.kind, one.subject) == (HEALTH, subject)]
    for incident_id in ids:
        notices.take_over(incident_id, words, at, told, "opened" if incident_id == name else "escalated")
    for place in _places():  # what went over to another place stands there last and most fully
        if _is_there(place):
            place.unlink()
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
        return SENT if send(notice, prefect, _state_folder()) else SKIPPED
    except VendorUnavailable as failure:
        log.warning("that the database takes nothing could not be told: %s", failure)
        return DOUBT if failure.is_in_doubt else None
    except (RingbackError, OSError) as failure:
        log.warning("that the database takes nothing could not be told: %s", failure)
        return None
    except sqlite3.Error as failure:  # of the file that counts requests, which is written before and after one
        log.warning("whether it was told that the database takes nothing is in doubt: %s", failure)
        return DOUBT


def _notice(noted: dict[str, Any], one: Telling) -> Notice:
    at, subject = parse_time(noted["at"]), noted["subject"]
    return Notice(
        name_of(HEALTH, subject, at), "opened", one.channel, one.recipient, noted["words"], at, 0, HEALTH, subject,
        "critical",
    )  # fmt: skip


def _state_folder() -> Path | None:
    """Where requests to Slack are counted meanwhile, as the home may take nothing; None where only it is left."""
    for folder in away_folders():
        try:
            _make(folder)
        except OSError as failure:
            log.warning("%s cannot be used: %s", folder, failure)
        else:
            return folder
    return None


def _places() -> list[Path]:
    return [away_file(), *(folder / away_file().name for folder in away_folders())]


def _kept_in() -> Path | None:
    """Where the note is: in the last place of those that have one, since it goes over to the next and never back."""
    return next((place for place in reversed(_places()) if _is_there(place)), None)


def _is_there(place: Path) -> bool:
    return (place == away_file() or _is_ours(place.parent)) and place.exists()


def _keep(noted: dict[str, Any]) -> None:
    """Keep the note where it is, else in the next place that takes it."""
    places, current = _places(), _kept_in()
    for place in places[places.index(current) if current else 0 :]:
        try:
            _write(place, noted)
        except OSError as failure:
            log.warning("that the database takes nothing cannot be noted in %s: %s", place, failure)
        else:
            return
    log.error("that the database takes nothing can be noted nowhere: each check tells it until it can be")


def _write(path: Path, noted: dict[str, Any]) -> None:
    """Whole or not at all, and on the disk before anything is said."""
    if path == away_file():
        path.parent.mkdir(parents=True, exist_ok=True)
    else:
        _make(path.parent)
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("w") as file:
            json.dump(noted, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _make(folder: Path) -> None:
    """A folder for its owner only, in a place where everybody may make some; refuses a stranger's of that name."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours(folder):
        raise PermissionError(f"{folder} belongs to somebody else, or others may use it")


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
