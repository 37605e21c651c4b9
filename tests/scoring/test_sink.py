"""A file of scores is whole or not there, runs in no spreadsheet, and belongs to one run alone."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ringback.errors import RingbackError, WrongUsage
from ringback.settings import CHECKOUT
from scoring.sink import Sink

ODD = {
    "name": pa.array(["=cmd()", "-5", None]),
    "category": pa.array(["+1 (555)", "@x", "plain"]).dictionary_encode(),
    "large": pa.array(["=1", None, "b"], pa.large_string()),
    "list": pa.array([["=a", "b"], None, []]),
    "struct": pa.array([{"n": 1, "t": "=x"}, None, {"n": None, "t": None}]),
    "raw": pa.array([b"=x", None, b"y"]),
    "amount": pa.array([Decimal("1.50"), None, Decimal("-2.00")]),
    "moment": pa.array([datetime(2026, 3, 18, 9, 30), None, None]),
    "hour": pa.array([time(9, 30), None, None]),
    "nothing": pa.nulls(3),
    "flag": pa.array([True, None, False]),
    "=header": pa.array([1, 2, None]),
}


def written(table: pa.Table, path: Path) -> Path:
    sink = Sink(path)
    sink.write(table)
    sink.finish()
    return path


def test_no_cell_and_no_name_of_a_csv_file_is_run_by_a_spreadsheet(tmp_path: Path) -> None:
    import csv

    path = written(pa.table(ODD), tmp_path / "safe.csv")
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [*list(ODD)[:-1], "'=header"]
    assert rows[0] == [
        "'=cmd()", "'+1 (555)", "'=1", "'=a; b", "n: 1; t: =x", "'=x", "1.50", "2026-03-18 09:30:00.000000",
        "09:30:00.000000", "", "true", "1",
    ]  # fmt: skip
    assert rows[1][:3] == ["-5", "'@x", ""]


def test_json_lines_and_parquet_hold_every_type(tmp_path: Path) -> None:
    lines = written(pa.table(ODD), tmp_path / "all.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert (first["amount"], first["raw"], first["struct"], first["list"]) == (
        "1.50", "=x", {"n": 1, "t": "=x"}, ["=a", "b"],
    )  # fmt: skip
    assert pq.read_table(written(pa.table(ODD), tmp_path / "all.parquet")).num_rows == 3


def test_a_file_of_tabs_is_separated_by_tabs(tmp_path: Path) -> None:
    assert written(pa.table({"a": ["x"], "b": [1]}), tmp_path / "t.tsv").read_text() == '"a"\t"b"\n"x"\t1\n'


def test_a_file_appears_when_it_is_whole_and_leaves_nothing_when_it_is_given_up(tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet", "a.jsonl"):
        sink = Sink(tmp_path / name)
        sink.write(pa.table({"a": ["x"]}))
        assert not (tmp_path / name).exists()
        sink.give_up()
        assert list(tmp_path.iterdir()) == []


def test_later_parts_must_fit_the_first_but_in_json_lines(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "a.csv")
    sink.write(pa.table({"a": [1], "b": ["x"]}))
    sink.write(pa.table({"a": [2]}))
    with pytest.raises(WrongUsage, match=r"further fields \(c\)"):
        sink.write(pa.table({"a": [1], "c": [1]}))
    with pytest.raises(WrongUsage, match="of one kind in some rows"):
        sink.write(pa.table({"a": ["many"], "b": ["x"]}))
    sink.finish()
    assert (tmp_path / "a.csv").read_text() == '"a","b"\n1,"x"\n2,\n'
    lines = Sink(tmp_path / "a.jsonl")
    lines.write(pa.table({"a": [1]}))
    lines.write(pa.table({"b": ["x"]}))
    lines.finish()
    assert (tmp_path / "a.jsonl").read_text() == '{"a":1}\n{"b":"x"}\n'


def test_scores_are_not_written_to_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"not as a\.xlsx"):
        Sink(tmp_path / "a.xlsx")


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may grow beyond 8 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
def test_what_cannot_be_written_at_the_end_is_said_in_one_sentence_and_leaves_nothing(
    name: str, tmp_path: Path
) -> None:
    sink = Sink(tmp_path / name)
    sink.write(pa.table({"a": ["x" * 20]}))
    with pytest.raises(RingbackError, match=rf"{name} cannot be written \(File too large\); see"), no_room():
        sink.finish()
    sink.give_up()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl"])
def test_two_at_once_do_not_touch_each_other_s_rows(name: str, tmp_path: Path) -> None:
    one, other = Sink(tmp_path / name), Sink(tmp_path / name)
    whole = written(pa.table({"a": ["one"] * 3}), tmp_path / f"whole{Path(name).suffix}").read_bytes()
    one.write(pa.table({"a": ["one"] * 3}))
    other.write(pa.table({"a": ["other"] * 500}))
    one.finish()
    assert (tmp_path / name).read_bytes() == whole
    other.finish()
    assert len(list(tmp_path.iterdir())) == 2


def test_where_nothing_is_written_nothing_of_an_earlier_time_stays(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("of yesterday")
    Sink(tmp_path / "a.csv").give_up()
    assert (tmp_path / "a.csv").exists()
    Sink(tmp_path / "a.csv").finish()
    assert list(tmp_path.iterdir()) == []


def test_the_part_of_one_that_was_killed_is_removed_by_the_next_and_no_other(tmp_path: Path) -> None:
    killed = (
        "import os, signal, sys; import pyarrow as pa; from pathlib import Path; from scoring.sink import Sink; "
        "Sink(Path(sys.argv[1])).write(pa.table({'a': [1]})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run((sys.executable, "-c", killed, str(tmp_path / "a.csv")), cwd=CHECKOUT, check=False)
    (left,) = tmp_path.iterdir()
    others = [tmp_path / ".b.csv.0123abcd.part", tmp_path / ".a.csv.part"]
    for other in others:
        other.touch()
    at_work = Sink(tmp_path / "a.csv")
    at_work.write(pa.table({"a": [2]}))
    Sink(tmp_path / "a.csv").write(pa.table({"a": [3]}))
    assert not left.exists()
    assert all(other.exists() for other in others)
    at_work.finish()
    assert (tmp_path / "a.csv").read_text() == '"a"\n2\n'
