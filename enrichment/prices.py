"""What sources ask for signals: a file that people put their own plans into."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from enrichment.catalogue import BY_NAME
from ringback.errors import BadSettingFile
from ringback.toml_files import mistakes_of, read_toml


class Strict(BaseModel):
    """A part of the file in which every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Price(Strict):
    """What a source asks for one signal, and how sure it is."""

    usd: float = Field(0.0, ge=0)
    confidence: float = Field(ge=0, le=1)


class SourcePrices(Strict):
    """What one source asks."""

    bills: Literal["on_success", "always"]
    per_record_usd: float = Field(0.0, ge=0)
    """For a record that answers several signals at once."""
    signals: dict[str, Price]

    def shares(self, signals: Sequence[str]) -> dict[str, float]:
        """US dollars for each of the signals that are ordered together: the record's price is shared by them."""
        return {name: self.signals[name].usd + self.per_record_usd / len(signals) for name in signals}


@lru_cache(maxsize=4)
def load_prices(path: Path) -> dict[str, SourcePrices]:
    """Prices by source; raises BadSettingFile naming the file, the key and the way out."""
    try:
        read = TypeAdapter(dict[str, SourcePrices]).validate_python(read_toml(path))
    except FileNotFoundError:
        raise BadSettingFile(f"there is no price file {path}; RINGBACK_PRICES names it") from None
    except ValidationError as failure:
        raise BadSettingFile(f"{path}: {mistakes_of(failure)}") from None
    for source, prices in read.items():
        if unknown := sorted(prices.signals.keys() - BY_NAME.keys()):
            raise BadSettingFile(f"{path}: {source}.signals.{unknown[0]} is no signal; there are {', '.join(BY_NAME)}")
    return read
