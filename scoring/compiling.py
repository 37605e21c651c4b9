"""A registered model as plain arrays: what the compiled functions read (`scoring/kernels.py`).

A scikit-learn StackingClassifier (training/stack.py) over XGBoost's trees, scikit-learn's and lines becomes one forest
with a member for each part. The trees of all kinds pass through XGBoost's own form (features/trees.py).
"""

from dataclasses import dataclass
from json import loads
from math import log
from typing import TYPE_CHECKING, Any

from scoring.arrays import BOOSTED, LINE, VOTES, Arrays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALLEST_SHARE = 1e-30
"""No share of training rows is zero: it would divide."""


@dataclass(slots=True)
class _Tree:
    """A tree with its nodes breadth first; a leaf's feature is -1."""

    feature: "NDArray[np.int32]"
    threshold: "NDArray[np.float32]"
    default_left: "NDArray[np.bool_]"
    left: "NDArray[np.int32]"
    value: "NDArray[np.float64]"
    parent: "NDArray[np.int32]"
    earlier: "NDArray[np.int32]"
    share: "NDArray[np.float64]"
    degree: int
    mean: float
    """What it says on average over the rows it learned from."""


def compile_stack(stack: Any, columns: int) -> Arrays:
    """The arrays of a fitted StackingClassifier whose matrix has so many columns."""
    import numpy as np

    last = stack.final_estimator_[-1]
    members = [(list(member[0].transformers_[0][2]), member[-1]) for member in stack.estimators_]
    kinds, start, expected = [], [], []
    trees: list[_Tree] = []
    tree_member: list[int] = []
    lines: list[tuple[Any, ...]] = []
    line_of = []
    for at, (used, model) in enumerate(members):
        line_of.append(len(lines))
        if type(model).__name__ == "Pipeline":
            line = _line(model, used, columns)
            lines.append(line[1:])
            kinds.append(LINE)
            start.append(line[0])
            expected.append(float(model[-1].intercept_[0]))
            continue
        base, grown = _trees(model, used)
        kinds.append(VOTES if type(model).__name__ == "RandomForestClassifier" else BOOSTED)
        start.append(base)
        expected.append(base + sum(tree.mean for tree in grown))
        trees += grown
        tree_member += [at] * len(grown)
    roots = np.cumsum([0, *(len(tree.feature) for tree in trees)]).astype(np.int32)[:-1]
    return Arrays(
        weights=np.asarray(last.coef_[0], dtype=np.float64),
        intercept=float(last.intercept_[0]),
        surest=float(stack.final_estimator_.steps[0][1].kw_args["a_min"]),
        kinds=np.array(kinds, dtype=np.int32),
        start=np.array(start, dtype=np.float64),
        expected=np.array(expected, dtype=np.float64),
        tree_member=np.array(tree_member, dtype=np.int32),
        roots=roots,
        tree_nodes=np.array([len(tree.feature) for tree in trees], dtype=np.int32),
        tree_degree=np.array([tree.degree for tree in trees], dtype=np.int32),
        feature=_joined([tree.feature for tree in trees], np.int32),
        threshold=_joined([tree.threshold for tree in trees], np.float32),
        default_left=_joined([tree.default_left for tree in trees], np.bool_),
        left=_joined([tree.left + root for tree, root in zip(trees, roots, strict=True)], np.int32),
        value=_joined([tree.value for tree in trees], np.float64),
        parent=_joined([tree.parent + root for tree, root in zip(trees, roots, strict=True)], np.int32),
        earlier=_joined(
            [np.where(tree.earlier < 0, -1, tree.earlier + root) for tree, root in zip(trees, roots, strict=True)],
            np.int32,
        ),
        share=_joined([tree.share for tree in trees], np.float64),
        line_of=np.array(line_of, dtype=np.int32),
        median=_stacked([line[0] for line in lines], columns),
        slope=_stacked([line[1] for line in lines], columns),
        when_missing=_stacked([line[2] for line in lines], columns),
        line_mean=_stacked([line[3] for line in lines], columns),
    )


def _line(pipeline: Any, used: list[int], columns: int) -> tuple[Any, ...]:
    """Start, median, slope, what is added when missing, and the mean contribution: of each column of the matrix."""
    import numpy as np

    imputer, scaler, line = (step for _, step in pipeline.steps)
    by_prepared = line.coef_[0] / scaler.scale_
    median, slope, when_missing, mean = (np.zeros(columns) for _ in range(4))
    known = np.flatnonzero(~np.isnan(imputer.statistics_))  # a column without any value is dropped by the imputer
    for at, column in enumerate(known):
        median[used[column]] = imputer.statistics_[column]
        slope[used[column]] = by_prepared[at]
        mean[used[column]] += by_prepared[at] * scaler.mean_[at]
    indicated = imputer.indicator_.features_ if imputer.indicator_ is not None else []
    for at, column in enumerate(indicated, start=len(known)):
        when_missing[used[column]] = by_prepared[at]
        mean[used[column]] += by_prepared[at] * scaler.mean_[at]
    return float(line.intercept_[0] - mean.sum()), median, slope, when_missing, mean


def _trees(model: Any, used: list[int]) -> tuple[float, list[_Tree]]:
    """What a booster starts from, and its trees over the columns of the whole matrix."""
    from features.trees import booster_of

    learner = loads(booster_of(model).save_raw("json").decode())["learner"]
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    if learner["objective"]["name"] == "binary:logistic":
        base = log(base / (1 - base))
    return base, [_tree(one, used) for one in learner["gradient_booster"]["model"]["trees"]]


def _tree(plain: dict[str, Any], used: list[int]) -> _Tree:
    import numpy as np

    lefts, rights = plain["left_children"], plain["right_children"]
    order = [0]
    for node in order:
        if lefts[node] >= 0:
            order += [lefts[node], rights[node]]
    place = {node: at for at, node in enumerate(order)}
    nodes = len(order)
    feature, left, parent, earlier = (np.full(nodes, -1, dtype=np.int32) for _ in range(4))
    threshold, default_left = np.zeros(nodes, dtype=np.float32), np.zeros(nodes, dtype=np.bool_)
    value, share, reached = np.zeros(nodes), np.ones(nodes), np.ones(nodes)
    asked: list[dict[int, int]] = [{}]
    """Of each node the features asked above it, each with the last node on whose edge it was."""
    degree = 1
    for at, node in enumerate(order):
        if lefts[node] < 0:
            value[at] = plain["split_conditions"][node]
            degree = max(degree, -(-len(asked[at]) // 2))
            continue
        column = used[plain["split_indices"][node]]
        feature[at], left[at] = column, place[lefts[node]]
        threshold[at], default_left[at] = plain["split_conditions"][node], bool(plain["default_left"][node])
        cover = plain["sum_hessian"]
        for child in (lefts[node], rights[node]):
            to = place[child]
            part = cover[child] / cover[node] if cover[node] else 0.5
            before = asked[at].get(column, -1)
            parent[to], earlier[to] = at, before
            share[to] = max(SMALLEST_SHARE, part * (share[before] if before >= 0 else 1.0))
            reached[to] = reached[at] * part
            asked.append({**asked[at], column: to})
    return _Tree(
        feature, threshold, default_left, left, value, parent, earlier, share, degree, float((value * reached).sum())
    )


def _joined(parts: list[Any], kind: Any) -> Any:
    import numpy as np

    return np.concatenate(parts).astype(kind) if parts else np.zeros(0, dtype=kind)


def _stacked(parts: list[Any], columns: int) -> Any:
    import numpy as np

    return np.array(parts, dtype=np.float64).reshape(len(parts), columns)
