"""What a person gives a flow with `ringback run`, checked before anything is started."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prefect import Flow
from prefect.exceptions import ParameterTypeError

from ringback.errors import WrongUsage


def arguments_of(flow: Flow[..., Any], pairs: Sequence[str], as_of: datetime | None) -> dict[str, Any]:
    """The flow's arguments from `name=value` each; raises WrongUsage that names the one that does not fit."""
    arguments = dict(_named(flow, pair) for pair in pairs) | {"as_of": as_of}
    logging.getLogger("prefect.flows").setLevel(logging.CRITICAL)  # it would say at length what is raised here
    try:
        flow.validate_parameters(arguments)
    except ParameterTypeError as failure:
        _, *wrong = str(failure).splitlines()
        raise WrongUsage("; ".join(line.removeprefix(" - ") for line in wrong)) from None
    return arguments


def _named(flow: Flow[..., Any], pair: str) -> tuple[str, str]:
    name, sign, value = pair.partition("=")
    if name == "as_of":
        raise WrongUsage("the moment is said with --as-of")
    if not sign or name not in flow.parameters.properties:
        takes = ", ".join(flow.parameters.properties)
        raise WrongUsage(f"{pair!r} is no parameter of {flow.name}; it takes {takes}")
    return name, value
