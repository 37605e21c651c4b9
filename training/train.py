"""Training one target: every way to learn is judged on later calls, block by block, and the best ones are kept.

Each block of calls is answered by models that learned from what was mature before it began. What the system itself
would have said of a block - which trials it would have trusted, and how it would have calibrated them - is worked out
from the blocks before it alone; the figures of the last fifth are those answers. The model that is kept is then fitted
on everything, because under drift the newest calls are worth most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from features.attributions import attributions, by_feature
from features.confidence import NAIVE, ConfidenceModel, missing_share
from features.encoding import Encoding, learn_encoding
from ringback.errors import NotEnoughData
from ringback.records import Target, Value
from training.choice import Chosen, choose
from training.confidence import Judgements, confidence_figures, learn_confidence
from training.data import TrainingData
from training.evaluate import intervals_of, metrics_of, roc_auc
from training.leakage import Leak, find_leaks
from training.split import Split, rolling_origin
from training.stack import stacked
from training.trials import Judged, Learning, check_splits, judge, learning_from, try_all

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_OF_EACH_KIND = 20
EXPLAINED_ROWS = 300
EXPLAINED_EVERY = 3
"""Of the other candidates every third of these rows is explained: that takes a deep forest a second, not three."""
BUDGET_SECONDS = 300.0
LATELY = 2_000
AS_IT_IS = (1.0, 0.0)
"""A sigmoid that changes nothing."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate, or the blend of several, with its validation and test figures."""

    candidate: str
    described: str
    """The candidate with its settings, columns and window, in words."""
    metrics: dict[str, float]
    test_probabilities: "NDArray[np.float64]"
    """Each given by models that had not seen the row; shape (test rows,)."""
    importances: Mapping[str, float] = field(default_factory=dict)
    """Mean absolute contribution to the log-odds by feature, the largest first: of the chosen model as it is kept, of
    another candidate as it answered the last block."""


@dataclass(frozen=True, slots=True)
class Trained:
    """The chosen model, fitted on everything, with what speaks for it."""

    target: Target
    as_of: datetime
    fingerprint: str
    source: str
    rows: int
    chosen: Tried
    tried: list[Tried]
    trials: Mapping[str, float]
    """Mean log loss over all judged blocks of each way to learn that was not given up, by its name in words."""
    model: Any
    """A scikit-learn StackingClassifier over the encoding's columns (training/stack.py)."""
    encoding: Encoding
    leaks: Sequence[Leak]
    """Features that give the outcome away; they were left out, where nobody said to trust them."""
    following: tuple[str, ...]
    """Features that follow the calendar; the steady sets of columns do without them."""
    duplicates: int
    maturity_days: float
    judged_rows: "NDArray[np.int64]"
    """Rows of the training data that were answered before they were learned from, in order of time."""
    judged_probabilities: "NDArray[np.float64]"
    """What the system would have said of them; shape (judged rows,)."""
    test_call_ids: list[str]
    test_y: "NDArray[np.bool_]"
    test_judged_at: "NDArray[np.datetime64]"
    test_companies: list[str | None]
    within_roc_auc: float
    """Mean ROC AUC within the blocks of the test: what it knows beyond how calls have been ending lately."""
    compared_probabilities: "NDArray[np.float64]"
    """What it would have said of the judged rows had companies been on both sides, as a champion's are; same shape."""
    test_base_rates: "NDArray[np.float64]"
    """For each test row the share of successes among the last 2,000 learned from for it: what a model must beat."""
    confidence: ConfidenceModel = NAIVE
    """How sure an answer is; max(p, 1 - p) where nothing beyond that could be learned."""


def train(
    data: TrainingData,
    least_rows: int,
    jobs: int,
    budget_seconds: float = BUDGET_SECONDS,
) -> Trained:
    """Try, choose, calibrate and fit; raises NotEnoughData, saying how much is missing.

    Features that give the outcome away are left out unless the data say that they are trusted.
    """
    import numpy as np

    check_enough(data, least_rows)
    leaks = find_leaks(data, data.trusted)
    left_out = {leak.feature for leak in leaks if leak.is_left_out}
    rows = [{name: value for name, value in row.items() if name not in left_out} for row in data.rows]
    splits = check_splits(rolling_origin(data.judged_at, data.matures_at, data.companies), data.y, data.target)
    encoding = learn_encoding([rows[at] for at in splits[-1].learn])
    learning = learning_from(encoding.encode(rows), data.y, splits, encoding)
    judged = try_all(learning, jobs, budget_seconds)
    chosen = choose(judged, splits, data.y)
    is_test = np.concatenate([np.full(len(split.judge), split.is_test) for split in splits])
    order = np.concatenate([split.judge for split in splits])
    model = _fit(chosen, learning, jobs)
    known = _judgements(judged, splits, data, rows, encoding)
    figures = _figures(chosen.candidate, chosen.described, chosen.in_turn, data.y[order], is_test, splits)
    test_rows = order[is_test]
    return Trained(
        target=data.target,
        as_of=data.as_of,
        fingerprint=data.fingerprint,
        source=data.source,
        rows=len(rows),
        chosen=replace(
            figures,
            metrics=figures.metrics | confidence_figures(known),
            importances=_importances(model, learning.X[-EXPLAINED_ROWS:], encoding),
        ),
        tried=_by_candidate(known, learning, encoding, order, is_test),
        trials={str(one.trial): chosen.loss_of[str(one.trial)] for one in judged},
        model=model,
        encoding=encoding,
        leaks=leaks,
        following=learning.following,
        duplicates=data.duplicates,
        maturity_days=data.maturity_days,
        judged_rows=order,
        judged_probabilities=chosen.in_turn,
        test_call_ids=[data.call_ids[at] for at in test_rows],
        test_y=data.y[test_rows],
        test_judged_at=data.judged_at[test_rows],
        test_companies=[data.companies[at] for at in test_rows] if data.companies else [],
        within_roc_auc=_within([split for split in splits if split.is_test], data.y, chosen.in_turn[is_test]),
        compared_probabilities=_with_companies(chosen, learning, data, order, jobs),
        test_base_rates=np.concatenate(
            [np.full(len(split.judge), data.y[split.learn][-LATELY:].mean()) for split in splits if split.is_test]
        ),
        confidence=learn_confidence(known.answered(chosen.members, chosen.sigmoid, range(len(splits)))),
    )


def _judgements(
    judged: Sequence[Judged],
    splits: Sequence[Split],
    data: TrainingData,
    rows: Sequence[Mapping[str, Value]],
    encoding: Encoding,
) -> Judgements:
    import numpy as np

    from training.promotion import groups_of

    features = tuple(dict.fromkeys(encoding.sources))
    missing = np.full(len(rows), np.nan)
    for at in np.concatenate([split.judge for split in splits]):
        missing[at] = missing_share(rows[at], features)
    return Judgements(judged, splits, data.y, missing, groups_of(data.companies, len(rows)))


def _with_companies(
    chosen: Chosen, learning: Learning, data: TrainingData, order: "NDArray[np.int64]", jobs: int
) -> "NDArray[np.float64]":
    """The chosen members' answers in turn without keeping companies apart; the same where that changes nothing.

    A champion has learned from the companies that call again. A challenger that is compared with it may too.
    """
    import numpy as np

    apart = learning.splits
    together = check_splits(rolling_origin(data.judged_at, data.matures_at), data.y, data.target)
    if len(apart) == len(together) and all(
        np.array_equal(a.learn, b.learn) and not a.parts for a, b in zip(apart, together, strict=True)
    ):
        return chosen.in_turn
    known = replace(learning, splits=together)
    said = choose([judge(trial, known, jobs) for trial in chosen.members], together, data.y).in_turn
    by_row = dict(zip(np.concatenate([split.judge for split in together]).tolist(), said.tolist(), strict=True))
    alone = dict(zip(order.tolist(), chosen.in_turn.tolist(), strict=True))
    return np.array([by_row.get(at, alone[at]) for at in order.tolist()])


def _within(splits: Sequence[Split], y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> float:
    import numpy as np

    blocks = np.split(p, np.cumsum([len(split.judge) for split in splits])[:-1])
    aucs = [roc_auc(y[split.judge], said) for split, said in zip(splits, blocks, strict=True)]
    weights = [len(split.judge) for split in splits]
    known = [at for at, auc in enumerate(aucs) if auc == auc]
    return float(np.average([aucs[at] for at in known], weights=[weights[at] for at in known])) if known else 0.5


def _fit(chosen: Chosen, learning: Learning, jobs: int) -> Any:
    import numpy as np

    every = np.arange(len(learning.y))
    return _stacked([trial.fit(learning, every, jobs) for trial in chosen.members], chosen.sigmoid, learning)


def _stacked(fitted: Sequence[Any], sigmoid: tuple[float, float], learning: Learning) -> Any:
    import numpy as np

    members = [(f"member_{n}", member) for n, member in enumerate(fitted)]
    shape = [int(np.flatnonzero(learning.y)[0]), int(np.flatnonzero(~learning.y)[0])] * 5
    return stacked(members, sigmoid, learning.X[shape], learning.y[shape])


def _by_candidate(
    known: Judgements,
    learning: Learning,
    encoding: Encoding,
    order: "NDArray[np.int64]",
    is_test: "NDArray[np.bool_]",
) -> list[Tried]:
    """The best trial of each candidate, calibrated block by block as if it had been the only one."""
    tried, splits, y = [], known.splits, known.y
    for name in dict.fromkeys(one.trial.candidate for one in known.judged):
        mine = [one for one in known.judged if one.trial.candidate == name]
        choosing = [split for split in splits if not split.is_test]
        best = choose([Judged(one.trial, one.log_odds[: len(choosing)]) for one in mine], choosing, y).best
        alone = replace(known, judged=[one for one in mine if one.trial is best])
        p = choose(alone.judged, splits, y).in_turn
        figures = _figures(name, str(best), p, y[order], is_test, splits)
        model = _stacked([alone.judged[0].latest], AS_IT_IS, learning)
        tried.append(
            replace(
                figures,
                metrics=figures.metrics | confidence_figures(alone),
                importances=_importances(model, learning.X[-EXPLAINED_ROWS::EXPLAINED_EVERY], encoding),
            )
        )
    return tried


def _figures(
    candidate: str,
    described: str,
    p: "NDArray[np.float64]",
    y: "NDArray[np.bool_]",
    is_test: "NDArray[np.bool_]",
    splits: Sequence[Split],
) -> Tried:
    import numpy as np

    ends = np.cumsum([len(split.judge) for split in splits if not split.is_test])[:-1]
    blocks = zip(np.split(y[~is_test], ends), np.split(p[~is_test], ends), strict=True)
    by_block = [metrics_of(happened, said, "val") for happened, said in blocks]
    mean = {name: float(np.mean([block[name] for block in by_block if name in block])) for name in by_block[-1]}
    measured = metrics_of(y[is_test], p[is_test], "test") | intervals_of(y[is_test], p[is_test], "test")
    return Tried(candidate, described, mean | measured, p[is_test])


def _importances(model: Any, X: "NDArray[np.float32]", encoding: Encoding) -> dict[str, float]:
    import numpy as np

    summed = by_feature(attributions(model, X), encoding.sources)
    return dict(sorted(((n, float(np.abs(v).mean())) for n, v in summed.items()), key=lambda item: -item[1]))


def check_enough(data: TrainingData, least_rows: int) -> None:
    """Raises NotEnoughData with fewer rows than needed, or fewer than twenty of each kind of outcome."""
    n, positives = len(data.rows), int(data.y.sum())
    if n < least_rows:
        raise NotEnoughData(
            f"{n} labelled calls for {data.target} as of {data.as_of:%Y-%m-%d}, {least_rows} needed; "
            "'ringback import' brings outcomes"
        )
    if min(positives, n - positives) < LEAST_OF_EACH_KIND:
        raise NotEnoughData(
            f"{positives} of {n} labelled calls for {data.target} ended well; "
            f"at least {LEAST_OF_EACH_KIND} of each kind are needed"
        )
