"""A registered version that can answer: from its compiled file, or compiled now."""

from ringback.errors import NoModel, UnknownModel
from ringback.records import Target
from scoring.engine import Engine, compiled, stored_engine
from training import registry


def engine_of_version(target: Target, version: str) -> Engine:
    """The engine of a version; raises UnknownModel and NoModel."""
    return stored_engine(target, version) or compiled(registry.load(target, version))


def compile_if_it_can_be(target: Target, version: str) -> None:
    """Have the file of a version ready before anybody asks for it; one that cannot be loaded is told of then."""
    try:
        engine_of_version(target, version)
    except (NoModel, UnknownModel):
        return
