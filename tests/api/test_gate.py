"""Keys are known by heart for two seconds, and a key's budget holds over all processes together."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest

from api.gate import KeyRing, Limiter, Standing, TakeShare
from database import keys
from database.keys import Key, Share
from tests.factories import DAY, NOON

pytestmark = pytest.mark.usefixtures("home")


class Watch:
    """A clock of seconds that a test turns."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def done(work: Awaitable[object]) -> object:
    async def run() -> object:
        return await work

    return asyncio.run(run())


def id_of(text: str) -> str:
    return (keys.parts_of(text) or ("",))[0]


def known(ring: KeyRing, text: str, at: datetime = NOON) -> bool:
    return done(ring.key_of(text, at)) is not None


def test_a_key_is_known_by_its_whole_text_only() -> None:
    text = keys.create("crm", ["score"], NOON, "ana")
    ring = KeyRing()
    assert known(ring, text)
    assert not any(
        known(ring, wrong) for wrong in (text[:-1], text + "a", f"rbk_{id_of(text)}_", "rbk_none_x", "", "é")
    )


def test_a_revoked_key_is_refused_within_two_seconds_in_a_process_that_knew_it() -> None:
    text, watch = keys.create("crm", ["score"], NOON, "ana"), Watch()
    ring = KeyRing(monotonic=watch)
    assert known(ring, text)
    assert keys.revoke(id_of(text), NOON)
    watch.seconds += 0.9
    assert known(ring, text)  # by heart, without a question
    watch.seconds += 1.1
    assert not known(ring, text)


def test_a_key_made_a_moment_ago_is_found_and_one_made_up_costs_few_questions() -> None:
    watch, asked = Watch(), list[int]()

    def load() -> list[Key]:
        asked.append(1)
        return keys.keys()

    ring = KeyRing(load, watch)
    assert not known(ring, "rbk_unknown_x")
    text = keys.create("crm", ["score"], NOON, "ana")
    watch.seconds += 0.3
    assert known(ring, text)
    assert [known(ring, f"rbk_{number}_x") for number in range(50)] == [False] * 50
    assert len(asked) == 2


def test_an_expired_key_is_refused() -> None:
    text = keys.create("crm", ["score"], NOON, "ana", expires_at=NOON + DAY)
    ring = KeyRing()
    assert (known(ring, text, NOON), known(ring, text, NOON + DAY)) == (True, False)


def test_nobody_comes_in_while_the_database_cannot_say_who_may() -> None:
    def load() -> list[Key]:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        known(KeyRing(load), "rbk_a_b")


async def admitted(limiter: Limiter, key: Key, times: int, at: datetime) -> list[Standing]:
    return [await limiter.admit(key, at) for _ in range(times)]


def test_two_processes_together_never_pass_a_key_s_budget_and_the_next_minute_begins_anew() -> None:
    keys.create("crm", ["score"], NOON, "ana", per_minute=40)
    key = keys.keys()[0]

    async def both(at: datetime) -> int:
        one, other = Limiter(), Limiter()
        stood = await asyncio.gather(admitted(one, key, 30, at), admitted(other, key, 30, at))
        return sum(standing.is_admitted for some in stood for standing in some)

    assert asyncio.run(both(NOON)) == 40
    assert asyncio.run(both(NOON + timedelta(seconds=59))) == 0
    assert asyncio.run(both(NOON + timedelta(seconds=60))) == 40


def test_many_at_once_ask_the_database_once_for_a_share() -> None:
    asked: list[int] = []

    def take(key_id: str, minute: datetime, wanted: int, per_minute: int, at_least: int) -> Share:
        asked.append(wanted)
        return keys.take_share(key_id, minute, wanted, per_minute, at_least)

    keys.create("crm", ["score"], NOON, "ana", per_minute=2_000)
    key = keys.keys()[0]

    async def ask() -> list[Standing]:
        limiter = Limiter(take)
        return list(await asyncio.gather(*(limiter.admit(key, NOON) for _ in range(40))))

    stood = asyncio.run(ask())
    assert all(standing.is_admitted for standing in stood)
    assert asked == [100]
    assert (stood[0].limit, stood[-1].remaining, stood[-1].seconds_left) == (2_000, 1_960, 60)


def test_a_database_that_is_away_refuses_the_request_and_is_asked_again_for_the_next(home: Path) -> None:
    keys.create("crm", ["score"], NOON, "ana", per_minute=5)
    key = keys.keys()[0]
    answers: list[OSError | Share] = [OSError("away"), Share(1, 4)]

    def take(*_: object) -> Share:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    async def ask() -> bool:
        limiter = Limiter(take)
        with pytest.raises(OSError, match="away"):
            await limiter.admit(key, NOON)
        return (await limiter.admit(key, NOON)).is_admitted

    assert asyncio.run(ask())


def test_keys_are_read_again_only_where_one_was_made_or_revoked() -> None:
    watch, reads = Watch(), list[int]()

    def load() -> list[Key]:
        reads.append(1)
        return keys.keys()

    text = keys.create("crm", ["score"], NOON, "ana")
    ring = KeyRing(load, watch)
    for _ in range(5):
        assert known(ring, text)
        watch.seconds += 2.5
    assert len(reads) == 1
    for change in (lambda: keys.create("erp", ["score"], NOON, "ana"), lambda: keys.revoke(id_of(text), NOON)):
        change()
        watch.seconds += 2.5
        is_known = known(ring, text)
    assert (len(reads), is_known) == (3, False)


def slow_until(is_free: Event, minute: datetime) -> TakeShare:
    """The budget of a database that somebody else holds over the beginning of a minute."""

    def take(key_id: str, of: datetime, wanted: int, per_minute: int, at_least: int) -> Share:
        if of == minute:
            is_free.wait(5)
        return keys.take_share(key_id, of, wanted, per_minute, at_least)

    return take


def test_no_request_waits_long_for_a_slow_database_and_what_was_admitted_on_credit_is_paid_from_the_next_share() -> (
    None
):
    keys.create("crm", ["score"], NOON, "ana", per_minute=40)
    key, is_free = keys.keys()[0], Event()

    async def ask() -> tuple[float, int]:
        limiter = Limiter(slow_until(is_free, NOON))
        began = monotonic()
        on_credit = [await limiter.admit(key, NOON), await limiter.admit(key, NOON)]
        seconds = monotonic() - began
        is_free.set()
        rest = await admitted(limiter, key, 60, NOON)
        return seconds, sum(one.is_admitted for one in [*on_credit, *rest])

    seconds, admissions = asyncio.run(ask())
    assert (0.05 < seconds < 0.18, admissions) == (True, 40)  # the first waits 0.1 s, the second not again


def test_beyond_its_credit_a_process_waits_for_the_database() -> None:
    keys.create("crm", ["score"], NOON, "ana", per_minute=40)
    key, is_free = keys.keys()[0], Event()

    async def ask() -> list[bool]:
        limiter = Limiter(slow_until(is_free, NOON))
        waiting = [asyncio.create_task(limiter.admit(key, NOON)) for _ in range(5)]
        await asyncio.sleep(0.4)
        done = [one.done() for one in waiting]
        is_free.set()
        assert all(standing.is_admitted for standing in await asyncio.gather(*waiting))
        return done

    assert sorted(asyncio.run(ask())) == [False, False, False, True, True]


def test_a_much_used_key_has_the_next_minute_s_first_share_before_that_begins() -> None:
    keys.create("crm", ["score"], NOON, "ana", per_minute=200)
    key, is_free, minute = keys.keys()[0], Event(), timedelta(minutes=1)
    asked: list[datetime] = []

    def take(key_id: str, of: datetime, wanted: int, per_minute: int, at_least: int) -> Share:
        asked.append(of)
        return keys.take_share(key_id, of, wanted, per_minute, at_least)

    async def ask() -> float:
        limiter = Limiter(take)
        await admitted(limiter, key, 20, NOON + timedelta(seconds=50))
        await asyncio.wait_for(asyncio.to_thread(lambda: wait_for(lambda: NOON + minute in asked)), 5)
        await asyncio.sleep(0.05)
        limiter._take = slow_until(is_free, NOON + minute)
        began = monotonic()
        stood = await admitted(limiter, key, 5, NOON + minute)
        is_free.set()
        assert all(standing.is_admitted for standing in stood)
        return monotonic() - began

    assert asyncio.run(ask()) < 0.05


def wait_for(is_so: Callable[[], bool]) -> None:
    while not is_so():
        sleep(0.005)


def test_of_several_at_once_all_are_counted_or_none_and_the_rest_stays_for_others() -> None:
    keys.create("crm", ["score"], NOON, "ana", per_minute=30)
    key = keys.keys()[0]

    async def ask() -> list[bool]:
        one, other = Limiter(), Limiter()
        stood = [await one.admit(key, NOON, 18), await one.admit(key, NOON, 15), await other.admit(key, NOON, 12)]
        return [standing.is_admitted for standing in [*stood, await other.admit(key, NOON)]]

    assert asyncio.run(ask()) == [True, False, True, False]
