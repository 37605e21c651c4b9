"""The history of a lead's score, over HTTP and at the terminal."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from json import loads

import pytest
import typer
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.routers import history as route
from database import keys
from database.history import answers_about
from database.identities import Merge, move
from database.people import publish_leads
from database.prediction_log import Logged, keep_logged
from database.predictions import keep_predictions
from database.session import writing
from flows.history_command import add_to
from ringback.clock import now
from ringback.errors import NoModel
from scoring.engine import compiled
from scoring.judging import Champions
from scoring.lead import NOTHING, LeadRequest
from scoring.policy import policy
from scoring.service import Scored, Service
from tests.factories import DAY, HOUR, NOON, a_lead, a_prediction
from tests.scoring.engines import Registered
from tests.training.synthetic import trained

KeyFor = Callable[..., dict[str, str]]
ANA = "ana@acme.com"
PATH = f"/api/leads/{ANA}/score-history"


def scored(service: Service, hours: int, sentiment: float) -> Scored:
    lead = LeadRequest(company_name="Acme", email=ANA, call_id="fellow:one", sentiment=sentiment)
    return service.score(lead, NOTHING, NOON + hours * HOUR)


@pytest.fixture
def ana(client: TestClient) -> Iterator[TestClient]:
    """Ana's call was scored, the tone corrected and scored again, and again by the rules, each an hour later."""
    one = compiled(Registered(trained().encoding, trained().model))
    by_model = Service(Champions(one, None), Champions(None, None), policy())
    by_rules = Service(Champions(None, None), Champions(None, None), policy())
    answers = [scored(by_model, 0, -0.5), scored(by_model, 1, 0.5), scored(by_rules, 2, 0.5)]
    keep_logged("log", 0, 1, [Logged(one.prediction, one.row) for one in answers], NOON)
    route._engine.cache_clear()
    yield client
    route._engine.cache_clear()


def test_each_answer_says_what_changed_since_the_one_before(ana: TestClient, key_for: KeyFor) -> None:
    told = ana.get(PATH, headers=key_for("read")).json()
    last, corrected, first = told["answers"]
    assert (told["lead_id"], told["further"], first["change"]) == (ANA, None, None)
    assert [one["answered_by"] for one in told["answers"]] == ["rules", "champion", "champion"]
    assert (first["predicted_at"], first["call_id"]) == ("2026-03-18T12:00:00Z", "fellow:one")
    parts = corrected["change"]["parts"]
    delta = corrected["points"] - first["points"]
    assert (parts["correction"], parts["features"], parts["model"], parts["code"], parts["reproduced"]) == (
        pytest.approx(delta, abs=1e-9), 0, 0, 0, True,
    )  # fmt: skip
    assert (parts["by_feature"][0]["feature"], parts["by_feature"][0]["kind"]) == ("sentiment", "correction")
    assert last["change"]["models_changed"] == ["progression 1 → rules", "voice_ai none → rules"]
    assert last["change"]["parts"]["model"] == pytest.approx(last["points"] - corrected["points"], abs=1e-9)


def test_the_history_comes_in_pages(ana: TestClient, key_for: KeyFor) -> None:
    reader = key_for("read")
    whole = ana.get(PATH, headers=reader).json()["answers"]
    page = ana.get(f"{PATH}?limit=1", headers=reader).json()
    paged = page["answers"]
    while page["further"]:
        page = ana.get(PATH, params={"limit": 1, **page["further"]}, headers=reader).json()
        paged += page["answers"]
    assert paged == whole
    earlier = ana.get(f"{PATH}?before=2026-03-18T14:30:00%2B01:00", headers=reader).json()
    assert earlier["answers"] == whole[1:]
    assert ana.get(f"{PATH}?before=0001-01-01T00:00:00%2B14:00", headers=reader).json()["answers"] == []
    assert ana.get(f"{PATH}?before=9999-12-31T23:59:59-14:00", headers=reader).json()["answers"] == whole


def test_a_merged_lead_is_found_by_its_old_id_and_an_unknown_one_is_not(ana: TestClient, key_for: KeyFor) -> None:
    with writing() as connection:
        move(connection, [Merge("company:a/b", ANA, "the same e-mail address")], NOON + DAY)
    reader = key_for("read")
    assert ana.get("/api/leads/company:a%2Fb/score-history", headers=reader).json()["lead_id"] == ANA
    assert ana.get("/api/leads/nobody/score-history", headers=reader).status_code == 404
    assert ana.get(PATH, headers=key_for("score")).status_code == 403
    assert ana.get(f"{PATH}?limit=101", headers=reader).status_code == 422


def test_a_version_that_cannot_be_loaded_is_told_and_not_tried_at_every_request(
    ana: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def fail(target: str, version: str) -> None:
        tried.append(version)
        raise NoModel("version 1 of progression is gone")

    monkeypatch.setattr(route, "engine_of_version", fail)
    for _ in range(2):
        change = ana.get(PATH, headers=key_for("read")).json()["answers"][1]["change"]
        assert (change["parts"], change["because"]) == (None, "version 1 of progression is gone")
    assert tried == ["1"]
    monkeypatch.setattr(route, "TRY_AGAIN_AFTER_SECONDS", -1.0)
    ana.get(f"{PATH}?limit=1", headers=key_for("read"))
    ana.get(f"{PATH}?limit=1", headers=key_for("read"))
    assert tried == ["1", "1"]


def why(*arguments: str) -> str:
    """What `ringback why` prints; of a failure what it says."""
    app = typer.Typer()
    app.callback()(lambda: None)
    add_to(app)
    done = CliRunner().invoke(app, ["why", *arguments])
    return str(done.exception) if done.exit_code else done.output


def test_the_terminal_tells_the_last_change_in_sentences(ana: TestClient) -> None:
    last, corrected, first = answers_about(ANA, 3)
    delta = (corrected.prediction.points or 0) - (first.prediction.points or 0)
    lines = why(ANA, "--changes", "3").splitlines()
    assert lines[0] == ANA
    assert f"    {delta:+8.2f}  what was corrected of the same call" in lines
    assert any("Tone of the call +0.50 (-1 hostile, +1 delighted) (corrected, was: Tone of the call -0.50" in line
               for line in lines)  # fmt: skip
    assert lines[-1] == f"  {first.prediction.qualification_score} at 2026-03-18 12:00:00 UTC: its first score"
    assert [one["prediction_id"] for one in loads(why(ANA, "--json"))] == [last.prediction.prediction_id]


def test_the_page_tells_it_in_the_same_sentences(ana: TestClient) -> None:
    publish_leads([a_lead(lead_id=ANA)])
    ana.post("/sign-in", data={"key": keys.create("Maya", ("read",), now(), "a test")}, headers={"Accept": "text/html"})
    page = ana.get(f"/leads/{ANA}/changes", headers={"Accept": "text/html"}).text
    assert "Tone of the call +0.50 (-1 hostile, +1 delighted) (corrected, was: Tone of the call -0.50 (" in page


def test_the_terminal_tells_the_whole_change_since_a_moment(ana: TestClient) -> None:
    last, _, first = answers_about(ANA, 3)
    (told,) = loads(why(ANA, "--since", "2026-03-18T12:30", "--json"))
    assert told["change"]["since"] == first.prediction.prediction_id
    parts = told["change"]["parts"]
    whole = (last.prediction.points or 0) - (first.prediction.points or 0)
    assert parts["correction"] + parts["model"] == pytest.approx(whole, abs=1e-9)
    assert "nobody had asked for a score of 'ana@acme.com' by 2026-03-18 11:00:00" in why(
        ANA, "--since", "2026-03-18T11"
    )
    assert "'x' is no moment" in why(ANA, "--since", "x")
    assert "nobody has asked for a score of 'bo'" in why("bo")


def test_what_cannot_be_explained_is_said_at_the_terminal(ana: TestClient) -> None:
    keep_predictions([replace(a_prediction("old", 0.2, NOON - DAY, lead_id=ANA), reasons=())])
    assert "not told why: an answer is older than the keeping" in why(ANA, "--since", "2026-03-17T13")
    assert "not told by feature: fixed rules gave an answer" in why(ANA)


def test_a_number_is_no_moment(client: TestClient, key_for: KeyFor) -> None:
    answer = client.get("/api/leads/nobody/score-history?before=0", headers=key_for("read"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "query.before")
