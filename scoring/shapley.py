"""What each column contributed to an answer, exactly: compiled functions, row by row.

Shapley values are those of path-dependent TreeSHAP (Lundberg et al. 2020, "From local explanations to global
understanding with explainable AI for trees"), computed by quadrature: in a leaf of value v whose path asks d different
features, with o either 1 or 0 as the row goes the path's way or not, and z the share of training rows that did, feature
j has

    v (o_j - z_j) * integral over t in [0, 1] of the product over k != j of (t o_k + (1 - t) z_k)

of which the integrand is a polynomial of degree d - 1, so that Gauss-Legendre with d/2 nodes, rounded up, is exact. Of
small trees the result is tabulated for every way in which their splits can come out.
"""

from typing import Any

import numpy as np

from scoring.arrays import LINE, VOTES
from scoring.kernels import Floats, Singles, Wholes, as_log_odds, compiled

MOST_TABULATED = 7
"""Splits of a tree up to which its contributions are tabulated: 128 ways in which seven can come out."""


@compiled
def shapley_tree(
    lefts: Any,
    phi: Floats,
    first: int,
    nodes: int,
    degree: int,
    feature: Wholes,
    left: Wholes,
    value: Floats,
    parent: Wholes,
    earlier: Wholes,
    factor: Floats,
    inverse: Floats,
    pull: Floats,
    way: Wholes,
    product: Floats,
    below: Floats,
) -> None:
    """Add one tree's contributions to `phi`, one number a column; `lefts` says at which nodes the row goes left.

    Nodes of a tree lie together with parents first. `earlier` is the last node above on whose edge the same feature was
    asked (or -1). With o as 0 or 1 and at each point t of the quadrature, `factor` is t o + (1 - t) z, `inverse` one
    over it, and `pull` (o - z) over it times the point's weight; all of shape (nodes, 2, points).
    `way`, `product` and `below` are room for one tree: whether the row goes this way, the product over the path, and
    its sum over the leaves below.
    """
    for g in range(degree):
        product[0, g] = 1.0
        below[0, g] = 0.0
    for i in range(1, nodes):
        node = first + i
        above = parent[node]
        before, up = earlier[node], above - first
        o = np.int32(lefts[up] == (left[above] == node))
        if before >= 0:
            was = way[before - first]
            o *= was
            for g in range(degree):
                product[i, g] = product[up, g] * factor[node, o, g] * inverse[before, was, g]
        else:
            for g in range(degree):
                product[i, g] = product[up, g] * factor[node, o, g]
        way[i] = o
        for g in range(degree):
            below[i, g] = 0.0
    for i in range(nodes - 1, 0, -1):
        node = first + i
        up, before, o = parent[node] - first, earlier[node], way[i]
        if feature[node] < 0:
            for g in range(degree):
                below[i, g] = value[node] * product[i, g]
        mine = 0.0
        if before >= 0:
            was = way[before - first]
            for g in range(degree):
                mine += below[i, g] * (pull[node, o, g] - pull[before, was, g])
        else:
            for g in range(degree):
                mine += below[i, g] * pull[node, o, g]
        for g in range(degree):
            below[up, g] += below[i, g]
        phi[feature[first + up]] += mine


@compiled
def tabulate(
    columns: int,
    roots: Wholes,
    tree_nodes: Wholes,
    tree_degree: Wholes,
    feature: Wholes,
    left: Wholes,
    value: Floats,
    parent: Wholes,
    earlier: Wholes,
    factor: Floats,
    inverse: Floats,
    pull: Floats,
    table: Floats,
    table_at: Wholes,
    asked: Wholes,
    asked_at: Wholes,
) -> None:
    """The contributions of each small tree for every way in which its splits can come out, once and for all.

    A row of `table` from `table_at` on is one way, its bits the splits in the order of nodes; its numbers are those of
    the columns in `asked` from `asked_at` on.
    """
    largest = 2 * MOST_TABULATED + 1
    lefts = np.zeros(largest, dtype=np.bool_)
    way = np.ones(largest, dtype=np.int32)
    product, below = np.empty((largest, factor.shape[2])), np.empty((largest, factor.shape[2]))
    phi = np.zeros(columns)
    for t in range(len(roots)):
        if table_at[t] < 0:
            continue
        count = asked_at[t + 1] - asked_at[t]
        for pattern in range(2 ** (tree_nodes[t] // 2)):
            split = 0
            for i in range(tree_nodes[t]):
                if feature[roots[t] + i] >= 0:
                    lefts[i] = (pattern >> split) & 1
                    split += 1
            phi[:] = 0.0
            shapley_tree(
                lefts, phi, roots[t], tree_nodes[t], tree_degree[t], feature, left, value, parent, earlier, factor,
                inverse, pull, way, product, below,
            )  # fmt: skip
            for j in range(count):
                table[table_at[t] + pattern * count + j] = phi[asked[asked_at[t] + j]]


@compiled
def explain_rows(
    X: Singles,
    contributions: Floats,
    expected: Floats,
    weights: Floats,
    surest: float,
    kinds: Wholes,
    tree_member: Wholes,
    roots: Wholes,
    tree_nodes: Wholes,
    tree_degree: Wholes,
    feature: Wholes,
    threshold: Singles,
    default_left: Any,
    left: Wholes,
    value: Floats,
    line_of: Wholes,
    median: Floats,
    slope: Floats,
    when_missing: Floats,
    parent: Wholes,
    earlier: Wholes,
    factor: Floats,
    inverse: Floats,
    pull: Floats,
    line_mean: Floats,
    table: Floats,
    table_at: Wholes,
    asked: Wholes,
    asked_at: Wholes,
) -> None:
    """Contributions of each column to each row's log-odds, shape (rows, columns); with `base` they add up to it.

    `expected` is what each member says on average over its training rows, in its own sums.
    """
    members, columns = len(kinds), X.shape[1]
    largest = 1
    for t in range(len(roots)):
        largest = max(largest, tree_nodes[t])
    lefts = np.zeros(largest, dtype=np.bool_)
    way = np.ones(largest, dtype=np.int32)
    product, below = np.empty((largest, factor.shape[2])), np.empty((largest, factor.shape[2]))
    phi = np.empty((members, columns))
    for n in range(len(X)):
        x = X[n]
        phi[:] = 0.0
        for t in range(len(roots)):
            pattern = split = 0
            for i in range(tree_nodes[t]):
                node = roots[t] + i
                if feature[node] >= 0:
                    v = x[feature[node]]
                    lefts[i] = (v < threshold[node]) | ((v != v) & default_left[node])
                    pattern |= int(lefts[i]) << split
                    split += 1
            mine_at = tree_member[t]
            if table_at[t] >= 0:
                count = asked_at[t + 1] - asked_at[t]
                row = table_at[t] + pattern * count
                for j in range(count):
                    phi[mine_at, asked[asked_at[t] + j]] += table[row + j]
            else:
                shapley_tree(
                    lefts, phi[mine_at], roots[t], tree_nodes[t], tree_degree[t], feature, left, value, parent,
                    earlier, factor, inverse, pull, way, product, below,
                )  # fmt: skip
        for m in range(members):
            if kinds[m] == LINE:
                at = line_of[m]
                for j in range(columns):
                    if np.isnan(x[j]):
                        mine = slope[at, j] * median[at, j] + when_missing[at, j]
                    else:
                        mine = slope[at, j] * np.float64(x[j])
                    phi[m, j] = mine - line_mean[at, j]
        for m in range(members):
            distance = 0.0
            for j in range(columns):
                distance += phi[m, j]
            from_ = as_log_odds(kinds[m], expected[m], surest)
            to = as_log_odds(kinds[m], expected[m] + distance, surest)
            stretch = weights[m]
            is_bent = kinds[m] == VOTES or to != expected[m] + distance or from_ != expected[m]
            if is_bent and abs(distance) > 1e-9:
                stretch *= (to - from_) / distance
            for j in range(columns):
                contributions[n, j] += stretch * phi[m, j]
