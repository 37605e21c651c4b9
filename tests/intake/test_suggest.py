"""A first mapping for a file nobody described: it can be followed as it is."""

import re
from pathlib import Path

import pytest

from intake.files import read_file
from intake.mapping import Mapping, load_mapping
from intake.suggest import recognise, suggest_mapping
from intake.tables import table_of
from ringback.errors import BadMapping
from tests.factories import NOON

STAGES = ("Closed Won", "Closed Lost", "Negotiation")


def a_deal(n: int) -> str:
    day, segment, opted_in = n % 28 + 1, "smb" if n % 2 else "large", "yes" if n % 3 else "no"
    return f'd{n},2026-01-{day:02}T10:00,Company {n},"{n},000",{segment},{opted_in},2026-02-{day:02},{STAGES[n % 3]}\n'


FILE = "Deal ID,Create Date,Account Name,Employees,Segment,Opted In,Close Date,Stage\n" + "".join(
    map(a_deal, range(1, 61))
)


def suggested(text: str, folder: Path) -> Mapping:
    path = folder / "suggested.toml"
    path.write_text(suggest_mapping(text, "crm"))
    return load_mapping(path)


def test_columns_are_recognised_by_name_and_content(tmp_path: Path) -> None:
    mapping = suggested(FILE, tmp_path)
    assert mapping.columns == {
        "id": "Deal ID", "called_at": "Create Date", "company": "Account Name", "employees": "Employees",
    }  # fmt: skip
    assert mapping.custom == {"Segment": "category", "Opted In": "flag"}
    outcome = mapping.outcomes["progression"]
    assert (outcome.column, outcome.positive, outcome.negative, outcome.known_at) == (
        "Stage", ["Closed Won"], ["Closed Lost"], "Close Date",
    )  # fmt: skip


def test_the_file_can_be_read_through_its_suggestion(tmp_path: Path) -> None:
    found = read_file(FILE, suggested(FILE, tmp_path), NOON)
    assert (found.rows, len(found.calls), len(found.outcomes), found.rejected) == (60, 60, 40, [])


def test_what_is_known_only_afterwards_is_proposed_for_exclusion(tmp_path: Path) -> None:
    text = "id,date,duration,Amount,y\n" + "".join(
        f"{n},2026-01-05,{n},9,{'yes' if n % 2 else 'no'}\n" for n in range(30)
    )
    assert set(suggested(text, tmp_path).exclude) == {"duration", "Amount"}


def test_columns_with_odd_names_can_be_followed_too(tmp_path: Path) -> None:
    text = 'id,date,"emp.var.rate","Größe ""x"" = 1"\n' + "".join(f"{n},2026-01-05,{n}.5,a\n" for n in range(30))
    assert suggested(text, tmp_path).custom == {"emp.var.rate": "number", 'Größe "x" = 1': "category"}


def test_a_file_without_id_or_time_needs_a_person() -> None:
    with pytest.raises(BadMapping, match=r"no column looks like '(id|called_at)'.*; --suggest drafts one"):
        recognise(table_of("name,colour\na,red\na,red\n"), "calls")


def test_what_no_column_looks_like_is_left_open_in_a_draft_and_marked(tmp_path: Path) -> None:
    text = "Deal ID,Deal Name,Company,Close Date,Deal Stage\n1,A,Acme,2026-01-02,Closed Won\n"
    draft = suggest_mapping(text)
    assert 'called_at = ""  # OPEN: write which column of the file it is\n' in draft
    mapping = suggested(text, tmp_path)
    assert mapping.columns == {"id": "Deal ID", "title": "Deal Name", "company": "Company", "called_at": ""}
    (tmp_path / "filled.toml").write_text(draft.replace('called_at = ""', 'called_at = "Close Date"'))
    assert len(read_file(text, load_mapping(tmp_path / "filled.toml"), NOON).calls) == 1


def test_a_file_whose_rows_all_have_another_number_of_cells_says_so() -> None:
    with pytest.raises(BadMapping, match="none of the 2 rows of crm has as many cells as its first line, 2; the first"):
        suggest_mapping("email,name\na@b.com,Bo, the Great\nc@d.com,Ana, too\n", kind="leads")


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        (("2026-01-01", "01.02.2026", "soon"), r"(such as '2026-01-01', '01.02.2026', 'soon')"),
        (("", "", ""), "; 'Create Date' is named so, but is empty"),
    ],
)
def test_a_column_that_is_named_like_a_time_and_holds_none_is_named_with_its_values(
    dates: tuple[str, ...], says: str
) -> None:
    rows = "".join(f"{n},{date}\n" for n, date in enumerate(dates))
    with pytest.raises(BadMapping, match=re.escape(says)):
        recognise(table_of(f"Deal ID,Create Date\n{rows}"), "calls")


def test_a_column_that_is_named_like_an_address_and_holds_none_is_named_with_its_values() -> None:
    with pytest.raises(BadMapping, match="'Email' is named so, but holds no addresses \\('foo'\\)"):
        suggest_mapping("Email,Seats\nfoo,1\n", kind="leads")


@pytest.mark.parametrize("text", ["", "id,called_at\n"])
def test_a_file_without_rows_gives_nothing_to_recognise(text: str) -> None:
    with pytest.raises(BadMapping, match="has no rows below its first line"):
        suggest_mapping(text, "crm")


def test_a_file_in_which_nobody_is_named_needs_a_person() -> None:
    with pytest.raises(
        BadMapping, match="no column looks like an e-mail address, a name or a company among colour, size"
    ):
        suggest_mapping("colour,size\nred,1\n", kind="leads")
