from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from resizer.aio.retries import retry_after


def test_retry_after_is_a_number_or_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=60)
    assert retry_after("7") == 7
    assert 58 <= retry_after(format_datetime(soon, usegmt=True)) <= 60
    assert retry_after("Sun, 01 Mar 2026 12:00:00 -0000") == 0


def test_nobody_is_asked_for_more_than_a_day() -> None:
    assert retry_after("9" * 400) == retry_after("Fri, 31 Dec 9999 23:59:59 GMT") == 86_400


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "-1", "²", "٣", "Sun, 01 Mar 99999999999999999999 12:00:00 GMT"),
        "Sun, 01 Mar 2026 12:00:00 +9999999999999999",
    ],
)
def test_what_is_neither_asks_for_no_time(value: str) -> None:
    assert retry_after(value) == 0
