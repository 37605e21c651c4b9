"""Who answers over HTTP: told with why, changed without a pause, and never for somebody who cannot answer."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api import compiling, serving
from database.promotions import Promotion, promote
from database.serving import publish_challenger
from ringback.clock import now
from ringback.errors import NoModel, UnknownModel
from ringback.records import Target
from scoring.engine import compiled
from tests.factories import DAY
from tests.scoring.leads import wide_model

KeyFor = Callable[..., dict[str, str]]
LEAD = {"company_name": "Acme"}


def a_version(version: str, target: Target = "progression") -> None:
    compiled(replace(wide_model(target), version=version))


def a_champion(version: str, target: Target = "progression", days_ago: int = 0) -> None:
    promote(Promotion(target, now() - days_ago * DAY, version, "blend", f"{version} ranks better", {}))


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Versions without a file cannot be compiled; which were tried is noted. Version 404 is not known."""
    versions: list[str] = []

    def run(command: Any, **_: Any) -> Any:
        version = command[-1]
        versions.append(version)
        status = compiling.UNKNOWN if version == "404" else compiling.FAILED
        return subprocess.CompletedProcess(command, status, f"version {version} of {command[-2]} cannot be\n", "")

    monkeypatch.setattr(compiling.subprocess, "run", run)
    return versions


@pytest.fixture
def service(client: TestClient, tried: list[str]) -> Any:
    """A service with the champions progression 1 and voice_ai 1, where progression 2 could answer too."""
    for version, target in (("1", "progression"), ("2", "progression"), ("1", "voice_ai")):
        a_version(version, target)  # type: ignore[arg-type]
    a_champion("1", "progression", days_ago=2)
    a_champion("1", "voice_ai", days_ago=1)
    with client:
        yield client


@pytest.fixture
def admin(key_for: KeyFor) -> dict[str, str]:
    return key_for("admin", "score", "read")


def answering(client: TestClient, key: dict[str, str]) -> tuple[str, str]:
    """Version of progression, and as what it answers."""
    told = client.post("/score", json=LEAD, headers=key).json()
    return told["models"]["progression"], told["answered_by"]


def follow(client: TestClient) -> None:
    client.portal.call(serving.serving().follow)  # type: ignore[union-attr]


def reload(client: TestClient, key: dict[str, str], version: str, target: str = "progression") -> Any:
    return client.post(f"/models/reload/{version}?target={target}", headers=key)


def test_it_is_told_who_answers_since_when_and_why(service: TestClient, admin: dict[str, str]) -> None:
    publish_challenger("progression", "2", now())
    follow(service)
    told = service.get("/models/info", headers=admin).json()
    progression, voice_ai = told["models"]
    assert {name: progression[name] for name in ("version", "candidate", "pinned", "challenger", "because")} == {
        "version": "1", "candidate": "blend", "pinned": False, "challenger": "2", "because": "1 ranks better",
    }  # fmt: skip
    assert progression["decided_at"].startswith(f"{now() - 2 * DAY:%Y-%m-%d}")
    assert {"sentiment", "custom.seats", "notes_text"} <= set(progression["features"])
    assert (progression["confidence_learned_from"], progression["horizon_days"]) == (500, 14.0)
    assert (voice_ai["version"], voice_ai["challenger"], told["cannot_be_loaded"]) == ("1", None, {})


def test_another_version_answers_until_the_champion_is_asked_for_again(
    service: TestClient, admin: dict[str, str]
) -> None:
    before = answering(service, admin)
    done = reload(service, admin, "2")
    assert (done.status_code, done.json()["version"], done.json()["pinned"]) == (200, "2", True)
    pinned = answering(service, admin)
    info = service.get("/models/info", headers=admin).json()["models"][0]
    assert (info["version"], info["pinned"], info["decided_at"][:10]) == ("2", True, f"{now():%Y-%m-%d}")
    assert info["because"] == f"pinned by key {admin['X-API-Key'].split('_')[1]}"
    a_champion("2")
    a_champion("1")
    follow(service)
    still = answering(service, admin)
    freed = reload(service, admin, "champion").json()
    assert (freed["version"], freed["pinned"]) == ("1", False)
    assert [before, pinned, still, answering(service, admin)] == [
        ("1", "champion"), ("2", "pinned"), ("2", "pinned"), ("1", "champion"),
    ]  # fmt: skip


def test_the_other_target_is_pinned_by_itself(service: TestClient, admin: dict[str, str]) -> None:
    a_version("3", "voice_ai")
    assert reload(service, admin, "3", "voice_ai").json()["version"] == "3"
    told = service.post("/score", json=LEAD, headers=admin).json()
    assert told["models"] == {"progression": "1", "voice_ai": "3"}


@pytest.mark.parametrize(("version", "status", "code"), [("404", 404, "not_found"), ("7", 409, "cannot_be_loaded")])
def test_a_version_that_cannot_answer_changes_nothing(
    version: str, status: int, code: str, service: TestClient, admin: dict[str, str]
) -> None:
    error = reload(service, admin, version)
    assert (error.status_code, error.json()["error"]["code"], error.json()["error"]["field"]) == (
        status, code, "version",
    )  # fmt: skip
    follow(service)
    assert answering(service, admin) == ("1", "champion")
    assert service.get("/models/info", headers=admin).json()["models"][0]["pinned"] is False


@pytest.mark.parametrize("version", ["latest", "-1", "1.0", "1234567890", "%00", "..%2f1", "١"])
def test_what_is_no_version_is_refused(version: str, service: TestClient, admin: dict[str, str]) -> None:
    assert reload(service, admin, version).status_code in (404, 422)
    assert reload(service, admin, "1", "sales").status_code == 422


def test_when_the_ledger_moves_the_process_follows_by_itself(service: TestClient, admin: dict[str, str]) -> None:
    a_champion("2")
    assert answering(service, admin) == ("1", "champion")
    follow(service)
    assert answering(service, admin) == ("2", "champion")


def test_a_new_policy_is_followed_too(
    service: TestClient, admin: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scoring import policy

    before = serving.serving().service
    other = tmp_path / "policy.toml"
    other.write_text(policy.FILE.read_text().replace("voice_ai_weight = ", "voice_ai_weight = 0.0  # "))
    monkeypatch.setattr(policy, "policy_file", lambda: other)
    follow(service)
    assert serving.serving().service is not before
    told = service.post("/score", json=LEAD, headers=admin).json()
    assert told["points"] == pytest.approx(100 * told["progression_probability"], abs=1e-3)


def test_a_champion_that_cannot_be_loaded_leaves_the_present_one_and_is_told_of(
    service: TestClient, admin: dict[str, str]
) -> None:
    a_champion("7")
    follow(service)
    assert answering(service, admin) == ("1", "champion")
    health = service.get("/health", headers=admin)
    models = health.json()["components"]["models"]
    assert (health.status_code, models["degraded"], models["champions"]["progression"]) == (200, True, "1")
    assert models["cannot_be_loaded"] == {"progression 7": "version 7 of progression cannot be"}
    assert service.get("/models/info", headers=admin).json()["cannot_be_loaded"] == models["cannot_be_loaded"]
    a_champion("2")
    follow(service)
    service.app.state.health = None  # type: ignore[attr-defined]  # not the one of a moment ago
    assert (answering(service, admin), service.get("/health").json()) == (("2", "champion"), {"status": "ok"})


def test_a_version_that_cannot_be_loaded_is_tried_again_after_a_minute_and_not_at_every_look(
    service: TestClient, admin: dict[str, str], tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a_champion("7")
    for _ in range(3):
        follow(service)
    before = serving.serving().service
    follow(service)
    assert (tried, serving.serving().service is before) == (["7"], True)
    monkeypatch.setattr(serving, "TRY_AGAIN_SECONDS", 0.0)
    a_version("7")
    follow(service)
    assert (tried, answering(service, admin)) == (["7"], ("7", "champion"))


def test_a_challenger_that_cannot_be_loaded_is_told_of_and_the_service_is_well(
    service: TestClient, admin: dict[str, str]
) -> None:
    publish_challenger("progression", "7", now())
    follow(service)
    models = service.get("/health", headers=admin).json()["components"]["models"]
    assert (models["ok"], list(models["cannot_be_loaded"])) == (True, ["progression 7"])


def test_a_process_that_starts_anew_answers_by_the_last_champion_that_can_be_loaded(
    client: TestClient, admin: dict[str, str], tried: list[str]
) -> None:
    a_version("1")
    a_champion("1", days_ago=2)
    a_champion("7")
    with client:
        assert (answering(client, admin), tried) == (("1", "champion"), ["7"])


def test_where_no_champion_can_be_loaded_at_the_start_the_rules_answer(
    client: TestClient, admin: dict[str, str], tried: list[str]
) -> None:
    a_champion("7")
    with client:
        assert answering(client, admin) == ("rules", "rules")
        assert (client.get("/health").status_code, tried) == (200, ["7"])


@pytest.mark.parametrize(("roles", "statuses"), [(("score",), (403, 403)), (("read",), (200, 403)), ((), (401, 401))])
def test_to_know_needs_read_and_to_change_needs_admin(
    roles: tuple[str, ...], statuses: tuple[int, int], service: TestClient, key_for: KeyFor
) -> None:
    key = key_for(*roles) if roles else {}
    told = service.get("/models/info", headers=key).status_code, reload(service, key, "2").status_code
    assert told == statuses
    assert serving.serving().service.pinned == frozenset()


@pytest.mark.parametrize(
    ("failure", "status"), [(UnknownModel("no version 9"), compiling.UNKNOWN), (NoModel("torn"), compiling.FAILED)]
)
def test_the_process_that_compiles_says_by_its_exit_status_what_went_wrong(
    failure: Exception, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training import registry

    def load(*_: object) -> Any:
        raise failure

    monkeypatch.setattr(registry, "load", load)
    monkeypatch.setattr("sys.argv", ["api.compiling", "progression", "9"])
    with pytest.raises(SystemExit) as ended:
        compiling.main()
    assert (ended.value.code, capsys.readouterr().out) == (status, f"{failure}\n")


def test_a_version_that_is_compiled_elsewhere_can_answer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: Any, **_: Any) -> Any:
        a_version(command[-1])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(compiling.subprocess, "run", run)
    assert compiling.engine_of_version("progression", "5").version == "5"
