"""What we say to a provider's token endpoints: exchange a code, refresh, ask for metadata, revoke.

A refusal is told apart by who can help: the person (the code or refresh token is worthless: invalid_grant), whoever runs
this installation (the application is wrong), or time.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import requests

from sync_core.errors import AuthorizationLost, ConfigurationError, ProviderRefused, ThrottledError, TransientError
from sync_core.http.backoff import HIGH, Patience, retry_after_seconds
from sync_core.http.calls import CallLog
from sync_core.http.redact import redact
from sync_core.http.session import CallPolicy, open_session
from sync_core.oauth.application import Application
from sync_core.oauth.grant import Grant, from_answer
from sync_core.oauth.host import Host
from sync_core.spec.oauth import Proof
from sync_core.spec.provider import RateSpec

_RATE = RateSpec(per_second=5)
_LONGEST_REASON = 200
# RFC 6749, 5.2: ours to mend, not the venue's.
_OUR_FAULT = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})


class Asking:
    """Calls to the token endpoints of one application, for one connection. Made by `asking`."""

    def __init__(self, host: Host, application: Application, session: requests.Session, *, label: str) -> None:
        self._host = host
        self._application = application
        self._session = session
        self._label = label

    def exchange(self, code: str, *, redirect_uri: str, verifier: str | None) -> Grant:
        """The grant behind an authorization code.

        Raises:
            AuthorizationLost: the code is used, too old or not ours.
            ConfigurationError: the provider does not know our application, or not so.
            TransientError: the provider cannot be reached, or fails.
            ProviderRefused: it refuses for another reason.
        """
        given = {"grant_type": "authorization_code", "code": code}
        if verifier is not None:
            given["code_verifier"] = verifier
        return self._token(given, {"redirect_uri": redirect_uri}, former=None)

    def refresh(self, grant: Grant) -> Grant:
        """Fresh tokens for a grant that has a refresh token; raises as `exchange` does.

        Never repeated by itself: a refresh token may be good for one use only.
        """
        given = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token or ""}
        return self._token(given, {}, former=grant)

    def metadata(self, grant: Grant) -> Mapping[str, Any]:
        """What the provider says of the account behind a grant; empty where the declaration asks for nothing."""
        declared = self._application.spec.metadata
        if declared is None:
            return {}
        response = self._session.get(
            self._application.address(declared.address),
            headers={"Authorization": f"{declared.scheme} {grant.access_token}", "Accept": "application/json"},
            allow_redirects=False,
        )
        return self._answer(response)

    def revoke(self, grant: Grant, *, account_id: str | None) -> None:
        """Make the grant worthless at the provider; one that is worthless already is fine.

        Raises:
            ConfigurationError, TransientError, ProviderRefused: as `exchange`; or there is no way to revoke.
        """
        declared = self._application.spec.revoke
        if declared is None:
            raise ProviderRefused(
                f"{self._application.title} has no call to take an authorisation back; the venue can do so in its account."
            )
        if declared.proof == "client" and self._application.client_secret is None:
            raise ProviderRefused(
                f"{self._application.title} takes back an authorisation only for an application with a secret; "
                "the venue can do so in its account."
            )
        known = {
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token or grant.access_token,
            "account_id": account_id or "",
            **self._our_names(),
        }
        fields = {name: known[source] for name, source in declared.send.items() if known.get(source)}
        try:
            self._post(declared.address, fields, body=declared.body, proof=declared.proof)
        except AuthorizationLost:
            return

    def _token(self, given: Mapping[str, str], also: Mapping[str, str], *, former: Grant | None) -> Grant:
        declared = self._application.spec.token
        ours = {**self._our_names(), **also}
        fields = {**given, **{name: ours[name] for name in declared.send if ours.get(name)}}
        answer = self._post(declared.address, fields, body=declared.body, proof=declared.proof)
        return from_answer(answer, self._application.spec, now=self._host.clock.now(), former=former)

    def _our_names(self) -> dict[str, str]:
        names = {"client_id": self._application.client_id, "client_secret": self._application.client_secret}
        return {name: value for name, value in names.items() if value is not None}

    def _post(self, address: str, fields: Mapping[str, str], *, body: str, proof: Proof) -> Mapping[str, Any]:
        headers = {"Accept": "application/json", **_proof(self._application, proof)}
        as_json, as_form = (dict(fields), None) if body == "json" else (None, dict(fields))
        # A redirect would carry our secrets to wherever it points.
        response = self._session.post(
            self._application.address(address), headers=headers, json=as_json, data=as_form, allow_redirects=False
        )
        return self._answer(response)

    def _answer(self, response: requests.Response) -> Mapping[str, Any]:
        try:
            answer = orjson.loads(response.content or b"{}")
        except orjson.JSONDecodeError:
            answer = None
        status = response.status_code
        if status < 300 and isinstance(answer, dict) and "error" not in answer and "errors" not in answer:  # noqa: PLR2004 - HTTP
            return answer
        raise self._refusal(status, answer, response.headers)

    def _refusal(self, status: int, answer: Any, headers: Mapping[str, str]) -> Exception:
        title, code, said = self._application.title, *_said(answer)
        where = f"{title} refused the authorisation of {self._label} ({said or f'HTTP {status}'})"
        if status == 429:  # noqa: PLR2004 - HTTP
            wait = retry_after_seconds(headers.get("Retry-After"), now=self._host.clock.now())
            return ThrottledError(f"{title} is asked too often for tokens; try again later.", retry_after=wait)
        if status >= 500 or status < 400:  # noqa: PLR2004 - HTTP
            return TransientError(f"{title} fails to give tokens for {self._label} (HTTP {status}); try again later.")
        if code == "invalid_grant":
            return AuthorizationLost(f"{where}; the venue must connect again.")
        if code in _OUR_FAULT:
            return ConfigurationError(f"{where}; correct the application's id, secret and callback address.")
        return ProviderRefused(f"{where}; compare the application with what {title} has on record.")


@contextmanager
def asking(
    host: Host, application: Application, *, label: str, connection_id: int | None, patience: Patience = HIGH
) -> Iterator[Asking]:
    """Speak to the token endpoints of `application` on behalf of `label` ("venue/provider").

    The calls are counted as the connection's, where there is one, in the host's meters. Nothing is written here: tokens
    that were just granted are to be stored first.
    """
    policy = CallPolicy(
        provider=application.title,
        connection=label,
        rate=_RATE,
        concurrency=2,
        timeout=application.spec.token.timeout_seconds,
        patience=patience,
    )
    calls = CallLog()
    session = open_session(policy, clock=host.clock, rng=host.rng, calls=calls, correlation="oauth")
    try:
        with session:
            yield Asking(host, application, session, label=label)
    finally:
        host.meters.calls(application.provider, application.environment, calls.news(), connection_id=connection_id)


def _basic(application: Application) -> str:
    pair = f"{application.client_id}:{application.client_secret or ''}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


_PROOFS: Mapping[Proof, Callable[[Application], str]] = {
    "basic": _basic,
    "bearer": lambda application: f"Bearer {application.client_secret}",
    # developer.squareup.com/reference/square/oauth-api/revoke-token
    "client": lambda application: f"Client {application.client_secret}",
}


def _proof(application: Application, proof: Proof) -> dict[str, str]:
    return {"Authorization": _PROOFS[proof](application)} if proof in _PROOFS else {}


def _said(answer: Any) -> tuple[str, str]:
    """The machine's word and the sentence of a refusal, without secrets: OAuth's own shape, or a list of errors."""
    if not isinstance(answer, dict):
        return "", ""
    first = (answer.get("errors") or [{}])[0] if isinstance(answer.get("errors"), list) else {}
    code = str(answer.get("error") or (first.get("code") if isinstance(first, dict) else "") or "")
    detail = answer.get("error_description") or answer.get("message")
    detail = detail or (first.get("detail") if isinstance(first, dict) else "")
    said = ": ".join(part for part in (code, str(detail or "")) if part)
    return code, redact(said)[:_LONGEST_REASON]
