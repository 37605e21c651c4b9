"""Models side by side: how versions did on later calls, how well calibrated they are, what they lean on, who decides.

All of it is published by the flow that moves an alias; MLflow has the rest, and is linked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.pages.charts import Series, chart
from database.promotions import Promotion, ledger
from database.published import published
from database.serving import VERSIONS, pinned
from ringback.records import TARGETS, Target
from ringback.settings import settings

METRICS = (
    ("roc_auc", "ROC AUC", True), ("pr_auc", "PR AUC", True), ("accuracy", "Accuracy", True),
    ("precision", "Precision", True), ("recall", "Recall", True), ("f1", "F1", True), ("brier", "Brier", False),
    ("log_loss", "Log loss", False), ("ece", "ECE", False),
)  # fmt: skip
"""Name, what it is called, and whether more is better."""
COMPARED = 6
FEATURES_SHOWN = 15


@dataclass(frozen=True, slots=True)
class ModelsOf:
    """The versions of a target."""

    target: Target
    versions: Sequence[Mapping[str, Any]]
    """The champion, the challenger, then the newest."""
    best: Mapping[str, str]
    """By metric the version that is best in it."""
    calibration: Mapping[str, object] | None
    leans_on: Sequence[tuple[str, float]]
    """Features of the champion with their share of its importance."""
    changes: Sequence[Promotion]
    pinned: str | None
    as_of: datetime | None
    compare_url: str | None


def models_of(target: Target, at: datetime) -> ModelsOf:
    """What is known of a target's versions."""
    found = published(VERSIONS + target)
    told: Mapping[str, Any] = found[0] if found else {}
    versions = [one | {"url": _run_url(told, one)} for one in told.get("versions", ())]
    by_hand = pinned(target)
    champion = next((one["version"] for one in versions if "champion" in one["aliases"]), None)
    leans = (told.get("importances") or {}).get(champion or "", {})
    total = sum(leans.values()) or 1.0
    return ModelsOf(
        target, versions, _best(versions), _calibration(told, versions),
        sorted(((name, value / total) for name, value in leans.items()), key=lambda one: -one[1])[:FEATURES_SHOWN],
        ledger(target, at)[:20], by_hand[0] if by_hand else None, found[1] if found else None,
        _compare_url(told, versions),
    )  # fmt: skip


def all_models(at: datetime) -> list[ModelsOf]:
    """Every target's."""
    return [models_of(target, at) for target in TARGETS]


def _best(versions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    best = {}
    for name, _, is_more in METRICS:
        known = [(one["metrics"][name], one["version"]) for one in versions if one["metrics"].get(name) is not None]
        if len(known) > 1:
            best[name] = (max if is_more else min)(known)[1]
    return best


def _calibration(told: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> Mapping[str, object] | None:
    """How often it happened, by how likely the champion said it was: on the diagonal it is right."""
    kept = told.get("reliability") or {}
    champion = next((one["version"] for one in versions if "champion" in one["aliases"]), None)
    bins = kept.get(champion or "")
    if not bins:
        return None
    said = [round(100 * one["said"], 1) for one in bins]
    came = [round(100 * one["happened"], 1) for one in bins]
    low, high = ([round(100 * one[name], 1) for one in bins] for name in ("low", "high"))
    happened = Series(f"happened (version {champion})", came, low, high, [one["n"] for one in bins])
    return chart("line", [f"{one:.0f} %" for one in said], [happened, Series("said", said)], "%", least=0, most=100)


def _run_url(told: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    return f"{settings().mlflow_page}/#/experiments/{told.get('experiment_id')}/runs/{one['run_id']}"


def _compare_url(told: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> str | None:
    if len(versions) < 2:
        return None
    runs = ",".join(f'"{one["run_id"]}"' for one in versions)
    return f'{settings().mlflow_page}/#/compare-runs?runs=[{runs}]&experiments=["{told.get("experiment_id")}"]'
