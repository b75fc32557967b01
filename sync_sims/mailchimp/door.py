"""What every request passes before it reaches an endpoint: the key, the data center, the method, the JSON.

Source: mailchimp.com/developer/marketing/docs/fundamentals: HTTP Basic with any user name and the key as password, or a
bearer token; the key ends in the data center of its account ("-us19"), whose host is the only one that knows it.
"""

import base64
import binascii
import re
from typing import Any

import orjson

from sync_sims.accounts import Accounts
from sync_sims.mailchimp.errors import (
    bad_request,
    invalid_action,
    key_invalid,
    key_missing,
    override_refused,
    triggered,
    unreadable,
    wrong_datacenter,
)
from sync_sims.mailchimp.routes import METHODS, ROOT
from sync_sims.mailchimp.terms import DATACENTER
from sync_sims.wire import Request

_DATACENTER = re.compile(r"-([a-z]+\d+)$")
_HOST = re.compile(r"([a-z]+\d+)\.api\.mailchimp\.com(?::\d+)?")


def credential_of(request: Request) -> str:
    """The key or token, empty when there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                return base64.b64decode(value, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return ""
        case _:
            return ""


def datacenter_of(credential: str) -> str:
    """Where the account of this credential lives; a token does not say, and gets the simulator's own."""
    found = _DATACENTER.search(credential)
    return DATACENTER if found is None else found.group(1)


def account_for(request: Request, accounts: Accounts) -> str:
    """The account that the credential acts for.

    Raises:
        ApiError: 401; or the error that `X-Trigger-Error` asks for.
    """
    wanted = triggered(request.headers.get("x-trigger-error", ""))
    if wanted is not None:
        raise wanted
    credential = credential_of(request)
    if not credential:
        raise key_missing()
    account_id = accounts.account_id(credential)
    if account_id is None:
        raise key_invalid()
    return account_id


def check_host(request: Request, datacenter: str) -> None:
    """Refuse a request to another data center's host; any other host name is this simulator's.

    Raises:
        ApiError: 403.
    """
    found = _HOST.fullmatch(request.headers.get("host", ""))
    if found is not None and found.group(1) != datacenter:
        raise wrong_datacenter()


def check_batchable(path: str) -> None:
    """Refuse a batch within a batch.

    Raises:
        ApiError: 400.
    """
    if path.startswith(f"{ROOT}/batches"):
        raise invalid_action()


def method_of(request: Request) -> str:
    """The method meant: `X-HTTP-Method-Override` serves clients that only have GET and POST.

    Raises:
        ApiError: 422: the override is not on a POST, or names no method.
    """
    override = request.headers.get("x-http-method-override", "").upper()
    if not override:
        return request.method
    if request.method != "POST" or override not in METHODS:
        raise override_refused()
    return override


def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object; nothing at all and `null` are an empty one.

    Raises:
        ApiError: 400: the body is not JSON, or no object.
    """
    if not request.body:
        return {}
    try:
        given = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise unreadable() from None
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise bad_request("The request's body must be a JSON object.")
    return given
