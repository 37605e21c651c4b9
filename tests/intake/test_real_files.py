"""Real files come in without a mapping, every row accounted for. They lie outside the project."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from features.labels import labels_as_of
from intake.files import read_text
from intake.importing import Imported, import_text
from intake.mapping import load_given
from intake.recognition import Recognised
from intake.suggest import recognise
from intake.tables import table_of
from ringback.settings import CHECKOUT
from warehouse.connect import reading, rows

FOLDER = os.environ.get("RINGBACK_REAL_DATA")
AFTER = datetime(2026, 1, 1)

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.usefixtures("home"),
    pytest.mark.skipif(FOLDER is None, reason="RINGBACK_REAL_DATA names no folder with the real data sets"),
]


def bring_calls(path: str) -> tuple[Recognised, Imported]:
    text = read_text(Path(FOLDER or "") / path)
    found = recognise(table_of(text), "calls", Path(path).name)
    return found, import_text(text, found.mapping, path, AFTER)


def test_the_banks_calls_need_no_mapping() -> None:
    found, done = bring_calls("bank_marketing/bank_calls.csv.gz")
    assert (done.read, done.new, done.rejected, done.outcomes) == (41_188, 41_188, 0, 41_188)
    assert set(found.mapping.exclude) == {"duration"}
    labels = labels_as_of(AFTER)["progression"].values()
    assert sum(label.happened for label in labels) == 4_640


def test_the_opportunities_of_a_crm_need_no_mapping_and_those_never_begun_are_rejected() -> None:
    found, done = bring_calls("maven_crm/sales_pipeline.csv")
    assert (done.read, done.new, done.rejected, done.outcomes) == (8_800, 8_300, 500, 4_238 + 2_473)
    assert done.reasons == ("500 × engage_date: is empty, and every row needs it",)
    assert set(found.mapping.exclude) == {"close_value"}
    labels = labels_as_of(AFTER)["progression"].values()
    assert sum(label.happened for label in labels) == 4_238


def test_accounts_without_contacts_come_in_as_companies() -> None:
    text = read_text(Path(FOLDER or "") / "maven_crm/accounts.csv")
    given = load_given(CHECKOUT / "docs/examples/maven_accounts.toml")
    found = recognise(table_of(text), "leads", given=given)
    done = import_text(text, found.mapping, "accounts.csv", AFTER)
    assert (done.source, done.read, done.new, done.rejected) == ("maven", 85, 85, 0)
    with reading() as warehouse:
        acme = rows(
            warehouse,
            "SELECT industry, employees, annual_revenue, founded_year, country FROM company_facts "
            "WHERE name = 'Acme Corporation'",
        )
    assert acme == [
        {"industry": "technolgy", "employees": 2822.0, "annual_revenue": pytest.approx(1_100_040_000),
         "founded_year": 1996.0, "country": "United States"}
    ]  # fmt: skip
