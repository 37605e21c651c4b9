"""A conduct in a file that people write: read, and held against the playbook that it names parts of."""

from collections.abc import Iterable, Sequence
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

    Raises BadMapping naming the key, also for rules, a sequence or an owner that the playbook does not have: the
    campaign would be held up by it, or done without it.
    """
    conduct = Conduct.read(read_toml(file))
    folder = CHECKOUT / settings().playbook
    _refuse_strangers("rules", [conduct.rules], sorted(one.stem for one in (folder / "qualification").glob("*.yaml")))
    if conduct.sequences:
        _refuse_strangers("sequences", conduct.sequences, sorted(sequences(settings())))
    if conduct.owners:
        _refuse_strangers(
            "owners", map(str.casefold, conduct.owners), sorted(one.email for one in team(folder)[0].owners)
        )
    return conduct.model_dump(mode="json", exclude_defaults=True)


def _refuse_strangers(key: str, names: Iterable[str], there_are: Sequence[str]) -> None:
    for name in names:
        if name not in there_are:
            raise BadMapping(
                f"the campaign's conduct: {key}: {name!r} is not in the playbook{nearest(name, there_are)}"
            )
