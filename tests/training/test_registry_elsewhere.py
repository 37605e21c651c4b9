"""An MLflow server that others run, reached over HTTP, keeps a training as the file under home does."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import numpy as np
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from ringback.errors import StoreAway
from tests.conftest import forget_home
from tests.flows.small_world import free_port
from tests.training.synthetic import trained as learned
from tests.training.synthetic import training_rows
from training import registry
from training.mlflow_client import away
from training.promotion import Verdict, first_champion


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["subprocess.Popen[bytes]"]:
    """An MLflow server with stores of its own, which it alone can open."""
    folder, port = tmp_path_factory.mktemp("elsewhere"), free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder / "kept"),
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("w") as log:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            answers(f"http://127.0.0.1:{port}/health")
            patch.setenv("RINGBACK_HOME", str(tmp_path_factory.mktemp("home")))
            patch.setenv("RINGBACK_MLFLOW_URL", f"http://127.0.0.1:{port}")
            forget_home()
            yield server
        finally:
            server.terminate()
            server.wait()
    forget_home()


@retry(retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(120), wait=wait_fixed(0.2), reraise=True)
def answers(url: str) -> None:
    httpx.get(url).raise_for_status()


@pytest.mark.long
@pytest.mark.usefixtures("server")
def test_a_training_is_registered_and_loaded_and_decides() -> None:
    trained = learned()
    recorded = registry.record(trained, first_champion(trained), beside={"profile.json": "{}"})
    assert (recorded.version, recorded.promoted, recorded.source) == ("1", True, "fellow")
    assert registry.find("progression", trained.as_of, trained.fingerprint) == recorded
    assert registry.kept_beside("progression", "1", "profile.json") == "{}"
    loaded = registry.load("progression", "1")
    X = loaded.encoding.encode(training_rows().rows)
    np.testing.assert_array_equal(loaded.model.predict_proba(X), trained.model.predict_proba(X))
    registry.set_alias("progression", registry.CHAMPION, "1")
    assert registry.version_of("progression", "1").aliases == ("champion",)


@pytest.mark.long
def test_a_server_that_goes_away_says_nothing_of_a_version(
    server: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    def gone(*_: object, **__: object) -> None:
        server.terminate()
        server.wait()
        raise mlflow.MlflowException("connection lost")

    monkeypatch.setattr(mlflow.sklearn, "load_model", gone)
    with pytest.raises(StoreAway, match="is not reached"):
        registry.load.__wrapped__("progression", "1")


def test_a_server_that_is_not_there_is_named_soon_and_without_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("RINGBACK_HOME", str(tmp_path))
    monkeypatch.setenv("RINGBACK_MLFLOW_URL", f"http://me:made-up@127.0.0.1:{port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    forget_home()
    with pytest.raises(StoreAway) as refused:
        registry.versions("progression")
    assert (
        str(refused.value)
        == away()
        == (f"MLflow at http://127.0.0.1:{port} is not reached; RINGBACK_MLFLOW_URL says where it is")
    )
    forget_home()


def test_a_server_that_goes_away_amid_the_work_is_told_as_one_that_was_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AnswersOnce(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    with HTTPServer(("127.0.0.1", 0), AnswersOnce) as server:
        monkeypatch.setenv("RINGBACK_HOME", str(tmp_path))
        monkeypatch.setenv("RINGBACK_MLFLOW_URL", f"http://me:made-up@127.0.0.1:{server.server_port}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        forget_home()
        Thread(target=server.handle_request, daemon=True).start()
        assert away() is None
    for asks in (lambda: registry.versions("progression"), lambda: registry.record(learned(), Verdict(True, "better"))):
        with pytest.raises(StoreAway, match=r"^MLflow at http://127\.0\.0\.1:\d+ is not reached; RINGBACK_MLFLOW_URL"):
            asks()
    forget_home()
