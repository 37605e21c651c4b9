"""What is doubtful about a file of leads before it is scored, and about one lead's score."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from features.custom import PREFIX

if TYPE_CHECKING:
    from scoring.judging import Champions
    from scoring.tables import Source

MOST_NAMED = 8


def doubts_about(source: "Source", who: "Champions") -> Iterator[str]:
    """Sentences: how its text and numbers are read, and what the models learned from that it has not."""
    if source.not_utf8_line is not None:
        yield _why_not_utf8(source)
    for doubt in source.doubts:
        yield f"doubtful: {doubt}; where that is wrong, write such numbers without the sign"
    if names := lacking(who, source):
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        named = f"{', '.join(map(repr, names[:MOST_NAMED]))}{more}"
        yield f"the models learned from columns that {source.path.name} lacks: {named}; they count as not known"


def doubts_about_lead(lead_id: str, moment: datetime) -> Iterator[str]:
    """A sentence where the lead has open calls that are not scored yet: what was said in them does not count."""
    from database.predictions import unanswered_calls
    from features.labels import OPEN_FOR, decided_as_of

    if (calls := unanswered_calls(lead_id, moment - OPEN_FOR)) and (open_ones := calls.keys() - decided_as_of(moment)):
        last = max(calls[one] for one in open_ones)
        more = f" and {len(open_ones) - 1} more" if len(open_ones) > 1 else ""
        yield (
            f"its call of {last:%d %b %Y}{more} is not scored yet, so that what was said there does not count here; "
            "'ringback run score_leads' scores it"
        )


def lacking(who: "Champions", source: "Source") -> Sequence[str]:
    """Custom columns from which a model learned and that a file has not; of a date its features name the parts."""
    learned = {
        name.removeprefix(PREFIX) for engine in (who.progression, who.voice_ai) if engine
        for name in engine.features if name.startswith(PREFIX)
    }  # fmt: skip
    has = set(source.columns)
    return sorted({name.rsplit(" (", 1)[0] for name in learned if not {name, name.rsplit(" (", 1)[0]} & has})


def _why_not_utf8(source: "Source") -> str:
    return (
        f"{source.path.name} is read as Windows-1252, as line {source.not_utf8_line} is not UTF-8; "
        "where the file is UTF-8 otherwise, mend that line, or names with other than plain letters come out garbled"
    )
