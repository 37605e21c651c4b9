"""What people decided about members, with the reason and until when; it stands above rules and routing.

Making one, and withdrawing it, is a decision too: it is kept among these in the same transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal, get_args

from sqlalchemy import or_, select, update

from database.campaign_models import Override as Row
from database.decisions import Decided, add
from database.session import in_parts, insert_new, reading, writing
from ringback.errors import WrongUsage

Kind = Literal["qualification", "owner", "sequence"]
OUTCOMES = ("qualified", "disqualified", "review")
"""What a qualification can be."""
LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Override:
    """What a person decided about a member."""

    override_id: str
    kind: Kind
    campaign_id: str
    lead_id: str
    outcome: str
    """An outcome of qualification, the address of an owner, or the name of a sequence."""
    because: str
    made_by: str
    made_at: datetime
    until: datetime | None = None
    """From then on it holds no longer; None for good."""
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None

    def is_active(self, at: datetime) -> bool:
        """Whether it holds at a moment."""
        has_ended = self.until is not None and self.until <= at
        is_withdrawn = self.withdrawn_at is not None and self.withdrawn_at <= at
        return self.made_at <= at and not has_ended and not is_withdrawn


def make(
    kind: Kind, campaign_id: str, lead_id: str, outcome: str, because: str, made_by: str, at: datetime,
    until: datetime | None = None,
) -> Override:  # fmt: skip
    """Decide about a member; raises WrongUsage where outcome, reason, person or end cannot be."""
    if kind not in get_args(Kind):
        raise WrongUsage(f"{kind!r} cannot be overridden; possible are: {', '.join(get_args(Kind))}")
    if kind == "qualification" and outcome not in OUTCOMES:
        raise WrongUsage(f"{outcome!r} is no outcome of a qualification; possible are: {', '.join(OUTCOMES)}")
    if not outcome.strip() or not because.strip() or not made_by.strip():
        raise WrongUsage("an override says what is decided, why, and by whom; none of them may be empty")
    if len(because) > LONGEST_REASON:
        raise WrongUsage(f"the reason is longer than {LONGEST_REASON:,} characters; name what counts")
    if until is not None and until <= at:
        raise WrongUsage(f"until {until:%Y-%m-%d %H:%M} is over; name a later moment, or none for good")
    said = "\0".join((kind, campaign_id, lead_id, outcome, because, made_by, at.isoformat(), str(until)))
    override_id = blake2b(said.encode(), digest_size=12).hexdigest()
    made = Override(override_id, kind, campaign_id, lead_id, outcome, because, made_by, at, until)
    with writing() as connection:
        if insert_new(connection, Row, [{name: getattr(made, name) for name in FIELDS}]):
            add(connection, [_decided(made, outcome, made_by, at)])
    return made


def withdraw(override_id: str, by: str, at: datetime) -> Override:
    """Let an override hold no longer; the first who says so counts. Raises WrongUsage where there is none."""
    with writing() as connection:
        open_one = update(Row).where(Row.override_id == override_id, Row.withdrawn_at.is_(None))
        changed = connection.execute(open_one.values(withdrawn_at=at, withdrawn_by=by)).rowcount
        row = connection.execute(select(Row).where(Row.override_id == override_id)).first()
        if row is None:
            raise WrongUsage(f"there is no override {override_id!r}")
        found = _override(row)
        if changed:
            add(connection, [_decided(found, "withdrawn", by, at)])
    return found


def active(campaign_id: str, lead_ids: Iterable[str], at: datetime) -> dict[tuple[str, str], Override]:
    """What holds at a moment, by lead and kind; of several the last made."""
    found: dict[tuple[str, str], Override] = {}
    with reading() as connection:
        for some in in_parts(lead_ids):
            asked = (
                select(Row)
                .where(Row.campaign_id == campaign_id, Row.lead_id.in_(some), Row.made_at <= at)
                .where(or_(Row.until.is_(None), Row.until > at), or_(Row.withdrawn_at.is_(None), Row.withdrawn_at > at))
                .order_by(Row.made_at, Row.override_id)
            )
            for row in connection.execute(asked):
                found[row.lead_id, row.kind] = _override(row)
    return found


def overrides_of(campaign_id: str, lead_id: str | None = None, at_most: int = 500) -> list[Override]:
    """What people decided in a campaign, or about one of its members, the last first."""
    asked = select(Row).where(Row.campaign_id == campaign_id)
    if lead_id is not None:
        asked = asked.where(Row.lead_id == lead_id)
    with reading() as connection:
        rows = connection.execute(asked.order_by(Row.made_at.desc(), Row.override_id.desc()).limit(at_most))
        return [_override(row) for row in rows]


FIELDS = tuple(one.name for one in fields(Override))


def _override(row: Any) -> Override:
    return Override(**{name: getattr(row, name) for name in FIELDS})


def _decided(override: Override, outcome: str, by: str, at: datetime) -> Decided:
    because = {
        "override": override.override_id, "of": override.kind, "because": override.because,
        "until": override.until.isoformat() if override.until else None,
    }  # fmt: skip
    return Decided("override", override.campaign_id, override.lead_id, at, outcome, because, by)
