"""Who answers a request and what it is told: of one pair of models, with what was missing, alike for the same lead."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from scoring.engine import Engine
from scoring.judging import Champions
from scoring.lead import NOTHING, LeadRequest, Stored
from scoring.policy import Policy, policy, tier_meaning
from scoring.service import MOST_CONTRIBUTIONS, Scored, Service
from tests.factories import NOON
from tests.scoring.leads import RATES, both, leads_of_every_kind, wide_engine

NOBODY = Champions(None, None)
LEAD = LeadRequest.model_validate(
    {"company_name": "Acme", "industry": "SaaS", "call_notes": "They asked about pricing, urgent!", "seats": 90,
     "colour": "red"}
)  # fmt: skip


def second(target: Any = "progression") -> Engine:
    """A version 2 that says something else."""
    one = wide_engine(target)
    return replace(one, version="2", arrays=replace(one.arrays, intercept=one.arrays.intercept + 1.0))


def a_service(champions: Champions | None = None, challengers: Champions = NOBODY, **facts: Any) -> Service:
    return Service(champions or both(), challengers, policy(), **facts)


def scored(service: Service, lead: LeadRequest = LEAD, stored: Stored = RATES, **asked: Any) -> Scored:
    return service.score(lead, stored, NOON, **asked)


def test_the_reply_adds_up_and_can_be_written_as_json() -> None:
    service = a_service()
    for lead in leads_of_every_kind(30, seed=11):
        told = service.told(scored(service, LeadRequest.model_validate(lead)))
        points = [one["points"] for one in told["contributions"]]
        assert told["base_points"] + sum(points) == pytest.approx(told["points"], abs=1e-9)
        assert told["qualification_score"] == round(told["points"])
        assert len(points) == MOST_CONTRIBUTIONS + 1
        assert [abs(one) for one in points[:-1]] == sorted(map(abs, points[:-1]), reverse=True)
        assert told["contributions"][-1] | {"points": 0} == {
            "feature": None, "value": None, "points": 0, "reason": "all else together",
        }  # fmt: skip
        assert orjson.loads(orjson.dumps(told))["models"] == {"progression": "1", "voice_ai": "1"}


def test_without_reasons_there_is_no_base_that_nothing_adds_up_with() -> None:
    service = a_service()
    told, quick = service.told(scored(service)), service.told(scored(service, explain=False))
    assert (quick["base_points"], quick["contributions"], quick["reasons"]) == (None, [], ())
    explained = ("base_points", "contributions", "reasons", "prediction_id")
    assert {n: v for n, v in quick.items() if n not in explained} == {
        n: v for n, v in told.items() if n not in explained
    }


def test_without_a_model_the_rules_answer_and_their_points_are_their_base() -> None:
    for champions in (NOBODY, Champions(None, wide_engine("voice_ai"))):
        service = a_service(champions, Champions(second(), None), challenger_share=1.0, pinned=frozenset({"voice_ai"}))
        told = service.told(scored(service))
        assert (told["answered_by"], told["models"]) == ("rules", {"progression": "rules", "voice_ai": "rules"})
        assert (told["base_points"], told["contributions"], told["horizon_days"]) == (told["points"], [], None)
        assert told["reasons"][0] == "scored by fixed rules, no model could be loaded"
        assert (told["unused"], scored(service).prediction.challenger) == (("colour", "seats"), None)


def test_a_progression_model_alone_answers_alone() -> None:
    told = a_service().told(scored(a_service(Champions(wide_engine(), None))))
    assert (told["voice_ai_fit"], told["models"]["voice_ai"]) == (None, "none")
    assert told["points"] == pytest.approx(100 * told["progression_probability"], abs=1e-3)


def test_what_nobody_said_and_what_no_model_knows_are_named() -> None:
    said = {"company_name": "Acme", "industry": None, "seats": None, "region": "north", "colour": "red", "size": None}
    told = scored(a_service(), LeadRequest.model_validate(said), NOTHING)
    assert {"industry", "custom.seats", "employees", "recent_progression"} <= set(told.missing)
    assert {"custom.region", "knows_company"}.isdisjoint(told.missing)
    assert (told.missing, told.unused) == (tuple(sorted(told.missing)), ("colour", "size"))


def test_a_challenger_in_the_shadow_is_noted_beside_the_champion_who_answers() -> None:
    service = a_service(challengers=Champions(second(), None))
    said = scored(service).prediction
    alone = scored(a_service(Champions(second(), wide_engine("voice_ai")))).prediction
    assert (said.answered_by, said.progression_version) == ("champion", "1")
    assert said.challenger == {"progression": {"version": "2", "probability": alone.progression_probability}}
    assert replace(said, challenger=None, prediction_id="") == replace(
        scored(a_service()).prediction, prediction_id="", call_id=said.call_id
    )


def test_a_lead_whom_the_challenger_gets_has_the_champion_beside() -> None:
    service = a_service(challengers=Champions(second(), second("voice_ai")), challenger_share=1.0)
    told = scored(service)
    said, champion = told.prediction, scored(a_service()).prediction
    assert (said.answered_by, said.progression_version, said.voice_ai_version) == ("challenger", "2", "2")
    assert said.challenger == {
        "progression": {"version": "1", "probability": champion.progression_probability},
        "voice_ai": {"version": "1", "probability": champion.voice_ai_probability},
    }
    assert service.told(told)["horizon_days"] == 14.0


def test_always_the_same_leads_go_to_the_challenger_and_as_many_as_was_asked_for() -> None:
    leads = [f"lead {n}@acme.com" for n in range(5_000)] + ["\ud800"]
    pair = Champions(second(), None)
    services = [a_service(challengers=pair, challenger_share=share) for share in (0.0, 0.1, 0.3, 1.0)]
    given = [set(filter(service.gives_to_challenger, leads)) for service in services]
    assert [len(one) / len(leads) for one in given] == pytest.approx([0.0, 0.1, 0.3, 1.0], abs=0.02)
    assert given[1] < given[2] < given[3]
    assert not a_service(challenger_share=1.0).gives_to_challenger(leads[0])


def test_a_version_that_was_pinned_says_so_and_answers_everybody() -> None:
    service = a_service(challengers=Champions(second(), None), challenger_share=1.0, pinned=frozenset({"progression"}))
    said = scored(service).prediction
    assert (said.answered_by, said.progression_version, list(said.challenger or {})) == ("pinned", "1", ["progression"])


def test_the_same_content_of_a_call_is_the_same_prediction_and_a_request_without_one_never_is() -> None:
    service = a_service()
    call = LEAD.model_copy(update={"call_id": "c1"})
    other = call.model_copy(update={"industry": "Retail"})
    ids = [scored(service, lead).prediction.prediction_id for lead in (call, call, other, LEAD, LEAD)]
    assert (ids[0] == ids[1], len(set(ids))) == (True, 4)
    assert scored(service).prediction.call_id.startswith("request:")


def test_the_stored_lead_is_who_is_told_of() -> None:
    known = replace(RATES, lead_id="ana@acme.com", features={"sentiment": 0.9})
    told = scored(a_service(), LEAD.model_copy(update={"lead_id": "old id"}), known)
    assert (told.prediction.lead_id, told.row["sentiment"] == 0.9) == ("ana@acme.com", False)


def test_another_policy_gives_another_answer_about_the_same_call() -> None:
    other = Policy.model_validate(policy().model_dump() | {"ae_handoff_at": 99, "nurture_at": 98})
    of_call = LEAD.model_copy(update={"call_id": "call:7"})
    before, after = scored(a_service(), of_call), scored(replace(a_service(), rules=other), of_call)
    assert before.prediction.prediction_id != after.prediction.prediction_id
    assert before.prediction.content_hash != after.prediction.content_hash
    assert before.prediction.features_hash == after.prediction.features_hash


def test_an_answer_about_a_call_is_kept_with_its_reasons_though_nobody_asked_for_them() -> None:
    of_call = scored(a_service(), LEAD.model_copy(update={"call_id": "call:7"}), explain=False)
    assert of_call.prediction.reasons
    told = a_service().told(of_call, explain=False)
    assert (told["reasons"], told["contributions"], told["base_points"]) == ((), [], None)


def test_a_date_that_a_model_learned_is_not_said_to_be_unused() -> None:
    for said, unused in (("2026-05-01", ()), (None, ()), ("soon", ("renewal",)), (5, ("renewal",))):
        asked = LeadRequest.model_validate({"company_name": "Acme", "renewal": said})
        assert scored(a_service(), asked).unused == unused, said


def test_the_reply_says_what_its_tier_means() -> None:
    told = a_service().told(scored(a_service()))
    assert told["tier_means"] == tier_meaning(told["tier"], policy(), 14.0)
    assert told["tier_means"].endswith(" likely to progress within 14 days")
    assert not a_service(NOBODY).told(scored(a_service(NOBODY)))["tier_means"].endswith("days")


def test_only_a_pinned_version_of_progression_makes_a_pinned_answer() -> None:
    by = [
        scored(a_service(pinned=frozenset(pins))).prediction.answered_by
        for pins in ({"voice_ai"}, {"progression"}, {"progression", "voice_ai"})
    ]
    assert by == ["champion", "pinned", "pinned"]
