"""Calls are counted by company, and say when they were known to have progressed."""

import pytest

from database.company_calls import Before, calls_before, note_progressed
from database.people import publish_calls
from tests.factories import DAY, HOUR, NOON, a_call

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(autouse=True)
def three(home: object) -> None:
    publish_calls([a_call(str(n), NOON + n * DAY, company_id="acme.com") for n in range(3)])
    publish_calls([a_call("else", company_id="other.com"), a_call("nobody")])


def test_a_company_has_all_its_calls_before_it_and_a_kept_call_those_that_were_known_before() -> None:
    note_progressed({"fellow:0": NOON + HOUR, "fellow:1": NOON + 9 * DAY})
    asked = [
        ("acme.com", None),
        ("acme.com", "fellow:2"),
        ("other.com", "fellow:2"),
        ("acme.com", "new"),
        ("x.com", None),
    ]
    everything = Before(3, NOON + 2 * DAY, 2)
    assert calls_before(asked) == {
        ("acme.com", None): everything,
        ("acme.com", "fellow:2"): Before(2, NOON + DAY, 1, NOON + 2 * DAY, NOON + 2 * DAY),
        ("acme.com", "new"): everything,
        ("other.com", "fellow:2"): Before(1, NOON, 0),
    }
    assert calls_before([("acme.com", "fellow:0")]) == {("acme.com", "fellow:0"): Before(0, None, 0, NOON, NOON)}


def test_a_call_that_is_edited_later_stays_as_old_as_it_is() -> None:
    publish_calls([a_call("0", NOON, company_id="acme.com", content_hash="second", known_at=NOON + 5 * DAY)])
    assert calls_before([("acme.com", "fellow:1")])["acme.com", "fellow:1"].calls == 1


def test_only_what_changed_is_noted_and_it_outlives_an_edit() -> None:
    first = {"fellow:0": NOON + HOUR, "fellow:1": NOON + HOUR}
    assert [note_progressed(first), note_progressed(first), note_progressed({"fellow:0": NOON + HOUR})] == [2, 0, 1]
    publish_calls([a_call("0", company_id="acme.com", content_hash="second", known_at=NOON + DAY)])
    assert calls_before([("acme.com", None)])["acme.com", None].progressed == 1
