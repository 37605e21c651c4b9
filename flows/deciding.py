"""Making a version champion by hand: it is tried first, then the ledger says so, and the aliases follow.

The ledger comes before the aliases: whoever is stopped in between runs the same again, or lets the next training put
the aliases right.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ringback.clock import END_OF_TIME
from ringback.errors import NoModel, WrongUsage

if TYPE_CHECKING:
    from database.promotions import Kind, Promotion
    from ringback.records import Target, Value
    from training.registry import Loaded, Version
    from training.standing import History, Standing

LATEST_CALLS = 200
LEAST_KNOWN = 0.5
"""Of the features a version learned from; a version that would have to guess at more does not take over."""
MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about a version before it decides anything."""

    version: "Version"
    champion: "Promotion | None"
    tried: int
    """Latest calls that it answered."""
    range: tuple[float, float] | None
    """Its lowest and highest answer."""
    lacking: tuple[str, ...]
    """Features it learned from that none of these calls has."""
    unused: tuple[str, ...]
    """Features that tell these calls apart, and that it knows nothing of."""
    standing: "Standing | None"
    """How it does against the present champion on calls since both were trained."""
    objections: tuple[str, ...]
    """Why it must not take over."""

    @property
    def reason(self) -> str:
        """The evidence in words."""
        return self.standing.verdict.reason if self.standing else "there is no other champion to compare it with"

    @property
    def evidence(self) -> Mapping[str, float]:
        """The evidence in figures."""
        return self.standing.verdict.evidence if self.standing else {}

    def said(self) -> Iterator[str]:
        """What was found out, in words, line by line."""
        version = self.version
        name = f"{version.target} version {version.version} ({version.candidate})"
        yield f"{name}, trained as of {version.as_of:%Y-%m-%d}"
        if self.range:
            yield f"it answers the latest {self.tried:,} calls, from {self.range[0]:.3f} to {self.range[1]:.3f}"
        elif not self.objections:
            yield "there are no calls yet to try it on"
        if self.lacking:
            yield f"the latest calls lack what it learned from: {_some(self.lacking)}"
        if self.unused:
            yield f"it knows nothing of: {_some(self.unused)}"
        if self.standing:
            yield f"against the champion, version {self.standing.champion}:"
            yield from self.standing.said()
        yield from (f"it must not take over: {objection}" for objection in self.objections)


def check(version: "Version", history: "History") -> Checked:
    """Try a version on the latest calls, and hold it against the present champion on matured outcomes."""
    from database.promotions import champion_as_of
    from features import FEATURES
    from training import registry
    from training.standing import stand

    champion = champion_as_of(version.target, END_OF_TIME)
    try:
        model = registry.load(version.target, version.version)
    except NoModel as failure:
        return Checked(version, champion, 0, None, (), (), None, (str(failure),))
    rows = [call.row for call in history.calls[-LATEST_CALLS:]]
    today = {name for row in rows for name in row} | {feature.__name__ for feature in FEATURES}
    learned = set(model.encoding.sources)
    extent, objections = _answered(model, rows)
    lacking = tuple(sorted(learned - today))
    if rows and len(lacking) > (1 - LEAST_KNOWN) * len(learned):
        objections.append(f"{len(lacking)} of the {len(learned)} features it learned from are not known any more")
    standing = None
    if champion and champion.version != version.version and not objections:
        try:
            standing = stand(history, registry.version_of(version.target, champion.version), version)
        except NoModel:
            standing = None  # a champion that cannot answer is no reason to keep it
    unused = tuple(sorted(name for name in today - learned if len({row.get(name) for row in rows}) > 1))
    return Checked(version, champion, len(rows), extent, lacking, unused, standing, tuple(objections))


def take_over(
    version: "Version", kind: "Kind", because: str, by: str, say: Callable[[str], object],
    flow_run_id: str | None = None,
) -> bool:  # fmt: skip
    """Try a version, say what was found out, and let it decide; gives whether it did not already.

    Raises WrongUsage where it must not take over.
    """
    from database.promotions import champion_as_of
    from ringback.clock import now
    from training.standing import history_as_of

    champion = champion_as_of(version.target, END_OF_TIME)
    if champion and champion.version == version.version:
        mend_aliases(version.target)
        return False
    checked = check(version, history_as_of(now()))
    for line in checked.said():
        say(line)
    make_champion(checked, kind, because, by, now(), flow_run_id)
    return True


def pinned_instead(target: "Target", version: str) -> str | None:
    """What to say where the service answers by a version that somebody pinned, whoever is champion; else None."""
    from database.serving import pinned

    by_hand = pinned(target)
    if by_hand is None or by_hand[0] == version:
        return None
    return (
        f"but the service answers by version {by_hand[0]}, pinned by {by_hand[2]} on {by_hand[1]:%Y-%m-%d %H:%M} UTC: "
        f"POST /models/reload/champion?target={target} lets it answer by the champion again"
    )


def back_to(target: "Target", because: str, version: str | None = None) -> str:
    """The version to which a rollback goes, by the ledger: the one named, or the one before; the present one where this
    very rollback has been done already.

    A version that was rolled back from is not gone back to: after 1, 2, 3 and a rollback to 2 the next goes to 1.
    Raises WrongUsage where there is none, or where the one named was never champion.
    """
    from database.promotions import ledger

    changes = ledger(target, END_OF_TIME)[::-1]
    if version is not None:
        if version not in (once := dict.fromkeys(change.version for change in reversed(changes))):
            was = f"these were: {', '.join(once)}" if once else "none was"
            raise WrongUsage(
                f"version {version} of {target} was never champion, {was}; 'ringback models promote' makes it one"
            )
        return version
    if changes and changes[-1].kind == "rollback" and changes[-1].because == because:
        return changes[-1].version
    line: list[str] = []
    for change in changes:
        while change.kind == "rollback" and change.version in line:
            line.pop()
        line.append(change.version)
    if len(line) < 2:
        present = f"version {line[0]}" if line else "the rules"
        raise WrongUsage(f"no champion of {target} came before {present}; 'ringback models ledger {target}' lists all")
    return line[-2]


def make_champion(
    checked: Checked, kind: "Kind", because: str, decided_by: str, at: datetime, flow_run_id: str | None = None
) -> None:
    """Write the decision into the ledger and let the aliases follow.

    Raises WrongUsage where something speaks against the version, where the ledger already holds a later decision, or
    where another became champion while this one was tried.
    """
    from database.promotions import Promotion, promote_over

    version, champion = checked.version, checked.champion
    if checked.objections:
        raise WrongUsage(f"version {version.version} of {version.target} must not take over: {checked.objections[0]}")
    if champion and champion.decided_at >= at:
        raise WrongUsage(
            f"the ledger of {version.target} holds a decision of {champion.decided_at:%Y-%m-%d %H:%M} UTC, which is "
            "later than now; a decision of today would not count"
        )
    decision = Promotion(
        version.target, at, version.version, version.candidate, checked.reason, dict(checked.evidence), kind,
        because, decided_by, flow_run_id,
    )  # fmt: skip
    if not promote_over(champion, decision):
        raise WrongUsage(
            f"another version of {version.target} became champion while version {version.version} was tried; "
            f"'ringback models ledger {version.target}' says which and why, then ask again"
        )
    mend_aliases(version.target)


def mend_aliases(target: "Target") -> None:
    """Let the aliases follow the ledger, be it that somebody was stopped in between."""
    from flows.train import point_aliases

    point_aliases(target)


def person() -> str:
    """The operating system's user who runs this process."""
    import os
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container the user often has a number alone
        return f"user {os.getuid()}"


def _answered(model: "Loaded", rows: "Sequence[Mapping[str, Value]]") -> tuple[tuple[float, float] | None, list[str]]:
    """The lowest and highest answer about some calls, and what is wrong with them."""
    import numpy as np

    from training.standing import answers

    if not rows:
        return None, []
    try:
        p = answers(model, rows)
    except (ValueError, TypeError) as failure:  # what scikit-learn and XGBoost raise where columns do not fit
        return None, [f"it cannot answer the latest calls ({failure})"]
    wrong = int((~np.isfinite(p) | (p < 0) | (p > 1)).sum())
    if wrong:
        return None, [f"{wrong} of its answers about the latest {len(p)} calls are no probabilities"]
    return (float(p.min()), float(p.max())), []


def _some(names: tuple[str, ...]) -> str:
    left = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {left} more" if left > 0 else "")
