"""The page of all features, docs/features.md, from the functions themselves: `python -m features.page` writes it anew.

A feature's docstring says in its first paragraph what it means, and in its second `Unit: ... Source: ... Missing: ...`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from features import CONVERSATION, ENGAGEMENT, FEATURES, FIRMOGRAPHIC, Feature

PAGE = Path(__file__).parent.parent / "docs" / "features.md"
FACTS = re.compile(r"Unit: (?P<unit>.+?)\. Source: (?P<source>.+?)\. Missing: (?P<missing>.+?)\.?$", re.DOTALL)
KINDS = (("company", FIRMOGRAPHIC), ("call", CONVERSATION), ("history", ENGAGEMENT))
HEAD = """# What a model may know of a call

Made by `python -m features.page` from the functions in `features/`; a test compares both. Every feature is a function
of what was known when the call is judged (docs/decisions/0001-data-flow.md): the same function serves training, batch
scoring and one request. "Missing" says when a feature is not known; that is never the same as zero.

| feature | kind | what it says | unit | from | missing where |
|---|---|---|---|---|---|
"""
FOOT = """
Phrases count as said unless they are denied in their clause ("not urgent", "we don't need voice", "Voice AI was ruled
out"); two negations undo each other, and "no problem", "not only" or "can't wait" deny nothing. Lines of our own people
do not count where the speakers can be told apart: by the addresses that Fellow gives with the action items, else by the
attendee whose address reads like the speaker's name. Where nobody can be told apart, all lines count.

News, posts and web functions are what enrichment bought (`enrichment/catalogue.py`), known from the moment it was
bought. Of several sources counts the one that stands first in `ringback/precedence.toml`.

## Custom fields

Every further column of an import becomes a feature `custom.NAME`.

| type | becomes |
|---|---|
| number, flag | a number; a flag is 1 or 0 |
| category | a column of ones and zeros for each of the forty most frequent values seen in at least ten rows |
| date | days before the call (negative after it), month, weekday |
| text that nearly always writes a number ("1,200", "€ 3.5k", "12 %") | a number; the decimal sign is learned |
| names of which most are rare | up to twelve numbers, from parts of words (TF-IDF, then truncated SVD) |
| free text (four words and more on average), and `notes_text` | up to twelve numbers, from words |
| an id: another single word, or another whole number in sequence, in every row | nothing |

Which of these a column is, is learned from the training rows and kept beside the model (`features/encoding.py`).
"""


@dataclass(frozen=True, slots=True)
class Described:
    """What a feature says of itself."""

    name: str
    kind: str
    meaning: str
    unit: str
    source: str
    missing: str


def described() -> list[Described]:
    """Every feature's description, in the order of `FEATURES`; raises ValueError naming one that says too little."""
    kinds = {feature.__name__: kind for kind, features in KINDS for feature in features}
    return [_described(feature, kinds[feature.__name__]) for feature in FEATURES]


def page() -> str:
    """The page as Markdown."""
    rows = [
        f"| `{one.name}` | {one.kind} | {one.meaning} | {one.unit} | {one.source} | {one.missing} |"
        for one in described()
    ]
    return HEAD + "\n".join(rows) + "\n" + FOOT


def _described(feature: Feature, kind: str) -> Described:
    paragraphs = [" ".join(part.split()) for part in (feature.__doc__ or "").strip().split("\n\n")]
    facts = FACTS.fullmatch(paragraphs[-1])
    if facts is None:
        raise ValueError(f"{feature.__name__} does not say its unit, source and what is missing; see features/page.py")
    return Described(feature.__name__, kind, paragraphs[0].rstrip("."), **facts.groupdict())


if __name__ == "__main__":
    PAGE.write_text(page())
