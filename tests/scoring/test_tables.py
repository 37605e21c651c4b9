"""Files of leads are read a part at a time, whatever their kind, and what is no row is kept with its place."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ringback.errors import BadMapping, RingbackError
from scoring import tables
from scoring.tables import Source, source_of

Rows = list[dict[str, Any]]
Write = Callable[[str, bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return written


def rows_of(source: Source) -> Rows:
    return [row for table in source.batches() for row in table.to_pylist()]


def rows_in(path: Path) -> Rows:
    return rows_of(source_of(path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", b"company_name,industry\nM\xc3\xbcller,Retail\n"),
        ("marked.csv", b"\xef\xbb\xbfcompany_name,industry\nM\xc3\xbcller,Retail\n"),
        ("windows.csv", b"company_name;industry\r\nM\xfcller;Retail\r\n"),
        ("tabs.tsv", b"company_name\tindustry\nM\xc3\xbcller\tRetail"),
        ("bars.txt", b"company_name|industry\nM\xc3\xbcller|Retail\n"),
        ("packed.csv.gz", b"company_name,industry\nM\xc3\xbcller,Retail\n"),
        ("marked.jsonl", '\ufeff{"company_name":"Müller","industry":"Retail"}\n'.encode()),
        ("lines.jsonl", '{"company_name":"Müller","industry":"Retail"}\n'.encode()),
        ("packed.ndjson.gz", '{"company_name":"Müller","industry":"Retail"}'.encode()),
        ("blank.csv", b"company_name,industry\n\nM\xc3\xbcller,Retail\n\n"),
    ],
)
def test_the_same_rows_come_out_of_files_of_every_kind(name: str, content: bytes, write: Write) -> None:
    assert rows_in(write(name, content)) == [{"company_name": "Müller", "industry": "Retail"}]


@pytest.mark.parametrize("block", [3, 1 << 20])
def test_the_line_that_makes_a_file_windows_text_is_known(
    block: int, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BLOCK_BYTES", block)
    odd = source_of(write("odd.csv", b"company_name\nM\xc3\xbcller\nM\xfcller\nM\xfcller\n"))
    last = source_of(write("last.csv", b"company_name\nAcme\nCaf\xc3"))
    plain = source_of(write("plain.csv", b"company_name\nM\xc3\xbcller\n"))
    assert [(one.encoding, one.not_utf8_line) for one in (odd, last, plain)] == [
        ("cp1252", 3), ("cp1252", 3), ("utf-8", None),
    ]  # fmt: skip


def test_a_quoted_cell_may_hold_line_breaks_separators_and_quotes(write: Write) -> None:
    path = write("notes.csv", b'company_name,call_notes\nA,"one, ""two""\nthree"\nB,\n')
    assert rows_in(path) == [
        {"company_name": "A", "call_notes": 'one, "two"\nthree'},
        {"company_name": "B", "call_notes": None},
    ]


def test_columns_are_known_by_the_names_that_crms_give_them(write: Write) -> None:
    source = source_of(write("crm.csv", b"Account Name,Website,Number of Employees,Seats\nA,a.com,5,9\n"))
    assert source.fields == {"Account Name": "company_name", "Website": "domain", "Number of Employees": "employees"}


def test_a_column_with_a_field_s_own_name_comes_before_one_that_is_only_like_it(write: Write) -> None:
    source = source_of(write("both.csv", b"Company,company_name\nold,new\n"))
    assert source.fields == {"company_name": "company_name"}


def test_lines_that_are_no_rows_are_kept_with_their_number_and_the_others_keep_their_order(write: Write) -> None:
    source = source_of(write("torn.csv", b"company_name,industry\nA,1\nB\nC,2\nD,3,4\nE,5\n"))
    assert [row["company_name"] for row in rows_of(source)] == ["A", "C", "E"]
    assert source.misshapen == [(3, "B"), (5, "D,3,4")]


def test_json_lines_of_mixed_kinds_and_broken_ones(write: Write) -> None:
    lines = [
        b'{"company_name":"A","seats":5}', b'{"company_name":"B","seats":"many","late":true}', b'{"company_name":',
        b"", b"[1]", b'{"company_name":"C","seats":null,"big":18446744073709551615}',
        b'{"company_name":"D","big":-1}', b'{"company_name":"\\ud800"}',
    ]  # fmt: skip
    source = source_of(write("mixed.jsonl", b"\n".join(lines)))
    assert rows_of(source) == [
        {"company_name": "A", "seats": "5", "late": None, "big": None},
        {"company_name": "B", "seats": "many", "late": True, "big": None},
        {"company_name": "C", "seats": None, "late": None, "big": "18446744073709551615"},
        {"company_name": "D", "seats": None, "late": None, "big": "-1"},
    ]
    assert [number for number, _ in source.misshapen] == [3, 5, 8]


@pytest.mark.parametrize("name", ["none.csv", "none.csv.gz", "none.jsonl"])
def test_an_empty_file_is_refused(name: str, write: Write) -> None:
    with pytest.raises(BadMapping, match=r"none\.\S+ is empty"):
        source_of(write(name, b""))


@pytest.mark.parametrize("below", [b"\n", b"", b"\nA\n"])
def test_a_file_without_rows_is_one_part_without_any(below: bytes, write: Write) -> None:
    (table,) = source_of(write("header.csv", b"company_name,industry" + below)).batches()
    assert (table.num_rows, table.column_names) == (0, ["company_name", "industry"])


@pytest.mark.parametrize(
    ("name", "content", "because"),
    [
        ("utf16.csv", "company_name\nA".encode("utf-16"), "seems to be UTF-16 text; save it as UTF-8, or"),
        ("odd.csv", b"company_name\nM\xfc\x81\n", "neither UTF-8 nor Windows-1252"),
        ("twice.csv", b"company_name,x,x\nA,1,2\n", "two columns called 'x'"),
        ("nameless.csv", b"x,y\n1,2\n", "no column of company names among x, y"),
        ("broken.csv", b'"company\nname",x\nA,1\n', "are not all in one line"),
        ("no.parquet", b"company_name\nA\n", "damaged, or not the kind of file"),
        ("torn.parquet", b"PAR1", "damaged, or not the kind of file"),
        ("leads.parquet.gz", b"PAR1", "is none of .csv"),
        ("leads.xlsx", b"PK", "is none of .csv"),
        ("leads", b"company_name\n", "is none of .csv"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, content: bytes, because: str, write: Write) -> None:
    with pytest.raises(RingbackError, match=because):
        source_of(write(name, content))


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: b"not gzip at all", lambda packed: b""])
def test_a_damaged_gzip_is_refused(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "torn.csv.gz"
    path.write_bytes(damage(gzip.compress(b"company_name\n" + b"Acme\n" * 1000)))
    with pytest.raises(BadMapping):
        source_of(path)


def test_a_quotation_mark_that_is_never_closed_is_said(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BLOCK_BYTES", 200)
    path = write("open.csv", b'company_name,notes\nA,"once\n' + b"B,fine\n" * 100)
    with pytest.raises(BadMapping, match="a quotation mark that is never closed"):
        rows_in(path)


def test_two_columns_of_one_name_are_refused_in_parquet_too(tmp_path: Path) -> None:
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.table([pa.array(["A"]), pa.array([1]), pa.array([2])], names=["company_name", "x", "x"]), path)
    with pytest.raises(BadMapping, match="two columns called 'x'"):
        source_of(path)


def test_parts_are_read_one_after_the_other(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(tables, "BLOCK_BYTES", 40)
    names = [f"company {n}" for n in range(9)]
    lines = write("many.jsonl", b"\n".join(json.dumps({"company_name": name}).encode() for name in names))
    cells = write("many.csv", ("company_name\n" + "\n".join(names)).encode())
    for path in (lines, cells):
        parts = [[row["company_name"] for row in table.to_pylist()] for table in source_of(path).batches()]
        assert len(parts) >= 3
        assert [name for part in parts for name in part] == names


def test_a_file_s_stem_is_its_name_without_what_says_its_kind() -> None:
    names = ["leads.2026-03.csv", "leads.2026-04.csv.gz", "leads.PARQUET", "a.b"]
    assert [tables.stem_of(Path(name)) for name in names] == ["leads.2026-03", "leads.2026-04", "leads", "a.b"]
