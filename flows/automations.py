"""Automations of the Prefect server that `ringback up` puts there: what is in `automations.yaml`, each once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ringback.settings import settings
from vendors.prefect_runs import ask

FILE = Path(__file__).with_suffix(".yaml")


def apply_all(server: str | None = None) -> list[str]:
    """Put every automation of the file on the server (its URL without /api), in the place of the one of its name.

    Gives their names. Doing it twice leaves one of each; automations of other names are left alone. Raises
    VendorUnavailable where the server does not answer, VendorRefused where it does not take one.
    """
    wanted = listed()
    for one in wanted:
        _put(server or settings().prefect, one)
    return [str(one["name"]) for one in wanted]


def listed() -> list[dict[str, Any]]:
    """The automations of the file."""
    import yaml

    found: list[dict[str, Any]] = yaml.safe_load(FILE.read_text())
    return found


def _put(server: str, automation: Mapping[str, Any]) -> None:
    asked = {"automations": {"name": {"any_": [automation["name"]]}}}
    there = [str(one["id"]) for one in ask(server, "POST", "/automations/filter", asked)]
    if not there:
        ask(server, "POST", "/automations/", dict(automation))
        return
    ask(server, "PUT", f"/automations/{there[0]}", dict(automation))
    for more in there[1:]:
        ask(server, "DELETE", f"/automations/{more}")
