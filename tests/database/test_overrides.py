"""What a person decided holds from when it was made until it ends or is withdrawn, and is itself a decision."""

from datetime import timedelta
from typing import Any

import pytest

from database.decisions import decisions_about
from database.overrides import Override, active, make, overrides_of, withdraw
from ringback.errors import WrongUsage
from tests.factories import DAY, HOUR, NOON

pytestmark = pytest.mark.usefixtures("home")


def made(outcome: str = "qualified", at: timedelta = timedelta(0), **known: Any) -> Override:
    facts: dict[str, Any] = {
        "kind": "qualification", "campaign_id": "spring", "lead_id": "ana", "because": "She called me.",
        "made_by": "eve", "until": NOON + DAY,
    }  # fmt: skip
    return make(outcome=outcome, at=NOON + at, **(facts | known))


def standing(hours: float) -> str | None:
    found = active("spring", ["ana", "ben"], NOON + hours * HOUR).get(("ana", "qualification"))
    return found.outcome if found else None


def test_an_override_holds_until_it_ends() -> None:
    one = made()
    assert [standing(hours) for hours in (-1, 0, 23, 24)] == [None, "qualified", "qualified", None]
    assert [one.is_active(NOON + hours * HOUR) for hours in (-1, 0, 23, 24)] == [False, True, True, False]


def test_one_that_is_withdrawn_holds_no_longer_and_the_one_before_it_does_again() -> None:
    made("review")
    later = made("disqualified", HOUR)
    withdraw(later.override_id, "ben", NOON + 2 * HOUR)
    assert [standing(hours) for hours in (0.5, 1.5, 2)] == ["review", "disqualified", "review"]
    again = withdraw(later.override_id, "eve", NOON + 3 * HOUR)
    assert (again.withdrawn_by, again.withdrawn_at) == ("ben", NOON + 2 * HOUR)


def test_making_and_withdrawing_are_decisions_of_the_person() -> None:
    one = made()
    made()
    withdraw(one.override_id, "ben", NOON + HOUR)
    told = [(one.kind, one.outcome, one.decided_by, one.because["because"]) for one in decisions_about("ana")]
    assert told == [
        ("override", "withdrawn", "ben", "She called me."), ("override", "qualified", "eve", "She called me."),
    ]  # fmt: skip


def test_overrides_of_a_member_are_listed_the_last_first() -> None:
    made()
    made("ben@us.example", HOUR, kind="owner")
    made(lead_id="ben")
    assert [one.outcome for one in overrides_of("spring", "ana")] == ["ben@us.example", "qualified"]
    assert len(overrides_of("spring")) == 3


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({"outcome": "qualify"}, "is no outcome of a qualification; possible are: qualified, disqualified, review"),
        ({"kind": "score"}, "'score' cannot be overridden; possible are: qualification, owner, sequence"),
        ({"because": "  "}, "why, and by whom; none of them may be empty"),
        ({"made_by": ""}, "none of them may be empty"),
        ({"until": NOON}, "until 2026-03-18 12:00 is over"),
        ({"because": "x" * 2_001}, "longer than 2,000 characters"),
    ],
)
def test_an_override_that_cannot_be_is_refused(known: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongUsage, match=says):
        made(**known)


def test_what_does_not_exist_cannot_be_withdrawn() -> None:
    with pytest.raises(WrongUsage, match="there is no override 'x'"):
        withdraw("x", "eve", NOON)
