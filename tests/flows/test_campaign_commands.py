"""Campaigns at the command line: made, changed, tried, looked at; a person decides above the rules."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from database import campaigns
from flows.__main__ import app
from ringback.errors import RingbackError
from tests.campaigns.enrolling import a_campaign
from tests.factories import NOON

LEADS = ["ana@acme.example", "ben@gmail.com"]
RULES = """\
name: Nobody
rules:
  - rule: never
    then: qualify
    because: Nobody is that large.
    when: {fact: company.employees, at_least: 1000000000}
otherwise: disqualify
"""


@pytest.fixture(autouse=True)
def _in_a_home(home: Path) -> None:
    """Every test has stores of its own."""
    a_campaign(leads=LEADS)


def said(*words: str) -> str:
    told = CliRunner().invoke(app, ["campaigns", *words], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    return told.output


def test_a_campaign_is_paused_resumed_archived_and_found(tmp_path: Path) -> None:
    for word, state in (("pause", "paused"), ("resume", "active"), ("archive", "archived")):
        said(word, "spring")
        assert campaigns.campaign("spring").state == state  # type: ignore[union-attr]
    assert "spring" in said("list", "--state", "archived")
    assert "spring" not in said("list", "--search", "autumn")
    conduct = tmp_path / "conduct.toml"
    conduct.write_text("rest_days = 3\n[goals]\nmeetings = 5\n")
    said("change", "spring", "--conduct", str(conduct), "--ceiling", "20")
    assert campaigns.campaign("spring").conduct == {"rest_days": 3, "goals": {"meetings": 5}}  # type: ignore[union-attr]


def test_changed_rules_are_tried_before_anybody_is_touched(tmp_path: Path) -> None:
    assert "2 members looked at" in said("qualify", "spring").replace("2  ", "2 ")
    rules = tmp_path / "nobody.yaml"
    rules.write_text(RULES)
    told = json.loads(said("qualify", "spring", "--dry-run", "--rules", str(rules), "--json"))
    assert (told["members"], told["after"]) == (2, {"disqualified": 2})
    assert json.loads(said("member", "spring", LEADS[0], "--json"))["card"]["outcome"] != "disqualified"


def test_a_person_decides_and_takes_it_back() -> None:
    said("qualify", "spring")
    made = said("override", "spring", LEADS[1], "qualification", "qualified", "--because", "Met them at the fair")
    said("qualify", "spring")
    told = json.loads(said("member", "spring", LEADS[1], "--json"))
    assert (told["card"]["outcome"], told["card"]["rule"]) == ("qualified", "override")
    assert "decided by rules again" in said("withdraw", made.partition(":")[0])


def test_performance_is_told_in_words_and_as_json() -> None:
    told = said("performance", "spring")
    assert "harvested           2" in told
    assert "'qualified' are those who are so now, and those who were enrolled once" in told
    assert json.loads(said("performance", "spring", "--json"))["campaign_id"] == "spring"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("performance", "none"), "there is no campaign 'none'"),
        (("change", "spring"), "nothing is to be changed"),
        (("list", "--state", "lost"), "'lost' is no state"),
        (("member", "spring", "eve@acme.example"), "has no card in spring"),
        (("override", "spring", LEADS[0], "mood", "good", "--because", "because"), "'mood' cannot be overridden"),
        (("override", "spring", LEADS[0], "owner", "x", "--because", "y z", "--until", "soon"), "'soon' is no moment"),
        (("override", "spring", LEADS[0], "owner", "nobody@x", "--because", "y z"), "is no owner of this campaign"),
        (("override", "spring", LEADS[0], "sequence", "banana", "--because", "y z"), "is no sequence of this campaign"),
        (("override", "spring", "eve@acme.example", "qualification", "qualified", "--because", "y z"), "is no member"),
        (("schedule", "spring", "0 9 * * 1-5"), "Prefect does not answer"),
        (("schedule", "spring", "99 9 * * 1-5"), "schedule: '99 9 .* is no schedule: the minute is wrong"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(words: tuple[str, ...], why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from ringback.settings import settings

    monkeypatch.setenv("RINGBACK_PREFECT_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(RingbackError, match=why):
        said(*words)


def test_prefect_s_schedule_follows_a_campaign_that_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[tuple[str, str | None]] = []
    monkeypatch.setattr("campaigns.schedules.put", lambda campaign, cron: put.append((campaign.state, cron)))
    said("pause", "spring")
    campaigns.change("spring", {"conduct": {"schedule": "0 9 * * 1-5"}}, NOON)
    said("resume", "spring")
    said("pause", "spring")
    assert put == [("active", "0 9 * * 1-5"), ("paused", "0 9 * * 1-5")]
