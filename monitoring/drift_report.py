"""The drift report: our findings as data, and Evidently's page on a bounded sample of both sides, for people.

Evidently draws; it does not decide. Its method is fixed to PSI because its default changes with the number of rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from features.encoding import Encoding
from monitoring.checks import PSI_MAJOR
from monitoring.drift import Judgement
from monitoring.drift_words import Finding
from monitoring.profile import OUTCOME, SAMPLE_ROWS, SCORE, numbers_of, short
from ringback.records import Value

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROWS = 20
MOST_FEATURES = 20

Rows = Sequence[Mapping[str, Value]]


class Sentences(tuple[str, ...]):
    """Sentences that print one a line."""

    __slots__ = ()

    def __str__(self) -> str:
        return "".join(f"\n  {sentence}" for sentence in self) if self else "nothing"


NOTHING = Sentences()


@dataclass(frozen=True, slots=True)
class Drift:
    """What a check of drift and performance found; what the flow gives."""

    champion: str
    """Whose calls are compared, or that there is none yet."""
    reference_rows: int = 0
    recent_rows: int = 0
    moved: Sentences = NOTHING
    """A sentence for each feature that moved, the costliest first."""
    new: Sentences = NOTHING
    """Those of the features that moved since the last check: only they are told of."""
    not_judged: Sentences = NOTHING
    """What could not be judged, and what is missing."""
    performance: Sentences = NOTHING
    """How the champion did on calls whose outcomes are known, and is expected to do on those that are open."""
    retraining: Sentences = NOTHING
    """Reasons for training again, if any."""
    report: Path | None = None
    """Evidently's page; None where a side has too few rows to draw."""
    psi: Mapping[str, float] = field(default_factory=dict)
    """Population stability index by column of the last four weeks, the largest first."""

    @property
    def drifted(self) -> bool:
        """Whether anything moved."""
        return bool(self.moved)


def write_page(reference: Rows, recent: Rows, encoding: Encoding, names: Sequence[str], path: Path) -> Path | None:
    """Write Evidently's `path`.html and `path`.json of at most 5,000 rows a side and twenty of the named features.

    None where a side has fewer than twenty rows, or no named feature has values on both.
    """
    usable = _usable(reference, recent, encoding, names)
    if min(len(reference), len(recent)) < LEAST_ROWS or not usable:
        return None
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    numbers = numbers_of(encoding)
    definition = DataDefinition(
        numerical_columns=[name for name in usable if name in numbers],
        categorical_columns=[name for name in usable if name in encoding.categories],
    )
    with catch_warnings():
        simplefilter("ignore", RuntimeWarning)  # it divides by the spread of columns that are all alike
        made = Report([DataDriftPreset(method="psi", threshold=PSI_MAJOR)]).run(
            Dataset.from_pandas(_frame(recent, encoding, usable), definition),
            Dataset.from_pandas(_frame(reference, encoding, usable), definition),
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_html(str(path.with_suffix(".html")))
    path.with_suffix(".json").write_text(dumps(loads(made.json()), indent=1))
    return path.with_suffix(".html")


def write_findings(
    path: Path, as_of: datetime, judgement: Judgement, findings: Sequence[Finding], further: Mapping[str, object]
) -> Path:
    """Write what we found, with every figure that was decided on, to `path`.findings.json."""
    file = path.with_name(f"{path.name}.findings.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    said = {
        "as_of": as_of,
        "level": judgement.level,
        "checks": judgement.checks,
        "findings": [asdict(finding) for finding in findings],
        "distances": {name: asdict(distance) for name, distance in judgement.distances.items()},
        "not_judged": judgement.not_judged,
        **further,
    }
    file.write_text(dumps(_plain(said), indent=1, ensure_ascii=False))
    return file


def psi_of(judgement: Judgement) -> dict[str, float]:
    """The index of every column that has one, the largest first."""
    known = {
        {SCORE: "score", OUTCOME: "outcome"}.get(name, name): round(one.psi, 4)
        for name, one in judgement.distances.items()
        if one.psi == one.psi
    }
    return dict(sorted(known.items(), key=lambda item: -item[1]))


def _usable(reference: Rows, recent: Rows, encoding: Encoding, names: Sequence[str]) -> list[str]:
    known = {*numbers_of(encoding), *encoding.categories}
    return [
        name
        for name in names
        if name in known and all(any(row.get(name) is not None for row in rows) for rows in (reference, recent))
    ][:MOST_FEATURES]


def _frame(rows: Rows, encoding: Encoding, names: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    step = max(1, -(-len(rows) // SAMPLE_ROWS))
    sampled, numbers = rows[::step], numbers_of(encoding)
    return pd.DataFrame(
        {
            name: [short(row.get(name)) if name in numbers else str(row.get(name)) for row in sampled]
            for name in names  # one side was kept with six digits, and Evidently compares few values as they are
        }
    ).astype({name: "float64" for name in names if name in numbers})


def _plain(value: object) -> object:
    """What JSON can say: moments as text, and null for what is not a number."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return None if isinstance(value, float) and value != value else value
