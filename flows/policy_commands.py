"""The command that holds the policy's thresholds against what calls cost and how they ended."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ringback.errors import NoModel, WrongUsage
from ringback.records import Target

if TYPE_CHECKING:
    from monitoring.thresholds import Proposal

TARGET: Target = "progression"
KEYS = ("ae_handoff_at", "nurture_at")


def models_thresholds(
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="A past moment, ISO 8601, UTC where no zone is said.")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="Whose answers; none: the champion's of that moment.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Where to write the policy with the new thresholds.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Whether other thresholds would have earned more, by the policy's costs and how answered calls ended."""
    from dataclasses import asdict

    from database.promotions import champion_as_of
    from flows.environment import as_json, is_synthetic, moment_of, prepare_stores, stated_moment
    from monitoring.thresholds import ASSUMPTIONS, propose, scored_answers
    from scoring.policy import policy
    from training.registry import version_of

    prepare_stores()
    moment = moment_of(stated_moment(as_of) if as_of else None)
    if version is None:
        champion = champion_as_of(TARGET, moment)
        if champion is None:
            raise NoModel(f"{TARGET} has no champion as of {moment:%Y-%m-%d}; 'ringback run train' makes one")
        version = champion.version
    else:
        version_of(TARGET, version)  # raises UnknownModel
    rules, synthetic = policy(), is_synthetic(moment)
    proposal = propose(scored_answers(moment, version, rules), rules)
    written = write is not None and proposal.is_change
    if write is not None and proposal.is_change:
        _write(write, proposal, version, moment, synthetic)
    if json:
        facts = asdict(proposal) | {"change": proposal.is_change, "version": version, "as_of": moment}
        facts |= {"synthetic": synthetic, "costs": rules.costs.model_dump(), "assumptions": ASSUMPTIONS}
        typer.echo(as_json(facts | {"written": str(write) if written else None}))
        return
    if synthetic:
        typer.echo("SIMULATED calls: these figures say nothing about real ones")
    typer.echo(f"thresholds as of {moment:%Y-%m-%d %H:%M} UTC, by answers of {TARGET} version {version}")
    typer.echo("\n".join(proposal.said()))
    typer.echo("assumed: " + ", ".join(f"{name} {value:g}" for name, value in rules.costs.model_dump().items()))
    typer.echo(ASSUMPTIONS)
    if write is not None:
        typer.echo(f"written: {write}" if written else f"{write} was not written: there is nothing to change")


def _write(file: Path, proposal: "Proposal", version: str, moment: datetime, synthetic: bool) -> None:
    """Write the policy in force with other thresholds; raises WrongUsage where something else is in the place."""
    from scoring.policy import policy, policy_file

    if file.exists():
        policy(file)  # what is no policy is not written over
    elif not file.parent.is_dir():
        raise WrongUsage(f"there is no folder {file.parent} to write {file.name} to")
    text = NOTE.sub("", policy_file().read_text())
    for key, value in zip(KEYS, (proposal.proposed.handoff, proposal.proposed.nurture), strict=True):
        line = re.search(rf"(?m)^{key}\s*=\s*(\d+ *)", text)
        if line is None:
            raise WrongUsage(f"{policy_file()} does not say {key} on a line of its own")
        text = text[: line.start(1)] + f"{value:<{len(line[1])}}" + text[line.end(1) :]
    file.write_text("\n".join(_note(proposal, version, moment, synthetic)) + "\n" + text)
    policy(file)


NOTE = re.compile(r"\A(?:#: .*\n)+")
"""What an earlier choice said of itself."""


def _note(proposal: "Proposal", version: str, moment: datetime, synthetic: bool) -> list[str]:
    gain = proposal.gain.per_100() if proposal.gain else ""
    return [
        f"#: {' and '.join(KEYS)} were chosen from costs as of {moment:%Y-%m-%d} (ringback models thresholds)",
        f"#: by {proposal.n:,} answers of {TARGET} version {version} about {'SIMULATED ' if synthetic else ''}calls of "
        f"{proposal.since:%Y-%m-%d} to {proposal.until:%Y-%m-%d};",
        f"#: on the later {proposal.judged:,} of these they earn {gain}",
        f"#: more than {proposal.now}, if the costs below are right",
    ]
