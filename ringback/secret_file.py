"""A secret that an installation makes for itself once and keeps in a file which only its owner can read."""

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from secrets import token_bytes
from tempfile import NamedTemporaryFile

SECRET_BYTES = 32


@lru_cache(maxsize=8)
def kept_secret(file: Path) -> bytes:
    """The secret in a file; the first process that needs it makes it, whole. Raises OSError where it cannot."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, prefix=".secret-") as made:  # with mode 0600
            made.write(token_bytes(SECRET_BYTES))
            made.flush()
            os.fsync(made.fileno())
            with suppress(FileExistsError):  # another process was first
                os.link(made.name, file)
    return file.read_bytes()
