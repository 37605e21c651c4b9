"""`ringback score` of a million simulated leads in one process, and what bounds it.

`python -m benchmarks.bulk [HOME [LEADS]]`.

The leads have names, addresses, sizes, countries and descriptions, of which a quarter is different in every row, and no
notes of calls. HOME has a champion; it is copied, and nothing is changed in it.
"""

import csv
import os
import random
import shutil
import subprocess
import sys
import time
from json import loads
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.serving import environment, prepared
from ringback.settings import settings

LEADS = 1_000_000
WITH_REASONS = 50_000
MOST_BYTES = 2 * 1024**3
COLUMNS = ("company_name", "domain", "email", "industry", "employees", "description", "annual_revenue", "country",
           "job_title", "founded_year", "technologies", "funding_stage", "owner")  # fmt: skip


def main() -> None:
    """Score, and print rates, memory and the bound."""
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else settings().home
    leads = int(sys.argv[2]) if len(sys.argv) > 2 else LEADS
    if not (home / "mlflow.db").exists():
        print(f"no model under {home}: 'make demo' makes one; scoring in bulk is left out")
        return
    with TemporaryDirectory(prefix="bench-bulk-") as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy)
        prepared(copy)
        file = Path(folder) / "leads.csv"
        write_leads(file, leads)
        told, cpu, peak = scored(copy, file)
        print(
            f"{leads:,} leads without reasons: {told['scored'] / told['seconds']:,.0f} a second, "
            f"{told['scored'] / cpu:,.0f} a second of processor time with starting, {peak / 2**20:,.0f} MiB at most"
        )
        some = Path(folder) / "some.csv"
        write_leads(some, min(leads, WITH_REASONS))
        told, cpu, peak = scored(copy, some, "--reasons")
        print(
            f"{min(leads, WITH_REASONS):,} leads with exact reasons: {told['scored'] / told['seconds']:,.0f} a second, "
            f"{peak / 2**20:,.0f} MiB at most"
        )
        print("\n".join(bounds(copy)))


def scored(home: Path, file: Path, *options: str) -> tuple[dict[str, float], float, int]:
    """What the command said, the seconds of processor time it took and the bytes of memory it held at most."""
    output = file.with_suffix(".out.csv")
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", "score", str(file), "--jobs", "1", "--json", "--output", str(output), *options],
        env=environment(home), stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise RuntimeError("the leads were not scored")
    return loads(said), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def bounds(home: Path) -> list[str]:
    """What the models alone take for a row that is encoded already."""
    os.environ["RINGBACK_HOME"] = str(home)
    settings.cache_clear()
    import numpy as np

    from database.promotions import champion_as_of
    from ringback.clock import now
    from ringback.records import TARGETS
    from scoring.engine import stored_engine

    answering = explaining = 0.0
    trees = nodes = 0
    for target in TARGETS:
        decided = champion_as_of(target, now())
        engine = stored_engine(target, decided.version) if decided else None
        if engine is None:
            continue
        X = np.random.default_rng(0).normal(1, 2, (4000, len(engine.encoding.columns))).astype(np.float32)
        engine.warm.arrays.answer(X)
        began = time.perf_counter()
        engine.arrays.answer(X)
        middle = time.perf_counter()
        engine.contributions(X)
        answering += (middle - began) / len(X)
        explaining += (time.perf_counter() - middle) / len(X)
        trees, nodes = trees + len(engine.arrays.roots), nodes + len(engine.arrays.feature)
    return [
        f"bound by the models alone ({trees} trees with {nodes:,} nodes), a row in one process: "
        f"{1e6 * answering:.1f} us for the answer, {1e6 * explaining:.1f} us for exact Shapley values; "
        f"so at most {1 / answering:,.0f} and {1 / (answering + explaining):,.0f} a second"
    ]


def write_leads(file: Path, leads: int) -> None:
    """Simulated leads, the same at each run."""
    dice = random.Random(1)
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(COLUMNS)
        for n in range(leads):
            rows.writerow([
                f"Acme {n} Inc", f"acme{n}.com", f"ana@acme{n}.com",
                dice.choice(("SaaS", "Healthcare", "Retail", "Banking", "Legal", "Logistics", "")),
                dice.choice(("50-100", "1,000+", "12", str(dice.randint(1, 5000)), "")),
                dice.choice(("AI-powered customer service", "Dental clinics", "", f"Voice bots for {n} centers")),
                dice.randint(1, 10**7), dice.choice(("USA", "Germany")), dice.choice(("CTO", "VP Sales", "")),
                dice.randint(1950, 2020), dice.choice(("aws;twilio", "salesforce", "")),
                dice.choice(("Series A", "Seed", "")), dice.choice(("Bo", "Ana", "Kim")),
            ])  # fmt: skip


if __name__ == "__main__":
    main()
