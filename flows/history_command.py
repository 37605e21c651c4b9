"""`ringback why`: why a lead's score is another than it was, split into parts that add up."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import typer

from ringback.errors import WrongUsage

if TYPE_CHECKING:
    from database.history import KeptAnswer
    from scoring.history import Change, Load, Parts

ARROW = "\N{RIGHTWARDS ARROW}"
LeadId = Annotated[str, typer.Argument(help="The lead's id, mostly its address.")]
Changes = Annotated[int, typer.Option("--changes", min=1, max=1000, help="Tell so many of its last changes.")]
Since = Annotated[
    str | None, typer.Option("--since", help="Tell the whole change since this moment instead (ISO 8601, UTC).")
]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def add_to(app: typer.Typer) -> None:
    """Add the command to `ringback`."""
    app.command()(why)


def why(lead_id: LeadId, changes: Changes = 1, since: Since = None, json: Json = False) -> None:
    """Why a lead's score changed: what is new, what was corrected, and the model, in points that add up."""
    from flows.environment import as_json, prepare_stores
    from scoring.history import plain
    from scoring.log import bring_in

    prepare_stores()
    bring_in()  # what the service has just answered
    told = _changes(lead_id, changes) if since is None else [_change_since(lead_id, _moment(since))]
    if json:
        typer.echo(as_json([plain(after, change) for _, after, change in told]))
        return
    typer.echo(lead_id)
    for before, after, change in told:
        typer.echo("\n".join(_words(before, after, change)))


def _changes(lead_id: str, at_most: int) -> "list[tuple[KeptAnswer | None, KeptAnswer, Change | None]]":
    """The last answers about a lead, each with the one before and the change, the newest first."""
    from database.history import answers_about
    from scoring.history import history
    from scoring.policy import policy

    answers = answers_about(lead_id, at_most + 1)
    if not answers:
        raise WrongUsage(f"nobody has asked for a score of {lead_id!r} yet; 'ringback run score_leads' gives some")
    befores = [*answers[1:], None]
    told = history(answers, at_most, _loading(), policy())
    return [(before, after, change) for before, (after, change) in zip(befores, told, strict=False)]


def _change_since(lead_id: str, moment: datetime) -> "tuple[KeptAnswer | None, KeptAnswer, Change | None]":
    """The last answer about a lead beside the one that stood at a moment."""
    from database.history import answer_standing
    from scoring.history import change_between
    from scoring.policy import policy

    ((_, after, _),) = _changes(lead_id, 1)
    before = answer_standing(lead_id, moment)
    if before is None:
        raise WrongUsage(f"nobody had asked for a score of {lead_id!r} by {_at(moment)}")
    return before, after, change_between(before, after, _loading(), policy())


def _loading() -> "Load":
    """Each version is loaded once a command."""
    from flows.engines import engine_of_version

    return lru_cache(maxsize=32)(engine_of_version)


def _words(before: "KeptAnswer | None", after: "KeptAnswer", change: "Change | None") -> Iterator[str]:
    now = after.prediction
    if before is None or change is None:
        yield f"  {now.qualification_score} at {_at(now.predicted_at)}: its first score"
        return
    was = before.prediction
    points = "" if change.points is None else f", {change.points:+.2f} points"
    yield (
        f"  {was.qualification_score} at {_at(was.predicted_at)} {ARROW} "
        f"{now.qualification_score} at {_at(now.predicted_at)}{points}"
    )
    if change.parts:
        yield from _parts(change.parts, change.models_changed)
    if change.because:
        yield f"    not told {'by feature' if change.parts else 'why'}: {change.because}"


def _parts(parts: "Parts", models_changed: tuple[str, ...]) -> Iterator[str]:
    from scoring.history import sentence

    models = ", ".join(models_changed) or "the same"
    yield f"{_points(parts.features)}  what is new of the lead"
    yield f"{_points(parts.correction)}  what was corrected of the same call"
    yield f"{_points(parts.model)}  the model: {models}"
    if not parts.reproduced:
        yield f"{_points(parts.code)}  the code: today it answers otherwise than then"
    if parts.by_feature:
        yield "    of which by feature"
        yield from (f"{_points(one.points)}  {sentence(one)}" for one in parts.by_feature)


def _points(points: float) -> str:
    return f"    {round(points, 2) + 0.0:+8.2f}"  # not -0.00


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _moment(text: str) -> datetime:
    from flows.environment import stated_moment

    return stated_moment(text)
