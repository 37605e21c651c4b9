"""Many members are worked on by two processes, which do what one would."""

import os
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from campaigns import routing
from campaigns.conduct import Conduct
from campaigns.dimensions import Thresholds
from campaigns.qualify import qualify
from campaigns.rules import read_rules
from database import campaigns, outbox, people
from database.campaigns import Planned, borders_unscored, unscored_members
from database.enrolments import due
from database.member_facts import borders_without_card
from database.routing import unrouted
from flows.campaign_steps import open_playbook
from flows.mail_writing import write_all
from flows.member_qualifying import qualify_members
from flows.member_scoring import score_members
from intake import store
from ringback import side_by_side
from ringback.records import CompanyFacts
from ringback.settings import CHECKOUT
from ringback.side_by_side import OWN_PARTS, WHOLE, Part, in_parts, made_ahead
from scoring.judging import Champions
from tests.campaigns.mailing import TUESDAY, a_sequence, an_office, enrol
from tests.campaigns.qualifying import qualified, rows, some_members
from tests.factories import DAY, HOUR, NOON, a_lead
from warehouse.connect import reading
from warehouse.connect import rows as found
from warehouse.landing import Landed

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


def slowly(tried: Path, part: Part) -> tuple[int, Part]:
    """Wait until another process has a part, too."""
    (tried / str(os.getpid())).touch()
    for _ in range(3_000):
        if len(list(tried.iterdir())) > 1:
            break
        time.sleep(0.01)
    return os.getpid(), part


def test_two_processes_share_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    asked: list[tuple[int, int]] = []

    def borders(many: int, parts: int) -> list[str]:
        asked.append((many, parts))
        return ["g", "m", "t"]

    done = in_parts(partial(slowly, tmp_path), borders)
    parts = [Part("", "g"), Part("g", "m"), Part("m", "t"), Part("t")]
    assert (sorted((part for _, part in done), key=str), asked) == (sorted(parts, key=str), [(20_000, 8)])
    assert len({pid for pid, _ in done}) == 2


def fails_at(border: str, part: Part) -> str:
    if part.after == border:
        raise ZeroDivisionError
    return part.after


@pytest.mark.parametrize("border", ["", "b"])
def test_where_a_part_fails_no_more_are_taken(border: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        in_parts(partial(fails_at, border), lambda *_: ["a", "b", "c"])


def test_few_are_left_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    assert in_parts(partial(where, "a"), lambda *_: []) == [("a", os.getpid(), WHOLE)]


def test_without_another_processor_one_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 1)
    assert in_parts(partial(where, "a"), lambda *_: ["m"]) == [("a", os.getpid(), WHOLE)]


@pytest.mark.usefixtures("_members")
def test_two_processes_score_and_qualify_as_one_would() -> None:
    assert score_members("spring", NO_MODELS, NOON - HOUR) == 6
    assert (unscored_members("spring", "", 9), borders_unscored("spring", 1, 2)) == ([], [])
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
def test_borders_are_between_parts_of_those_without_a_card_by_these_rules() -> None:
    assert borders_without_card("spring", "old", 7, 3) == []
    assert borders_without_card("spring", "old", 6, 3) == ["lead1@c1.example", "lead3@c3.example"]
    assert borders_without_card("spring", "old", 6, 2) == ["lead2@c2.example"]


def test_many_leads_are_landed_ahead_and_the_last_that_is_said_counts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    monkeypatch.setattr(store, "AT_ONCE", 2)
    leads = [a_lead(f"n{number}@acme.com", name=f"N {number}") for number in range(12)]
    again = a_lead("n0@acme.com", name="Nora", known_at=NOON + HOUR)
    facts = [CompanyFacts("acme.com", "csv", NOON, name="Acme")]
    assert store.take_leads([again, *leads], facts) == Landed(13, 0)
    assert store.take_leads([again, *leads], facts) == Landed(0, 13)
    with reading() as warehouse:
        landed = found(warehouse, "SELECT count(*) AS leads, count(DISTINCT lead_id) AS people FROM lead_facts")
    known = people.leads_by_id(lead.lead_id for lead in leads)
    assert (landed, len(known), known["n0@acme.com"].known["name"]) == ([{"leads": 13, "people": 12}], 12, "Nora")
    assert people.companies_by_id(["acme.com"])["acme.com"].name == "Acme"
