"""1.234 is read as the file writes its numbers, and what of that is a guess is said."""

from pathlib import Path

import pytest

from intake.mapping import load_mapping
from intake.recognition import mapping_text
from tests.intake.reading import read_leads, recognised

HEADER = "Email;Company;Number of Employees;Annual Revenue;Score\n"


def file_of(*rows: str) -> str:
    return HEADER + "".join(f"a{n}@acme{n}.com;Acme {n};{row}\n" for n, row in enumerate(rows))


def employees(*rows: str) -> list[float | None]:
    return [one.employees for one in read_leads(file_of(*rows)).facts]


def doubts_about_numbers(text: str) -> list[str]:
    return [doubt for doubt in recognised(text).doubts if "which is read as" in doubt]


def test_a_decimal_comma_anywhere_in_the_file_says_that_points_are_of_thousands() -> None:
    text = file_of("1.234;1.200.000,50;7", "12.500;3.000.000;8", "271;;9")
    assert [(one.employees, one.annual_revenue) for one in read_leads(text).facts] == [
        (1234.0, 1_200_000.5), (12_500.0, 3_000_000.0), (271.0, None),
    ]  # fmt: skip
    assert (recognised(text).mapping.numbers.decimal, doubts_about_numbers(text)) == (",", [])


def test_nobody_employs_fractions_of_people_which_is_said_as_a_guess() -> None:
    text = file_of("1.234;;", "12.500;;", "271;;")
    assert employees("1.234;;", "12.500;;", "271;;") == [1234.0, 12_500.0, 271.0]
    assert doubts_about_numbers(text) == [
        "'Number of Employees' has numbers such as 1.234, which is read as 1234 because it counts whole things; "
        "[numbers.decimals] 'Number of Employees' = '.' in a mapping says otherwise"
    ]


def test_a_column_that_shows_decimals_itself_is_read_so() -> None:
    assert employees("1.234;;", "12.5;;") == [1.234, 12.5]


def test_thousands_in_english_are_no_guess() -> None:
    text = file_of("1,234;1,200,000.50;1.5", "12,500;;0.125")
    assert employees("1,234;1,200,000.50;1.5", "12,500;;0.125") == [1234.0, 12_500.0]
    assert (recognised(text).mapping.numbers.decimal, doubts_about_numbers(text)) == (".", [])


@pytest.mark.parametrize(
    ("revenue", "score", "read"), [("3.000.000,5", "1.234", 1234.0), ("", "1.234", 1.234), ("", "1,234", 1234.0)]
)
def test_a_custom_number_is_read_as_the_others_of_the_file(revenue: str, score: str, read: float) -> None:
    text = file_of(f"5;{revenue};{score}", f"6;;{score}")
    assert [one.custom["Score"] for one in read_leads(text).leads] == [read, read]
    assert len(doubts_about_numbers(text)) == ("." in score)


def test_what_a_person_says_of_numbers_goes_before() -> None:
    text = file_of("1.234;;", "12.500;;")
    assert read_leads(text, numbers={"decimal": "."}).facts[0].employees == 1.234
    found = recognised(text, numbers={"decimals": {"Number of Employees": "."}})
    assert (found.mapping.numbers.of("Number of Employees"), found.doubts[2:]) == (".", ())


@pytest.mark.parametrize("text", [file_of("1.234;;2,5", "12.500;;3"), file_of("1.234;;2.5", "12.500;;3")])
def test_the_suggested_mapping_reads_numbers_alike(text: str, tmp_path: Path) -> None:
    found = recognised(text)
    (tmp_path / "leads.toml").write_text(mapping_text(found))
    assert load_mapping(tmp_path / "leads.toml") == found.mapping


def test_sizes_as_crms_write_them_are_read_as_scores_read_them() -> None:
    assert employees("50-100;;", "11 \N{EN DASH} 50;;", "1,000+;;", "10.001+ employees;;", "7;;") == [
        75.0, 30.5, 1000.0, 10_001.0, 7.0,
    ]  # fmt: skip
