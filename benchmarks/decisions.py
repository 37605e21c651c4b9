"""A million logged decisions with 1 % bad lines of ten kinds: landed and counted, against DuckDB's bare aggregation.

The bare way reads the same file with `read_json` and makes the same groups, sums and bins: once of every line that
parses ("trusting"), and once with what it takes to come to the same counts as ours ("same counts"): what is needed is
there, and an entry_id counts once. Ours also says of each line what is wrong, writes the entries by day, keeps the bad
lines, knows the entries of earlier files, and commits. Each runs in a process of its own, so that each peak of memory
is its own. Run it with `python -m benchmarks.decisions [ENTRIES]`; it needs about 2 GB of disk for a million.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from json import dumps, loads
from pathlib import Path
from typing import Any

ENTRIES = 1_000_000
BAD_SHARE = 0.01
ROUNDS = 3
START = datetime(2026, 3, 2)
DAYS = 14
RARE = 0.05
"""Lines of a megabyte come so much less often than other bad ones: else the file would be made of them."""
MOMENT = START + timedelta(days=DAYS + 1)
LOG_TYPES = ("campaign_generation", "enrichment_decision", "website_analysis", "airtable_operation")
INDUSTRIES = ("Healthcare", "Software", "Retail", "Finance")
METHODS = ("gpt", "rules", "scrape", "api")
Bad = Callable[[dict[str, object]], bytes]


def main(entries: int) -> None:
    """Both ways in turn, then the ratio, the peaks and the proof that nothing is lost or counted twice."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.jsonl"
        planted = write_log(file, entries, seed=1)
        size = file.stat().st_size
        print(f"{entries:,} lines, {size / 1e6:,.0f} MB, of them {sum(planted.values()):,} bad ones", flush=True)
        ratios: list[tuple[float, float]] = []
        for n in range(ROUNDS if entries <= ENTRIES else 1):
            trusting = _in_a_process("trusting", file, Path(folder))
            same = _in_a_process("same", file, Path(folder))
            ours = _in_a_process("land", file, Path(folder) / f"home-{n}")
            for name, told in (("ours", ours), ("same counts", same), ("trusting", trusting)):
                print(f"  {name:12}{told['seconds']:8.2f} s {told['megabytes']:6,} MB {told['counted']:12,} counted")
            ratios.append((ours["seconds"] / same["seconds"], ours["seconds"] / trusting["seconds"]))
            print(f"  {ratios[-1][0]:.2f} times same counts, {ratios[-1][1]:.2f} times trusting", flush=True)
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    print(f"medians: {medians[0]:.2f} times the bare aggregation to the same counts, {medians[1]:.2f} times trusting")
    print(f"lines {ours['lines']:,} = kept {ours['kept']:,} + duplicates {ours['duplicates']:,} "
          f"+ set aside {ours['rejected']:,}; counted {ours['counted']:,}, in Parquet {ours['in_parquet']:,}, "
          f"in the file of rejects {ours['in_rejects']:,}")  # fmt: skip
    print(f"planted: {dict(planted)}")
    print(f"reasons: {ours['reasons']}")


def write_log(file: Path, entries: int, seed: int, bad_share: float = BAD_SHARE) -> Counter[str]:
    """Write so many lines, a share of them bad in one of ten ways; gives how many of each are."""
    dice = random.Random(seed)
    planted: Counter[str] = Counter()
    with file.open("wb") as out:
        before = b""
        for n in range(entries):
            entry = an_entry(n, dice)
            if dice.random() < bad_share and before:
                kind = dice.choices(list(BAD), [RARE if kind == "absurdly long" else 1 for kind in BAD])[0]
                planted[kind] += 1
                out.write((before if kind == "a duplicate" else BAD[kind](entry)) + b"\n")
                continue
            before = dumps(entry).encode()
            out.write(before + b"\n")
    return planted


def an_entry(n: int, dice: random.Random) -> dict[str, object]:
    """An entry as another system logs it, of about 700 bytes."""
    at = START + timedelta(seconds=dice.random() * 86_400 * DAYS)
    return {
        "log_type": dice.choice(LOG_TYPES), "session_id": f"s-{n // 20}", "timestamp": f"{at.isoformat()}Z",
        "entry_id": f"{n:032x}",
        "lead_identifier": {"name": f"Lead {n}", "company": f"Company {n % 5000}", "industry": dice.choice(INDUSTRIES)},
        "input_data": {"template": f"t{dice.randrange(12)}", "campaign_id": f"c{dice.randrange(20)}",
                       "context": f"what is known of the lead, {n} " * 3},
        "output_data": {"message": f"Dear lead number {n}, " * 4, "words": dice.randrange(200)},
        "decision_reasoning": {
            "method_used": dice.choice(METHODS), "confidence_level": "high", "success": dice.random() < 0.9,
            "processing_time": round(dice.lognormvariate(0, 1), 3),
        },
        "training_labels": {"quality_score": dice.randrange(101), "success_indicator": dice.random() < 0.7},
    }  # fmt: skip


def _reasoning(entry: dict[str, object], **other: object) -> dict[str, object]:
    reasoning = entry["decision_reasoning"]
    assert isinstance(reasoning, dict)
    return entry | {"decision_reasoning": reasoning | other}


BAD: dict[str, Bad] = {
    "truncated": lambda entry: dumps(entry).encode()[:200],
    "a wrong type": lambda entry: dumps(_reasoning(entry, success="yes")).encode(),
    "a bad date": lambda entry: dumps(entry | {"timestamp": "2026-02-30T10:00:00Z"}).encode(),
    "a duplicate": lambda entry: dumps(entry).encode(),
    "no UTF-8": lambda entry: dumps(entry).encode().replace(b"Dear", b"D\xe9ar"),
    "not an object": lambda entry: dumps([entry]).encode(),
    "a missing field": lambda entry: dumps({k: v for k, v in entry.items() if k != "session_id"}).encode(),
    "an unknown log_type": lambda entry: dumps(entry | {"log_type": "mystery"}).encode(),
    "NUL bytes or NaN": lambda entry: dumps(_reasoning(entry, processing_time=float("nan"))).encode() + b"\0",
    "absurdly long": lambda entry: dumps(entry | {"input_data": {"context": "x" * 1_100_000}}).encode(),
}  # fmt: skip


def _in_a_process(way: str, file: Path, home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.decisions", way, str(file), str(home)], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    told: dict[str, Any] = loads(done.stdout)
    return told


def _land(file: Path, home: Path) -> dict[str, object]:
    os.environ["RINGBACK_HOME"] = str(home)
    from warehouse.connect import reading, rows
    from warehouse.decisions import decision_counts, decisions_folder, land_decisions, landing_folder
    from warehouse.migrate import migrate

    migrate()
    landing_folder().mkdir(parents=True)
    os.link(file, landing_folder() / file.name)
    started = time.perf_counter()
    landed = land_decisions(MOMENT)
    with reading() as warehouse:
        counts = decision_counts(warehouse, START, MOMENT, MOMENT + timedelta(days=1))
    seconds = time.perf_counter() - started
    with reading() as warehouse:
        pattern = str(decisions_folder() / "day=*" / "*.parquet")
        kept = rows(warehouse, "SELECT count(*) AS n FROM read_parquet($files)", {"files": pattern})[0]["n"]
    rejects = decisions_folder() / "rejects" / file.name
    with rejects.open("rb") as told:
        in_rejects = sum(1 for _ in told)
    return {
        "seconds": seconds, "lines": landed.lines, "kept": landed.kept, "duplicates": landed.duplicates,
        "rejected": landed.rejected, "counted": sum(one.n for one in counts), "in_parquet": kept,
        "in_rejects": in_rejects, "reasons": landed.reasons,
    }  # fmt: skip


def _bare(file: Path, is_same: bool) -> dict[str, object]:
    import duckdb

    shape = {
        "log_type": "VARCHAR", "session_id": "VARCHAR", "timestamp": "VARCHAR", "entry_id": "VARCHAR",
        "lead_identifier": "STRUCT(name VARCHAR, company VARCHAR, industry VARCHAR)",
        "input_data": "STRUCT(template VARCHAR, campaign_id VARCHAR)",
        "decision_reasoning": "STRUCT(method_used VARCHAR, processing_time DOUBLE, success BOOLEAN)",
        "training_labels": "STRUCT(quality_score DOUBLE, success_indicator BOOLEAN)",
    }  # fmt: skip
    sums = """
        count(*) AS n, count(*) FILTER (success), count(approved), count(*) FILTER (approved), count(quality),
        sum(quality), sum(quality * quality), count(microseconds), sum(microseconds),
        sum(microseconds::HUGEINT * microseconds)"""
    connection = duckdb.connect(":memory:", config={"threads": 2})
    started = time.perf_counter()
    once = "DISTINCT ON (entry_id)" if is_same else ""
    whole = (
        """
        log_type IN ('campaign_generation', 'enrichment_decision', 'website_analysis', 'airtable_operation')
        AND session_id IS NOT NULL AND decision_reasoning.success IS NOT NULL
        AND try_cast(timestamp AS TIMESTAMP) IS NOT NULL"""
        if is_same
        else "true"
    )
    found = connection.execute(
        f"""
        CREATE TABLE counted AS
        WITH entries AS (
            SELECT {once} try_cast(timestamp AS TIMESTAMP)::DATE AS day, log_type, lead_identifier.industry AS industry,
                input_data.template AS template, input_data.campaign_id AS campaign,
                decision_reasoning.method_used AS method, decision_reasoning.success AS success,
                training_labels.success_indicator AS approved,
                round(training_labels.quality_score * 1000)::BIGINT AS quality,
                round(decision_reasoning.processing_time * 1000000)::BIGINT AS microseconds
            FROM read_json($file, format = 'newline_delimited', columns = {shape}, ignore_errors = true)
            WHERE {whole} AND coalesce(isfinite(decision_reasoning.processing_time), true)
        ),
        binned AS (
            SELECT *, floor(ln(greatest(microseconds, 1) / 1000000.0) / ln(1.05))::SMALLINT AS bin FROM entries
        )
        SELECT day, log_type, bin, method, template, industry, campaign,
            grouping(method, template, industry, campaign) AS left_out, {sums}
        FROM binned
        GROUP BY GROUPING SETS (
            (day, log_type, bin), (day, log_type, bin, method), (day, log_type, bin, template),
            (day, log_type, bin, industry), (day, log_type, bin, campaign)
        )""",
        {"file": str(file)},
    ).fetchall()
    seconds = time.perf_counter() - started
    counted = connection.execute("SELECT sum(n)::BIGINT FROM counted WHERE left_out = 15").fetchall()[0][0]
    return {"seconds": seconds, "groups": found[0][0], "counted": counted}


def _peak_megabytes() -> int:
    """The most memory that this process has held, by the kernel's count."""
    return next(int(line.split()[1]) // 1024 for line in _status() if line.startswith("VmHWM"))


def _status() -> Iterator[str]:
    yield from Path("/proc/self/status").read_text().splitlines()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        way, file = sys.argv[1], Path(sys.argv[2])
        found = _land(file, Path(sys.argv[3])) if way == "land" else _bare(file, way == "same")
        print(dumps(found | {"megabytes": _peak_megabytes()}))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES)
