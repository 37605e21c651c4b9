"""Training as a flow: what breaks off on the way says how it comes to its end."""

import pytest

from flows.train import learn
from ringback.errors import StoreAway
from tests.training.synthetic import training_rows
from training import registry


@pytest.mark.usefixtures("home")
def test_a_training_that_mlflow_breaks_off_names_the_command_that_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise StoreAway("MLflow at http://mlflow:5000 is not reached")

    monkeypatch.setattr(registry, "find", gone)
    with pytest.raises(StoreAway) as told:
        learn.fn(training_rows(), "weekly")
    assert str(told.value) == (
        "MLflow at http://mlflow:5000 is not reached; progression is not trained to the end: once that works, "
        "'ringback run train --as-of 2026-05-14T11:00:00' does so, and removes what is half done"
    )
