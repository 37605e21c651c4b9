"""Log lines as JSON, one a line, to stderr."""

import logging
import time

import orjson


class JsonLines(logging.Formatter):
    """A record as one line of JSON: what was said, and the facts that came with it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a trace is in it as text."""
        facts = {
            "at": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z",
            "level": record.levelname, "logger": record.name, "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }  # fmt: skip
        if record.exc_info:
            facts["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(facts, default=str).decode()
