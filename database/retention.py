"""What of the database is forgotten after its time: words of mails that were sent, marks of files that are gone."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, bindparam, cast, delete, select, update

from database.campaign_models import Message
from database.models import LogMark
from database.outbox import SETTLED
from database.session import reading, writing

AT_ONCE = 500
MOST_A_NIGHT = 50_000
KEPT_OF_A_MAIL = ("country",)
"""What counting still needs of a mail whose words are gone."""


def empty_mails(before: datetime) -> int:
    """Take subject, text and names out of mails that were settled before a moment; gives of how many.

    That they were sent, to whom, when, and where their links lead, stays.
    """
    m = Message
    has_words = cast(m.mail, String).contains('"text"')
    asked = select(m.message_id, m.mail).where(m.state.in_(SETTLED), m.settled_at < before, has_words).limit(AT_ONCE)
    changed = update(m).where(m.message_id == bindparam("of")).values(mail=bindparam("left"))
    emptied = 0
    while emptied < MOST_A_NIGHT:
        with reading() as connection:
            found = connection.execute(asked).all()
        if not found:
            break
        left = [{"of": row.message_id, "left": _kept(row.mail)} for row in found]
        with writing() as connection:
            connection.execute(changed, left)
        emptied += len(found)
    return emptied


def forget_marks(before: datetime, there: Collection[str]) -> int:
    """Delete marks of files of answers that were read before a moment and are gone; gives how many."""
    old = select(LogMark.file).where(LogMark.at < before)
    with reading() as connection:
        gone = [name for name in connection.scalars(old) if name not in there]
    with writing() as connection:
        for start in range(0, len(gone), AT_ONCE):
            connection.execute(delete(LogMark).where(LogMark.file.in_(gone[start : start + AT_ONCE])))
    return len(gone)


def _kept(mail: dict[str, object] | None) -> dict[str, object]:
    return {name: value for name, value in (mail or {}).items() if name in KEPT_OF_A_MAIL}
