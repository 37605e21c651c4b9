"""Work on many members in two processes at once: each has a part of their ids, and both do what one would do.

Nothing depends on it: steps of campaigns can be killed anywhere, and several processes may do the same. A process takes
some seconds to start, so it is worth it for many members only, and where there is another processor.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ringback.beside import beside, processors
from ringback.collecting import collecting_seldom

A = TypeVar("A")
T = TypeVar("T")
MANY = 20_000
"""Members from which on a second process earns its start."""
MANY_PARTS, OWN_PARTS, AHEAD = 6, 1, 2
"""Parts from which on it does, those that are done before it has started, and those that it may be ahead."""


@dataclass(frozen=True, slots=True)
class Part:
    """Members by id: those after one, and up to another or to the last."""

    after: str = ""
    until: str | None = None


WHOLE = Part()


def in_parts(work: Callable[[Part], T], middle: Callable[[int], str | None]) -> list[T]:
    """What `work` comes to, for all at once or in two parts; `middle` is asked for the id in the middle of so many.

    `work` must be a function of a module, or a partial of one, so that the other process finds it.
    """
    half = middle(MANY) if processors() > 1 else None
    if half is None:
        return [work(WHOLE)]
    with beside(1) as other:
        theirs = other.submit(_elsewhere, work, Part(half))
        return [work(Part(until=half)), theirs.result()]


def made_ahead(work: Callable[[A], T], parts: Sequence[A]) -> Iterator[T]:
    """What `work` comes to for each part, in order; another process does some ahead where there are many.

    `work` changes nothing, and is such a function as `in_parts` takes.
    """
    if len(parts) < MANY_PARTS or processors() < 2:
        yield from map(work, parts)
        return
    with beside(1) as other:
        coming = deque(other.submit(_elsewhere, work, part) for part in parts[OWN_PARTS : OWN_PARTS + AHEAD])
        yield from map(work, parts[:OWN_PARTS])  # the other one takes some time to start
        for part in parts[OWN_PARTS + AHEAD :]:
            made = coming.popleft().result()
            coming.append(other.submit(_elsewhere, work, part))
            yield made
        yield from (one.result() for one in coming)


def _elsewhere(work: Callable[[A], T], part: A) -> T:
    with collecting_seldom():
        return work(part)
