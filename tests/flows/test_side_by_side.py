"""Many members are worked on by two processes, which do what one would."""

import os
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from campaigns import routing
from campaigns.conduct import Conduct
from campaigns.dimensions import Thresholds
from campaigns.qualify import qualify
from campaigns.rules import read_rules
from database import campaigns, outbox
from database.campaigns import Planned, middle_unscored, unscored_members
from database.enrolments import due
from database.member_facts import middle_without_card
from database.routing import unrouted
from flows import side_by_side
from flows.campaign_steps import open_playbook
from flows.mail_writing import write_all
from flows.member_qualifying import qualify_members
from flows.member_scoring import score_members
from flows.side_by_side import OWN_PARTS, WHOLE, Part, in_parts, made_ahead
from ringback.settings import CHECKOUT
from scoring.judging import Champions
from tests.campaigns.mailing import TUESDAY, a_sequence, an_office, enrol
from tests.campaigns.qualifying import qualified, rows, some_members
from tests.factories import DAY, HOUR, NOON

RULES = CHECKOUT / "campaigns/playbook/qualification/standard.yaml"
NO_MODELS = Champions(None, None)


@pytest.fixture
def _members(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six members, which is many."""
    monkeypatch.setattr(side_by_side, "MANY", 6)
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    for campaign_id in ("spring", "autumn"):
        some_members([80.0, 5.0, 20.0, None, 300.0, 9.0], campaign_id)


def where(name: str, part: Part) -> tuple[str, int, Part]:
    return name, os.getpid(), part


def test_two_processes_have_a_part_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    (name, mine, first), (_, theirs, second) = in_parts(partial(where, "a"), lambda _: "m")
    assert (name, mine, first, second) == ("a", os.getpid(), Part(until="m"), Part("m"))
    assert theirs != mine


def test_few_are_left_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    assert in_parts(partial(where, "a"), lambda _: None) == [("a", os.getpid(), WHOLE)]


def test_without_another_processor_one_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 1)
    assert in_parts(partial(where, "a"), lambda _: "m") == [("a", os.getpid(), WHOLE)]


@pytest.mark.usefixtures("_members")
def test_two_processes_score_and_qualify_as_one_would() -> None:
    assert score_members("spring", NO_MODELS, NOON - HOUR) == 6
    assert (unscored_members("spring", "", 9), middle_unscored("spring", 1)) == ([], None)
    in_two = qualify_members("spring", RULES, Thresholds(), NOON)
    in_one = qualify("autumn", read_rules(RULES), Thresholds(), NOON)
    assert (in_two.looked_at, in_two.decided, in_two.outcomes) == (6, 6, in_one.outcomes)
    assert rows("spring") == rows("autumn")
    assert qualify_members("spring", RULES, Thresholds(), NOON).looked_at == 0


def test_another_process_makes_some_ahead_and_all_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    monkeypatch.setattr(side_by_side, "MANY_PARTS", 7)
    made = list(made_ahead(partial(where, "a"), [Part(str(n)) for n in range(9)]))
    assert [part.after for _, _, part in made] == [str(n) for n in range(9)]
    assert [pid == os.getpid() for _, pid, _ in made] == [True] * OWN_PARTS + [False] * (9 - OWN_PARTS)
    alone = list(made_ahead(partial(where, "a"), [Part(str(n)) for n in range(6)]))
    assert [(pid, part.after) for _, pid, part in alone] == [(os.getpid(), str(n)) for n in range(6)]


def test_members_that_another_process_matches_are_enrolled_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    monkeypatch.setattr(side_by_side, "MANY_PARTS", 6)
    monkeypatch.setattr(routing, "AT_ONCE", 2)
    campaigns.save([Planned("spring", "Spring", "csv", NOON)])
    some_members([80.0] * 12)
    assert qualified().outcomes == {"qualified": 12}
    sequence, whole_team = a_sequence(home), open_playbook().team
    game = routing.playing("spring", Conduct(), {sequence.sequence_id: sequence}, whole_team, "America/Chicago")
    assert routing.route_members(game, TUESDAY, made_ahead) == routing.RoutedMembers("spring", 12, {})
    assert unrouted("spring") == []
    assert Counter(one.owner for one in due(TUESDAY + 30 * DAY, at_most=20)) == {whole_team[0].escalate_to: 12}


def test_two_processes_write_each_mail_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "MANY", 4)
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    enrol(["ana", "ben", "cem", "dan"])
    office = an_office(a_sequence(home))
    assert [write_all(office, TUESDAY).written for _ in range(2)] == [4, 0]
    assert outbox.counts() == {"waiting": 4}


@pytest.mark.usefixtures("_members")
def test_the_middle_is_of_those_without_a_card_by_these_rules() -> None:
    assert middle_without_card("spring", "old", 7) is None
    assert middle_without_card("spring", "old", 6) == "lead3@c3.example"
