"""What a database that comes back from the past does not do until a person says so: send to people, and buy.

Whom it wrote to and what it bought since, it does not know.
"""

from datetime import datetime

from sqlalchemy import select, update

from database.models import Campaign, SpendingStop
from database.session import insert_or_replace, writing
from database.spending import EVERYTHING


def hold(because: str, at: datetime, url: str | None = None) -> tuple[str, ...]:
    """Pause the active campaigns and stop all spending, both or neither; gives the campaigns that were active.

    Why spending was stopped before is kept beside the new reason.
    """
    active = update(Campaign).where(Campaign.state == "active").values(state="paused", changed_at=at)
    with writing(url) as connection:
        paused = connection.scalars(active.returning(Campaign.campaign_id)).all()
        before = connection.scalar(select(SpendingStop.because).where(SpendingStop.source == EVERYTHING))
        words = because if before is None else f"{because}; before that: {before}"
        insert_or_replace(
            connection, SpendingStop, [{"source": EVERYTHING, "stopped_at": at, "because": words}]
        )  # fmt: skip
    return tuple(sorted(paused))
