"""One file that holds a home: a tar archive packed with Zstandard, with a manifest of what is in it and its sums.

It is written and read as a stream, so that memory does not grow with it. `tar --zstd -xf FILE` opens one without us.
"""

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from ringback.errors import StoreError

if TYPE_CHECKING:
    from hashlib import _Hash

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1024 * 1024
LARGEST_MANIFEST = 256 * 1024 * 1024
SUFFIX = ".tar.zst"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive."""

    name: str
    """With slashes, below home."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in an archive."""

    format: int
    made_at: str
    """ISO 8601, UTC."""
    ringback: str
    """The version that made it."""
    home: str
    """Where its home stood, links followed."""
    engine: str
    """sqlite or postgresql: of the database."""
    counts: Mapping[str, Mapping[str, int]]
    """Rows by store and table."""
    files: tuple[Entry, ...]
    left_out: tuple[str, ...]
    """What of home is not in it, and why."""
    home_as_named: str = ""
    """The same place as RINGBACK_HOME said it, be it by a link; earlier backups do not say it."""

    @property
    def bytes(self) -> int:
        """Of all files, unpacked."""
        return sum(one.bytes for one in self.files)


class Packing:
    """An archive that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        """Nothing is in it yet."""
        self._tar = tar
        self.files: list[Entry] = []

    def add(self, path: Path, name: str, whole_lines: bool = False) -> bool:
        """Add a file as long as it is now; with `whole_lines` up to the end of its last line. False where it is gone.

        Raises StoreError where it becomes shorter meanwhile.
        """
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return False
        with file:
            stat = os.fstat(file.fileno())
            size = _end_of_lines(file, stat.st_size) if whole_lines else stat.st_size
            told = tarfile.TarInfo(name)
            told.size, told.mtime, told.mode = size, int(stat.st_mtime), stat.st_mode & 0o700
            summing = _Summing(file, size)
            try:
                self._tar.addfile(told, cast(IO[bytes], summing))
            except OSError as failure:
                if summing.is_short:
                    raise StoreError(f"{path} became shorter while it was copied; run it again") from failure
                raise
        self.files.append(Entry(name, size, summing.digest.hexdigest()))
        return True

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, as the last file."""
        text = json.dumps(asdict(manifest), indent=1).encode()
        told = tarfile.TarInfo(MANIFEST)
        told.size, told.mode = len(text), 0o600
        self._tar.addfile(told, io.BytesIO(text))


@contextmanager
def packing(to: Path) -> Iterator[Packing]:
    """Write an archive under a temporary name, for its owner only; it gets its own name when it is whole."""
    import pyarrow as pa

    part = to.with_name(f".{to.name}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        with (
            pa.CompressedOutputStream(pa.OSFile(str(part), "wb"), "zstd") as packed,
            tarfile.open(mode="w|", fileobj=packed, bufsize=CHUNK, format=tarfile.PAX_FORMAT) as tar,
        ):
            yield Packing(tar)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(part, to)
    finally:
        part.unlink(missing_ok=True)


def unpack(archive: Path, into: Path) -> Manifest:
    """Unpack an archive into an empty folder, and compare every file with the manifest; gives the manifest.

    Raises StoreError where it is torn, holds anything but plain files below the folder, or a sum does not fit.
    """
    found: dict[str, Entry] = {}
    text = b""
    try:
        with _opened(archive) as tar:
            for member in tar:
                if member.name == MANIFEST:
                    text = _content(tar, member)
                    continue
                found[member.name] = _unpack(tar, member, into)
    except (tarfile.TarError, OSError, EOFError) as failure:
        raise StoreError(f"{archive} cannot be unpacked: {failure}") from failure
    manifest = _manifest_of(text, archive)
    _compare(manifest, found, archive)
    return manifest


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> Entry:
    if not member.isreg():
        raise StoreError(f"{member.name!r} in the archive is no plain file; ringback writes no other: it is refused")
    safe = tarfile.data_filter(member, str(into))  # raises where its path leads out of the folder
    if safe.name != member.name:
        raise StoreError(f"{member.name!r} in the archive leads outside of the home: it is refused")
    path = into / safe.name
    path.parent.mkdir(parents=True, exist_ok=True)
    content, digest = tar.extractfile(member), sha256()
    assert content is not None  # noqa: S101  (it is a plain file)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, (safe.mode or 0) & 0o700 | 0o600)
    with os.fdopen(file, "wb") as to:
        while piece := content.read(CHUNK):
            digest.update(piece)
            to.write(piece)
    return Entry(member.name, member.size, digest.hexdigest())


def _compare(manifest: Manifest, found: Mapping[str, Entry], archive: Path) -> None:
    told = {one.name: one for one in manifest.files}
    for name in sorted(told.keys() | found.keys()):
        if told.get(name) != found.get(name):
            how = "is missing" if name not in found else "is not in its manifest" if name not in told else "is damaged"
            raise StoreError(f"{name} {how} in {archive}; nothing was restored: take another backup")


def _manifest_of(text: bytes, archive: Path) -> Manifest:
    if not text:
        raise StoreError(f"{archive} has no manifest: it is no backup of ringback's, or was cut off")
    try:
        told: dict[str, Any] = json.loads(text)
        files = tuple(Entry(**one) for one in told.pop("files"))
        manifest = Manifest(**told | {"files": files, "left_out": tuple(told["left_out"])})
    except (ValueError, TypeError, KeyError) as failure:
        raise StoreError(f"the manifest of {archive} cannot be read: {failure}") from failure
    if manifest.format != FORMAT:
        raise StoreError(
            f"{archive} is of format {manifest.format}, this ringback reads {FORMAT}; use the one that made it"
        )
    return manifest


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member) if member.isreg() and member.size <= LARGEST_MANIFEST else None
    return b"" if file is None else file.read()


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    import pyarrow as pa

    with (
        pa.CompressedInputStream(pa.OSFile(str(archive), "rb"), "zstd") as packed,
        tarfile.open(mode="r|", fileobj=packed, bufsize=CHUNK) as tar,
    ):
        yield tar


def _end_of_lines(file: IO[bytes], size: int) -> int:
    """Where the last whole line ends; what comes after it is being written just now."""
    end = size
    while end > 0:
        start = max(0, end - CHUNK)
        file.seek(start)
        place = file.read(end - start).rfind(b"\n")
        if place >= 0:
            end = start + place + 1
            break
        end = start
    file.seek(0)
    return end


class _Summing:
    """Reads a file up to a place, and sums up what was read."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size
        self.digest: _Hash = sha256()
        self.is_short = False

    def read(self, size: int) -> bytes:
        piece = self._file.read(min(size, self._left))
        self.is_short = len(piece) < min(size, self._left)
        self._left -= len(piece)
        self.digest.update(piece)
        return piece
