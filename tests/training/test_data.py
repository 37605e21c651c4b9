"""What is learned from has matured, is not said twice, and is never an open call."""

from datetime import timedelta

from features.batches import Featured
from tests.factories import DAY, HOUR, NOON
from training.data import duplicates_of, maturity_of

ASKED, PILOT = ("they asked for prices of two thousand minutes", "they asked for a pilot with forty numbers each")


def featured(name: str, days: int = 0, lead: str = "ana@acme.com", **row: str | float | None) -> Featured:
    at = NOON + days * DAY
    return Featured(f"csv:{name}", name, lead, "acme.com", "Acme", at + HOUR, at, row)


def test_a_call_entered_twice_counts_once_though_its_history_differs() -> None:
    calls = [
        featured("a", notes_text=ASKED, earlier_calls=0.0),
        featured("b", notes_text=ASKED, earlier_calls=1.0),
        featured("c", notes_text=PILOT, earlier_calls=2.0),
        featured("d", days=1, notes_text=ASKED, earlier_calls=3.0),
        featured("e", lead="bo@acme.com", notes_text=ASKED, earlier_calls=0.0),
    ]
    assert duplicates_of(calls) == {"csv:b"}


def test_columns_of_an_import_make_a_twin_of_one_contact_only() -> None:
    columns = {"custom.age": 31.0, "custom.job": "clerk"}
    of_one = [featured(name, **columns) for name in "ab"]
    of_nobody = [featured(name, lead=f"call:csv:{name}", **columns) for name in "cd"]
    assert duplicates_of([*of_one, *of_nobody]) == {"csv:b"}


def test_without_a_contact_the_words_must_be_the_same() -> None:
    calls = [featured(name, lead=f"call:csv:{name}", notes_text=ASKED) for name in "ab"]
    assert duplicates_of(calls) == {"csv:b"}


def test_calls_of_which_nothing_of_their_own_is_known_are_no_twins() -> None:
    assert duplicates_of([featured(name, employees=5.0) for name in "ab"]) == set()


def test_a_label_is_waited_for_as_long_as_nine_tenths_of_them_took() -> None:
    assert maturity_of([timedelta(days=n) for n in range(101)]) == timedelta(days=90)
    assert maturity_of([]) == timedelta(0)
