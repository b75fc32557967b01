"""How Mailchimp says no: problem+json documents with a title that names the trouble.

Sources: mailchimp.com/developer/marketing/docs/errors (the glossary, whose names `X-Trigger-Error` takes) and recorded
answers, which show that the errors about members carry no `type`.
"""

from collections.abc import Sequence
from typing import Any

TYPE = "https://mailchimp.com/developer/marketing/docs/errors/"
NOT_VALIDATED = "The resource submitted could not be validated. For field-specific details, see the 'errors' array."


class ApiError(Exception):
    """A request that Mailchimp answers with an error; `fields` are pairs of a field and what is wrong with it."""

    def __init__(
        self, status: int, title: str, detail: str, *, typed: bool = True, fields: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(f"{title}: {detail}" + "".join(f" {field}: {message}" for field, message in fields))
        self.status = status
        self.title = title
        self.detail = detail
        self.typed = typed
        self.fields = tuple(fields)

    def body(self, instance: str) -> dict[str, Any]:
        """The answer's body; `instance` is the request's id."""
        kind = {"type": TYPE} if self.typed else {}
        document: dict[str, Any] = {
            **kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
        }
        if self.fields:
            document["errors"] = [{"field": field, "message": message} for field, message in self.fields]
        return document


def bad_request(detail: str) -> ApiError:
    """The request as a whole makes no sense."""
    return ApiError(400, "Bad Request", detail)


def invalid(*fields: tuple[str, str], detail: str = NOT_VALIDATED) -> ApiError:
    """The resource sent is wrong in the fields named."""
    return ApiError(400, "Invalid Resource", detail, fields=fields)


def not_found() -> ApiError:
    """There is no such thing."""
    return ApiError(404, "Resource Not Found", "The requested resource could not be found.")


def not_allowed(detail: str = "The requested method and resource are not compatible.") -> ApiError:
    """The method does not go with the resource as it is."""
    return ApiError(405, "Method Not Allowed", detail)


def member_exists(email: str) -> ApiError:
    """The address is on the list already."""
    detail = f"{email} is already a list member. Use PUT to insert or update list members."
    return ApiError(400, "Member Exists", detail, typed=False)


def forgotten(email: str) -> ApiError:
    """The address was deleted for good."""
    detail = (
        f"{email} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the"
        " list."
    )
    return ApiError(400, "Forgotten Email Not Subscribed", detail, typed=False)


def in_compliance_state(email: str) -> ApiError:
    """Only the person can subscribe again."""
    detail = (
        f"{email} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
    )
    return ApiError(400, "Member In Compliance State", detail, typed=False)


def too_many(limit: int | None) -> ApiError:
    """More requests under way than a user may have."""
    detail = f"You have exceeded the limit of {10 if limit is None else limit} simultaneous connections."
    return ApiError(429, "TooManyRequests", detail)


def key_missing() -> ApiError:
    """No credential."""
    return ApiError(401, "API Key Missing", "Your request did not include an API key.")


def key_invalid() -> ApiError:
    """A credential that opens nothing."""
    detail = "Your API key may be invalid, or you've attempted to access the wrong datacenter."
    return ApiError(401, "API Key Invalid", detail)


def wrong_datacenter() -> ApiError:
    """The account lives elsewhere."""
    return ApiError(403, "WrongDatacenter", "The API key provided is linked to a different data center.")


def invalid_action() -> ApiError:
    """The resource has no such action."""
    return ApiError(400, "Invalid Action", "The action requested was not valid for this resource.")


def unreadable() -> ApiError:
    """The body is not JSON."""
    return ApiError(400, "JSON Parse Exception", "We encountered an unspecified JSON parsing error.")


def override_refused() -> ApiError:
    """`X-HTTP-Method-Override` on something else than a POST."""
    detail = "You can only use the X-HTTP-Method-Override header with the POST method."
    return ApiError(422, "InvalidMethodOverride", detail)


def internal(status: int) -> ApiError:
    """An error on Mailchimp's side that still speaks JSON."""
    detail = "An unexpected internal error has occurred. Please contact Support for more information."
    return ApiError(status, "InternalServerError", detail)


_TRIGGERS: dict[str, ApiError] = {
    "BadRequest": bad_request("Your request could not be processed."),
    "InvalidAction": invalid_action(),
    "InvalidResource": invalid(detail="The resource submitted could not be validated."),
    "JSONParseError": unreadable(),
    "APIKeyMissing": key_missing(),
    "APIKeyInvalid": key_invalid(),
    "Forbidden": ApiError(403, "Forbidden", "You are not permitted to access this resource."),
    "UserDisabled": ApiError(403, "User Disabled", "This account has been disabled."),
    "WrongDatacenter": wrong_datacenter(),
    "ResourceNotFound": not_found(),
    "MethodNotAllowed": not_allowed(),
    "ResourceNestingTooDeep": ApiError(
        414, "ResourceNestingTooDeep", "The sub-resource requested is nested too deeply."
    ),
    "InvalidMethodOverride": override_refused(),
    "RequestedFieldsInvalid": ApiError(
        422, "RequestedFieldsInvalid", "The fields requested from this resource are invalid."
    ),
    "TooManyRequests": too_many(None),
    "InternalServerError": internal(500),
    "ComplianceRelated": ApiError(503, "ComplianceRelated", "This method has been disabled."),
}


def triggered(name: str) -> ApiError | None:
    """The error that the header `X-Trigger-Error: <name>` asks for; None for a name that the glossary does not have."""
    return _TRIGGERS.get(name)
