"""The compiled engine says what the trained model says, of every kind of model, alone as among others, and why."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.attributions import attributions
from scoring.engine import Engine, compiled, engine_of, stored_engine
from tests.scoring.engines import of_every_kind, some_rows
from tests.training.synthetic import snapshots, trained, training_rows

Matrix = np.ndarray[Any, np.dtype[np.float32]]
ROWS = 10_000


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    return some_rows(ROWS, seed=2)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return engine_of(of_every_kind())


def test_ten_thousand_rows_get_the_probabilities_of_the_trained_model(engine: Engine, matrix: Matrix) -> None:
    expected = of_every_kind().model.predict_proba(matrix)[:, 1]
    assert len(matrix) == ROWS
    assert np.abs(engine.arrays.answer(matrix).probability - expected).max() < 1e-6


def test_real_features_get_them_too_from_the_features_on() -> None:
    rows = [dict(row) for row in training_rows().rows]
    assert len(rows) == len(snapshots())
    made = engine_of(of_trained())
    expected = trained().model.predict_proba(trained().encoding.encode(rows))[:, 1]
    assert np.abs(made.arrays.answer(made.encoding.encode(rows)).probability - expected).max() < 1e-6


def test_contributions_are_those_of_xgboosts_own_tree_shap(engine: Engine, matrix: Matrix) -> None:
    some = matrix[:1000]
    assert np.abs(engine.contributions(some) - attributions(of_every_kind().model, some)).max() < 2e-5


def test_contributions_and_base_are_the_answer(engine: Engine, matrix: Matrix) -> None:
    some = matrix[:1000]
    summed = engine.base + engine.contributions(some).sum(axis=1)
    assert np.abs(summed - engine.arrays.answer(some).log_odds).max() < 1e-10


def test_a_row_gets_the_same_bits_alone_as_among_others(engine: Engine, matrix: Matrix) -> None:
    together, why = engine.arrays.answer(matrix[:300]), engine.contributions(matrix[:300])
    for n in (0, 7, 130, 299):
        alone = engine.arrays.answer(matrix[n : n + 1])
        assert (alone.log_odds[0], alone.spread[0]) == (together.log_odds[n], together.spread[n])
        assert (engine.contributions(matrix[n : n + 1])[0] == why[n]).all()


def test_spread_is_how_far_the_members_are_apart(engine: Engine, matrix: Matrix) -> None:
    from training.stack import log_odds_of

    said = [log_odds_of(member, matrix[:200]) for member in of_every_kind().model.estimators_]
    assert np.abs(engine.arrays.answer(matrix[:200]).spread - np.std(said, axis=0)).max() < 1e-4


def test_a_member_that_is_surer_than_counts_still_adds_up(engine: Engine) -> None:
    extreme = np.full((2, 12), 1e6, dtype=np.float32)
    extreme[1] *= -1
    summed = engine.base + engine.contributions(extreme).sum(axis=1)
    assert np.abs(summed - engine.arrays.answer(extreme).log_odds).max() < 1e-10


def test_what_comes_from_its_file_answers_with_the_same_bits(home: Path, matrix: Matrix) -> None:
    made, read = compiled(of_every_kind()), stored_engine("progression", "1")
    assert read is not None
    assert (made.arrays.answer(matrix[:100]).log_odds == read.arrays.answer(matrix[:100]).log_odds).all()
    assert (made.contributions(matrix[:100]) == read.contributions(matrix[:100])).all()
    assert (read.candidate, read.horizon_days, read.encoding) == ("blend", 14.0, made.encoding)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 torn", None])
def test_a_file_that_is_damaged_or_not_there_is_none(home: Path, damage: bytes | None) -> None:
    compiled(of_every_kind())
    file = home / "serving" / "progression-1.npz"
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    assert stored_engine("progression", "1") is None


def test_no_damage_to_a_file_makes_an_engine_that_says_something_else(home: Path) -> None:
    """Anything but the engine itself, or none, would be an answer by a model that nobody trained."""
    compiled(of_every_kind())
    file = home / "serving" / "progression-1.npz"
    whole, rng, row = file.read_bytes(), np.random.default_rng(6), some_rows(1, seed=3)
    expected = engine_of(of_every_kind()).arrays.answer(row).log_odds
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[int(rng.integers(len(whole) - 3_000, len(whole)))] = int(rng.integers(256))
        file.write_bytes(damaged)
        read = stored_engine("progression", "1")
        assert read is None or read.arrays.answer(row).log_odds == expected


def of_trained() -> Any:
    from tests.scoring.engines import Registered

    return Registered(trained().encoding, trained().model)
