"""Leads of whom less is known than of any call: nobody has talked to them yet, or there is hardly more than a name.

Whoever is learned from has been called, so that a model would be asked of such leads what it was never shown, and a
tree sends what is not known anywhere. Some rows are therefore learned from twice: as they are, and with less known
("feature dropout", as for missing modalities in Neverova et al. 2016, "ModDrop"). What a call with notes gets is
learned as before; the answer about a lead without them is how calls with such a company end.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features import CONVERSATION, ENGAGEMENT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAID = frozenset(feature.__name__ for feature in CONVERSATION) | {"attendees"}
"""Known of calls alone."""
HISTORY = frozenset(feature.__name__ for feature in ENGAGEMENT) - SAID
"""Known of everybody: what we have done with a lead ourselves, and how calls have been ending."""
EVERY_BEFORE_A_CALL, EVERY_NAME_ONLY = 4, 12
"""Of how many rows one is learned from without what was said, and one with nothing but its history."""


def less_known(
    X: "NDArray[np.float32]", y: "NDArray[np.bool_]", sources: Sequence[str], blank: "NDArray[np.float32]"
) -> tuple["NDArray[np.float32]", "NDArray[np.bool_]"]:
    """The rows, shape (rows, columns), and after them copies of some with less known, with their outcomes.

    `sources` are the columns' features, `blank` is the row of which nothing is known, shape (columns,). Which rows are
    copied depends on their places alone, so that the same data train the same model.
    """
    import numpy as np

    parts = [(X, y)]
    for start, every, kept in ((0, EVERY_BEFORE_A_CALL, None), (1, EVERY_NAME_ONLY, HISTORY)):
        hidden = [at for at, name in enumerate(sources) if (name in SAID if kept is None else name not in kept)]
        copies = X[start::every].copy()
        copies[:, hidden] = blank[hidden]
        parts.append((copies, y[start::every]))
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([outcomes for _, outcomes in parts])
