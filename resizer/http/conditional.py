"""Conditional requests: may the client keep what it has? (RFC 9110 §13)"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_ENTITY_TAG = re.compile(r'[ \t]*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)')


def not_modified(
    etag: str, last_modified: datetime, if_none_match: str | None, if_modified_since: str | None
) -> bool:
    """Whether a GET or HEAD is answered 304.

    If-Modified-Since counts only without If-None-Match (§13.1.3).
    """
    if if_none_match is not None:
        return matches(if_none_match, etag)
    if if_modified_since is not None:
        since = http_date(if_modified_since)
        return since is not None and last_modified <= since
    return False


def matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison (§13.1.2): lists, weak tags and `*`; what is malformed matches nothing."""
    if if_none_match.strip(" \t") == "*":
        return True
    position, tags = 0, set()
    while position < len(if_none_match):
        tag = _ENTITY_TAG.match(if_none_match, position)
        if tag is None:
            if if_none_match[position] not in " \t,":
                return False
            position += 1
            continue
        tags.add(tag[1])
        position = tag.end()
    return etag in tags


def http_date(text: str) -> datetime | None:
    """An HTTP date (§5.6.7), aware; None when it is none and the condition is to be ignored."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
