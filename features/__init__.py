"""What a model may know of a call: each feature is one function of a snapshot.

The same `build` serves training, batch scoring and one request, so that they cannot disagree. To add a feature write a
function of a Snapshot, with a return type of `float | None` (a number) or `str | None` (a category), and name it in the
list under it; its docstring says what it means, and in its last paragraph its unit, source and what is missing
(`features/page.py`). `features/batches.py` builds the features of all calls at once.
"""

from collections.abc import Callable

from features.conversation import CONVERSATION
from features.custom import custom_fields
from features.engagement import ENGAGEMENT
from features.firmographic import FIRMOGRAPHIC
from ringback.records import Snapshot, Value

Feature = Callable[[Snapshot], float | None] | Callable[[Snapshot], str | None]

__all__ = ["CONVERSATION", "ENGAGEMENT", "FEATURES", "FIRMOGRAPHIC", "Feature", "build"]

FEATURES: tuple[Feature, ...] = (*FIRMOGRAPHIC, *CONVERSATION, *ENGAGEMENT)


def build(snapshot: Snapshot) -> dict[str, Value]:
    """The features of a snapshot by name; None is "not known"."""
    return {feature.__name__: feature(snapshot) for feature in FEATURES} | custom_fields(snapshot)
