"""A conduct held against the playbook that it names parts of, and read from a file that people write."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from campaigns.conduct import Conduct
from campaigns.playbook import nearest
from campaigns.rules import FOLDER
from campaigns.sequences import sequences
from campaigns.team import team
from ringback.errors import BadMapping
from ringback.settings import settings
from ringback.toml_files import read_toml


def conduct_in(file: Path) -> dict[str, Any]:
    """What a file says of how a campaign is run, as it is stored.

    Raises BadMapping naming the key, also for what the playbook does not have.
    """
    conduct = Conduct.read(read_toml(file))
    for key, told in strangers_in(conduct):
        raise BadMapping(f"the campaign's conduct: {key}: {told}")
    return conduct.model_dump(mode="json", exclude_defaults=True)


def strangers_in(conduct: Conduct) -> Iterator[tuple[str, str]]:
    """Rules, sequences and owners that the playbook does not have, each with its key and what was meant.

    The campaign would be held up by them, or done without them. Of the playbook only that is read which is named.
    """
    book = settings().playbook
    yield from _strangers("rules", [conduct.rules], (one.stem for one in (book / FOLDER).glob("*.yaml")))
    if conduct.sequences:
        yield from _strangers("sequences", conduct.sequences, sequences(settings()))
    if conduct.owners:
        owners = (one.email for one in team(book)[0].owners)
        yield from _strangers("owners", map(str.casefold, conduct.owners), owners)


def _strangers(key: str, names: Iterable[str], there_are: Iterable[str]) -> Iterator[tuple[str, str]]:
    known = sorted(there_are)
    return ((key, f"{name!r} is not in the playbook{nearest(name, known)}") for name in names if name not in known)
