"""How Square says no: `{"errors": [{category, code, detail, field}]}` with the codes of its published enumeration."""

from typing import Any, Literal

Category = Literal[
    "API_ERROR",
    "AUTHENTICATION_ERROR",
    "INVALID_REQUEST_ERROR",
    "RATE_LIMIT_ERROR",
    "PAYMENT_METHOD_ERROR",
    "REFUND_ERROR",
]


class Refused(Exception):
    """A request that Square answers with an error.

    `binds_key` says that the request got far enough for its idempotency key to belong to it from now on.
    """

    def __init__(self, status: int, error: dict[str, Any], *, binds_key: bool = False) -> None:
        super().__init__(f"{error['code']}: {error['detail']}")
        self.status = status
        self.error = error
        self.binds_key = binds_key

    @property
    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return {"errors": [self.error]}


def error(
    code: str, detail: str, *, field: str | None = None, category: Category = "INVALID_REQUEST_ERROR"
) -> dict[str, Any]:
    """One entry of `errors`; an absent field is left out."""
    entry = {"category": category, "code": code, "detail": detail}
    return entry if field is None else {**entry, "field": field}


def invalid(code: str, detail: str, *, field: str | None = None) -> Refused:
    """The request itself is wrong: HTTP 400."""
    return Refused(400, error(code, detail, field=field))


def missing(field: str) -> Refused:
    """A required field is absent or null."""
    return invalid("MISSING_REQUIRED_PARAMETER", "Field must be set", field=field)


def not_found(detail: str, *, field: str | None = None) -> Refused:
    """There is no such object: HTTP 404."""
    return Refused(404, error("NOT_FOUND", detail, field=field))
