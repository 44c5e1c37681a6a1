import json
import logging
import pydoc
import sys

from resizer.telemetry.log import JsonFormatter, logging_config


def entry(record: logging.LogRecord) -> dict[str, object]:
    text = JsonFormatter().format(record)
    assert "\n" not in text
    facts: dict[str, object] = json.loads(text)
    return facts


def record(message: str, *arguments: object, **facts: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"msg": message, "args": arguments, "levelname": "WARNING", "created": 1767323045.25}
    )
    vars(made).update(facts)
    return made


def test_a_message_is_one_line_of_json() -> None:
    assert entry(record("two\nlines of %s", "Zoë")) == {
        "time": "2026-01-02T03:04:05.250Z",
        "level": "warning",
        "event": "two\nlines of Zoë",
    }


def test_a_request_id_and_an_exception_go_along() -> None:
    try:
        raise KeyError("where")
    except KeyError:
        told = entry(record("failed", request_id="id-1", exc_info=sys.exc_info()))
    assert told["request_id"] == "id-1"
    assert "KeyError: 'where'" in str(told["exception"])


def test_libraries_are_quieter_than_the_gateway_and_look_the_same() -> None:
    config = logging_config("INFO")
    assert (config["root"]["level"], config["loggers"]["resizer"]["level"]) == ("WARNING", "INFO")
    assert pydoc.locate(config["formatters"]["json"]["()"]) is JsonFormatter
