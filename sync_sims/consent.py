"""The page on which a seller lets an application in, and where it leads: a form for browsers, a redirect afterwards.

Providers ask the seller to sign in first; here the seller says which of the simulator's accounts is theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from sync_sims.grants import Application
from sync_sims.wire import Request, Response

ALLOW = "allow"
_HTML = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the seller said on the page: whether they allow, and which account is theirs."""

    allowed: bool
    account_id: str


def asked(request: Request) -> dict[str, str]:
    """The parameters that the application sent the seller with; in a posted form they come back as hidden fields."""
    return {**dict(request.query), **_form(request)}


def answer_in(request: Request) -> Answer | None:
    """The seller's answer; None while they are still looking at the page."""
    form = _form(request)
    if request.method != "POST" or "decision" not in form:
        return None
    return Answer(form["decision"] == ALLOW, form.get("account", ""))


def trouble(given: Mapping[str, str], application: Application | None) -> str | None:
    """Why the seller cannot be sent back at all (RFC 6749, 4.1.2.1): then nobody is redirected anywhere."""
    if application is None:
        return "This application is not known."
    if given.get("redirect_uri", "") not in application.redirect_uris:
        return "The application did not register this redirect address."
    if given.get("response_type", "code") != "code":
        return "Only response_type=code is served."
    return None


def page(title: str, given: Mapping[str, str], *, accounts: Sequence[tuple[str, str]]) -> Response:
    """The question: a form that posts to its own address."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in given.items()
    )
    options = "".join(f'<option value="{escape(key)}">{escape(name or key)}</option>' for key, name in accounts)
    scopes = "".join(f"<li>{escape(scope)}</li>" for scope in given.get("scope", "").split())
    return Response(
        200,
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}: let an application in</title>
</head><body><h1>{escape(title)} (simulated)</h1><p>The application <b>{escape(given.get("client_id", ""))}</b> asks for access.</p>
<ul>{scopes}</ul><form method="post">{hidden}<label>Account <select name="account">{options}</select></label>
<button type="submit" name="decision" value="{ALLOW}" id="allow">Allow</button>
<button type="submit" name="decision" value="deny" id="deny">Deny</button></form></body></html>
""".encode(),
        _HTML,
    )


def sorry(sentence: str) -> Response:
    """A page that leads nowhere."""
    return Response(400, f"<!doctype html><title>Sorry</title><p>{escape(sentence)}</p>".encode(), _HTML)


def back(given: Mapping[str, str], **parameters: str) -> Response:
    """Send the browser back to the application, with its state."""
    address = given["redirect_uri"]
    state = {"state": given["state"]} if "state" in given else {}
    joint = "&" if urlsplit(address).query else "?"
    return Response(302, None, {"location": f"{address}{joint}{urlencode({**parameters, **state})}", **_HTML})


def _form(request: Request) -> dict[str, str]:
    if request.method != "POST" or not request.body:
        return {}
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
