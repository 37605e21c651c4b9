"""A lead that nobody has talked to gets what calls with such companies come to, not where a tree happens to send it."""

import numpy as np

from features.encoding import learn_encoding
from training.less_known import EVERY_BEFORE_A_CALL, EVERY_NAME_ONLY, less_known
from training.trials import Trial, learning_from

CALLS = 1_200


def drawn() -> tuple[list[dict[str, float | str | None]], "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    """Calls whose end depends on the company's size and, more, on whether a next meeting was agreed."""
    rng = np.random.default_rng(5)
    size, meeting = rng.random(CALLS) < 0.5, rng.random(CALLS) < 0.3
    p = np.where(meeting, 0.85, 0.1) + np.where(size, 0.1, 0.0)
    rows: list[dict[str, float | str | None]] = [
        {"employees": 8.0 if big else 3.0, "next_meeting_set": float(agreed), "earlier_calls": 0.0}
        for big, agreed in zip(size, meeting, strict=True)
    ]
    return rows, rng.random(CALLS) < p


def test_before_a_call_the_answer_is_how_calls_with_such_companies_end() -> None:
    rows, ended_well = drawn()
    encoding = learn_encoding(rows)
    learning = learning_from(encoding.encode(rows), ended_well, [], encoding)
    large = np.array([row["employees"] == 8.0 for row in rows])
    for candidate in ("logistic_regression", "random_forest", "gradient_boosting", "xgboost"):
        model = Trial(candidate).fit(learning, np.arange(CALLS), 1)
        before_a_call = model.predict_proba(encoding.encode([{"employees": 8.0, "earlier_calls": 0.0}]))[0, 1]
        name_only = model.predict_proba(encoding.encode([{"earlier_calls": 0.0}]))[0, 1]
        agreed = {"employees": 8.0, "next_meeting_set": 1.0, "earlier_calls": 0.0}
        after_a_call = model.predict_proba(encoding.encode([agreed]))[0, 1]
        assert abs(before_a_call - ended_well[large].mean()) < 0.1, candidate
        assert abs(name_only - ended_well.mean()) < 0.1, candidate
        assert after_a_call > 0.7, candidate


def test_copies_hide_what_was_said_and_some_all_but_the_history_and_keep_their_outcomes() -> None:
    X = np.arange(72, dtype=np.float32).reshape(24, 3)
    y = np.arange(24) % 5 == 0
    blank = np.array([np.nan, np.nan, np.nan], np.float32)
    more, outcomes = less_known(X, y, ["employees", "urgency", "earlier_calls"], blank)
    np.testing.assert_array_equal(more[:24], X)
    before, named = more[24:30], more[30:]
    assert (len(before), len(named)) == (24 // EVERY_BEFORE_A_CALL, 24 // EVERY_NAME_ONLY)
    np.testing.assert_array_equal(before[:, [0, 2]], X[::EVERY_BEFORE_A_CALL][:, [0, 2]])
    assert np.isnan(before[:, 1]).all()
    assert np.isnan(named[:, :2]).all()
    np.testing.assert_array_equal(named[:, 2], X[1::EVERY_NAME_ONLY][:, 2])
    np.testing.assert_array_equal(outcomes, np.concatenate([y, y[::EVERY_BEFORE_A_CALL], y[1::EVERY_NAME_ONLY]]))
