"""Text as a few numbers: TF-IDF of words or of parts of words, projected on the directions in which texts differ most.

Latent semantic analysis (Deerwester et al. 1990, "Indexing by latent semantic analysis"), learned by scikit-learn's
TfidfVectorizer and TruncatedSVD. What was learned is plain data: terms, their weights, directions; from then on a text
is encoded here, since one request cannot wait for a vectorizer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import log, sqrt
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.feature_extraction.text import TfidfVectorizer

Parts = Literal["word", "char_wb"]
"""Words of a sentence, or three to four letters within a word: for names that are written in many ways."""

MOST_DIRECTIONS = 12
MOST_TERMS = 1_000
LEAST_TEXTS = 50
LEARNED_FROM = 20_000
"""Of more texts, so many evenly spread ones are learned from."""
LONGEST = 2_000
"""Characters of a text that count."""
LEAST_TEXTS_A_TERM = 5
PLACES = 6
WORD = re.compile(r"(?u)\b[^\W\d_][^\W\d_']{1,24}\b")
LETTERS = (3, 4)
"""Fewest and most letters of a part of a word."""


@dataclass(frozen=True)
class TextColumns:
    """A text feature's columns: how a text becomes at most twelve numbers."""

    parts: Parts
    terms: tuple[str, ...]
    weights: tuple[float, ...]
    """Inverse document frequency of each term."""
    directions: tuple[tuple[float, ...], ...]
    """Of each column a number for each term."""

    def encode(self, texts: Sequence[str | None]) -> "NDArray[np.float32]":
        """A matrix of shape (texts, directions); NaN where there is no text.

        A text gives the same numbers alone as among others: each is added up by itself, term by term, which matrix
        products do not promise.
        """
        import numpy as np

        matrix = np.full((len(texts), len(self.directions)), np.nan, dtype=np.float32)
        for at, text in enumerate(texts):
            if text is not None:
                matrix[at] = self._projected(str(text)[:LONGEST])
        return matrix

    def _projected(self, text: str) -> "NDArray[np.float64] | float":
        """What TfidfVectorizer (sublinear, Euclidean norm) makes of a text, times the directions."""
        import numpy as np

        counts: dict[int, int] = {}
        for part in parts_of(text.lower(), self.parts):
            place = self._places.get(part)
            if place is not None:
                counts[place] = counts.get(place, 0) + 1
        if not counts:
            return 0.0
        places = sorted(counts)
        weighed = [(1 + log(counts[place])) * self.weights[place] for place in places]
        length = sqrt(sum(weight * weight for weight in weighed))
        shares = np.array(weighed) / length
        return (shares[:, None] * self._by_term[places]).sum(axis=0)  # type: ignore[no-any-return]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {term: at for at, term in enumerate(self.terms)}

    @cached_property
    def _by_term(self) -> "NDArray[np.float64]":
        import numpy as np

        return np.ascontiguousarray(np.array(self.directions, dtype=np.float64).T)

    def to_plain(self) -> dict[str, object]:
        """As JSON keeps it."""
        return {
            "parts": self.parts, "terms": self.terms, "weights": self.weights, "directions": self.directions,
        }  # fmt: skip


def text_columns_from_plain(plain: Mapping[str, Any]) -> TextColumns:
    """Read what `to_plain` wrote."""
    return TextColumns(
        parts=plain["parts"],
        terms=tuple(plain["terms"]),
        weights=tuple(plain["weights"]),
        directions=tuple(tuple(one) for one in plain["directions"]),
    )


def learn_text(texts: Sequence[str], parts: Parts) -> TextColumns | None:
    """Learn columns from texts; None where they are too few, or share too little to learn from."""
    if len(texts) < LEAST_TEXTS:
        return None
    from sklearn.decomposition import TruncatedSVD

    step = -(-len(texts) // LEARNED_FROM)
    learned = [text[:LONGEST] for text in texts[::step]]
    vectorizer = _vectorizer(parts, min_df=LEAST_TEXTS_A_TERM, max_features=MOST_TERMS)
    try:
        weighed = vectorizer.fit_transform(learned)
    except ValueError:  # no term stands in five texts
        return None
    directions = min(MOST_DIRECTIONS, weighed.shape[1] - 1)
    if directions < 1:
        return None
    svd = TruncatedSVD(directions, n_iter=7, random_state=0).fit(weighed)
    return TextColumns(
        parts=parts,
        terms=tuple(str(term) for term in vectorizer.get_feature_names_out()),
        weights=tuple(round(float(weight), PLACES) for weight in vectorizer.idf_),
        directions=tuple(tuple(round(float(one), PLACES) for one in direction) for direction in svd.components_),
    )


@lru_cache(maxsize=8)
def parts_of(text: str, parts: Parts) -> tuple[str, ...]:
    """What a text in lower case is made of, as scikit-learn's analyzers cut it; remembered, for several models ask.

    >>> parts_of("the api", "word"), parts_of("ab  c", "char_wb")
    (('the', 'api'), (' ab', 'ab ', ' ab ', ' c '))
    """
    if parts == "word":
        return tuple(WORD.findall(text))
    found: list[str] = []
    for word in text.split():
        padded = f" {word} "
        for size in LETTERS:
            found += [padded[at : at + size] for at in range(max(1, len(padded) - size + 1))]
            if len(padded) <= size:  # a short word counts once
                break
    return tuple(found)


def _vectorizer(parts: Parts, **settings: Any) -> "TfidfVectorizer":
    from sklearn.feature_extraction.text import TfidfVectorizer

    pieces = {"token_pattern": WORD.pattern} if parts == "word" else {"ngram_range": LETTERS}
    return TfidfVectorizer(analyzer=parts, sublinear_tf=True, **pieces, **settings)
