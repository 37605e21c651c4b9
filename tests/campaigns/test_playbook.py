"""Playbook files are read as YAML 1.2, and every mistake is told at once with its line and the way out."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from campaigns.playbook import Mistaken, Part, as_it_stands, key_of, nearest, read
from ringback.errors import BadPlaybook


class Step(Part):
    wait: Annotated[int, Field(ge=0)]
    kind: Literal["mail", "call"] = "mail"


class Plan(Part):
    name: str
    since: date | None = None
    steps: tuple[Step, ...] = ()

    @field_validator("steps")
    @classmethod
    def _begins_at_once(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        if steps and steps[0].wait:
            raise Mistaken("the first step waits; it starts at once", 0, "wait")
        return steps


def refusal(folder: Path, text: str | bytes) -> list[str]:
    file = folder / "plan.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadPlaybook) as told:
        read(file, Plan)
    return str(told.value).splitlines()


def test_words_times_and_dates_mean_what_they_say(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("a: no\nb: 09:30\nc: 2026-03-01\nd: true\ne: 1e3\nf: ~\ng: [0o7, 12]\n")
    assert as_it_stands(file).values == {
        "a": "no", "b": "09:30", "c": "2026-03-01", "d": True, "e": 1000.0, "f": None, "g": ["0o7", 12]
    }  # fmt: skip


def test_a_file_is_read_as_its_model_and_known_by_its_hash(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("name: x\nsince: 2026-03-01\nsteps: [{wait: 0}, {wait: 3, kind: call}]\n")
    plan, text = read(file, Plan)
    assert plan == Plan(name="x", since=date(2026, 3, 1), steps=(Step(wait=0), Step(wait=3, kind="call")))
    file.write_text("name: y\n")
    assert read(file, Plan)[1].hash != text.hash


def test_all_mistakes_of_a_file_are_told_by_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, "nme: x\nsteps:\n  - wait: -1\n    kind: mial\n  - wiat: 4\n") == [
        "plan.yaml:1: name: is missing",
        "plan.yaml:1: nme: is not known here; did you mean 'name'?",
        "plan.yaml:3: steps[0].wait: input should be greater than or equal to 0 (it is -1)",
        "plan.yaml:4: steps[0].kind: 'mial' is not known; did you mean 'mail'?",
        "plan.yaml:5: steps[1].wait: is missing",
        "plan.yaml:5: steps[1].wiat: is not known here; did you mean 'wait'?",
    ]


def test_a_validator_can_point_below_what_it_looked_at(tmp_path: Path) -> None:
    told = refusal(tmp_path, "name: x\nsteps:\n  - kind: mail\n    wait: 2\n")
    assert told == ["plan.yaml:4: steps[0].wait: the first step waits; it starts at once"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [1", "plan.yaml:1: is not YAML: while parsing a flow sequence"),
        ("name: x\nname: y", "plan.yaml:2: name: stands twice; only one can count"),
        ("- 1", "plan.yaml:1: is empty or a list; it needs keys"),
        ("", "plan.yaml:1: is empty or a list; it needs keys"),
        ("name: !!python/object:x y", "plan.yaml:1: name: has the tag tag:yaml.org,2002:python/object:x"),
        ("\tname: x", "plan.yaml:1: is not YAML: while scanning"),
        (b"name: x\nsince: \xff", "plan.yaml:2: is not UTF-8; save it as UTF-8"),
        ("name: " + "[" * 60 + "]" * 60, "is nested too deeply"),
        ("? [a, b]\n: x\nname: x", "has a key that is no word"),
        ("name: x\nsince: soon", "plan.yaml:2: since: input should be a valid date"),
    ],
    ids=lambda text: str(text)[:20],
)  # fmt: skip
def test_what_no_playbook_has_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert said in "\n".join(refusal(tmp_path, text))


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadPlaybook, match=r"none.yaml: cannot be read: No such file"):
        read(tmp_path / "none.yaml", Plan)


def test_an_alias_bomb_is_no_bomb(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert refusal(tmp_path, bomb) == ["plan.yaml:2: is not YAML: has an alias; write what it stands for"]


def test_places_and_near_names_are_told_as_people_write_them() -> None:
    assert key_of(("steps", 2, "wait")) == "steps[2].wait"
    assert nearest("stpes", ["steps", "name"]) == "; did you mean 'steps'?"
    assert nearest("zzz", []) == ""
