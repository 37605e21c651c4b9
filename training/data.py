"""What a model learns from: snapshots with mature labels, in the order in which the calls were judged."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from features import build
from features.labels import labels_as_of
from features.snapshots import snapshots_as_of
from ringback.records import TARGETS, Target, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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

    @property
    def fingerprint(self) -> str:
        """Changes when any row, feature, label or moment changes."""
        digest = sha256(f"{self.target} {self.as_of.isoformat()}".encode())
        for call_id, row in zip(self.call_ids, self.rows, strict=True):
            digest.update(f"{call_id} {row}".encode())
        digest.update(self.y.tobytes())
        digest.update(self.judged_at.tobytes())
        return digest.hexdigest()[:24]


def training_data(as_of: datetime) -> dict[Target, TrainingData]:
    """The rows that may be learned from as of a moment, for each target."""
    import numpy as np

    labels = labels_as_of(as_of)
    labelled = labels["progression"].keys() | labels["voice_ai"].keys()
    snapshots = [s for s in snapshots_as_of(as_of) if s.call_id in labelled]
    built = {s.call_id: build(s) for s in snapshots}
    data = {}
    for target in TARGETS:
        mine = [s for s in snapshots if s.call_id in labels[target]]
        mine.sort(key=lambda s: (s.judged_at, s.call_id))
        data[target] = TrainingData(
            target=target,
            as_of=as_of,
            call_ids=[s.call_id for s in mine],
            rows=[built[s.call_id] for s in mine],
            y=np.array([labels[target][s.call_id].happened for s in mine], dtype=bool),
            judged_at=np.array([s.judged_at for s in mine], dtype="datetime64[us]"),
            matures_at=np.array([labels[target][s.call_id].matures_at for s in mine], dtype="datetime64[us]"),
            source=", ".join(sorted({s.call_id.split(":", 1)[0] for s in mine})),
        )
    return data
