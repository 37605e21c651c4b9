"""The parts of a file, scored side by side in processes that end with the one that waits for them."""

import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from ringback.beside import beside
from ringback.errors import WorkerEnded
from scoring.bulk_work import Order, Part, as_bytes, begin, score_part
from scoring.tables import Source

AHEAD = 2
"""Parts that wait for each process."""
ENDED = (
    "a process that scored a part of {file} ended before it was done: it was killed, or memory is short; no file was "
    "written, and those of earlier runs are as they were: run it again, with '--jobs 1' where memory is short"
)


@contextmanager
def parts_of(source: Source, order: Order, jobs: int) -> Iterator[Iterator[Part]]:
    """The parts of the file, scored side by side and given in order; never more than a few wait.

    Who interrupts is not kept waiting for the parts at work: their processes end when this one does. Raises WorkerEnded
    where one of them ends before its work is done, by itself or killed.
    """
    if jobs < 2:
        begin(order)
        yield (score_part(as_bytes(table)) for table in source.batches())
        return
    pool = beside(jobs, _begin_beside, order)
    try:
        yield _in_order(pool, source, jobs * AHEAD)
    except BaseException as failure:
        pool.shutdown(wait=isinstance(failure, Exception), cancel_futures=True)
        if isinstance(failure, BrokenProcessPool):
            raise WorkerEnded(ENDED.format(file=source.path.name)) from failure
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
    """Get ready. Ctrl-C reaches every process; the one that waits for the parts alone heeds it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begin(order)
