"""A mapping file that cannot be followed says which key is wrong and what to do."""

from pathlib import Path

import pytest

from intake.mapping import load_given, load_mapping
from ringback.errors import BadMapping
from ringback.settings import CHECKOUT

GOOD = """
kind = "calls"
source = "bank"
[columns]
id = "id"
called_at = "when"
[outcomes.progression]
column = "y"
positive = ["yes"]
negative = ["no"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text)
    return path


def test_a_mapping_speaks_of_its_columns(tmp_path: Path) -> None:
    assert load_mapping(written(tmp_path, GOOD)).used_columns() == {"id", "when", "y"}


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('called_at = "when"', "", r"columns\.called_at is missing: say which column"),
        ('called_at = "when"', 'called_at = "when"\nphone = "tel"', r"columns\.phone is none of annual_revenue, "),
        ('kind = "calls"', 'kind = "deals"', "kind: .*'calls', 'leads' or 'outcomes'"),
        ('kind = "calls"', 'kind = "calls"\ncolour = "red"', "colour: Extra inputs are not permitted"),
        ('source = "bank"', 'source = "My Bank"', "source: must be a name in small letters, .* such as hubspot"),
        ('source = "bank"', "", "source: Field required"),
        ('negative = ["no"]', 'negative = ["no", "yes"]', r"outcomes\.progression: \['yes'\] cannot be both"),
        ('column = "y"', 'column = "y"\nknown_at = "d"\nknown_after_days = 1', "not both"),
        ("[outcomes.progression]", "[outcomes.profit]", r"outcomes\.profit"),
        ('kind = "calls"', 'kind = "outcomes"', r"columns\.\w+ is "),
        ('kind = "calls"', "kind = calls", "is not TOML"),
    ],
)
def test_a_wrong_mapping_names_the_key(right: str, wrong: str, says: str, tmp_path: Path) -> None:
    assert right in GOOD
    with pytest.raises(BadMapping, match=says) as raised:
        load_mapping(written(tmp_path, GOOD.replace(right, wrong)))
    assert str(tmp_path / "mapping.toml") in str(raised.value)


def test_outcomes_must_say_whose_calls_they_speak_of(tmp_path: Path) -> None:
    text = 'kind = "outcomes"\nsource = "crm"\n[columns]\ncall = "meeting"\nknown_at = "decided"\n'
    with pytest.raises(BadMapping, match="call_source is missing: say where the calls came from"):
        load_mapping(written(tmp_path, text))


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"there is no mapping file .* '--suggest' writes one"):
        load_mapping(tmp_path / "none.toml")


@pytest.mark.parametrize("example", sorted(file.name for file in (CHECKOUT / "docs/examples").glob("*.toml")))
def test_the_examples_can_be_followed(example: str) -> None:
    assert load_mapping(CHECKOUT / "docs/examples" / example).columns


def test_a_partial_mapping_may_leave_out_what_is_recognised(tmp_path: Path) -> None:
    path = written(tmp_path, 'kind = "calls"\n[custom]\nzip = "category"\n')
    assert load_given(path).custom == {"zip": "category"}
    with pytest.raises(BadMapping, match="source: Field required"):
        load_mapping(path)


def test_a_scale_of_what_is_no_column_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"scale\.income is none of our names"):
        load_given(written(tmp_path, 'kind = "leads"\n[scale]\nincome = 1000\n'))
