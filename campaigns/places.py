"""Where a lead is: countries by name or code, and the time zone of each."""

from functools import lru_cache

ALSO_CALLED = {
    "usa": "US", "u.s.": "US", "u.s.a.": "US", "united states of america": "US", "america": "US",
    "uk": "GB", "united kingdom": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "deutschland": "DE", "österreich": "AT", "schweiz": "CH", "españa": "ES", "brasil": "BR", "the netherlands": "NL",
    "holland": "NL", "south korea": "KR", "korea": "KR", "russia": "RU", "czech republic": "CZ", "vietnam": "VN",
    "uae": "AE", "ivory coast": "CI", "turkey": "TR", "türkiye": "TR",
}  # fmt: skip
MOST_LIVE_IN = {
    "CA": "America/Toronto", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "MX": "America/Mexico_City",
    "RU": "Europe/Moscow", "ID": "Asia/Jakarta", "KZ": "Asia/Almaty", "AR": "America/Argentina/Buenos_Aires",
    "CL": "America/Santiago", "CN": "Asia/Shanghai", "ES": "Europe/Madrid", "PT": "Europe/Lisbon",
    "NZ": "Pacific/Auckland", "UA": "Europe/Kyiv", "DE": "Europe/Berlin", "MY": "Asia/Kuala_Lumpur",
    "EC": "America/Guayaquil", "CD": "Africa/Kinshasa", "CY": "Asia/Nicosia", "UZ": "Asia/Tashkent",
    "PF": "Pacific/Tahiti", "US": "America/New_York",
}  # fmt: skip
"""Of countries with several zones."""
EASTERN, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
STATES = {
    "US": {
        EASTERN: "CT DE DC FL GA IN KY ME MD MA MI NH NJ NY NC OH PA RI SC VT VA WV",
        CENTRAL: "AL AR IL IA KS LA MN MS MO NE ND OK SD TN TX WI",
        MOUNTAIN: "CO ID MT NM UT WY", PACIFIC: "CA NV OR WA",
        "America/Phoenix": "AZ", "America/Anchorage": "AK", "Pacific/Honolulu": "HI",
    },
    "CA": {
        "America/Toronto": "ON QC", "America/Vancouver": "BC YT", "America/Edmonton": "AB NT", "America/Regina": "SK",
        "America/Winnipeg": "MB", "America/Halifax": "NS NB PE", "America/St_Johns": "NL",
    },
    "AU": {
        "Australia/Sydney": "NSW ACT", "Australia/Melbourne": "VIC", "Australia/Brisbane": "QLD",
        "Australia/Adelaide": "SA", "Australia/Darwin": "NT", "Australia/Perth": "WA", "Australia/Hobart": "TAS",
    },
}  # fmt: skip
"""The zone in which most of a state live."""
STATE_NAMES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND",
    "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "ontario": "ON", "quebec": "QC", "québec": "QC", "british columbia": "BC", "alberta": "AB", "manitoba": "MB",
    "saskatchewan": "SK", "nova scotia": "NS", "new south wales": "NSW", "victoria": "VIC", "queensland": "QLD",
    "south australia": "SA", "western australia": "WA", "tasmania": "TAS",
}  # fmt: skip


def zone_of(country: str | None, state: str | None, default: str) -> str:
    """The time zone of a place; `default` where the country is not known, or the US is without a state.

    >>> zone_of("United States", "CA", "America/Chicago"), zone_of("de", None, "America/Chicago")
    ('America/Los_Angeles', 'Europe/Berlin')
    """
    from pytz import country_timezones

    code = code_of(country)
    if code is None:
        return default
    if (stated := _zone_of_state(code, state)) is not None:
        return stated
    zones = list(country_timezones.get(code, ()))
    if default in zones:
        return default
    return MOST_LIVE_IN.get(code) or (zones[0] if zones else default)


def code_of(country: str | None) -> str | None:
    """The two letters of a country (ISO 3166-1) that is given by name or code; None where it is not known."""
    word = " ".join((country or "").split()).lower()
    return _codes().get(word) if word else None


def _zone_of_state(code: str, state: str | None) -> str | None:
    word = " ".join((state or "").split())
    short = STATE_NAMES.get(word.lower(), word.upper())
    zones = STATES.get(code, {})
    return next((zone for zone, states in zones.items() if short in states.split()), None)


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    from pytz import country_names

    named = {name.lower(): code for code, name in country_names.items()}
    return {code.lower(): code for code in country_names} | named | ALSO_CALLED
