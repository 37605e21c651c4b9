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
