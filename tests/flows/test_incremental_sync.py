"""What changes at Fellow between two runs, or while one runs, is there once and in versions; the rest is not fetched.

RINGBACK_TEST_EXAMPLES says how many orders of happenings are tried.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from json import loads
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from database import models
from database.session import count_rows
from database.session import reading as reading_database
from database.sync import high_water
from features import build
from features.snapshots import snapshots_as_of
from flows import ingest_calls as flow
from ringback.clock import now
from ringback.records import Snapshot
from ringback.settings import settings
from sandbox.records import Meeting
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.conftest import STORES, forget_home
from tests.sandbox.vendor_controls import books, configure, reset
from vendors import fellow
from warehouse.connect import Rows, reading, rows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2024, 1, 1)
SATURDAY = START + 12 * DAY
"""Nobody calls, after two weeks of 60 calls: at 50 a page there are three pages."""
EXAMPLES = int(os.environ.get("RINGBACK_TEST_EXAMPLES", "6"))
TABLES = ("raw_payloads", "calls", "quarantine")
Pages = Callable[..., Iterator[list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxServer]:
    with SandboxServer(World(seed=7, start=START, calls_per_week=60), requests_per_second=None) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """Fellow on Saturday, with an empty home beside it."""
    speak_to(running, monkeypatch)
    reset(running, "fellow")
    running.set_now(SATURDAY)
    return running


def speak_to(server: SandboxServer, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("RINGBACK_SANDBOX_PORT", server.url.rsplit(":", 1)[1])
    patch.setenv("RINGBACK_FELLOW_REQUESTS_PER_SECOND", "100000")
    settings.cache_clear()


@contextmanager
def a_home(migrated: Path, folder: Path) -> Iterator[Path]:
    """Another empty home, in which everything below happens."""
    folder.mkdir(parents=True)
    for name in STORES:
        shutil.copy(migrated / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGBACK_HOME", str(folder))
        forget_home()
        yield folder
    forget_home()


def sync(moment: datetime) -> None:
    """What the flow does about Fellow, without Prefect around it."""
    flow.take_meetings.fn(flow.read_fellow.fn(moment), moment)
    flow.mark_read.fn(moment)


def sync_at(server: SandboxServer, moment: datetime) -> None:
    """A run at the moment at which Fellow's clock stands."""
    server.set_now(moment)
    sync(moment)


def edit(server: SandboxServer, record_id: str | None, at: datetime, **fields: object) -> None:
    """Somebody changes these fields of a recording or note; none if only its `updated_at` moves."""
    body = {"id": record_id, "at": at.isoformat(), "fields": fields}
    httpx.post(f"{server.url}/_sandbox/fellow/edit", verify=False, json=body).raise_for_status()


def an_ordinary(server: SandboxServer, on: datetime = SATURDAY - 4 * DAY) -> Meeting:
    """The first meeting from a day on that has a note, and that nothing unusual happens to."""
    return next(
        m for m in server.world.meetings(SATURDAY)
        if m.started_at >= on and m.note_id and m.lists_attendees and not m.malformed and not m.edited_at
        and m.transcript_at - m.ended_at < 2 * HOUR
    )  # fmt: skip


def call_id(meeting: Meeting) -> str:
    return f"fellow:{meeting.meeting_id}"


def asked(statement: str, **parameters: object) -> Rows:
    with reading() as warehouse:
        return rows(warehouse, statement, parameters)


def call_as_of(moment: datetime, meeting: Meeting) -> dict[str, Any] | None:
    found = asked("SELECT * FROM calls_as_of($m) WHERE call_id = $id", m=moment, id=call_id(meeting))
    assert len(found) <= 1
    return found[0] if found else None


def versions(meeting: Meeting, *columns: str) -> list[tuple[Any, ...]]:
    found = asked("SELECT * FROM calls WHERE call_id = $id ORDER BY known_at, loaded_at", id=call_id(meeting))
    return [tuple(row[name] for name in columns) for row in found]


def slim(meeting: Meeting) -> Any:
    with reading_database() as database:
        return database.execute(models.Call.__table__.select().where(models.Call.call_id == call_id(meeting))).one()


def latest() -> dict[str, str]:
    """The latest content of each call, which both stores agree on."""
    found = {row["call_id"]: row["content_hash"] for row in asked("SELECT call_id, content_hash FROM current_calls")}
    with reading_database() as database:
        assert {r.call_id: r.content_hash for r in database.execute(models.Call.__table__.select())} == found
    return found


def everything() -> dict[str, object]:
    """All rows of Fellow's in both stores, but for the moment at which they were written."""
    kept: dict[str, object] = {name: asked(f"SELECT * EXCLUDE (loaded_at) FROM {name} ORDER BY ALL") for name in TABLES}
    with reading_database() as database:
        for model in (models.Call, models.Lead, models.Company):
            kept[model.__tablename__] = sorted(map(tuple, database.execute(model.__table__.select())), key=repr)
    return kept


def counts() -> dict[str, int]:
    """Rows of every table of both stores."""
    names = [row["name"] for row in asked("SELECT table_name AS name FROM duckdb_tables()")]
    counted = {name: asked(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in names}
    return counted | {f"database {name}": n for name, n in count_rows().items()}


def undisturbed(migrated: Path, folder: Path, *moments: datetime) -> tuple[dict[str, str], dict[str, object]]:
    """The latest contents, and everything, in a fresh home that runs at these moments."""
    with a_home(migrated, folder):
        for moment in moments:
            sync(moment)
        return latest(), everything()


def after_each_page(monkeypatch: pytest.MonkeyPatch, happens: Callable[[list[dict[str, Any]]], None]) -> None:
    """Something happens between a page of recordings and the next request."""
    real: Pages = fellow.recordings

    def watched(client: Any, since: datetime | None) -> Iterator[list[dict[str, Any]]]:
        for page in real(client, since):
            happens(page)
            yield page

    monkeypatch.setattr(fellow, "recordings", watched)


def test_a_call_seen_live_then_ended_then_transcribed_then_edited_is_one_call_with_a_version_each(
    server: SandboxServer,
) -> None:
    meeting = an_ordinary(server, START)
    edited_at = meeting.transcript_at + HOUR
    edit(server, meeting.meeting_id, edited_at, title="Renamed Corp / Intro Call")
    story = (meeting.started_at, meeting.ended_at, meeting.transcript_at, edited_at)
    for moment in (*story, edited_at + MINUTE):
        sync_at(server, moment)
    length = pytest.approx((meeting.ended_at - meeting.started_at).total_seconds() / 60)
    found = versions(meeting, "known_at", "minutes", "title")
    assert found == [
        (story[0], None, meeting.title),
        (story[1], length, meeting.title),
        (story[2], length, meeting.title),
        (story[3], length, "Renamed Corp / Intro Call"),
    ]
    assert [bool(text) for (text,) in versions(meeting, "transcript")] == [False, False, True, True]
    hashes = versions(meeting, "content_hash")
    assert len(set(hashes)) == 4
    assert call_as_of(story[0] - MINUTE, meeting) is None
    for moment, until, (content,) in zip(story, (*story[1:], SATURDAY), hashes, strict=True):
        for seen_at in (moment, until - timedelta(milliseconds=1)):
            seen = call_as_of(seen_at, meeting)
            assert seen is not None
            assert seen["content_hash"] == content
    assert (slim(meeting).content_hash, slim(meeting).title) == (*hashes[-1], "Renamed Corp / Intro Call")


def test_features_of_an_earlier_moment_do_not_see_the_text_that_came_later(server: SandboxServer) -> None:
    meeting = an_ordinary(server, START)
    late = meeting.started_at + 3 * DAY
    edit(server, meeting.meeting_id, late, title="A change after the call was judged")
    for moment in (meeting.started_at, meeting.transcript_at, late):
        sync_at(server, moment)
    live, transcribed, edited = (snapshot(m, meeting) for m in (meeting.started_at, meeting.transcript_at, late))
    assert (live.transcript, live.notes, build(live)["notes_length"], build(live)["minutes"]) == (None,) * 4
    assert transcribed.transcript
    assert build(transcribed)["notes_length"]
    assert (edited.title, edited.notes) == (meeting.title, transcribed.notes)
    assert snapshot(meeting.started_at, meeting) == live


def snapshot(moment: datetime, meeting: Meeting) -> Snapshot:
    [found] = [one for one in snapshots_as_of(moment) if one.call_id == call_id(meeting)]
    return found


def test_what_is_changed_back_is_a_version_and_a_new_date_alone_is_none(server: SandboxServer) -> None:
    meeting = an_ordinary(server)
    sync(SATURDAY)
    for number, title in enumerate(("Another", None, meeting.title, None), start=1):
        at = SATURDAY + number * HOUR
        edit(server, meeting.meeting_id, at, **({"title": title} if title else {}))
        sync_at(server, at)
    assert versions(meeting, "known_at", "title") == [
        (meeting.transcript_at, meeting.title),
        (SATURDAY + HOUR, "Another"),
        (SATURDAY + 3 * HOUR, meeting.title),
    ]
    assert len(payloads_of(meeting.meeting_id)) == 5


def payloads_of(record_id: str | None) -> list[dict[str, Any]]:
    found = asked("SELECT body FROM raw_payloads WHERE external_id = $id ORDER BY known_at", id=record_id)
    return [loads(row["body"]) for row in found]


@pytest.mark.parametrize("shifts", [False, True])
def test_what_moves_over_a_page_border_while_pages_are_read_is_there_once_after_the_next_run(
    server: SandboxServer, shifts: bool, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(server, "fellow", shifts=shifts)
    clock = friday = START + 11 * DAY + 18 * HOUR
    server.set_now(friday)
    oldest = [m for m in server.world.meetings(friday) if not m.malformed][:8]
    left = iter(oldest)
    seen: list[str] = []

    def an_old_one_is_edited_and_new_ones_arrive(page: list[dict[str, Any]]) -> None:
        nonlocal clock
        seen.extend(body["id"] for body in page)
        clock += HOUR
        for meeting in (next(left), next(left)):
            edit(server, meeting.meeting_id, clock, title=f"Edited {meeting.meeting_id}")
        server.set_now(clock)

    with monkeypatch.context() as patch:
        after_each_page(patch, an_old_one_is_edited_and_new_ones_arrive)
        sync(friday)
    assert len(seen) > 2 * fellow.PAGE_SIZE
    given = Counter(seen)
    if shifts:
        assert max(given.values()) == 2, "something was given on two pages"
        assert any(meeting.meeting_id not in given for meeting in oldest), "something slipped through"
    sync_at(server, clock)
    expected, _ = undisturbed(migrated, tmp_path / "fresh", clock)
    assert latest() == expected
    assert len(expected) > 2 * fellow.PAGE_SIZE
    assert asked("SELECT call_id FROM calls GROUP BY call_id, content_hash HAVING count(*) > 1") == []
    changed = [m for m in oldest if {"title": f"Edited {m.meeting_id}"} in asked("SELECT title FROM current_calls")]
    assert len(changed) == 6


@pytest.mark.parametrize("behind", [timedelta(), 5 * MINUTE, DAY])
def test_a_change_that_the_vendor_dates_up_to_a_day_before_our_mark_is_found(
    server: SandboxServer, behind: timedelta
) -> None:
    meeting = an_ordinary(server)
    sync(SATURDAY)
    edit(server, meeting.meeting_id, SATURDAY - behind, title="Edited by a slow clock")
    sync(SATURDAY + MINUTE)
    assert versions(meeting, "known_at", "title")[1:] == [(SATURDAY - behind, "Edited by a slow clock")]
    assert slim(meeting).title == "Edited by a slow clock"


def test_a_change_that_the_vendor_dates_after_our_moment_is_known_from_then_on(server: SandboxServer) -> None:
    meeting = an_ordinary(server)
    ahead = SATURDAY + 5 * MINUTE
    edit(server, meeting.meeting_id, ahead, title="Edited by a fast clock")
    server.set_now(ahead)
    sync(SATURDAY)
    assert versions(meeting, "title") == []
    sync(ahead)
    assert versions(meeting, "known_at", "title") == [(ahead, "Edited by a fast clock")]


@pytest.mark.parametrize("shifts", [False, True])
def test_more_records_of_one_moment_than_a_page_holds_are_all_there(server: SandboxServer, shifts: bool) -> None:
    configure(server, "fellow", shifts=shifts)
    sync(SATURDAY)
    at = SATURDAY + HOUR
    readable = [m for m in server.world.meetings(SATURDAY) if not m.malformed][: 2 * fellow.PAGE_SIZE + 1]
    for meeting in readable:
        edit(server, meeting.meeting_id, at, title=f"Edited {meeting.meeting_id}")
    sync_at(server, at)
    found = asked("SELECT title FROM calls WHERE known_at = $at ORDER BY title", at=at)
    assert [row["title"] for row in found] == sorted(f"Edited {meeting.meeting_id}" for meeting in readable)


def test_attendees_added_to_the_note_alone_change_the_lead_and_company_of_the_call(server: SandboxServer) -> None:
    meeting = an_ordinary(server)
    guest = "cfo@late-guest.example"
    edit(server, meeting.note_id, meeting.started_at, event_attendees=[{"email": meeting.seller.email}])
    edit(server, meeting.note_id, SATURDAY + HOUR, event_attendees=[{"email": meeting.seller.email}, {"email": guest}])
    sync(SATURDAY)
    sync_at(server, SATURDAY + HOUR)
    first, second = versions(meeting, "known_at", "lead_email", "company_id", "attendees")
    assert first[:2] == (meeting.transcript_at, None)
    assert second == (SATURDAY + HOUR, guest, "late-guest.example", f'["{meeting.seller.email}", "{guest}"]')
    assert (slim(meeting).lead_id, slim(meeting).company_id) == (guest, "late-guest.example")
    assert (len(payloads_of(meeting.meeting_id)), len(payloads_of(meeting.note_id))) == (1, 2)


@pytest.mark.long
@pytest.mark.usefixtures("prefect")
def test_the_flow_again_fetches_only_the_overlap_and_adds_only_what_changed(server: SandboxServer) -> None:
    from flows.environment import quick_flows

    with quick_flows():
        first = flow.ingest_calls(as_of=SATURDAY)
        before, asked_before = counts(), Counter(books(server, "fellow")["requests"])
        edit(server, an_ordinary(server).meeting_id, SATURDAY, title="Renamed Corp / Intro Call")
        second = flow.ingest_calls(as_of=SATURDAY + HOUR)
        after_change, asked_after = counts(), Counter(books(server, "fellow")["requests"])
        third = flow.ingest_calls(as_of=SATURDAY + 2 * HOUR)
    assert {path: n for path, n in (asked_after - asked_before).items() if "crm" not in path} == {
        "POST /notes": 1, "POST /recordings": 1,
    }  # fmt: skip
    assert first.new_calls > 2 * fellow.PAGE_SIZE
    assert (second.new_calls, third.new_calls) == (1, 0)
    assert after_change == before | {
        "raw_payloads": before["raw_payloads"] + 1, "calls": before["calls"] + 1,
    }  # fmt: skip
    assert counts() == after_change


def test_only_the_overlap_is_asked_for_again(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(SATURDAY)
    given: list[str] = []
    after_each_page(monkeypatch, lambda page: given.extend(str(body["updated_at"]) for body in page))
    sync(SATURDAY + MINUTE)
    assert given
    assert min(given) >= f"{(SATURDAY - DAY).isoformat()}"
    assert len(given) < len(latest()) / 4


class Died(Exception):
    """The process is no more."""


@pytest.mark.parametrize("pages", [1, 2])
def test_a_run_that_dies_between_pages_leaves_nothing_out_when_it_runs_again(
    server: SandboxServer, pages: int, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "PAGES_AT_ONCE", 1)
    with monkeypatch.context() as patch:
        after_each_page(patch, dies_at(pages + 1))
        with pytest.raises(Died):
            sync(SATURDAY)
    landed = asked("SELECT count(*) AS n FROM raw_payloads WHERE kind = 'recording'")
    assert (landed, high_water("fellow", "recording")) == ([{"n": pages * fellow.PAGE_SIZE}], None)
    sync(SATURDAY)
    assert everything() == undisturbed(migrated, tmp_path / "fresh", SATURDAY)[1]


def dies_at(page: int) -> Callable[[list[dict[str, Any]]], None]:
    left = [None] * page

    def die(_: object) -> None:
        left.pop()
        if not left:
            raise Died

    return die


@pytest.mark.parametrize("dies_after", ["the payloads", "the calls"])
def test_a_run_that_dies_before_its_mark_moves_leaves_nothing_out_when_a_later_one_runs(
    server: SandboxServer, dies_after: str, migrated: Path, tmp_path: Path
) -> None:
    friday, sunday = SATURDAY - DAY - 6 * HOUR, SATURDAY + DAY
    sync_at(server, friday)
    server.set_now(SATURDAY)
    touched = flow.read_fellow.fn(SATURDAY)
    if dies_after == "the calls":
        flow.take_meetings.fn(touched, SATURDAY)
    sync_at(server, sunday)
    after = latest()
    expected, _ = undisturbed(migrated, tmp_path / "fresh", sunday)
    assert after == expected


KILLED = """
import os, signal
from datetime import datetime
from flows import ingest_calls as flow
from vendors import fellow

flow.PAGES_AT_ONCE = 1
real = fellow.recordings

def killed(client, since):
    for number, page in enumerate(real(client, since)):
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        yield page

fellow.recordings = killed
flow.read_fellow.fn(datetime.fromisoformat("MOMENT"))
"""


@pytest.mark.long
def test_a_process_killed_between_pages_leaves_nothing_out_when_it_runs_again(
    server: SandboxServer, migrated: Path, tmp_path: Path
) -> None:
    code = KILLED.replace("MOMENT", SATURDAY.isoformat())
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    landed = asked("SELECT count(*) AS n FROM raw_payloads WHERE kind = 'recording'")
    assert landed == [{"n": 2 * fellow.PAGE_SIZE}]
    sync(SATURDAY)
    assert everything() == undisturbed(migrated, tmp_path / "fresh", SATURDAY)[1]


def test_a_run_for_a_past_moment_gives_what_it_gave_then_and_changes_nothing(
    server: SandboxServer, migrated: Path, tmp_path: Path
) -> None:
    past = SATURDAY - 2 * DAY - 6 * HOUR
    server.set_now(past)
    then, _ = undisturbed(migrated, tmp_path / "then", past)
    sync(past)
    edit(server, an_ordinary(server).meeting_id, SATURDAY, title="Renamed Corp / Intro Call")
    sync_at(server, SATURDAY)
    before = everything()
    sync(past)
    found = asked("SELECT call_id, content_hash FROM calls_as_of($m)", m=past)
    assert {row["call_id"]: row["content_hash"] for row in found} == then
    assert everything() == before
    assert high_water("fellow", "recording") == SATURDAY


def test_a_first_run_for_a_past_moment_sees_nothing_later_and_the_next_one_sees_the_rest(
    server: SandboxServer, migrated: Path, tmp_path: Path
) -> None:
    past = SATURDAY - 2 * DAY - 6 * HOUR
    expected, _ = undisturbed(migrated, tmp_path / "fresh", SATURDAY)
    sync(past)
    assert asked("SELECT max(known_at) <= $m AS is_past FROM raw_payloads", m=past) == [{"is_past": True}]
    assert 0 < len(latest()) < len(expected)
    sync(SATURDAY)
    assert latest() == expected


def test_a_run_for_a_moment_to_come_does_not_move_the_mark_beyond_now(server: SandboxServer) -> None:
    sync(now() + 30 * DAY)
    mark = high_water("fellow", "recording")
    assert mark is not None
    assert now() - MINUTE < mark <= now()


def test_the_kept_recordings_say_all_that_the_list_of_action_items_says(server: SandboxServer) -> None:
    sync(SATURDAY)
    kept = {
        item["id"]: (item["text"], item["due_date"], item["assignees"])
        for row in asked("SELECT body FROM raw_payloads WHERE kind = 'recording'")
        for notes in loads(row["body"])["ai_notes"] or []
        for section in notes["sections"] if section["title"] == "Action items"
        for item in section["content"]
    }  # fmt: skip
    with fellow.connect(settings()) as client:
        listed = [item for page in fellow.action_items(client) for item in page]
    assert {item["id"]: (item["text"], item["due_date"], item["assignees"]) for item in listed} == kept
    assert kept


HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("time passes"), st.integers(1, 40)),
        st.tuples(st.sampled_from(("rename", "touch", "invite")), st.integers(0, 200)),
        st.tuples(st.just("die at page"), st.integers(1, 4)),
        st.tuples(st.just("run"), st.just(0)),
    ),
    min_size=2,
    max_size=9,
)


@examples(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(happenings=HAPPENINGS, shifts=st.booleans())
def test_whatever_happens_in_whatever_order_one_more_run_ends_in_what_a_fresh_home_reads(
    happenings: list[tuple[str, int]], shifts: bool, small: SandboxServer, migrated: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("happenings")
    reset(small, "fellow")
    configure(small, "fellow", shifts=shifts)
    with a_home(migrated, folder / "home"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(fellow, "PAGE_SIZE", 5)
        patch.setattr(flow, "PAGES_AT_ONCE", 2)
        clock = Clock(small, START + 9 * DAY + 16 * HOUR)
        for what, number in happenings:
            happen(what, number, small, clock)
        clock.pass_by(HOUR)
        sync(clock.moment)
        found = latest()
        expected, _ = undisturbed(migrated, folder / "fresh", clock.moment)
    assert found == expected
    assert found.keys() == {call_id(one) for one in small.world.meetings(clock.moment) if not one.malformed}


@pytest.fixture(scope="module")
def small() -> Iterator[SandboxServer]:
    """A world of 15 calls a week."""
    with (
        SandboxServer(World(seed=11, start=START, calls_per_week=15), requests_per_second=None) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        speak_to(server, patch)
        yield server
    settings.cache_clear()


class Clock:
    """Fellow's clock, which the test moves."""

    def __init__(self, server: SandboxServer, moment: datetime) -> None:
        self.server, self.moment = server, moment
        server.set_now(moment)

    def pass_by(self, time: timedelta) -> None:
        self.moment += time
        self.server.set_now(self.moment)


def happen(what: str, number: int, server: SandboxServer, clock: Clock) -> None:
    """One thing that happens; time passes with each, and between the pages of a run."""
    clock.pass_by(MINUTE)
    there = server.world.meetings(clock.moment)
    meeting = there[number % len(there)]
    match what:
        case "time passes":
            clock.pass_by(number * HOUR)
        case "rename":
            edit(server, meeting.meeting_id, clock.moment, title=f"Name {number % 3} / Intro Call")
        case "touch":
            edit(server, meeting.meeting_id, clock.moment)
        case "invite":
            guests = [{"email": meeting.seller.email}, {"email": f"guest@late-{number % 3}.example"}]
            edit(server, meeting.note_id or "note_of_nobody", clock.moment, event_attendees=guests)
        case "die at page" | "run":
            with pytest.MonkeyPatch.context() as patch:
                run_while_time_passes(patch, clock, number)


def run_while_time_passes(patch: pytest.MonkeyPatch, clock: Clock, dies_at_page: int) -> None:
    """A run during which meetings begin and transcripts come; at that page, if it is not 0 and comes, it dies."""
    pages = 0

    def time_passes(_: object) -> None:
        nonlocal pages
        pages += 1
        clock.pass_by(25 * MINUTE)
        if pages == dies_at_page:
            raise Died

    after_each_page(patch, time_passes)
    try:
        sync(clock.moment)
    except Died:
        assert pages == dies_at_page
