"""How QuickBooks says no: `{"Fault": {"Error": [{Message, Detail, code, element}], "type"}, "time"}`.

Sources: developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting (error codes, common errors), and
answers quoted in the issues of Intuit's own SDKs.
"""

from typing import Any, Literal

FaultType = Literal["ValidationFault", "AUTHENTICATION", "AUTHORIZATION", "SystemFault", "SERVICE"]

INACTIVE = (
    "Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors "
    "or employees."
)


class Refused(Exception):
    """A request that QuickBooks answers with a Fault."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str,
        *,
        element: str = "",
        status: int = 400,
        kind: FaultType = "ValidationFault",
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.kind: FaultType = kind
        self.error = {"Message": message, "Detail": detail, "code": code, "element": element}

    @property
    def fault(self) -> dict[str, Any]:
        """The Fault object."""
        return {"Error": [self.error], "type": self.kind}


def missing(parameter: str) -> Refused:
    """A required property is absent or empty."""
    return Refused(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {parameter} is missing in the request",
        element=parameter,
    )


def unsupported_property(name: str) -> Refused:
    """A property that the entity does not have, or of the wrong shape."""
    return Refused(
        "2010",
        "Request has invalid or unsupported property",
        f"Property Name:{name} specified is unsupported or invalid",
        element=name,
    )


def invalid_reference(element: str, why: str | None = None) -> Refused:
    """A reference to what does not exist or was made inactive."""
    return Refused("2500", "Invalid Reference Id", f"Invalid Reference Id : {why or element}", element=element)


def invalid_text(element: str, value: str) -> Refused:
    """A name with a character that names must not have."""
    return Refused(
        "2040",
        "Invalid String. The String may contain unsupported or illegal chars",
        f"Element contains invalid characters. {value}",
        element=element,
    )


def too_long(element: str, *, longest: int, length: int) -> Refused:
    """A text longer than its property holds."""
    return Refused(
        "2050",
        "String length is either shorter or longer than supported by specification",
        "String length specified does not match the supported length. "
        f"Min:0 Max:{longest:,} supported. Supplied length:{length:,}",
        element=element,
    )


def invalid_choice(element: str, value: object) -> Refused:
    """A value outside its enumeration."""
    return Refused("2170", "Invalid Enumeration", f"Invalid Enumeration : {value}", element=element)


def invalid_number(element: str, value: object) -> Refused:
    """Something that is no number where there must be one."""
    return Refused("2090", "Invalid Number", f"Invalid Number : {value}", element=element)


def invalid_email(element: str, value: str) -> Refused:
    """An address that is no e-mail address."""
    return Refused(
        "2210",
        "Invalid Email Address format",
        f"The email address does not conform to the syntax rules of RFC 822. Supplied value:{value}",
        element=element,
    )


def not_found() -> Refused:
    """There is no such object, or not any more."""
    return Refused("610", "Object Not Found", f"Object Not Found : {INACTIVE}")


def stale() -> Refused:
    """The SyncToken is not the object's current one."""
    return Refused(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and root were working on this at the same time. Root finished before you did, so "
        "your work was not saved.",
    )


def duplicate_name(users: str) -> Refused:
    """Another object bears the name; `users` says of what kind."""
    return Refused(
        "6240",
        "Duplicate Name Exists Error",
        f"The name supplied already exists. : Another {users} is already using this name. Please use a different name.",
    )


def unsupported_operation(operation: str) -> Refused:
    """The entity has no such operation, or there is no such entity."""
    return Refused("500", "Unsupported Operation", f"Operation {operation} is not supported.")


def business(detail: str) -> Refused:
    """A rule of bookkeeping forbids it."""
    return Refused(
        "6000",
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
    )
