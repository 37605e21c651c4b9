"""The sources there are; a new one is a module and a line here."""

from collections.abc import Callable

from enrichment.sources.apollo import ApolloCompanies, ApolloJobs, ApolloPeople
from enrichment.sources.base import Source
from enrichment.sources.clearbit import Clearbit
from enrichment.sources.dropcontact import Dropcontact
from enrichment.sources.openfunnel import OpenFunnel
from enrichment.sources.pipe0 import Pipe0
from enrichment.sources.website import Website
from ringback.settings import Settings

SOURCES: tuple[tuple[type[Source], Callable[[Settings], bool]], ...] = (
    (Website, lambda settings: True),
    (Pipe0, lambda settings: settings.asks("pipe0")),
    (ApolloCompanies, lambda settings: settings.asks("apollo")),
    (ApolloJobs, lambda settings: settings.asks("apollo")),
    (ApolloPeople, lambda settings: settings.asks("apollo")),
    (Dropcontact, lambda settings: settings.asks("dropcontact")),
    (OpenFunnel, lambda settings: settings.asks("openfunnel")),
    (Clearbit, lambda settings: settings.clearbit_enabled and settings.asks("clearbit")),
)
"""Each with whether this installation uses it."""


def sources_for(settings: Settings) -> list[Source]:
    """The sources that this installation uses: with a key; without any vendor's key, all of the sandbox."""
    return [make(settings) for make, is_used in SOURCES if is_used(settings)]  # type: ignore[call-arg]
