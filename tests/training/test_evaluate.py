"""The figures of a model are those a reader can work out by hand."""

import numpy as np
import pytest

from training.evaluate import METRICS, bars, expected_calibration_error, intervals_of, metrics_of, pictures

Y = np.array([False, False, True, True])
P = np.array([0.1, 0.6, 0.4, 0.9])


def test_the_figures_of_four_calls() -> None:
    figures = metrics_of(Y, P, "test")
    assert figures == pytest.approx(
        {
            "test_accuracy": 2 / 4,
            "test_precision": 1 / 2,
            "test_recall": 1 / 2,
            "test_f1": 1 / 2,
            "test_brier": (0.01 + 0.36 + 0.36 + 0.01) / 4,
            "test_log_loss": -(np.log(0.9) + np.log(0.4) + np.log(0.4) + np.log(0.9)) / 4,
            "test_ece": (0.1 + 0.6 + 0.6 + 0.1) / 4,  # four rows, four bins of one
            "test_roc_auc": 3 / 4,  # of four pairs one is the wrong way round
            "test_pr_auc": 0.5 * 1 + 0.5 * 2 / 3,
        }
    )
    assert {name.removeprefix("test_") for name in figures} == set(METRICS)


def test_where_all_ended_alike_there_is_no_order_to_judge() -> None:
    figures = metrics_of(np.array([True, True]), np.array([0.9, 0.8]), "val")
    assert figures.keys() & {"val_roc_auc", "val_pr_auc"} == set()
    assert figures["val_accuracy"] == 1.0


def test_calibration_error_is_the_mean_gap_of_bins_of_equal_size() -> None:
    p = np.repeat(np.arange(10) / 10, 10)
    y = np.tile(np.arange(10) < 3, 10)
    # every bin of ten says 0.0 to 0.9 where 0.3 happened: gaps .3 .2 .1 0 .1 .2 .3 .4 .5 .6
    assert expected_calibration_error(y, p) == pytest.approx(0.27)


def test_the_interval_holds_the_figure_and_narrows_with_more_calls() -> None:
    def interval(times: int) -> tuple[float, float]:
        figures = intervals_of(np.tile(Y, times), np.tile(P, times), "test")
        return figures["test_roc_auc_low"], figures["test_roc_auc_high"]

    (low_few, high_few), (low_many, high_many) = interval(10), interval(200)
    assert low_few < low_many < 0.75 < high_many < high_few


def test_an_interval_of_outcomes_nearly_all_alike_can_be_told() -> None:
    y = np.array([True] + [False] * 9)
    figures = intervals_of(y, np.linspace(0.9, 0.1, 10), "test")
    assert (figures["test_roc_auc_low"], figures["test_roc_auc_high"]) == (1.0, 1.0)


@pytest.mark.parametrize("metric", ["brier", "log_loss", "ece", "accuracy"])
def test_each_metric_that_decides_lies_in_its_interval(metric: str) -> None:
    rng = np.random.default_rng(1)
    p = rng.random(400)
    y = rng.random(400) < p
    figures = intervals_of(y, p, "test") | metrics_of(y, p, "test")
    assert figures[f"test_{metric}_low"] <= figures[f"test_{metric}"] <= figures[f"test_{metric}_high"]


def test_the_pictures_name_what_they_show() -> None:
    drawn = pictures(Y, P, "xgboost")
    assert {name: figure.axes[0].get_title() for name, figure in drawn.items()} == {
        "calibration": "xgboost: calibration",
        "gain": "xgboost: gain, 4 calls",
    }
    named = bars({"minutes": 0.4, "pricing_asked": 0.2}, "leans on").axes[0]
    assert [label.get_text() for label in named.get_yticklabels()] == ["pricing_asked", "minutes"]


def test_an_ece_lies_in_its_interval_also_where_the_probabilities_are_right() -> None:
    rng = np.random.default_rng(3)
    p = rng.random(600)
    for y in (rng.random(600) < p, p < 0.5):
        found = intervals_of(y, p, "test")
        assert 0 <= found["test_ece_low"] < expected_calibration_error(y, p) < found["test_ece_high"]
