"""What a column holds is seen from its values, and dates that can be read in two ways are not guessed."""

import pytest

from intake.columns import Column, DateOrder, columns_of, moments_of, scale_of, type_of
from intake.tables import table_of


def a_column(*values: str, name: str = "x") -> Column:
    quoted = "".join(f'"{value}",\n' for value in values)
    return columns_of(table_of(f"{name},\n{quoted}"))[0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("1", "2.5", "$1,200"), "number"),
        (("0", "1", "1"), "number"),
        (("Yes", "no"), "flag"),
        (("red", "blue"), "category"),
        (("2026-03-01", "2026-03-02T10:00:00Z"), "date"),
        (("13/04/2026", "01/02/2026"), "date"),
        (("03/04/2026", "01/02/2026"), "category"),
        (("word " * 30, "more " * 30), "text"),
        (("01234", "98765"), "category"),
        (("+49 30 123456", "+1 555 123456"), "category"),
        ((), "category"),
    ],
)
def test_a_custom_columns_type_is_guessed_from_its_values(values: tuple[str, ...], kind: str) -> None:
    assert type_of(a_column(*values)) == kind


def test_ids_are_no_quantities() -> None:
    assert type_of(a_column("1001", "1002", name="Associated Company IDs")) == "category"


def test_many_different_words_are_text() -> None:
    assert type_of(a_column(*(f"name {n}" for n in range(150)))) == "text"


@pytest.mark.parametrize(
    ("values", "order", "form", "is_open"),
    [
        (("2026-04-03", "2026-04-04 09:30"), None, None, False),
        (("03/04/2026", "13/04/2026"), None, "%d/%m/%Y", False),
        (("03/04/2026", "04/13/2026"), None, "%m/%d/%Y", False),
        (("03/04/2026",), None, "%d/%m/%Y", True),
        (("03/04/2026",), "month-first", "%m/%d/%Y", False),
        (("13/04/2026", "04/13/2026"), None, "%d/%m/%Y", True),
        (("13/04/2026",), "month-first", "%d/%m/%Y", False),
        (("03.04.2026",), None, "%d.%m.%Y", False),
        (("3/14/2026, 9:05 AM",), None, "%m/%d/%Y, %I:%M %p", False),
        (("3/14/26 21:05:10",), None, "%m/%d/%y %H:%M:%S", False),
        (("14 Mar 2026",), None, "%d %b %Y", False),
        (("1772355600000",), None, "epoch ms", False),
    ],
)
def test_the_form_of_moments_is_decided_by_the_whole_column(
    values: tuple[str, ...], order: DateOrder | None, form: str | None, is_open: bool
) -> None:
    found = moments_of(a_column(*values), order)
    assert found is not None
    assert (found.form, found.is_open) == (form, is_open)


@pytest.mark.parametrize("value", ["soon", "12", "1.5", "20260401"])
def test_what_is_no_moment_is_none(value: str) -> None:
    assert moments_of(a_column(value)) is None


@pytest.mark.parametrize(
    ("name", "plain", "factor"),
    [
        ("Revenue (M)", "revenue", 1e6),
        ("revenue_mn", "revenue", 1e6),
        ("Annual Revenue in thousands", "annualrevenue", 1e3),
        ("Revenue in USD", "revenueinusd", 1.0),
    ],
)
def test_a_name_may_say_what_a_number_counts(name: str, plain: str, factor: float) -> None:
    assert scale_of(name) == (plain, factor)
