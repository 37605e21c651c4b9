"""A client that asks as fast as it is answered, over connections that stay open; `python -m benchmarks.loading`."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps, loads
from time import perf_counter

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask, how often at once and for how long."""

    port: int
    path: str
    headers: dict[str, str]
    bodies: Sequence[bytes]
    """Asked in turn; `%d` in one is replaced by a number that no other request has."""
    connections: int
    seconds: float
    first: int = 0
    """The number of the first request."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How it was answered; times in seconds."""

    requests: int
    failed: int
    seconds: float
    took: list[float]
    """Of all but the first request of each connection."""

    def __add__(self, other: "Answered") -> "Answered":
        """Both, as if one had followed the other."""
        return Answered(
            self.requests + other.requests, self.failed + other.failed, self.seconds + other.seconds,
            self.took + other.took,
        )  # fmt: skip

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def slowest(self, share: float) -> float:
        """The time that this share of the requests was answered within."""
        return sorted(self.took)[int(len(self.took) * share)]


async def ask(load: Load) -> Answered:
    """Ask until the time is over."""
    took: list[float] = []
    requests = failed = 0
    head = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    began = perf_counter()
    until = began + load.seconds

    async def one(place: int) -> None:
        nonlocal requests, failed
        reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
        number = load.first + place
        while perf_counter() < until:
            body = load.bodies[number % len(load.bodies)].replace(b"%d", b"%d" % number)
            start = perf_counter()
            asks = f"POST {load.path} HTTP/1.1\r\nHost: localhost\r\n{head}Content-Length: {len(body)}\r\n\r\n"
            writer.write(asks.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length")
            )
            await reader.readexactly(length)
            if number != load.first + place:
                took.append(perf_counter() - start)
            requests += 1
            number += load.connections
            failed += not answer.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(one(place) for place in range(load.connections)))
    return Answered(requests, failed, perf_counter() - began, took)


def main() -> None:
    """Read a load as JSON, apply it, and say how it was answered."""
    told = loads(sys.stdin.read())
    load = Load(**told | {"bodies": [body.encode() for body in told["bodies"]]})
    done = uvloop.run(ask(load))
    print(dumps({name: getattr(done, name) for name in Answered.__slots__}))


if __name__ == "__main__":
    main()
