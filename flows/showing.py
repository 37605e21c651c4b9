"""Publishing the versions of a model for people's pages: the API opens neither MLflow nor the warehouse."""

from collections.abc import Mapping, Sequence
from json import loads
from typing import Any

from database.published import publish, published
from database.serving import VERSIONS
from ringback.clock import now
from ringback.records import TARGETS, Target
from training import registry
from training.evaluate import METRICS
from training.registry import CHALLENGER, CHAMPION, Version
from training.runs import RELIABILITY_FILE

SHOWN = 6
IMPORTANCES_FILE = "importances.json"


def show_versions(target: Target) -> None:
    """Publish the champion, the challenger and the newest versions, with figures, calibration and what they lean on."""
    chosen = _chosen(registry.versions(target))
    before: Mapping[str, Any] = (published(VERSIONS + target) or ({}, None))[0] or {}
    told = {
        "experiment_id": registry.experiment_of(target),
        "versions": [_told(version) for version in chosen],
        "importances": _kept(before.get("importances"), target, chosen, IMPORTANCES_FILE),
        "reliability": _kept(before.get("reliability"), target, chosen, RELIABILITY_FILE),
    }
    publish(VERSIONS + target, told, now())


def show_what_is_missing() -> None:
    """Publish the versions of targets of which nothing was published, as after an update of ringback."""
    for target in TARGETS:
        if published(VERSIONS + target) is None and registry.versions(target):
            show_versions(target)


def _chosen(versions: Sequence[Version]) -> list[Version]:
    def place(version: Version) -> tuple[int, int]:
        rank = 0 if CHAMPION in version.aliases else 1 if CHALLENGER in version.aliases else 2
        return rank, -int(version.version)

    return sorted(versions, key=place)[:SHOWN]


def _told(version: Version) -> dict[str, Any]:
    names = [name + end for name in METRICS for end in ("", "_low", "_high")]
    metrics = {name: version.metrics.get(f"test_{name}") for name in names}
    return {
        "version": version.version, "candidate": version.candidate, "as_of": version.as_of.isoformat(),
        "aliases": list(version.aliases), "rows": version.rows, "reason": version.reason, "because": version.because,
        "run_id": version.run_id, "metrics": {name: value for name, value in metrics.items() if value is not None},
    }  # fmt: skip


def _kept(before: Mapping[str, Any] | None, target: Target, chosen: Sequence[Version], file: str) -> dict[str, Any]:
    """What lies beside each version in a file; it never changes, so what was published before is not read again."""
    known = dict(before or {})
    found = {}
    for version in chosen:
        if version.version in known:
            found[version.version] = known[version.version]
        elif text := registry.kept_beside(target, version.version, file):
            found[version.version] = loads(text)
    return found
