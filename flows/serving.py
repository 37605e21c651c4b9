"""Running the REST API: worker processes behind one socket, watched, with their figures in files of their own."""

import os
import shutil
from pathlib import Path
from socket import gaierror

from flows.ports import listens
from ringback.errors import WrongUsage
from ringback.settings import settings

APPLICATION = "api.app:create_app"
BACKLOG = 2048
GRACE_SECONDS = 20
HUNG_AFTER_SECONDS = 30
"""A worker that does not answer its supervisor for so long is replaced; loading models may take some of it."""
LOGGING: dict[str, object] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "api.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "loggers": {
        "ringback": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
"""All that is said, as JSON, a line each, to stderr; the API writes a line for each request itself."""


def serve_api(host: str, port: int, workers: int) -> None:
    """Serve until a signal; raises WrongUsage where the port is taken, or the host is none.

    Also one worker has a supervisor, which starts it again when it is killed.
    """
    from uvicorn import Config
    from uvicorn.supervisors import Multiprocess

    from database.migrate import migrate
    from scoring.keeping import kept

    migrate()
    _refuse_second(host, port)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_empty_folder(port))
    config = Config(
        APPLICATION,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        backlog=BACKLOG,
        access_log=False,
        server_header=False,
        log_config=LOGGING,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=HUNG_AFTER_SECONDS,
    )
    listening = config.bind_socket()
    with kept():
        Multiprocess(config, sockets=[listening]).run()


def _empty_folder(port: int) -> Path:
    """Where the workers keep their figures; those of the run before count no more."""
    folder = settings().home / "metrics" / str(port)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _refuse_second(host: str, port: int) -> None:
    try:
        is_taken = listens(port, host)
    except gaierror:
        raise WrongUsage(f"{host!r} is no address of this machine; RINGBACK_API_HOST or --host names one") from None
    if is_taken:
        raise WrongUsage(f"port {port} is taken: the API runs already, or RINGBACK_API_PORT chooses another")
