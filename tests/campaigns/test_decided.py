"""What campaigns decide is in the decision log, each decision once, without addresses and values."""

import json
from typing import Any

import pytest

from campaigns.decided import log_decided, names_of, open_log
from campaigns.dimensions import Thresholds
from campaigns.facts import facts_of
from campaigns.qualify import qualify
from database.decisions import Decided, decisions_in
from database.member_facts import members_of
from ringback.clock import now
from tests.campaigns.qualifying import RULES, some_members
from tests.factories import NOON
from warehouse.connect import reading, rows
from warehouse.decisions import decisions_folder, land_decisions

pytestmark = pytest.mark.usefixtures("home")


def landed() -> list[dict[str, Any]]:
    with reading() as warehouse:
        return rows(
            warehouse, "SELECT log_type, method, success, campaign_id, entry FROM read_parquet($files) ORDER BY ALL",
            {"files": str(decisions_folder() / "day=*" / "*.parquet")},
        )  # fmt: skip


def test_each_qualification_is_logged_once_with_names_and_facts_alone() -> None:
    some_members([80.0, None])
    qualify("spring", RULES, Thresholds(), NOON)
    facts = [facts_of(one, NOON) for some in members_of("spring", NOON) for one in some]
    for run in ("run", "again"):
        with open_log(run) as log:
            log_decided(log, decisions_in("spring"), {one.lead.id: names_of(one) for one in facts})
    done = land_decisions(now())
    assert (done.kept, done.duplicates, done.rejected) == (2, 2, 0)
    told = landed()
    assert [(one["log_type"], one["method"], one["success"], one["campaign_id"]) for one in told] == [
        ("qualification_decision", "big", True, "spring"), ("qualification_decision", "otherwise", False, "spring"),
    ]  # fmt: skip
    entry = json.loads(told[0]["entry"])
    assert entry["lead_identifier"]["company"] == "Company 0"
    assert entry["input_data"] == {"facts": ["company.employees"]}
    assert entry["output_data"] == {
        "kind": "qualification",
        "outcome": "qualified",
        "decided_by": f"rules:{RULES.hash}",
    }
    assert "@" not in told[0]["entry"]


@pytest.mark.parametrize(
    ("kind", "outcome", "because", "logged"),
    [
        ("routing", "intro / eve", {}, ("routing_decision", "routing", True)),
        ("routing", "not routed", {}, ("routing_decision", "routing", False)),
        ("graduation", "graduated", {}, ("nurture_decision", "graduation", True)),
        ("override", "eve", {"of": "owner"}, ("routing_decision", "override", True)),
        ("override", "review", {"of": "qualification"}, ("qualification_decision", "override", False)),
    ],
)
def test_every_kind_of_decision_has_its_type_in_the_log(
    kind: str, outcome: str, because: dict[str, Any], logged: tuple[str, str, bool]
) -> None:
    one = Decided(kind, "spring", "ana", NOON, outcome, because, "x", decision_id="1")
    with open_log("run") as log:
        log_decided(log, [one], {"ana": {"name": "Ana"}})
    land_decisions(now())
    assert [(one["log_type"], one["method"], one["success"]) for one in landed()] == [logged]


def test_addresses_of_owners_and_people_are_left_out() -> None:
    one = Decided("override", "spring", "ana", NOON, "eve@ours.example", {"of": "owner"}, "bob@ours.example")
    routed = Decided("routing", "spring", "ana", NOON, "intro / eve@ours.example", {}, "routing:1", decision_id="2")
    with open_log("run") as log:
        log_decided(log, [one, routed], {})
    land_decisions(now())
    told = [json.loads(one["entry"])["output_data"] for one in landed()]
    assert sorted((one["outcome"], one["decided_by"]) for one in told) == [
        ("(address)", "(address)"), ("intro / (address)", "routing:1"),
    ]  # fmt: skip
