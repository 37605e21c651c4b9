"""The commands about models: list, compare, promote, rollback, ledger and shadow."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flows.policy_commands import models_thresholds
from ringback.clock import END_OF_TIME
from ringback.errors import UnknownModel, WrongUsage
from ringback.records import TARGETS, Target

if TYPE_CHECKING:
    from database.promotions import Kind, Promotion
    from training.registry import Version
    from training.standing import Standing

models = typer.Typer(no_args_is_help=True, help="The registered models: who decides, how they compare, and by whom.")

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="A past moment, ISO 8601, UTC where no zone is said.")]
OneTarget = Annotated[str, typer.Argument(metavar="TARGET", help=f"One of {', '.join(TARGETS)}.")]
AnyTarget = Annotated[str | None, typer.Argument(metavar="[TARGET]", help=f"One of {', '.join(TARGETS)}; none: all.")]
Because = Annotated[str, typer.Option("--because", help="Your reason, which the ledger keeps.")]
Check = Annotated[bool, typer.Option("--check", help="Try the version and say what would happen, change nothing.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `ringback`."""
    models.command("thresholds")(models_thresholds)
    app.add_typer(models, name="models")


@models.command("list")
def models_list(json: Json = False) -> None:
    """Every registered version: who it is, how it does on later calls, and why it decides or does not."""
    from database.serving import pinned
    from flows.environment import as_json
    from training import registry

    listed = [version for target in TARGETS for version in registry.versions(target)]
    pins = {target: by_hand[0] for target in TARGETS if (by_hand := pinned(target))}
    if json:
        typer.echo(as_json([_listed(version) | {"pinned": pins.get(version.target) == version.version}
                            for version in listed]))  # fmt: skip
        return
    if not listed:
        typer.echo("no models yet; 'ringback run train' makes the first")
    for one in listed:
        typer.echo(
            f"{one.target:12} v{one.version:4}{', '.join((*one.aliases, *_if_pinned(one, pins))):12}{one.candidate:21}"
            f"as of {one.as_of:%Y-%m-%d}  test ROC AUC {one.metrics['test_roc_auc']:.3f}  "
            f"Brier {one.metrics['test_brier']:.3f}  {one.reason}"
        )


@models.command("compare")
def models_compare(
    target: OneTarget,
    a: Annotated[str | None, typer.Argument(metavar="[A]", help="A version; none: the champion.")] = None,
    b: Annotated[
        str | None, typer.Argument(metavar="[B]", help="The version that A is compared with; none: the challenger.")
    ] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Two versions on the same calls, which neither has learned from: figures, what is shown, and when it is known."""
    from flows.environment import as_json, prepare_stores
    from training.standing import history_as_of, stand

    prepare_stores()
    moment = _moment(as_of)
    one, other = _two(_target(target), a, b, moment)
    standing = stand(history_as_of(moment), one, other)
    if json:
        typer.echo(as_json(_facts(standing) | {"own_test": {v.version: _own(v) for v in (one, other)}}))
        return
    typer.echo(f"{target} as of {moment:%Y-%m-%d %H:%M} UTC")
    for version in (one, other):
        alias = f", {' and '.join(version.aliases)} now" if version.aliases else ""
        typer.echo(f"version {version.version}: {version.candidate}, learned until {version.as_of:%Y-%m-%d}{alias}")
    if not standing.figures:
        typer.echo("\n".join(_not_comparable((one, other))))
        if _has_shadow(one, other, moment):
            typer.echo(f"what both answered live is compared by 'ringback models shadow {target}'")
    typer.echo("\n".join(standing.said()))


@models.command("promote")
def models_promote(
    target: OneTarget,
    version: Annotated[str, typer.Argument(help="The version that is to decide from now on.")],
    because: Because,
    check: Check = False,
) -> None:
    """Make a version champion by hand, after it has been tried."""
    from flows.environment import prepare_stores
    from training.registry import version_of

    prepare_stores()
    _move(version_of(_target(target), version), "promotion", because, check)


@models.command("rollback")
def models_rollback(
    target: OneTarget,
    because: Because,
    to: Annotated[str | None, typer.Option("--to", help="An earlier champion; none: the one before.")] = None,
    check: Check = False,
) -> None:
    """Go back to an earlier champion, after it has been tried."""
    from flows.deciding import back_to
    from flows.environment import prepare_stores
    from training.registry import version_of

    prepare_stores()
    back = back_to(_target(target), because, to)
    _move(version_of(_target(target), back), "rollback", because, check)


@models.command("ledger")
def models_ledger(
    target: AnyTarget = None,
    on: Annotated[str | None, typer.Option("--on", help="A day or a moment: who decided then?")] = None,
    json: Json = False,
) -> None:
    """Who decided when, why, on what evidence, and by whom; with --on who decided on that day."""
    from database.promotions import ledger
    from flows.environment import as_json, prepare_stores

    prepare_stores()
    facts = []
    for one in _targets(target):
        since, until = _day(on) if on else (None, END_OF_TIME)
        changes = ledger(one, until)
        if since is not None:
            before = [change for change in changes if change.decided_at <= since][:1]
            changes = [change for change in changes if change.decided_at > since] + before
        facts += changes
        if json:
            continue
        typer.echo(f"{one}{f' on {on}' if on else ''}:")
        typer.echo("\n".join(_change(change) for change in changes) or "  no model decided: the rules did")
    if json:
        typer.echo(as_json(facts))


@models.command("shadow")
def models_shadow(target: AnyTarget = None, as_of: AsOf = None, json: Json = False) -> None:
    """What challengers said beside the champion on live calls, held against how those ended."""
    from database.shadow import pairs_in_shadow
    from flows.environment import as_json, prepare_stores
    from training.standing import history_as_of, stand_in_shadow

    prepare_stores()
    moment = _moment(as_of)
    history, facts = history_as_of(moment), []
    for one in _targets(target):
        pairs = pairs_in_shadow(one, moment)
        if not pairs and not json:
            typer.echo(f"{one}: no challenger has answered beside a champion yet; 'ringback run score_leads' lets it")
        for pair in pairs:
            standing = stand_in_shadow(history, one, pair.champion, pair.challenger)
            facts.append(_facts(standing) | {"answers": pair.answers, "last_answer": pair.until})
            if json:
                continue
            typer.echo(
                f"{one}: version {pair.challenger} beside version {pair.champion}, {pair.answers:,} answers until "
                f"{pair.until:%Y-%m-%d %H:%M} UTC, {standing.n:,} calls have ended"
            )
            typer.echo("\n".join(f"  {line}" for line in standing.said()))
    if json:
        typer.echo(as_json(facts))


def _move(version: "Version", kind: "Kind", because: str, only_check: bool) -> None:
    from database.promotions import champion_as_of
    from flows.deciding import check, person, pinned_instead, take_over
    from ringback.clock import now
    from training.standing import history_as_of

    if not because.strip():
        raise WrongUsage("--because is empty; say why, the ledger keeps it")
    champion = champion_as_of(version.target, END_OF_TIME)
    if only_check:
        typer.echo("\n".join(check(version, history_as_of(now())).said()))
    elif take_over(version, kind, because.strip(), person(), typer.echo):
        typer.echo(f"version {version.version} of {version.target} decides from now on; the ledger says why")
        if pinned := pinned_instead(version.target, version.version):
            typer.echo(pinned)
        return
    typer.echo(f"nothing was changed{_already(version, champion)}")


def _already(version: "Version", champion: "Promotion | None") -> str:
    if champion is None or champion.version != version.version:
        return ""
    return (
        f": version {champion.version} of {champion.target} is champion since {champion.decided_at:%Y-%m-%d %H:%M} UTC"
    )


def _two(target: Target, a: str | None, b: str | None, moment: datetime) -> tuple["Version", "Version"]:
    """The two that are compared; one that is named alone is compared with the champion."""
    from database.promotions import champion_as_of
    from training.registry import version_of
    from training.standing import challenger_as_of

    champion = champion_as_of(target, moment)
    if a and a == b:
        raise WrongUsage(f"version {a} is compared with itself; name two")
    if a and b:
        return version_of(target, a), version_of(target, b)
    if champion is None:
        raise UnknownModel(f"{target} has no champion as of {moment:%Y-%m-%d}; name two versions to compare")
    if a and a != champion.version:
        return version_of(target, champion.version), version_of(target, a)
    challenger = challenger_as_of(target, moment)
    if challenger is None:
        raise UnknownModel(f"{target} has no version beside its champion, version {champion.version}, to compare with")
    return version_of(target, champion.version), challenger


def _not_comparable(versions: Sequence["Version"]) -> Iterator[str]:
    from training.evaluate import METRICS

    yield f"{'each on test calls of its own':34}" + "".join(f"{'version ' + v.version:>12}" for v in versions)
    owns = [_own(version) for version in versions]
    for name in METRICS:
        yield f"  {name:32}" + "".join(f"{format(own[name], '.4f') if name in own else '-':>12}" for own in owns)
    rows = " and ".join(f"{version.rows:,}" for version in versions)
    yield f"these are not comparable: the calls are not the same ones (about a fifth of the {rows} learned from)"


def _has_shadow(champion: "Version", challenger: "Version", moment: datetime) -> bool:
    from database.shadow import pairs_in_shadow

    pair = (champion.version, challenger.version)
    return any((one.champion, one.challenger) == pair for one in pairs_in_shadow(champion.target, moment))


def _own(version: "Version") -> dict[str, float]:
    from training.evaluate import METRICS

    return {name: version.metrics[f"test_{name}"] for name in METRICS if f"test_{name}" in version.metrics}


def _facts(standing: "Standing") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "target": standing.target,
        "as_of": standing.as_of,
        "champion": standing.champion,
        "challenger": standing.challenger,
        "calls": standing.n,
        "compared_on": f"calls {standing.calls}",
        "figures": standing.figures,
        "promote": standing.verdict.promote,
        "reason": standing.verdict.reason,
        "evidence": standing.verdict.evidence,
        "worse": [asdict(one) for one in standing.worse],
        "decided": standing.is_decided,
        "calls_needed": standing.calls_needed,
        "days_to_decide": standing.days_to_decide,
        "labels_per_day": standing.pace.labels_per_day,
        "maturity_days": standing.pace.maturity_days,
    }


def _if_pinned(version: "Version", pins: Mapping[Target, str]) -> tuple[str, ...]:
    return ("pinned",) if pins.get(version.target) == version.version else ()


def _listed(v: "Version") -> dict[str, object]:
    return {
        "target": v.target,
        "candidate": v.candidate,
        "version": v.version,
        "alias": ", ".join(v.aliases) or None,
        "as_of": v.as_of.isoformat(),
        "source": v.source,
        "rows": v.rows,
        "metrics": v.metrics,
        "reason": v.reason,
    }


def _change(change: "Promotion") -> str:
    by = f" by {change.decided_by}" if change.decided_by else ""
    run = f" in run {change.flow_run_id}" if change.flow_run_id else ""
    because = f"\n      because: {change.because}" if change.because else ""
    return (
        f"  {change.decided_at:%Y-%m-%d %H:%M} UTC  version {change.version} ({change.candidate}), "
        f"{change.kind}{by}{run}{because}\n      evidence: {change.reason}"
    )


def _targets(target: str | None) -> tuple[Target, ...]:
    return TARGETS if target is None else (_target(target),)


def _target(text: str) -> Target:
    if text not in TARGETS:
        raise UnknownModel(f"there is no target {text!r}; there are {', '.join(TARGETS)}")
    return text


def _day(text: str) -> tuple[datetime, datetime]:
    """A moment, or from the first to the last of a day."""
    moment = _at(text)
    is_day = len(text.strip()) == len("2026-03-18")
    return moment, moment + timedelta(days=1, microseconds=-1) if is_day else moment


def _moment(text: str | None) -> datetime:
    from flows.environment import moment_of

    return moment_of(_at(text) if text else None)


def _at(text: str) -> datetime:
    from flows.environment import stated_moment

    return stated_moment(text)
