"""Each finished subject about which something was asked is one logged decision, by names alone."""

import json

import pytest

from database import queue
from enrichment.sources.base import Answer
from ringback.clock import now
from tests.enrichment.sources import Scripted, enriched, wait_for
from warehouse.connect import reading, rows
from warehouse.decisions import decisions_folder, land_decisions

pytestmark = pytest.mark.usefixtures("home")


def test_a_subject_is_logged_when_it_was_asked_about_and_not_when_all_was_known() -> None:
    wait_for("acme.com", "globex.com")
    found = {"technologies": ["Twilio"]}
    pipe0 = Scripted("pipe0", ["tech_stack"], lambda w: Answer(w, found if w.entity_id == "acme.com" else None, "no"))
    enriched(pipe0)
    queue.enqueue([queue.Waiting("acme.com", 50, "again")], now(), batch="again")
    assert enriched(pipe0).finished == 1
    landed = land_decisions(now())
    assert (landed.kept, landed.duplicates, landed.rejected) == (2, 0, 0)
    with reading() as warehouse:
        told = rows(
            warehouse, "SELECT log_type, method, success, seconds >= 0 AS timed, entry FROM read_parquet($files)",
            {"files": str(decisions_folder() / "day=*" / "*.parquet")},
        )  # fmt: skip
    by_company = {json.loads(one["entry"])["lead_identifier"]["company"]: one for one in told}
    assert {name: (one["method"], one["success"], one["timed"]) for name, one in by_company.items()} == {
        "acme.com": ("pipe0", True, True), "globex.com": ("pipe0", False, True),
    }  # fmt: skip
    assert "Twilio" not in by_company["acme.com"]["entry"]
