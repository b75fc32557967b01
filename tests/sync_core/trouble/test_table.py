"""Every row of the table of troubles, through the real client against the simulator wherever a provider can say it."""

from pathlib import Path

import pytest

from sync_core.errors import (
    AuthorizationLost,
    DatabaseFailure,
    IntegrityError,
    OutcomeUnknown,
    ProviderRefused,
    SyncError,
    ThrottledError,
    Told,
    TransientError,
)
from sync_core.trouble import CATEGORIES, PATIENCE, ROWS, Row, look_up, trouble_of, trouble_of_code
from tests.sync_core.trouble.conftest import Asking

CORE = Path(__file__).parents[3] / "sync_core"
FAMILIES = {
    "idempotency_error",
    "AUTHENTICATION_ERROR",
    "RATE_LIMIT_ERROR",
    "API_ERROR",
    "INVALID_REQUEST_ERROR",
    "AuthenticationFault",
    "AUTHENTICATION",
    "AuthorizationFault",
    "AuthorizatonFault",
    "SystemFault",
    "ValidationFault",
}
OURS = {
    "stripe": {"no_remote_id", "status_not_settable", "evidence_submitted", "no_evidence"},
    "square": {"NO_REMOTE_ID", "NOT_OURS", "NOT_PAID", "PAID", "NEGATIVE_LINE", "LINES_EXCEED_TOTAL", "UNSUPPORTED"},
    "mailchimp": {"NO_REMOTE_ID", "NOT_FOUND", "EMAIL_TAKEN", "NO_EMAIL", "UNANSWERED", "ERROR_GENERIC"}
    | {"ERROR_CONTACT_EXISTS"},
    "quickbooks": {"NO_REMOTE_ID", "NOT_FOUND", "NOT_OURS", "APPLIED", "VOID", "STATUS", "NOT_SOLD", "NO_NAME"}
    | {"CURRENCY", "DECIMALS", "TOTAL"},
}
"""Codes of single records that the clients give themselves, or read in the entries of a bulk answer."""


def _of_ours(row: Row) -> bool:
    return row.code is not None and row.code in OURS.get(row.provider or "", ())


SAID = [row for row in ROWS if row.provider is not None and not _of_ours(row)]
IN_GENERAL = [row for row in ROWS if row.provider is None and row.status is not None]
OF_RECORDS = [row for row in ROWS if _of_ours(row)]
OF_OURS = [row for row in ROWS if row.provider is None and row.status is None]


def _name(row: Row) -> str:
    return "-".join(str(part) for part in row.key if part is not None)


def _status(row: Row) -> int:
    return {None: 400, "4xx": 418, "5xx": 500}.get(row.status, row.status)  # type: ignore[arg-type, return-value]


def _body(provider: str, status: int, code: str | None) -> object:
    family = code if code in FAMILIES else None
    own = None if family else code
    if provider == "stripe":
        return {"error": {"type": family or "invalid_request_error", "code": own, "message": "No."}}
    if provider == "square":
        return {"errors": [{"category": family or "OTHER_ERROR", "code": own or "SOMETHING", "detail": "No."}]}
    if provider == "mailchimp":
        return None if own == "NO_BODY" else {"title": (own or "").replace("_", " "), "status": status, "detail": "No."}
    return {"Fault": {"Error": [{"Message": "No", "Detail": "No.", "code": own or ""}], "type": family or ""}}


def _fault(provider: str, status: int, code: str | None) -> dict[str, object]:
    body = _body(provider, status, code)
    return {"kind": "error_before", "status": status, "body": "<html>" if body is None else body}


def _agrees(error: SyncError, row: Row) -> bool:
    """Whether the error's type says the same as the row's category."""
    if row.category == "rate_limit":
        return isinstance(error, ThrottledError)
    if row.category in ("network", "provider"):
        return isinstance(error, TransientError) and not isinstance(error, ThrottledError)
    if row.category in ("authentication", "authorization") and row.severity == "error" and row.code != "6190":
        return isinstance(error, AuthorizationLost)
    return isinstance(error, ProviderRefused | OutcomeUnknown)


@pytest.mark.parametrize("row", SAID, ids=_name)
def test_what_a_provider_says_becomes_the_error_of_its_row(asking: Asking, row: Row) -> None:
    provider, status = row.provider or "", _status(row)

    error = asking(provider, _fault(provider, status, row.code))

    assert trouble_of(error) == row.trouble
    assert _agrees(error, row), type(error)
    assert error.told is not None
    assert (error.told.provider, error.told.status) == (provider, status)


@pytest.mark.parametrize("row", IN_GENERAL, ids=_name)
def test_a_status_means_the_same_at_a_provider_without_a_row_for_it(asking: Asking, row: Row) -> None:
    status = _status(row)
    assert look_up("giftland", status, None) == row.trouble
    assert look_up("giftland", status, "something_new", family="new_error") == row.trouble
    if look_up("stripe", status, None) == row.trouble:
        error = asking("stripe", _fault("stripe", status, None))
        assert trouble_of(error) == row.trouble
        assert _agrees(error, row), type(error)


@pytest.mark.parametrize("row", OF_RECORDS, ids=_name)
def test_the_code_of_a_single_record_s_refusal_leads_to_its_row_and_is_one_that_the_client_gives(row: Row) -> None:
    provider, code = row.provider or "", row.code or ""
    assert trouble_of_code(provider, code) == row.trouble
    source = "".join(path.read_text() for path in (CORE / "providers" / provider).glob("*.py"))
    assert f'"{code}"' in source or code in ("ERROR_CONTACT_EXISTS", "EMAIL_TAKEN")


def test_an_answer_that_does_not_come_in_time_is_of_the_network(asking: Asking) -> None:
    error = asking("square", {"kind": "delay", "seconds": 0.1}, timeout=0.03)
    assert trouble_of(error) == look_up(None, None, "timeout")


def test_a_connection_that_breaks_is_of_the_network(asking: Asking) -> None:
    error = asking("square", {"kind": "drop_before"})
    assert trouble_of(error) == look_up(None, None, "connection_failed")


def test_a_server_without_tls_is_of_the_network_and_not_asked_again(asking: Asking) -> None:
    error = asking("square", tls=True)
    assert trouble_of(error) == look_up(None, None, "tls_refused")


def test_a_provider_that_is_left_alone_for_a_while_is_the_trouble(asking: Asking) -> None:
    error = asking("square", {"kind": "error_before", "status": 503}, times=6)
    assert trouble_of(error) == look_up(None, None, "breaker_open")


def test_an_answer_that_nobody_can_read_is_the_provider_s_trouble(asking: Asking) -> None:
    for provider in ("square", "mailchimp", "quickbooks"):
        error = asking(provider, {"kind": "error_before", "status": 200, "body": "<html>"})
        assert trouble_of(error) == look_up(None, None, "unreadable")


@pytest.mark.parametrize("row", OF_OURS, ids=_name)
def test_a_code_of_our_own_is_one_that_is_given_somewhere(row: Row) -> None:
    code = row.code or ""
    assert trouble_of_code("stripe", code) == row.trouble
    if code.startswith("database_"):
        failed = DatabaseFailure("The database is away.", trouble=code.removeprefix("database_"))  # type: ignore[arg-type]
        assert trouble_of(failed) == row.trouble
    else:
        given = [p for p in CORE.rglob("*.py") if p.parent.name != "trouble" and f'"{code}"' in p.read_text()]
        assert given, f"nobody gives {code}"


def test_no_two_rows_are_about_the_same_and_each_says_what_comes_next() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.sentence.endswith("."), row
        assert ": " in row.sentence, row
        assert row.retry in PATIENCE


def test_every_category_but_the_unknown_has_a_row_and_what_nobody_foresaw_is_unknown() -> None:
    assert {row.category for row in ROWS} == set(CATEGORIES) - {"unknown"}
    assert trouble_of(KeyError("x")).category == "unknown"


def test_what_always_must_hold_and_does_not_is_critical() -> None:
    assert trouble_of(IntegrityError("Broken.")).severity == "critical"


def test_a_code_tells_more_than_a_status_and_a_status_more_than_a_family() -> None:
    assert look_up("square", 403, "CLIENT_DISABLED") != look_up("square", 403, None)
    found = look_up("square", 403, "SOMETHING_NEW", family="AUTHENTICATION_ERROR")
    assert found is not None
    assert found.category == "authorization"


@pytest.mark.parametrize("title", ["Compliance Related", "ComplianceRelated"])
def test_a_title_of_mailchimp_s_is_known_in_either_spelling(asking: Asking, title: str) -> None:
    error = asking("mailchimp", {"kind": "error_before", "status": 503, "body": {"title": title, "status": 503}})
    assert trouble_of(error) == look_up("mailchimp", 503, "COMPLIANCE_RELATED")


def test_a_refusal_without_a_code_is_what_its_status_says() -> None:
    assert trouble_of_code("mailchimp", "HTTP_404") == look_up("mailchimp", 404, None)
    assert trouble_of_code("stripe", "http_409") == look_up("stripe", 409, None)
    assert trouble_of_code("square", "HTTP_418").category == "validation"


def test_an_error_keeps_what_was_told_and_no_words() -> None:
    error = TransientError("It failed.", told=Told("stripe", 500, "api_error"))
    assert trouble_of(error) == look_up("stripe", 500, None)
