"""`ringback import logs`: files of logged decisions, landed at once, with what became of each line."""

import gzip
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast
from uuid import uuid4

import typer

from intake.wide_text import GZIP, refuse_wide
from ringback.errors import WrongUsage

if TYPE_CHECKING:
    from warehouse.decisions import LandedFile

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="JSON lines, also gzipped (.gz).")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def add_to(imports: typer.Typer) -> None:
    """Add the command to `ringback import`."""
    imports.command("logs")(import_logs)


def import_logs(files: Files, json: Json = False) -> None:
    """Import logged decisions of other systems (docs/decision-log.md); the same file again changes nothing."""
    from flows.environment import as_json, prepare_stores

    prepare_stores()
    for file in files:
        landed, is_new = bring_in(file)
        typer.echo(as_json(_facts(file, landed, is_new)) if json else "\n".join(_words(file, landed, is_new)))


def bring_in(file: Path) -> tuple["LandedFile", bool]:
    """Land a file under a name made of its content; gives what became of its lines, and whether it was new.

    Raises WrongUsage where it cannot be read, and WarehouseBusy where the warehouse stays held.
    """
    from ringback.clock import now
    from warehouse.decisions import land_decisions, landed_file, landing_folder

    refuse_wide(file)
    folder = landing_folder()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"import-{uuid4().hex}.part"
    try:
        name = f"import-{_copy(file, part)[:32]}"
        if before := landed_file(name):
            return before, False
        os.replace(part, folder / f"{name}.jsonl")
    finally:
        part.unlink(missing_ok=True)
    land_decisions(now(), [folder / f"{name}.jsonl"])
    landed = landed_file(name)
    if landed is None:
        raise WrongUsage(f"{file} is being landed by another process; try again in a moment")
    return landed, True


def _copy(file: Path, to: Path) -> str:
    """Copy a file's lines, unpacked; gives the fingerprint of the copy."""
    digest = sha256()
    try:
        with _unpacked(file) as source, to.open("wb") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)
            target.flush()
            os.fsync(target.fileno())
        with to.open("rb") as written:
            while some := written.read(1024 * 1024):
                digest.update(some)
    except (EOFError, gzip.BadGzipFile) as failure:
        raise WrongUsage(f"{file} cannot be unpacked: {failure}") from None
    return digest.hexdigest()


@contextmanager
def _unpacked(file: Path) -> Iterator[BinaryIO]:
    with file.open("rb") as raw:
        is_packed = raw.read(2) == GZIP
        raw.seek(0)
        if not is_packed:
            yield raw
            return
        with gzip.open(raw) as unpacked:
            yield cast(BinaryIO, unpacked)


def _facts(file: Path, landed: "LandedFile", is_new: bool) -> Mapping[str, object]:
    return {
        "file": file.name, "landed_as": landed.name, "is_new": is_new, "lines": landed.lines, "kept": landed.kept,
        "duplicates": landed.duplicates, "set_aside": landed.rejected, "reasons": dict(landed.reasons),
        "first_day": landed.first_day, "last_day": landed.last_day,
    }  # fmt: skip


def _words(file: Path, landed: "LandedFile", is_new: bool) -> Iterator[str]:
    from warehouse.decisions import decisions_folder

    before = "" if is_new else " (was imported before; nothing changed)"
    yield f"{file.name}: {landed.lines:,} lines{before}"
    days = f", {landed.first_day} to {landed.last_day}" if landed.first_day else ""
    yield f"  {landed.kept:>9,} kept{days}"
    yield f"  {landed.duplicates:>9,} had been there before"
    yield f"  {landed.rejected:>9,} set aside"
    for reason, n in sorted(landed.reasons.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"  {n:>13,} {reason}"
    if landed.rejected:
        yield f"  the lines that were set aside: {decisions_folder() / 'rejects' / f'{landed.name}.jsonl'}"
