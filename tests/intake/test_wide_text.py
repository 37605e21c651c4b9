"""Text of two or four bytes a character is told by how it begins, and how it becomes UTF-8 is said."""

import gzip
from pathlib import Path

import pytest

from intake.wide_text import refuse_wide, wide_encoding
from ringback.errors import BadMapping

LINE = '{"company_name": "Zoë"}\n'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_it_is_told_by_its_mark_or_its_nuls(encoding: str) -> None:
    assert wide_encoding(LINE.encode(encoding)) == encoding


@pytest.mark.parametrize("beginning", [b"", b"{", b"{}\n", LINE.encode(), "Zoë".encode("cp1252"), bytes(4), b"PAR1"])
def test_other_bytes_are_none(beginning: bytes) -> None:
    assert wide_encoding(beginning) is None


def test_a_file_of_it_is_refused_with_the_command_that_converts_it(tmp_path: Path) -> None:
    (tmp_path / "leads.jsonl").write_bytes(LINE.encode("utf-16-le"))
    with pytest.raises(BadMapping) as refused:
        refuse_wide(tmp_path / "leads.jsonl")
    assert str(refused.value) == (
        "leads.jsonl seems to be UTF-16LE text; save it as UTF-8, or "
        "'iconv -f UTF-16LE -t UTF-8 leads.jsonl > utf8-leads.jsonl' does"
    )


def test_a_packed_one_is_refused_as_well_and_a_damaged_one_is_left_to_its_reader(tmp_path: Path) -> None:
    packed = tmp_path / "leads.jsonl.gz"
    packed.write_bytes(gzip.compress(LINE.encode("utf-16")))
    with pytest.raises(BadMapping, match=r"'gzip -dc leads\.jsonl\.gz \| iconv -f UTF-16 -t UTF-8 > utf8-"):
        refuse_wide(packed)
    packed.write_bytes(packed.read_bytes()[:12])
    refuse_wide(packed)
