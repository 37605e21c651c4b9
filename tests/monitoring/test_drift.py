"""Evidently names what has moved, and says nothing of too few calls."""

from json import loads
from pathlib import Path

import numpy as np
import pytest

from features.encoding import learn_encoding
from monitoring.drift import Drift, report_drift
from ringback.errors import NotEnoughData
from ringback.records import Value

NAMES = ("sentiment", "employees", "industry", "minutes")
Rows = list[dict[str, Value]]


def calls(rows: int = 200, seed: int = 1, sentiment: float = 0.0) -> Rows:
    """Calls that are all alike but for their tone."""
    rng = np.random.default_rng(seed)
    return [
        {
            "sentiment": float(rng.normal(sentiment, 0.2)) if rng.random() < 0.9 else None,
            "employees": float(rng.normal(5, 1)),
            "industry": str(rng.choice(["retail", "healthcare", "travel"])),
            "minutes": float(rng.normal(30, 5)),
        }
        for _ in range(rows)
    ]


def drift(recent: Rows, path: Path) -> Drift:
    reference = calls()
    return report_drift(reference, recent, learn_encoding(reference), NAMES, path)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Drift:
    return drift(calls(seed=2, sentiment=1.0), tmp_path_factory.mktemp("drift") / "drift" / "2026-03-18")


def test_the_feature_that_moved_is_named_first_and_far_ahead(moved: Drift) -> None:
    first, second = list(moved.psi.items())[:2]
    assert (first[0], moved.moved[0], set(moved.psi)) == ("sentiment", "sentiment", set(NAMES))
    assert first[1] > 20 * second[1]


@pytest.mark.parametrize(
    ("psi", "moved", "drifted"),
    [
        ({"a": 0.5, "b": 0.2, "c": 0.1, "d": 0.0}, ["a", "b"], True),
        ({"a": 0.5, "b": 0.19, "c": 0.1, "d": 0.0}, ["a"], False),
        ({}, [], False),
    ],
)
def test_drift_is_when_three_in_ten_features_moved(psi: dict[str, float], moved: list[str], drifted: bool) -> None:
    found = Drift(200, 200, psi, Path("drift.html"))
    assert (found.moved, found.drifted) == (moved, drifted)


def test_a_page_and_its_data_are_written(moved: Drift) -> None:
    assert moved.report.name == "2026-03-18.html"
    assert "sentiment" in moved.report.read_text()
    assert loads(moved.report.with_suffix(".json").read_text())["metrics"]


@pytest.mark.parametrize(("reference", "recent"), [(200, 49), (49, 200), (200, 0)])
def test_too_few_calls_say_how_many_are_needed(reference: int, recent: int, tmp_path: Path) -> None:
    rows = calls()
    with pytest.raises(NotEnoughData, match=f"{recent} recent calls against {reference} learned from; 200 of each"):
        report_drift(rows[:reference], rows[:recent], learn_encoding(rows), NAMES, tmp_path / "drift")
