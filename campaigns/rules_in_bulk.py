"""Rules over many members at once: the same tests as `campaigns.rules.decide`, on columns instead of values.

Numbers, flags and dates are tested as arrays. Texts are tested once for each that differs, by the very test that
decides about one member, so that both ways cannot disagree about what a text is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from campaigns.comparisons import Test, microseconds
from campaigns.facts import Kind, MemberFacts
from campaigns.rule_files import Then
from campaigns.rules import NO, OTHERWISE, UNKNOWN, YES, Denied, Joined, Leaf, Node, RuleBook

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    States: TypeAlias = NDArray[np.int8]
    Flags: TypeAlias = NDArray[np.bool_]

Key: TypeAlias = tuple[str, Kind]
"""A fact and what it is read as."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers, flags, or dates as microseconds; where `known` is false the value means nothing."""

    values: Any
    known: "Flags"

    def test(self, tests: Sequence[Test], now: Any) -> Any:
        """For each member whether its value passes."""
        return tests[0](self.values, now)


@dataclass(frozen=True, slots=True)
class Texts:
    """A text for each member: which of the distinct ones."""

    codes: Any
    distinct: Sequence[str]
    known: "Flags"

    def test(self, tests: Sequence[Test], now: Any) -> Any:
        """For each member whether its text passes."""
        return _passing(self.distinct, tests[0])[self.codes]


@dataclass(frozen=True, slots=True)
class Lists:
    """A list of texts for each member: all entries one after the other, and where each member's begin."""

    codes: Any
    distinct: Sequence[str]
    starts: Any
    known: "Flags"

    def test(self, tests: Sequence[Test], now: Any) -> Any:
        """For each member whether every test is passed by one of its entries."""
        import numpy as np

        passed = np.ones(len(self.known), dtype=bool)
        for test in tests:
            before = np.concatenate([[0], np.cumsum(_passing(self.distinct, test)[self.codes])])
            passed &= before[self.starts[1:]] > before[self.starts[:-1]]
        return passed


Column = Numbers | Texts | Lists


@dataclass(frozen=True, slots=True)
class Table:
    """What a book's rules read of members, by columns."""

    rows: int
    now: Any
    """The moment of each, in microseconds."""
    columns: dict[Key, Column]


@dataclass(frozen=True, slots=True)
class DecidedAll:
    """What rules say of many members."""

    book: RuleBook
    numbers: Any
    """Of each the number of the rule that decides; the number of rules where none does."""

    @property
    def thens(self) -> list[Then]:
        """What is decided about each member."""
        said = (*(rule.then for rule in self.book.rules), self.book.otherwise)
        return [said[number] for number in self.numbers.tolist()]

    @property
    def rules(self) -> list[str]:
        """Which rule decides about each member."""
        names = (*(rule.name for rule in self.book.rules), OTHERWISE)
        return [names[number] for number in self.numbers.tolist()]


def table_of(book: RuleBook, facts: Sequence[MemberFacts]) -> Table:
    """What the rules of a book read of members, by columns."""
    import numpy as np

    leaves = {_key(leaf): leaf for leaf in book.leaves()}
    now = np.array([microseconds(one.at) for one in facts], dtype=np.int64)
    return Table(len(facts), now, {key: _column(leaf, facts) for key, leaf in leaves.items()})


def decide_all(book: RuleBook, table: Table) -> DecidedAll:
    """What rules say of all members of a table; the same as `decide` says of each."""
    import numpy as np

    numbers = np.full(table.rows, len(book.rules), dtype=np.int64)
    for number, rule in reversed(list(enumerate(book.rules))):
        if rule.when is None:
            numbers[:] = number
        else:
            numbers[_weighed(rule.when, table) == YES] = number
    return DecidedAll(book, numbers)


def _weighed(node: Node, table: Table) -> "States":
    import numpy as np

    match node:
        case Leaf():
            return _compared(node, table)
        case Denied():
            return np.asarray(YES - _weighed(node.part, table), dtype=np.int8)
        case Joined():
            join = np.minimum if node.how == "all" else np.maximum
            return np.asarray(join.reduce([_weighed(part, table) for part in node.parts]), dtype=np.int8)


def _compared(leaf: Leaf, table: Table) -> "States":
    import numpy as np

    column = table.columns[_key(leaf)]
    if leaf.wanted is not None:
        return np.where(column.known == leaf.wanted, YES, NO).astype(np.int8)
    passed = np.where(column.test(leaf.tests, table.now), YES, NO)
    return np.where(column.known, passed, UNKNOWN).astype(np.int8)


def _passing(distinct: Sequence[str], test: Test) -> Any:
    import numpy as np

    return np.array([bool(test(one, None)) for one in distinct], dtype=bool)


def _column(leaf: Leaf, facts: Sequence[MemberFacts]) -> Column:
    import numpy as np

    values = [leaf.value(one) for one in facts]
    known = np.array([value is not None for value in values], dtype=bool)
    if leaf.wanted is not None and leaf.kind == "any":
        return Numbers(known, known)
    if leaf.kind == "text":
        codes: dict[str, int] = {"": 0}
        coded = [codes.setdefault(value or "", len(codes)) for value in values]
        return Texts(np.array(coded, dtype=np.int64), list(codes), known)
    if leaf.kind == "texts":
        codes = {}
        entries = [codes.setdefault(one, len(codes)) for value in values for one in value or ()]
        starts = np.concatenate([[0], np.cumsum([len(value or ()) for value in values])]).astype(np.int64)
        return Lists(np.array(entries, dtype=np.int64), list(codes), starts, known)
    if leaf.kind == "date":
        return Numbers(np.array([microseconds(v) if v is not None else 0 for v in values], dtype=np.int64), known)
    if leaf.kind == "flag":
        return Numbers(np.array([bool(value) for value in values], dtype=bool), known)
    return Numbers(np.array([value if value is not None else 0.0 for value in values], dtype=np.float64), known)


def _key(leaf: Leaf) -> Key:
    """Whether a custom field is known does not depend on what it is read as."""
    return leaf.fact.name, leaf.kind
