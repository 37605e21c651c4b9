"""Sending a report: a mail to each executive, a line to Slack; without settings to the folder and the sandbox."""

from hashlib import sha256
from logging import getLogger

from reports.mail import Mail
from ringback.clock import now
from ringback.errors import RingbackError
from ringback.settings import settings
from vendors import mail, slack

log = getLogger("ringback.reports")


def send_report(name: str, letter: Mail) -> list[str]:
    """Send a report of this name to everybody in the settings; gives what could not be sent, in words.

    One that fails keeps the report from nobody else.
    """
    told = [_mailed(name, letter, to) for to in settings().report_to]
    return [words for words in (*told, _posted(letter)) if words]


def _mailed(name: str, letter: Mail, to: str) -> str | None:
    """The same report to the same person has the same Message-ID, by which receivers drop doubles."""
    domain = mail.address_of("RINGBACK_MAIL_FROM", settings().mail_from).domain
    message_id = f"<{name}.{sha256(to.lower().encode()).hexdigest()[:16]}@{domain}>"
    try:
        mail.sender(settings()).send(mail.Mail(to, letter.subject, letter.text, message_id, now(), html=letter.html))
    except RingbackError as failure:
        return f"the report could not be mailed to {to}: {failure}"
    return None


def _posted(letter: Mail) -> str | None:
    try:
        client = slack.connect(settings())
        if client is not None:
            slack.post(client, letter.text)
    except RingbackError as failure:
        return f"the report could not be posted to Slack: {failure}"
    return None
