"""What campaigns did and what came of it goes to the warehouse, where measures and features join it with calls.

Decisions go into the decision log here and nowhere else: whatever ended the process that decided, they are in their
table until they are landed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from prefect import task

from campaigns.decided import log_decided, names_of, open_log
from campaigns.facts import facts_of
from database.campaign_landing import KINDS, Mark, ToLand, decisions_to_land, mark_decisions
from database.decisions import decisions_with
from database.member_facts import members
from ringback.decision_log import DecisionLog
from ringback.errors import StoreError
from warehouse.campaigns import land_rows, names_landed
from warehouse.connect import writing
from warehouse.decisions import landing_folder

AT_ONCE = 20_000
LOGGED_AT_ONCE = 5_000
"""Half of what the log lets wait."""
LOGGED_WITHIN_SECONDS = 30.0
SESSION = "land-campaigns"


@task
def land_campaigns(moment: datetime) -> dict[str, int]:
    """Land mails that ended, events and decisions up to a moment; gives how many of each were new there.

    Rows are marked after the warehouse has committed them: a run that dies in between lands some again, which changes
    nothing, and none is left out.
    """
    new = {table: _land(table, to_land, mark, moment) for table, to_land, mark in KINDS}
    return new | {"lead_decisions": _land_and_log_decisions(moment)}


def _land(table: str, to_land: ToLand, mark: Mark, moment: datetime) -> int:
    new = 0
    while rows := to_land(moment, AT_ONCE):
        with writing() as warehouse:
            new += land_rows(warehouse, table, rows, moment).new
        mark(rows, moment)
    return new


def _land_and_log_decisions(moment: datetime) -> int:
    """Land decisions with whom they were about, log them as they were landed first, and mark them after both.

    A name may be corrected between a run that dies and the next one: logged with it, a decision would have the same id
    with other content.
    """
    new = 0
    with open_log(SESSION) as log:
        while rows := decisions_to_land(moment, LOGGED_AT_ONCE):
            about = _names({row["lead_id"] for row in rows}, moment)
            with writing() as warehouse:
                told = [row | about.get(row["lead_id"], {}) for row in rows]
                new += land_rows(warehouse, "lead_decisions", told, moment).new
                names = names_landed(warehouse, [row["decision_id"] for row in rows])
            _log(log, rows, names)
            mark_decisions(rows, moment)
    return new


def _names(lead_ids: Iterable[str], moment: datetime) -> dict[str, dict[str, str | None]]:
    """By lead its name, company and industry, as columns of the warehouse."""
    told = {one.lead_id: names_of(facts_of(one, moment)) for one in members(lead_ids, moment, with_history=False)}
    return {
        lead_id: {"lead_name": one["name"], "company": one["company"], "industry": one["industry"]}
        for lead_id, one in told.items()
    }


def _log(log: DecisionLog, rows: Sequence[Mapping[str, Any]], names: Mapping[str, dict[str, str | None]]) -> None:
    for one in decisions_with(row["decision_id"] for row in rows):
        log_decided(log, [one], {one.lead_id: names[one.decision_id]})
    if not log.flush(LOGGED_WITHIN_SECONDS):
        raise StoreError(f"decisions cannot be logged in {landing_folder()}: is its disk full? The next run logs them")
