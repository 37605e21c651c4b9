"""A file of lines in blocks of bounded size, as Arrow tables that point into one buffer: nothing is copied.

A line that is longer than any entry may be has no text in the table, and says so. A line of any length goes through,
however little memory there is: only its beginning is kept. Whether a line is UTF-8 is left to whoever parses it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

BLOCK_BYTES = 128 * 1024 * 1024
FIRST_BYTES = 24 * 1024 * 1024
"""Of the first block, for which everything else waits."""
LONGEST_LINE = 1024 * 1024
"""Bytes; no entry is longer."""
MOST_LINES = 500_000
"""Of a block, so that a file of very short lines fills no memory either."""
BATCH_LINES = 8_192
PIECE_BYTES = 1024 * 1024
"""So much is read, hashed and searched for line ends at a time, while it is in the processor's cache."""
MOST_BEYOND_ASCII = 4_096
"""Bytes of a piece that are looked up line by line; where there are more, all its lines are looked at more closely."""
LINE_END, OBJECT_BEGIN, OBJECT_END, LAST_ASCII = ord("\n"), ord("{"), ord("}"), 127
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TOO_LONG, EMPTY = "line: is longer than 1 MiB", "line: is empty"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand next to each other; they can be read until the next block but two is asked for."""

    number: int
    """Of the block in its file, from 0."""
    first_line: int
    """Its number in the file, from 1."""
    table: "pa.Table"
    """`line`, `text`, `unreadable`, the reason why there is no text, and `looks_whole`, whether it is surely UTF-8 and
    begins and ends as an object: a hint which lines need no second look, not a promise."""
    texts: "pa.LargeStringArray"
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
        for buffer, bounds, closely in self._filled():
            for start in range(0, len(bounds) - 1, MOST_LINES):
                block = _block(number, self.lines + 1, bounds[start : start + MOST_LINES + 1], closely, buffer)
                number, self.lines = number + 1, self.lines + len(block)
                yield block

    def _filled(self) -> Iterator[tuple[memoryview, "NDArray[Any]", "NDArray[Any]"]]:
        """Three buffers in turn, each time with the bounds of its whole lines, and places to look at more closely.

        A mapping is cleared as it is filled and not before, which the first block would wait for.
        """
        import numpy as np

        held, *others = (mmap(-1, self._block_bytes + 1) for _ in range(3))
        filled, is_over, most = 0, False, min(self._block_bytes, FIRST_BYTES)
        with self._path.open("rb", buffering=0) as file:
            while not is_over:
                buffer = memoryview(held)
                ends, closely = [np.zeros(1, np.int64)], [np.zeros(0, np.int64)]
                while filled < most:
                    got = file.readinto(buffer[filled : min(filled + PIECE_BYTES, most)])
                    if not got:
                        is_over = True
                        break
                    piece = buffer[filled : filled + got]
                    self._digest.update(piece)
                    ends.append(_line_ends(piece) + filled)
                    closely.append(_beyond_ascii(piece) + filled)
                    self.bytes += got
                    filled += got
                if is_over and filled and held[filled - 1] != LINE_END:
                    held[filled] = LINE_END
                    filled += 1
                    ends.append(np.array([filled]))
                bounds = np.concatenate(ends)
                end = int(bounds[-1])
                if end:
                    yield buffer, bounds, np.concatenate(closely)
                    others[0][: filled - end] = buffer[end:filled]
                    filled, held, others = filled - end, others[0], [*others[1:], held]
                else:  # one line fills the whole buffer: its beginning is enough to set it aside
                    filled = min(filled, LONGEST_LINE + 2)
                most = self._block_bytes


def _line_ends(piece: memoryview) -> "NDArray[Any]":
    """Where lines end, their line ends included."""
    import numpy as np

    return np.flatnonzero(np.frombuffer(piece, np.uint8) == LINE_END) + 1


def _beyond_ascii(piece: memoryview) -> "NDArray[Any]":
    """Places in lines that may be no UTF-8: the bytes beyond ASCII, or where there are many, a place in each line."""
    import numpy as np

    raw = np.frombuffer(piece, np.uint8)
    if raw.max() <= LAST_ASCII:
        return np.zeros(0, np.int64)
    found = np.flatnonzero(raw > LAST_ASCII)
    return found if len(found) <= MOST_BEYOND_ASCII else np.concatenate([np.zeros(1, np.int64), _line_ends(piece)])


def _block(number: int, first_line: int, bounds: "NDArray[Any]", closely: "NDArray[Any]", buffer: memoryview) -> Block:
    import numpy as np
    import pyarrow as pa

    if first_line == 1 and bytes(buffer[:3]) == BYTE_ORDER_MARK:
        bounds[0] = 3
    count, lengths = len(bounds) - 1, np.diff(bounds)
    is_long, is_empty = lengths > LONGEST_LINE + 1, lengths == 1
    unreadable = np.full(count, None, object)
    unreadable[is_long], unreadable[is_empty] = TOO_LONG, EMPTY
    has_text = ~(is_long | is_empty)
    text = pa.LargeStringArray.from_buffers(
        count, pa.py_buffer(np.ascontiguousarray(bounds)), pa.py_buffer(buffer),
        pa.py_buffer(np.packbits(has_text, bitorder="little").tobytes()), count - int(has_text.sum()),
    )  # fmt: skip
    table = pa.table(
        {
            "line": pa.array(np.arange(first_line, first_line + count)),
            "text": text,
            "unreadable": pa.array(unreadable, pa.string()),
            "looks_whole": pa.array(has_text & _looks_whole(bounds, closely, buffer)),
        }
    )
    in_batches = pa.Table.from_batches(table.to_batches(BATCH_LINES))  # DuckDB gives each of its threads a batch
    return Block(number, first_line, in_batches, text, bounds, buffer)


def _looks_whole(bounds: "NDArray[Any]", closely: "NDArray[Any]", buffer: memoryview) -> "NDArray[Any]":
    """Which lines begin and end as an object, and have no place that is to be looked at more closely."""
    import numpy as np

    raw = np.frombuffer(buffer, np.uint8)
    looks: NDArray[Any] = (raw[bounds[:-1]] == OBJECT_BEGIN) & (raw[np.maximum(bounds[1:] - 2, 0)] == OBJECT_END)
    at = np.searchsorted(bounds, closely, side="right") - 1
    looks[at[(at >= 0) & (at < len(looks))]] = False
    return looks
