"""Drift of 1,000,000 rows × 35 columns: ours in DuckDB against Evidently's preset on the same rows in the same run.

`python -m benchmarks.drift [ROWS]` writes two Parquet files, judges them both ways, each in a process of its own, and
prints seconds, processor seconds and peak memory. Evidently needs about four minutes and 5 GB. Quiet weeks and planted
drift are in `benchmarks.drift_quiet`.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.drift_world import CATEGORIES, NUMBERS, START
from ringback.clock import WEEK
from warehouse.histograms import JUDGED_AT

ROWS = 1_000_000
REFERENCE_WEEKS = 52
CURRENT_WEEKS = 8
SMALL_ROWS = 10_000
ROW_GROUP = 122_880
"""Rows, as DuckDB writes them; a group is read by one thread."""

Way = Callable[[], object]


@dataclass(frozen=True)
class Run:
    """What one way took."""

    seconds: float
    cpu_seconds: float
    megabytes: int
    said: str


def main(rows: int) -> None:
    """Both ways once, then the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        reference, current = write_both(Path(folder), rows)
        ours = _run("ours", reference, current)
        print(f"ours       {_told(ours)}", flush=True)
        theirs = _run("evidently", reference, current)
        print(f"Evidently  {_told(theirs)}")
    print(
        f"{rows:,} rows x {len(NUMBERS) + len(CATEGORIES)} columns a side: ours takes a "
        f"{theirs.seconds / ours.seconds:.0f}th of the time ({theirs.cpu_seconds / ours.cpu_seconds:.0f}th of the "
        "processor's)"
    )


def write_both(folder: Path, rows: int) -> tuple[Path, Path]:
    """A year of reference and eight weeks of current rows, in which the first number is shifted by 0.2 deviations."""
    reference, current = folder / "reference.parquet", folder / "current.parquet"
    _write(reference, rows, START, REFERENCE_WEEKS, 1, 0.0)
    _write(current, rows, START + REFERENCE_WEEKS * WEEK, CURRENT_WEEKS, 2, 0.2)
    return reference, current


def ours(reference: Path, current: Path) -> str:
    """Count both files, judge every column; gives what moved."""
    from monitoring.drift import eight_weeks, judge, level_of
    from monitoring.profile import columns_of
    from warehouse.histograms import rows_counted

    ends = START + REFERENCE_WEEKS * WEEK
    columns = columns_of(reference, NUMBERS, CATEGORIES, START, ends - timedelta(microseconds=1))
    with rows_counted(current, ends) as counting:
        later = eight_weeks(columns, counting)
    judged = judge(columns, START, later, ends + CURRENT_WEEKS * WEEK, level_of(2.0))
    return f"{judged.checks} checks, moved: {', '.join(move.feature for move in judged.moves) or 'nothing'}"


def evidently(reference: Path, current: Path) -> str:
    """Evidently's DataDriftPreset as it comes."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=list(NUMBERS), categorical_columns=list(CATEGORIES))
    before, after = (
        Dataset.from_pandas(pd.read_parquet(path).drop(columns=JUDGED_AT), definition) for path in (reference, current)
    )
    made = Report([DataDriftPreset()]).run(after, before)
    return str(made.dict()["metrics"][0]["value"])


def judging_drift() -> tuple[str, Way, str, Way]:
    """The same at 10,000 rows, for `make bench`."""
    folder = tempfile.TemporaryDirectory()
    reference, current = write_both(Path(folder.name), SMALL_ROWS)

    def our_way() -> object:
        return ours(reference, current), folder.name

    return "drift of 10,000 rows x 35 columns", our_way, "Evidently", lambda: evidently(reference, current)


def _write(path: Path, rows: int, since: datetime, weeks: int, seed: int, shift: float) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    at = np.datetime64(since, "us") + (np.sort(rng.random(rows)) * weeks * 7 * 86400e6).astype("timedelta64[us]")
    columns: dict[str, pa.Array] = {JUDGED_AT: pa.array(at)}
    for index, name in enumerate(NUMBERS):
        values = rng.normal(size=rows) + (shift if index == 0 else 0.0)
        values[rng.random(rows) < 0.1 * (index % 3 == 0)] = np.nan
        columns[name] = pa.array(values, from_pandas=True)
    for index, name in enumerate(CATEGORIES):
        texts = pa.array([f"value {n}" for n in range(3 + 3 * index)])
        columns[name] = texts.take(pa.array(rng.integers(0, len(texts), rows)))
    pq.write_table(pa.table(columns), path, row_group_size=ROW_GROUP)


def _run(way: str, reference: Path, current: Path) -> Run:
    command = [sys.executable, "-m", "benchmarks.drift", way, str(reference), str(current)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, cpu_seconds, megabytes, words = said.splitlines()[-1].split("\t")
    return Run(float(seconds), float(cpu_seconds), int(megabytes), words)


def _told(run: Run) -> str:
    return f"{run.seconds:8.1f} s {run.cpu_seconds:8.1f} cpu s {run.megabytes:6,} MiB   {run.said}"


def _child(way: str, reference: Path, current: Path) -> None:
    started = time.perf_counter()
    said = {"ours": ours, "evidently": evidently}[way](reference, current)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = time.perf_counter() - started
    print(f"{seconds}\t{used.ru_utime + used.ru_stime}\t{used.ru_maxrss // 1024}\t{said}")


if __name__ == "__main__":
    if sys.argv[1:2] in (["ours"], ["evidently"]):
        _child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
