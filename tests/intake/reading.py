"""Reading a text as `ringback import leads` does, in one step, for tests."""

from datetime import datetime
from typing import Any

from intake.columns import DateOrder
from intake.files import Read, read_file
from intake.mapping import Given, Kind
from intake.recognition import Recognised
from intake.suggest import recognise
from intake.tables import table_of
from tests.factories import NOON


def recognised(text: str, kind: Kind = "leads", order: DateOrder | None = None, **given: Any) -> Recognised:
    """What is recognised in a text, beside what is given."""
    said = Given.model_validate({"kind": kind} | given) if given else None
    return recognise(table_of(text), kind, "export.csv", said, order=order)


def read_leads(text: str, at: datetime = NOON, **given: Any) -> Read:
    """The leads in a text, read through what is recognised."""
    return read_file(text, recognised(text, **given).mapping, at)


def read_calls(text: str, at: datetime = NOON, **given: Any) -> Read:
    """The calls in a text, read through what is recognised."""
    return read_file(text, recognised(text, "calls", **given).mapping, at)
