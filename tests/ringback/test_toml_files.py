"""TOML files that people write: whatever is wrong with one is told in a sentence."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ringback.errors import BadMapping
from ringback.toml_files import mistakes_of, read_toml


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'titles = ["VP"', r"plan\.toml is not TOML: "),
        (b'city = "Montr\xe9al"', r"plan\.toml is not UTF-8; save it as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_as_toml_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "plan.toml").write_bytes(content)
    with pytest.raises(BadMapping, match=said):
        read_toml(tmp_path / "plan.toml")


def test_a_folder_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match="cannot be read: Is a directory"):
        read_toml(tmp_path)


def test_the_mark_with_which_windows_begins_a_file_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_bytes('\ufefftitles = ["VP"]\r\n'.encode())
    assert read_toml(tmp_path / "plan.toml") == {"titles": ["VP"]}


class Worth(BaseModel):
    """A part of a file as one is read."""

    model_config = ConfigDict(extra="forbid")

    usd: float = Field(ge=0)
    source: str


def test_all_mistakes_are_told_and_a_slip_of_the_pen_with_what_was_meant() -> None:
    with pytest.raises(ValidationError) as raised:
        Worth.model_validate({"usdd": 3, "sauce": "assumed", "because": "so"})
    assert mistakes_of(raised.value) == (
        "usd: Field required; source: Field required; usdd: is not known here; did you mean 'usd'?; "
        "sauce: is not known here; did you mean 'source'?; because: is not known here"
    )
