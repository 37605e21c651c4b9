"""What a quiet week would look like, foretold from the reference's own weeks, and how far the recent ones are from it.

A weekly mean m(t) of n(t) rows is modelled as level + trend + weekly variation + sampling noise, in units of the
standard deviation within a week: the level is unknown, the trend a line with slope of standard deviation κ over the
reference, the weekly variation an autocorrelated process of standard deviation τ and correlation ρ from one week to
the next, and the noise has variance 1/n(t). Nobody knows κ, τ and ρ, so every combination of a grid foretells the
recent window (a Gaussian process, Rasmussen and Williams 2006, section 2.2 and 2.7), and counts by how well it
explains the reference's weeks. Two things follow: a feature that swings from week to week must move further before it
alarms, and with few weeks, where τ is hardly known, the tails are heavy of themselves. How large τ tends to be is
learned from all features of the data set together (empirical Bayes, Efron and Morris 1975), which is what makes eight
weeks of reference usable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TAUS = (0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.27, 0.4, 0.6, 0.9, 1.4)
RHOS = (0.0, 0.4, 0.7, 0.9, 0.98)
KAPPAS = (0.0, 0.5)
LEVEL_VARIANCE = 25.0
MOST_WEEKS = 60
FLAT_SHARE = 0.2
"""Share of the prior that is not learned from the other features."""
ROUNDS = 3
NEGLIGIBLE = 1e-9
NORMAL_FROM = 200.0
"""Expected rows from which a share is taken as normal; below, its count is negative binomial, as rare things are."""


@dataclass(frozen=True, slots=True)
class Series:
    """Weekly observations of several contrasts of one feature that share their numbers of rows."""

    t: "Floats"
    """Shape (weeks,): the middle of each week, in weeks."""
    n: "Floats"
    """Shape (weeks,): rows, all above 0."""
    mean: "Floats"
    """Shape (weeks, contrasts)."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """What every model of the grid says of every window and contrast, in the contrast's own units."""

    mean: "Floats"
    """Shape (models, windows, contrasts)."""
    variance: "Floats"
    """Shape (models, windows, contrasts), of the window's true mean: sampling noise is not in it."""
    log_likelihood: "Floats"
    """Shape (models, contrasts), of the reference's weeks."""


def grid() -> "Floats":
    """The models: shape (models, 3), each τ, ρ, κ."""
    import numpy as np

    pairs = [(0.0, 0.0), *((tau, rho) for tau in TAUS for rho in RHOS)]
    return np.array([(tau, rho, kappa) for tau, rho in pairs for kappa in KAPPAS])


def foretell(reference: Series, deviations: "Floats", t: "Floats", weights: "Floats") -> Foretold:
    """Foretell windows of later weeks: `t` (later,) their middles, `weights` (windows, later) each summing to 1.

    `deviations` (contrasts,) are standard deviations within a week.
    """
    import numpy as np

    models = grid()
    newest = np.argsort(reference.t)[-MOST_WEEKS:]
    s, n = reference.t[newest], reference.n[newest]
    centre = np.average(reference.mean[newest], axis=0, weights=n)
    y = (reference.mean[newest] - centre) / deviations
    both = np.concatenate([s, t])
    k = len(s)
    covariance = _covariance(both.tobytes(), k)
    noisy = covariance[:, :k, :k] + np.diag(1 / n)
    across = covariance[:, :k, k:] @ weights.T
    solved = np.linalg.solve(noisy, np.concatenate([np.broadcast_to(y, (len(models), *y.shape)), across], axis=2))
    fitted, carried = solved[:, :, : y.shape[1]], solved[:, :, y.shape[1] :]
    mean = np.swapaxes(across, 1, 2) @ fitted
    prior = np.einsum("wi,gij,wj->gw", weights, covariance[:, k:, k:], weights)
    variance = np.maximum(prior - np.einsum("gkw,gkw->gw", across, carried), 0.0)
    log_determinant = np.linalg.slogdet(noisy)[1]
    log_likelihood = -0.5 * (np.einsum("kc,gkc->gc", y, fitted) + log_determinant[:, None])
    return Foretold(centre + mean * deviations, variance[:, :, None] * deviations**2, log_likelihood)


def learned_prior(log_likelihoods: Sequence["Floats"]) -> "Floats":
    """Prior of the models, shape (models,), learned from all contrasts by expectation-maximisation, kept above flat."""
    import numpy as np

    every = np.concatenate(log_likelihoods, axis=1)
    flat = _flat_prior()
    prior = flat
    for _ in range(ROUNDS):
        prior = FLAT_SHARE * flat + (1 - FLAT_SHARE) * posterior(every, prior).mean(axis=1)
    return prior


def posterior(log_likelihood: "Floats", prior: "Floats") -> "Floats":
    """Weights of the models, shape (models, contrasts), each column adding up to 1."""
    import numpy as np

    raw = log_likelihood + np.log(prior)[:, None]
    weights = np.exp(raw - raw.max(axis=0))
    return weights / weights.sum(axis=0)  # type: ignore[no-any-return]


def p_of_means(foretold: Foretold, weights: "Floats", seen: "Floats", n: "Floats", deviations: "Floats") -> "Floats":
    """Two-sided p-values (windows, contrasts) of means `seen` (windows, contrasts) over `n` (windows,) rows."""
    import numpy as np
    from scipy.special import ndtr

    spread = np.sqrt(foretold.variance + (deviations**2)[None, None, :] / n[None, :, None])
    tails = 2 * ndtr(-np.abs(seen[None] - foretold.mean) / spread)
    combined: Floats = np.einsum("gc,gwc->wc", weights, tails)
    return combined


def p_of_shares(foretold: Foretold, weights: "Floats", counts: "Floats", n: "Floats", least: "Floats") -> "Floats":
    """Two-sided p-values (windows, contrasts) of `counts` (windows, contrasts) among `n` (windows,) rows.

    The rarer side is counted; where under 200 rows of it are expected its tail is that of a negative binomial with the
    foretold mean and variance, else normal. `least` (contrasts,) is the smallest share that is thought possible.
    """
    import numpy as np
    from scipy.special import betainc, betaincc, ndtr

    common = np.median(foretold.mean, axis=(0, 1)) > 0.5
    share = np.where(common[None, None], 1 - foretold.mean, foretold.mean)
    rare = np.where(common[None], n[:, None] - counts, counts)[None]
    expected = np.clip(share, least, 1 - least) * n[None, :, None]
    between = foretold.variance * n[None, :, None] ** 2
    size = expected**2 / np.maximum(between, 1e-6 * expected**2)
    chance = size / (size + expected)
    spread = np.sqrt(between + expected * np.maximum(1 - expected / n[None, :, None], 1e-9))
    tails = 2 * ndtr(-np.abs(rare - expected) / spread)
    few = (expected < NORMAL_FROM) & (weights[:, None, :] > NEGLIGIBLE)
    count, size, chance = np.broadcast_to(rare, few.shape)[few], size[few], chance[few]
    upper = np.where(count > 0, betaincc(size, np.maximum(count, 1.0), chance), 1.0)  # as scipy.stats.nbinom, which
    lower = betainc(size, count + 1, chance)  # takes a second longer to import
    tails[few] = np.minimum(1.0, 2 * np.minimum(upper, lower))
    combined: Floats = np.minimum(1.0, np.einsum("gc,gwc->wc", weights, tails))
    return combined


def weighted_holm(p: "Floats", weights: "Floats", level: float) -> "NDArray[np.bool_]":
    """Which hypotheses are rejected at a level for all of them together; weights need not add up to 1.

    Holm 1979, "A simple sequentially rejective multiple test procedure", section 3.

    >>> import numpy as np
    >>> weighted_holm(np.array([0.01, 0.02, 0.4]), np.array([1.0, 1.0, 1.0]), 0.05).tolist()
    [True, True, False]
    """
    import numpy as np

    rejected = np.zeros(len(p), dtype=bool)
    left = float(weights.sum())
    for at in np.argsort(p / weights, kind="stable"):
        if p[at] > level * weights[at] / left:
            break
        rejected[at] = True
        left -= float(weights[at])
    return rejected


def _flat_prior() -> "Floats":
    """Half on no weekly variation or little of it, a fifth on a trend; the rest even."""
    import numpy as np

    tau, _, kappa = grid().T
    prior = np.where(tau == 0, len(RHOS), 1.0) * np.where(kappa == 0, 0.8, 0.2)
    return prior / prior.sum()  # type: ignore[no-any-return]


@lru_cache(maxsize=4)
def _covariance(moments: bytes, reference: int) -> "Floats":
    """Of weekly means without noise under each model: (models, weeks, weeks); features of the same weeks share it."""
    import numpy as np

    t = np.frombuffer(moments)
    tau, rho, kappa = (column[:, None, None] for column in grid().T)
    apart = np.abs(t[:, None] - t[None, :])
    first, last = t[:reference].min(), t[:reference].max()
    line = (t - (first + last) / 2) / max(1.0, last - first)
    weekly = tau**2 * np.where(rho > 0, np.maximum(rho, 1e-12) ** apart, np.maximum(0.0, 1 - apart))
    return LEVEL_VARIANCE + weekly + kappa**2 * np.outer(line, line)  # type: ignore[no-any-return]
