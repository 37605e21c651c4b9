"""Whose turn it is: leads of a pool go to its owners in proportion to their capacity, never more than one off.

Tijdeman 1980, "The chairman assignment problem", Discrete Mathematics 32: of all ways to hand out one thing after
another to k people with shares that add up to 1, this one keeps everybody within 1 - 1/(2k - 2) of the share, always.
Equal capacities give plain round robin.
"""

from collections.abc import Mapping
from hashlib import blake2b
from math import lcm


def next_owner(capacities: Mapping[str, int], given: Mapping[str, int]) -> str:
    """Who of a pool gets the next lead; `given` is how many each of them got in this pool before.

    What is due to each is counted in whole numbers, as leads times `parts * whole`: exact, and quicker than fractions.

    >>> capacities, given = {"ana": 2, "ben": 1}, {"ana": 0, "ben": 0}
    >>> turns = []
    >>> for _ in range(6):
    ...     owner = next_owner(capacities, given)
    ...     given[owner] += 1
    ...     turns.append(owner)
    >>> turns
    ['ana', 'ben', 'ana', 'ana', 'ben', 'ana']
    """
    owners = sorted(capacities)
    if len(owners) == 1:
        return owners[0]
    whole, common = sum(capacities.values()), lcm(*capacities.values())
    leads, parts = sum(given.get(owner, 0) for owner in owners) + 1, 2 * len(owners) - 2
    due = {owner: parts * (capacities[owner] * leads - given.get(owner, 0) * whole) for owner in owners}
    waiting = [owner for owner in owners if due[owner] >= whole]

    def until_late(owner: str) -> tuple[int, str]:
        """How many leads later, times `parts * common`, the owner would be more than allowed behind."""
        return ((parts - 1) * whole - due[owner]) * (common // capacities[owner]), owner

    return min(waiting or owners, key=until_late)


def pool_of(capacities: Mapping[str, int]) -> str:
    """The name of a pool: those who may get a lead, with their capacities.

    Whoever is full, away or new makes another pool, which begins at nought: what was uneven before is not made up for.
    """
    members = "|".join(f"{owner}:{capacities[owner]}" for owner in sorted(capacities))
    return blake2b(members.encode(), digest_size=8).hexdigest()
