"""Scoring very many leads at once: the same functions as for one, each called once for each distinct thing it looks at.

What one request gives, a row of a table gives too, to the last bit: features are the same functions
(`features/columnar.py`), the engine is the same, and thresholds are applied by the same policy. Only who is champion
answers; no challenger does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from features import FEATURES
from features.columnar import Coded, Columnar, Watched, not_known, row_of
from features.custom import custom_fields
from intake.mapping import NumberFormat
from ringback.records import Value
from scoring.bulk_columns import FIELDS, Rejected, read_columns
from scoring.engine import Engine
from scoring.explain import reasons
from scoring.judging import Champions, Judged, judge
from scoring.lead import FACTS, FROM_LEAD, NOTHING, LeadRequest, Stored, fact, features_of_lead
from scoring.policy import Policy, priority, recommendation, tier
from scoring.scorer import answer_rows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

SOMETHING = "(known)"
"""Stands for a company's id, of which features ask only whether there is one."""
HAS_NAME = "(has a name with letters)"
"""A column beside those of the table: such a company has an id, whatever else is known of it."""


@dataclass(frozen=True, slots=True)
class BulkScores:
    """Scores of the rows that could be; arrays of shape (scored rows,)."""

    rows: "NDArray[np.int64]"
    """Which rows of the table they are of."""
    progression: "NDArray[np.float64]"
    voice_ai: "NDArray[np.float64] | None"
    points: "NDArray[np.float64]"
    confidence: "NDArray[np.float64]"
    missing: "NDArray[np.int64]"
    """Features that the progression model learned from and the row does not say."""
    reasons: Sequence[tuple[str, ...]] | None
    rejected: Sequence[Rejected]


@dataclass(frozen=True)
class Bulk:
    """Who answers about whole tables."""

    champions: Champions
    rules: Policy
    at: datetime
    rates: Stored = NOTHING
    """How calls have been ending lately; nothing else of it counts."""
    stored_of: Callable[[Mapping[str, Coded], int], Mapping[int, Stored]] = field(default=lambda columns, rows: {})
    """What is stored about leads of a table, by row."""

    def score(self, table: "pa.Table", explain: bool = False, numbers: NumberFormat | None = None) -> BulkScores:
        """Score a table whose columns have the names of LeadRequest's fields; all others are custom fields.

        `numbers` says how they are written where they are words.
        """
        import numpy as np

        columns, rejected = read_columns(table, self._numeric(), numbers)
        wrong = {one.row for one in rejected}
        rows = np.array([row for row in range(len(table)) if row not in wrong], dtype=np.int64)
        if wrong:
            columns = {name: Coded(column.codes[rows], column.values) for name, column in columns.items()}
        if self.champions.progression is None:
            return self._by_rules(columns, rows, rejected)
        features = self._features(columns, len(rows))
        known = self._known(columns, len(rows))
        first, second = (self._matrix(engine, features, known, len(rows)) for engine in self._pair)
        missing = not_known(features, self.champions.progression.features, len(rows))
        for row, built in known.items():
            missing[row] = _share(built, self.champions.progression)
        judged = judge(self.champions, first, second, missing, self.rules, explain)
        return BulkScores(
            rows, judged.progression, judged.voice_ai, judged.points, judged.confidence,
            np.rint(missing * len(self.champions.progression.features)).astype(np.int64),
            _why(judged, features, known) if explain else None, rejected,
        )  # fmt: skip

    @property
    def _pair(self) -> tuple[Engine | None, Engine | None]:
        return self.champions.progression, self.champions.voice_ai

    def _numeric(self) -> frozenset[str]:
        """Custom fields that the models learned as numbers."""
        engines = [engine for engine in self._pair if engine]
        return frozenset(name for engine in engines for name in engine.encoding.numbers)

    def _features(self, columns: Mapping[str, Coded], rows: int) -> dict[str, Coded]:
        """Every feature as a column."""
        names = columns["company_name"]
        has_name = [name is not None and any(map(str.isalnum, name)) for name in names.values]
        columnar = Columnar({**columns, HAS_NAME: _yes_or_no(names.codes, has_name)}, rows)
        made = {feature.__name__: columnar.column(self._of_row(feature)) for feature in FEATURES}
        for name in columns:
            if name not in FIELDS:
                made |= self._custom(name, columns[name])
        return made

    def _of_row(self, feature: Any) -> Callable[[Watched], Value]:
        """A feature as a function of a row of the table."""
        return lambda row: feature(_Snapshot(row, self.rates, self.at))

    def _custom(self, name: str, column: Coded) -> dict[str, Coded]:
        """The features of a custom column: one, or three where it holds dates."""
        each = [custom_fields(_Custom({name: value}, self.at)) for value in column.values]  # type: ignore[arg-type]
        names = dict.fromkeys(made for row in each for made in row)
        return {made: Coded(column.codes, [row.get(made) for row in each]) for made in names}

    def _known(self, columns: Mapping[str, Coded], rows: int) -> dict[int, Mapping[str, Value]]:
        """The features of those rows about which something is stored."""
        found: dict[int, Mapping[str, Value]] = {}
        for row, stored in self.stored_of(columns, rows).items():
            said = {name: value for name, column in columns.items() if (value := column.of(row)) is not None}
            lead = LeadRequest.model_construct(**{name: said.pop(name) for name in FIELDS if name in said})
            lead.__pydantic_extra__.update(said)  # files may have more columns, and longer names, than requests may
            found[row] = features_of_lead(lead, stored, self.at)
        return found

    def _matrix(
        self, engine: Engine | None, features: Mapping[str, Coded], known: Mapping[int, Mapping[str, Value]], rows: int
    ) -> Any:
        if engine is None:
            return None
        matrix = engine.encoding.encode_columns(features, rows)
        for row, built in known.items():
            matrix[row] = engine.encoding.encode([built])[0]
        return matrix

    def _by_rules(
        self, columns: Mapping[str, Coded], rows: "NDArray[np.int64]", rejected: Sequence[Rejected]
    ) -> BulkScores:
        """What the rules say, row by row."""
        import numpy as np

        features = self._features(columns, len(rows))
        known = self._known(columns, len(rows))
        built = [known.get(row) or row_of(features, row) for row in range(len(rows))]
        answers = list(answer_rows(built, Champions(None, None), self.rules))
        return BulkScores(
            rows,
            np.array([one.progression for one in answers]),
            np.array([one.voice_ai for one in answers], dtype=float),
            np.array([one.points for one in answers]),
            np.array([one.confidence for one in answers]),
            np.array([sum(value is None for value in row.values()) for row in built], dtype=np.int64),
            [one.reasons for one in answers],
            rejected,
        )


@dataclass(slots=True)
class _Custom:
    """As much of a snapshot as custom fields look at."""

    custom: Mapping[str, Value]
    called_at: datetime


class _Snapshot:
    """A snapshot whose parts are made when a feature asks for them, so that it is seen what each looks at."""

    def __init__(self, row: Watched, rates: Stored, at: datetime) -> None:
        self._row, self._rates, self._at = row, rates, at
        self.company = _Company(row, rates)

    def __getattr__(self, name: str) -> Any:
        if name == "company_id" and getattr(self._row, HAS_NAME):
            return SOMETHING
        return FROM_LEAD[name](self._row, self._rates, self._at)


class _Company:
    """The facts of a company, each looked up when a feature asks for it for the first time."""

    def __init__(self, row: Watched, rates: Stored) -> None:
        self._row, self._rates = row, rates

    def __getattr__(self, name: str) -> Any:
        value = fact(name, self._row, self._rates) if name in FACTS else None
        setattr(self, name, value)
        return value


def _yes_or_no(codes: "NDArray[np.int64]", values: Sequence[bool]) -> Coded:
    import numpy as np

    return Coded(np.array(values, dtype=np.int64)[codes], (False, True))


def _share(row: Mapping[str, Value], engine: Engine) -> float:
    from features.confidence import missing_share

    return missing_share(row, engine.features)


def _why(
    judged: Judged, features: Mapping[str, Coded], known: Mapping[int, Mapping[str, Value]]
) -> list[tuple[str, ...]]:
    assert judged.contributions is not None  # noqa: S101  (asked for)
    said = []
    for n, points in enumerate(judged.contributions.tolist()):
        row = known.get(n)
        looked_up = row if row is not None else _Lookup(features, n)
        said.append(reasons(dict(zip(judged.features, points, strict=True)), looked_up))
    return said


class _Lookup(dict[str, Value]):
    """A row of features that is looked up only where it is asked for."""

    def __init__(self, columns: Mapping[str, Coded], row: int) -> None:
        super().__init__()
        self._columns, self._row = columns, row

    def get(self, name: str, default: Any = None) -> Any:
        column = self._columns.get(name)
        return default if column is None else column.of(self._row)


def outcomes(scores: BulkScores, rules: Policy) -> dict[str, list[Any]]:
    """The scores as columns of plain values, as the reply to one request words them."""
    import numpy as np

    points = np.rint(scores.points).astype(int).tolist()
    fits = [None] * len(points) if scores.voice_ai is None else np.rint(100 * scores.voice_ai).astype(int).tolist()
    recommended = [recommendation(score, rules) for score in range(101)]
    return {
        "qualification_score": points,
        "voice_ai_fit": fits,
        "progression_probability": [round(p, 6) for p in scores.progression.tolist()],
        "recommendation": [recommended[score] for score in points],
        "priority": [priority(score, fit, rules) for score, fit in zip(points, fits, strict=True)],
        "tier": [tier(round(p, 6), rules) for p in scores.progression.tolist()],
        "confidence": [round(sure, 3) for sure in scores.confidence.tolist()],
        "missing_features": scores.missing.tolist(),
    }
