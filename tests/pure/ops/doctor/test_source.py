from resizer.ops.doctor.source import RESULTS_CHECKS, SOURCE_CHECKS
from resizer.storage.kinds import KINDS


def test_doctor_knows_what_to_ask_of_each_kind_of_source() -> None:
    assert set(SOURCE_CHECKS) == set(KINDS)
    assert set(RESULTS_CHECKS) <= set(KINDS)
