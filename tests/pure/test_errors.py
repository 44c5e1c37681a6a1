"""Clients read the messages of errors: each is a sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path

import resizer
from resizer import errors
from resizer.urls.options import OPTIONS

PACKAGE = Path(resizer.__file__).parent
COMMANDS = (PACKAGE / "cli", PACKAGE / "ops" / "warm")
"""What they say is for operators, after `resizer: `."""


def messages() -> Iterator[str]:
    """What the package's errors say, the values that are filled in shown as `{}`."""
    for path in PACKAGE.rglob("*.py"):
        if any(map(path.is_relative_to, COMMANDS)):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and _is_error(node.func):
                yield _text(node.args[0])


def _is_error(made: ast.expr) -> bool:
    kind = getattr(errors, made.id, None) if isinstance(made, ast.Name) else None
    return isinstance(kind, type) and issubclass(kind, errors.ResizerError)


def _text(message: ast.expr) -> str:
    if isinstance(message, ast.Constant):
        return str(message.value)
    if isinstance(message, ast.JoinedStr):
        return "".join(_text(part) or "{}" for part in message.values)
    return ""


def test_every_message_is_a_sentence() -> None:
    found = [message for message in messages() if message]
    assert len(found) > 40
    starts = ("{}", *OPTIONS)
    for message in found:
        assert message[0].isupper() or message.startswith(starts), message
        assert message.endswith("."), message
