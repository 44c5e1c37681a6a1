"""A short way to a plan under limits that most pictures are within."""

from typing import Any

from resizer.geometry import Size
from resizer.limits import Limits
from resizer.plan import Plan, plan
from resizer.transform import Transform

LIMITS = Limits(max_output_side=8192)


def planned(size: Size, **options: Any) -> Plan:
    return plan(size, Transform(**options), LIMITS)
