"""Mails go in the hours of a window in the lead's own zone, whatever its clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.places import zone_of
from campaigns.timing import NO_WAIT, Wait, Window, due, holidays_of, opening

OFFICE = Window(frozenset(range(5)), time(9), time(17, 30))
ALWAYS = Window(frozenset(range(7)), time(0), time(23, 59))
NIGHT = Window(frozenset(range(7)), time(1), time(3, 30))
CHICAGO = "America/Chicago"
ZONES = (
    CHICAGO, "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia", "UTC",
    "Africa/Casablanca", "America/St_Johns", "Pacific/Chatham",
)  # fmt: skip


def test_a_mail_of_the_night_goes_in_the_morning_and_one_of_the_day_at_once() -> None:
    night, day = datetime(2026, 3, 17, 7), datetime(2026, 3, 17, 15)
    assert [due(moment, NO_WAIT, OFFICE, CHICAGO) for moment in (night, day)] == [datetime(2026, 3, 17, 14), day]


def test_the_end_of_the_window_is_outside() -> None:
    assert due(datetime(2026, 3, 17, 22, 30), NO_WAIT, OFFICE, CHICAGO) == datetime(2026, 3, 18, 14)


@pytest.mark.parametrize(
    ("wait", "moment"),
    [("4 hours", datetime(2026, 3, 16, 14)), ("1 day", datetime(2026, 3, 16, 14)),
     ("3 days", datetime(2026, 3, 16, 21)),     ("2 working days", datetime(2026, 3, 17, 21))],
)  # fmt: skip
def test_friday_afternoon_and_a_wait(wait: str, moment: datetime) -> None:
    friday = datetime(2026, 3, 13, 21)
    assert due(friday, Wait.read(wait), OFFICE, CHICAGO) == moment


@pytest.mark.parametrize(
    "begun",
    [datetime(2026, 3, 14, 4, 30), datetime(2026, 3, 14, 20), datetime(2026, 3, 15, 5), datetime(2026, 3, 16, 13)],
)  # fmt: skip
def test_a_working_day_s_wait_from_friday_night_to_monday_morning_ends_on_tuesday_morning(begun: datetime) -> None:
    """So that nobody who is later by some hours of a weekend is earlier by a day."""
    assert due(begun, Wait(1, "working days"), OFFICE, CHICAGO) == datetime(2026, 3, 17, 14)


def test_holidays_of_the_country_and_our_own_are_kept_free() -> None:
    good_friday = datetime(2026, 4, 3, 8)
    german = holidays_of("Germany", frozenset({date(2026, 4, 7)}))
    assert due(good_friday, NO_WAIT, OFFICE, "Europe/Berlin", german) == datetime(2026, 4, 8, 7)
    assert due(good_friday, NO_WAIT, OFFICE, "Europe/Berlin", holidays_of("Narnia")) == good_friday


def test_a_window_may_be_open_on_holidays() -> None:
    window = Window(OFFICE.days, OFFICE.opens, OFFICE.closes, keeps_holidays=False)
    assert due(datetime(2026, 4, 3, 8), NO_WAIT, window, "Europe/Berlin", holidays_of("DE")) == datetime(2026, 4, 3, 8)


def test_a_local_time_that_is_skipped_is_the_next_that_exists() -> None:
    """In Chicago the clock goes from 02:00 to 03:00 on 8 March."""
    evening = datetime(2026, 3, 7, 8, 30)  # 02:30
    assert due(evening, Wait(1, "days"), ALWAYS, CHICAGO) == datetime(2026, 3, 8, 8)  # 03:00


def test_a_local_time_that_comes_twice_is_the_first() -> None:
    """In Chicago 01:30 comes twice on 1 November."""
    evening = datetime(2026, 10, 31, 6, 30)  # 01:30
    assert due(evening, Wait(1, "days"), ALWAYS, CHICAGO) == datetime(2026, 11, 1, 6, 30)


def test_a_local_day_that_never_was_is_passed_over() -> None:
    """Samoa left out 30 December 2011."""
    thursday = datetime(2011, 12, 29, 22)
    assert due(thursday, Wait(1, "days"), ALWAYS, "Pacific/Apia") == datetime(2011, 12, 30, 10)


def local(moment: datetime, zone: str) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


NEAR_CHANGES = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.builds(
        lambda day, minutes: day + timedelta(minutes=minutes),
        st.sampled_from([datetime(2026, 3, 8), datetime(2026, 11, 1), datetime(2026, 3, 29), datetime(2026, 10, 25),
                         datetime(2026, 4, 4), datetime(2026, 10, 3), datetime(2026, 2, 15), datetime(2026, 3, 22)]),
        st.integers(-1500, 1500),
    ),
)  # fmt: skip
WAITS = st.builds(Wait, st.integers(0, 40), st.sampled_from(["hours", "days", "working days"]))
WINDOWS = st.sampled_from([OFFICE, ALWAYS, NIGHT, Window(frozenset({5}), time(2), time(2, 30))])


@settings(max_examples=400, deadline=None)
@given(NEAR_CHANGES, WAITS, WINDOWS, st.sampled_from(ZONES))
def test_a_mail_is_inside_the_window_and_never_before_its_wait(
    after: datetime, wait: Wait, window: Window, zone: str
) -> None:
    moment = due(after, wait, window, zone)
    there = local(moment, zone)
    assert there.weekday() in window.days
    assert opening(moment, window, zone)[0] == moment
    assert window.opens <= there.time() or there.time() >= window.opens
    assert moment >= after
    if wait.unit == "hours":
        assert moment >= after + timedelta(hours=wait.amount)
    else:
        days = (there.date() - local(after, zone).date()).days
        assert days >= wait.amount
        assert days > wait.amount or there.replace(tzinfo=None) >= local(after, zone).replace(tzinfo=None) + timedelta(
            days
        )
    assert due(moment, NO_WAIT, window, zone) == moment


@settings(max_examples=400, deadline=None)
@given(NEAR_CHANGES, st.integers(0, 200), WAITS, WINDOWS, st.sampled_from(ZONES))
def test_who_waits_from_later_is_never_due_earlier(
    after: datetime, minutes: int, wait: Wait, window: Window, zone: str
) -> None:
    assert due(after, wait, window, zone) <= due(after + timedelta(minutes=minutes), wait, window, zone)


@pytest.mark.parametrize(
    ("country", "state", "zone"),
    [("United States", "CA", "America/Los_Angeles"), ("us", "texas", CHICAGO), ("USA", None, CHICAGO),
     ("Germany", None, "Europe/Berlin"), ("UK", None, "Europe/London"), ("Canada", "Alberta", "America/Edmonton"),
     ("Brazil", None, "America/Sao_Paulo"), ("India", "Karnataka", "Asia/Kolkata"), ("Narnia", None, CHICAGO),
     (None, None, CHICAGO), ("  france ", "", "Europe/Paris")],
)  # fmt: skip
def test_the_zone_of_a_place(country: str | None, state: str | None, zone: str) -> None:
    assert zone_of(country, state, CHICAGO) == zone
