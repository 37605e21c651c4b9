"""A conduct in a file that people write: read, and held against the playbook that it names parts of."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from campaigns.conduct import Conduct
from campaigns.playbook import nearest
from campaigns.sequences import sequences
from campaigns.team import team
from ringback.errors import BadMapping
from ringback.settings import CHECKOUT, settings
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

    The campaign would be held up by them, or done without them.
    """
    folder = CHECKOUT / settings().playbook
    there_are: dict[str, Callable[[], Iterable[str]]] = {
        "rules": lambda: (one.stem for one in (folder / "qualification").glob("*.yaml")),
        "sequences": lambda: sequences(settings()),
        "owners": lambda: (one.email for one in team(folder)[0].owners),
    }
    named = {"rules": [conduct.rules], "sequences": conduct.sequences, "owners": map(str.casefold, conduct.owners)}
    for key, names in named.items():
        listed = list(names)
        known = sorted(there_are[key]()) if listed else []
        for name in listed:
            if name not in known:
                yield key, f"{name!r} is not in the playbook{nearest(name, known)}"
