"""The compiled functions under every answer: trees and lines, row by row.

A row gives the same bits alone as among others, because each is computed by itself, in the same order.
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
