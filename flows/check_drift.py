"""Daily: are recent calls like those the champion learned from, and does it still do as it did?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from prefect import flow, get_run_logger, task
from prefect.events import emit_event

from database.incidents import Open, close_incident, open_incident, open_incidents
from database.promotions import Promotion, champion_as_of
from features.batches import BATCH_ROWS, build_all
from features.labels import labels_as_of
from flows.environment import moment_of, prepare_stores, run_name
from monitoring.drift import LATER_WEEKS, Judgement, judge, later_counts, level_of
from monitoring.drift_report import Drift, Sentences, psi_of, write_findings, write_page
from monitoring.drift_words import Finding, findings_of
from monitoring.estimate import ASSUMPTIONS, estimates_as_of, when_known
from monitoring.performance import Figure, figures, performance_as_of, said
from monitoring.profile import OUTCOME, PROFILE_FILE, SCORE, Profile, profile_from_json, used
from monitoring.retraining import OF_PERFORMANCE, Known, reasons
from ringback.clock import LONG_AGO, WEEK
from ringback.errors import NoModel
from ringback.records import Target, Value
from ringback.settings import settings
from scoring.policy import policy
from training import registry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TARGET: Target = "progression"
LOOK_BACK = LATER_WEEKS * WEEK
MATURED_WITHIN = timedelta(days=180)
"""So far back it is looked how long outcomes take."""
MATURED_SHARE = 0.9
NAMED_VALUES = 3
MOVED, DECLINED = "drift", "performance"
EVENTS = {MOVED: "drift.detected", DECLINED: "performance.declined"}
"""What starts a training, by the kind of incident."""
TOLD_AGAIN_AFTER = timedelta(hours=20)


@dataclass(slots=True)
class Recent:
    """Calls since the reference; both lists of the same length."""

    rows: list[dict[str, Value]] = field(default_factory=list)
    judged_at: list[datetime] = field(default_factory=list)

    def add(self, rows: Sequence[dict[str, Value]], judged_at: Sequence[datetime]) -> None:
        """Add calls."""
        self.rows += rows
        self.judged_at += judged_at

    def between(self, since: datetime, until: datetime) -> "Recent":
        """Calls judged after `since` and before `until`."""
        chosen = [at for at, moment in enumerate(self.judged_at) if since < moment < until]
        return Recent([self.rows[at] for at in chosen], [self.judged_at[at] for at in chosen])

    @property
    def moments(self) -> "NDArray[np.datetime64]":
        """Shape (calls,): when each was judged."""
        import numpy as np

        return np.array(self.judged_at, dtype="datetime64[us]")


@flow(name="check-drift", flow_run_name=run_name)
def check_drift(as_of: datetime | None = None) -> Drift:
    """Say what moved, how much, since when and at what cost; tell of each once, and start a training."""
    prepare_stores()
    moment = moment_of(as_of)
    champion = champion_as_of(TARGET, moment)
    if champion is None:
        return Drift(f"none yet as of {moment:%Y-%m-%d}, so nothing to compare with; 'ringback run train' makes one")
    drift = compare(moment, champion)
    if drift.new:
        tell(EVENTS[MOVED], f"drift: {drift.new[0]}", moment, drift.new)
    if drift.retraining and open_incident(DECLINED, f"{TARGET} v{champion.version}", drift.retraining[0], moment):
        tell(EVENTS[DECLINED], drift.retraining[0], moment, drift.retraining)
    elif (waits := untaken(moment)) and not drift.new:
        words = [told_again(one) for one in waits]
        tell(EVENTS[waits[0].kind], words[0], moment, words)
    return drift


def told_again(one: Open) -> str:
    """What was told before, with since when it is open: its figures are of then, not of now."""
    return (
        f"told again, for nothing was trained since {one.opened_at:%Y-%m-%d %H:%M} UTC, when it was said: {one.words}"
    )


def untaken(moment: datetime) -> list[Open]:
    """What was told of a day or longer ago and has led to no training since: Prefect may lose an event on SQLite."""
    trained = max((version.as_of for version in registry.versions(TARGET)), default=LONG_AGO)
    return [
        one for one in open_incidents()
        if one.kind in (MOVED, DECLINED) and trained < one.opened_at <= moment - TOLD_AGAIN_AFTER
    ]  # fmt: skip


def tell(event: str, because: str, moment: datetime, words: Sequence[str]) -> None:
    """Log it, and emit the event that starts a training; its payload says why."""
    get_run_logger().warning("%s: %s", event, "; ".join(words))
    emit_event(
        event,
        resource={"prefect.resource.id": f"ringback.model.{TARGET}"},
        payload={"because": because, "words": list(words), "as_of": moment.isoformat()},
    )


@task
def compare(moment: datetime, champion: Promotion) -> Drift:
    """Judge inputs, scores, outcomes and performance of the champion, and write the report."""
    model, profile = registry.load(TARGET, champion.version), kept_profile(champion.version)
    recent, ended, ended_by = recent_calls(moment, profile, model)
    judgement, findings = judged(moment, profile, recent, ended, ended_by)
    new = opened(findings, judgement, moment)
    last, before = performance_as_of(moment, champion.version)
    estimates = estimates_as_of(moment, champion.version)
    retraining = reasons(known_of(moment, champion, last.figures["accuracy"], last.commoner), OF_PERFORMANCE)
    because, unsure = Sentences(reason.because for reason in retraining), when_known(last, before)
    path = settings().reports / "drift" / f"{moment:%Y-%m-%d}"
    write_findings(path, moment, judgement, findings, {
        "champion": champion.version, "new": new, "performance": said(last, before), "undecided": unsure,
        "figures": figures(last, before), "commoner": last.commoner, "retraining": because,
        "estimates": [one.facts() for one in estimates],
        "assumptions": ASSUMPTIONS,
    })  # fmt: skip
    names = registry.importances(TARGET, champion.version)
    return Drift(
        champion=f"version {champion.version} of {TARGET}, champion since {champion.decided_at:%Y-%m-%d}",
        reference_rows=profile.rows,
        recent_rows=len(recent.rows),
        moved=Sentences(finding.words for finding in findings),
        new=Sentences(new),
        not_judged=Sentences(judgement.not_judged),
        performance=Sentences((*said(last, before), *unsure, *estimates[0].said(), ASSUMPTIONS)),
        retraining=because,
        report=write_page(profile.sample, recent.rows, model.encoding, names, path),
        psi=psi_of(judgement),
    )


def kept_profile(version: str) -> Profile:
    """What a version learned from; raises NoModel where it was trained before profiles were kept."""
    text = registry.kept_beside(TARGET, version, PROFILE_FILE)
    if text is None:
        raise NoModel(
            f"version {version} of {TARGET} was trained before profiles were kept, so there is nothing to compare "
            "with; 'ringback run train' makes a version that has one"
        )
    return profile_from_json(text)


def recent_calls(moment: datetime, profile: Profile, model: registry.Loaded) -> tuple[Recent, Recent, datetime]:
    """Calls of the last eight weeks that the champion did not learn from; those that ended, and by when they had.

    A call counts once its two days of waiting for facts are over: younger ones still lack some, as older ones did not.
    Of each call only what drift looks at is kept, so that memory holds eight weeks of numbers and no texts.
    """
    import numpy as np

    labels, since = labels_as_of(moment)[TARGET], profile.until
    found = (call for call in build_all(moment, moment - MATURED_WITHIN) if call.judged_at < moment)
    inputs, ended = Recent(), Recent()
    took: list[float] = []
    while batch := list(islice(found, BATCH_ROWS)):
        lately = [call for call in batch if call.judged_at > max(since, moment - LOOK_BACK)]
        inputs.add(scored([call.row for call in lately], model), [call.judged_at for call in lately])
        over = [call for call in batch if call.call_id in labels]
        took += [(labels[call.call_id].matures_at - call.judged_at) / WEEK for call in over]
        learnable = [call for call in over if call.judged_at > since]
        ended.add([{OUTCOME: float(labels[call.call_id].happened)} for call in learnable],
                  [call.judged_at for call in learnable])  # fmt: skip
    ended_by = moment - (float(np.quantile(took, MATURED_SHARE)) if took else 0.0) * WEEK
    return inputs, ended.between(ended_by - LOOK_BACK, ended_by), ended_by


def scored(rows: list[dict[str, Value]], model: registry.Loaded) -> list[dict[str, Value]]:
    """What drift looks at in each row, and the champion's score."""
    if not rows:
        return []
    p = model.model.predict_proba(model.encoding.encode(rows))[:, 1]
    return [row | {SCORE: float(one)} for row, one in zip(used(rows, model.encoding), p, strict=True)]


def judged(
    moment: datetime, profile: Profile, recent: Recent, ended: Recent, ended_by: datetime
) -> tuple[Judgement, tuple[Finding, ...]]:
    """Inputs and scores of the recent calls, and outcomes of those that ended, held against the profile."""
    outcomes = [column for column in profile.columns if column.kind == "outcome"]
    others = [column for column in profile.columns if column.kind != "outcome"]
    later = later_counts(others, recent.rows, recent.moments, moment)
    later |= later_counts(outcomes, ended.rows, ended.moments, ended_by)
    level = level_of(settings().drift_false_alarms_per_year)
    judgement = judge(profile.columns, profile.since, later, moment, level, ended_by)
    handed_over_from = (policy().ae_handoff_at - 0.5) / 100
    return judgement, findings_of(profile, later, judgement, handed_over_from, _new_values(profile, recent.rows))


def opened(findings: Sequence[Finding], judgement: Judgement, moment: datetime) -> list[str]:
    """Open an incident for each feature that moved, close those that are over; gives the words of the new ones.

    One that is only no longer sure stays open, so that it is not told of again when it is.
    """
    new = [one.words for one in findings if open_incident(MOVED, _subject(one.move.feature), one.words, moment)]
    moved = {_subject(one.move.feature) for one in findings}
    moved |= {_subject(feature) for feature in judgement.unsettled}
    for incident in open_incidents():
        if incident.kind == MOVED and incident.subject not in moved and incident.opened_at < moment:
            close_incident(MOVED, incident.subject, moment)
    return new


def known_of(moment: datetime, champion: Promotion, accuracy: Figure, commoner: float | None) -> Known:
    """What the rules of retraining need to know."""
    promoted_with = registry.version_of(TARGET, champion.version).metrics.get("test_accuracy")
    return Known(moment, champion.decided_at, accuracy, commoner, promoted_with)


def _new_values(profile: Profile, rows: Sequence[Mapping[str, Value]]) -> dict[str, list[str]]:
    """Up to three values of each category that the reference did not have, the most frequent first."""
    found = {}
    for column in profile.columns:
        if column.kind == "category":
            there = {*column.known.values, *column.known.others}
            counted = Counter(str(row[column.name]) for row in rows if row.get(column.name) is not None)
            found[column.name] = [value for value, _ in counted.most_common() if value not in there][:NAMED_VALUES]
    return found


def _subject(feature: str) -> str:
    return f"{TARGET}: {feature}"
