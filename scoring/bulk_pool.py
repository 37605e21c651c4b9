"""The parts of a file, scored side by side in processes that end with the one that waits for them."""

import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread

from scoring.bulk_work import Order, Part, as_bytes, begin, score_part
from scoring.tables import Source

AHEAD = 2
"""Parts that wait for each process."""


@contextmanager
def parts_of(source: Source, order: Order, jobs: int) -> Iterator[Iterator[Part]]:
    """The parts of the file, scored side by side and given in order; never more than a few wait.

    Who interrupts is not kept waiting for the parts at work: their processes end when this one does.
    """
    if jobs < 2:
        begin(order)
        yield (score_part(as_bytes(table)) for table in source.batches())
        return
    context = get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_beside, initargs=(order,))
    try:
        yield _in_order(pool, source, jobs * AHEAD)
    except BaseException as failure:
        pool.shutdown(wait=isinstance(failure, Exception), cancel_futures=True)
        raise
    pool.shutdown()


def _in_order(pool: ProcessPoolExecutor, source: Source, most: int) -> Iterator[Part]:
    waiting: deque[Future[Part]] = deque()
    for table in source.batches():
        waiting.append(pool.submit(score_part, as_bytes(table)))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _begin_beside(order: Order) -> None:
    """Get ready, in a process that ends when its parent does. Ctrl-C reaches both; the parent alone heeds it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, name="watch of the parent", daemon=True).start()
    begin(order)


def _end_with_parent() -> None:
    """End at once when the parent is gone, also by kill -9, and had it gone before this began."""
    parent = parent_process()
    assert parent is not None  # noqa: S101  (the pool started this process)
    parent.join()
    os._exit(1)
