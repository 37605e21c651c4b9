"""A restore that was killed between its two renames: there is no home then, and none may be made in its place."""

import os
from pathlib import Path

from ringback.errors import WrongUsage

KEPT_APART = ".before-"
"""What the name of a folder goes on with that holds what stood in a home before."""


def workplace_of(home: Path) -> Path:
    """Where a home is restored, on the same disk: beside it, or in it where it is a disk of its own."""
    return (home if os.path.ismount(home) else home.parent) / f".{home.name}.restoring"


def refuse_interrupted(home: Path) -> None:
    """Raise WrongUsage where a restore moved a home away, and neither it nor what was restored is in its place."""
    if home.exists() or not (workplace_of(home) / "home").exists():
        return
    kept = sorted(path for path in home.parent.iterdir() if path.name.startswith(f"{home.name}{KEPT_APART}"))
    folders = [path for path in kept if path.is_dir()]
    if folders:
        raise WrongUsage(
            f"there is no {home}, for a restore was interrupted: 'mv {folders[-1]} {home}' puts back what was there; "
            "then restore again"
        )
