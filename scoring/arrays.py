"""The plain arrays of a compiled model, and their file: numbers only, nothing that could be code."""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BOOSTED, VOTES, LINE = 0, 1, 2
"""Kinds of members: trees that add up log-odds, trees that add up a probability, a line through log-odds."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of some rows; arrays of shape (rows,)."""

    log_odds: "NDArray[np.float64]"
    probability: "NDArray[np.float64]"
    spread: "NDArray[np.float64]"
    """How far its members are apart, in log-odds: their standard deviation."""


@dataclass(frozen=True)
class Arrays:
    """A weighted sum of members' log-odds; members are groups of trees, or lines.

    Shapes: (members,), (trees,), (nodes,), (lines, columns).
    """

    weights: "NDArray[np.float64]"
    intercept: float
    surest: float
    kinds: "NDArray[np.int32]"
    start: "NDArray[np.float64]"
    """What a member says before its trees or columns are added."""
    expected: "NDArray[np.float64]"
    """What a member says on average over its training rows, in its own sums."""
    tree_member: "NDArray[np.int32]"
    roots: "NDArray[np.int32]"
    tree_nodes: "NDArray[np.int32]"
    tree_degree: "NDArray[np.int32]"
    feature: "NDArray[np.int32]"
    """Column asked at a node; -1 at a leaf."""
    threshold: "NDArray[np.float32]"
    default_left: "NDArray[np.bool_]"
    left: "NDArray[np.int32]"
    """The left child; the right one lies beside it."""
    value: "NDArray[np.float64]"
    parent: "NDArray[np.int32]"
    earlier: "NDArray[np.int32]"
    """The last node above on whose edge the same feature was asked, or -1."""
    share: "NDArray[np.float64]"
    """Of training rows that goes this way at all the edges of the node's feature together; 1 at a root."""
    line_of: "NDArray[np.int32]"
    median: "NDArray[np.float64]"
    slope: "NDArray[np.float64]"
    when_missing: "NDArray[np.float64]"
    line_mean: "NDArray[np.float64]"

    def answer(self, X: "NDArray[np.float32]") -> Said:
        """What the model says of each row of a matrix of shape (rows, columns)."""
        import numpy as np

        from scoring.kernels import answer_rows

        said = Said(*(np.empty(len(X)) for _ in range(3)))
        answer_rows(
            X, said.log_odds, said.probability, said.spread, self.weights, self.intercept, self.surest, self.kinds,
            self.start, self.tree_member, self.roots, *self.steps, self.value, self.line_of, self.median, self.slope,
            self.when_missing,
        )  # fmt: skip
        return said

    def explain(self, X: "NDArray[np.float32]") -> "NDArray[np.float64]":
        """What each column contributed to the log-odds, shape (rows, columns); with `base` they add up to them."""
        import numpy as np

        from scoring.shapley import explain_rows

        contributions = np.zeros(X.shape)
        explain_rows(
            X, contributions, self.expected, self.weights, self.surest, self.kinds, self.tree_member, self.roots,
            self.tree_nodes, self.tree_degree, self.feature, self.threshold, self.default_left, self.left, self.value,
            self.line_of, self.median, self.slope, self.when_missing, self.parent, self.earlier,
            *self.quadrature, self.line_mean, *self.tables,
        )  # fmt: skip
        return contributions

    @cached_property
    def steps(self) -> "tuple[Any, ...]":
        """Steps from a tree's root to its deepest leaf, and of each node what a step reads; a leaf leads to itself."""
        import numpy as np

        depth, deepest = [0] * len(self.feature), []
        parent = self.parent.tolist()
        for root, nodes in zip(self.roots.tolist(), self.tree_nodes.tolist(), strict=True):
            for node in range(root + 1, root + nodes):
                depth[node] = depth[parent[node]] + 1
            deepest.append(max(depth[root : root + nodes]))
        leaf = self.feature < 0
        return (
            np.array(deepest, dtype=np.int32),
            np.where(leaf, 0, self.feature).astype(np.int32),
            np.where(leaf, np.float32(np.inf), self.threshold).astype(np.float32),
            self.default_left | leaf,
            np.where(leaf, np.arange(len(leaf)), self.left).astype(np.int32),
        )

    @cached_property
    def quadrature(self) -> "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]":
        """Of each node, its way taken or not, and each point: factor, inverse and pull (`shapley.shapley_tree`)."""
        import numpy as np

        most = int(self.tree_degree.max(initial=1))
        t, weight = np.full((len(self.value), most), 0.5), np.zeros((len(self.value), most))
        degree_of = np.repeat(self.tree_degree, self.tree_nodes)
        for degree in set(self.tree_degree.tolist()):
            at, weighed = np.polynomial.legendre.leggauss(degree)
            t[degree_of == degree, :degree], weight[degree_of == degree, :degree] = (at + 1) / 2, weighed / 2
        way, z = np.array([0.0, 1.0])[None, :, None], self.share[:, None, None]
        factor = t[:, None, :] * way + (1 - t[:, None, :]) * z
        return factor, 1 / factor, weight[:, None, :] * (way - z) / factor

    @cached_property
    def tables(self) -> "tuple[NDArray[Any], ...]":
        """The contributions of small trees by the way their splits come out (`shapley.tabulate`)."""
        import numpy as np

        from scoring.shapley import MOST_TABULATED, tabulate

        asked: list[int] = []
        asked_at, table_at, size = [0], [], 0
        for root, nodes in zip(self.roots.tolist(), self.tree_nodes.tolist(), strict=True):
            splits = nodes // 2
            columns = sorted(set(self.feature[root : root + nodes].tolist()) - {-1}) if splits <= MOST_TABULATED else []
            table_at.append(size if splits <= MOST_TABULATED else -1)
            size += 2**splits * len(columns) if columns else 0
            asked += columns
            asked_at.append(len(asked))
        table = np.zeros(size)
        places = tuple(np.array(one, dtype=np.int32) for one in (table_at, asked, asked_at))
        tabulate(
            int(self.feature.max(initial=0)) + 1, self.roots, self.tree_nodes, self.tree_degree, self.feature,
            self.left, self.value, self.parent, self.earlier, *self.quadrature, table, *places,
        )  # fmt: skip
        return table, *places

    @property
    def base(self) -> float:
        """The log-odds that the contributions start from."""
        from scoring.kernels import as_log_odds

        said = (
            weight * as_log_odds(int(kind), float(mean), self.surest)
            for weight, kind, mean in zip(self.weights, self.kinds, self.expected, strict=True)
        )
        return self.intercept + float(sum(said))


def save_arrays(arrays: Arrays, path: Path, **texts: str) -> None:
    """Write arrays and texts to a file that is whole or not there."""
    import os
    from tempfile import NamedTemporaryFile

    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        np.savez(part, **{field.name: getattr(arrays, field.name) for field in fields(Arrays)}, **texts)  # type: ignore[arg-type]
        part.flush()
        os.fsync(part.fileno())
    os.replace(part.name, path)


def load_arrays(path: Path) -> tuple[Arrays, dict[str, str]]:
    """Read what `save_arrays` wrote; raises OSError or ValueError where it is not there or damaged."""
    import numpy as np

    names = {field.name for field in fields(Arrays)}
    found: dict[str, Any] = {}
    texts: dict[str, str] = {}
    with np.load(path, allow_pickle=False) as stored:
        for name in stored.files:
            one = stored[name]
            if name not in names:
                texts[name] = str(one)
            else:
                found[name] = one if one.ndim else float(one)
    if found.keys() != names:
        raise ValueError(f"{path} lacks {', '.join(sorted(names - found.keys()))}")
    return Arrays(**found), texts
