"""A short way to a plan under limits that most pictures are within."""

from typing import Any

from resizer.model.geometry import Size
from resizer.model.limits import Limits
from resizer.model.plan import Plan, plan
from resizer.model.transform import Transform

LIMITS = Limits(max_output_side=8192)


def planned(size: Size, **options: Any) -> Plan:
    return plan(size, Transform(**options), LIMITS)
