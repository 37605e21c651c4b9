"""A home in which two versions are registered, the first is champion, and calls since both were trained have ended."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features import build
from features.encoding import learn_encoding
from ringback.settings import settings
from tests.conftest import STORES, forget_home
from tests.factories import DAY, HOUR, a_call, a_snapshot, an_outcome
from training.evaluate import intervals_of, metrics_of
from training.stack import stacked
from training.train import Trained, Tried
from training.trials import Learning, Trial

START = datetime(2024, 3, 1)
SECOND = START + 7 * DAY
"""When the second version was trained."""
LEARNED = 400
CALLS = 300
FIRST_CALL = START + 8 * DAY
NOTES = ("They were quiet.", "They asked about pricing.")
DECIDED_AFTER, MATURES_AFTER = 3 * DAY, 10 * DAY
LATER = START + 60 * DAY
"""All of them have matured."""


def found_home(home: Path, migrated: Path) -> None:
    """Make it: the first version is deaf to how a call sounded, because it looks for that under another name."""
    from database.promotions import Promotion, promote
    from database.session import engine
    from flows.train import point_aliases
    from training import registry
    from training.promotion import Verdict
    from warehouse.connect import writing
    from warehouse.landing import land_calls, land_outcomes

    for name in STORES:
        shutil.copy(migrated / name, home / name)
    whole = learned()
    names = tuple("tone_of_old" if name == "sentiment" else name for name in whole.encoding.numbers)
    deaf = replace(whole, as_of=START, fingerprint="first", encoding=replace(whole.encoding, numbers=names))
    first = registry.record(deaf, Verdict(True, "first champion: ROC AUC 0.700 on 120 later calls"))
    registry.record(replace(whole, as_of=SECOND, fingerprint="second"), Verdict(False, "only 9 calls"))
    promote(
        Promotion("progression", START, "1", first.candidate, first.reason, {"roc_auc": 0.7}, because="weekly",
                  decided_by="the train flow", flow_run_id="run-1")
    )  # fmt: skip
    point_aliases("progression")
    pricing, tone, happened = drawn(3, CALLS)
    with writing() as warehouse:
        land_calls(
            warehouse,
            [
                a_call(f"n{n}", called_at(n), sentiment=float(tone[n]), company_id=f"c{n}.com",
                       notes=NOTES[int(pricing[n])])
                for n in range(CALLS)
            ],
        )  # fmt: skip
        land_outcomes(
            warehouse,
            [
                an_outcome(f"n{n}", bool(happened[n]), called_at(n) + DECIDED_AFTER,
                           matures_at=called_at(n) + MATURES_AFTER)
                for n in range(CALLS)
            ],
        )  # fmt: skip
    engine(settings().database).dispose()  # the last connection puts everything into the one file


def drawn(seed: int, calls: int) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]:
    """Whether calls spoke of pricing, how they sounded, and whether they ended well: both make that likelier."""
    rng = np.random.default_rng(seed)
    pricing, tone = rng.random(calls) < 0.5, np.round(rng.normal(0.1, 0.3, calls), 4)
    return pricing, tone, rng.random(calls) < 1 / (1 + np.exp(1.5 - 2.5 * pricing - 3.0 * tone))


def learned() -> Trained:
    """A logistic regression over such calls, judged on their last fifth: quicker than a whole training."""
    pricing, tone, y = drawn(11, LEARNED)
    rows = [
        build(a_snapshot(f"early{n}", notes=NOTES[int(pricing[n])], sentiment=float(tone[n]))) for n in range(LEARNED)
    ]
    encoding = learn_encoding(rows)
    X, every = encoding.encode(rows), np.arange(LEARNED)
    learning = Learning(X, y, (), {"all": list(range(X.shape[1]))}, (), encoding.sources, encoding.encode([{}])[0])
    early, test = np.split(every, [len(every) * 4 // 5])
    p = Trial("logistic_regression").fit(learning, early, jobs=1).predict_proba(X[test])[:, 1]
    figures = metrics_of(y[test], p, "test") | intervals_of(y[test], p, "test")
    tried = Tried("logistic_regression", "logistic_regression", figures, p, {"sentiment": 1.0})
    model = Trial("logistic_regression").fit(learning, every, jobs=1)
    shape = [int(np.flatnonzero(y)[0]), int(np.flatnonzero(~y)[0])] * 5
    return Trained(
        target="progression", as_of=START, fingerprint="first", source="fellow", rows=len(every), chosen=tried,
        tried=[tried], trials={"logistic_regression": figures["test_log_loss"]},
        model=stacked([("member_0", model)], (1.0, 0.0), X[shape], y[shape]), encoding=encoding,
        leaks=(), following=(), duplicates=0, maturity_days=1.0, judged_rows=test,
        judged_probabilities=p, test_call_ids=[f"fellow:early{at}" for at in test], test_y=y[test],
        test_judged_at=np.full(len(test), np.datetime64(START)), test_base_rates=np.full(len(test), y[early].mean()),
        test_companies=[], within_roc_auc=0.7, compared_probabilities=p,
    )  # fmt: skip


def called_at(n: int) -> datetime:
    """One call an hour."""
    return FIRST_CALL + n * HOUR


def copy_of(home: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Move into a copy; its models' files stay where they are."""
    for name in (*STORES, "mlflow.db"):
        shutil.copy(home / name, folder / name)
    patch.setenv("RINGBACK_HOME", str(folder))
    forget_home()


def ended_by(moment: datetime) -> int:
    """Calls whose outcome has matured by a moment."""
    return sum(called_at(n) + MATURES_AFTER <= moment for n in range(CALLS))


HALF_MATURED = FIRST_CALL + MATURES_AFTER + timedelta(hours=149)
"""150 calls have matured."""
