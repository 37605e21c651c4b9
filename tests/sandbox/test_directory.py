"""What the vendors can know follows the clock, and is looked up without a search."""

import time
from datetime import datetime, timedelta

import pytest

from sandbox.dice import KeyedDraws
from sandbox.directory import Directory, gaps, profile_url
from sandbox.world import World

START = datetime(2026, 1, 5)


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, start=START, calls_per_week=40)


def test_newcomers_are_known_from_the_moment_they_become_known(world: World) -> None:
    moment = START
    directory = Directory(world, lambda: moment)
    for _ in range(150):
        assert directory.people() == world.people(moment)
        assert directory.companies() == world.companies(moment)
        moment += timedelta(minutes=97)
    moment = START + timedelta(days=1)
    assert directory.people() == world.people(moment)


def test_a_person_is_found_by_address_profile_id_and_name(world: World) -> None:
    directory = Directory(world, lambda: START + timedelta(days=14))
    for person in directory.people():
        found = [
            directory.person(email=person.email.upper()),
            directory.person(profile=profile_url(person)),
            directory.person(person_id=person.person_id),
            directory.named(person.first_name, person.last_name, f"https://www.{person.company.domain}/about"),
        ]
        assert found == [person] * 4
    assert directory.person(profile="https://www.linkedin.com/in/somebody-else-00000101") is None
    assert directory.person(email="nobody@nowhere.test") is None


def test_the_staff_of_a_company_are_those_known_by_now(world: World) -> None:
    moment = START + timedelta(days=14)
    directory = Directory(world, lambda: moment)
    for company in directory.companies():
        assert directory.staff(company) == [one for one in world.people(moment) if one.company == company]


def test_looking_up_takes_no_search(world: World) -> None:
    directory = Directory(world, lambda: START + timedelta(days=14))
    [first, *_] = directory.people()
    begun = time.process_time()
    for _ in range(5_000):
        directory.person(email=first.email)
        directory.company(first.company.domain)
        directory.named(first.first_name, first.last_name, first.company.domain)
    assert time.process_time() - begun < 0.5


def test_draws_of_a_key_are_even_and_always_the_same() -> None:
    drawn = [KeyedDraws(f"key {number}").fraction() for number in range(4_000)]
    assert drawn == [KeyedDraws(f"key {number}").fraction() for number in range(4_000)]
    assert 0.48 < sum(drawn) / len(drawn) < 0.52
    again = KeyedDraws("key 0")
    assert len({again.fraction() for _ in range(100)}) == 100


def test_vendors_miss_different_facts_of_the_same_company() -> None:
    names = [f"fact {number}" for number in range(40)]
    missing = {vendor: gaps(vendor, "acme.example", names) for vendor in ("pipe0", "apollo", "clearbit")}
    assert len(set(missing.values())) == 3
    assert gaps("pipe0", "acme.example", names) == missing["pipe0"]
