"""Whether the service is well: one word for everybody, the parts for who has a key, figures for Prometheus."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from database import inbox
from database.health import keep_findings
from database.inbox import Name
from ringback.health import Finding
from tests.factories import HOUR, NOON

KeyFor = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def _is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scoring part says of itself that it is well."""
    from api import serving

    monkeypatch.setattr(serving, "facts", lambda: {"ok": True, "champions": {"progression": "3"}})


def test_everybody_may_know_whether_it_is_well_and_only_readers_how_its_parts_are(
    client: TestClient, key_for: KeyFor
) -> None:
    inbox.keep(Name("leads", "1"), "{}", {}, NOON)
    reader = key_for("read")
    for headers in ({}, key_for("score"), {"X-API-Key": "rbk_made_up"}):
        answer = client.get("/health", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    parts = client.get("/health", headers=reader).json()["components"]
    assert sorted(parts) == ["checks", "database", "disk", "landing", "models", "versions"]
    assert (parts["database"]["inbox"], parts["models"]["champions"]) == ({"waiting": 1}, {"progression": "3"})


def test_readers_are_told_how_the_last_health_check_found_everything(client: TestClient, key_for: KeyFor) -> None:
    reader = key_for("read")
    assert client.get("/health", headers=reader).json()["components"]["checks"] == {
        "status": "not_in_use", "looked_at": None, "standings": [],
    }  # fmt: skip
    keep_findings([Finding("machine", "disk", "critical", "0.5 GiB are free", 0.5, "GiB")], NOON)
    client.app.state.health = None  # type: ignore[attr-defined]  # a second later
    answer = client.get("/health", headers=reader).json()
    assert answer["status"] == "ok"
    assert answer["components"]["checks"] == {
        "status": "critical",
        "looked_at": "2026-03-18T12:00:00Z",
        "standings": [{
            "component": "machine", "check": "disk", "status": "critical", "words": "0.5 GiB are free", "value": 0.5,
            "unit": "GiB", "measured_at": "2026-03-18T12:00:00Z", "since": "2026-03-18T12:00:00Z", "consecutive": 1,
        }],
    }  # fmt: skip


def test_what_the_last_check_did_not_look_at_any_more_does_not_count(client: TestClient, key_for: KeyFor) -> None:
    gone = Finding("flow nightly", "last runs", "critical", "the last 3 runs of nightly failed")
    keep_findings([gone, Finding("machine", "disk", "good", "9 GiB are free")], NOON)
    keep_findings([Finding("machine", "disk", "good", "9 GiB are free")], NOON + HOUR)
    told = client.get("/health", headers=key_for("read")).json()["components"]["checks"]
    assert (told["status"], told["looked_at"]) == ("good", "2026-03-18T13:00:00Z")
    assert [one["component"] for one in told["standings"]] == ["flow nightly", "machine"]


def test_a_full_disk_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000))
    answer = client.get("/health")
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (503, {"status": "unavailable"}, "2")


def test_figures_are_by_route_and_status_class(client: TestClient, key_for: KeyFor) -> None:
    reader = key_for("read")
    client.get("/api/leads/nobody", headers=reader)
    answer = client.get("/metrics", headers=reader)
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert 'ringback_request_seconds_count{route="/api/leads/{lead_id:path}",status="4xx"}' in answer.text
    assert 'ringback_errors_total{route="/api/leads/{lead_id:path}",status="404"}' in answer.text
    assert "nobody" not in answer.text


def test_figures_of_all_processes_are_added_up(tmp_path: Path) -> None:
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    scored = (
        "from api import metrics; from tests.factories import a_prediction; "
        "metrics.observe_prediction(a_prediction(qualification_score=71, progression_version='3')); "
    )
    for more in ("metrics.count_cache(True)", "metrics.count_cache(False); print(metrics.written().decode())"):
        done = subprocess.run(
            [sys.executable, "-c", scored + more], env=environment, capture_output=True, text=True, check=True
        )
    assert 'ringback_predictions_total{answered_by="champion",target="progression",version="3"} 2.0' in done.stdout
    assert 'ringback_score_bucket{le="70.0"} 0.0' in done.stdout
    assert 'ringback_score_bucket{le="80.0"} 2.0' in done.stdout
    assert 'ringback_score_cache_total{found="yes"} 1.0' in done.stdout


def test_the_description_opens_without_any_network(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert "default-src 'none'; style-src 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert "/api/leads/{lead_id}/enrich" in answer.text
    assert not [word for word in ("http://", "https://", "<script", "src=") if word in answer.text]


def test_a_hundred_who_ask_at_once_cost_one_look(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.routers import health

    looks: list[int] = []

    def look() -> dict[str, dict[str, Any]]:
        looks.append(1)
        sleep(0.1)
        return {"database": {"ok": True}}

    monkeypatch.setattr(health, "_components", look)

    async def all_ask() -> list[object]:
        return list(await asyncio.gather(*(health._fresh_enough(client.app) for _ in range(100))))  # type: ignore[arg-type]

    assert (len(asyncio.run(all_ask())), len(looks)) == (100, 1)
