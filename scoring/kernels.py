"""The compiled functions under every answer: trees, lines and their exact contributions, row by row.

A row gives the same bits alone as among others, because each is computed by itself, in the same order. Shapley values
are those of path-dependent TreeSHAP (Lundberg et al. 2020, "From local explanations to global understanding with
explainable AI for trees"), computed by quadrature: in a leaf of value v whose path asks d different features, with o
either 1 or 0 as the row goes the path's way or not, and z the share of training rows that did, feature j has

    v (o_j - z_j) * integral over t in [0, 1] of the product over k != j of (t o_k + (1 - t) z_k)

of which the integrand is a polynomial of degree d - 1, so that Gauss-Legendre with d/2 nodes, rounded up, is exact.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scoring.arrays import LINE, VOTES

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Wholes = NDArray[np.int32]

BLOCK_ROWS = 64
"""Rows that stay near the processor together."""


def compiled(function: Any) -> Any:
    """Machine code, made once and kept beside this file (or where NUMBA_CACHE_DIR says)."""
    return njit(cache=True, nogil=True, fastmath=False)(function)


@compiled
def walk(
    X: Singles,
    nodes: Wholes,
    root: int,
    depth: int,
    feature: Wholes,
    threshold: Singles,
    default_left: Any,
    left: Wholes,
) -> None:
    """The leaf in which each row ends, into `nodes`.

    All rows take a step together, so that none waits for another's; there is no branch that a processor could guess
    wrong. A leaf leads to itself (`Arrays.steps`).
    """
    for n in range(len(X)):
        nodes[n] = root
    for _ in range(depth):
        for n in range(len(X)):
            node = nodes[n]
            v = X[n, feature[node]]
            nodes[n] = left[node] + 1 - np.int32((v < threshold[node]) | ((v != v) & default_left[node]))


@compiled
def member_sums(
    X: Singles,
    sums: Floats,
    kinds: Wholes,
    start: Floats,
    tree_member: Wholes,
    roots: Wholes,
    depth: Wholes,
    feature: Wholes,
    threshold: Singles,
    default_left: Any,
    left: Wholes,
    value: Floats,
    line_of: Wholes,
    median: Floats,
    slope: Floats,
    when_missing: Floats,
    nodes: Wholes,
) -> None:
    """What each member adds up for some rows, shape (rows, members): log-odds, or for a forest the probability.

    Tree by tree, so that a tree stays near; each row adds up in the same order however many there are.
    """
    for n in range(len(X)):
        for m in range(len(kinds)):
            sums[n, m] = start[m]
    for t in range(len(roots)):
        walk(X, nodes, roots[t], depth[t], feature, threshold, default_left, left)
        for n in range(len(X)):
            sums[n, tree_member[t]] += value[nodes[n]]
    for m in range(len(kinds)):
        if kinds[m] == LINE:
            at = line_of[m]
            for n in range(len(X)):
                for j in range(X.shape[1]):
                    if np.isnan(X[n, j]):
                        sums[n, m] += slope[at, j] * median[at, j] + when_missing[at, j]
                    else:
                        sums[n, m] += slope[at, j] * np.float64(X[n, j])


@compiled
def as_log_odds(kind: int, total: float, surest: float) -> float:
    """A member's log-odds; no probability counts as nearer to 0 or 1 than `surest`."""
    if kind == VOTES:
        p = min(max(total, surest), 1 - surest)
        return float(np.log(p / (1 - p)))
    most = float(np.log((1 - surest) / surest))
    return min(max(total, -most), most)


@compiled
def answer_rows(
    X: Singles,
    log_odds: Floats,
    probability: Floats,
    spread: Floats,
    weights: Floats,
    intercept: float,
    surest: float,
    kinds: Wholes,
    start: Floats,
    tree_member: Wholes,
    roots: Wholes,
    depth: Wholes,
    feature: Wholes,
    threshold: Singles,
    default_left: Any,
    left: Wholes,
    value: Floats,
    line_of: Wholes,
    median: Floats,
    slope: Floats,
    when_missing: Floats,
) -> None:
    """Log-odds and probability of each row, and how far its members are apart (standard deviation)."""
    members = len(kinds)
    sums = np.empty((min(len(X), BLOCK_ROWS), members))
    nodes = np.empty(len(sums), dtype=np.int32)
    for first in range(0, len(X), BLOCK_ROWS):
        rows = X[first : first + BLOCK_ROWS]
        member_sums(
            rows, sums, kinds, start, tree_member, roots, depth, feature, threshold, default_left, left, value,
            line_of, median, slope, when_missing, nodes,
        )  # fmt: skip
        for n in range(len(rows)):
            total, mean = intercept, 0.0
            for m in range(members):
                sums[n, m] = as_log_odds(kinds[m], sums[n, m], surest)
                total += weights[m] * sums[n, m]
                mean += sums[n, m] / members
            apart = 0.0
            for m in range(members):
                apart += (sums[n, m] - mean) ** 2 / members
            log_odds[first + n] = total
            probability[first + n] = 1 / (1 + np.exp(-total))
            spread[first + n] = np.sqrt(apart)


@compiled
def shapley_tree(
    x: Singles,
    phi: Floats,
    first: int,
    nodes: int,
    degree: int,
    feature: Wholes,
    threshold: Singles,
    default_left: Any,
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
    """Add one tree's contributions to `phi`, one number a column.

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
        v = x[feature[above]]
        goes_left = (v < threshold[above]) | ((v != v) & default_left[above])
        o = np.int32(goes_left == (left[above] == node))
        before, up = earlier[node], above - first
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
) -> None:
    """Contributions of each column to each row's log-odds, shape (rows, columns); with `base` they add up to it.

    `expected` is what each member says on average over its training rows, in its own sums.
    """
    members, columns = len(kinds), X.shape[1]
    largest = 1
    for t in range(len(roots)):
        largest = max(largest, tree_nodes[t])
    way = np.ones(largest, dtype=np.int32)
    product = np.empty((largest, factor.shape[2]))
    below = np.empty((largest, factor.shape[2]))
    phi = np.empty((members, columns))
    for n in range(len(X)):
        x = X[n]
        phi[:] = 0.0
        for t in range(len(roots)):
            shapley_tree(
                x, phi[tree_member[t]], roots[t], tree_nodes[t], tree_degree[t], feature, threshold, default_left,
                left, value, parent, earlier, factor, inverse, pull, way, product, below,
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
