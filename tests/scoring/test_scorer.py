"""Champions answer each call once, with reasons; where none can be loaded the rules answer, marked as such."""

from dataclasses import replace

import pytest

from features import build
from features.batches import featured
from features.confidence import ConfidenceModel
from ringback.records import Prediction, Snapshot
from scoring.fallback import by_rules
from scoring.judging import Champions
from scoring.policy import policy
from scoring.scorer import answer_rows, features_hash, score
from tests.factories import NOON, a_snapshot, company_facts
from tests.scoring.engines import an_engine
from tests.training.synthetic import snapshots

NOBODY = Champions(None, None)
HOSTILE = "=cmd()'; DROP TABLE calls;--<script>alert(1)</script>{{7*7}}"


@pytest.fixture(scope="module")
def champions() -> Champions:
    return Champions(an_engine("progression", "1"), an_engine("voice_ai", "4"))


def scored(champions: Champions, *asked: Snapshot) -> list[Prediction]:
    return list(score(map(featured, asked), champions, NOON))


WARM = a_snapshot("warm", company=company_facts(employees=100.0), notes="They asked about pricing.", sentiment=0.8)
COLD = a_snapshot("cold", company=company_facts(employees=100.0), notes="They were quiet.", sentiment=-0.8)


def test_a_warm_call_scores_higher_than_a_cold_one_and_says_why(champions: Champions) -> None:
    warm, cold = scored(champions, WARM, COLD)
    assert warm.qualification_score > cold.qualification_score
    assert any("Pricing came up once (raises" in reason for reason in warm.reasons)
    assert any("Tone of the call -0.80" in reason and "lowers" in reason for reason in cold.reasons)


def test_a_call_alone_is_answered_as_in_a_batch(champions: Champions) -> None:
    batch = scored(champions, *snapshots()[:20], WARM)
    assert scored(champions, WARM) == [batch[-1]]


def test_the_score_is_made_of_both_answers(champions: Champions) -> None:
    (both,), (alone,) = scored(champions, WARM), scored(Champions(champions.progression, None), WARM)
    assert (both.progression_version, both.voice_ai_version, both.voice_ai_fit is None) == ("1", "4", False)
    assert (alone.progression_version, alone.voice_ai_version, alone.voice_ai_fit) == ("1", "none", None)
    assert alone.qualification_score == round(100 * alone.progression_probability)


def test_the_same_content_and_versions_are_the_same_prediction(champions: Champions) -> None:
    (first,), (later,) = scored(champions, WARM), list(score([featured(WARM)], champions, NOON.replace(year=2027)))
    (edited,) = scored(champions, replace(WARM, notes="They were quiet."))
    (other,) = scored(Champions(champions.progression, None), WARM)
    assert first.prediction_id == later.prediction_id
    assert len({first.prediction_id, edited.prediction_id, other.prediction_id}) == 3


def test_confidence_is_that_of_the_version(champions: Champions) -> None:
    assert champions.progression is not None
    doubts = replace(champions.progression, confidence=ConfidenceModel(-1.0, 1.0, 0.0, 0.0, 500))
    (naive,), (doubting,) = (scored(Champions(engine, None), WARM) for engine in (champions.progression, doubts))
    p = naive.progression_probability
    assert naive.confidence == pytest.approx(max(p, 1 - p), abs=0.001)
    assert 0 < doubting.confidence < naive.confidence


def test_points_are_the_base_and_what_each_feature_did(champions: Champions) -> None:
    rows = [build(snapshot) for snapshot in snapshots()[:50]]
    for answer in answer_rows(rows, champions, policy()):
        assert answer.base_points + sum(answer.contributions.values()) == pytest.approx(answer.points, abs=1e-9)
        expected = 100 * (0.7 * answer.progression + 0.3 * (answer.voice_ai or 0.0))
        assert answer.points == pytest.approx(expected, abs=1e-9)


def test_equal_features_are_known_by_the_same_name(champions: Champions) -> None:
    (one,), (again,) = scored(champions, WARM), scored(champions, replace(WARM, call_id="another"))
    (other,) = scored(champions, COLD)
    assert one.features_hash == again.features_hash != other.features_hash
    assert one.features_hash == features_hash(build(WARM))
    assert one.content_hash == f"{one.features_hash}.{policy().fingerprint}"


def test_without_a_model_the_rules_answer_and_say_so() -> None:
    warm, cold = scored(NOBODY, WARM, COLD)
    assert (warm.progression_version, warm.voice_ai_version, warm.confidence) == ("rules", "rules", 0.5)
    assert warm.reasons[0] == "scored by fixed rules, no model could be loaded"
    assert warm.qualification_score > cold.qualification_score


def test_the_rules_can_answer_about_a_call_of_which_nothing_is_known() -> None:
    progression, voice_ai, said = by_rules({})
    assert 0 < voice_ai < progression < 0.5
    assert said == ("scored by fixed rules, no model could be loaded",)


def test_a_hostile_name_stays_data(champions: Champions) -> None:
    hostile = replace(WARM, company_name=HOSTILE)
    for who in (champions, NOBODY):
        (named,), (plain,) = scored(who, hostile), scored(who, replace(WARM, company_name="Acme"))
        assert replace(named, company_name="Acme") == plain
        assert named.company_name == HOSTILE


def test_a_call_without_a_name_takes_its_companys() -> None:
    (found,) = scored(NOBODY, a_snapshot(company=company_facts(name="Acme Inc")))
    assert found.company_name == "Acme Inc"


def test_no_calls_no_answers() -> None:
    assert scored(NOBODY) == []


def test_the_rules_call_a_tone_warm_or_cold_by_its_sign() -> None:
    assert by_rules({"sentiment": -0.5})[2][1:] == ("the tone was cold (lowers the score)",)
    assert by_rules({"sentiment": 0.5})[2][1:] == ("the tone was warm (raises the score)",)
