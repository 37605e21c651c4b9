"""The commands about API keys: create, list, revoke; and the REST API itself (`ringback serve`)."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from ringback.errors import WrongUsage

keys = typer.Typer(no_args_is_help=True, help="Keys of the REST API: who may ask for what, and how often.")
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
SPAN = re.compile(r"([1-9][0-9]{0,4})([dhm])")
UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def add_to(app: typer.Typer) -> None:
    """Add the commands to `ringback`."""
    app.add_typer(keys, name="keys")
    app.command()(serve)


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="Whose key it is, or what for.")],
    role: Annotated[list[str], typer.Option(help="score, read, write (and read) or admin (all); may be repeated.")],
    expires_in: Annotated[str | None, typer.Option(help="As 90d, 12h or 30m; none: never.")] = None,
    per_minute: Annotated[int, typer.Option(min=1, max=10_000_000, help="Requests a minute, at most.")] = 600,
    json: Json = False,
) -> None:
    """Make a key and print it, this once; what is kept cannot be turned back into it."""
    from getpass import getuser

    from database.keys import create, parts_of
    from database.migrate import migrate
    from ringback.clock import now

    if not name.strip():
        raise WrongUsage("--name is empty; say whose key it is, or what for")
    migrate()
    at = now()
    expires_at = at + _span(expires_in) if expires_in else None
    text = create(name, role, at, getuser(), per_minute, expires_at)
    key_id = (parts_of(text) or ("", ""))[0]
    if json:
        _print_json({"key": text, "key_id": key_id, "roles": role, "per_minute": per_minute, "expires_at": expires_at})
        return
    typer.echo(text)
    until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "until it is revoked"
    typer.echo(f"key {key_id} of {name!r} is valid {until}; it is shown this once, keep it safe", err=True)


@keys.command("list")
def keys_list(json: Json = False) -> None:
    """All keys with their roles and limits, without their secrets."""
    from database.keys import keys as listed
    from database.migrate import migrate
    from ringback.clock import now

    migrate()
    found = listed()
    if json:
        names = ("key_id", "name", "roles", "per_minute", "created_at", "created_by", "expires_at", "revoked_at")
        _print_json([{name: getattr(key, name) for name in names} for key in found])
        return
    if not found:
        typer.echo("no keys yet; 'ringback keys create --name NAME --role score' makes one")
    for key in found:
        ends = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "never ends"
        if key.expires_at and not key.revoked_at:
            ends = f"{'ended' if key.expires_at <= now() else 'ends'} {key.expires_at:%Y-%m-%d %H:%M}"
        typer.echo(
            f"{key.key_id:18}{key.name:24}{', '.join(key.roles):22}{key.per_minute:>9,}/min  "
            f"made {key.created_at:%Y-%m-%d} by {key.created_by}, {ends}"
        )


@keys.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as 'ringback keys list' shows it.")]) -> None:
    """Let a key be valid no longer; every process refuses it within two seconds."""
    from database.keys import revoke
    from database.migrate import migrate
    from ringback.clock import now

    migrate()
    if not revoke(key_id, now()):
        raise WrongUsage(f"there is no valid key {key_id!r}; 'ringback keys list' shows those there are")
    typer.echo(f"key {key_id} is revoked")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default RINGBACK_API_HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default RINGBACK_API_PORT.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default RINGBACK_API_WORKERS.")] = None,
) -> None:
    """Run the REST API until Ctrl-C; a worker process that ends is started again."""
    from flows.serving import serve_api
    from ringback.settings import settings

    at = settings()
    serve_api(host or at.api_host, port or at.api_port, workers or at.api_workers)


def _span(text: str) -> timedelta:
    read = SPAN.fullmatch(text)
    if read is None:
        raise WrongUsage(f"{text!r} is no span of time; write 90d, 12h or 30m")
    return int(read[1]) * UNITS[read[2]]


def _print_json(facts: object) -> None:
    from flows.environment import as_json

    typer.echo(as_json(facts))
