"""The features of all calls as of a moment, for any number of calls: in order, in two processes, in flat memory.

The warehouse is held while snapshots are copied into files in the home's folder, a batch each; then each batch is read
by the process that builds its features. What comes back of a call are its names, times and features; its transcript
stays behind.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from features import build
from features.snapshots import snapshot_of
from ringback.beside import beside
from ringback.clock import LONG_AGO
from ringback.records import Snapshot, Value
from ringback.settings import settings
from warehouse.connect import query, query_text, reading

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

SPOOLED = "snapshots-"
"""How the names of the folders begin."""
BATCH_ROWS = 1_000
MOST_BATCHES = 200
"""Files that are open together; with more calls a batch grows."""
CONTENTS_AT_ONCE = 5_000
QUERY_MEMORY = "SET memory_limit = '512MB'"
"""What the judging of all calls needs beyond that, it puts on disk beside the warehouse."""
ALONE_UP_TO_BATCHES = 4
"""So few are done before a second process has started."""
PROCESSES = 2
AHEAD = 2
"""Batches a process may be ahead of the reader."""


@dataclass(frozen=True, slots=True)
class Featured:
    """A call's features, without its texts."""

    call_id: str
    content_hash: str
    lead_id: str
    company_id: str | None
    company_name: str | None
    judged_at: datetime
    called_at: datetime
    row: dict[str, Value]


def build_all(as_of: datetime, called_after: datetime | None = None, processes: int = PROCESSES) -> Iterator[Featured]:
    """The features of every call known as of a moment, in the order in which the calls became known.

    They are those that `build` gives of each snapshot of `snapshots_as_of`. Raises NotMigrated and WarehouseBusy as
    `warehouse.connect.reading` does. With more than 4,000 calls, `processes` of them build; each is started anew
    (spawned), so a script that calls this needs the usual guard of its main module.
    """
    with TemporaryDirectory(prefix=SPOOLED, dir=settings().home) as folder:
        with reading() as warehouse:
            batches = _spool(warehouse, Path(folder), as_of, called_after or LONG_AGO)
        if processes < 2 or len(batches) <= ALONE_UP_TO_BATCHES:
            for batch in batches:
                yield from built(batch)
        else:
            yield from _together(batches, processes)


def built(batch: Path) -> list[Featured]:
    """The features of the snapshots in one file."""
    import pyarrow as pa

    with pa.ipc.open_stream(batch) as stream:
        snapshots = stream.read_all().sort_by("place")
    return [featured(snapshot_of(row)) for part in snapshots.to_batches(BATCH_ROWS) for row in part.to_pylist()]


def featured(s: Snapshot) -> Featured:
    """A snapshot's features."""
    return Featured(
        s.call_id,
        s.content_hash,
        s.lead_id,
        s.company_id,
        s.company_name or (s.company.name if s.company else None),
        s.judged_at,
        s.called_at,
        build(s),
    )


def _together(batches: Sequence[Path], processes: int) -> Iterator[Featured]:
    """Batches built side by side and given in order; never more than a few wait to be read."""
    with beside(processes) as pool:
        waiting: deque[Future[list[Featured]]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(built, batch))
                if len(waiting) >= processes * AHEAD:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _spool(warehouse: "DuckDBPyConnection", folder: Path, as_of: datetime, called_after: datetime) -> list[Path]:
    """Copy the snapshots into files of consecutive places; texts pass in small parts and are never sorted."""
    import pyarrow as pa

    warehouse.execute(QUERY_MEMORY)
    warehouse.execute(query_text("judge_calls"), {"as_of": as_of, "called_after": called_after})
    (counted,) = query(warehouse, "judged_rows")
    batch_rows = max(BATCH_ROWS, -(-counted["judged"] // MOST_BATCHES))
    files = [folder / f"{at:04}.arrow" for at in range(-(-counted["judged"] // batch_rows))]
    with ExitStack() as opened:
        writers: dict[int, pa.RecordBatchStreamWriter] = {}
        for start in range(0, counted["contents"], CONTENTS_AT_ONCE):
            rows = {"start": start, "until": start + CONTENTS_AT_ONCE}
            found = warehouse.sql(query_text("snapshots_of_contents"), params=rows).to_arrow_table()
            for at, part in _by_batch(found, batch_rows):
                if at not in writers:
                    packed = pa.ipc.IpcWriteOptions(compression="lz4")
                    writers[at] = opened.enter_context(pa.ipc.new_stream(files[at], part.schema, options=packed))
                writers[at].write_table(part)
    return files


def _by_batch(found: "pa.Table", batch_rows: int) -> "Iterator[tuple[int, pa.Table]]":
    import numpy as np

    if not len(found):
        return
    found = found.sort_by("place")
    batches, starts = np.unique(found["place"].to_numpy() // batch_rows, return_index=True)
    for at, start, until in zip(batches, starts, [*starts[1:], len(found)], strict=True):
        yield int(at), found.slice(start, until - start)
