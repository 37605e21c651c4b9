"""How far Dropcontact trusts an e-mail address: two words, `nominative@pro`, in English or French."""

import re
from dataclasses import dataclass
from unicodedata import combining, normalize


@dataclass(frozen=True, slots=True)
class Qualification:
    """What stands before and after the @, in English; words that are not known to us stay as they came, folded."""

    local_part: str = "unknown"
    """`nominative`, `catch_all`, `generic`, `do_not_contact`, `non_validated`, `invalid`; others may come."""
    domain: str = "unknown"
    """`pro`, `perso`, `school`, `disposable`, `invalid`; others may come."""

    @property
    def is_deliverable_work_address(self) -> bool:
        """The person's own address at work, which takes mail."""
        return self == Qualification("nominative", "pro")

    @property
    def is_work_address(self) -> bool:
        """An address at a company, whosever it is and whether or not it takes mail."""
        return self.domain == "pro"

    @property
    def is_shared(self) -> bool:
        """An address of nobody in particular, such as info@."""
        return self.local_part == "generic"

    @property
    def is_uncertain(self) -> bool:
        """The server takes mail for every name, or was not asked: it may bounce."""
        return self.local_part in ("catch_all", "non_validated", "unknown")

    @property
    def may_not_be_contacted(self) -> bool:
        """Whoever it is asked to be left alone."""
        return self.local_part == "do_not_contact"


ENGLISH = {
    "nominatif": "nominative",
    "nominative": "nominative",
    "generique": "generic",
    "catchall": "catch_all",
    "donotcontact": "do_not_contact",
    "nepascontacter": "do_not_contact",
    "nonvalidated": "non_validated",
    "nonvalide": "non_validated",
    "nonvalidee": "non_validated",
    "invalide": "invalid",
    "invaliddomain": "invalid",
    "domaineinvalide": "invalid",
    "ecole": "school",
    "jetable": "disposable",
    "professionnel": "pro",
    "personnel": "perso",
}
"""From a word without accents, blanks and hyphens. Documented are the English words and that French ones come, such as
`nominatif` and `generique`; the other French spellings are what one would expect."""


def qualification(said: str | None) -> Qualification:
    """Read a qualification in either language.

    >>> qualification("nominatif@pro") == qualification("Nominative@Pro")
    True
    >>> qualification("catch-all@pro").local_part, qualification("generic@invalid domain").domain
    ('catch_all', 'invalid')
    >>> qualification(None).is_deliverable_work_address
    False
    """
    local_part, _, domain = (said or "").partition("@")
    return Qualification(_word(local_part), _word(domain))


def _word(said: str) -> str:
    plain = "".join(letter for letter in normalize("NFKD", said.casefold()) if not combining(letter))
    words = re.findall(r"[a-z0-9]+", plain)
    return ENGLISH.get("".join(words), "_".join(words)) or "unknown"
