"""Scoring very many leads at once: the same functions as for one, each called once for each distinct thing it looks at.

What one request gives, a row of a table gives too, to the last bit: features are the same functions
(`features/columnar.py`), the engine is the same, and thresholds are applied by the same policy. Only who is champion
answers; no challenger does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import TypeAdapter, ValidationError

from features import FEATURES
from features.columnar import Coded, Columnar, Watched, not_known, row_of
from features.custom import custom_fields
from intake.cells import FALSE, NOT_KNOWN, TRUE, Unreadable, number
from ringback.records import Value
from scoring.engine import Engine
from scoring.explain import reasons
from scoring.judging import Champions, Judged, judge
from scoring.lead import FACTS, FROM_LEAD, NOTHING, Custom, LeadRequest, Stored, fact, features_of_lead, people
from scoring.policy import Policy, priority, recommendation, tier
from scoring.scorer import answer_rows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

FIELDS = tuple(LeadRequest.model_fields)
LISTS = frozenset({"own_speakers", "technologies", "web_functions"})
TEXTS = frozenset({
    "company_name", "lead_id", "email", "call_id", "domain", "industry", "employees", "description", "call_notes",
    "transcript", "title", "job_title", "funding_stage", "country", "business_model", "news", "posts",
})  # fmt: skip
SEPARATOR = ";"
"""Between the values of a cell that holds several."""
SOMETHING = "(known)"
"""Stands for a company's id, of which features ask only whether there is one."""
HAS_NAME = "(has a name with letters)"
"""A column beside those of the table: such a company has an id, whatever else is known of it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be scored as it is."""

    row: int
    column: str
    because: str


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

    def score(self, table: "pa.Table", explain: bool = False) -> BulkScores:
        """Score a table whose columns have the names of LeadRequest's fields; all others are custom fields."""
        import numpy as np

        columns, rejected = read_columns(table, self._numeric())
        wrong = {one.row for one in rejected}
        rows = np.array([row for row in range(len(table)) if row not in wrong], dtype=np.int64)
        if wrong:
            columns = {name: Coded(column.codes[rows], column.values) for name, column in columns.items()}
        if self.champions.progression is None or not len(rows):
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
        for name in columns.keys() - set(FIELDS):
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
            found[row] = features_of_lead(LeadRequest.model_validate(said), stored, self.at)
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

        features = self._features(columns, len(rows)) if len(rows) else {}
        known = self._known(columns, len(rows)) if len(rows) else {}
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


def read_columns(table: "pa.Table", numeric: frozenset[str]) -> tuple[dict[str, Coded], list[Rejected]]:
    """The table's columns, read as what they should be, each distinct value once; and the rows that cannot be.

    `numeric` names the features that are numbers, by which it is known which custom columns are.
    """
    columns: dict[str, Coded] = {}
    rejected: dict[int, Rejected] = {}
    for name in table.column_names:
        column = _coded(table.column(name))
        read, wrong = _read(name, column.values, f"custom.{name}" in numeric)
        columns[name] = Coded(column.codes, read)
        for row in _rows_with(column, wrong):
            rejected.setdefault(row, Rejected(row, name, wrong[int(column.codes[row])]))
    named = columns.get("company_name")
    nameless = {at: "" for at, value in enumerate(named.values) if value is None} if named else {}
    for row in _rows_with(named, nameless) if named else range(len(table)):
        rejected.setdefault(row, Rejected(row, "company_name", "is empty, and every row needs it"))
    return columns, [rejected[row] for row in sorted(rejected)]


def _rows_with(column: Coded, wrong: Mapping[int, str]) -> list[int]:
    import numpy as np

    return np.flatnonzero(np.isin(column.codes, list(wrong))).tolist() if wrong else []


def _coded(column: Any) -> Coded:
    """An Arrow column as its distinct values; null and NaN are None."""
    import numpy as np
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_nested(array.type):
        listed = array.to_pylist()
        places: dict[Any, int] = {}
        keys = [None if one is None else tuple(one) if isinstance(one, list) else str(one) for one in listed]
        return Coded(np.array([places.setdefault(key, len(places)) for key in keys], dtype=np.int64), list(places))
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = [None if isinstance(one, float) and one != one else one for one in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(pa.scalar(len(values), encoded.indices.type)).to_numpy().astype(np.int64)
    return Coded(codes, [*values, None])


def _read(name: str, values: Sequence[Any], is_number: bool) -> tuple[list[Any], dict[int, str]]:
    """Values of a column as its field takes them, and by place why one cannot be."""
    plain: list[Any] = []
    wrong: dict[int, str] = {}
    for at, value in enumerate(values):
        try:
            plain.append(_plain(name, value, is_number))
        except Unreadable as failure:
            plain.append(None)
            wrong[at] = failure.reason
    takes = _takes(name)
    try:
        read = takes.validate_python(plain)
    except ValidationError as failure:
        for one in failure.errors(include_url=False, include_context=False, include_input=False):
            wrong.setdefault(int(one["loc"][0]), one["msg"])
        read = takes.validate_python([None if at in wrong else value for at, value in enumerate(plain)])
    return [people(value) if name == "employees" and value is not None else value for value in read], wrong


def _plain(name: str, value: Any, is_number: bool) -> Any:
    """A cell's words as a value: what says nothing is None, and numbers are read as people write them."""
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return value if isinstance(value, (bool, int, float, tuple, list)) or value is None else str(value)
    words = value.strip()
    if words.lower() in NOT_KNOWN:
        return None
    if name in LISTS:
        return [part.strip() for part in words.split(SEPARATOR) if part.strip()]
    if name in TEXTS or (name not in FIELDS and not is_number):
        return words
    if words.lower() in TRUE | FALSE and not words.isdigit():
        return float(words.lower() in TRUE)
    return number(words, name)


def _yes_or_no(codes: "NDArray[np.int64]", values: Sequence[bool]) -> Coded:
    import numpy as np

    return Coded(np.array(values, dtype=np.int64)[codes], (False, True))


@lru_cache(maxsize=256)
def _takes(name: str) -> TypeAdapter[list[Any]]:
    """What a column's field takes, or nothing."""
    if name not in FIELDS:
        return TypeAdapter(list[Custom])
    one = LeadRequest.model_fields[name]
    takes: Any = Annotated[one.annotation, *one.metadata] if one.metadata else one.annotation
    return TypeAdapter(list[takes | None])


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
