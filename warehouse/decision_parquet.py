"""Writing the kept entries of a block to Parquet files by day.

Arrow writes them from the block's own buffer: DuckDB's COPY does the same rows with more than twice the work, since it
copies each entry twice before it compresses it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.decision_lines import Block

if TYPE_CHECKING:
    import pyarrow as pa

PART = ".part"
"""Ends the name of a file that is not whole yet."""
WORDS = {
    "log_type": "log_type", "system": "system", "method": "method", "template": "template", "industry": "industry",
    "campaign": "campaign_id", "model_version": "model_version",
}  # fmt: skip
"""Columns of words that recur, and their names in the files."""


def write_entries(folder: Path, name: str, kept: "pa.Table", block: Block) -> None:
    """Write `day=DAY/NAME.BLOCK.0.parquet` for each day of `kept`, by line, with each `entry` as it came.

    A file is there when it is whole.
    """
    import numpy as np
    import pyarrow.parquet as pq

    lines, days, columns = kept["line"].to_numpy(), kept["day"].to_numpy(), _columns(kept)
    order = np.lexsort((lines, days))
    starts = np.flatnonzero(np.diff(days[order], prepend=np.datetime64("NaT"))).tolist()
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        here = order[start:end]
        path = folder / f"day={days[here[0]]}" / f"{name}.{block.number:05}.0.parquet"
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(PART)
        rows = columns.take(here).append_column("entry", block.texts.take(lines[here] - block.first_line))
        few = list(WORDS.values())
        pq.write_table(rows, part, compression="snappy", use_dictionary=few, write_statistics=["line", *few])
        os.replace(part, path)


def _columns(kept: "pa.Table") -> "pa.Table":
    """What is written beside the entry: what is counted of it, in points and seconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.table(
        {
            "line": kept["line"],
            **{column: kept[name] for name, column in WORDS.items()},
            "success": kept["success"], "success_indicator": kept["approved"],
            "quality_score": pc.divide(kept["quality"].cast(pa.float64()), 1000.0),
            "seconds": pc.divide(kept["microseconds"].cast(pa.float64()), 1_000_000.0),
        }
    )  # fmt: skip
