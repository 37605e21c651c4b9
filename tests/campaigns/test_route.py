"""Routing chooses the sequence that fits most closely and the owners who may work the lead, and says why not others."""

from datetime import date

from campaigns.route import Alternative, Routable, Route, match, match_all, products_of
from campaigns.team import Team

DAY = date(2026, 3, 18)
TEAM = Team.model_validate(
    {
        "owners": [
            {"email": "ana@us.example", "name": "Ana", "capacity": 3, "territories": ["europe"], "languages": ["de"]},
            {"email": "ben@us.example", "name": "Ben", "capacity": 3,
             "away": [{"from": date(2026, 3, 17), "until": date(2026, 3, 19)}]},
            {"email": "cem@us.example", "name": "Cem", "capacity": 3, "products": ["verify"]},
            {"email": "dia@us.example", "name": "Dia", "capacity": 3},
        ],
        "escalate_to": "dia@us.example",
        "territories": {"europe": ["germany", "france"]},
        "languages": {"de": ["germany"]},
    }
)  # fmt: skip
FOR_ALL = Route("for-all", "1")
VOICE = Route("voice", "2", products=frozenset({"voice ai"}))
GERMAN_VOICE = Route("german-voice", "3", products=frozenset({"voice ai"}), languages=frozenset({"de"}))
ANN = Routable("ann@acme.example", country="Germany", products=frozenset({"voice ai"}), priority="HIGH")


def test_the_sequence_that_asks_for_most_and_gets_it_is_chosen() -> None:
    found = match(ANN, (FOR_ALL, VOICE, GERMAN_VOICE), TEAM, DAY)
    assert found.route == GERMAN_VOICE
    assert [one.email for one in found.owners] == ["ana@us.example", "dia@us.example"]
    assert found.alternatives == (
        Alternative("voice", "fits less closely than german-voice"),
        Alternative("for-all", "fits less closely than german-voice"),
        Alternative("ben@us.example", "is away on 2026-03-18"),
        Alternative("cem@us.example", "sells verify; what fits is voice ai"),
    )


def test_a_lead_that_nothing_fits_is_not_routed_and_told_why() -> None:
    unknown = Routable("x@y.example")
    found = match(unknown, (GERMAN_VOICE,), TEAM, DAY)
    assert (found.route, found.why_not) == (None, "no sequence fits")
    assert found.alternatives[0] == Alternative("german-voice", "is for voice ai; what fits is not known")


def test_of_equally_close_sequences_the_first_is_chosen() -> None:
    high = Route("high", "4", priorities=frozenset({"HIGH"}))
    assert match(ANN, (high, VOICE), TEAM, DAY).route == high
    assert match(ANN, (VOICE, high), TEAM, DAY).route == VOICE


def test_many_leads_are_matched_as_one_is() -> None:
    leads = [ANN, Routable("b@acme.example", country="France"), Routable("c@acme.example", country="Germany")]
    routes = (FOR_ALL, VOICE, GERMAN_VOICE)
    assert match_all(leads, routes, TEAM, DAY) == [match(lead, routes, TEAM, DAY) for lead in leads]


def test_products_come_from_the_fit_and_the_web_site() -> None:
    assert products_of(60, ["communication"]) == {"voice ai", "messaging"}
    assert products_of(59, ["chat"]) == frozenset()
    assert products_of(None) == frozenset()
