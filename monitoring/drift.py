"""Drift: are recent calls like those the champion learned from? Evidently says it, in a page and as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.encoding import Encoding
from ringback.errors import NotEnoughData
from ringback.records import Value

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 5_000
LEAST_ROWS = 200
"""With fewer rows a side, chance alone moves the index of every seventh unmoved feature over the threshold."""
PSI_MOVED = 0.2
"""Population stability index from which a feature has moved (Siddiqi 2006, "Credit Risk Scorecards": a large shift)."""
SHARE_MOVED = 0.3
MOST_FEATURES = 20


@dataclass(frozen=True, slots=True)
class Drift:
    """What moved between the reference and the recent calls."""

    reference_rows: int
    recent_rows: int
    psi: dict[str, float]
    """Population stability index by feature, the largest first."""
    report: Path

    @property
    def moved(self) -> list[str]:
        """Features whose index says a large shift."""
        return [name for name, value in self.psi.items() if value >= PSI_MOVED]

    @property
    def drifted(self) -> bool:
        """Whether so many features moved that the model should be looked at."""
        return bool(self.psi) and len(self.moved) >= SHARE_MOVED * len(self.psi)


def report_drift(
    reference: Sequence[dict[str, Value]],
    recent: Sequence[dict[str, Value]],
    encoding: Encoding,
    names: Sequence[str],
    path: Path,
) -> Drift:
    """Compare recent rows with reference rows on the named features; write `path`.html and `path`.json.

    Raises NotEnoughData with fewer than two hundred rows on either side.
    """
    if min(len(reference), len(recent)) < LEAST_ROWS:
        raise NotEnoughData(
            f"{len(recent)} recent calls against {len(reference)} learned from; "
            f"{LEAST_ROWS} of each are needed to see drift"
        )
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    usable = _usable(reference, recent, encoding, names)
    definition = DataDefinition(
        numerical_columns=[name for name in usable if name in encoding.numbers],
        categorical_columns=[name for name in usable if name in encoding.categories],
    )
    made = Report([DataDriftPreset(method="psi", threshold=PSI_MOVED, drift_share=SHARE_MOVED)]).run(
        Dataset.from_pandas(_frame(recent, encoding, usable), definition),
        Dataset.from_pandas(_frame(reference, encoding, usable), definition),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_html(str(path.with_suffix(".html")))
    stored = loads(made.json())
    path.with_suffix(".json").write_text(dumps(stored, indent=1))
    return Drift(len(reference), len(recent), _psi(stored), path.with_suffix(".html"))


def _usable(
    reference: Sequence[dict[str, Value]], recent: Sequence[dict[str, Value]], encoding: Encoding, names: Sequence[str]
) -> list[str]:
    """The named features that have values on both sides, at most the first twenty."""
    known = set(encoding.numbers) | set(encoding.categories)
    return [
        name
        for name in names
        if name in known and all(any(row.get(name) is not None for row in rows) for rows in (reference, recent))
    ][:MOST_FEATURES]


def _frame(rows: Sequence[dict[str, Value]], encoding: Encoding, names: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    step = max(1, len(rows) // SAMPLE_ROWS)
    sampled = rows[::step]
    return pd.DataFrame(
        {
            name: [row.get(name) for row in sampled]
            if name in encoding.numbers
            else [str(row.get(name)) for row in sampled]
            for name in names
        }
    ).astype({name: "float64" for name in names if name in encoding.numbers})


def _psi(stored: dict[str, Any]) -> dict[str, float]:
    found = {
        metric["config"]["column"]: float(metric["value"])
        for metric in stored["metrics"]
        if "column" in metric.get("config", {})
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))
