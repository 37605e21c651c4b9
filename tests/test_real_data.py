"""Real data sets come in whole: every row is accounted for. They lie outside the project."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from features.labels import labels_as_of
from intake.files import read_text
from intake.importing import import_text
from intake.mapping import load_mapping
from ringback.settings import CHECKOUT

FOLDER = os.environ.get("RINGBACK_REAL_DATA")
BANK_ROWS, BANK_SUCCESSES = 41_188, 4_640
"""As the authors count them (Moro, Cortez, Rita 2014)."""

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.usefixtures("home"),
    pytest.mark.skipif(FOLDER is None, reason="RINGBACK_REAL_DATA names no folder with the real data sets"),
]


def test_every_call_of_the_bank_comes_in() -> None:
    assert FOLDER
    text = read_text(Path(FOLDER) / "bank_marketing/bank_calls.csv.gz")
    mapping = load_mapping(CHECKOUT / "docs/examples/bank_calls.toml")
    after = datetime(2011, 1, 1)
    imported = import_text(text, mapping, "bank_calls.csv.gz", after)
    assert (imported.read, imported.new, imported.same, imported.rejected) == (BANK_ROWS, BANK_ROWS, 0, 0)
    progression = labels_as_of(after)["progression"]
    assert (len(progression), sum(label.happened for label in progression.values())) == (BANK_ROWS, BANK_SUCCESSES)


def leaks_in_file(path: str, mapping: str, tmp_path: Path) -> dict[str, str]:
    """The columns of a file that give progression away, with the evidence."""
    from flows.import_guard import column_of, leaks_of
    from intake.files import read_file

    assert FOLDER
    (tmp_path / "mapping.toml").write_text(mapping)
    read_as = load_mapping(tmp_path / "mapping.toml")
    read = read_file(read_text(Path(FOLDER) / path), read_as, datetime(2026, 1, 1))
    return {column_of(leak.feature, read_as): leak.evidence for leak in leaks_of(read)["progression"]}


def test_the_length_of_the_banks_calls_is_named_as_a_leak(tmp_path: Path) -> None:
    example = (CHECKOUT / "docs/examples/bank_calls.toml").read_text()
    left_in = example.replace('duration = "known only after the call: a leak"', "").replace(
        "[custom]", '[custom]\nduration = "number"'
    )
    assert leaks_in_file("bank_marketing/bank_calls.csv.gz", left_in, tmp_path) == {
        "duration": "alone it tells how the call ended (ROC AUC 0.91 within stretches of time, 41,188 calls)"
    }


PIPELINE = """
kind = "calls"
source = "maven"
[columns]
id = "opportunity_id"
called_at = "engage_date"
company = "account"
[outcomes.progression]
column = "deal_stage"
positive = ["Won"]
negative = ["Lost"]
known_at = "close_date"
[custom]
product = "category"
sales_agent = "category"
close_date = "date"
close_value = "number"
"""


def test_the_closing_date_and_value_of_the_pipeline_are_named_as_leaks(tmp_path: Path) -> None:
    found = leaks_in_file("maven_crm/sales_pipeline.csv", PIPELINE, tmp_path)
    assert found.keys() == {"close_date", "close_value"}
    assert (
        "filled only once the outcome is known: in 100% of the latest 1,677 decided calls and 0%" in found["close_date"]
    )


def test_of_outcomes_unrelated_to_their_columns_there_is_nothing_to_learn(tmp_path: Path) -> None:
    from training.data import training_data
    from training.promotion import first_champion
    from training.train import train

    assert FOLDER
    (tmp_path / "mapping.toml").write_text(PIPELINE)
    text = read_text(Path(FOLDER) / "maven_crm/sales_pipeline.csv")
    after = datetime(2026, 1, 1)
    import_text(text, load_mapping(tmp_path / "mapping.toml"), "sales_pipeline.csv", after)
    trained = train(training_data(after)["progression"], least_rows=200, jobs=2)
    assert {leak.feature.split(" (")[0] for leak in trained.leaks} == {"custom.close_date", "custom.close_value"}
    verdict = first_champion(trained)
    assert not verdict.promote
    assert verdict.reason.startswith("nothing to learn here: ")
