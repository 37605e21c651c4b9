"""A file of lines in blocks of bounded size, as Arrow tables that point into one buffer: nothing is copied.

A line that is longer than any entry may be has no text in the table, and says so. A line of any length goes through,
however little memory there is: only its beginning is kept. Whether a line is UTF-8 is left to whoever parses it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

BLOCK_BYTES = 64 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
"""Bytes; no entry is longer."""
MOST_LINES = 500_000
"""Of a block, so that a file of very short lines fills no memory either."""
BATCH_LINES = 8_192
PIECE_BYTES = 1024 * 1024
"""So much is searched for line ends at a time."""
LINE_END = ord("\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TOO_LONG, EMPTY = "line: is longer than 1 MiB", "line: is empty"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand next to each other; they can be read until the next block but one is asked for."""

    number: int
    """Of the block in its file, from 0."""
    first_line: int
    """Its number in the file, from 1."""
    table: "pa.Table"
    """`line`, `text` and `unreadable`, the reason why there is no text."""
    bounds: "NDArray[Any]"
    buffer: memoryview

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def raw(self, line: int, most: int) -> bytes:
        """The first bytes of a line, given its number in the file."""
        start, end = (int(at) for at in self.bounds[line - self.first_line : line - self.first_line + 2])
        return bytes(self.buffer[start : min(end, start + most)]).rstrip(b"\r\n")


class Lines:
    """The lines of a file; after the last block also how many bytes and lines it has, and its fingerprint."""

    def __init__(self, path: Path, block_bytes: int = BLOCK_BYTES) -> None:
        """Blocks have `block_bytes`, which is to be more than twice the longest line."""
        self._path, self._block_bytes = path, block_bytes
        self._digest = sha256()
        self.bytes = 0
        self.lines = 0

    @property
    def digest(self) -> str:
        """SHA-256 of what has been read."""
        return self._digest.hexdigest()

    def blocks(self) -> Iterator[Block]:
        """All lines in order; a last one without its line end is a line, too. The next block is read meanwhile."""
        coming = self._blocks()
        with ThreadPoolExecutor(1) as ahead:
            waiting = ahead.submit(next, coming, None)
            while (block := waiting.result()) is not None:
                waiting = ahead.submit(next, coming, None)
                yield block

    def _blocks(self) -> Iterator[Block]:
        number = 0
        for buffer, end in self._filled():
            bounds = _bounds(buffer, end)
            for start in range(0, len(bounds) - 1, MOST_LINES):
                block = _block(number, self.lines + 1, bounds[start : start + MOST_LINES + 1], buffer)
                number, self.lines = number + 1, self.lines + len(block)
                yield block

    def _filled(self) -> Iterator[tuple[memoryview, int]]:
        """Two buffers in turn, each time with where its last whole line ends."""
        held, other = bytearray(self._block_bytes + 1), bytearray(self._block_bytes + 1)
        filled, is_over = 0, False
        with self._path.open("rb", buffering=0) as file:
            while not is_over:
                buffer = memoryview(held)
                while filled < self._block_bytes:
                    got = file.readinto(buffer[filled : self._block_bytes])
                    if not got:
                        is_over = True
                        break
                    self._digest.update(buffer[filled : filled + got])
                    self.bytes += got
                    filled += got
                if is_over and filled and held[filled - 1] != LINE_END:
                    held[filled] = LINE_END
                    filled += 1
                end = held.rfind(b"\n", 0, filled) + 1
                if end:
                    yield buffer, end
                    other[: filled - end] = buffer[end:filled]
                    filled, held, other = filled - end, other, held
                else:  # one line fills the whole buffer: its beginning is enough to set it aside
                    filled = min(filled, LONGEST_LINE + 2)


def _bounds(buffer: memoryview, end: int) -> "NDArray[Any]":
    """Where each line begins, and at last where the last one ends."""
    import numpy as np

    raw = np.frombuffer(buffer, np.uint8, end)
    found = [np.flatnonzero(raw[at : at + PIECE_BYTES] == LINE_END) + at for at in range(0, end, PIECE_BYTES)]
    return np.concatenate([np.zeros(1, np.int64), *(one + 1 for one in found)])


def _block(number: int, first_line: int, bounds: "NDArray[Any]", buffer: memoryview) -> Block:
    import numpy as np
    import pyarrow as pa

    if first_line == 1 and bytes(buffer[:3]) == BYTE_ORDER_MARK:
        bounds[0] = 3
    count, lengths = len(bounds) - 1, np.diff(bounds)
    unreadable: dict[int, str] = {int(at): TOO_LONG for at in np.flatnonzero(lengths > LONGEST_LINE + 1)}
    unreadable |= {int(at): EMPTY for at in np.flatnonzero(lengths == 1)}
    has_text = np.ones(count, np.bool_)
    has_text[list(unreadable)] = False
    reasons: list[str | None] = [None] * count
    for at, reason in unreadable.items():
        reasons[at] = reason
    valid = pa.py_buffer(np.packbits(has_text, bitorder="little").tobytes())
    text = pa.LargeStringArray.from_buffers(
        count, pa.py_buffer(np.ascontiguousarray(bounds)), pa.py_buffer(buffer), valid, len(unreadable)
    )
    table = pa.table(
        {
            "line": pa.array(range(first_line, first_line + count), pa.int64()),
            "text": text,
            "unreadable": pa.array(reasons, pa.string()),
        }
    )
    in_batches = pa.Table.from_batches(table.to_batches(BATCH_LINES))  # DuckDB gives each of its threads a batch
    return Block(number, first_line, in_batches, bounds, buffer)
