"""Our own names as people read them."""

WRITTEN = {"linkedin": "LinkedIn", "mlflow": "MLflow"} | {
    name: name.upper() for name in ("ai", "ae", "auc", "crm", "ece", "id", "pr", "roc", "url")
}
"""Words that are not written in small letters."""


def spoken(name: object) -> str:
    """A name of ours as words: constants in small letters, what has its own writing in that.

    >>> spoken("AE_HANDOFF"), spoken("mentions_voice_ai"), spoken("linkedin-posts")
    ('AE handoff', 'mentions voice AI', 'LinkedIn posts')
    """
    written = str(name).replace("_", " ").replace("-", " ")
    words = (written.lower() if written.isupper() else written).split()
    return " ".join(WRITTEN.get(one, one) for one in words)


def headed(words: str) -> str:
    """Words with a capital at their beginning; the rest as it is.

    >>> headed("voice AI")
    'Voice AI'
    """
    return words[:1].upper() + words[1:]
