"""50 people on the pages while 200 leads a second are scored: `python -m benchmarks.pages [HOME]`.

Each person has signed in and goes from page to page, with a pause of one to three seconds on each, as people have who
read; the scores come evenly, whatever is answered (an open loop, so that a slow answer delays nobody else's question).
The peer in the same run: the same pages with nobody scoring. Prints p50, p95 and p99 of both. HOME is copied.
"""

import asyncio
import random
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.serving import LEAD, prepared, served
from ringback.settings import settings

PEOPLE, SCORES_A_SECOND = 50, 200
SECONDS = 30.0
PAUSE_SECONDS = (1.0, 3.0)
SCORING_CONNECTIONS = 40
PAGES = (
    "/", "/leads", "/leads?campaign=demo", "/leads?search=labs&sort=name&direction=asc", "/leads?page=3", "LEAD",
    "LEAD", "/tasks", "/campaigns", "/campaigns/demo", "/models", "/drift", "/improvement", "/tickets", "/archive",
    "/system",
)  # fmt: skip
"""LEAD is one of the first page of the list."""
BAR_MS = 300


@dataclass(slots=True)
class Took:
    """Times in seconds, by what was asked, and what went wrong."""

    by_page: dict[str, list[float]] = field(default_factory=dict)
    scores: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def pages(self) -> list[float]:
        """Of all pages."""
        return [one for some in self.by_page.values() for one in some]


class Connection:
    """A connection that stays open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, head: str, body: bytes = b"") -> tuple[int, bytes, bytes]:
        """Status, head and body of an answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(f"{head}Host: 127.0.0.1:{self._port}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        told = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in told.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(told.split(b" ", 2)[1]), told, await reader.readexactly(length)


async def person(port: int, key: str, until: float, took: Took, seed: int) -> None:
    """Sign in, then read one page after the other."""
    drawn, line = random.Random(seed), Connection(port)
    form = f"key={key}".encode()
    status, head, _ = await line.ask(
        "POST /sign-in HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n", form
    )
    cookie = next(
        one.split(b";")[0][12:].decode() for one in head.split(b"\r\n") if one.lower().startswith(b"set-cookie")
    )
    assert status == 303
    leads = ["/leads"]
    await asyncio.sleep(drawn.uniform(0, PAUSE_SECONDS[1]))
    while perf_counter() < until:
        name = drawn.choice(PAGES)
        page = drawn.choice(leads) if name == "LEAD" else name
        began = perf_counter()
        status, _, text = await line.ask(f"GET {page} HTTP/1.1\r\nAccept: text/html\r\nCookie: {cookie}\r\n")
        took.by_page.setdefault(name, []).append(perf_counter() - began)
        if status != 200:
            took.failed.append(f"{page}: {status}")
        if page == "/leads":
            leads = [one.split(b'"', 1)[0].decode() for one in text.split(b'<th scope="row"><a href="')[1:]] or leads
        await asyncio.sleep(drawn.uniform(*PAUSE_SECONDS))


async def scoring(port: int, key: str, until: float, took: Took) -> None:
    """Ask for so many scores a second, each when its time has come."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(SCORING_CONNECTIONS):
        free.put_nowait(Connection(port))
    text = dumps(LEAD)
    head = f"POST /score HTTP/1.1\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
    started = perf_counter()
    asked: set[asyncio.Task[None]] = set()

    async def one(number: int, due: float) -> None:
        line = await free.get()
        status, _, _ = await line.ask(head, text.replace("%d", str(number)).encode())
        took.scores.append(perf_counter() - due)  # from when it was due: waiting counts
        free.put_nowait(line)
        if status != 200:
            took.failed.append(f"/score: {status}")

    number = 0
    while (due := started + number / SCORES_A_SECOND) < until:
        await asyncio.sleep(max(0.0, due - perf_counter()))
        asked.add(asyncio.create_task(one(number, due)))
        number += 1
    await asyncio.gather(*asked)


async def day(port: int, keys: Sequence[str], scores_too: bool) -> Took:
    """People on the pages, with or without scores beside."""
    took = Took()
    until = perf_counter() + SECONDS
    work = [person(port, keys[number % len(keys)], until, took, number) for number in range(PEOPLE)]
    await asyncio.gather(*work, *([scoring(port, keys[0], until, took)] if scores_too else []))
    return took


def said(name: str, took: Sequence[float]) -> str:
    """`pages: n 1,200, p50 12 ms, p95 40 ms, p99 80 ms`."""
    ordered = sorted(took)
    at = [1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99)]
    return f"{name}: n {len(ordered):,}, p50 {at[0]:.0f} ms, p95 {at[1]:.0f} ms, p99 {at[2]:.0f} ms"


def main() -> None:
    """Play it, in a process of its own for the people, and print what they saw."""
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else settings().home
    if not (home / "mlflow.db").exists():
        print(f"no model under {home}: 'make demo' makes one; the pages are left out")
        return
    with TemporaryDirectory(prefix="bench-pages-") as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns("backups", "prefect", "up.json"))
        _, key = prepared(copy)
        with served(copy) as port:
            for words, scores_too in (("nobody scoring", False), (f"{SCORES_A_SECOND} scores a second", True)):
                took = asyncio.run(day(port, [key], scores_too))
                print(f"{PEOPLE} people, {words}: {said('pages', took.pages)}; failed {len(took.failed)}")
                for page, times in sorted(took.by_page.items()):
                    print(f"    {said(page, times)}")
                if took.scores:
                    print(f"  {said('scores', took.scores)}")
                for failure in took.failed[:5]:
                    print(f"    FAILED {failure}")


if __name__ == "__main__":
    main()
