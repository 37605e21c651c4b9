"""The one place that reads the clock: everywhere else time is passed in.

Times are UTC without zone inside the product (docs/decisions/0001-data-flow.md); zones appear only at the edges,
where a vendor, a file or a person says a time.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WEEK = timedelta(days=7)
LONG_AGO = datetime(1, 1, 1)
"""Before anything that is kept."""
END_OF_TIME = datetime(9999, 12, 31)
"""After it: asked up to this moment, a ledger tells all that it holds."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def now() -> datetime:
    """The present moment, UTC without zone, in whole microseconds."""
    return datetime.now(UTC).replace(tzinfo=None)


def since_start() -> tuple[str, float] | None:
    """Which start of the machine this is, and seconds since, however its clock is set, sleep included.

    None where the machine does not tell (it is no Linux): then nobody can say whether its clock was set.
    """
    if not hasattr(time, "CLOCK_BOOTTIME") or not BOOT_ID.exists():
        return None
    return BOOT_ID.read_text().strip(), time.clock_gettime(time.CLOCK_BOOTTIME)


def as_utc(moment: datetime, zone: str = "UTC") -> datetime:
    """Give a moment as UTC without zone; one that says no zone is taken to be in `zone`.

    >>> as_utc(datetime(2026, 7, 1, 6, 0), zone="America/Chicago")
    datetime.datetime(2026, 7, 1, 11, 0)
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC).replace(tzinfo=None)


def parse_time(text: str, format: str | None = None, zone: str = "UTC") -> datetime:
    """Read a moment in ISO 8601 (a trailing Z is understood) or in `format`, as UTC without zone.

    Raises ValueError where the text is no such moment.

    >>> parse_time("2026-06-11T12:41:12.874Z")
    datetime.datetime(2026, 6, 11, 12, 41, 12, 874000)
    """
    text = text.strip()
    moment = datetime.strptime(text, format) if format else datetime.fromisoformat(text)
    return as_utc(moment, zone)


def shown_in(moment: datetime, zone: str) -> datetime:
    """Give a stored moment in the customer's zone, for showing it to a person."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name.

    >>> is_zone("America/Chicago"), is_zone("../etc/passwd")
    (True, False)
    """
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def week_start(moment: datetime) -> datetime:
    """The Monday 00:00 UTC at which the moment's week began.

    >>> week_start(datetime(2026, 3, 18, 9))
    datetime.datetime(2026, 3, 16, 0, 0)
    """
    return datetime(moment.year, moment.month, moment.day) - timedelta(days=moment.weekday())
