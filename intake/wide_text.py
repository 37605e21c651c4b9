"""Text of two or four bytes a character, as Excel and PowerShell save it: told by its mark, or by its NULs."""

import gzip
import re
import zlib
from pathlib import Path

from ringback.errors import BadMapping

GZIP = b"\x1f\x8b"
WIDE = {
    "utf-32": re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff"),
    "utf-16": re.compile(rb"\xff\xfe|\xfe\xff"),
    "utf-32-le": re.compile(rb"[^\0]\0\0\0"),
    "utf-32-be": re.compile(rb"\0\0\0[^\0]"),
    "utf-16-le": re.compile(rb"[^\0]\0[^\0]\0"),
    "utf-16-be": re.compile(rb"\0[^\0]\0[^\0]"),
}
"""How each begins: with its mark, else with two letters of which one byte, or three, are NUL."""


def wide_encoding(beginning: bytes) -> str | None:
    """The encoding, UTF-16 or UTF-32, that the first four bytes show; None for any other.

    >>> wide_encoding("id".encode("utf-16")), wide_encoding("id".encode("utf-16-be")), wide_encoding(b"id,n")
    ('utf-16', 'utf-16-be', None)
    """
    return next((name for name, begins in WIDE.items() if begins.match(beginning)), None)


def refuse_wide(path: Path) -> None:
    """Raise BadMapping, with what converts it, for a file of such text, also gzipped, where lines are read as UTF-8."""
    beginning, is_packed = _beginning(path)
    if (encoding := wide_encoding(beginning)) is None:
        return
    name, text = encoding.upper().replace("-LE", "LE").replace("-BE", "BE"), path.name.removesuffix(".gz")
    unpacked = f"gzip -dc {path.name} | " if is_packed else ""
    convert = f"{unpacked}iconv -f {name} -t UTF-8 {'' if is_packed else path.name}".rstrip()
    raise BadMapping(f"{path.name} seems to be {name} text; save it as UTF-8, or '{convert} > utf8-{text}' does")


def _beginning(path: Path) -> tuple[bytes, bool]:
    """The first four bytes of a file's text, and whether it is packed; of a damaged file nothing."""
    with path.open("rb") as file:
        beginning = file.read(4)
        if not beginning.startswith(GZIP):
            return beginning, False
        file.seek(0)
        try:
            return gzip.GzipFile(fileobj=file).read(4), True
        except (OSError, EOFError, zlib.error):
            return b"", True
