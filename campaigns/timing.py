"""When a mail may go: waits, the hours of a window in the lead's own zone, holidays, and clocks that change.

A wait is of exact hours, of whole local days, or of days on which the window is open; begun on another day, a wait of
such working days runs from the beginning of the next. A local time that a change of the clock skips is the next that
exists; one that comes twice is the first.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from campaigns.places import code_of

Unit = Literal["hours", "days", "working days"]
IsHoliday = Callable[[date], bool]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_WAIT_DAYS = 365
LOOK_AHEAD_DAYS = 60
"""No run of holidays is as long: after it they are not kept."""
WAIT = re.compile(r"(\d{1,4}) (hour|day|working day)s?")


@dataclass(frozen=True, slots=True)
class Wait:
    """How long something waits."""

    amount: int
    unit: Unit

    @classmethod
    def read(cls, text: str) -> "Wait":
        """A wait as people write it; raises ValueError that says how.

        >>> Wait.read("2 working days")
        Wait(amount=2, unit='working days')
        """
        read = WAIT.fullmatch(" ".join(text.split()).lower())
        if not read:
            raise ValueError(f"{text!r} is no wait; write it as '4 hours', '3 days' or '2 working days'")
        units: dict[str, Unit] = {"hour": "hours", "day": "days", "working day": "working days"}
        wait = cls(int(read[1]), units[read[2]])
        if wait.amount > LONGEST_WAIT_DAYS * (24 if wait.unit == "hours" else 1):
            raise ValueError(f"{text!r} is longer than {LONGEST_WAIT_DAYS} days")
        return wait


NO_WAIT = Wait(0, "hours")


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the week (Monday is 0) and local hours in which mails go; from `opens`, and before `closes`."""

    days: frozenset[int]
    opens: time
    closes: time
    keeps_holidays: bool = True

    def is_open_on(self, day: date, is_holiday: IsHoliday) -> bool:
        """Whether mails go on this day at all."""
        return day.weekday() in self.days and not (self.keeps_holidays and is_holiday(day))


def no_holidays(_day: date) -> bool:
    """There are none."""
    return False


def due(after: datetime, wait: Wait, window: Window, zone: str, is_holiday: IsHoliday = no_holidays) -> datetime:
    """The first moment inside the window that is no earlier than `after` and the wait; UTC without zone.

    >>> office = Window(frozenset(range(5)), time(9), time(17))
    >>> due(datetime(2026, 3, 6, 23), Wait(1, "days"), office, "America/Chicago")  # a Friday, before summer time
    datetime.datetime(2026, 3, 9, 14, 0)
    """
    earliest = _waited(after, wait, window, ZoneInfo(zone), is_holiday)
    return opening(earliest, window, zone, is_holiday)[0]


def opening(
    earliest: datetime, window: Window, zone: str, is_holiday: IsHoliday = no_holidays
) -> tuple[datetime, datetime]:
    """The first moment inside the window from `earliest` on, and when the window closes after it; UTC without zone."""
    place = ZoneInfo(zone)
    day = _wall(earliest, place).date()
    for number in range(2 * LOOK_AHEAD_DAYS):
        keeps = is_holiday if number < LOOK_AHEAD_DAYS else no_holidays
        if window.is_open_on(day, keeps):
            opens, closes = _moment(day, window.opens, place), _moment(day, window.closes, place)
            if max(earliest, opens) < closes:
                return max(earliest, opens), closes
        day += timedelta(days=1)
    raise ValueError("the window is never open")


def holidays_of(country: str | None, own: frozenset[date] = frozenset()) -> IsHoliday:
    """Whether a day is a public holiday of a country (a name or a code), or one of our own."""
    code = code_of(country)

    def is_holiday(day: date) -> bool:
        return day in own or (code is not None and day in _public(code, day.year))

    return is_holiday


@lru_cache(maxsize=512)
def _public(code: str, year: int) -> frozenset[date]:
    import holidays

    try:
        return frozenset(holidays.country_holidays(code, years=year))
    except NotImplementedError:  # a country that the library does not know
        return frozenset()


def _waited(after: datetime, wait: Wait, window: Window, place: ZoneInfo, is_holiday: IsHoliday) -> datetime:
    if wait.amount == 0:
        return after
    if wait.unit == "hours":
        return after + timedelta(hours=wait.amount)
    wall = _wall(after, place)
    if wait.unit == "days":
        return _moment(wall.date() + timedelta(days=wait.amount), wall.time(), place)
    begun = wall
    if not window.is_open_on(wall.date(), is_holiday):
        begun = datetime.combine(_open_day_after(wall.date(), window, is_holiday), time())
    day = begun.date()
    for _ in range(wait.amount):
        day = _open_day_after(day, window, is_holiday)
    return _moment(day, begun.time(), place)


def _open_day_after(day: date, window: Window, is_holiday: IsHoliday) -> date:
    day += timedelta(days=1)
    while not window.is_open_on(day, is_holiday):
        day += timedelta(days=1)
    return day


def _wall(moment: datetime, place: ZoneInfo) -> datetime:
    """The local time without zone; of an hour that comes twice, the second time counts as its end.

    So that who waits from a later moment is never due earlier.
    """
    local = moment.replace(tzinfo=UTC).astimezone(place)
    if local.fold:
        first = local.replace(fold=0).astimezone(UTC)
        changed = _change(first, local.astimezone(UTC), place)
        return (changed + (local.replace(fold=0).utcoffset() or timedelta())).replace(tzinfo=None)
    return local.replace(tzinfo=None)


@lru_cache(maxsize=4_096)
def _moment(day: date, at: time, place: ZoneInfo) -> datetime:
    """The moment of a local time, UTC without zone."""
    wall = datetime.combine(day, at)
    moment = wall.replace(tzinfo=place).astimezone(UTC)
    if moment.astimezone(place).replace(tzinfo=None) != wall:  # skipped
        moment = _change(wall.replace(tzinfo=place, fold=1).astimezone(UTC), moment, place)
    return moment.replace(tzinfo=None)


def _change(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """When, after `low` and no later than `high`, the clock changed: to the second."""
    before = low.astimezone(place).utcoffset()
    seconds, past = 0, int((high - low).total_seconds()) + 1
    while past - seconds > 1:
        middle = (seconds + past) // 2
        if (low + timedelta(seconds=middle)).astimezone(place).utcoffset() == before:
            seconds = middle
        else:
            past = middle
    return (low + timedelta(seconds=past)).replace(microsecond=0)
