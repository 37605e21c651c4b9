"""Features of many calls with notes and transcripts: rows a second, memory, and what bounds it.

Run it with `python -m benchmarks.features [CALLS ...]` (default 20,000 and 100,000; 150 words of notes and 600 of
transcript a call). Each size runs in a home of its own and prints the time of the query and of the features, the
highest memory of this process and of all together, and how much of the building is listening for phrases. With
`exact` as first word it checks instead that features of 10,000 calls are the same in a batch, one by one, and as of
the past, also when encoded; with `past`, that at two hundred random moments deleting every row that arrived later
changes no feature and no label.
"""

import multiprocessing
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ringback.records import Call, Outcome

SIZES = (20_000, 100_000)
CHECKED = 10_000
MOMENTS, PAST_CALLS = 200, 200
NOTE_WORDS, SPOKEN_WORDS = 150, 600
LANDED_AT_ONCE = 5_000
STARTED = datetime(2024, 1, 8)
STEP = timedelta(minutes=5)
WHOSE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
SHOWN_MS = 1000.0


def main(sizes: list[int]) -> None:
    """Each size in a process and home of its own, so that the memory of one is not that of another."""
    for calls in sizes:
        with tempfile.TemporaryDirectory() as home:
            for part in ("prepare", "measure"):
                done = [sys.executable, "-m", "benchmarks.features", part, str(calls)]
                subprocess.run(done, check=True, env=os.environ | {"RINGBACK_HOME": home})


def measure(calls: int) -> None:
    """Build all features of so many prepared calls, and say how long it took."""
    from features.batches import build_all

    peaks: list[tuple[int, int]] = [(0, 0)]
    with _watched(peaks):
        started = time.perf_counter()
        first, count = 0.0, 0
        for _ in build_all(STARTED + (calls + 1) * STEP + timedelta(days=3)):
            count += 1
            first = first or time.perf_counter() - started
        took = time.perf_counter() - started
    seconds = sum(getattr(resource.getrusage(who), used) for who in WHOSE for used in ("ru_utime", "ru_stime"))
    mine, together = (max(column) for column in zip(*peaks, strict=True))
    words, all_features = _listening()
    print(
        f"{count:,} calls in {took:.1f} s ({count / took:,.0f} a second; the first after {first:.1f} s), "
        f"{seconds:.1f} s of processor time, at most {mine:,} MB here and {together:,} MB in all processes"
    )
    print(
        f"  one call alone: {all_features:.2f} ms, of which listening for phrases {words:.2f} ms "
        f"({100 * words / all_features:.0f} %)",
        flush=True,
    )


def check_exactness(calls: int) -> None:
    """Batch, one by one, and as of the past: the same values and the same encoded numbers, bit for bit."""
    from features import build
    from features.batches import build_all
    from features.encoding import learn_encoding
    from features.snapshots import snapshots_as_of

    with tempfile.TemporaryDirectory() as home:
        os.environ["RINGBACK_HOME"] = home
        prepare(calls)
        as_of = STARTED + (calls + 1) * STEP + timedelta(days=3)
        past = STARTED + calls // 2 * STEP
        batch = {one.call_id: one for one in build_all(as_of)}
        single = {s.call_id: (s.judged_at, build(s)) for s in snapshots_as_of(as_of)}
        then = {one.call_id: one for one in build_all(past)}
    same = sum(batch[one].row == row for one, (_, row) in single.items())
    settled = [one for one, featured in then.items() if featured.judged_at == batch[one].judged_at]
    as_then = sum(batch[one].row == then[one].row for one in settled)
    rows = [one.row for one in batch.values()]
    encoding = learn_encoding(rows)
    together = encoding.encode(rows)
    alone = sum(encoding.encode([row])[0].tobytes() == together[at].tobytes() for at, row in enumerate(rows))
    print(f"{len(single):,} calls, {len(encoding.columns)} columns ({', '.join(encoding.texts)} as text)")
    print(f"  the same one by one {same:,}, encoded so {alone:,}, as of the past {as_then:,} of {len(settled):,}")
    if not (same == alone == len(single) == len(batch) and as_then == len(settled) > 0):
        raise SystemExit("they are not the same")


def check_past(moments: int) -> None:
    """Delete what arrived later, from the latest moment to the earliest, and compare with the whole warehouse."""
    import shutil

    from tests.features.past import first_difference, land_world, random_moments
    from warehouse.connect import writing
    from warehouse.migrate import migrate

    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("full.duckdb", "forgetting.duckdb")]
        migrate(files[0])
        with writing(files[0]) as warehouse:
            land_world(warehouse, PAST_CALLS)
        shutil.copy(files[0], files[1])
        with writing(files[0]) as full, writing(files[1]) as forgetting:
            found = first_difference(full, forgetting, random_moments(moments))
    if found:
        raise SystemExit(f"{found[1]} is another as of {found[0]}")
    print(f"{moments} moments, {PAST_CALLS} calls: what arrived later changes nothing")


def prepare(calls: int) -> None:
    """Make a warehouse of so many calls, a fifth as many companies, and an outcome and a mail before each."""
    from ringback.records import CompanyFacts
    from warehouse.campaigns import land_rows
    from warehouse.connect import writing
    from warehouse.landing import land_calls, land_company_facts, land_outcomes
    from warehouse.migrate import migrate

    migrate()
    dice = random.Random(7)
    companies = [f"c{n}.example" for n in range(max(10, calls // 5))]
    with writing() as warehouse:
        land_company_facts(
            warehouse,
            [CompanyFacts(one, "crm", STARTED, employees=dice.uniform(5, 5000), industry=f"industry {n % 30}",
                          technologies=("AWS", "Twilio"), news="They raised $5 million and opened a new office.")
             for n, one in enumerate(companies)],
        )  # fmt: skip
    for start in range(0, calls, LANDED_AT_ONCE):
        made = [_a_call(dice, n, companies) for n in range(start, min(calls, start + LANDED_AT_ONCE))]
        with writing() as warehouse:
            land_calls(warehouse, [call for call, _ in made])
            land_outcomes(warehouse, [outcome for _, outcome in made])
            mails = [_a_mail(call, start + n) for n, (call, _) in enumerate(made)]
            land_rows(warehouse, "sent_mails", [mail for mail, _ in mails], STARTED - timedelta(days=9))
            land_rows(warehouse, "mail_events", [event for _, event in mails], STARTED - timedelta(days=9))


def _a_call(dice: random.Random, n: int, companies: list[str]) -> "tuple[Call, Outcome]":
    from ringback.records import Call, Outcome

    at, company = STARTED + n * STEP, dice.choice(companies)
    call = Call(
        f"fellow:{n}", f"{n:024x}", "fellow", str(n), at, at, f"ana@{company}", company_id=company, minutes=30.0,
        notes=_sentences(dice, NOTE_WORDS), transcript=_transcript(dice), own_speakers=("Bo Berg",),
        sentiment=dice.uniform(-1, 1), attendees=("bo@us.example", f"ana@{company}"),
        custom={"seats": f"{dice.randrange(1, 9000):,}", "city": f"Town {dice.randrange(300)}",
                "renewal": f"{at + timedelta(days=dice.randrange(400)):%Y-%m-%d}"},
    )  # fmt: skip
    known_at = at + timedelta(days=dice.uniform(0.5, 20))
    return call, Outcome(call.call_id, "progression", dice.random() < 0.3, known_at, known_at, "crm", "said")


def _a_mail(call: "Call", n: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A mail of up to nine days before a call, and what came of it."""
    at = call.called_at - timedelta(days=n % 9, hours=1)
    mail = {
        "message_id": f"m{n}", "enrolment_id": f"e{n}", "campaign_id": "c", "lead_id": call.lead_id, "sequence": "s",
        "template": "opener", "step": 0, "variants": {}, "state": "sent", "sent_at": at, "known_at": at,
    }  # fmt: skip
    kind = ("opened", "clicked", "replied", "clicked_by_machine")[n % 4]
    event = {"event_id": f"v{n}", "kind": kind, "message_id": f"m{n}", "recipient": call.lead_id}
    return mail, event | {"happened_at": at, "known_at": at + timedelta(minutes=30)}


def _sentences(dice: random.Random, words: int) -> str:
    """Sentences as the simulated customers speak them."""
    said: list[str] = []
    count = 0
    while count < words:
        said.append(dice.choice(_phrases()))
        count += said[-1].count(" ") + 1
    return " ".join(said)


@cache
def _phrases() -> tuple[str, ...]:
    from sandbox import talk

    return (
        *talk.NEED, *talk.VAGUE, *talk.ABOUT_US, *talk.TECHNICAL, *talk.PRICING, *talk.NO_RUSH, *talk.FILLERS_CUSTOMER,
        *talk.HAPPY, *talk.TIMELINE_NEAR, *talk.NO_BUDGET, *talk.WANTS["Voice AI"], *talk.NEXT_OPEN,
    )  # fmt: skip


def _transcript(dice: random.Random) -> str:
    turns = SPOKEN_WORDS // 30
    return "\n".join(f"{('Ana Lopez', 'Bo Berg')[n % 2]}: {_sentences(dice, 28)}" for n in range(turns))


def _listening() -> tuple[float, float]:
    """Milliseconds a call: of the features that listen for phrases, and of all of them."""
    from features import FEATURES, build
    from features.conversation import CONVERSATION
    from ringback.records import Snapshot

    dice = random.Random(8)
    asked = [
        Snapshot(str(n), "", "", STARTED, STARTED, notes=_sentences(dice, NOTE_WORDS), transcript=_transcript(dice),
                 own_speakers=("Bo Berg",))
        for n in range(200)
    ]  # fmt: skip
    assert len(FEATURES) > len(CONVERSATION)
    started = time.perf_counter()
    for s in asked:
        for feature in CONVERSATION:
            feature(s)
    words = time.perf_counter() - started
    started = time.perf_counter()
    for s in asked:
        build(s)
    return words / len(asked) * SHOWN_MS, (time.perf_counter() - started) / len(asked) * SHOWN_MS


@contextmanager
def _watched(peaks: list[tuple[int, int]]) -> Iterator[None]:
    """Megabytes in use by this process, and by it and its children together, five times a second."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            mine = _megabytes(os.getpid())
            peaks.append((mine, mine + sum(map(_megabytes, _children()))))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _children() -> list[int]:
    return [process.pid for process in multiprocessing.active_children() if process.pid]


def _megabytes(pid: int) -> int:
    """Of a process that may have ended just now."""
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return resident * os.sysconf("SC_PAGE_SIZE") // 1_000_000


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare", calls]:
            prepare(int(calls))
        case ["measure", calls]:
            measure(int(calls))
        case ["exact", *calls]:
            check_exactness(int(calls[0]) if calls else CHECKED)
        case ["past", *moments]:
            check_past(int(moments[0]) if moments else MOMENTS)
        case sizes:
            main([int(one) for one in sizes] or list(SIZES))
