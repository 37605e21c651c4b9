"""`ringback doctor`: is this installation set up so that it can run?"""

from typing import Annotated

import typer

MARKS = {"good": "ok    ", "notice": "note  ", "fault": "FAULT "}


def add_to(app: typer.Typer) -> None:
    """Add the command to `ringback`."""
    app.command()(doctor)


def doctor(
    settings_too: Annotated[
        bool, typer.Option("--settings", help="Every setting as it counts, with secrets masked.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Check configuration, files, stores, ports and permissions, and say how to mend each fault; exit 1 with faults."""
    from flows.doctor import examine, shown
    from flows.environment import as_json
    from ringback.settings import settings

    found = examine(settings())
    faults = [one for one in found if one.level == "fault"]
    if json:
        told = {"faults": len(faults), "checks": found}
        typer.echo(as_json({**told, "settings": shown(settings())} if settings_too else told))
    else:
        for one in found:
            typer.echo(f"{MARKS[one.level]}{one.about}: {one.words}")
        if settings_too:
            typer.echo("\n".join(f"{name}={value}" for name, value in shown(settings()).items()))
        typer.echo(f"{len(faults)} faults" if faults else "nothing is wrong")
    if faults:
        raise typer.Exit(1)
