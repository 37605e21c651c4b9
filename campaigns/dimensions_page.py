"""The page of dimensions and facts, docs/dimensions.md: `python -m campaigns.dimensions_page` writes it anew.

A dimension's docstring says in its first paragraph what it means, and in its last `Points: … Source: … Missing: …`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from campaigns.comparisons import COMPARISONS, SAID
from campaigns.dimensions import BY_GROUP, DIMENSIONS, KNOWN_SHARE, Dimension
from campaigns.facts import FACTS, Fact

PAGE = Path(__file__).parent.parent / "docs" / "dimensions.md"
TOLD = re.compile(r"Points: (?P<points>.+?)\. Source: (?P<source>.+?)\. Missing: (?P<missing>.+?)\.?$", re.DOTALL)
HEAD = """# What a campaign makes of its members

Made by `python -m campaigns.dimensions_page` from the functions in `campaigns/`; a test compares both. A member's card
has {count} dimensions in five groups, 0 (speaks against it) over 50 (says nothing either way) to 100. Where no source
is named, points are assumptions, round on purpose. A dimension of which nothing is known has no points; a group's
points are the mean of the known ones by their weights, where at least {share} % of the weights is known.
"""
FACTS_HEAD = """
# What rules may name

Rules are files in `campaigns/playbook/qualification/`; `standard.yaml` is one. The first rule that holds decides; what
is not known makes a comparison unknown, and a rule of which it is unknown whether it holds does not decide. Conditions
are joined by `all`, `any` and `not`.

| fact | is | says |
|---|---|---|
"""
FOOT = """| `custom.NAME` | what it is compared with says | A column of an import: number, text, or date in ISO 8601. |

| comparison | goes with |
|---|---|
"""
NOTES = """| `known` | everything: `known: true`, `known: false` |

Texts are compared without regard to capitals. `contains` looks for letters anywhere in a text, and in a list for an
entry that is the word or has it as whole words. `matches` is a pattern of RE2, looked for anywhere. `between` includes
both ends. `before` and `after` a day leave the day out; `within_days` means to either side of now.

Values that change merely because days pass (marked *fades*) are no new decision as long as the outcome is the same.
"""


@dataclass(frozen=True, slots=True)
class Described:
    """What a dimension says of itself."""

    name: str
    weight: int
    meaning: str
    points: str
    source: str
    missing: str


def described(dimension: Dimension) -> Described:
    """A dimension's description; raises ValueError naming one that says too little."""
    paragraphs = [" ".join(part.split()) for part in (dimension.judge.__doc__ or "").strip().split("\n\n")]
    told = TOLD.fullmatch(paragraphs[-1])
    if told is None:
        raise ValueError(f"{dimension.name} does not say its points, source and what is missing")
    return Described(dimension.name, dimension.weight, paragraphs[0].rstrip("."), **told.groupdict())


def page() -> str:
    """The page as Markdown."""
    groups = "".join(_group(group, some) for group, some in BY_GROUP.items())
    facts = "".join(map(_fact, FACTS))
    compared = "".join(
        f"| `{name}` | {', '.join(SAID[kind] for kind in kinds)} |\n" for name, kinds in COMPARISONS.items()
    )
    head = HEAD.format(count=len(DIMENSIONS), share=round(100 * KNOWN_SHARE))
    return head + groups + FACTS_HEAD + facts + FOOT + compared + NOTES


def _group(group: str, dimensions: tuple[Dimension, ...]) -> str:
    names = ("dimension", "weight", "what it says", "points", "from", "missing where")
    rows = [
        f"| `{one.name}` | {one.weight} | {one.meaning} | {one.points} | {one.source} | {one.missing} |"
        for one in map(described, dimensions)
    ]
    return "\n".join((f"\n## {group}\n", f"| {' | '.join(names)} |", "|---" * len(names) + "|", *rows)) + "\n"


def _fact(fact: Fact) -> str:
    among = f" One of {', '.join(fact.among)}." if fact.among else ""
    fades = " *Fades.*" if fact.fades else ""
    return f"| `{fact.name}` | {SAID[fact.kind]} | {fact.says}{among}{fades} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
