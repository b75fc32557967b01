"""Stripe's error answers: status, type, code, parameter (docs.stripe.com/api/errors, docs.stripe.com/error-codes)."""

from typing import Any


class ApiError(Exception):
    """An answer of the API that is an error; `extra` goes into the error object beside the usual fields."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 - Stripe's own word for it
        code: str | None = None,
        param: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.extra = extra or {}

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body, naming the request in the log address as Stripe does."""
        error: dict[str, Any] = {"message": str(self), "type": self.type}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}?t=1"
        error.update(self.extra)
        return {"error": error}


def missing_object(kind: str, object_id: str, *, param: str, status: int) -> ApiError:
    """No such object: 404 when the path names it, 400 when a parameter does."""
    return ApiError(f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param)


def missing_parameter(param: str) -> ApiError:
    """A required parameter was left out."""
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown_parameters(params: list[str]) -> ApiError:
    """Parameters that the endpoint does not know."""
    plural = "s" if len(params) > 1 else ""
    return ApiError(
        f"Received unknown parameter{plural}: {', '.join(params)}", code="parameter_unknown", param=params[0]
    )


def empty_parameter(param: str) -> ApiError:
    """An empty string for a parameter that cannot be unset."""
    return ApiError(
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; "
        f"however '{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty value.",
        code="parameter_invalid_empty",
        param=param,
    )
