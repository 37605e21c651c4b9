"""A real API on a port, a home with two versions and a few leads, and Debian's Chromium to look at its pages with."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from database import keys
from ringback.clock import now
from ringback.settings import settings
from tests.browser.prefect_stand_in import handler_for
from tests.conftest import forget_home
from tests.flows.small_world import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 20_000


@dataclass(slots=True)
class Site:
    """The running installation."""

    address: str
    home: Path
    faults: list[str] = field(default_factory=list)
    """What browsers complained of on their consoles."""

    def key(self, *roles: str, name: str = "Maya") -> str:
        """A key to sign in with."""
        return keys.create(name, roles, now(), "a test")


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """The browser; tests are skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: 'apt-get install chromium' brings it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An API with what `small_site.fill` brings, and a stand-in for Prefect that runs what pages ask it to."""
    import uvicorn

    from api.app import create_app
    from tests.browser.small_site import fill

    home = tmp_path_factory.mktemp("site")
    patch = pytest.MonkeyPatch()
    patch.setenv("RINGBACK_HOME", str(home))
    prefect = ThreadingHTTPServer(("127.0.0.1", 0), handler_for())
    threading.Thread(target=prefect.serve_forever, daemon=True).start()
    patch.setenv("RINGBACK_PREFECT_URL", f"http://127.0.0.1:{prefect.server_port}")
    forget_home()
    fill(home, migrated)
    server = uvicorn.Server(uvicorn.Config(create_app(), host="127.0.0.1", port=free_port(), log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _until(lambda: server.started)
    yield Site(f"http://127.0.0.1:{server.config.port}", settings().home)
    server.should_exit = True
    thread.join(timeout=30)
    prefect.shutdown()
    patch.undo()
    forget_home()


@pytest.fixture
def page(chromium: "Browser", site: Site) -> Iterator["Page"]:
    """A page nobody has signed in on; its test fails where the console shows an error or another site is asked."""
    context = chromium.new_context(base_url=site.address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "request",
        lambda asked: None if asked.url.startswith((site.address, "data:")) else faults.append(f"asked {asked.url}"),
    )
    yield opened
    context.close()
    assert faults == []


@pytest.fixture
def sign_in(site: Site) -> Callable[["Page", str], None]:
    """Signs in on a page, as a person does."""

    def enter(page: "Page", role: str) -> None:
        page.goto("/")
        page.get_by_label("Your key").fill(site.key(role))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Overview").wait_for()

    return enter


def _until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
