"""Publishing: files that are whole, an archive that survives what is broken, and room made by age."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reports.archive import archived, render_dashboard, render_index
from reports.keeping import clean_archive, make_room
from reports.publish import publish
from reports.weekly import WeeklyReport
from ringback.errors import WrongUsage
from tests.monitoring.weeks import AFTER, WEEK, WEEK_12
from tests.reports.conftest import parsed
from tests.reports.samples import HOSTILE, filled

WEEKS = ("2026-W08", "2026-W09", "2026-W10", "2026-W11", "2026-W12")
FILES = ["mail.html", "report.csv", "report.html", "report.json", "report.pdf", "run.json", "technical.html"]


@pytest.fixture(scope="module")
def five(busy: WeeklyReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five weeks of reports."""
    folder = tmp_path_factory.mktemp("five")
    for ago in (4, 3, 2, 1, 0):
        week = replace(filled(busy, HOSTILE), week=WEEK_12 - ago * WEEK, as_of=AFTER - ago * WEEK)
        publish(week, folder, ["json"] if ago else ["html", "json"])
    return folder


@pytest.fixture
def folder(five: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(five, tmp_path / "reports"))


def kept(folder: Path) -> list[str]:
    return sorted(place.name for place in (folder / "weekly").iterdir())


def test_publishing_writes_every_format_the_index_and_the_dashboard(busy: WeeklyReport, tmp_path: Path) -> None:
    place = publish(busy, tmp_path / "reports")
    assert place == tmp_path / "reports/weekly/2026-W12/report.html"
    assert sorted(file.name for file in place.parent.iterdir()) == FILES
    assert sorted(file.name for file in (tmp_path / "reports").iterdir()) == ["dashboard.html", "index.html", "weekly"]


def test_only_the_formats_that_are_asked_for_are_written(busy: WeeklyReport, tmp_path: Path) -> None:
    assert publish(busy, tmp_path, ["csv"]).name == "report.csv"
    written = sorted(file.name for file in (tmp_path / "weekly/2026-W12").iterdir())
    assert written == ["report.csv", "report.json", "run.json"]
    with pytest.raises(WrongUsage, match="no format 'docx'; there are html, json, csv, pdf"):
        publish(busy, tmp_path, ["docx"])


def test_the_same_report_published_again_leaves_the_same_bytes(busy: WeeklyReport, tmp_path: Path) -> None:
    def contents() -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    publish(busy, tmp_path)
    once = contents()
    publish(busy, tmp_path)
    assert contents() == once


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    busy: WeeklyReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = publish(busy, tmp_path, ["html"])
    old = place.read_text()

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        publish(replace(busy, synthetic=True), tmp_path, ["html"])
    assert place.read_text() == old
    assert [file for file in place.parent.iterdir() if file.name.startswith(".")] == []


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", "null", '{"report_metadata": {}}', '{"report_metadata": 3, "performance_metrics": []}', "\x00"],
)
def test_the_archive_lists_weeks_newest_first_and_a_broken_one_as_such(folder: Path, broken: str) -> None:
    (folder / "weekly/2026-W11/report.json").write_text(broken)
    (folder / "weekly/2026-W10/report.json").unlink()
    (folder / "weekly/not a week").mkdir()
    listed = archived(folder)
    assert [one.period.name for one in listed] == list(reversed(WEEKS))
    assert [len(one.numbers) for one in listed] == [5, 0, 0, 5, 5]
    assert listed[1].headline == "This report cannot be read."
    assert "This report cannot be read." in render_index(folder)
    assert "4 weekly reports" not in render_dashboard(folder)
    assert "3 weekly reports" in render_dashboard(folder)


def test_every_link_of_the_archive_leads_to_a_file(folder: Path) -> None:
    for page in ("index.html", "dashboard.html"):
        links = parsed((folder / page).read_text()).fetched
        assert links
        assert [link for link in links if not (folder / link).is_file()] == []


def test_the_dashboard_shows_the_key_numbers_recommendations_and_tickets_across_weeks(folder: Path) -> None:
    html = (folder / "dashboard.html").read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert html.count("<svg") == 5
    assert "Week 2026-W08 to Week 2026-W12" in html
    assert "100 % (95 %: 86.7 to 100.0 %; n = 25); declining" in html
    assert "T-aaaaaaaa" in html
    assert "<script" not in html
    assert "\u202e" not in html


def test_an_archive_without_reports_says_so(tmp_path: Path) -> None:
    assert "No report has been made yet." in render_index(tmp_path)
    assert "No report has been made yet." in render_dashboard(tmp_path)


def test_older_reports_are_removed_by_their_own_date_and_the_newest_stays(folder: Path) -> None:
    cleaned = clean_archive(folder, AFTER + timedelta(days=83), keep_days=90)
    assert cleaned.removed == ("weekly/2026-W08", "weekly/2026-W09", "weekly/2026-W10")
    assert cleaned.bytes > 30_000
    assert kept(folder) == ["2026-W11", "2026-W12"]
    assert "2026-W10" not in (folder / "index.html").read_text()
    assert clean_archive(folder, AFTER + timedelta(days=900)).removed == ("weekly/2026-W11",)
    assert clean_archive(folder, AFTER + timedelta(days=900)).removed == ()


def test_a_broken_report_is_as_old_as_its_week_and_does_not_protect_itself(folder: Path) -> None:
    (folder / "weekly/2026-W12/report.json").write_text("{")
    assert clean_archive(folder, AFTER + timedelta(days=900)).removed == tuple(
        f"weekly/{week}" for week in WEEKS if week != "2026-W11"
    )


def test_a_removal_that_was_killed_is_ended_by_the_next(folder: Path) -> None:
    (folder / "weekly/2026-W08").rename(folder / "weekly/.going.2026-W08")
    assert clean_archive(folder, AFTER).removed == ()
    assert kept(folder) == list(WEEKS[1:])


def test_room_is_made_from_the_oldest_on_until_there_is_enough(folder: Path) -> None:
    one = sum(file.stat().st_size for file in (folder / "weekly/2026-W08").iterdir())
    assert make_room(folder, AFTER, least_bytes=one + 1).removed == ("weekly/2026-W08", "weekly/2026-W09")
    assert make_room(folder, AFTER, least_bytes=10**12).removed == ("weekly/2026-W10", "weekly/2026-W11")
    assert kept(folder) == ["2026-W12"]


def test_making_room_writes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert make_room(folder, AFTER, least_bytes=1).removed == ("weekly/2026-W08",)


def test_a_link_out_of_the_archive_is_removed_and_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    (folder / "weekly/2026-W01").symlink_to(outside)
    assert clean_archive(folder, AFTER).removed == ()
    assert clean_archive(folder, AFTER + timedelta(days=80)).removed[0] == "weekly/2026-W01"
    assert (outside / "kept.txt").read_text() == "kept"


def test_reports_of_an_older_shape_are_listed(folder: Path) -> None:
    path = folder / "weekly/2026-W12/report.json"
    facts = json.loads(path.read_text())
    for newer in ("tickets", "parts", "recommendations", "trends"):
        del facts[newer]
    path.write_text(json.dumps(facts))
    assert len(archived(folder)[0].numbers) == 5
    assert "Week 2026-W12" in render_dashboard(folder)
