"""What a model learns from: snapshots with mature labels, in the order in which the calls were judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from features.batches import Featured, build_all
from features.custom import PREFIX
from features.engagement import ENGAGEMENT
from features.labels import decided_as_of, labels_as_of
from ringback.records import TARGETS, Target, Value
from ringback.settings import settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_OPEN_ROWS = 10_000
MATURE_SHARE = 0.9
DAY = timedelta(days=1)
HISTORY = frozenset(feature.__name__ for feature in ENGAGEMENT)
LEAST_WORDS = 40
"""Characters of notes that two people do not write alike by chance."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Rows of one target; all of length n."""

    target: Target
    as_of: datetime
    call_ids: list[str]
    rows: list[dict[str, Value]]
    y: "NDArray[np.bool_]"
    judged_at: "NDArray[np.datetime64]"
    matures_at: "NDArray[np.datetime64]"
    source: str
    """Sources of the calls, for telling synthetic from real."""
    companies: list[str | None] = field(default_factory=list)
    """The company of each call; empty where nothing is known of companies."""
    open_rows: list[dict[str, Value]] = field(default_factory=list)
    """Calls without an outcome yet, at most about ten thousand: no losses, but they show what is filled late."""
    duplicates: int = 0
    """Calls left out because another call of the same contact on the same day says the same."""
    trusted: tuple[str, ...] = ()
    """Columns that are learned from though they seem to give the outcome away."""
    maturity_days: float = 0.0
    """So long after it was judged a call's label is waited for, however soon it came."""

    @property
    def fingerprint(self) -> str:
        """Changes when any row, feature, label or moment changes."""
        digest = sha256(f"{self.target} {self.as_of.isoformat()}".encode())
        digest.update(" ".join(sorted(self.trusted)).encode())
        for call_id, row in zip(self.call_ids, self.rows, strict=True):
            digest.update(f"{call_id} {row}".encode())
        digest.update(self.y.tobytes())
        digest.update(self.judged_at.tobytes())
        return digest.hexdigest()[:24]


def training_data(as_of: datetime) -> dict[Target, TrainingData]:
    """The rows that may be learned from as of a moment, for each target."""
    import numpy as np

    labels = labels_as_of(as_of)
    decided = labels["progression"].keys() | labels["voice_ai"].keys() | decided_as_of(as_of)
    featured = list(build_all(as_of))
    open_rows = [one.row for one in featured if one.call_id not in decided]
    known = [one for one in featured if one.call_id in decided]
    twins = duplicates_of(known)
    data = {}
    for target in TARGETS:
        labelled = [one for one in known if one.call_id in labels[target]]
        labelled.sort(key=lambda s: (s.judged_at, s.call_id))
        delay = maturity_of([labels[target][s.call_id].matures_at - s.judged_at for s in labelled])
        mature = [s for s in labelled if s.judged_at + delay <= as_of]
        mine = [s for s in mature if s.call_id not in twins]
        matures_at = [max(labels[target][s.call_id].matures_at, s.judged_at + delay) for s in mine]
        data[target] = TrainingData(
            target=target,
            as_of=as_of,
            call_ids=[s.call_id for s in mine],
            rows=[s.row for s in mine],
            y=np.array([labels[target][s.call_id].happened for s in mine], dtype=bool),
            judged_at=np.array([s.judged_at for s in mine], dtype="datetime64[us]"),
            matures_at=np.array(matures_at, dtype="datetime64[us]"),
            source=", ".join(sorted({s.call_id.split(":", 1)[0] for s in mine})),
            companies=[s.company_id for s in mine],
            open_rows=open_rows[:: max(1, len(open_rows) // MOST_OPEN_ROWS)],
            duplicates=len(mature) - len(mine),
            trusted=settings().trusted_columns,
            maturity_days=delay / DAY,
        )
    return data


def maturity_of(delays: Sequence[timedelta]) -> timedelta:
    """How long a label is waited for: within this, nine tenths of the outcomes known so far had come.

    Calls that end soon do not end like the others. Learning from a young call only if its outcome happens to be known
    would mix that up with whatever else is new, so a call counts from this age on; those still open then are left out.
    """
    if not delays:
        return timedelta(0)
    return sorted(delays)[int(MATURE_SHARE * (len(delays) - 1))]


def duplicates_of(calls: Iterable[Featured]) -> set[str]:
    """Ids of calls that are alike in every feature to an earlier one of the same contact, company and day.

    A call that was entered twice would otherwise be learned from twice, or be learned from and judged. What went before
    is not compared, since the first of the two goes before the second. Of a call without a contact the words must be
    the same: people who merely look alike in a few columns are not one.
    """
    seen: set[object] = set()
    twins = set()
    for call in calls:
        words = call.row.get("notes_text")
        has_words = isinstance(words, str) and len(words) >= LEAST_WORDS
        has_contact = not call.lead_id.startswith(("call:", "company:"))
        has_columns = any(name.startswith(PREFIX) and value is not None for name, value in call.row.items())
        if not (has_words or (has_contact and has_columns)):
            continue
        said = tuple((name, value) for name, value in call.row.items() if name not in HISTORY)
        source = call.call_id.split(":", 1)[0]
        contact = call.lead_id if has_contact else None
        key = (source, contact, call.company_id, call.company_name, call.called_at.date(), said)
        if key in seen:
            twins.add(call.call_id)
        seen.add(key)
    return twins
