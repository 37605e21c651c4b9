"""Work in processes beside this one, which end with it, however it ends."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import cache
from multiprocessing import get_context, parent_process
from threading import Thread

_keeper: ContextVar[Callable[[], ProcessPoolExecutor] | None] = ContextVar("keeper", default=None)


def beside(processes: int, begin: Callable[..., object] | None = None, *given: object) -> ProcessPoolExecutor:
    """So many processes, each started anew (spawned) with the first work for it; `begin(*given)` is called in each.

    They end at once when this one does, also by kill -9.
    """
    return ProcessPoolExecutor(processes, get_context("spawn"), initializer=_get_ready, initargs=(begin, given))


@contextmanager
def one_beside() -> Iterator[ProcessPoolExecutor]:
    """A process as `beside` starts it; within `keeping_one` it is always the same, which stays for the next."""
    if keeper := _keeper.get():
        yield keeper()
    else:
        with beside(1) as other:
            yield other


@contextmanager
def keeping_one() -> Iterator[None]:
    """Have the steps within share the process of `one_beside`, which takes seconds to start; it ends at the end."""
    if _keeper.get():
        yield
        return
    with ExitStack() as ended:
        before = _keeper.set(cache(lambda: ended.enter_context(beside(1))))
        try:
            yield
        finally:
            _keeper.reset(before)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _get_ready(begin: Callable[..., object] | None, given: tuple[object, ...]) -> None:
    Thread(target=_end_with_parent, name="watch of the parent", daemon=True).start()
    if begin is not None:
        begin(*given)


def _end_with_parent() -> None:
    """End at once when the parent is gone, also where it had gone before this began."""
    parent = parent_process()
    assert parent is not None  # noqa: S101  (the pool started this process)
    parent.join()
    os._exit(1)
