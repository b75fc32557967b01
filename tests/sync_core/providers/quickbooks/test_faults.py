import pytest

from sync_core.errors import AuthorizationLost, ProviderRefused, SyncError, ThrottledError, TransientError
from sync_core.providers.quickbooks.faults import Refused, error_of, fault_in


def fault(code: str, kind: str = "ValidationFault", detail: str = "Because.") -> dict[str, object]:
    return {"Fault": {"Error": [{"Message": "No", "Detail": detail, "code": code, "element": "Name"}], "type": kind}}


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (401, fault("3200", "AUTHENTICATION"), AuthorizationLost),
        (200, fault("3200", "AuthenticationFault"), AuthorizationLost),
        (403, fault("3100", "AuthorizationFault"), AuthorizationLost),
        (400, fault("120"), AuthorizationLost),
        (429, fault("3001", "SERVICE"), ThrottledError),
        (200, {"fault": {"error": [{"message": "slow", "code": "3001"}], "type": "SERVICE"}}, ThrottledError),
        (500, {}, TransientError),
        (200, {}, TransientError),
        (200, fault("10000", "SystemFault"), TransientError),
        (400, fault("6240"), Refused),
        (200, fault("2500"), Refused),
        (400, fault("6190"), ProviderRefused),
    ],
)
def test_every_fault_says_whose_turn_it_is(status: int, answer: dict[str, object], expected: type[SyncError]):
    error = error_of(fault_in(answer), status=status, endpoint="POST /x", retry_after=None)
    assert type(error) is expected


def test_a_throttled_call_waits_a_minute_unless_the_answer_names_a_time():
    said = fault_in(fault("3001"))
    waits = [error_of(said, status=429, endpoint="GET /x", retry_after=named) for named in (None, 7.0)]
    assert [error.retry_after for error in waits if isinstance(error, ThrottledError)] == [60.0, 7.0]


def test_a_reason_names_the_element_and_no_address():
    said = fault_in(fault("6240", detail="The name ada@example.com exists."))
    assert said is not None
    assert said.words == "Name: The name [e-mail] exists"


def test_an_answer_without_a_fault_has_none():
    assert fault_in({"Customer": {}}) is None
    assert fault_in({"Fault": {"Error": []}}) is not None
