"""Every test has its own state in a temporary folder; nothing a test does reaches the checkout's `var/`."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback.settings import Settings, settings

CACHES = (
    ("database.session", "engine"),
    ("flows.environment", "prepare_stores"),
    ("training.registry", "_client"),
    ("training.registry", "load"),
)
"""What a process remembers of its home, by module."""
FOR_TESTS = frozenset({"RINGBACK_REAL_DATA", "RINGBACK_TEST_KILLS", "RINGBACK_TEST_LEADS", "RINGBACK_TEST_RELOADS"})
"""What a person may say to the tests themselves."""
STORES = ("warehouse.duckdb", "database.sqlite")


def pytest_configure(config: pytest.Config) -> None:
    """Leave the person's own configuration alone: no `.env`, no RINGBACK_ variable, a throw-away home."""
    for name in [name for name in os.environ if name.startswith("RINGBACK_") and name not in FOR_TESTS]:
        del os.environ[name]
    Settings.model_config["env_file"] = None
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of small fits only wait for each other
    os.environ["RINGBACK_TRAINING_SECONDS"] = "0.01"  # each candidate once, no variations: quick, and always the same
    folder = tempfile.mkdtemp(prefix="ringback-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["RINGBACK_HOME"] = folder
    from flows.environment import switch_tools

    switch_tools()
    settings.cache_clear()


@pytest.fixture
def home(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own with both stores migrated and empty."""
    for name in STORES:
        shutil.copy(migrated / name, tmp_path / name)
    monkeypatch.setenv("RINGBACK_HOME", str(tmp_path))
    forget_home()
    yield tmp_path
    forget_home()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both stores as the migrations make them, to be copied: that is quicker than to migrate for each test."""
    from database.migrate import migrate as migrate_database
    from database.session import engine
    from warehouse.migrate import migrate as migrate_warehouse

    folder = tmp_path_factory.mktemp("migrated")
    url = f"sqlite:///{folder / 'database.sqlite'}"
    migrate_warehouse(folder / "warehouse.duckdb")
    migrate_database(url)
    engine(url).dispose()  # the last connection puts everything into the one file
    return folder


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """A Prefect server of the test session's own."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=240):
        yield


def forget_home() -> None:
    """Clear what this process remembers of its home; modules that were never imported remember nothing."""
    settings.cache_clear()
    for module, name in CACHES:
        if module in sys.modules:
            getattr(sys.modules[module], name).cache_clear()
