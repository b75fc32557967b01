"""The control endpoints under /_sim/: how a test arranges the outside world and asks what reached it.

They need no credential, never count as calls and suffer no faults.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import orjson

from sync_sims.authorising import LetsIn
from sync_sims.calls import Calls
from sync_sims.faults import Faults, fault_from
from sync_sims.grants import Application, Grants
from sync_sims.limits import Limiter
from sync_sims.messenger import Messenger, subscription_from
from sync_sims.wire import Limits, Request, Response, Simulator

PREFIX = "/_sim/"


class Control:
    """Answers the control endpoints of one simulator."""

    def __init__(
        self, simulator: Simulator, *, faults: Faults, limiter: Limiter, calls: Calls, messenger: Messenger
    ) -> None:
        self._simulator = simulator
        self._faults = faults
        self._limiter = limiter
        self._calls = calls
        self._messenger = messenger
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("PUT", "accounts"): self._register,
            ("DELETE", "accounts"): self._revoke,
            ("PUT", "applications"): self._register_application,
            ("GET", "grants"): self._show_grants,
            ("PUT", "grants"): self._set_life,
            ("DELETE", "grants"): self._end_grants,
            ("GET", "faults"): self._show_faults,
            ("POST", "faults"): self._set_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "calls"): self._show_calls,
            ("DELETE", "calls"): self._reset_calls,
            ("GET", "limits"): self._show_limits,
            ("PUT", "limits"): self._set_limits,
            ("GET", "webhooks"): self._show_webhooks,
            ("PUT", "webhooks"): self._set_webhooks,
            ("DELETE", "webhooks"): self._end_webhooks,
            ("POST", "reset"): self._reset,
        }

    def answer(self, request: Request) -> Response:
        """Do what the control request says; 400 says what was wrong with it, 404 that there is no such thing."""
        parts = request.path.removeprefix(PREFIX).split("/")
        route = self._routes.get((request.method, parts[0])) if len(parts) == 1 else None
        try:
            if route is not None:
                return Response(200, route(request))
            if len(parts) == 4 and parts[0] == "accounts":
                return self._collection(request, parts[1], verb=parts[2], collection=parts[3])
        except KeyError as exc:
            return Response(404, {"error": f"There is no {exc.args[0]}."})
        except (ValueError, TypeError) as exc:
            return Response(400, {"error": str(exc)})
        return Response(404, {"error": f"There is no control endpoint {request.method} {request.path}."})

    def _collection(self, request: Request, account_id: str, *, verb: str, collection: str) -> Response:
        if (request.method, verb) == ("GET", "objects"):
            return Response(200, {"objects": self._simulator.objects(account_id, collection)})
        if (request.method, verb) == ("POST", "seed"):
            rows = _json(request)["rows"]
            return Response(200, {"objects": self._simulator.seed(account_id, collection, rows)})
        return Response(404, {"error": f"There is no control endpoint {request.method} {request.path}."})

    def _register(self, request: Request) -> dict[str, Any]:
        given = _json(request)
        self._simulator.register(given["credential"], account_id=given["account_id"], name=given.get("name", ""))
        return {"account_id": given["account_id"]}

    def _revoke(self, request: Request) -> dict[str, Any]:
        self._simulator.revoke(_json(request)["credential"])
        return {"revoked": True}

    def _grants(self) -> Grants:
        if not isinstance(self._simulator, LetsIn):
            raise KeyError(f"authorisation server of {self._simulator.name}")
        return self._simulator.oauth.grants

    def _register_application(self, request: Request) -> dict[str, Any]:
        given = _json(request)
        application = Application(given["client_id"], given.get("secret"), tuple(given["redirect_uris"]))
        self._grants().register(application)
        return {"client_id": application.client_id}

    def _show_grants(self, _: Request) -> dict[str, Any]:
        """How often what was granted; no token shows."""
        return {"counts": dict(self._grants().counts), "life": asdict(self._grants().life)}

    def _set_life(self, request: Request) -> dict[str, Any]:
        """Change how long codes and tokens that are made from now on are good for."""
        grants = self._grants()
        for life in (grants.life, grants.public_life):
            for name, value in _json(request).items():
                if life is not None:
                    setattr(life, name, value)
        return asdict(grants.life)

    def _end_grants(self, request: Request) -> dict[str, Any]:
        """End an account's access tokens now, or with "all" its refresh tokens too, as when a seller takes them back."""
        given = _json(request)
        end = self._grants().take_back if given.get("all") else self._grants().end_access
        return {"ended": end(given["account_id"])}

    def _show_faults(self, _: Request) -> dict[str, Any]:
        """What is in force, and how often what has happened since the last reset, by kind."""
        return {"faults": [asdict(fault) for fault in self._faults.faults], "fired": dict(self._faults.fired)}

    def _set_faults(self, request: Request) -> dict[str, Any]:
        given = _json(request)
        faults = [fault_from(row) for row in given["faults"]]
        self._faults.configure(faults, seed=given.get("seed", 0))
        return {"faults": [asdict(fault) for fault in faults]}

    def _clear_faults(self, _: Request) -> dict[str, Any]:
        self._faults.clear()
        return {"faults": []}

    def _show_calls(self, request: Request) -> dict[str, Any]:
        return self._calls.summary(dict(request.query).get("account"))

    def _reset_calls(self, _: Request) -> dict[str, Any]:
        self._calls.reset()
        return self._calls.summary()

    def _show_limits(self, _: Request) -> dict[str, Any]:
        return asdict(self._limiter.limits)

    def _set_limits(self, request: Request) -> dict[str, Any]:
        self._limiter.configure(Limits(**_json(request)))
        return asdict(self._limiter.limits)

    def _show_webhooks(self, _: Request) -> dict[str, Any]:
        return self._messenger.standing()

    def _set_webhooks(self, request: Request) -> dict[str, Any]:
        self._messenger.subscribe(subscription_from(_json(request)))
        return self._messenger.standing()

    def _end_webhooks(self, _: Request) -> dict[str, Any]:
        self._messenger.subscribe(None)
        return self._messenger.standing()

    def _reset(self, _: Request) -> dict[str, Any]:
        self._simulator.reset()
        self._faults.clear()
        self._faults.fired.clear()
        self._calls.reset()
        self._messenger.subscribe(None)
        self._limiter.configure(self._simulator.limits)
        return {"reset": True}


def _json(request: Request) -> dict[str, Any]:
    """The request's JSON object.

    Raises:
        TypeError: The body is not a JSON object.
        ValueError: The body is not JSON.
    """
    given = orjson.loads(request.body or b"{}")
    if not isinstance(given, dict):
        raise TypeError("The body must be a JSON object.")
    return given
