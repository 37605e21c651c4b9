"""Models are compared, made champion by hand, and tested in the shadow: as a person at the command line meets it."""

from collections.abc import Iterator
from dataclasses import replace
from json import loads
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from database.promotions import Promotion, ledger, promote
from database.serving import pin
from flows import deciding
from ringback.clock import now
from tests.conftest import forget_home
from tests.factories import DAY, HOUR
from tests.flows.test_command import ringback
from tests.flows.two_versions import (
    CALLS,
    FIRST_CALL,
    HALF_MATURED,
    LATER,
    SECOND,
    START,
    copy_of,
    found_home,
    learned,
)
from training import registry
from training.promotion import NewToBoth

END = LATER.replace(year=9999)


@pytest.fixture(scope="module")
def two_versions(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("two-versions")
        patch.setenv("RINGBACK_HOME", str(home))
        forget_home()
        found_home(home, migrated)
        yield home
    forget_home()


class Command:
    """`ringback models …` in a home of the test's own."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.patch, self.captured = patch, captured

    def __call__(self, *arguments: object, status: int = 0) -> str:
        """What it prints; on failure what it says of that."""
        self.captured.readouterr()
        assert ringback(self.patch, "models", *arguments) == status
        said = self.captured.readouterr()
        return said.err if status else said.out

    def facts(self, *arguments: object) -> Any:
        return loads(self(*arguments, "--json"))


@pytest.fixture
def models(
    two_versions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    copy_of(two_versions, tmp_path, monkeypatch)
    yield Command(monkeypatch, capsys)
    forget_home()


def aliases() -> dict[str, tuple[str, ...]]:
    return {version.version: version.aliases for version in registry.versions("progression")}


def decisions() -> list[tuple[str, str, str | None]]:
    return [(one.version, one.kind, one.because) for one in reversed(ledger("progression", END))]


def test_champion_and_challenger_are_compared_on_calls_since_both_were_trained(models: Command) -> None:
    found = models.facts("compare", "progression", "--as-of", LATER.isoformat())
    assert (found["champion"], found["challenger"], found["calls"]) == ("1", "2", CALLS)
    assert list(found["figures"]["2"]) == [
        "accuracy", "precision", "recall", "f1", "brier", "log_loss", "ece", "roc_auc", "pr_auc",
    ]  # fmt: skip
    assert found["figures"]["2"]["log_loss"] < found["figures"]["1"]["log_loss"]
    assert found["evidence"]["log_loss_gain"] == pytest.approx(
        found["figures"]["1"]["log_loss"] - found["figures"]["2"]["log_loss"]
    )
    assert (found["promote"], found["decided"], found["days_to_decide"]) == (True, True, 0)


def test_a_comparison_says_the_verdict_and_where_one_is_worse_in_words(models: Command) -> None:
    said = models("compare", "progression", "--as-of", LATER.isoformat())
    assert "on 300 calls since both were trained, whose outcome is known:" in said
    assert "version 2 is better: log loss lower by 0." in said
    assert "when it is known: decided on 300 calls" in said


def test_the_other_way_round_the_same_two_are_not_the_same(models: Command) -> None:
    found = models.facts("compare", "progression", "2", "1", "--as-of", LATER.isoformat())
    assert (found["champion"], found["challenger"], found["promote"], found["decided"]) == ("2", "1", False, True)


def test_only_outcomes_that_had_matured_count_as_of_a_moment(models: Command) -> None:
    assert models.facts("compare", "progression", "--as-of", HALF_MATURED.isoformat())["calls"] == 150


def test_with_too_few_common_calls_the_figures_of_each_are_called_not_comparable(models: Command) -> None:
    early = FIRST_CALL + 12 * DAY  # 49 calls are mature, in 28 days 1.75 a day
    said = models("compare", "progression", "--as-of", early.isoformat())
    assert "these are not comparable" in said
    assert "100 calls are needed to compare, there are 49 since both were trained, whose outcome is known" in said
    assert "in at least 30 days: at least 100 calls are needed, 49 are there, and 1.8 outcomes a day" in said


def test_versions_that_do_not_exist_are_wrong_usage_with_those_that_do(models: Command) -> None:
    assert "there are: 1, 2" in models("compare", "progression", "9", status=2)
    assert "there are progression, voice_ai" in models("compare", "conversion", status=2)
    assert "voice_ai has no champion" in models("compare", "voice_ai", status=2)
    assert "compared with itself" in models("compare", "progression", "1", "1", status=2)


def test_a_check_tells_all_and_changes_nothing(models: Command) -> None:
    said = models("promote", "progression", "2", "--because", "it hears the tone", "--check")
    assert "it answers the latest 200 calls, from 0." in said
    assert "version 2 is better: log loss lower by 0." in said
    assert said.endswith("nothing was changed\n")
    assert decisions() == [("1", "promotion", "weekly")]
    assert aliases() == {"1": ("champion",), "2": ("challenger",)}


def test_a_check_names_what_a_version_learned_from_that_there_is_no_more(models: Command) -> None:
    said = models("rollback", "progression", "--to", "1", "--because", "to see", "--check")
    assert "the latest calls lack what it learned from: tone_of_old" in said
    assert "sentiment" in said.split("it knows nothing of: ")[1].splitlines()[0]
    assert "nothing was changed: version 1 of progression is champion since 2024-03-01 00:00 UTC" in said


def test_a_promotion_by_hand_is_in_the_ledger_with_who_why_and_the_evidence(models: Command) -> None:
    models("promote", "progression", "2", "--because", "it hears the tone")
    latest = ledger("progression", END)[0]
    assert (latest.version, latest.kind, latest.because, latest.decided_by, latest.flow_run_id) == (
        "2", "promotion", "it hears the tone", deciding.person(), None,
    )  # fmt: skip
    assert "than version 1 on 300 calls since both were trained" in latest.reason
    assert latest.evidence["common_rows"] == 300
    assert aliases() == {"1": (), "2": ("champion",)}


def test_a_rollback_goes_to_the_champion_before_and_again_goes_no_further(models: Command) -> None:
    models("promote", "progression", "2", "--because", "it hears the tone")
    models("rollback", "progression", "--because", "too many alerts")
    assert "nothing was changed: version 1" in models("rollback", "progression", "--because", "too many alerts")
    assert decisions()[2:] == [("1", "rollback", "too many alerts")]
    assert aliases() == {"1": ("champion",), "2": ("challenger",)}
    assert "no champion of progression came before version 1" in models(
        "rollback", "progression", "--because", "still too many", status=2
    )


def test_two_that_decide_at_once_are_not_both_told_yes(models: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    check, later = deciding.check, Promotion("progression", now(), "3", "xgboost", "better", {})

    def checked_slowly(*asked: Any) -> deciding.Checked:
        found = check(*asked)
        promote(later)
        return found

    monkeypatch.setattr(deciding, "check", checked_slowly)
    said = models("promote", "progression", "2", "--because", "it hears the tone", status=2)
    assert "another version of progression became champion while version 2 was tried" in said
    assert [version for version, _, _ in decisions()] == ["1", "3"]


def test_a_pinned_version_is_told_of_whoever_decides(models: Command) -> None:
    pin("progression", "2", now(), "key ann")
    said = models("promote", "progression", "2", "--because", "it hears the tone")
    assert "but the service" not in said
    said = models("rollback", "progression", "--because", "2 answers nonsense")
    assert "version 1 of progression decides from now on" in said
    assert "but the service answers by version 2, pinned by key ann on" in said
    assert "POST /models/reload/champion?target=progression" in said
    assert [one["pinned"] for one in models.facts("list") if one["target"] == "progression"] == [False, True]
    assert "challenger, pinned" in models("list")


def test_a_rollback_to_a_version_that_never_decided_is_wrong_usage(models: Command) -> None:
    assert "was never champion, these were: 1" in models(
        "rollback", "progression", "--to", "2", "--because", "to see", status=2
    )


def test_a_reason_is_needed(models: Command) -> None:
    assert "--because is empty" in models("promote", "progression", "2", "--because", " ", status=2)
    assert "because" in models("promote", "progression", "2", status=2)


def test_one_that_is_killed_before_the_alias_moved_is_mended_by_the_same_again(
    models: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(target: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("flows.train.point_aliases", killed)
        models("promote", "progression", "2", "--because", "it hears the tone", status=130)
    assert aliases()["1"] == ("champion",)
    assert "nothing was changed: version 2" in models("promote", "progression", "2", "--because", "it hears the tone")
    assert aliases()["2"] == ("champion",)
    assert decisions() == [("1", "promotion", "weekly"), ("2", "promotion", "it hears the tone")]


def test_a_version_whose_answers_are_no_probabilities_does_not_take_over(
    models: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.standing.answers", lambda model, rows: np.array([np.nan, 1.5] * (len(rows) // 2)))
    told = models("promote", "progression", "2", "--because", "to see", status=2)
    assert "200 of its answers about the latest 200 calls are no probabilities" in told
    assert len(decisions()) == 1


def test_a_version_whose_files_are_gone_does_not_take_over(models: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from ringback.errors import NoModel

    def gone(target: str, version: str) -> registry.Loaded:
        raise NoModel(f"version {version} of {target} cannot be loaded")

    with monkeypatch.context() as patch:
        patch.setattr(registry, "load", gone)
        assert "cannot be loaded" in models("promote", "progression", "2", "--because", "to see", status=2)
    assert (len(decisions()), aliases()["1"]) == (1, ("champion",))


def test_the_ledger_answers_who_decided_on_a_day(models: Command) -> None:
    models("promote", "progression", "2", "--because", "it hears the tone")
    days = [START - DAY, START, START + 300 * DAY]
    found = [models.facts("ledger", "progression", "--on", f"{day:%Y-%m-%d}") for day in days]
    assert [[one["version"] for one in day] for day in found] == [[], ["1"], ["1"]]
    assert [one["version"] for one in models.facts("ledger", "progression")] == ["2", "1"]
    assert "no model decided: the rules did" in models("ledger", "progression", "--on", f"{START - DAY:%Y-%m-%d}")


def test_the_ledger_tells_the_decision_with_reason_evidence_person_and_run(models: Command) -> None:
    said = models("ledger", "progression", "--on", "2024-03-01T00:00")
    assert "promotion by the train flow in run run-1" in said
    assert "because: weekly" in said
    assert "evidence: first champion: ROC AUC 0.700 on 120 later calls" in said


NEW_TO_PAIR = CALLS - 13
"""Judged after the pair began to answer, sixty hours after the first call: each is two days after its call."""


def score_as_of(moment: Any) -> int:
    """Score what is open, and let the challenger answer; gives how many shadow answers are new."""
    from flows import score_leads as scoring

    champions, calls = scoring.champions_as_of(moment), scoring.open_calls(moment)
    scoring.answer.fn(scoring.unscored(calls, champions), champions, moment)
    return scoring.answer_in_shadow.fn(calls, champions, moment)


def score_all() -> list[int]:
    """Score every sixty hours until the last call has been held: no call has ended before it is scored."""
    return [score_as_of(FIRST_CALL + round_ * 60 * HOUR) for round_ in range(1, 6)]


def test_a_challenger_answers_each_call_that_the_champion_answers_once(models: Command) -> None:
    from database.shadow import shadow_answers

    assert [score_as_of(FIRST_CALL + 9 * HOUR), score_as_of(FIRST_CALL + 9 * HOUR)] == [10, 0]
    given = shadow_answers("progression", "1", "2", FIRST_CALL + DAY)
    assert [one.call_id for one in given] == sorted(f"fellow:n{n}" for n in range(10))
    assert all(one.champion_probability != one.challenger_probability for one in given)


def test_before_there_was_a_challenger_nothing_answers_in_the_shadow(models: Command) -> None:
    from training.standing import challenger_as_of

    assert challenger_as_of("progression", SECOND - HOUR) is None
    second = challenger_as_of("progression", SECOND)
    assert second is not None
    assert second.version == "2"


def test_a_challenger_that_cannot_be_loaded_stops_nothing(models: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.logging import disable_run_logger

    from ringback.errors import NoModel

    load = registry.load

    def only_the_first(target: Any, version: str) -> registry.Loaded:
        if version != "1":
            raise NoModel("its files are gone")
        return load(target, version)

    with monkeypatch.context() as patch, disable_run_logger():
        patch.setattr(registry, "load", only_the_first)
        assert score_as_of(FIRST_CALL + 9 * HOUR) == 0


def test_the_shadow_test_gives_the_verdict_on_what_both_said_before_the_calls_ended(models: Command) -> None:
    assert score_all() == [61, 60, 60, 60, 59]
    (found,) = models.facts("shadow", "progression", "--as-of", LATER.isoformat())
    assert (found["champion"], found["challenger"], found["answers"], found["calls"]) == ("1", "2", CALLS, NEW_TO_PAIR)
    compared = models.facts("compare", "progression", "--as-of", LATER.isoformat())
    assert found["evidence"]["log_loss_gain"] == pytest.approx(compared["evidence"]["log_loss_gain"], abs=0.02)
    assert found["promote"]


def test_the_three_counts_of_calls_new_to_both_are_each_said_in_words_of_their_own(models: Command) -> None:
    """For one pair they differ: what was held back in training, what is left since both were trained, what was live."""
    score_all()
    early = (FIRST_CALL + 12 * DAY).isoformat()
    (live,) = models.facts("shadow", "progression", "--as-of", early)
    later = models.facts("compare", "progression", "--as-of", early)
    assert (live["compared_on"], later["compared_on"]) == (
        "calls since both answer live, which both answered before they had ended",
        "calls since both were trained, whose outcome is known",
    )  # fmt: skip
    assert "what both answered live is compared by 'ringback models shadow progression'" in models(
        "compare", "progression", "--as-of", early
    )
    told = models("shadow", "progression", "--as-of", LATER.isoformat())
    assert f"on {NEW_TO_PAIR} calls since both answer live, which both answered before they had ended:" in told
    assert "new to both" not in told


@pytest.mark.usefixtures("models")
def test_a_training_compares_on_calls_since_the_champion_was_trained_or_since_the_rollback_to_it() -> None:
    from flows.train import compare
    from training.data import training_data

    data = training_data(LATER)["progression"]
    last = np.arange(CALLS - 100, CALLS)
    trained = replace(learned(), judged_rows=last, compared_probabilities=np.full(100, 0.5))
    champion = ledger("progression", END)[0]
    back = replace(champion, kind="rollback", decided_at=data.judged_at[-41].item())
    since_training, since_rollback = (compare(trained, data, one) for one in (champion, back))
    assert (len(since_training.y), since_training.calls) == (100, NewToBoth.IN_TRAINING)
    assert (len(since_rollback.y), since_rollback.calls) == (40, NewToBoth.AFTER_ROLLBACK)


def test_a_shadow_test_under_way_says_how_many_have_ended_and_when_it_is_known(models: Command) -> None:
    score_as_of(FIRST_CALL + 9 * HOUR)
    said = models("shadow", "progression", "--as-of", (FIRST_CALL + DAY).isoformat())
    assert "10 answers until 2024-03-09 09:00 UTC, 0 calls have ended" in said
    assert "no outcome has matured in the last 28 days: not to be said" in said
    assert "no challenger has answered beside a champion yet" in models("shadow", "voice_ai")
