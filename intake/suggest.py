"""Recognising a file that nobody described, or that a person described in part; and the mapping file to keep."""

from pathlib import Path

from intake.call_columns import recognise_calls
from intake.columns import DateOrder, columns_of
from intake.lead_columns import recognise_leads
from intake.mapping import Given, Kind
from intake.recognition import Guesses, Recognised, mapping_text
from intake.tables import Table, table_of
from ringback.errors import BadMapping, WrongUsage


def recognise(
    table: Table,
    kind: Kind,
    file_name: str = "crm",
    given: Given | None = None,
    source: str | None = None,
    order: DateOrder | None = None,
    is_draft: bool = False,
) -> Recognised:
    """Say what each column is: `given` and `source` (what a person said) first, the names and values for the rest.

    A file of calls that neither HubSpot nor Salesforce wrote is its own source, named after the file. Raises BadMapping
    for a file without rows and as `recognise_leads` and `recognise_calls` do, WrongUsage for outcomes: they need a
    mapping.
    """
    if not table.cells:
        raise BadMapping(f"{file_name} has no rows below its first line: there is nothing to recognise or to import")
    _check_rows(table, file_name)
    columns = columns_of(table)
    if kind == "leads":
        return recognise_leads(columns, given, source, order)
    if kind == "calls":
        return recognise_calls(columns, given, source, order, Path(file_name).name.split(".")[0], is_draft)
    if given:
        return Guesses(given, columns, order).finished(source or given.source or "crm", "a CSV file")
    raise WrongUsage("outcomes need --mapping: only a person can say whose calls they are about (call_source)")


def _check_rows(table: Table, file_name: str) -> None:
    width, first = len(table.header), len(table.cells[0])
    if all(len(cells) != width for cells in table.cells):
        raise BadMapping(
            f"none of the {len(table.cells):,} rows of {file_name} has as many cells as its first line, {width}; the "
            f"first row has {first}: a cell with a separator in it needs quotation marks, and so do names of columns"
        )


def suggest_mapping(text: str, source: str | None = None, kind: Kind = "calls", file_name: str = "crm") -> str:
    """The text of a mapping file that reads the file as it is recognised, doubts as comments; raises as `recognise`."""
    return mapping_text(recognise(table_of(text), kind, file_name, source=source, is_draft=True))
