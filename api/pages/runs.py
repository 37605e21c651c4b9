"""A flow that a page asked Prefect to run, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ringback.errors import VendorError
from ringback.settings import settings
from vendors import prefect_runs

UNKNOWN = "not known"
OVER = frozenset({"Completed", "Failed", "Crashed", "Cancelled", UNKNOWN})
LONGEST_MESSAGE = 400


@dataclass(frozen=True, slots=True)
class AskedRun:
    """A run as a page shows it."""

    run_id: str
    name: str
    state: str
    message: str
    url: str
    """In Prefect's own pages."""
    back: str
    """Our page that shows what it did."""

    @property
    def is_over(self) -> bool:
        """Whether it will not go on."""
        return self.state in OVER


def start(deployment: str, parameters: Mapping[str, Any]) -> str:
    """Ask for a run of a deployment (`FLOW/NAME`); gives its id. Raises VendorUnavailable without Prefect."""
    return prefect_runs.run_now(settings().prefect, deployment, parameters, uuid4().hex)


def run(run_id: str, back: str) -> AskedRun:
    """How a run is; raises VendorUnavailable, VendorRefused."""
    found = prefect_runs.run_of(settings().prefect, run_id)
    url = f"{settings().prefect_page}/runs/flow-run/{run_id}"
    return AskedRun(run_id, found.name, found.state, found.message[:LONGEST_MESSAGE], url, back)


def run_or_why_not(run_id: str, back: str) -> AskedRun:
    """How a run is; where Prefect is away or has forgotten it, that it cannot be said."""
    try:
        return run(run_id, back)
    except VendorError as failure:
        return AskedRun(run_id, run_id, UNKNOWN, str(failure)[:LONGEST_MESSAGE], settings().prefect_page, back)
