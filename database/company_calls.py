"""What went before with a company: its calls, and how many of them are known to have progressed.

The count is the one of `judged_calls_as_of` in the warehouse, so that a request is told of the past as a call is that
a model learned from. It knows less in two places: a call counts for the company that its last content names, and a call
that was edited is as old as that content says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.orm import aliased

from database import models
from database.session import in_parts, reading, writing

CompanyAndCall = tuple[str, str | None]
"""A company and the call that is asked about; None where it is a call that nobody has kept."""


@dataclass(frozen=True, slots=True)
class Before:
    """What went before a call with its company."""

    calls: int = 0
    last_called_at: datetime | None = None
    progressed: int = 0
    """As far as the scoring flow has said."""
    called_at: datetime | None = None
    """When the call that is asked about was held, where it is kept."""
    known_at: datetime | None = None
    """When that call became known."""


def calls_before(asked: Iterable[CompanyAndCall]) -> dict[CompanyAndCall, Before]:
    """What went before with companies; those of which no call is kept are left out.

    A call that is kept itself has before it what was known strictly before it became known; any other call is taken as
    one of this moment, with all that is kept before it.
    """
    listed = set(asked)
    c, mine = models.Call, aliased(models.Call)
    found: dict[CompanyAndCall, Before] = {}
    whole: dict[str, Before] = {}
    with reading() as connection:
        for companies in in_parts(company_id for company_id, _ in listed):
            totals = (
                select(c.company_id, func.count(), func.max(c.called_at), func.count(c.progressed_at))
                .where(c.company_id.in_(companies))
                .group_by(c.company_id)
            )
            whole |= {row[0]: Before(*row[1:]) for row in connection.execute(totals)}
        began, began_mine = (func.coalesce(one.first_known_at, one.known_at) for one in (c, mine))
        is_before = and_(c.company_id == mine.company_id, c.call_id != mine.call_id, began < began_mine)
        for calls in in_parts(call_id for _, call_id in listed if call_id is not None):
            of_calls = (
                select(
                    mine.call_id, mine.company_id, func.count(c.call_id), func.max(c.called_at),
                    func.count().filter(c.progressed_at < began_mine), mine.called_at, began_mine,
                )
                .outerjoin(c, is_before)
                .where(mine.call_id.in_(calls))
                .group_by(mine.call_id, mine.company_id, mine.called_at, began_mine)
            )  # fmt: skip
            for call_id, company_id, *told in connection.execute(of_calls):
                if (company_id, call_id) in listed:
                    found[company_id, call_id] = Before(*told)
    return {one: whole[one[0]] for one in listed if one[0] in whole} | found


def note_progressed(progressed: Mapping[str, datetime]) -> int:
    """Let the calls that are kept say when they were first known to have progressed; gives how many changed.

    `progressed` names all that have, by their id: what is not in it has not.
    """
    c = models.Call
    with reading() as connection:
        asked = select(c.call_id, c.progressed_at).where(c.progressed_at.is_not(None))
        noted = dict(connection.execute(asked).tuples().all())
    changed = {one: at for one, at in progressed.items() if noted.get(one) != at}
    taken_back = dict.fromkeys(noted.keys() - progressed.keys())
    rows = [{"noted_id": one, "noted_at": at} for one, at in {**changed, **taken_back}.items()]
    if rows:
        noting = update(c).where(c.call_id == bindparam("noted_id")).values(progressed_at=bindparam("noted_at"))
        with writing() as connection:
            connection.execute(noting, rows)
    return len(rows)
