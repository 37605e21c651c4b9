"""`ringback health`, `backup` and `restore` as a person meets them: what they print, and how they exit."""

from json import loads
from pathlib import Path

import pytest

from database.health import keep_findings
from database.incidents import HEALTH, open_incident
from flows import check_health
from monitoring import health_gathering
from monitoring.health_facts import Machine
from ringback.clock import now
from ringback.health import Finding
from tests.factories import HOUR, NOON
from tests.flows.test_command import ringback

GIB = 2**30


@pytest.fixture(autouse=True)
def _asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No vendor and no Prefect server is asked, and no sandbox started."""
    monkeypatch.setattr(health_gathering, "addresses", lambda _: [])
    monkeypatch.setattr(check_health, "prefect_url", lambda: None)
    monkeypatch.setenv("RINGBACK_FELLOW_KEY", "k")


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly anything is free."""
    monkeypatch.setattr(health_gathering, "machine", lambda: Machine(GIB // 2, 200 * GIB, 8 * GIB, 16 * GIB))


@pytest.mark.usefixtures("home")
def test_a_well_installation_exits_0_and_what_is_not_in_use_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ringback(monkeypatch, "health") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("-  prefect: server") and "not in use" in line for line in lines)
    assert lines[-1].startswith("in all: ")


@pytest.mark.usefixtures("home", "full_disk")
def test_something_critical_exits_1_and_looking_tells_and_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    open_incident("drift", "progression: industry", "industry moved", NOON)
    assert ringback(monkeypatch, "health", "--json") == 1
    told = loads(capsys.readouterr().out)
    assert told["status"] == "critical"
    (disk,) = [one for one in told["findings"] if (one["component"], one["check"]) == ("machine", "disk")]
    assert (disk["status"], disk["value"], disk["unit"]) == ("critical", 0.5, "GiB")
    assert [one["words"] for one in told["incidents"]] == ["industry moved"]
    assert ringback(monkeypatch, "health", "--history") == 0
    assert "nothing was looked at yet" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
def test_an_open_incident_of_what_is_well_by_now_is_said_to_be_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(health_gathering, "machine", lambda: Machine(90 * GIB, 200 * GIB, 8 * GIB, 16 * GIB))
    open_incident(HEALTH, "machine: disk", "0.5 GiB of 200 are free", NOON, "critical")
    assert ringback(monkeypatch, "health") == 0
    told = capsys.readouterr().out
    assert "well again by now: 90.0 GiB of 200 are free on the disk of the stores; the next check-health closes" in told
    assert ringback(monkeypatch, "health", "--json") == 0
    (incident,) = loads(capsys.readouterr().out)["incidents"]
    assert (incident["severity"], incident["well_again"][:8]) == ("critical", "90.0 GiB")


@pytest.mark.usefixtures("home")
def test_history_has_a_line_for_each_look(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    keep_findings([Finding("machine", "disk", "critical", "0.5 GiB are free")], now() - HOUR)
    keep_findings([Finding("machine", "disk", "good", "9 GiB are free")], now())
    assert ringback(monkeypatch, "health", "--history") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("1 looked at  critical: machine: disk: 0.5 GiB are free")
    assert second.endswith("1 looked at  all well")


@pytest.mark.usefixtures("home")
def test_limits_that_cannot_be_followed_are_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text("[limits]\n")
    monkeypatch.setenv("RINGBACK_HEALTH", str(tmp_path / "mine.toml"))
    assert ringback(monkeypatch, "health") == 2
    assert "limits.vendor_seconds: Field required" in capsys.readouterr().err


@pytest.mark.sqlite
def test_a_backup_can_be_made_and_restored_from_the_command_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    open_incident("drift", "progression: industry", "industry moved", NOON)
    assert ringback(monkeypatch, "backup", "--to", tmp_path / "disk", "--json") == 0
    made = loads(capsys.readouterr().out)
    assert ringback(monkeypatch, "restore", made["file"], "--into", tmp_path / "new") == 0
    assert "files" in capsys.readouterr().out
    assert (tmp_path / "new" / "database.sqlite").exists()
    assert ringback(monkeypatch, "restore", made["file"], "--into", tmp_path / "new") == 2
    assert "is not empty" in capsys.readouterr().err
    (tmp_path / "torn.tar.zst").write_bytes(Path(made["file"]).read_bytes()[:-100])
    assert ringback(monkeypatch, "restore", tmp_path / "torn.tar.zst", "--into", tmp_path / "other") == 1
    assert not (tmp_path / "other").exists()
    assert home.exists()
