"""What the service tells Prometheus. Over several worker processes each writes to files of its own in the folder
`PROMETHEUS_MULTIPROC_DIR`, which `ringback serve` sets, and whoever is asked adds them up.

Labels are bounded: routes are templates, statuses are classes, versions are those that answered.
"""

import os
from collections.abc import Mapping
from functools import lru_cache

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as _written
from prometheus_client.multiprocess import MultiProcessCollector

from ringback.records import Prediction

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
PHASE_SECONDS = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1)

_requests = Histogram("ringback_request_seconds", "How long requests took.", ("route", "status"), buckets=SECONDS)
_errors = Counter("ringback_errors_total", "Answers that are no success.", ("route", "status"))
_limited = Counter("ringback_rate_limited_total", "Requests beyond their key's budget.")
_scores = Histogram("ringback_score", "Qualification scores given.", buckets=tuple(range(10, 101, 10)))
_predictions = Counter(
    "ringback_predictions_total", "Predictions by who answered.", ("target", "version", "answered_by")
)
_cache = Counter("ringback_score_cache_total", "Answers found in the cache of scores, or not.", ("found",))
_fallbacks = Counter("ringback_fallbacks_total", "Answers of the rules because no model could answer.")
_phases = Histogram("ringback_phase_seconds", "How long a part of scoring took.", ("phase",), buckets=PHASE_SECONDS)
_inbox = Gauge(
    "ringback_inbox_deliveries", "Deliveries of webhooks, by state.", ("state",), multiprocess_mode="mostrecent"
)
_hits, _misses = _cache.labels("yes"), _cache.labels("no")


def observe_request(route: str, status: int, seconds: float) -> None:
    """Note how long a request took; `route` is the template, never the address itself."""
    _request_of(route, status // 100).observe(seconds)
    if status >= 400:
        _error_of(route, status).inc()


def observe_prediction(prediction: Prediction) -> None:
    """Note an answer, whoever asked for it: its score (0 to 100), and by target the version that answered."""
    _scores.observe(prediction.qualification_score)
    by = prediction.answered_by
    _prediction_of("progression", prediction.progression_version, by).inc()
    _prediction_of("voice_ai", prediction.voice_ai_version, by).inc()
    if by == "rules":
        _fallbacks.inc()


def observe_phase(name: str, seconds: float) -> None:
    """Note how long a part of scoring took; names are few and fixed."""
    _phase_of(name).observe(seconds)


def count_cache(hit: bool) -> None:
    """Note whether an answer was found in the cache."""
    (_hits if hit else _misses).inc()


def count_limited() -> None:
    """Note a request beyond its key's budget."""
    _limited.inc()


def show_inbox(states: Mapping[str, int]) -> None:
    """Show how many deliveries are in each state."""
    for state in ("waiting", "leased", "done", "dead"):
        _inbox.labels(state).set(states.get(state, 0))


def written() -> bytes:
    """All figures of all worker processes, as Prometheus reads them."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return _written(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's own gap
    return _written(registry)


@lru_cache(maxsize=1024)
def _request_of(route: str, status_class: int) -> Histogram:
    return _requests.labels(route, f"{status_class}xx")


@lru_cache(maxsize=1024)
def _error_of(route: str, status: int) -> Counter:
    return _errors.labels(route, str(status))


@lru_cache(maxsize=256)
def _prediction_of(target: str, version: str, answered_by: str) -> Counter:
    return _predictions.labels(target, version, answered_by)


@lru_cache(maxsize=64)
def _phase_of(name: str) -> Histogram:
    return _phases.labels(name)
