"""The way to MLflow: its file under home, or a server that others run, which may be away."""

import os
from functools import lru_cache
from logging import WARNING, getLogger
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ringback.errors import StoreAway
from ringback.settings import settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_RETRIES = "2"
"""Of a request to an MLflow server, some six seconds in all; its own default waits for four minutes."""
UNREACHED = "failed with exception"
"""What MLflow says where no answer came at all."""


@lru_cache(maxsize=1)
def mlflow_client() -> "MlflowClient":
    """What asks MLflow; raises StoreAway where it is a server that does not answer."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", MOST_RETRIES)
    import mlflow

    for name in ("mlflow", "alembic"):
        getLogger(name).setLevel(WARNING)
    settings().home.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(settings().mlflow)
    client = mlflow.MlflowClient()
    must_answer(client)
    return client


def must_answer(client: "MlflowClient") -> None:
    """Raise StoreAway, without any password, where MLflow is a server of its own and does not answer, or not to us."""
    import mlflow

    if not settings().has_mlflow_elsewhere:
        return
    try:
        client.search_experiments(max_results=1)
    except mlflow.MlflowException as failure:
        address = urlsplit(settings().mlflow)
        shown = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
        words = str(failure)
        said = "is not reached" if UNREACHED in words else f"answers {words.replace(settings().mlflow, shown)[:200]!r}"
        raise StoreAway(f"MLflow at {shown} {said}; RINGBACK_MLFLOW_URL says where it is") from None


def away() -> str | None:
    """Why nothing can be asked of MLflow; None where it answers."""
    try:
        mlflow_client()
    except StoreAway as failure:
        return str(failure)
    return None
