"""Numbers as people write them: "1,200", "€ 3.5k", "12 %"; how a column writes decimals is learned from all of it."""

import re
from collections import Counter
from collections.abc import Iterable

CURRENCY = r"(?:[$€£¥]|us\$|usd|eur|gbp|chf)"
WRITTEN = re.compile(
    rf"(?P<sign>[+-]?)\s*{CURRENCY}?\s*(?P<minus>-?)"
    r"(?P<digits>\d[\d.,'\u00a0\u202f ]*|[.,]\d+)\s*"
    rf"(?P<times>k|m|mn|mio|million|b|bn|billion|thousand)?\s*(?:%|{CURRENCY})?",
    re.IGNORECASE,
)
TIMES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9,
}  # fmt: skip
LONGEST = 40


def number_written(text: str, decimal: str = ".") -> float | None:
    """The number that a text writes, with `decimal` ("." or ",") before its fraction; None where it writes none.

    >>> number_written("€ 3.5k"), number_written("1.200,50 EUR", decimal=","), number_written("12 %")
    (3500.0, 1200.5, 12.0)
    >>> number_written("about 3") is None
    True
    """
    found = WRITTEN.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        return None
    digits = re.sub(r"[' \u00a0\u202f]", "", found["digits"])
    if digits.count(decimal) > 1:  # twice in one number, it can only group thousands
        digits = digits.replace(decimal, "")
    digits = digits.replace("," if decimal == "." else ".", "").replace(",", ".")
    try:
        number = float(digits) * TIMES.get((found["times"] or "").lower(), 1.0)
    except ValueError:
        return None
    return -number if "-" in (found["sign"], found["minus"]) else number


def decimal_sign(texts: Iterable[str]) -> str:
    """Whether these texts write fractions after a point or a comma, by those that can be read in one way only.

    >>> decimal_sign(["1,200", "3,5", "7"]), decimal_sign(["1,200", "800"])
    (',', '.')
    """
    votes = Counter(sign for text in texts if (sign := _surely(text)))
    return "," if votes[","] > votes["."] else "."


def is_code(text: str) -> bool:
    """Digits that number nothing: with leading zeros, or too long to be an amount.

    >>> is_code("00123"), is_code("4915112345678"), is_code("1200")
    (True, True, False)
    """
    plain = text.strip().removeprefix("+")
    return plain.isdigit() and (len(plain) > 12 or (len(plain) > 1 and plain.startswith("0")))


def _surely(text: str) -> str | None:
    signs = [sign for sign in text if sign in ".,"]
    if not signs:
        return None
    if len(set(signs)) == 2:
        return signs[-1]
    after = re.split(r"[.,]", text)[-1]
    fraction = re.match(r"\d*", after)
    grouped = fraction is not None and len(fraction[0]) == 3 and not text.lstrip("+-").startswith(("0", ".", ","))
    return None if len(signs) > 1 or grouped else signs[0]
