"""What campaigns did and what came of it goes to the warehouse, where measures and features join it with calls."""

from datetime import datetime

from prefect import task

from database.campaign_landing import KINDS
from warehouse.campaigns import land_rows
from warehouse.connect import writing

AT_ONCE = 20_000


@task
def land_campaigns(moment: datetime) -> dict[str, int]:
    """Land mails that ended, events and decisions up to a moment; gives how many of each were new there.

    Rows are marked after the warehouse has committed them: a run that dies in between lands some again, which changes
    nothing, and none is left out.
    """
    new = {}
    for table, to_land, mark in KINDS:
        new[table] = 0
        while rows := to_land(moment, AT_ONCE):
            with writing() as warehouse:
                new[table] += land_rows(warehouse, table, rows, moment).new
            mark(rows, moment)
    return new
