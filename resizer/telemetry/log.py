"""How messages look: one line of JSON each, on standard output, like the access log."""

import json
import logging
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_ABOUT = ("request_id", "reason", "keys", "text")
"""What a record may carry beside its message, as `extra`."""


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        for name in _ABOUT:
            if value := getattr(record, name, None):
                entry[name] = value
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def timestamp(seconds: float) -> str:
    """Unix time as RFC 3339 in UTC, to the millisecond."""
    return f"{_whole_second(int(seconds))}.{int(seconds % 1 * 1000):03d}Z"


@lru_cache(maxsize=2)
def _whole_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def logging_config(level: str) -> dict[str, Any]:
    """The configuration of `logging` (dictConfig) for every process of a server."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "resizer.telemetry.log.JsonFormatter"}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stdout",
            }
        },
        "root": {"handlers": ["stdout"], "level": "WARNING"},
        "loggers": {"resizer": {"level": level}, "uvicorn": {"level": level}},
    }
