"""Work on many members in two processes at once: each takes the next part of their ids, and both do what one would do.

Nothing depends on it: steps of campaigns can be killed anywhere, and several processes may do the same. A process takes
some seconds to start, so it is worth it for many members only, and where there is another processor.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ringback.beside import one_beside, processors
from ringback.collecting import collecting_seldom

A = TypeVar("A")
T = TypeVar("T")
MANY = 20_000
"""Members from which on a second process earns its start."""
PARTS = 8
"""Of members: while the second process starts the first does more of them."""
MANY_PARTS, OWN_PARTS, AHEAD = 6, 1, 2
"""Parts from which on it does, those that are done while it starts, and those that it may be ahead."""


@dataclass(frozen=True, slots=True)
class Part:
    """Members by id: those after one, and up to another or to the last."""

    after: str = ""
    until: str | None = None


WHOLE = Part()


def in_parts(work: Callable[[Part], T], borders: Callable[[int, int], Sequence[str]]) -> list[T]:
    """What `work` comes to, for all at once, or part by part in two processes, in any order.

    `borders` is asked for the ids between so many members and more, cut into so many parts. `work` must be a function
    of a module, or a partial of one, so that the other process finds it.
    """
    between = borders(MANY, PARTS) if processors() > 1 else ()
    if not between:
        return [work(WHOLE)]
    waiting = deque(map(Part, ("", *between), (*between, None)))
    with one_beside() as other, ThreadPoolExecutor(1, "hands over") as hand:
        theirs = hand.submit(_until_empty, waiting, lambda part: other.submit(_elsewhere, work, part).result())
        return [*_until_empty(waiting, work), *theirs.result()]


def made_ahead(work: Callable[[A], T], parts: Sequence[A]) -> Iterator[T]:
    """What `work` comes to for one part after the other; another process does some ahead where there are many.

    `work` is such a function as `in_parts` takes, and harmless where nobody asks for what it comes to.
    """
    if len(parts) < MANY_PARTS or processors() < 2:
        yield from map(work, parts)
        return
    with one_beside() as other:
        other.submit(int)  # it starts while the first parts are done here
        own = list(map(work, parts[:OWN_PARTS]))
        coming = deque(other.submit(_elsewhere, work, part) for part in parts[OWN_PARTS : OWN_PARTS + AHEAD])
        yield from own
        for part in parts[OWN_PARTS + AHEAD :]:
            made = coming.popleft().result()
            coming.append(other.submit(_elsewhere, work, part))
            yield made
        yield from (one.result() for one in coming)


def _until_empty(waiting: "deque[Part]", work: Callable[[Part], T]) -> list[T]:
    """Take part after part; where one fails nobody takes another."""
    done: list[T] = []
    while True:
        try:
            part = waiting.popleft()
        except IndexError:
            return done
        try:
            done.append(work(part))
        except BaseException:
            waiting.clear()
            raise


def _elsewhere(work: Callable[[A], T], part: A) -> T:
    with collecting_seldom():
        return work(part)
