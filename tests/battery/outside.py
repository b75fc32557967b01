"""The provider's side of a trial: its simulator on the wire, arranged over the control endpoints."""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import orjson
import requests

from sync_sims.server import running
from sync_sims.wire import Request, Response, Simulator
from tests.battery.trials import Facts, Listed, Row, Trial


@dataclass(frozen=True, slots=True)
class Outside:
    """One account at a running simulator that has no rate limits."""

    trial: Trial
    base: str

    def control(self, method: str, path: str, **body: Any) -> Any:
        """A call to the simulator's control endpoints."""
        given = orjson.dumps(body) if body else None
        answer = requests.request(method, f"{self.base}/_sim/{path}", data=given, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def register(self) -> None:
        """Let the trial's credential act for its account, again where it was revoked."""
        self.control("PUT", "accounts", credential=self.trial.credential, account_id=self.trial.account, name="Hall 7")

    def revoke(self) -> None:
        """Make the credential worthless."""
        self.control("DELETE", "accounts", credential=self.trial.credential)

    def seed(self, collection: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Make things happen at the provider without us."""
        return self.control("POST", f"accounts/{self.trial.account}/seed/{collection}", rows=list(rows))["objects"]

    def seed_many(self, listed: Listed, count: int) -> None:
        """The entity's first `count` objects."""
        self.seed(listed.seeds, [listed.row(n) for n in range(count)])

    def objects(self, collection: str) -> list[dict[str, Any]]:
        """What the provider holds, deleted objects included."""
        return self.control("GET", f"accounts/{self.trial.account}/objects/{collection}")["objects"]

    def facts(self) -> list[Facts]:
        """The two-way entity's living objects in the venue's terms, by e-mail address, doubles included."""
        two_way = self.trial.two_way
        shown = [two_way.facts(found) for found in self.objects(two_way.collection)]
        return in_order([facts for facts in shown if facts is not None])

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Let things go wrong from now on; none: nothing."""
        self.control("POST", "faults", seed=1, faults=list(faults))

    def fired(self) -> list[int]:
        """How often each fault in force has happened."""
        return [fault["fired"] for fault in self.control("GET", "faults")["faults"]]

    def calls(self) -> int:
        """Requests since `forget_calls`."""
        return self.control("GET", "calls")["total"]

    def writes(self) -> int:
        """Of these, the ones that would change something."""
        return self.control("GET", "calls")["writes"]

    def forget_calls(self) -> None:
        """Count from now on."""
        self.control("DELETE", "calls")


@contextmanager
def outside_of(trial: Trial, simulator: Simulator) -> Iterator[Outside]:
    """Serve the simulator with the trial's account open and no rate limits."""
    with running(simulator) as base:
        outside = Outside(trial, base)
        outside.control("PUT", "limits", per_second=None, per_endpoint_per_second=None)
        outside.register()
        yield outside


def in_order(facts: Sequence[Facts]) -> list[Facts]:
    """Facts in an order of their own, so that two lists of them can be compared."""
    return sorted(facts, key=lambda one: str(one.get("email")))


ENOUGH_CIRCLES = 50


class _Repeating:
    """A simulator that gives the answer to the n-th request for a list to every later one as well.

    It breaks down in the end, so that a client who would go round for ever fails the test instead of hanging it.
    """

    def __init__(self, simulator: Simulator, listed: Listed, *, page: int) -> None:
        self._simulator = simulator
        self._listed = listed
        self._left = page
        self._circles = 0
        self._answer: Response | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._simulator, name)

    def handle(self, request: Request) -> Response:
        if request.method != self._listed.method or not fnmatch.fnmatchcase(request.path, self._listed.path):
            return self._simulator.handle(request)
        if self._left:
            self._left -= 1
            self._answer = self._simulator.handle(request)
        else:
            self._circles += 1
        assert self._answer is not None
        return self._answer if self._circles <= ENOUGH_CIRCLES else self._simulator.failed(503)


def repeating(simulator: Simulator, listed: Listed, *, page: int) -> Simulator:
    """`simulator`, but its list goes in circles from the given page on (1 is the first)."""
    return cast("Simulator", _Repeating(simulator, listed, page=page))
