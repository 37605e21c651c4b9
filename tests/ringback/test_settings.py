"""One place of configuration: the environment decides, secrets stay secret, nothing hangs on the working directory."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from ringback.settings import CHECKOUT, Settings, settings


def test_without_any_key_the_sandbox_is_used() -> None:
    assert Settings().uses_sandbox


@pytest.mark.parametrize("name", ["RINGBACK_FELLOW_KEY", "RINGBACK_FELLOW_URL"])
def test_with_a_real_vendor_calls_are_not_synthetic(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "https://acme.fellow.app")
    assert not Settings().uses_sandbox


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_FELLOW_KEY", "fellow-s3cret")
    monkeypatch.setenv("RINGBACK_CRM_TOKEN", "crm-s3cret")
    shown = Settings()
    assert "s3cret" not in f"{shown} {shown!r} {shown.model_dump()} {shown.model_dump_json()}"
    assert shown.fellow_key is not None
    assert shown.fellow_key.get_secret_value() == "fellow-s3cret"


def test_stores_live_under_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_HOME", "/srv/ringback")
    here = Settings()
    assert (here.database, here.mlflow, here.warehouse, here.reports) == (
        "sqlite:////srv/ringback/database.sqlite",
        "sqlite:////srv/ringback/mlflow.db",
        Path("/srv/ringback/warehouse.duckdb"),
        Path("/srv/ringback/reports"),
    )


def test_urls_replace_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_DATABASE_URL", "postgresql://db/ringback")
    monkeypatch.setenv("RINGBACK_MLFLOW_URL", "http://mlflow:5000")
    assert (Settings().database, Settings().mlflow) == ("postgresql://db/ringback", "http://mlflow:5000")


def test_a_relative_home_hangs_on_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RINGBACK_HOME", "state")
    monkeypatch.chdir(tmp_path)
    assert Settings().home == CHECKOUT / "state"


def test_own_domains_are_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_OWN_DOMAINS", '["acme.com", "acme.de"]')
    assert Settings().own_domains == ("acme.com", "acme.de")


@pytest.mark.parametrize(
    ("name", "value"),
    [("RINGBACK_API_PORT", "80"), ("RINGBACK_MIN_TRAINING_LABELS", "1"), ("RINGBACK_FELLOW_REQUESTS_PER_SECOND", "0")],
)
def test_a_value_out_of_bounds_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.removeprefix("RINGBACK_").lower()):
        Settings()


def test_a_process_reads_its_settings_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().home == home
    monkeypatch.setenv("RINGBACK_HOME", "/elsewhere")
    assert settings().home == home


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    "told", ["http://prefect:4200", "http://prefect:4200/", "http://prefect:4200/api", "http://prefect:4200/api/"]
)
def test_prefect_s_server_may_be_told_by_its_own_address_or_that_of_its_api(told: str) -> None:
    assert Settings(prefect_url=told).prefect == "http://prefect:4200"


def test_a_relative_playbook_hangs_on_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RINGBACK_PLAYBOOK", "campaigns/playbook")
    monkeypatch.chdir(tmp_path)
    assert Settings().playbook == CHECKOUT / "campaigns/playbook"
