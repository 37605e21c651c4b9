"""The way to MLflow: its file under home, or a server that others run, which may be away."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from logging import CRITICAL, WARNING, getLogger
from typing import TYPE_CHECKING

from database.away import is_of_database
from ringback.errors import StoreAway, StoreError
from ringback.settings import settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_RETRIES = "2"
"""Of a request to an MLflow server, some six seconds in all; its own default waits for four minutes."""
UNREACHED = "failed with exception"
"""What MLflow says where no answer came at all."""
SIGNED_IN = re.compile(r"(?<=://)[^/]*@")
"""The name and password in an address."""
MOST_SAID = 200
"""Characters of what MLflow says of a failure."""
TELLS_WITH_TRACEBACK = "mlflow.store.db.utils"
"""The log in which MLflow writes failures of its database that it raises as well."""


@lru_cache(maxsize=1)
def mlflow_client() -> "MlflowClient":
    """What asks MLflow; raises StoreAway where it is a server that does not answer."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", MOST_RETRIES)
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # it would print a password with it
    import mlflow

    for name in ("mlflow", "alembic"):
        getLogger(name).setLevel(WARNING)
    getLogger(TELLS_WITH_TRACEBACK).setLevel(CRITICAL)
    settings().home.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(settings().mlflow)
    client = mlflow.MlflowClient()
    must_answer(client)
    return client


@contextmanager
def in_our_words() -> Iterator[None]:
    """Raise what fails at MLflow, at whatever moment, as StoreAway of a server and as StoreError of files."""
    try:
        yield
    except Exception as failure:
        if not _is_of_mlflow(failure):
            raise
        raise _told(failure) from failure


def must_answer(client: "MlflowClient") -> None:
    """Raise StoreAway, without any password, where MLflow is a server of its own and does not answer, or not to us."""
    import mlflow

    if not settings().has_mlflow_elsewhere:
        return
    try:
        client.search_experiments(max_results=1)
    except mlflow.MlflowException as failure:
        raise _told(failure) from None


def away() -> str | None:
    """Why nothing can be asked of MLflow; None where it answers."""
    try:
        mlflow_client()
    except StoreAway as failure:
        return str(failure)
    return None


def _is_of_mlflow(failure: Exception) -> bool:
    """Whether MLflow failed: its server, its database, or the files that it reads and writes."""
    import mlflow

    return isinstance(failure, mlflow.MlflowException | OSError) or is_of_database(failure)


def _told(failure: Exception) -> StoreError:
    """A failure of MLflow's in a sentence, without any password."""
    shown = SIGNED_IN.sub("", settings().mlflow)
    words = str(failure).partition("\n")[0].replace(settings().mlflow, shown)[:MOST_SAID].rstrip(". ")
    if not settings().has_mlflow_elsewhere:
        return StoreError(f"MLflow's store {shown} cannot be used: {words}")
    is_local = isinstance(failure, OSError) and failure.errno is not None
    is_answered = not isinstance(failure, OSError) or getattr(failure, "response", None) is not None
    said = f"cannot be used: {words}" if is_local else f"answers {words!r}"
    if UNREACHED in str(failure) or not (is_local or is_answered):
        said = "is not reached"
    return StoreAway(f"MLflow at {shown} {said}; RINGBACK_MLFLOW_URL says where it is")
