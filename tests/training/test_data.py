"""What is learned from has matured, is not said twice, and is never an open call."""

from datetime import timedelta

from features.batches import Featured
from tests.factories import DAY, HOUR, NOON
from training.data import duplicates_of, maturity_of


def featured(name: str, days: int = 0, company: str | None = "acme.com", **row: str | float | None) -> Featured:
    at = NOON + days * DAY
    return Featured(f"csv:{name}", name, f"lead {name}", company, company, at + HOUR, at, row)


def test_a_call_entered_twice_counts_once_though_its_history_differs() -> None:
    calls = [
        featured("a", notes_text="asked for prices", earlier_calls=0.0),
        featured("b", notes_text="asked for prices", earlier_calls=1.0),
        featured("c", notes_text="asked for a pilot", earlier_calls=2.0),
        featured("d", days=1, notes_text="asked for prices", earlier_calls=3.0),
        featured("e", company="other.com", notes_text="asked for prices", earlier_calls=0.0),
    ]
    assert duplicates_of(calls) == {"csv:b"}


def test_calls_of_which_nothing_of_their_own_is_known_are_no_twins() -> None:
    assert duplicates_of([featured("a", employees=5.0), featured("b", employees=5.0)]) == set()


def test_columns_of_an_import_make_a_twin_too() -> None:
    calls = [featured(name, **{"custom.age": 31.0, "custom.job": "clerk"}) for name in "ab"]
    assert duplicates_of(calls) == {"csv:b"}


def test_a_label_is_waited_for_as_long_as_nine_tenths_of_them_took() -> None:
    assert maturity_of([timedelta(days=n) for n in range(101)]) == timedelta(days=90)
    assert maturity_of([]) == timedelta(0)
