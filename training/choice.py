"""Which of the tried ways to learn is trusted: the one that did best on later calls, or a blend of several alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.calibrate import learn_sigmoid
from training.split import Split
from training.trials import Judged, Trial, losses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALIKE = 0.002
"""Mean log loss, in nats, within which the simpler way to learn is taken."""
AS_GOOD = 1.0
"""Standard errors behind the best within which a trial may join a blend."""
MOST_MEMBERS = 4
BLEND_PAYS = 1.0
"""Standard errors by which blends must have been better than the single best before one is used."""
BLEND = "blend"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The members whose mean log-odds answer, how they are calibrated, and what the system would have said."""

    members: tuple[Trial, ...]
    best: Trial
    sigmoid: tuple[float, float]
    """Slope and intercept over the mean log-odds."""
    loss_of: Mapping[str, float]
    """Mean log loss of each trial over the judged blocks, in nats."""
    in_turn: "NDArray[np.float64]"
    """Probability of each judged row had the choice and the calibration been made by the blocks before it alone.

    Shape (judged rows,). In the first block the simplest trial answers, as it is.
    """

    @property
    def candidate(self) -> str:
        """Name of the only member's candidate, or `blend`."""
        return self.members[0].candidate if len(self.members) == 1 else BLEND

    @property
    def described(self) -> str:
        """The members in words."""
        return " + ".join(map(str, self.members))


def choose(judged: Sequence[Judged], splits: Sequence[Split], y: "NDArray[np.bool_]") -> Chosen:
    """Walk through the blocks, trusting in each what did best before it; `y` has shape (rows,).

    `judged` stand from the simplest to the most flexible.
    """
    import numpy as np
    from scipy.special import expit

    happened = [y[split.judge] for split in splits]
    so_far = SoFar.of(judged, happened)
    said, gains = [expit(judged[0].log_odds[0])], [np.zeros(0)]
    for block in range(1, len(splits)):
        members = so_far.trusted(block, np.concatenate(gains))
        before = np.concatenate([_mean(judged, members, at) for at in range(block)])
        slope, intercept = learn_sigmoid(before, np.concatenate(happened[:block]))
        said.append(expit(slope * _mean(judged, members, block) + intercept))
        blended, alone = (_mean(judged, so_far.blend(block), block), _mean(judged, [so_far.single(block)], block))
        gains.append(losses(alone, happened[block]) - losses(blended, happened[block]))
    every = len(splits)
    members = so_far.trusted(every, np.concatenate(gains))
    pooled = np.concatenate([_mean(judged, members, at) for at in range(every)])
    mean = so_far.mean_loss(every)
    return Chosen(
        members=tuple(judged[at].trial for at in members),
        best=judged[so_far.single(every)].trial,
        sigmoid=learn_sigmoid(pooled, np.concatenate(happened)),
        loss_of={str(one.trial): float(loss) for one, loss in zip(judged, mean, strict=True)},
        in_turn=np.concatenate(said),
    )


@dataclass(frozen=True, slots=True)
class SoFar:
    """Sums of the losses by block, from which any two trials can be compared over the first blocks."""

    rows: "NDArray[np.int64]"
    """Rows of each block; shape (blocks,)."""
    summed: "NDArray[np.float64]"
    """Sum of losses; shape (blocks, trials)."""
    multiplied: "NDArray[np.float64]"
    """Sum of the product of two trials' losses; shape (blocks, trials, trials)."""

    @classmethod
    def of(cls, judged: Sequence[Judged], happened: Sequence["NDArray[np.bool_]"]) -> "SoFar":
        """Add up what the trials lost in each block."""
        import numpy as np

        lost = [np.array([losses(one.log_odds[at], y) for one in judged]) for at, y in enumerate(happened)]
        return cls(
            np.array([len(y) for y in happened]),
            np.array([block.sum(axis=1) for block in lost]),
            np.array([block @ block.T for block in lost]),
        )

    def mean_loss(self, blocks: int) -> "NDArray[np.float64]":
        """Mean loss of each trial over the first blocks; shape (trials,)."""
        return self.summed[:blocks].sum(axis=0) / self.rows[:blocks].sum()  # type: ignore[no-any-return]

    def single(self, blocks: int) -> int:
        """The best; of those that did alike, the one that stands first (the simplest)."""
        import numpy as np

        mean = self.mean_loss(blocks)
        return int(np.flatnonzero(mean <= mean.min() + ALIKE)[0])

    def blend(self, blocks: int) -> list[int]:
        """Up to four trials that cannot be told from the best."""
        import numpy as np

        mean, n = self.mean_loss(blocks), self.rows[:blocks].sum()
        best = int(mean.argmin())
        products = self.multiplied[:blocks].sum(axis=0)
        square = np.diag(products) + products[best, best] - 2 * products[best]
        behind = mean - mean[best]
        error = np.sqrt(np.maximum(0.0, square / n - behind**2) / n)
        return [int(at) for at in np.argsort(mean, kind="stable") if behind[at] <= AS_GOOD * error[at]][:MOST_MEMBERS]

    def trusted(self, blocks: int, gain: "NDArray[np.float64]") -> list[int]:
        """The blend where blends have paid so far, by the `gain` of each row over the single best, else the single."""
        if len(gain) and gain.mean() > BLEND_PAYS * gain.std() / len(gain) ** 0.5:
            return self.blend(blocks)
        return [self.single(blocks)]


def _mean(judged: Sequence[Judged], members: Sequence[int], block: int) -> "NDArray[np.float64]":
    import numpy as np

    return np.mean([judged[at].log_odds[block] for at in members], axis=0)  # type: ignore[no-any-return]
