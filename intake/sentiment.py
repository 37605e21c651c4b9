"""How a conversation sounds, by TextBlob's lexicon of about 3,000 words with negation and intensifiers."""

import re

LONG = re.compile(r"(\S{100})\S+")
"""What stands without a blank for so long is no word; TextBlob takes time with the square of its length."""


def sentiment_of(*texts: str | None) -> float | None:
    """Polarity of the texts together, -1 (hostile) to 1 (delighted); None where there are no words.

    >>> sentiment_of("They loved it.") > 0 > sentiment_of("A terrible, useless demo.")
    True
    """
    words = LONG.sub(r"\1", "\n".join(text for text in texts if text))
    if not words.strip():
        return None
    from textblob.en import sentiment  # what TextBlob(words).sentiment asks, without making a class for each answer

    return round(float(sentiment(words)[0]), 4)
