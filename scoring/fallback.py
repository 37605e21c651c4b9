"""The rules that answer where no model can: plain, coarse, and marked as what they are."""

from collections.abc import Mapping
from math import exp

from ringback.records import Value

VERSION = "rules"
CONFIDENCE = 0.5
"""How likely the rules are right, as far as anybody knows: no outcome was ever held against them.

It is no measure, and says just that nothing is known; it is a number so that who reads confidences finds one.
"""
USUAL_LOG_ODDS = -1.0


def by_rules(row: Mapping[str, Value]) -> tuple[float, float, tuple[str, ...]]:
    """Probability of progression, of Voice-AI fit, and the reasons, from what was said and how large the company is.

    The weights are judgement, not learned: they only have to be sane until a model is there. They start from how calls
    have been ending lately, where that is known.
    """
    weights = {
        "pricing_asked": (0.8, "pricing came up"),
        "next_meeting_set": (0.9, "a next meeting was spoken of"),
        "commitment": (0.8, "a step of buying was spoken of"),
        "urgency": (0.7, "something is urgent"),
        "objections": (-1.0, "an objection was raised"),
        "sentiment": (1.5, "the tone was warm"),
    }
    below_zero = {"sentiment": "the tone was cold"}
    log_odds, said = _number(row.get("recent_progression"), USUAL_LOG_ODDS), []
    for name, (weight, words) in weights.items():
        value = row.get(name)
        if isinstance(value, float) and value:
            log_odds += weight * value
            words = below_zero.get(name, words) if value < 0 else words
            said.append((abs(weight * value), f"{words} ({'raises' if weight * value > 0 else 'lowers'} the score)"))
    voice = _number(row.get("mentions_voice_ai")) + 0.5 * _number(row.get("voice_ai_indicators"))
    strongest = tuple(words for _, words in sorted(said, reverse=True)[:3])
    return _share(log_odds), _share(-1.5 + 1.2 * voice), ("scored by fixed rules, no model could be loaded", *strongest)


def _number(value: Value, otherwise: float = 0.0) -> float:
    return value if isinstance(value, float) else otherwise


def _share(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))
