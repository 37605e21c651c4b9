"""A world that is shifted from a moment on is the same before it, and other customers call after it."""

from datetime import datetime, timedelta
from json import loads
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.__main__ import app
from flows.sandboxed import world_of_home
from ringback.errors import WrongUsage
from sandbox.minds import Shift
from sandbox.world import World

START = datetime(2026, 1, 5)
SINCE = START + timedelta(weeks=2)
UNTIL = START + timedelta(weeks=6)


def test_nothing_before_the_shift_changes_and_fewer_deals_are_won_after_it() -> None:
    plain, poor = World(7, START), World(7, START, shifts=[Shift(SINCE, budget=-2.0, urgency=-1.0)])
    before = [(one.meeting_id, one.said, one.outcome) for one in plain.meetings(SINCE)]
    assert before == [(one.meeting_id, one.said, one.outcome) for one in poor.meetings(SINCE)]
    won = [
        sum(one.outcome.progressed for one in world.meetings(UNTIL) if one.started_at >= SINCE)
        for world in (plain, poor)
    ]
    assert won[1] < won[0] / 2


def test_a_shift_is_planted_in_the_world_of_this_home(home: Path) -> None:
    said = CliRunner().invoke(
        app, ["sandbox", "--plant", "budget=-1.5", "--plant", "need=0.5", "--since", "2026-03-18"]
    )
    assert "the world is shifted" in said.output
    assert loads((home / "sandbox.json").read_text())["shifts"] == [
        {"since": "2026-03-18T00:00:00", "budget": -1.5, "need": 0.5}
    ]
    assert world_of_home().shifts == (Shift(datetime(2026, 3, 18), need=0.5, budget=-1.5),)


@pytest.mark.parametrize("told", ["mood=1", "budget", "budget=much"])
def test_what_is_no_shift_is_refused(home: Path, told: str) -> None:
    failure = CliRunner().invoke(app, ["sandbox", "--plant", told]).exception
    assert isinstance(failure, WrongUsage)
    assert "write need=, urgency= or budget= and a number" in str(failure)
