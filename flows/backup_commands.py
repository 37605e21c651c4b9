"""The commands of backups: `ringback backup` and `ringback restore`."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]

HELD = (
    "HELD: mails that were sent and data that was bought since the backup are not known here, so nothing is sent or "
    "bought until you say so. With RINGBACK_HOME={home}: 'ringback spending resume' buys again"
)
PAUSED = (
    "; {resume} let the campaigns go on that were active. Look up at your mail server first what went out since: mails "
    "that are due here would go out again"
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `ringback`."""
    app.command()(backup)
    app.command()(restore)


def backup(
    to: Annotated[Path | None, typer.Option("--to", help="Folder; default RINGBACK_BACKUPS.")] = None,
    json: Json = False,
) -> None:
    """Back up all stores, models and secrets into one verified file, while everything goes on."""
    from flows.backing_up import back_up
    from flows.environment import as_json
    from ringback.clock import now

    made = back_up(now(), to)
    typer.echo(as_json(made) if json else str(made))


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup.")],
    into: Annotated[Path | None, typer.Option("--into", help="The home to restore; default RINGBACK_HOME.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Move aside what is there, PostgreSQL's in a dump.")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Restore a backup into an empty home, after all of it was compared with its sums, opened and counted.

    What is restored sends and buys nothing until you let it: campaigns are paused, spending is stopped.
    """
    from flows.environment import as_json
    from flows.restoring import restore as bring_back
    from ringback.clock import now, parse_time
    from ringback.settings import settings

    done = bring_back(file, into or settings().home, now(), force)
    resume = " and ".join(f"'ringback campaigns resume {campaign_id}'" for campaign_id in done.paused)
    typer.echo(HELD.format(home=done.home) + (PAUSED.format(resume=resume) if resume else ""), err=True)
    if json:
        typer.echo(as_json(done))
        return
    made_at = f"{parse_time(done.made_at):%Y-%m-%d %H:%M} UTC"
    typer.echo(f"{done.home} is as it was at {made_at}: {done.files:,} files, {done.rows:,} rows")
    for aside in (done.moved_aside, done.database_aside):
        if aside:
            typer.echo(f"what was there before is in {aside}; remove it when you are content")
    if done.backups_aside:
        typer.echo(f"earlier backups are still in {done.backups_aside}: move them before you remove anything")
