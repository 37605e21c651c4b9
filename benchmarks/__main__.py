"""`make bench`: each benchmark times our way and a peer's way in turn, and prints both medians and their ratio.

Then the service is held against MLflow's, a file of leads is scored, and 50 people go over the pages, where `make demo`
left a model; and campaigns of 100 and of 100,000 leads are played to the last mail. Others have a command of their own:
`python -m benchmarks.features`, `buying`, `decisions`, `experiments`, `policy_pays`, `impact`, `quiet_weeks`.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import bulk, campaigns, pages, serving
from benchmarks.drift import judging_drift

ROUNDS = 5

Way = Callable[[], object]


def starting_the_command() -> tuple[str, Way, str, Way]:
    """`ringback --help` against `prefect --help`."""

    def start(module: str) -> Way:
        return lambda: subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, check=True)

    return "ringback --help", start("flows"), "prefect --help", start("prefect")


def landing_calls() -> tuple[str, Way, str, Way]:
    """5,000 calls landed in the warehouse against the same rows inserted one by one by DuckDB's executemany."""
    import duckdb

    from ringback.records import Call
    from warehouse.connect import writing
    from warehouse.landing import land_calls
    from warehouse.migrate import migrate

    at = datetime(2026, 3, 2)
    calls = [
        Call(
            f"bench:{n}", f"{n:024x}", "bench", str(n), at, at + timedelta(minutes=n), f"lead-{n}", notes="a call " * 50
        )
        for n in range(5000)
    ]

    def ours() -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "w.duckdb"
            migrate(path)
            with writing(path) as connection:
                return land_calls(connection, calls)

    def peer() -> object:
        with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "w.duckdb")) as connection:
            connection.execute("CREATE TABLE calls (call_id VARCHAR PRIMARY KEY, called_at TIMESTAMP, notes VARCHAR)")
            return connection.executemany(
                "INSERT INTO calls VALUES (?, ?, ?)", [(c.call_id, c.called_at, c.notes) for c in calls]
            )

    return "land 5,000 calls", ours, "executemany", peer


def explaining_a_forest() -> tuple[str, Way, str, Way]:
    """A random forest's probabilities of 2,000 rows: our translation to XGBoost against scikit-learn's own."""
    import numpy as np
    import xgboost
    from sklearn.ensemble import RandomForestClassifier

    from features.trees import booster_of

    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 60)).astype(np.float32)
    forest = RandomForestClassifier(100, min_samples_leaf=20, random_state=0).fit(
        X, X[:, 0] + rng.normal(size=2000) > 0
    )
    booster = booster_of(forest)
    return (
        "forest as a booster, 2,000 rows",
        lambda: booster.predict(xgboost.DMatrix(X)),
        "scikit-learn's forest",
        lambda: forest.predict_proba(X),
    )


def encoding_rows() -> tuple[str, Way, str, Way]:
    """10,000 rows of features as a matrix: our encoding against scikit-learn's column transformer on a data frame."""
    import random

    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OneHotEncoder

    from features.encoding import learn_encoding
    from ringback.records import Value

    dice = random.Random(0)
    rows: list[dict[str, Value]] = [
        {f"number {n}": dice.random() for n in range(40)} | {f"category {n}": dice.choice("abcdefgh") for n in range(8)}
        for _ in range(10_000)
    ]
    encoding = learn_encoding(rows)
    named = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    peer = make_column_transformer((named, list(encoding.categories)), remainder="passthrough").fit(pd.DataFrame(rows))
    return (
        "encode 10,000 rows",
        lambda: encoding.encode(rows),
        "a column transformer",
        lambda: peer.transform(pd.DataFrame(rows)),
    )


BENCHMARKS = (starting_the_command, landing_calls, explaining_a_forest, encoding_rows, judging_drift)


def main() -> None:
    """Run them all; a line each."""
    for benchmark in BENCHMARKS:
        our_name, ours, peer_name, peer = benchmark()
        ours(), peer()
        pairs = [(_seconds(ours), _seconds(peer)) for _ in range(ROUNDS)]
        our_median, peer_median = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"{our_name:34}{our_median:9.3f} s   {peer_name:24}{peer_median:9.3f} s   {ratio:6.1f} times as fast")
    serving.main()
    bulk.main()
    pages.main()
    campaigns.main(list(campaigns.LEADS))


def _seconds(way: Way) -> float:
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
