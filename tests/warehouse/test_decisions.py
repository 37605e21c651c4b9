"""Landing logged decisions: every line is kept, a duplicate, or set aside with its reason, and never counted twice."""

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.decisions import BAD, an_entry, write_log
from ringback.decision_log import DecisionFile
from ringback.settings import CHECKOUT
from tests.factories import DAY, HOUR, NOON
from warehouse import decision_counting, decisions
from warehouse.connect import Rows, reading, rows
from warehouse.decisions import (
    LandedDecisions,
    decision_counts,
    decision_quality,
    decisions_folder,
    land_decisions,
    landing_folder,
)  # fmt: skip

ALWAYS = NOON + 365 * DAY


def entry(**other: Any) -> dict[str, Any]:
    return {
        "log_type": "website_analysis", "session_id": "s1", "timestamp": NOON.isoformat(),
        "decision_reasoning": {"method_used": "crawler", "success": True},
    } | other  # fmt: skip


def reasoning(**other: Any) -> dict[str, Any]:
    return {"decision_reasoning": {"method_used": "crawler", "success": True} | other}


def put(name: str, *lines: dict[str, Any] | bytes) -> Path:
    """A file in the landing folder."""
    landing_folder().mkdir(parents=True, exist_ok=True)
    path = landing_folder() / name
    path.write_bytes(b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines))
    return path


def land(*lines: dict[str, Any] | bytes, name: str = "log.jsonl", moment: datetime = NOON + DAY) -> LandedDecisions:
    put(name, *lines)
    return land_decisions(moment)


def parquet() -> Rows:
    """What is in the Parquet files."""
    with reading() as warehouse:
        return rows(
            warehouse, "SELECT * FROM read_parquet($files) ORDER BY ALL",
            {"files": str(decisions_folder() / "day=*" / "*.parquet")},
        )  # fmt: skip


WRONG = {
    "line: is no JSON": b'{"log_type": "website_analysis", "session',
    "line: is empty": b"",
    "line: is no UTF-8": json.dumps(entry(session_id="caf?")).encode().replace(b"?", b"\xe9"),
    "line: is longer than 1 MiB": entry(input_data={"text": "x" * 1_100_000}),
    "line: is a list, not an object": b"[1, 2]",
    "log_type: is missing, a text is needed": entry(log_type=None),
    "log_type: is not known": entry(log_type="mystery"),
    "session_id: is a list, a text is needed": entry(session_id=[[[1]]]),
    "session_id: is empty": entry(session_id=" "),
    "timestamp: is a number, a text is needed": entry(timestamp=1773835200),
    "timestamp: is no moment in ISO 8601": entry(timestamp="2026-02-30T10:00:00"),
    "timestamp: is before the year 2000": entry(timestamp="1999-12-31T23:59:59Z"),
    "timestamp: lies more than a day ahead": entry(timestamp="2999-01-01T00:00:00Z"),
    "decision_reasoning: is a text, an object is needed": entry(decision_reasoning="yes"),
    "decision_reasoning.method_used: is missing, a text is needed": entry(**reasoning(method_used=None)),
    "decision_reasoning.success: is a text, true or false is needed": entry(**reasoning(success="true")),
    "decision_reasoning.processing_time: is no number of seconds": entry(**reasoning(processing_time=float("nan"))),
    "decision_reasoning.processing_time: is less than 0": entry(**reasoning(processing_time=-1)),
    "decision_reasoning.processing_time: is more than a year": entry(**reasoning(processing_time="1e8")),
    "decision_reasoning.confidence_level: is none of high, medium, low": entry(**reasoning(confidence_level="sure")),
    "lead_identifier: is a text, not an object": entry(lead_identifier="Acme"),
    "lead_identifier.company: is a list, not a text or number": entry(lead_identifier={"company": ["Acme"]}),
    "input_data: is a list, not an object": entry(input_data=[1]),
    "training_labels.quality_score: is no number from 0 to 100": entry(training_labels={"quality_score": 101}),
    "training_labels.success_indicator: is a number, not true or false": entry(
        training_labels={"success_indicator": 1}
    ),
    "entry_id: is an object, not a text or number": entry(entry_id={"id": 1}),
}


def test_each_thing_that_can_be_wrong_is_named(home: Path) -> None:
    landed = land(*WRONG.values())
    assert (landed.lines, landed.kept, landed.rejected) == (len(WRONG), 0, len(WRONG))
    assert landed.reasons == dict.fromkeys(sorted(WRONG), 1)
    told = [json.loads(line) for line in (decisions_folder() / "rejects" / "log.jsonl").read_text().splitlines()]
    assert [(one["line"], one["reason"]) for one in told] == list(enumerate(WRONG, 1))
    assert max(len(one["text"]) for one in told) <= 2_000
    assert told[2]["text"].count("caf\\xe9") == 1
    assert not list(decisions_folder().glob("day=*"))


DEEP = json.dumps(entry()).encode()[:-1] + b', "input_data": {"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}"
RIGHT = {
    "the least": entry(),
    "all": entry(
        entry_id="e", system="bot", lead_identifier={"name": "Ana", "company": "Acme", "industry": "SaaS"},
        input_data={"template": "t1", "campaign_id": 7}, output_data={"model_version": "3"},
        **reasoning(confidence_level="high", processing_time="1.5"),
        training_labels={"quality_score": 80.5, "success_indicator": False, "improvement_potential": "low"},
    ),
    "nothing said": entry(
        lead_identifier=None, input_data=None, output_data={}, training_labels=None, template=None,
        **reasoning(confidence_level=None, processing_time=None),
    ),
    "further fields": entry(colour="blue"),
    "texts that look like objects": entry(session_id="{x}", template="[first name]"),
    "a text that reads true": entry(session_id="true"),
    "a NUL and quotes": entry(session_id='a\0b"c\\'),
    "an input that is deep": DEEP,
    "windows line end": json.dumps(entry(session_id="s2")).encode() + b"\r",
    "an input of other kinds": entry(input_data={"template": {"not": "a name"}, "campaign_id": [1]}),
}  # fmt: skip


def test_what_fits_the_schema_is_kept(home: Path) -> None:
    landed = land(*RIGHT.values())
    assert (landed.lines, landed.kept, landed.reasons) == (len(RIGHT), len(RIGHT), {})
    assert [len(row["entry"]) > 100 for row in parquet()] == [True] * len(RIGHT)


@pytest.mark.parametrize(
    ("timestamp", "day"),
    [
        ("2026-03-18T00:30:00+02:00", date(2026, 3, 17)), ("2026-03-17T23:30:00-0100", date(2026, 3, 18)),
        ("2026-03-18T23:59:59.999999Z", date(2026, 3, 18)), ("2026-03-18", date(2026, 3, 18)),
    ],
)  # fmt: skip
def test_an_entry_counts_on_its_day_in_utc(timestamp: str, day: date, home: Path) -> None:
    assert land(entry(timestamp=timestamp)).files[0].first_day == day


def test_the_counts_are_exact_sums_that_a_reader_can_add_up(home: Path) -> None:
    land(
        entry(**reasoning(processing_time=1), training_labels={"quality_score": 70, "success_indicator": True},
              template="a"),
        entry(**reasoning(processing_time=3, success=False), training_labels={"quality_score": 90.5}, template="b"),
        entry(timestamp=(NOON + DAY).isoformat(), training_labels={"success_indicator": False}, template="a"),
    )  # fmt: skip
    with reading() as warehouse:
        (week,) = decision_counts(warehouse, NOON - 7 * DAY, NOON + 7 * DAY, ALWAYS, by="week")
        by_template = decision_counts(warehouse, NOON - DAY, NOON + 2 * DAY, ALWAYS, "week", "template")
        first_day = decision_counts(warehouse, NOON - DAY, NOON + HOUR * 12, ALWAYS, log_type="website_analysis")
    assert (week.start, week.n, week.successes, week.labelled, week.approved) == (date(2026, 3, 16), 3, 2, 2, 1)
    assert (week.quality_n, week.mean_quality, week.seconds_n, week.mean_seconds) == (2, 80.25, 2, 2.0)
    assert week.quality_deviation == pytest.approx(14.4957, abs=1e-4)  # 20.5 / sqrt(2)
    assert week.seconds_within(0.5) == pytest.approx(1, rel=0.026)
    assert week.seconds_within(0.95) == pytest.approx(3, rel=0.026)
    assert [(one.member, one.n) for one in by_template] == [("a", 2), ("b", 1)]
    assert [(one.start, one.n) for one in first_day] == [(date(2026, 3, 18), 2)]


def test_beyond_two_hundred_members_the_rest_is_other(home: Path) -> None:
    land(*[entry(template=f"t{n % 205}", session_id=f"s{n}") for n in range(405)])  # t0 to t199 twice, five once
    with reading() as warehouse:
        counts = decision_counts(warehouse, NOON - DAY, NOON + DAY, ALWAYS, dimension="template")
    assert (len(counts), sum(one.n for one in counts)) == (201, 405)
    assert next(one.n for one in counts if one.member == "other") == 5


def test_a_member_counts_under_its_trimmed_beginning_and_a_blank_one_not_at_all(home: Path) -> None:
    long = "t" * 100
    said = [" a", "a ", "a", " ", long, long + "x"]
    land(*[entry(template=one, session_id=f"s{n}", **reasoning(processing_time=1)) for n, one in enumerate(said)])
    with reading() as warehouse:
        counts = decision_counts(warehouse, NOON - DAY, NOON + DAY, ALWAYS, dimension="template")
    assert [(one.member, one.n, sum(one.seconds_bins.values())) for one in counts] == [("a", 3, 3), (long, 2, 2)]
    assert Counter(row["template"] for row in parquet()) == {"a": 3, long: 2, None: 1}


def test_the_same_entry_counts_once_within_a_file_across_blocks_and_from_another_file(home: Path) -> None:
    same, mine = entry(), entry(entry_id="a")
    filler = [entry(session_id=f"f{n}", input_data={"text": "x" * 1_000_000}) for n in range(4)]
    put("one.jsonl", same, mine, same, *filler, mine, entry(entry_id="a", session_id="other"))
    landed = land_decisions(NOON + DAY, block_bytes=3_000_000)
    assert (landed.lines, landed.kept, landed.duplicates, landed.rejected) == (9, 6, 2, 1)
    again = land(mine, same, entry(entry_id="a", session_id="third"), entry(entry_id="b"), name="two.jsonl")
    assert (again.lines, again.kept, again.duplicates) == (4, 1, 2)
    assert again.reasons == {"entry_id: was used before with other content": 1}


def test_two_systems_may_number_their_entries_alike(home: Path) -> None:
    assert land(entry(entry_id=1, system="bot"), entry(entry_id=1, system="crawler")).kept == 2


def test_lines_of_any_length_and_a_torn_end_go_through_a_small_buffer(home: Path) -> None:
    path = put("log.jsonl", entry(), b"x" * 20_000_000, entry(session_id="s2"))
    with path.open("ab") as file:
        file.write(b'{"torn')
    landed = land_decisions(NOON + DAY, block_bytes=3_000_000)
    assert (landed.lines, landed.kept) == (4, 2)
    assert landed.reasons == {"line: is longer than 1 MiB": 1, "line: is no JSON": 1}


def test_a_million_lines_in_small_every_line_is_accounted_for(home: Path) -> None:
    """As `python -m benchmarks.decisions`, with 4,000 lines of which a hundred or more are bad."""
    landing_folder().mkdir(parents=True)
    planted = write_log(landing_folder() / "log.jsonl", 4_000, seed=3, bad_share=0.03)
    landed = land_decisions(NOON)
    assert planted.total() > 100
    assert (landed.lines, landed.duplicates) == (4_000, planted["a duplicate"])
    assert landed.rejected == planted.total() - planted["a duplicate"] == sum(landed.reasons.values())
    assert landed.kept == 4_000 - planted.total() == len(parquet())
    with reading() as warehouse:
        counted = decision_counts(warehouse, datetime(2026, 3, 1), datetime(2026, 4, 1), ALWAYS)
    assert sum(one.n for one in counted) == landed.kept


def test_each_kind_of_bad_line_is_bad(home: Path) -> None:
    dice = random.Random(0)
    bad = [make(an_entry(n, dice)) for n, (kind, make) in enumerate(BAD.items()) if kind != "a duplicate"]
    landed = land(*bad)
    assert (landed.lines, landed.rejected) == (9, 9)


def test_a_report_of_the_past_does_not_count_what_landed_later(home: Path) -> None:
    land(entry(), b"broken", name="early.jsonl", moment=NOON + DAY)
    land(entry(session_id="late"), name="late.jsonl", moment=NOON + 9 * DAY)
    land(entry(session_id="later still"), name="third.jsonl", moment=NOON + 2 * DAY)  # known not before the second
    with reading() as warehouse:
        n = [
            sum(one.n for one in decision_counts(warehouse, NOON - DAY, NOON + DAY, NOON + days * DAY))
            for days in (0, 1, 8, 9)
        ]
        quality = decision_quality(warehouse, NOON + 8 * DAY, NOON)
    assert n == [0, 1, 1, 3]
    assert (quality.files, quality.lines, quality.kept, quality.rejected) == (1, 2, 1, 1)
    assert quality.reasons == {"line: is no JSON": 1}


def test_what_a_logger_lost_is_shown(home: Path) -> None:
    land(entry(log_type="log_loss", output_data={"lost": 12}))
    with reading() as warehouse:
        assert decision_quality(warehouse, ALWAYS, NOON).lost == 12


def test_a_file_that_is_being_written_waits_and_its_writer_goes_on_in_a_new_one(home: Path) -> None:
    writer, line = DecisionFile(landing_folder()), json.dumps(entry(session_id="first")).encode() + b"\n"
    writer.append(line)
    (path,) = landing_folder().glob("*.jsonl")
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert land_decisions(NOON + DAY).lines == 0
    assert land_decisions(NOON + DAY).kept == 1
    writer.append(line.replace(b"first", b"second"))
    assert land_decisions(NOON + DAY).kept == 1


def test_a_name_used_again_for_another_file_is_another_file(home: Path) -> None:
    assert [land(entry(session_id=f"s{n // 2}"), name="log.jsonl").kept for n in range(4)] == [1, 0, 1, 0]
    assert len(list((landing_folder() / "done").iterdir())) == 2


def test_a_hostile_name_leads_nowhere(home: Path) -> None:
    landed = land(entry(), name="{uuid} ..'; DROP *.jsonl")
    assert landed.kept == len(parquet()) == 1


class Ended(BaseException):
    """As good as a kill for what is in the files and in the warehouse."""


def all_is_right(lines: int) -> None:
    with reading() as warehouse:
        (file,) = rows(warehouse, "SELECT lines, kept, duplicates, rejected FROM decision_files")
        sums = rows(warehouse, "SELECT sum(n) AS n FROM decision_days WHERE dimension = ''")[0]["n"]
        keys = rows(warehouse, "SELECT count(*) AS n FROM decision_keys")[0]["n"]
    assert file == {"lines": lines, "kept": len(RIGHT), "duplicates": 1, "rejected": len(WRONG)}
    assert sums == keys == len(parquet()) == len(RIGHT)
    rejects = (decisions_folder() / "rejects" / "log.jsonl").read_text().splitlines()
    assert len(rejects) == len(WRONG)
    assert [path.name for path in landing_folder().rglob("*.jsonl")] == ["log.jsonl"]
    assert not list(landing_folder().glob("*.jsonl"))


@pytest.mark.parametrize("step", ["write_entries", "_remember", "Counting", "_commit", "_put_away"])
def test_ended_before_or_after_any_step_and_run_again_leaves_the_same_rows(
    step: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: Callable[..., Any] = getattr(decisions, step)
    lines = [*RIGHT.values(), *WRONG.values(), entry()]
    put("log.jsonl", *lines)

    def before(*_: Any) -> Any:
        raise Ended

    def after(*given: Any) -> Any:
        usual(*given)
        raise Ended

    for ending in (before, after):
        monkeypatch.setattr(decisions, step, ending)
        if list(landing_folder().glob("*.jsonl")):
            with pytest.raises(Ended):
                land_decisions(NOON + DAY)
    monkeypatch.undo()
    monkeypatch.setenv("RINGBACK_HOME", str(home))
    land_decisions(NOON + DAY)
    all_is_right(len(lines))


def test_what_a_killed_run_wrote_of_a_file_goes_before_it_is_run_again(home: Path) -> None:
    left = decisions_folder() / "day=2026-03-18" / "log.00007.0.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    left.with_suffix(".parquet").write_bytes(b"PAR1 and no more")
    assert land(entry()).kept == len(parquet()) == 1
    assert [path.name for path in left.parent.iterdir()] == ["log.00000.0.parquet"]


KILLED = """
import os, signal
from datetime import datetime
from warehouse import decisions
decisions._put_away = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
commit = decisions._commit
def dies(*given):
    if not os.path.exists("was-killed"):
        open("was-killed", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    commit(*given)
decisions._commit = dies
decisions.land_decisions(datetime(2026, 3, 19))
"""


def test_killed_before_the_commit_and_after_it_the_third_run_leaves_every_row_once(home: Path) -> None:
    lines = [*RIGHT.values(), *WRONG.values(), entry()]
    put("log.jsonl", *lines)
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "RINGBACK_HOME": str(home)}
    for _ in range(2):
        ended = subprocess.run([sys.executable, "-c", KILLED], cwd=home, env=environment, check=False)
        assert ended.returncode == -signal.SIGKILL
    land_decisions(NOON + DAY)
    all_is_right(len(lines))


def test_the_counts_do_not_depend_on_blocks_or_threads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing_folder().mkdir(parents=True)
    counts = []
    ways = [(1, 64_000_000, 500_000, 10_000_000), (2, 2_200_000, 1_000, 100)]
    for n, (threads, block_bytes, at_once, most_places) in enumerate(ways):
        monkeypatch.setattr(decisions, "THREADS", threads)
        monkeypatch.setattr(decision_counting, "AT_ONCE", at_once)
        monkeypatch.setattr(decision_counting, "MOST_PLACES", most_places)
        write_log(landing_folder() / f"log-{n}.jsonl", 5_000, seed=4, bad_share=0.0)
        land_decisions(NOON, block_bytes=block_bytes)
        with reading() as warehouse:
            counts.append([
                decision_counts(warehouse, NOON - 30 * DAY, NOON + 30 * DAY, ALWAYS, "day", dimension)
                for dimension in ("", "method", "template", "industry", "campaign")
            ])  # fmt: skip
        with decisions.writing() as warehouse:
            for table in ("decision_files", "decision_days", "decision_keys"):
                warehouse.execute(f"DELETE FROM {table}")
    assert counts[0] == counts[1]
    assert len(counts[0][0]) == 14 * 4
