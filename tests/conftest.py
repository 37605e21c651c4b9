"""Every test has its own state in a temporary folder; nothing a test does reaches the checkout's `var/`."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback.settings import Settings, settings
from tests.postgres import NoPostgres, Server, empty, running

CACHES = (
    ("database.session", "engine"),
    ("flows.environment", "prepare_stores"),
    ("training.mlflow_client", "mlflow_client"),
    ("training.registry", "load"),
)
"""What a process remembers of its home, by module."""
FOR_TESTS = frozenset({
    "RINGBACK_REAL_DATA", "RINGBACK_TEST_ENGINES", "RINGBACK_TEST_KILLS", "RINGBACK_TEST_LEADS",
    "RINGBACK_TEST_POSTGRES", "RINGBACK_TEST_RELOADS",
})  # fmt: skip
"""What a person may say to the tests themselves."""
STORES = ("warehouse.duckdb", "database.sqlite")
"""What the migrations make in a home, to be copied where a test makes a home of its own."""
ENGINES = ("sqlite", "postgresql")
ON_BOTH_ENGINES = (
    "tests/database/", "tests/campaigns/test_deliver.py", "tests/campaigns/test_killed_senders.py",
    "tests/campaigns/test_route.py", "tests/scoring/test_log.py",
)  # fmt: skip
"""Where every test that has a home runs once on each engine, unless it is marked `sqlite`; others run on SQLite."""


def pytest_configure(config: pytest.Config) -> None:
    """Leave the person's own configuration alone: no `.env`, no RINGBACK_ variable, a throw-away home."""
    for name in [name for name in os.environ if name.startswith("RINGBACK_") and name not in FOR_TESTS]:
        del os.environ[name]
    Settings.model_config["env_file"] = None
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of small fits only wait for each other
    os.environ["PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW"] = "ignore"  # what tests log outside of a run
    os.environ["RINGBACK_TRAINING_SECONDS"] = "0.01"  # each candidate once, no variations: quick, and always the same
    folder = tempfile.mkdtemp(prefix="ringback-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["RINGBACK_HOME"] = folder
    os.environ["RINGBACK_PREFECT_PORT"] = "1024"  # nobody answers there; a person's own 'ringback up' is no part of it
    from flows.environment import switch_tools

    switch_tools()
    settings.cache_clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first: begun at the end, one would go on alone.

    Those in a browser come last, because Playwright leaves an event loop running in its process.
    """
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: 2 if "browser" in item.path.parts else item.path not in long)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is about the database on each engine; RINGBACK_TEST_ENGINES="sqlite postgresql" says so of all tests."""
    if "engine_name" not in metafunc.fixturenames or metafunc.definition.get_closest_marker("sqlite"):
        return
    everywhere = os.environ.get("RINGBACK_TEST_ENGINES", "").split()
    if everywhere or metafunc.definition.nodeid.startswith(ON_BOTH_ENGINES):
        metafunc.parametrize("engine_name", everywhere or ENGINES, indirect=True)


@pytest.fixture
def engine_name(request: pytest.FixtureRequest) -> str:
    """The engine that the database of this test's home is on."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def home(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine_name: str, request: pytest.FixtureRequest
) -> Iterator[Path]:
    """A home of its own with both stores migrated and empty."""
    shutil.copy(migrated / "warehouse.duckdb", tmp_path / "warehouse.duckdb")
    if engine_name == "postgresql":
        monkeypatch.setenv("RINGBACK_DATABASE_URL", request.getfixturevalue("postgres_url"))
    else:
        shutil.copy(migrated / "database.sqlite", tmp_path / "database.sqlite")
    monkeypatch.setenv("RINGBACK_HOME", str(tmp_path))
    forget_home()
    yield tmp_path
    forget_home()


@pytest.fixture
def postgres_url(migrated_on_postgres: str) -> str:
    """A PostgreSQL database, migrated and empty."""
    from database.models import Base

    empty(migrated_on_postgres, Base.metadata.tables)
    return migrated_on_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of the test session's own, or of one of its processes."""
    try:
        with running() as server:
            yield server
    except NoPostgres as why:
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def migrated_on_postgres(postgres: Server) -> str:
    """A database as the migrations make it, for one test after the other."""
    from database.migrate import migrate

    url = postgres.create()
    migrate(url)
    return url


@pytest.fixture
def on_postgres(home: Path, postgres: Server, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose database is on PostgreSQL, with that server's own tools."""
    if not (postgres.programs / "pg_dump").exists():
        pytest.skip(f"pg_dump is not in {postgres.programs}")
    monkeypatch.setenv("RINGBACK_DATABASE_URL", postgres_url)
    monkeypatch.setenv("PATH", f"{postgres.programs}{os.pathsep}{os.environ['PATH']}")
    forget_home()
    return home


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
