"""A real mail server on this machine that delivers nothing: it keeps a log of what it took, and fails on demand.

with MailServer(log=tmp_path / "mails.jsonl") as server:
    Smtp("127.0.0.1", server.port, "none", "me@ours.example").send(mail)

The log has a line per mail that was taken: `message_id`, `recipient`, `at` (UTC), `bytes`. It is written before the
server says so: a mail whose answer is lost is in it all the same, as with a real server. Faults (`MailFaults`) are
rates from 0 to 1; a recipient whose local part begins with `bounce` is refused for good, with `defer` for now.

As a process: `python -m sandbox.smtp --port 0 --log FILE`, which says its port and runs until it is killed.
"""

import asyncio
import json
import random
import socket
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from ringback.clock import now

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP

READY_WITHIN_SECONDS = 10.0
LARGEST_MAIL_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class MailFaults:
    """How often, from 0 to 1, a mail meets each kind of trouble."""

    refuse_recipient: float = 0.0
    """550 at RCPT."""
    defer_recipient: float = 0.0
    """451 at RCPT."""
    refuse_text: float = 0.0
    """554 after the text, which is not taken."""
    defer_text: float = 0.0
    """452 after the text, which is not taken."""
    hang_before: float = 0.0
    """Nothing for `hang_seconds` after the text, which is not taken; then the connection is dropped."""
    hang_after: float = 0.0
    """The text is taken; then as above."""
    drop_before: float = 0.0
    """The connection is dropped after the text, which is not taken."""
    drop_after: float = 0.0
    """The text is taken, the connection dropped before that is said."""
    hang_seconds: float = 5.0
    delay_seconds: float = 0.0
    """How long each text takes."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A line of the log."""

    message_id: str
    """Without brackets."""
    recipient: str
    at: str
    bytes: int


class MailServer:
    """The server in a background thread, answering when the `with` block begins."""

    def __init__(self, log: Path, faults: MailFaults | None = None, port: int = 0) -> None:
        """Prepare a server on 127.0.0.1; port 0 takes a free one."""
        self.log, self.port = log, port
        self.faults = faults or MailFaults()
        self.taken: Counter[str] = Counter()
        """How often each Message-ID was taken."""
        self.refusals: Counter[str] = Counter()
        """How often each kind of trouble was met."""
        self._dice = random.Random(self.faults.seed)
        self._file: IO[str] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def __enter__(self) -> "MailServer":
        """Start, and return when mails are taken."""
        listening = socket.create_server(("127.0.0.1", self.port))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each of several replies waits 40 ms
        self.port = listening.getsockname()[1]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.log.open("a", encoding="utf-8", buffering=1)
        self._loop, ready = asyncio.new_event_loop(), Event()
        self._thread = Thread(target=self._run, args=(listening, ready), name="sandbox-smtp", daemon=True)
        self._thread.start()
        if not ready.wait(READY_WITHIN_SECONDS):
            self.stop()
            raise RuntimeError(f"the mail server did not start within {READY_WITHIN_SECONDS:.0f} seconds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def steer(self, **faults: float) -> None:
        """Behave otherwise from now on; raises ValueError for an unknown fault."""
        known = {one.name for one in fields(MailFaults)}
        if unknown := set(faults) - known:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        self.faults = MailFaults(**faults)  # type: ignore[arg-type]  # the seed alone is whole

    def stop(self) -> None:
        """End the server and free its port; a second call does nothing."""
        if self._loop and self._thread:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(READY_WITHIN_SECONDS)
            self._loop = self._thread = None
        if self._file:
            self._file.close()
            self._file = None

    def _run(self, listening: socket.socket, ready: Event) -> None:
        from aiosmtpd.smtp import SMTP

        assert self._loop is not None  # noqa: S101  (set before the thread is started)
        loop = self._loop
        asyncio.set_event_loop(loop)

        def session() -> "SMTP":
            return SMTP(
                self, hostname="sandbox.example", data_size_limit=LARGEST_MAIL_BYTES, enable_SMTPUTF8=False, loop=loop
            )

        server = loop.run_until_complete(loop.create_server(session, sock=listening))
        loop.call_soon(ready.set)
        try:
            loop.run_forever()
        finally:
            server.close()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.close()

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's own name)
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say that commands may come all at once, as every larger server does."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's own name)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or refuse it."""
        local = address.lower()
        if local.startswith("bounce") or self._meets("refuse_recipient"):
            return "550 5.1.1 there is no such mailbox"
        if local.startswith("defer") or self._meets("defer_recipient"):
            return "451 4.2.1 the mailbox is busy; try later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  (as above)
        """Take a mail, or get into trouble with it."""
        if self.faults.delay_seconds:
            await asyncio.sleep(self.faults.delay_seconds)
        if self._meets("refuse_text"):
            return "554 5.6.0 the text is not taken"
        if self._meets("defer_text"):
            return "452 4.3.1 no room; try later"
        if self._meets("drop_before"):
            return self._drop(server)
        if self._meets("hang_before"):
            return await self._hang(server)
        self._take(envelope)
        if self._meets("drop_after"):
            return self._drop(server)
        if self._meets("hang_after"):
            return await self._hang(server)
        return "250 2.0.0 taken"

    def _take(self, envelope: Any) -> None:
        message_id = _message_id(envelope.content)
        for recipient in envelope.rcpt_tos:
            line = {
                "message_id": message_id, "recipient": recipient.lower(), "at": now().isoformat(),
                "bytes": len(envelope.content),
            }  # fmt: skip
            if self._file:
                self._file.write(json.dumps(line) + "\n")
        self.taken[message_id] += 1

    def _meets(self, kind: str) -> bool:
        is_met = (rate := getattr(self.faults, kind)) > 0 and self._dice.random() < rate
        if is_met:
            self.refusals[kind] += 1
        return bool(is_met)

    def _drop(self, server: Any) -> str:
        server.transport.abort()
        return "421 4.4.2 gone"

    async def _hang(self, server: Any) -> str:
        await asyncio.sleep(self.faults.hang_seconds)
        return self._drop(server)


def read_log(file: Path) -> Iterator[TakenMail]:
    """What a server took, in order; a last line that was cut off is left out."""
    if not file.exists():
        return
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield TakenMail(**json.loads(line))


def _message_id(content: bytes) -> str:
    head = content.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"message-id":
            return value.decode("ascii", errors="replace").strip().strip("<>")
    return ""


def main(arguments: list[str]) -> None:
    """Run until killed: `--port N --log FILE [--FAULT RATE …]`, with `-` for `_` in a fault's name."""
    parser = ArgumentParser(prog="python -m sandbox.smtp", description="A mail server that delivers nothing.")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; none: a free one, which is printed")
    parser.add_argument("--log", type=Path, required=True, help="file that has a line for each mail that was taken")
    for one in fields(MailFaults):
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=type(one.default), default=one.default)
    given = vars(parser.parse_args(arguments))
    port, log = given.pop("port"), given.pop("log")
    with MailServer(log, MailFaults(**given), port) as server:
        print(server.port, flush=True)
        Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
