"""Python's collector of garbage, told to look less often while much is made that all goes away by itself."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MADE_BETWEEN = 50_000
"""Objects more than went away, between two looks; Python's own 700 has it look at each batch hundreds of times."""


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Within, what was made before is not looked at, and what is made seldom: a tenth of a bulk step is saved."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(MADE_BETWEEN, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
