"""The team file: who fits which lead, and mistakes with their line."""

from datetime import date
from pathlib import Path

import pytest

from campaigns.team import Team, team
from ringback.errors import BadPlaybook

GOOD = """\
owners:
  - {email: Ana@us.example, name: A, capacity: 3, territories: [Europe], away: [{from: 2026-03-01, until: 2026-03-05}]}
escalate_to: boss@us.example
territories: {europe: [Germany, France]}
languages: {de: [Germany]}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "team.yaml").write_text(text)
    return folder


def test_a_team_knows_territories_languages_and_who_is_away(tmp_path: Path) -> None:
    read, file_hash = team(written(tmp_path, GOOD))
    ana = read.named("ANA@us.example")
    assert ana is not None
    assert (ana.email, ana.territories, len(file_hash)) == ("ana@us.example", ("europe",), 12)
    assert [ana.is_away(date(2026, 3, day)) for day in (5, 6)] == [True, False]
    assert read.territories_of(" germany ") == {"europe"}
    assert (read.language_of("Germany"), read.language_of("Peru"), read.language_of("Peru", "ES")) == ("de", "en", "es")


def test_the_playbook_s_own_team_can_be_read() -> None:
    read, _ = team()
    assert isinstance(read, Team)


@pytest.mark.parametrize(
    ("wrong", "instead", "said"),
    [
        ("capacity: 3", "capacity: 0", "team.yaml:2: owners[0].capacity: input should be greater than or equal to 1"),
        ("capacity: 3", "capcity: 3", "team.yaml:2: owners[0].capcity: is not known here; did you mean 'capacity'?"),
        ("[Europe]", "[Europa]", "owners[0].territories[0]: 'europa' is no territory; did you mean 'europe'?"),
        ("Ana@us.example", "Ana", "team.yaml:2: owners[0].email: must be an e-mail address, such as maya@ours.com"),
        ("until: 2026-03-05", "until: 2026-02-05", "team.yaml:2: owners[0].away[0].until: ends on 2026-02-05, before"),
        ("until: 2026-03-05", "until: tomorrow", "team.yaml:2: owners[0].away[0].until: input should be a valid date"),
        ("escalate_to: boss@us.example\n", "", "team.yaml:1: escalate_to: is missing"),
        ("languages: {de", "languages: {deutsch", "team.yaml:5: languages.deutsch: must be a language in two or three"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, wrong: str, instead: str, said: str) -> None:
    with pytest.raises(BadPlaybook) as told:
        team(written(tmp_path, GOOD.replace(wrong, instead)))
    assert said in str(told.value)


def test_an_owner_that_stands_twice_is_refused(tmp_path: Path) -> None:
    twice = GOOD.replace("escalate_to", "  - {email: ana@us.example, name: Ana, capacity: 1}\nescalate_to")
    with pytest.raises(BadPlaybook, match=r"ana@us\.example stands twice"):
        team(written(tmp_path, twice))
