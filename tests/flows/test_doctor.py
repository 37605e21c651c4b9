"""The doctor names each fault with the way to mend it, and tells no secret."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import doctor
from flows.doctor import Advice, examine, shown
from ringback.errors import WrongUsage
from ringback.settings import settings

Configure = Callable[..., None]


@pytest.fixture
def configure(home: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Sets settings of this process, on a home whose stores are there."""

    def set_all(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"RINGBACK_{name.upper()}", value)
        settings.cache_clear()

    return set_all


def faults(look: doctor.Look) -> list[str]:
    return [f"{one.about}: {one.words}" for one in look(settings()) if one.level == "fault"]


def test_a_name_nobody_reads_is_told_with_the_one_that_was_meant(configure: Configure) -> None:
    configure(api_prot="9000")
    assert faults(doctor.names_are_known) == [
        "RINGBACK_API_PROT: nobody reads RINGBACK_API_PROT; did you mean RINGBACK_API_PORT?"
    ]


def test_secrets_that_others_can_read_are_told(configure: Configure, home: Path) -> None:
    secret = home / "tracking.secret"
    secret.write_bytes(b"x" * 32)
    secret.chmod(0o644)
    assert faults(doctor.home_is_ours_alone) == [
        f"tracking.secret: others can read {secret}; 'chmod 600 {secret}' keeps it to you"
    ]
    secret.chmod(0o600)
    assert faults(doctor.home_is_ours_alone) == []


@pytest.mark.parametrize(
    ("look", "values", "said"),
    [
        (doctor.addresses_are_whole, {"apollo_url": "api.apollo.io"}, "RINGBACK_APOLLO_URL is no whole address"),
        (doctor.addresses_are_whole, {"crm_leads_url": "https://[x"}, "RINGBACK_CRM_LEADS_URL is no whole address"),
        (doctor.addresses_are_whole, {"slack_url": "hooks"}, "RINGBACK_SLACK_URL is no address"),
        (doctor.files_can_be_read, {"zone": "Chicago"}, "'Chicago' is no time zone; one is America/Chicago"),
        (doctor.files_can_be_read, {"policy": "/nowhere/policy.toml"}, "there is no file /nowhere/policy.toml"),
        (doctor.mail_can_go_out, {"smtp_host": "mx", "smtp_user": "a"}, "RINGBACK_SMTP_USER and smtp_password belong"),
        (doctor.mail_can_go_out, {"smtp_host": "mx"}, "RINGBACK_POSTAL_ADDRESS is missing; laws ask for"),
        (doctor.secrets_are_whole, {"fellow_webhook_secret": "whsec_?"}, "RINGBACK_FELLOW_WEBHOOK_SECRET cannot"),
        (doctor.vendors_are_set, {"apollo_key": "k", "clearbit_enabled": "true"}, "RINGBACK_CLEARBIT_KEY is missing"),
        (doctor.ports_are_free, {"api_port": "1024"}, "RINGBACK_PREFECT_PORT is 1024, as is api_port; choose another"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_the_way_to_mend_it(
    configure: Configure, look: doctor.Look, values: dict[str, str], said: str
) -> None:
    configure(**values)
    assert any(said in fault for fault in faults(look)), faults(look)


def test_a_port_of_another_program_is_told(configure: Configure) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        configure(mlflow_port=str(port))
        assert f"mlflow_port: RINGBACK_MLFLOW_PORT {port} is taken by another program; choose another" in faults(
            doctor.ports_are_free
        )


def test_stores_that_are_not_there_or_cannot_be_reached_are_told(configure: Configure, home: Path) -> None:
    configure(database_url="postgresql://ada:s3cret@127.0.0.1:9/none")
    (home / "warehouse.duckdb").write_bytes(b"no database at all" * 100)
    told = faults(doctor.stores_answer)
    assert [one.split(":")[0] for one in told] == ["database", "warehouse"]
    assert "s3cret" not in "".join(told)


def test_a_sound_installation_has_no_fault(configure: Configure) -> None:
    configure(prefect_port="14200", mlflow_port="15000", api_port="18000", sandbox_port="14780")
    assert [one for one in examine(settings()) if one.level == "fault"] == []
    assert Advice("database", "good", "sqlite, in this version's shape") in examine(settings())


def test_no_secret_is_shown(configure: Configure) -> None:
    configure(
        apollo_key="key-of-apollo", database_url="postgresql://ada:s3cret@db/ringback", slack_url="https://s/hook"
    )
    text = json.dumps(shown(settings()))
    assert not any(secret in text for secret in ("key-of-apollo", "s3cret", "https://s/hook", "t0ken"))
    assert "postgresql://ada:**********@db/ringback" in text


def test_a_setting_that_cannot_be_is_named_and_not_a_trace(configure: Configure) -> None:
    with pytest.raises(WrongUsage, match="RINGBACK_API_PORT: Input should be a valid integer"):
        configure(api_port="many") or settings()  # type: ignore[func-returns-value]
    with pytest.raises(WrongUsage, match="write lists as JSON"):
        configure(api_port="8000", report_to="ada@ours.example") or settings()  # type: ignore[func-returns-value]


def test_the_command_ends_with_the_number_of_faults(home: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "flows", "doctor", "--json"], capture_output=True, text=True,
        env=os.environ | {"RINGBACK_HOME": str(home), "RINGBACK_ZONE": "Chicago"},
    )  # fmt: skip
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["faults"] >= 1) == (1, True)


def test_a_playbook_that_lacks_what_campaigns_ask_for_is_told(configure: Configure, tmp_path: Path) -> None:
    book = tmp_path / "book"
    shutil.copytree(settings().playbook, book)
    (book / "qualification/standard.yaml").unlink()
    told = (book / "sequences/nurture.yaml").read_text()
    (book / "sequences/nurture.yaml").write_text(told.replace("  languages: [en]", "  territories: [Europa]"))
    configure(playbook=str(book))
    assert faults(doctor.files_can_be_read) == [
        "sequences: nurture.yaml: for.territories: 'Europa' is no territory of the team; did you mean 'europe'?",
        "rules standard: standard.yaml: cannot be read: No such file or directory",
    ]
    shutil.rmtree(book / "sequences")
    assert faults(doctor.files_can_be_read)[0] == f"sequences: there is none in {book}/sequences: nobody is written to"


def test_limits_of_health_that_are_no_file_are_told(configure: Configure, tmp_path: Path) -> None:
    configure(health=str(tmp_path))
    assert faults(doctor.files_can_be_read) == [f"health: {tmp_path} cannot be read: Is a directory"]


def test_a_store_that_cannot_be_written_is_told(
    configure: Configure, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = home / "warehouse.duckdb"
    monkeypatch.setattr(os, "access", lambda path, mode: path != store)
    assert faults(doctor.home_is_ours_alone) == [
        f"warehouse.duckdb: {store} cannot be read and written; 'chown' it, or 'chmod u+rw {store}'"
    ]


def test_no_store_is_opened_in_a_home_that_takes_nothing(configure: Configure, tmp_path: Path) -> None:
    home = tmp_path / "a-file"
    home.touch()
    configure(home=str(home))
    assert [(one.about, one.level) for one in doctor.stores_answer(settings())] == [("stores", "notice")]
