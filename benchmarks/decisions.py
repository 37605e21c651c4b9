"""A million logged decisions with 1 % bad lines of ten kinds: landed and counted, against DuckDB's bare aggregation.

The bare way reads the same file with `read_json` and makes the same groups, sums and bins: once of every line that
parses ("trusting"), and once with what it takes to come to the same counts as ours ("same counts"): what is needed is
there, and an entry_id counts once; every sum and bin of the two is compared. Ours also says of each line what is
wrong, writes the entries by day, keeps the bad lines, knows the entries of earlier files, and commits. Each runs in a
process of its own, so that each peak of memory is its own; CPU is that of all its threads while the clock runs. Run it
with `python -m benchmarks.decisions [ENTRIES]`; it needs about 2 GB of disk for a million.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from importlib import import_module
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
LIBRARIES = ("duckdb", "numpy", "pandas", "pyarrow.compute", "pyarrow.parquet")
"""Imported before the clock runs, as the bare way imports DuckDB."""
Bad = Callable[[dict[str, object]], bytes]
BARE = """
CREATE TABLE counted AS
WITH entries AS (
    SELECT {once} try_cast(timestamp AS TIMESTAMP)::DATE AS day, log_type, lead_identifier.industry AS industry,
        coalesce(template, input_data.template, output_data.template) AS template,
        coalesce(campaign_id, input_data.campaign_id, output_data.campaign_id) AS campaign,
        coalesce(model_version, input_data.model_version, output_data.model_version) AS model_version, system,
        decision_reasoning.method_used AS method, decision_reasoning.success = 'true' AS success,
        training_labels.success_indicator AS approved,
        round(training_labels.quality_score * 1000)::BIGINT AS quality,
        round(decision_reasoning.processing_time * 1000000)::BIGINT AS microseconds
    FROM read_json(
        $file, format = 'newline_delimited', ignore_errors = true, columns = {{
            log_type: 'VARCHAR', session_id: 'VARCHAR', timestamp: 'VARCHAR', entry_id: 'VARCHAR', system: 'VARCHAR',
            template: 'VARCHAR', campaign_id: 'VARCHAR', model_version: 'VARCHAR',
            lead_identifier: 'STRUCT(industry VARCHAR)',
            input_data: 'STRUCT(template VARCHAR, campaign_id VARCHAR, model_version VARCHAR{context})',
            output_data: 'STRUCT(template VARCHAR, campaign_id VARCHAR, model_version VARCHAR)',
            decision_reasoning: 'STRUCT(method_used VARCHAR, processing_time DOUBLE, success VARCHAR)',
            training_labels: 'STRUCT(quality_score DOUBLE, success_indicator BOOLEAN)'
        }}
    )
    WHERE {whole}
),

binned AS (
    SELECT *, floor(ln(greatest(microseconds, 1) / 1000000.0) / ln(1.05))::SMALLINT AS bin FROM entries
)

SELECT
    day, log_type, bin, method, template, industry, campaign, model_version, system,
    grouping(method, template, industry, campaign, model_version, system) AS left_out,
    count(*) AS n, count(*) FILTER (success), count(approved), count(*) FILTER (approved),
    count(quality), sum(quality), sum(quality * quality),
    count(microseconds), sum(microseconds), sum(microseconds::HUGEINT * microseconds)
FROM binned
GROUP BY GROUPING SETS (
    (day, log_type, bin), (day, log_type, bin, method), (day, log_type, bin, template), (day, log_type, bin, industry),
    (day, log_type, bin, campaign), (day, log_type, bin, model_version), (day, log_type, bin, system)
)
"""
"""The groups, sums and bins that landing makes, too, of the lines that read_json can read."""
TRUSTING = {
    "once": "", "context": "", "whole": "coalesce(isfinite(decision_reasoning.processing_time), true)",
}  # fmt: skip
SAME = {
    "once": "DISTINCT ON (entry_id)",
    "context": ", context VARCHAR",
    "whole": """
        log_type IN ('campaign_generation', 'enrichment_decision', 'website_analysis', 'airtable_operation')
        AND session_id IS NOT NULL AND decision_reasoning.success IN ('true', 'false')
        AND try_cast(timestamp AS TIMESTAMP) IS NOT NULL
        AND coalesce(isfinite(decision_reasoning.processing_time), true)
        AND coalesce(strlen(input_data.context) < 1000000, true)""",
}
"""What it takes on these lines to come to the same counts: nothing of it would notice any other fault."""


def main(entries: int) -> None:
    """Both ways in turn, then the ratio, the peaks and the proof that nothing is lost or counted twice."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.jsonl"
        planted = write_log(file, entries, seed=1)
        size = file.stat().st_size
        print(f"{entries:,} lines, {size / 1e6:,.0f} MB, of them {sum(planted.values()):,} bad ones", flush=True)
        ratios: list[tuple[float, ...]] = []
        for n in range(ROUNDS if entries <= ENTRIES else 1):
            trusting = _in_a_process("trusting", file, Path(folder))
            same = _in_a_process("same", file, Path(folder))
            ours = _in_a_process("land", file, Path(folder) / f"home-{n}")
            for name, told in (("ours", ours), ("same counts", same), ("trusting", trusting)):
                print(f"  {name:12}{told['seconds']:8.2f} s {told['cpu']:8.2f} s of CPU {told['megabytes']:6,} MB "
                      f"{told['counted']:12,} counted")  # fmt: skip
            if ours["counts"] != same["counts"]:
                raise SystemExit("the bare aggregation comes to other counts")
            plain = (ours[what] / bare[what] for bare in (same, trusting) for what in ("seconds", "cpu"))
            reported = ((ours["seconds"] + ours[which]) / same["seconds"] for which in ("report", "first_report"))
            ratios.append((*plain, *reported))
            print("  {:.2f} times same counts ({:.2f} in CPU), {:.2f} times trusting ({:.2f}); with the report {:.2f}, "
                  "{:.2f} in a process's first run".format(*ratios[-1]), flush=True)  # fmt: skip
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    print("medians: {:.2f} times the bare aggregation to the same counts ({:.2f} in CPU), "
          "{:.2f} times trusting ({:.2f}); with the report made, too, {:.2f}, "
          "{:.2f} in a process's first run".format(*medians))  # fmt: skip
    print(f"the report over it, which depends on no number of entries: {ours['report']:.1f} s, "
          f"{ours['first_report']:.1f} s with the import of libraries and the making of MLflow's store")  # fmt: skip
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
    for library in LIBRARIES:
        import_module(library)
    from warehouse.connect import reading, rows
    from warehouse.decisions import decision_counts, decisions_folder, land_decisions, landing_folder
    from warehouse.migrate import migrate

    migrate()
    landing_folder().mkdir(parents=True)
    os.link(file, landing_folder() / file.name)
    started, worked = time.perf_counter(), time.process_time()
    landed = land_decisions(MOMENT)
    with reading() as warehouse:
        counts = decision_counts(warehouse, START, MOMENT, MOMENT + timedelta(days=1))
    told = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - worked}
    told |= {"megabytes": _peak_megabytes(), "first_report": _report(), "report": _report()}
    with reading() as warehouse:
        pattern = str(decisions_folder() / "day=*" / "*.parquet")
        kept = rows(warehouse, "SELECT count(*) AS n FROM read_parquet($files)", {"files": pattern})[0]["n"]
        sums = warehouse.execute("SELECT * EXCLUDE (file, seconds_bins) FROM decision_days ORDER BY ALL").fetchall()
    bins = [[one.start, one.log_type, *bin] for one in counts for bin in sorted(one.seconds_bins.items())]
    rejects = decisions_folder() / "rejects" / file.name
    with rejects.open("rb") as lines:
        in_rejects = sum(1 for _ in lines)
    return told | {
        "counts": _fingerprint(sums, bins), "lines": landed.lines, "kept": landed.kept, "duplicates": landed.duplicates,
        "rejected": landed.rejected, "counted": sum(one.n for one in counts), "in_parquet": kept,
        "in_rejects": in_rejects, "reasons": landed.reasons,
    }  # fmt: skip


def _report() -> float:
    """The seconds that the week's report takes: it reads counts, not entries."""
    from database.migrate import migrate
    from flows.looking import look_at
    from reports.periods import gather_period, period_of
    from reports.publish import publish
    from ringback.settings import settings

    migrate()
    started = time.perf_counter()
    period = period_of("weekly", MOMENT)
    publish(gather_period(look_at.fn(period.last_week, MOMENT), period), settings().reports)
    return time.perf_counter() - started


def _bare(file: Path, is_same: bool) -> dict[str, object]:
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 2})
    started, worked = time.perf_counter(), time.process_time()
    connection.execute(BARE.format(**(SAME if is_same else TRUSTING)), {"file": str(file)})
    told = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - worked}
    counted = connection.execute("SELECT sum(n)::BIGINT FROM counted WHERE left_out = 63").fetchall()[0][0]
    sums = connection.execute(
        """
        SELECT
            day, log_type, CASE left_out
                WHEN 63 THEN '' WHEN 31 THEN 'method' WHEN 47 THEN 'template' WHEN 55 THEN 'industry'
                WHEN 59 THEN 'campaign' WHEN 61 THEN 'model_version' ELSE 'system' END AS dimension,
            coalesce(method, template, industry, campaign, model_version, system, '') AS member,
            sum(COLUMNS(* EXCLUDE (day, log_type, bin, method, template, industry, campaign, model_version, system,
                left_out)))
        FROM counted
        WHERE left_out = 63 OR member <> ''
        GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    bins = connection.execute(
        """
        SELECT day, log_type, bin, sum(n)::BIGINT AS n FROM counted
        WHERE left_out = 63 AND bin IS NOT NULL GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    return told | {"counted": counted, "counts": _fingerprint(sums, bins)}


def _fingerprint(sums: Sequence[Sequence[Any]], bins: Sequence[Sequence[Any]]) -> str:
    """Equal where each sum of each day, kind, dimension and member is, and each bin of seconds."""
    plain = [[str(value) for value in row] for row in (*sums, *bins)]
    return sha256(dumps(plain).encode()).hexdigest()[:16]


def _peak_megabytes() -> int:
    """The most memory that this process has held, by the kernel's count."""
    return next(int(line.split()[1]) // 1024 for line in _status() if line.startswith("VmHWM"))


def _status() -> Iterator[str]:
    yield from Path("/proc/self/status").read_text().splitlines()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        way, file = sys.argv[1], Path(sys.argv[2])
        found = _land(file, Path(sys.argv[3])) if way == "land" else _bare(file, way == "same")
        print(dumps({"megabytes": _peak_megabytes()} | found))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES)
