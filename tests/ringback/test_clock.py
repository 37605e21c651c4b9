"""Times are UTC without zone inside, and in a zone only at the edges."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringback.clock import as_utc, now, parse_time, shown_in, week_start

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1))


def test_now_is_utc_without_zone() -> None:
    moment = now()
    assert moment.tzinfo is None
    assert abs(datetime.now(UTC).replace(tzinfo=None) - moment) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "form", "zone", "moment"),
    [
        ("2026-01-15T09:30", None, "America/Chicago", datetime(2026, 1, 15, 15, 30)),
        ("2026-07-15T09:30", None, "America/Chicago", datetime(2026, 7, 15, 14, 30)),
        ("2026-07-15T09:30Z", None, "America/Chicago", datetime(2026, 7, 15, 9, 30)),
        (" 2026-07-15T09:30+02:00 ", None, "UTC", datetime(2026, 7, 15, 7, 30)),
        ("15/07/2026 09:30", "%d/%m/%Y %H:%M", "UTC", datetime(2026, 7, 15, 9, 30)),
    ],
)
def test_a_moment_is_read_as_it_is_written(text: str, form: str | None, zone: str, moment: datetime) -> None:
    assert parse_time(text, form, zone) == moment


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30", "15/07/2026"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


@given(MOMENTS, st.integers(-12, 14))
def test_a_moment_is_the_same_whatever_zone_it_is_told_in(moment: datetime, hours: int) -> None:
    told = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    assert as_utc(told) == moment


@given(MOMENTS)
def test_shown_to_a_person_and_read_back_it_is_the_same(moment: datetime) -> None:
    assert as_utc(shown_in(moment, "America/Chicago")) == moment


@given(MOMENTS)
def test_a_week_starts_on_the_monday_before(moment: datetime) -> None:
    start = week_start(moment)
    assert (start.weekday(), start.time()) == (0, datetime.min.time())
    assert timedelta(0) <= moment - start < timedelta(days=7)
