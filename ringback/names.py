"""Our own names as people read them."""

ABBREVIATIONS = frozenset({"ai", "ae", "auc", "crm", "ece", "id", "pr", "roc", "url"})


def spoken(name: object) -> str:
    """A name of ours as words: abbreviations in capitals, constants in small letters.

    >>> spoken("AE_HANDOFF"), spoken("mentions_voice_ai"), spoken("check-health")
    ('AE handoff', 'mentions voice AI', 'check health')
    """
    written = str(name).replace("_", " ").replace("-", " ")
    words = (written.lower() if written.isupper() else written).split()
    return " ".join(one.upper() if one in ABBREVIATIONS else one for one in words)


def headed(words: str) -> str:
    """Words with a capital at their beginning; the rest as it is.

    >>> headed("voice AI")
    'Voice AI'
    """
    return words[:1].upper() + words[1:]
