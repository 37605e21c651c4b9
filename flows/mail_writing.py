"""Write the mails that are due, in two processes where there are many."""

from datetime import datetime
from functools import partial, reduce

from campaigns.nurture import Office, Written, write_due
from database.enrolments import borders_due
from ringback.side_by_side import Part, in_parts


def write_all(office: Office, at: datetime) -> Written:
    """Let enrolments go on whose mails are settled, and write all mails that are due."""
    return reduce(Written.and_also, in_parts(partial(_write_part, office, at), partial(borders_due, at)))


def _write_part(office: Office, at: datetime, part: Part) -> Written:
    return write_due(office, at, after=part.after, until=part.until)
