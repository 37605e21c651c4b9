"""Training finds what there is to find, says what is missing, and takes the simpler of two alike."""

import numpy as np
import pytest

from ringback.errors import NotEnoughData
from tests.training.synthetic import LEAST_ROWS, training_rows
from tests.training.synthetic import trained as learned
from training.candidates import CANDIDATES
from training.evaluate import roc_auc
from training.train import train


def test_what_moves_the_outcome_is_found() -> None:
    trained = learned()
    same_as_pricing = "notes_length"  # of the two notes there are, the one about pricing is the longer one
    assert set(list(trained.chosen.importances)[:3]) == {"pricing_asked", same_as_pricing, "sentiment"}
    assert trained.chosen.metrics["test_roc_auc_low"] > 0.6


def test_every_candidate_says_what_it_leans_on_and_how_sure_it_is_by_the_same_names() -> None:
    trained = learned()
    names = [sorted(one.metrics) for one in (trained.chosen, *trained.tried)]
    assert names == [names[0]] * 5
    assert "test_confidence_brier" in names[0]
    strongest = [next(iter(one.importances)) for one in trained.tried]
    assert set(strongest) <= {"pricing_asked", "notes_length", "notes_text"}
    assert all(set(one.importances) == set(trained.chosen.importances) for one in trained.tried)


def test_every_candidate_is_tried_and_judged_on_the_last_fifth() -> None:
    trained = learned()
    assert [one.candidate for one in trained.tried] == [candidate.__name__ for candidate in CANDIDATES]
    assert (trained.rows, len(trained.test_y), trained.test_call_ids[0]) == (600, 120, "fellow:n480")


def test_the_model_is_fitted_again_on_everything_and_answers_with_probabilities() -> None:
    trained, data = learned(), training_rows()
    p = trained.model.predict_proba(trained.encoding.encode(data.rows))[:, 1]
    assert 0 < p.min() < p.max() < 1
    assert abs(p.mean() - data.y.mean()) < 0.1


def test_the_same_data_train_the_same_model() -> None:
    again = train(training_rows(), LEAST_ROWS, jobs=2)
    assert again.chosen.metrics == pytest.approx(learned().chosen.metrics)


def test_the_fingerprint_changes_with_any_label() -> None:
    from dataclasses import replace

    data = training_rows(60)
    turned = data.y.copy()
    turned[0] = not turned[0]
    assert data.fingerprint == replace(data).fingerprint != replace(data, y=turned).fingerprint
    assert data.fingerprint != replace(data, trusted=("minutes",)).fingerprint


def test_too_few_labels_say_how_many_are_needed() -> None:
    with pytest.raises(
        NotEnoughData, match=r"60 labelled calls for progression as of 2026-.*, 200 needed; 'ringback import'"
    ):
        train(training_rows(60), LEAST_ROWS, jobs=1)


def test_labels_of_one_kind_teach_nothing() -> None:
    from dataclasses import replace

    data = training_rows(250)
    one_kind = replace(data, y=np.arange(250) < 5)
    with pytest.raises(NotEnoughData, match="5 of 250 labelled calls for progression ended well; at least 20"):
        train(one_kind, LEAST_ROWS, jobs=1)


def test_successes_that_all_came_first_cannot_be_validated() -> None:
    from dataclasses import replace

    data = training_rows(250)
    with pytest.raises(NotEnoughData, match="cannot be validated on later calls"):
        train(replace(data, y=np.arange(250) < 60), LEAST_ROWS, jobs=1)


def test_where_nothing_differs_between_the_calls_there_is_nothing_to_learn_from() -> None:
    from dataclasses import replace

    data = training_rows(250)
    with pytest.raises(NotEnoughData, match="no feature differs between the calls"):
        train(replace(data, rows=[{"employees": None} for _ in data.rows]), LEAST_ROWS, jobs=1)


def test_a_challenger_is_compared_as_one_that_knows_the_companies_that_call_again() -> None:
    """Their own column tells how their calls end; kept apart it tells nothing, as it should for new companies."""
    from dataclasses import replace

    data = training_rows()
    companies = [f"company {at % 4}" for at in range(600)]
    good = np.array([at % 4 < 2 for at in range(600)])
    y = np.where(np.random.default_rng(3).random(600) < 0.8, good, ~good)
    rows = [{"custom.account": company, "sentiment": 0.1 * (at % 7)} for at, company in enumerate(companies)]
    trained = train(replace(data, y=y, rows=rows, companies=companies), LEAST_ROWS, jobs=1, budget_seconds=0.01)
    happened = y[trained.judged_rows]
    assert roc_auc(happened, trained.judged_probabilities) < 0.65
    assert roc_auc(happened, trained.compared_probabilities) > 0.7
